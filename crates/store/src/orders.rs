//! Port: what finds an order again, effects on the outside world, trustees' receipts, cumulative counters.

use crate::cases::Novelty;
use crate::{LeafKey, NewLeaf, Result, StoreError};
use async_trait::async_trait;
use countersign_core::id::{AuthorityId, CaseId, Digest, OrderId};
use countersign_core::time::Timestamp;

/// An order's place, with the signatures that the case's events linked to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEntry {
    /// The order's id.
    pub id: OrderId,
    /// The order's digest; its bytes are the document of this digest.
    pub digest: Digest,
    /// Its case.
    pub case: CaseId,
    /// The decision it carries out.
    pub decision: Digest,
    /// Who asked.
    pub authority: AuthorityId,
    /// Number of the event that proposed it.
    pub proposed: u32,
    /// Digests of the approval documents, in the order of the events.
    pub approvals: Vec<Digest>,
}

/// Names one effect on the outside world: asking a trustee, sending a letter, handing over a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectKey {
    /// What is done, for example `release`, `letter`, `notice`.
    pub kind: String,
    /// Digest of what it is done with; one effect of a kind per subject.
    pub subject: Digest,
}

/// An effect that is about to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEffect {
    /// Which.
    pub effect: EffectKey,
    /// When it was begun.
    pub at: Timestamp,
    /// The intent's leaf. Nothing may happen outside before it is public.
    pub intent: NewLeaf,
}

/// An effect with an intent and without an outcome: an incident after ten minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEffect {
    /// Which.
    pub effect: EffectKey,
    /// When it was begun.
    pub at: Timestamp,
    /// Key of the intent's leaf.
    pub intent: LeafKey,
}

/// A trustee's signed answer or refusal, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The order it answers.
    pub order: Digest,
    /// The trustee's name in the roster.
    pub trustee: String,
    /// Digest of the bytes.
    pub digest: Digest,
    /// The exact bytes.
    pub bytes: Vec<u8>,
    /// When it arrived.
    pub at: Timestamp,
}

/// Whose answers are added up against a cap.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counter {
    /// One authority.
    Authority(AuthorityId),
    /// One matter: digest of its reference.
    Matter(Digest),
    /// One traced address: keyed tag, never the address.
    Address(Digest),
}

impl Counter {
    /// The counter's dimension and key as they are kept.
    pub(crate) fn parts(&self) -> (&'static str, &[u8]) {
        match self {
            Self::Authority(authority) => ("authority", authority.as_str().as_bytes()),
            Self::Matter(digest) => ("matter", digest.as_bytes()),
            Self::Address(digest) => ("address", digest.as_bytes()),
        }
    }
}

impl NewEffect {
    /// What is to be done, given the intent that is kept.
    pub(crate) fn novelty(&self, kept: Option<LeafKey>) -> Result<Novelty> {
        match kept {
            None => Ok(Novelty::New),
            Some(intent) if intent == self.intent.key => Ok(Novelty::Present),
            Some(_) => Err(StoreError::conflict(self.effect.what(), "was begun under another leaf")),
        }
    }
}

impl EffectKey {
    fn what(&self) -> String {
        format!("effect {} of {}", self.kind, self.subject)
    }

    /// What is to be done, given the effect's outcome that is kept, if it was begun.
    pub(crate) fn novelty_of(&self, kept: Option<Option<LeafKey>>, outcome: &LeafKey) -> Result<Novelty> {
        match kept {
            None => {
                Err(StoreError::refused(self.what(), "was never begun: its intent must be public before it happens"))
            }
            Some(None) => Ok(Novelty::New),
            Some(Some(key)) if key == *outcome => Ok(Novelty::Present),
            Some(Some(_)) => Err(StoreError::conflict(self.what(), "has another outcome")),
        }
    }
}

impl Receipt {
    /// Whether it is the same receipt, whenever it arrived.
    pub(crate) fn same(&self, other: &Self) -> bool {
        (&self.order, &self.trustee, &self.bytes) == (&other.order, &other.trustee, &other.bytes)
    }

    pub(crate) fn taken(&self) -> StoreError {
        StoreError::conflict(format!("receipt {}", self.digest), "is there with another content")
    }

    pub(crate) fn of_no_order(&self) -> StoreError {
        StoreError::refused(format!("receipt {}", self.digest), "is for an order that was never proposed")
    }
}

/// Orders, effects, receipts, counters. Orders and approvals are entered by [`Cases::append`](crate::Cases::append).
#[async_trait]
pub trait Orders: Send + Sync {
    /// The order with this digest.
    async fn order(&self, digest: &Digest) -> Result<Option<OrderEntry>>;

    /// The order with this id.
    async fn order_by_id(&self, id: &OrderId) -> Result<Option<OrderEntry>>;

    /// The orders of a case, in the order of proposal.
    async fn orders_of(&self, case: &CaseId) -> Result<Vec<OrderEntry>>;

    /// Enters an intent with its leaf. The same effect with the same leaf again is `Ok`.
    ///
    /// # Errors
    /// [`Conflict`](crate::StoreError::Conflict) when the effect was begun under another leaf.
    async fn begin_effect(&self, effect: NewEffect) -> Result<()>;

    /// Enters the outcome of an effect with its leaf. The same leaf again is `Ok`.
    ///
    /// # Errors
    /// [`Refused`](crate::StoreError::Refused) when the effect was never begun;
    /// [`Conflict`](crate::StoreError::Conflict) when it has another outcome.
    async fn finish_effect(&self, effect: &EffectKey, at: Timestamp, outcome: NewLeaf) -> Result<()>;

    /// Key of the intent's leaf of an effect, open or finished; `None` when it was never begun.
    async fn intent_of(&self, effect: &EffectKey) -> Result<Option<LeafKey>>;

    /// Effects without outcome, the oldest first.
    async fn open_effects(&self) -> Result<Vec<OpenEffect>>;

    /// Keeps a receipt with its leaf. The same receipt again is `Ok`.
    ///
    /// # Errors
    /// [`Refused`](crate::StoreError::Refused) when the order is not known;
    /// [`Conflict`](crate::StoreError::Conflict) when the digest is taken by other bytes.
    async fn add_receipt(&self, receipt: Receipt, leaf: NewLeaf) -> Result<()>;

    /// The receipts for an order, by time of arrival.
    async fn receipts_of(&self, order: &Digest) -> Result<Vec<Receipt>>;

    /// Orders by which anybody was answered about at or after `since`, by digest.
    async fn orders_answered(&self, since: Timestamp) -> Result<Vec<Digest>>;

    /// People answered under a counter by events at or after `since`; an order counts once.
    async fn people_answered(&self, counter: &Counter, since: Timestamp) -> Result<u64>;
}
