//! Tiles and entries of the journal, fetched as verification needs them. Nothing of them is trusted.

use crate::error::{Result, TrusteeError};
use crate::source::LogSource;
use countersign_core::time::Timestamp;
use countersign_tlog::Hash;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::follow::{CaughtUp, FollowError, Follower, Step};
use countersign_tlog::leaf::ControlLeaf;
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::tile::{MAX_BUNDLE_BYTES, TileError, TileKind, TilePath, TileReader, read_entries};
use std::collections::BTreeMap;

/// The tiles fetched so far.
pub(crate) struct Tiles<'s> {
    source: &'s dyn LogSource,
    fetched: BTreeMap<TilePath, Vec<u8>>,
}

/// Why a step was not made; a fork comes with its reason.
pub(crate) struct Refused {
    pub(crate) error: TrusteeError,
    pub(crate) fork: Option<String>,
}

impl From<TrusteeError> for Refused {
    fn from(error: TrusteeError) -> Self {
        Self { error, fork: None }
    }
}

type Followed<T> = std::result::Result<T, FollowError<String>>;

impl<'s> Tiles<'s> {
    pub(crate) fn new(source: &'s dyn LogSource) -> Self {
        Self { source, fetched: BTreeMap::new() }
    }

    /// At most `most` leaves more, towards a checkpoint that the witnesses have cosigned.
    pub(crate) async fn step(
        &mut self,
        follower: &Follower,
        signed: &SignedCheckpoint,
        policy: &Policy,
        now: Timestamp,
        most: u64,
    ) -> std::result::Result<Step, Refused> {
        let window = TimeWindow::until(u64::try_from(now.unix()).unwrap_or(0));
        self.verified(|tiles| follower.step(signed, policy, window, tiles, most)).await
    }

    /// At most `most` leaves more, towards a tree that was verified before.
    pub(crate) async fn catch_up(&mut self, follower: &Follower, size: u64, root: Hash, most: u64) -> Result<CaughtUp> {
        let stepped = self.verified(|tiles| follower.catch_up(size, root, tiles, most)).await;
        stepped.map_err(|refused| refused.error)
    }

    /// Verification is synchronous: it is run again until it lacks no tile any more.
    async fn verified<T>(&mut self, verify: impl Fn(&mut Self) -> Followed<T>) -> std::result::Result<T, Refused> {
        loop {
            let error = match verify(self) {
                Ok(verified) => {
                    // Bundles are read once, the tiles of the edge again and again.
                    self.fetched.retain(|path, _| path.kind() != TileKind::Entries);
                    return Ok(verified);
                }
                Err(FollowError::Tile(TileError::Read { path, .. })) if !self.fetched.contains_key(&path) => {
                    self.fetch(path).await?;
                    continue;
                }
                Err(error) => error,
            };
            let reason = error.to_string();
            let fork = matches!(error, FollowError::Fork { .. }).then(|| reason.clone());
            return Err(Refused { error: TrusteeError::JournalRefused(reason), fork });
        }
    }

    /// Leaf 0 as served: what the pin says of it decides by which policy the rest, itself included, is verified.
    pub(crate) async fn first(&mut self, size: u64) -> Result<ControlLeaf> {
        let mut first = Vec::new();
        loop {
            let read = read_entries(0, 1, size, &mut *self, |_, entry| first = entry.to_vec());
            match read {
                Ok(()) => break,
                Err(TileError::Read { path, .. }) if !self.fetched.contains_key(&path) => self.fetch(path).await?,
                Err(error) => return Err(TrusteeError::JournalRefused(error.to_string())),
            }
        }
        ControlLeaf::parse(&first).map_err(|error| TrusteeError::JournalRefused(format!("leaf 0: {error}")))
    }

    async fn fetch(&mut self, path: TilePath) -> Result<()> {
        let unavailable = |reason| TrusteeError::JournalUnavailable { path: path.to_string(), reason };
        let bytes = self.source.get(&path.to_string(), MAX_BUNDLE_BYTES).await.map_err(unavailable)?;
        self.fetched.insert(path, bytes.ok_or_else(|| unavailable("not found".into()))?);
        Ok(())
    }
}

impl TileReader for Tiles<'_> {
    type Error = String;

    fn read(&mut self, path: &TilePath) -> std::result::Result<Vec<u8>, String> {
        self.fetched.get(path).cloned().ok_or_else(|| "not fetched".to_owned())
    }
}
