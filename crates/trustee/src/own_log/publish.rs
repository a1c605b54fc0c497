//! From entries to a checkpoint that everybody reads: fill up the hour, sign, write tiles, ask witnesses, replace `checkpoint`.

use super::folder::{CHECKPOINT, KEY, LogFolder, VKEY};
use super::witness::{LogWitnesses, Publication, Uncosigned};
use crate::database::Database;
use crate::error::{Result, TrusteeError};
use crate::report::Incident;
use crate::trustee::Trustee;
use countersign_core::time::Timestamp;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::Frontier;
use countersign_tlog::tile::{BundleEdge, HashEdge};
use countersign_verify::trustee_log::{IncidentKind, Reason};
use countersign_verify::wire::{Signed, TrusteeLogKey, TrusteeLogKeyV1};
use tokio::task::spawn_blocking;

/// What was written so far: the edges from which the next tiles are made.
#[derive(Clone, Default)]
pub(crate) struct Publisher {
    tree: Frontier,
    hashes: HashEdge,
    bundles: BundleEdge,
}

impl Trustee {
    /// The announcement of the log key under the identity, as a signed document.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] practically never.
    pub fn log_key(&self) -> Result<Signed<TrusteeLogKey>> {
        let announced = TrusteeLogKey {
            v: TrusteeLogKeyV1,
            trustee: self.index(),
            identity: self.public().identity,
            vkey: self.keys.log.verifier().to_string(),
        };
        Signed::sign(announced, &self.keys.signing).map_err(|error| TrusteeError::document("log key", error))
    }

    /// Publishes the own log up to the end of the last hour that is over, in the folder `log` of the trustee's. Called again it does what
    /// is left to do, so a call that was interrupted does no harm.
    ///
    /// A witness that shows more of this log than is kept here, or another history of it, pauses the trustee: its counters and replay
    /// keys are not the latest ones. The first call of a process asks the witnesses for that, so call it before answering anything.
    ///
    /// # Errors
    /// [`TrusteeError::Damaged`] when the folder or a witness shows more of this log than is kept here, or something else; nothing is
    /// published then. [`TrusteeError::NotReady`] without a quorum of witnesses.
    pub async fn publish_log(&self, witnesses: &LogWitnesses, now: Timestamp) -> Result<Publication> {
        let mut publisher = self.publisher.lock().await;
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        let announcement = self.log_key()?;
        let key = self.keys.log.verifier();
        if let Some((witness, theirs)) = witnesses.ahead(key, database.own_size().await?).await {
            return Err(forked(&database, &witness, &theirs, now).await?);
        }
        let Some(text) = database.fill_and_sign(now).await? else {
            self.announce(announcement).await?;
            return Ok(Publication::default());
        };
        let signed = SignedCheckpoint::parse(text.as_bytes())
            .map_err(|error| TrusteeError::damaged("the checkpoint of the own log", error))?;
        let before = self.log.published()?;
        // The edges move only once the tiles are on disk, so that a failed write is written again.
        let mut next = publisher.clone();
        next.write(&database, &self.log, &signed, before.as_ref()).await?;
        *publisher = next;
        self.announce(announcement).await?;
        if before.as_ref().is_some_and(|before| before.checkpoint() == signed.checkpoint()) {
            return Ok(Publication { size: signed.checkpoint().size, ..Publication::default() });
        }
        match witnesses.cosign(&self.log, key, signed, now).await {
            Ok((cosigned, publication)) => {
                self.replace(CHECKPOINT, cosigned.to_string().into_bytes()).await?;
                Ok(publication)
            }
            Err(Uncosigned::Forked { witness, theirs }) => Err(forked(&database, &witness, &theirs, now).await?),
            Err(Uncosigned::Lacking(reason)) => {
                Err(TrusteeError::NotReady(format!("the own log is not published: {reason}")))
            }
        }
    }

    async fn announce(&self, key: Signed<TrusteeLogKey>) -> Result<()> {
        self.replace(VKEY, format!("{}\n", key.value().vkey).into_bytes()).await?;
        self.replace(KEY, key.text().as_bytes().to_vec()).await
    }

