//! Writing the database: one transaction for each thing that happened.

use super::duress::set_pending;
use super::own_log::append;
use super::{Database, sql};
use crate::error::{Result, TrusteeError};
use crate::report::Incident;
use countersign_core::id::{Digest, OrderId, RecordId};
use countersign_core::time::Timestamp;
use countersign_tlog::Hash;
use countersign_tlog::merkle::Frontier;
use countersign_verify::duress::Pending;
use countersign_verify::ledger::{CounterKey, day};
use countersign_verify::trustee_log::Entry;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{QueryBuilder, Sqlite, Transaction};

/// A stretch of the journal that was verified and folded.
pub(crate) struct NewLeaves<'l> {
    pub(crate) frontier: &'l Frontier,
    /// Index and bytes of the control leaves, and when they were witnessed.
    pub(crate) control: Vec<(u64, &'l [u8], Timestamp)>,
    /// Root at every size to be remembered.
    pub(crate) roots: Vec<(u64, Hash)>,
    /// Smallest size whose root is still needed.
    pub(crate) oldest_root: u64,
    /// Disclosure digests of receipts that stand in a leaf, and its index.
    pub(crate) seen: Vec<(String, u64)>,
}

/// An answer, its receipt, and what belongs to them.
pub(crate) struct NewReceipt {
    pub(crate) order: Digest,
    pub(crate) share_epoch: u32,
    pub(crate) given: Timestamp,
    /// Leaves of the journal that were folded then.
    pub(crate) journal_size: u64,
    /// Digest of the disclosure to look for in the journal.
    pub(crate) disclosure: String,
    /// With an answer about a lookup: what entered the index by it. Such an answer is about no order.
    pub(crate) lookup: Option<Enrolled>,
    /// The signed answer.
    pub(crate) answer: Vec<u8>,
    /// What is remembered about an order that was answered; nothing for a refusal.
    pub(crate) remembered: Option<Remembered>,
    pub(crate) incident: Option<Incident>,
    /// With a refusal because the case is pending: until when.
    pub(crate) pending: Option<Pending>,
    /// The latest time this trustee has acted at.
    pub(crate) latest: Option<Timestamp>,
    /// What the own log says of it.
    pub(crate) entry: Entry,
}

/// Records that entered the index under one attribute; none by a lookup or a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Enrolled {
    /// Registry number of the attribute.
    pub(crate) attribute: u8,
    pub(crate) records: Vec<RecordId>,
}

/// An order or lookup that was answered.
pub(crate) struct Remembered {
    pub(crate) id: OrderId,
    pub(crate) counters: Vec<CounterKey>,
    pub(crate) people: u32,
    /// Digest of the worker's binding to which an order was answered.
    pub(crate) bound: Option<Digest>,
    /// Of a run: digest of the standing order, and the run's number.
    pub(crate) run: Option<(Digest, u32)>,
}

pub(super) type Statement = Query<'static, Sqlite, SqliteArguments>;

