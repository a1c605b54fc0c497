//! Following a log: from what was verified before to what is verified now, without trusting whoever serves the tiles.

use crate::checkpoint::SignedCheckpoint;
use crate::hash::Hash;
use crate::merkle::{Frontier, FrontierError, MerkleError, ProveError, consistency_proof, verify_consistency};
use crate::policy::{Policy, PolicyFailure, TimeWindow, Witnessed};
use crate::tile::{TileError, TileHashes, TileReader, read_entries};

/// What a follower of one log has verified: the frontier of the tree it has read. Persist
/// [`Frontier::to_bytes`](crate::merkle::Frontier::to_bytes) together with what was made of the leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Follower {
    frontier: Frontier,
}

/// A verified step. The leaves are in the log, in this order, without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to remember once the leaves are dealt with.
    pub next: Follower,
    /// Index of the first leaf.
    pub first: u64,
    /// Bytes of the leaves `first..next.size()`; none if nothing is new.
    pub leaves: Vec<Vec<u8>>,
    /// Size of the checkpoint; leaves up to it remain when it is above `next.size()`.
    pub checkpoint_size: u64,
    /// Root of the checkpoint.
    pub checkpoint_root: Hash,
    /// Who cosigned the checkpoint, and when.
    pub witnessed: Witnessed,
}

/// Entries of a tree that was verified before: they are in it, in this order, without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaughtUp {
    /// What to remember once the leaves are dealt with.
    pub next: Follower,
    /// Bytes of the leaves after those that were read before.
    pub leaves: Vec<Vec<u8>>,
}

/// Why a follower does not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FollowError<E> {
    /// Not signed or cosigned as the policy demands, or not recently enough.
    #[error(transparent)]
    Policy(#[from] PolicyFailure),
    /// The checkpoint is of an earlier size than was verified before: an old copy, or a log that was rolled back.
    #[error("checkpoint has size {found}, size {verified} was verified before")]
    Older {
        /// Size served.
        found: u64,
        /// Size verified before.
        verified: u64,
    },
    /// The checkpoint contradicts what was verified before, or the entries served are not those it was signed over.
    #[error("log is forked or its entries are damaged at size {size}: {reason}")]
    Fork {
        /// Size of the tree that does not fit.
        size: u64,
        /// What does not fit.
        reason: MerkleError,
    },
    /// A tile or bundle is missing or malformed.
    #[error(transparent)]
    Tile(#[from] TileError<E>),
    /// The tree is too large.
    #[error(transparent)]
    Frontier(#[from] FrontierError),
}

impl Follower {
    /// A follower that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A follower that has verified this tree.
    pub fn at(frontier: Frontier) -> Self {
        Self { frontier }
    }

    /// Leaves verified so far.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The tree verified so far.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Verifies a checkpoint by the policy, reads at most `most` new entries, and proves that they and everything read
    /// before are the beginning of the checkpoint's tree.
    ///
    /// # Errors
    /// [`FollowError`]; the follower stays as it was.
    pub fn step<R: TileReader>(
        &self,
        signed: &SignedCheckpoint,
        policy: &Policy,
        window: TimeWindow,
        reader: &mut R,
        most: u64,
    ) -> Result<Step, FollowError<R::Error>> {
        let witnessed = policy.check(signed, window)?;
        let checkpoint = signed.checkpoint();
        let first = self.size();
        let CaughtUp { next, leaves } = self.catch_up(checkpoint.size, checkpoint.root, reader, most)?;
        Ok(Step { next, first, leaves, checkpoint_size: checkpoint.size, checkpoint_root: checkpoint.root, witnessed })
    }
    /// As [`step`](Self::step), towards a tree that was verified before: reads at most `most` new entries and proves that
    /// they and everything read before are the beginning of the tree of this size and root.
    ///
    /// # Errors
    /// [`FollowError`], never [`FollowError::Policy`]; the follower stays as it was.
    pub fn catch_up<R: TileReader>(
        &self,
        size: u64,
        root: Hash,
        reader: &mut R,
        most: u64,
    ) -> Result<CaughtUp, FollowError<R::Error>> {
        let first = self.size();
        if size < first {
            return Err(FollowError::Older { found: size, verified: first });
        }
        let last = size.min(first.saturating_add(most.max(1)));
        let mut frontier = self.frontier.clone();
        let mut leaves = Vec::new();
        read_entries(first, last, size, reader, |_, entry| leaves.push(entry.to_vec()))?;
        for leaf in &leaves {
            frontier.push_leaf(leaf)?;
        }
        let mut tiles = TileHashes::new(size, &mut *reader);
        let proof = match consistency_proof(frontier.size(), size, &mut tiles) {
            Ok(proof) => proof,
            Err(ProveError::Read(error)) => return Err(error.into()),
            // INVARIANT: read_entries gives exactly first..last, so neither of the others can come.
            Err(ProveError::Index { .. } | ProveError::Sizes { .. }) => Vec::new(),
        };
        verify_consistency(frontier.size(), frontier.root(), size, root, &proof)
            .map_err(|reason| FollowError::Fork { size: frontier.size(), reason })?;
        Ok(CaughtUp { next: Self { frontier }, leaves })
    }
}
