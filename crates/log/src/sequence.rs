//! From accepted to durable: one transaction moves the head over new leaves and puts the signed checkpoint in its row.

use crate::{Log, LogError, Result};
use countersign_store::StoreError;
use countersign_store::journal::Head;
use countersign_tlog::Hash;
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::merkle::Frontier;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Wait after a step that failed and may succeed later.
const RETRY: Duration = Duration::from_millis(200);

/// Most moves of the head remembered whose outcome is not known.
const MOST_UNSURE: usize = 16;

/// The head as this process knows it.
pub(crate) struct Sequencing {
    pub(crate) head: Head,
    pub(crate) frontier: Frontier,
    pub(crate) checkpoint: SignedCheckpoint,
    /// Moves from this head that were reported as failed and may have happened, or may yet.
    unsure: Vec<Move>,
}

/// A move of the head over some leaves.
struct Move {
    head: Head,
    frontier: Frontier,
    checkpoint: SignedCheckpoint,
    hashes: Vec<Hash>,
}

impl Sequencing {
    pub(crate) fn new(head: Head, frontier: Frontier, checkpoint: SignedCheckpoint) -> Self {
        Self { head, frontier, checkpoint, unsure: Vec::new() }
    }
}

impl Log {
    /// Signs a tree over the next accepted leaves, at most one batch, and returns their number.
    ///
    /// # Errors
    /// [`LogError::Stopped`] when another sequencer was faster, the lock row is gone or a leaf is damaged;
    /// [`LogError::Unavailable`] when the store is busy or full.
    pub async fn sequence(&self) -> Result<u64> {
        let result = self.sequence_batch().await;
        self.note(result)
    }

    async fn sequence_batch(&self) -> Result<u64> {
        let mut now = self.sequencing.lock().await;
        self.going()?;
        if !now.unsure.is_empty() {
            self.resolve(&mut now).await?;
        }
        let entries = self.journal.entries(now.head.size, self.pace.batch).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        let mut frontier = now.frontier.clone();
        let mut hashes = Vec::with_capacity(entries.len());
        for entry in &entries {
            frontier.push(entry.hash).map_err(LogError::stopped)?;
            hashes.push(entry.hash);
        }
        let origin = self.signer.verifier().name().clone();
        let checkpoint = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
        let checkpoint = checkpoint.sign(&self.signer).map_err(LogError::stopped)?;
        let head = Head {
            origin: now.head.origin.clone(),
            size: frontier.size(),
            frontier: frontier.to_bytes(),
            checkpoint: checkpoint.to_string().into_bytes(),
        };
        let next = Move { head, frontier, checkpoint, hashes };
        match self.journal.advance(&now.head, next.head.clone()).await {
            Ok(()) => self.adopt(&mut now, next),
            Err(error @ StoreError::Unavailable { .. }) => {
                if now.unsure.len() == MOST_UNSURE {
                    now.unsure.remove(0);
                }
                now.unsure.push(next);
                if !self.resolve(&mut now).await? {
                    return Err(error.into());
                }
            }
            // The row holds another head: one that this process put there without hearing of it, or somebody else's.
            Err(StoreError::Conflict { .. }) => {
                if !self.resolve(&mut now).await? {
                    return Err(LogError::stopped("another sequencer has moved the head"));
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(entries.len() as u64)
    }

    /// Looks up which of the moves that were reported as failed has happened. `false` if none has.
    async fn resolve(&self, now: &mut Sequencing) -> Result<bool> {
        let Some(found) = self.journal.head().await? else {
            return Err(LogError::stopped("the lock row of the log is gone"));
        };
        if let Some(index) = now.unsure.iter().position(|one| one.head == found) {
            let happened = now.unsure.swap_remove(index);
            self.adopt(now, happened);
            return Ok(true);
        }
        if found == now.head { Ok(false) } else { Err(LogError::stopped("another sequencer has moved the head")) }
    }

    /// The row holds this head now: no other move from the one before can happen any more.
    fn adopt(&self, now: &mut Sequencing, done: Move) {
        let durable = done.head.size;
        self.tree_mut().extend(done.hashes);
        *now = Sequencing::new(done.head, done.frontier, done.checkpoint);
        self.progress.send_modify(|progress| progress.durable = durable);
    }

    /// Sequences and publishes until everything accepted so far is public.
    ///
    /// # Errors
    /// Those of [`Log::sequence`] and [`Log::publish`].
    pub async fn flush(&self) -> Result<()> {
        while self.sequence().await? > 0 {}
        self.publish().await.map(|_| ())
    }

    /// Runs the log until `stop` turns true, or its sender is gone, or an error is final. Publishing never delays sequencing.
    ///
    /// # Errors
    /// [`LogError::Stopped`].
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) -> Result<()> {
        let publisher = tokio::spawn(Arc::clone(&self).keep_publishing(stop.clone()));
        let sequenced = self.keep_sequencing(stop).await;
        let published =
            publisher.await.unwrap_or_else(|error| Err(LogError::stopped(format!("the publisher died: {error}"))));
        sequenced.and(published)
    }

    async fn keep_sequencing(&self, mut stop: watch::Receiver<bool>) -> Result<()> {
        loop {
            let done = match self.sequence().await {
                Err(error) if error.is_final() => return Err(error),
                done => done,
            };
            let next = async {
                match done {
                    // After a full batch there are probably more leaves, and they have waited.
                    Ok(leaves) if leaves >= u64::from(self.pace.batch) => {}
                    Ok(_) => tokio::select! {
                        first = self.woken.first() => tokio::time::sleep_until(first + self.pace.gather).await,
                        () = tokio::time::sleep(self.pace.poll) => {}
                    },
                    Err(error) => {
                        tracing::warn!(%error, "sequencing is tried again");
                        tokio::time::sleep(RETRY).await;
                    }
                }
            };
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                () = next => {}
            }
        }
    }

    async fn keep_publishing(self: Arc<Self>, mut stop: watch::Receiver<bool>) -> Result<()> {
        let mut progress = self.progress.subscribe();
        loop {
            let wait = match self.publish().await {
                Ok(_) => Duration::from_secs(1),
                Err(error) if error.is_final() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "publishing is tried again");
                    RETRY
                }
            };
            // A failed publication waits even when more leaves come.
            let pressing = wait > RETRY;
            let public = progress.borrow_and_update().public;
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                _ = progress.wait_for(|now| now.durable > public || now.stopped.is_some()), if pressing => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}
