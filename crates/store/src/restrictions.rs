//! Port: what became of restrictions, and the notices that tell the exchange core.

use crate::{LeafKey, NewLeaf, Result, StoreError, StoredDocument};
use async_trait::async_trait;
use countersign_core::id::{Digest, Salt};
use countersign_core::json::Exact;
use countersign_core::restriction::{Act, Notice, Record};
use countersign_core::time::Timestamp;

/// One event with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct NewRestriction {
    /// What became of the restriction.
    pub record: Exact<Record>,
    /// Signatures, plans, papers that it names.
    pub documents: Vec<StoredDocument>,
    /// Its leaf.
    pub leaf: NewLeaf,
    /// What the exchange core is told; none where nothing changes for it.
    pub notice: Option<Exact<Notice>>,
}

/// A notice that waits, or was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedNotice {
    /// Exactly as it is sent.
    pub notice: Exact<Notice>,
    /// How often it was sent.
    pub attempts: u32,
    /// What came back the last time.
    pub said: String,
}

/// What came of sending a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The exchange core has it.
    Delivered,
    /// Again at this time.
    Again(Timestamp),
    /// Never again by itself.
    GivenUp,
}

/// Notices by their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoticeCounts {
    /// Not delivered yet.
    pub waiting: u64,
    /// Delivered.
    pub delivered: u64,
    /// Given up.
    pub dead: u64,
}

/// How many events there are of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RestrictionCount {
    /// The version of the rule.
    pub rule: String,
    /// Digest of the pack.
    pub pack: Digest,
    /// What happened.
    pub act: Act,
    /// How often.
    pub count: u64,
}

/// Restrictions, appeals and reversals as chains of records, one per account and rule.
#[async_trait]
pub trait Restrictions: Send + Sync {
    /// Appends events with their leaves and notices: all of them or none. The exact event again is `Ok` and writes nothing.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when a record is not the next of its chain - so that a restriction applied twice is one - or a
    /// digest, key or id is taken by other bytes.
    async fn append_restrictions(&self, events: Vec<NewRestriction>) -> Result<()>;

    /// The last record of every chain of an account, by rule.
    async fn restrictions_of(&self, account: &str) -> Result<Vec<Exact<Record>>>;

    /// Every record of one chain in order.
    async fn restriction_history(&self, account: &str, rule: &str) -> Result<Vec<Exact<Record>>>;

    /// Up to `limit` last records of chains by account and rule, those after `after` only; reversed ones among them.
    async fn restriction_heads(&self, after: Option<(String, String)>, limit: u32) -> Result<Vec<Exact<Record>>>;

    /// The records of every appeal that is open, by account and rule.
    async fn open_appeals(&self) -> Result<Vec<Exact<Record>>>;

    /// How many records of this kind name the plan.
    async fn restrictions_by_plan(&self, plan: &Digest, act: Act) -> Result<u64>;

    /// All events, counted by rule, pack and act.
    async fn restriction_counts(&self) -> Result<Vec<RestrictionCount>>;

    /// Keys of the leaves of up to `limit` events with their records, in the order of their making, those from place `from` on.
    async fn restriction_leaves(&self, from: u64, limit: u32) -> Result<Vec<(LeafKey, Exact<Record>)>>;

    /// Key of the leaf of the last event.
    async fn last_restriction_leaf(&self) -> Result<Option<LeafKey>>;

    /// Queues notices that no event brings: an account is told again.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when an id is taken by other bytes.
    async fn queue_notices(&self, notices: Vec<Exact<Notice>>) -> Result<()>;

    /// Up to `limit` notices that are due, the one that was queued first first. A notice waits while an earlier one of its account does.
    async fn notices_due(&self, now: Timestamp, limit: u32) -> Result<Vec<QueuedNotice>>;

    /// When the next notice is due.
    async fn next_notice(&self) -> Result<Option<Timestamp>>;

    /// Notes what came of sending a notice that waits.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when it does not wait.
    async fn note_sent(&self, id: &Salt, sent: Sent, said: &str) -> Result<()>;

    /// Notices that were given up, in the order of their making.
    async fn dead_notices(&self) -> Result<Vec<QueuedNotice>>;

    /// Lets a notice that was given up wait again, from the first attempt on.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when it was not given up.
    async fn revive_notice(&self, id: &Salt, due: Timestamp) -> Result<()>;

    /// Notices by state: all of them, or those of one plan's restrictions.
    async fn notice_counts(&self, plan: Option<&Digest>) -> Result<NoticeCounts>;

    /// Whether a notice of this account waits or was given up.
    async fn is_notice_open(&self, account: &str) -> Result<bool>;
}

impl NewRestriction {
    /// Its chain in errors.
    fn what(&self) -> String {
        let record = self.record.value();
        format!("restriction of `{}` by {}", record.account, record.rule)
    }

    /// Whether the event is new behind `last`, the chain's last record.
    pub(crate) fn is_new(&self, last: Option<&Exact<Record>>) -> Result<bool> {
        if last.is_some_and(|last| last.digest() == self.record.digest()) {
            return Ok(false);
        }
        let value = self.record.value();
        value.follows(last).map(|()| true).map_err(|reason| StoreError::conflict(self.what(), reason))
    }
}

pub(crate) fn other_notice(id: &Salt) -> StoreError {
    StoreError::conflict(format!("notice {id}"), "is there with other bytes")
}

pub(crate) fn not_in_state(id: &Salt) -> StoreError {
    StoreError::conflict(format!("notice {id}"), "does not wait, or was not given up, as this step needs it")
}