    async fn replace(&self, name: &'static str, bytes: Vec<u8>) -> Result<()> {
        let folder = self.log.clone();
        blocking(move || {
            if folder.read_file(name)?.is_some_and(|there| there == bytes) {
                return Ok(());
            }
            folder.replace_file(name, &bytes)
        })
        .await
    }
}

/// Keeps the evidence, and stops all answers until a person has looked.
async fn forked(database: &Database, witness: &str, theirs: &SignedCheckpoint, now: Timestamp) -> Result<TrusteeError> {
    let head = theirs.checkpoint();
    let incident = Incident {
        kind: IncidentKind::OwnLogDiffers,
        subject: format!("{} {}", head.size, head.root),
        detail: format!("shown by witness `{witness}`\n{theirs}"),
        at: now,
    };
    database.report(&incident).await?;
    let reason = "a witness has cosigned another history of this trustee's own log";
    let reason = Reason::parse(reason).map_err(|error| TrusteeError::document("pause", error))?;
    match database.pause(&reason, now).await {
        // It is paused already.
        Ok(()) | Err(TrusteeError::Document { .. }) => {}
        Err(error) => return Err(error),
    }
    let reason = format!(
        "witness `{witness}` has cosigned another tree of {} entries; all answers are stopped: an older copy of journal.db was restored, \
         or two programs run with these keys",
        head.size
    );
    Ok(TrusteeError::damaged("the own log", reason))
}

impl Publisher {
    async fn write(
        &mut self,
        database: &Database,
        folder: &LogFolder,
        signed: &SignedCheckpoint,
        before: Option<&SignedCheckpoint>,
    ) -> Result<()> {
        let head = signed.checkpoint();
        let other = |reason: String| Err(TrusteeError::damaged("the own log", reason));
        if let Some(before) = before.map(SignedCheckpoint::checkpoint).filter(|before| before.size > head.size) {
            return other(format!("{} entries are published and {} are kept: an older copy", before.size, head.size));
        }
        let before = before.map(SignedCheckpoint::checkpoint);
        while self.tree.size() < head.size {
            let mut entries = database.own_entries(self.tree.size()).await?;
            entries.retain(|entry| entry.index < head.size);
            if entries.is_empty() {
                return other(format!("entry {} is missing", self.tree.size()));
            }
            let mut leaves = Vec::with_capacity(entries.len());
            for entry in entries {
                if entry.index != self.tree.size() {
                    return other(format!("entry {} is missing", self.tree.size()));
                }
                self.tree.push(leaf_hash(&entry.leaf)).map_err(|error| TrusteeError::damaged("the own log", error))?;
                leaves.push(entry.leaf);
                if before.is_some_and(|before| before.size == self.tree.size() && before.root != self.tree.root()) {
                    return other("it is not a continuation of what is published".into());
                }
            }
            let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
            let mut tiles = self.hashes.append(&hashes);
            let bundles = self.bundles.append(&leaves);
            tiles.extend(bundles.map_err(|error| TrusteeError::damaged("the own log", error))?);
            // Only the size that is published needs its partial tiles.
            tiles.retain(|(path, _)| !path.is_partial());
            self.place(folder, tiles).await?;
        }
        if (self.tree.size(), self.tree.root()) != (head.size, head.root) {
            return other("its entries are not those that were signed".into());
        }
        let partial = self.hashes.partial().into_iter().chain(self.bundles.partial()).collect();
        self.place(folder, partial).await
    }

    async fn place(&self, folder: &LogFolder, tiles: Vec<(countersign_tlog::tile::TilePath, Vec<u8>)>) -> Result<()> {
        let folder = folder.clone();
        blocking(move || tiles.iter().try_for_each(|(path, bytes)| folder.write_tile(path, bytes))).await
    }
}

async fn blocking(work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<()> {
    let failed = |error: String| TrusteeError::storage("publish the own log", error);
    spawn_blocking(work).await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
}
