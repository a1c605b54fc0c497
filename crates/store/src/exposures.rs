//! Port: runs over own deposits under a standing order. A deposit has one answer under an order, and the runs of an order are counted without
//! a gap.

use crate::{LeafKey, NewLeaf, Result, StoreError, StoredDocument};
use async_trait::async_trait;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;

/// One run with what was answered, to be kept for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewExposures {
    /// Digest of the document that holds the run; it is among `documents`.
    pub document: Digest,
    /// Digest of the standing order.
    pub order: Digest,
    /// Number of the run under this order, from 1.
    pub number: u32,
    /// Names of the deposits, each once.
    pub deposits: Vec<Digest>,
    /// When it was answered.
    pub at: Timestamp,
    /// The run, the order, its approvals.
    pub documents: Vec<StoredDocument>,
    /// Its leaf.
    pub leaf: NewLeaf,
}

impl NewExposures {
    pub(crate) fn check(&self) -> Result<()> {
        let what = || format!("run {}", self.document);
        if self.deposits.is_empty() {
            return Err(StoreError::refused(what(), "is about no deposit"));
        }
        if self.documents.iter().any(|document| document.digest == self.document) {
            return Ok(());
        }
        Err(StoreError::refused(what(), "comes without its document"))
    }
}

pub(crate) fn out_of_turn(run: &NewExposures) -> StoreError {
    StoreError::conflict(format!("run {} under {}", run.number, run.order), "is there already, or not the next one")
}

pub(crate) fn answered_before(deposit: &Digest) -> StoreError {
    StoreError::conflict(format!("deposit {deposit}"), "has an answer under this order")
}

/// Where a kept run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptExposures {
    /// Digest of the document that holds the run.
    pub document: Digest,
    /// Number of the run.
    pub number: u32,
    /// Key of its leaf.
    pub leaf: LeafKey,
}

/// Runs over own deposits.
#[async_trait]
pub trait Exposures: Send + Sync {
    /// Keeps a run with its documents and its leaf, all or nothing.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when its number is not the next one, a deposit has an answer under this order, or a document or leaf
    /// is there with other bytes; [`Refused`](StoreError::Refused) without deposits or without its document.
    async fn keep_exposures(&self, run: NewExposures) -> Result<()>;

    /// The run in which a deposit was answered under an order.
    async fn exposure_of(&self, order: &Digest, deposit: &Digest) -> Result<Option<KeptExposures>>;

    /// The last run under an order.
    async fn last_exposures(&self, order: &Digest) -> Result<Option<KeptExposures>>;

    /// How many deposits were answered under an order from this time on.
    async fn deposits_answered(&self, order: &Digest, since: Timestamp) -> Result<u64>;

    /// How many answers there are about a deposit, under all orders together.
    async fn answers_about(&self, deposit: &Digest) -> Result<u64>;
}