impl Database {
    /// Keeps what was made of new leaves; returns the new generation.
    pub(crate) async fn follow(&self, generation: i64, new: &NewLeaves<'_>) -> Result<i64> {
        let mut transaction = self.begin().await?;
        let advance = sqlx::query(sql::FOLLOWED).bind(new.frontier.to_bytes()).bind(generation);
        advance_by_one(&mut transaction, advance).await?;
        for (index, leaf, witnessed) in &new.control {
            let add = sqlx::query(sql::ADD_CONTROL).bind(*index as i64).bind(leaf.to_vec()).bind(witnessed.unix());
            run(&mut transaction, add).await?;
        }
        for (size, root) in &new.roots {
            run(&mut transaction, sqlx::query(sql::ADD_ROOT).bind(*size as i64).bind(root.as_bytes().to_vec())).await?;
        }
        run(&mut transaction, sqlx::query(sql::FORGET_ROOTS).bind(new.oldest_root as i64)).await?;
        for (disclosure, index) in &new.seen {
            run(&mut transaction, sqlx::query(sql::SEEN).bind(*index as i64).bind(disclosure.clone())).await?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok(generation + 1)
    }

    /// Keeps an answer with its receipt, counters and replay key; returns the new generation.
    pub(crate) async fn give(&self, generation: i64, new: &NewReceipt) -> Result<i64> {
        let mut transaction = self.begin().await?;
        let latest = new.latest.map(Timestamp::unix);
        advance_by_one(&mut transaction, sqlx::query(sql::ANSWERED).bind(latest).bind(generation)).await?;
        let receipt = sqlx::query(sql::ADD_RECEIPT)
            .bind(new.order.to_hex())
            .bind(i64::from(new.share_epoch))
            .bind(i64::from(new.remembered.is_some()))
            .bind(new.given.unix())
            .bind(new.journal_size as i64)
            .bind(new.disclosure.clone())
            .bind(new.answer.clone())
            .bind(i64::from(new.lookup.is_some()));
        run(&mut transaction, receipt).await?;
        if let Some(enrolled) = &new.lookup {
            for records in enrolled.records.chunks(sql::MANY) {
                let mut add = QueryBuilder::new(sql::ADD_ENROLLED);
                add.push_values(records, |mut row, record| {
                    row.push_bind(record.as_bytes().to_vec()).push_bind(enrolled.attribute);
                });
                add.build().execute(&mut *transaction).await.map_err(failed)?;
            }
        }
        if let Some(remembered) = &new.remembered {
            let replay = sqlx::query(sql::ADD_REPLAY)
                .bind(remembered.id.to_hex())
                .bind(new.order.to_hex())
                .bind(i64::from(new.share_epoch));
            run(&mut transaction, replay).await?;
            if let Some(binding) = &remembered.bound {
                let bound = sqlx::query(sql::ADD_BOUND).bind(new.order.to_hex()).bind(binding.to_hex());
                run(&mut transaction, bound).await?;
            }
            if let Some((standing, number)) = &remembered.run {
                let last =
                    sqlx::query(sql::SET_RUN).bind(standing.to_hex()).bind(i64::from(*number)).bind(new.order.to_hex());
                run(&mut transaction, last).await?;
            }
            for key in &remembered.counters {
                let (kind, subject) = key.names();
                let count = sqlx::query(sql::COUNT)
                    .bind(kind)
                    .bind(subject)
                    .bind(day(new.given))
                    .bind(i64::from(remembered.people));
                run(&mut transaction, count).await?;
            }
        }
        if let Some(pending) = &new.pending {
            set_pending(&mut transaction, pending).await?;
        }
        let mut entries = vec![new.entry.clone()];
        if let Some(incident) = &new.incident
            && run(&mut transaction, add_incident(incident)).await? > 0
        {
            entries.push(entry_of(incident));
        }
        append(&mut transaction, &self.log, new.given, entries).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(generation + 1)
    }

    /// Keeps an incident that belongs to no answer; the same one is kept once.
    pub(crate) async fn report(&self, incident: &Incident) -> Result<()> {
        let mut transaction = self.begin().await?;
        if run(&mut transaction, add_incident(incident)).await? > 0 {
            append(&mut transaction, &self.log, incident.at, [entry_of(incident)]).await?;
        }
        transaction.commit().await.map_err(failed)
    }
}

fn entry_of(incident: &Incident) -> Entry {
    let Incident { kind, subject, detail, at } = incident;
    Entry::Incident { kind: *kind, subject: subject.clone(), detail: Entry::detail(detail), at: *at }
}

fn add_incident(incident: &Incident) -> Statement {
    sqlx::query(sql::ADD_INCIDENT)
        .bind(incident.kind.as_str())
        .bind(incident.subject.clone())
        .bind(incident.detail.clone())
        .bind(incident.at.unix())
}

pub(super) async fn run(transaction: &mut Transaction<'static, Sqlite>, statement: Statement) -> Result<u64> {
    statement.execute(&mut **transaction).await.map(|done| done.rows_affected()).map_err(failed)
}

pub(super) async fn advance_by_one(transaction: &mut Transaction<'static, Sqlite>, statement: Statement) -> Result<()> {
    match run(transaction, statement).await? {
        1 => Ok(()),
        _ => Err(TrusteeError::Overtaken),
    }
}

pub(super) fn failed(error: sqlx::Error) -> TrusteeError {
    TrusteeError::storage("write the journal", error)
}
