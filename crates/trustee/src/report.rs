//! What a trustee can say about its own work, to its operator and in its own report.

use crate::error::TrusteeError;
use crate::trustee::Trustee;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_core::totals::DailyTotals;
use countersign_verify::ledger::CounterKey;
use countersign_verify::ledger::Lift;
use countersign_verify::request::RECEIPT_PATIENCE;
use countersign_verify::trustee_log::{IncidentKind, TrusteeDay};
use countersign_verify::wire::Receipt;
use std::fmt;

/// Where a trustee stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Index of the trustee.
    pub trustee: u16,
    /// Leaves folded.
    pub size: u64,
    /// Root of the folded journal; none before the first leaf.
    pub root: Option<Digest>,
    /// Digest of the control state in force; none before the first leaf.
    pub state: Option<Digest>,
    /// Receipts given and not seen in the journal yet.
    pub awaited: usize,
    /// When the oldest receipt was given that should be in the journal by now; the trustee answers nothing new until it is.
    pub overdue: Option<Timestamp>,
    /// Since when a person has stopped all answers; none while the trustee answers.
    pub paused: Option<Timestamp>,
    /// Hard stops that are raised now.
    pub lifts: Vec<Lift>,
    /// Incidents found so far. Each is an entry of the own log.
    pub incidents: u64,
    /// Entries of the own log, public or not yet.
    pub entries: u64,
}

/// People counted under one key on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// What was counted.
    pub key: CounterKey,
    /// Days since 1970-01-01 UTC.
    pub day: i64,
    /// People.
    pub people: u64,
}

/// A receipt that the trustee gave.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptReceipt {
    /// The receipt.
    pub receipt: Exact<Receipt>,
    /// Exact text of the signed receipt.
    pub text: String,
    /// Index of the leaf in which it was seen; none while it is awaited.
    pub seen: Option<u64>,
    /// The whole answer as it was given: an operator hands it to a desk that lost it, so that its receipt can be logged.
    pub answer: Vec<u8>,
}

/// Without the answer's bytes.
impl fmt::Debug for KeptReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (receipt, seen) = (self.receipt.value(), &self.seen);
        f.debug_struct("KeptReceipt").field("receipt", receipt).field("seen", seen).finish_non_exhaustive()
    }
}

/// Something that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// What.
    pub kind: IncidentKind,
    /// About what: an order id, the size and root of a checkpoint, or an order's digest.
    pub subject: String,
    /// What was found.
    pub detail: String,
    /// When it was first found.
    pub at: Timestamp,
}

impl Trustee {
    /// Where the trustee stands.
    ///
    /// # Errors
    /// [`TrusteeError`] when its journal cannot be read.
    pub async fn head(&self, now: Timestamp) -> Result<Head, TrusteeError> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        let (incidents, entries) = (database.incident_count().await?, database.own_size().await?);
        self.with_memory(|memory| {
            let journal = memory.folded.as_ref().map(|folded| &folded.journal);
            Head {
                trustee: self.index(),
                size: journal.map_or(0, |journal| journal.size()),
                root: journal.and_then(|journal| journal.root()).map(|root| Digest(*root.as_bytes())),
                state: memory.folded.as_ref().map(|folded| folded.control.at(now).digest()),
                awaited: memory.ledger.awaited.len(),
                overdue: memory.ledger.overdue(now, RECEIPT_PATIENCE),
                paused: memory.ledger.paused,
                lifts: memory.ledger.lifts.iter().filter(|lift| lift.holds(now)).cloned().collect(),
                incidents,
                entries,
            }
        })
        .await
    }

    /// Every counter.
    ///
    /// # Errors
    /// As [`head`](Self::head).
    pub async fn counters(&self) -> Result<Vec<Counted>, TrusteeError> {
        self.with_memory(|memory| {
            let counted = memory.ledger.counted.iter();
            let counted = counted.flat_map(|(key, days)| days.iter().map(move |(day, people)| (key, *day, *people)));
            counted.map(|(key, day, people)| Counted { key: key.clone(), day, people }).collect()
        })
        .await
    }

    /// Every receipt given, oldest first.
    ///
    /// # Errors
    /// As [`head`](Self::head).
    pub async fn receipts(&self) -> Result<Vec<KeptReceipt>, TrusteeError> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        database.receipts(&self.public().identity).await
    }

    /// Every incident, oldest first.
    ///
    /// # Errors
    /// As [`head`](Self::head).
    pub async fn incidents(&self) -> Result<Vec<Incident>, TrusteeError> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        database.incidents().await
    }

    /// What was counted on each day that is over, the first one first.
    ///
    /// # Errors
    /// As [`head`](Self::head).
    pub async fn days(&self) -> Result<Vec<Exact<TrusteeDay>>, TrusteeError> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        database.days().await
    }

    /// Every daily totals document signed, the first one first.
    ///
    /// # Errors
    /// As [`head`](Self::head).
    pub async fn totals(&self) -> Result<Vec<Exact<DailyTotals>>, TrusteeError> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        database.signed_totals().await
    }
}
