//! Port: cases as lists of events, with the documents and leaves that each event brings.

use crate::{Counter, Disclosures, LeafKey, NewLeaf, Result, StoreError, StoredDocument};
use async_trait::async_trait;
use countersign_core::case::{Event, EventRecord};
use countersign_core::id::{AuthorityId, CaseId, Digest, OrderId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;

/// One event of a case with everything that must become durable together with it.
#[derive(Debug, Clone)]
pub struct AppendEvent {
    /// The event.
    pub record: Exact<EventRecord>,
    /// Documents it names. A document already kept with the same bytes is no conflict.
    pub documents: Vec<StoredDocument>,
    /// Leaves for the journal, in this order.
    pub leaves: Vec<NewLeaf>,
    /// The order's index entry: present exactly when the event is `Proposed`.
    pub order: Option<NewOrder>,
    /// People answered by this event, for the cumulative caps.
    pub answered: Option<Answered>,
}

impl AppendEvent {
    /// An event that brings nothing with it.
    pub fn new(record: Exact<EventRecord>) -> Self {
        Self { record, documents: Vec::new(), leaves: Vec::new(), order: None, answered: None }
    }

    /// The event's name in errors.
    pub(crate) fn what(&self) -> String {
        let record = self.record.value();
        format!("event {} of case {}", record.number, record.case)
    }

    /// Rules that need nothing of what is kept.
    pub(crate) fn check(&self) -> Result<()> {
        let proposed = match &self.record.value().event {
            Event::Proposed { order } => Some(order),
            _ => None,
        };
        if proposed != self.order.as_ref().map(|order| &order.digest) {
            return Err(StoreError::refused(
                self.what(),
                "must bring its order's entry exactly when it proposes that order",
            ));
        }
        self.leaves.iter().try_for_each(NewLeaf::check)
    }
}

/// Whether something is to be written or stands there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Novelty {
    /// It is to be written.
    New,
    /// Exactly this is there: nothing is to be done.
    Present,
}

/// Whether `event` is the case's next one, given the digest kept under its number and the case's last event.
pub(crate) fn novelty(
    event: &AppendEvent,
    same_number: Option<Digest>,
    last: Option<(u32, Digest)>,
) -> Result<Novelty> {
    let record = event.record.value();
    if let Some(kept) = same_number {
        return if kept == event.record.digest() {
            Ok(Novelty::Present)
        } else {
            Err(StoreError::conflict(event.what(), "is there with another content: somebody else wrote first"))
        };
    }
    let (number, previous) = match last {
        Some((number, digest)) => (number.checked_add(1), Some(digest)),
        None => (Some(0), None),
    };
    if number != Some(record.number) {
        return Err(StoreError::conflict(event.what(), "does not follow the last event by its number"));
    }
    if previous != record.previous {
        return Err(StoreError::conflict(event.what(), "does not name the last event as its `previous`"));
    }
    Ok(Novelty::New)
}

/// Reads the events of one case and checks their chain.
pub(crate) fn read_case(case: &CaseId, kept: impl IntoIterator<Item = Vec<u8>>) -> Result<Vec<Exact<EventRecord>>> {
    let damaged = |reason: String| StoreError::corrupt(format!("case {case}"), reason);
    let mut events: Vec<Exact<EventRecord>> = Vec::new();
    for (position, bytes) in kept.into_iter().enumerate() {
        let event: Exact<EventRecord> = Exact::parse(&bytes).map_err(|error| damaged(error.to_string()))?;
        let record = event.value();
        if record.case != *case
            || usize::try_from(record.number) != Ok(position)
            || record.previous != events.last().map(Exact::digest)
        {
            return Err(damaged(format!("event {position} does not follow the one before")));
        }
        events.push(event);
    }
    Ok(events)
}

/// What finds an order again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// The order's id, unique.
    pub id: OrderId,
    /// The order's digest, unique; equals the digest in the event.
    pub digest: Digest,
    /// Digest of the decision it carries out: no second order is kept for one decision of one case.
    pub decision: Digest,
    /// Who asked.
    pub authority: AuthorityId,
}

/// How many people one order answered about, under each counter that limits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The order; the same order never counts twice under one counter.
    pub order: Digest,
    /// Authority, matter, traced address.
    pub counters: Vec<Counter>,
    /// Distinct people of the order.
    pub people: u32,
}

impl NewOrder {
    pub(crate) fn taken(&self) -> StoreError {
        StoreError::conflict(
            format!("order {}", self.id),
            "cannot be kept: its id or digest is taken, or its decision has an order already",
        )
    }
}

impl Answered {
    pub(crate) fn counted(&self) -> StoreError {
        StoreError::conflict(format!("order {}", self.order), "was counted under this counter already")
    }

    pub(crate) fn unknown(&self) -> StoreError {
        StoreError::refused(format!("order {}", self.order), "was never proposed, so its people cannot be counted")
    }
}

/// A case in the list of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseSummary {
    /// The case.
    pub case: CaseId,
    /// Number of its last event.
    pub last: u32,
    /// Time of its first event.
    pub opened_at: Timestamp,
    /// Time of its last event.
    pub last_at: Timestamp,
}

/// A leaf that an event of a case brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseLeaf {
    /// Number of the event.
    pub event: u32,
    /// The leaf.
    pub key: LeafKey,
    /// True kind.
    pub kind: String,
}

/// Cases, documents, and the disclosures of leaves.
#[async_trait]
pub trait Cases: Send + Sync {
    /// Appends one event with its documents and leaves. The exact event again is `Ok` and writes nothing.
    ///
    /// # Errors
    /// [`Conflict`](crate::StoreError::Conflict) when the number is not the next one, `previous` is not the digest of the last event,
    /// a digest or key is taken by other bytes, or a second order is proposed for one decision;
    /// [`Refused`](crate::StoreError::Refused) when `order` does not fit the event.
    async fn append(&self, event: AppendEvent) -> Result<()>;

    /// Keeps documents and leaves that belong to no case: control leaves, dummies, incidents, openings, reads.
    ///
    /// # Errors
    /// [`Conflict`](crate::StoreError::Conflict) when a digest or key is taken by other bytes.
    async fn append_leaves(&self, documents: Vec<StoredDocument>, leaves: Vec<NewLeaf>) -> Result<()>;

    /// Every event of a case in order; the chain of numbers and digests was checked.
    async fn case(&self, case: &CaseId) -> Result<Option<Vec<Exact<EventRecord>>>>;

    /// Every case, the one that moved last first.
    async fn cases(&self) -> Result<Vec<CaseSummary>>;

    /// The leaves that the events of a case brought, in order.
    async fn leaves_of(&self, case: &CaseId) -> Result<Vec<CaseLeaf>>;

    /// One document.
    async fn document(&self, digest: &Digest) -> Result<Option<StoredDocument>>;

    /// The disclosures of one leaf; `None` for unknown leaves and for leaves that have none.
    async fn disclosures_of(&self, key: &LeafKey) -> Result<Option<Disclosures>>;

    /// Up to `limit` leaves' disclosures by ascending key, those after `after` only.
    async fn disclosures(&self, after: Option<LeafKey>, limit: u32) -> Result<Vec<Disclosures>>;

    /// The disclosures of every leaf, by ascending key.
    async fn all_disclosures(&self) -> Result<Vec<Disclosures>> {
        const PAGE: u32 = 1_000;
        let mut all: Vec<Disclosures> = Vec::new();
        loop {
            let page = self.disclosures(all.last().map(|last| last.key), PAGE).await?;
            let done = page.len() < PAGE as usize;
            all.extend(page);
            if done {
                return Ok(all);
            }
        }
    }
}
