//! From accepted to durable: one transaction moves the head over new leaves and puts the signed checkpoint in its row.

use crate::{Log, LogError, Result};
use countersign_store::StoreError;
use countersign_store::journal::Head;
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::merkle::Frontier;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Wait after a step that failed and may succeed later.
const RETRY: Duration = Duration::from_millis(200);

/// The head as this process knows it.
pub(crate) struct Sequencing {
    pub(crate) head: Head,
    pub(crate) frontier: Frontier,
    pub(crate) checkpoint: SignedCheckpoint,
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
        let entries = self.journal.entries(now.head.size, self.pace.batch).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        let mut frontier = now.frontier.clone();
        let mut hashes = Vec::with_capacity(entries.len());
        for entry in &entries {
            hashes.push(frontier.push_leaf(&entry.leaf).map_err(LogError::stopped)?);
        }
        let origin = self.signer.verifier().name().clone();
        let checkpoint = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
        let checkpoint = checkpoint.sign(&self.signer).map_err(LogError::stopped)?;
        let next = Head {
            origin: now.head.origin.clone(),
            size: frontier.size(),
            frontier: frontier.to_bytes(),
            checkpoint: checkpoint.to_string().into_bytes(),
        };
        self.swap(&now.head, &next).await?;
        self.tree_mut().extend(hashes);
        let durable = next.size;
        *now = Sequencing { head: next, frontier, checkpoint };
        drop(now);
        self.progress.send_modify(|progress| progress.durable = durable);
        Ok(entries.len() as u64)
    }

    /// Compare-and-swap of the head's row. A failure that may have happened all the same is resolved by reading again.
    async fn swap(&self, from: &Head, next: &Head) -> Result<()> {
        let error = match self.journal.advance(from, next.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        match (self.journal.head().await?, error) {
            (None, _) => Err(LogError::stopped("the lock row of the log is gone")),
            (Some(found), StoreError::Unavailable { .. }) if found == *next => Ok(()),
            (Some(found), error @ StoreError::Unavailable { .. }) if found == *from => Err(error.into()),
            (Some(_), StoreError::Unavailable { .. } | StoreError::Conflict { .. }) => {
                Err(LogError::stopped("another sequencer has moved the head"))
            }
            (Some(_), error) => Err(error.into()),
        }
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
            let wait = match self.sequence().await {
                Ok(0) => self.pace.poll,
                Ok(_) => Duration::ZERO,
                Err(error) if error.is_final() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "sequencing is tried again");
                    RETRY
                }
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
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
