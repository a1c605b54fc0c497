//! Port: what was asked of the chain under which order, and which document holds the answer. A question under an order has one answer.

use crate::{LeafKey, NewLeaf, Result, StoreError, StoredDocument};
use async_trait::async_trait;
use countersign_core::id::Digest;

/// One question with its answer, to be kept for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewQuery {
    /// Digest of the document that holds question and answer; it is among `documents`.
    pub document: Digest,
    /// The matter that it was asked for.
    pub matter: Digest,
    /// Digest of the tracing order.
    pub order: Digest,
    /// Name of the question.
    pub question: Digest,
    /// The addresses it is about.
    pub roots: Vec<Digest>,
    /// Question and answer, the order, its approvals.
    pub documents: Vec<StoredDocument>,
    /// Its leaf.
    pub leaf: NewLeaf,
}

impl NewQuery {
    pub(crate) fn check(&self) -> Result<()> {
        if self.documents.iter().any(|document| document.digest == self.document) {
            return Ok(());
        }
        Err(StoreError::refused(format!("query {}", self.document), "comes without its document"))
    }
}

pub(crate) fn answered_already(question: &Digest) -> StoreError {
    StoreError::conflict(format!("question {question}"), "has another answer under this order")
}

/// Where a kept question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptQuery {
    /// Digest of the document that holds question and answer.
    pub document: Digest,
    /// Digest of the tracing order.
    pub order: Digest,
    /// Key of its leaf.
    pub leaf: LeafKey,
}

/// Questions of the desk.
#[async_trait]
pub trait Queries: Send + Sync {
    /// Keeps a question with its answer, its documents and its leaf. The same again is `Ok`.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when the question has another answer under this order, or a document or leaf is there with other
    /// bytes; [`Refused`](StoreError::Refused) when the answer's document is not among the documents.
    async fn keep_query(&self, query: NewQuery) -> Result<()>;

    /// What was answered to a question under an order.
    async fn query(&self, order: &Digest, question: &Digest) -> Result<Option<KeptQuery>>;

    /// Everything that was asked for a matter, in the order in which it was answered.
    async fn queries_of(&self, matter: &Digest) -> Result<Vec<KeptQuery>>;

    /// How many different questions were answered under an order.
    async fn questions_under(&self, order: &Digest) -> Result<u64>;

    /// Every question that was answered about an address, under all orders together.
    async fn queries_about(&self, root: &Digest) -> Result<Vec<KeptQuery>>;
}
