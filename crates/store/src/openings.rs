//! Port: which sealed leaves an opening has published, and which are still closed.

use crate::{Disclosures, LeafKey, NewLeaf, Result, StoreError};
use async_trait::async_trait;
use countersign_core::encoding::hex;
use countersign_core::id::CaseId;

/// A sealed leaf that no opening has published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedLeaf {
    /// Its index in the journal.
    pub index: u64,
    /// Its key.
    pub key: LeafKey,
    /// True kind.
    pub kind: String,
    /// The case whose event brought it; none for what came beside events (intents, outcomes, receipts) or belongs to no case.
    pub case: Option<CaseId>,
}

/// A sealed leaf with everything that an opening needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedLeaf {
    /// Its index in the journal.
    pub index: u64,
    /// The exact bytes that are hashed.
    pub leaf: Vec<u8>,
    /// Its disclosures.
    pub disclosures: Disclosures,
}

/// One opening leaf for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOpening {
    /// The leaf, in clear.
    pub leaf: NewLeaf,
    /// The sealed leaves that it opens. One whose disclosures go on in the next opening leaf stands here only.
    pub opens: Vec<LeafKey>,
}

/// Openings of sealed leaves.
#[async_trait]
pub trait Openings: Send + Sync {
    /// Up to `limit` closed leaves by ascending index, those from index `from` on only.
    async fn closed_leaves(&self, from: u64, limit: u32) -> Result<Vec<ClosedLeaf>>;

    /// A sealed leaf, closed or not; `None` for unknown leaves and for leaves in clear.
    async fn sealed_leaf(&self, key: &LeafKey) -> Result<Option<SealedLeaf>>;

    /// Accepts opening leaves and notes what they open: all of it or nothing. The same openings again are `Ok`.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when one of the sealed leaves is opened by another leaf already, or a key is taken by other
    /// bytes; [`Refused`](StoreError::Refused) when one is no sealed leaf of this store.
    async fn append_openings(&self, openings: Vec<NewOpening>) -> Result<()>;
}

pub(crate) fn opened_already(key: &LeafKey) -> StoreError {
    StoreError::conflict(format!("leaf {}", hex(key)), "is opened by another leaf already")
}

pub(crate) fn not_sealed(key: &LeafKey) -> StoreError {
    StoreError::refused(format!("leaf {}", hex(key)), "is no sealed leaf of this store, so it cannot be opened")
}
