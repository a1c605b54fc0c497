//! Reading the database.

use super::duress::{letters, pending_cases};
use super::stops::{lifts, paused};
use super::{Database, sql};
use crate::error::{Result, TrusteeError};
use crate::report::{Incident, KeptReceipt};
use countersign_core::id::{Digest, OrderId, RecordId};
use countersign_core::time::Timestamp;
use countersign_tlog::Hash;
use countersign_tlog::merkle::Frontier;
use countersign_verify::ledger::{CounterKey, Ledger};
use countersign_verify::trustee_log::IncidentKind;
use countersign_verify::wire::{Answer, Receipt, Signed};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};
use std::collections::BTreeMap;

/// Everything a trustee begins with.
pub(crate) struct Stored {
    pub(crate) generation: i64,
    pub(crate) frontier: Frontier,
    /// Index, bytes and witnessed time of every control leaf, ascending.
    pub(crate) control: Vec<(u64, Vec<u8>, Timestamp)>,
    /// Roots at recent sizes, ascending.
    pub(crate) roots: Vec<(u64, Hash)>,
    pub(crate) ledger: Ledger,
    /// Sealed letters of approvers.
    pub(crate) letters: Vec<Vec<u8>>,
    /// Cases that are pending, and until when.
    pub(crate) pending: BTreeMap<Digest, Timestamp>,
}

impl Database {
    /// Rises with every transaction.
    pub(crate) async fn generation(&self) -> Result<i64> {
        sqlx::query_scalar(sql::GENERATION).fetch_one(&self.pool).await.map_err(failed)
    }

    /// One state of everything.
    pub(crate) async fn load(&self) -> Result<Stored> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let state = sqlx::query(sql::STATE).fetch_one(&mut *transaction).await.map_err(failed)?;
        let control = sqlx::query(sql::CONTROL).fetch_all(&mut *transaction).await.map_err(failed)?;
        let roots = sqlx::query(sql::ROOTS).fetch_all(&mut *transaction).await.map_err(failed)?;
        let mut ledger = Ledger::default();
        for row in sqlx::query(sql::REPLAY).fetch_all(&mut *transaction).await.map_err(failed)? {
            let id = parsed("an order id", OrderId::parse(text(&row, 0)?))?;
            ledger.replay.insert(id, (digest(&row, 1)?, number(&row, 2)?));
        }
        for row in sqlx::query(sql::COUNTED).fetch_all(&mut *transaction).await.map_err(failed)? {
            let key = parsed("a counter", CounterKey::parse(text(&row, 0)?, text(&row, 1)?))?;
            ledger.counted.entry(key).or_default().insert(integer(&row, 2)?, number(&row, 3)?);
        }
        for row in sqlx::query(sql::BOUND).fetch_all(&mut *transaction).await.map_err(failed)? {
            ledger.bound.insert(digest(&row, 0)?, digest(&row, 1)?);
        }
        for row in sqlx::query(sql::RUNS).fetch_all(&mut *transaction).await.map_err(failed)? {
            ledger.runs.insert(digest(&row, 0)?, (number(&row, 1)?, digest(&row, 2)?));
        }
        for row in sqlx::query(sql::AWAITED).fetch_all(&mut *transaction).await.map_err(failed)? {
            ledger.awaited.insert(text(&row, 0)?.to_owned(), time(integer(&row, 1)?)?);
        }
        let latest: Option<i64> = state.try_get(2).map_err(failed)?;
        ledger.latest = latest.map(time).transpose()?;
        ledger.paused = paused(&mut transaction).await?;
        ledger.lifts = lifts(&mut transaction).await?;
        let (letters, pending) = (letters(&mut transaction).await?, pending_cases(&mut transaction).await?);
        let frontier: &[u8] = state.try_get(1).map_err(failed)?;
        Ok(Stored {
            generation: integer(&state, 0)?,
            frontier: parsed("the frontier", Frontier::from_bytes(frontier))?,
            control: control.iter().map(control_leaf).collect::<Result<_>>()?,
            roots: roots.iter().map(root).collect::<Result<_>>()?,
            ledger,
            letters,
            pending,
        })
    }

    /// The answer given to an order under a share epoch.
    pub(crate) async fn answer(&self, order: &Digest, share_epoch: u32) -> Result<Option<Vec<u8>>> {
        let query = sqlx::query_scalar(sql::ANSWER).bind(order.to_hex()).bind(i64::from(share_epoch));
        query.fetch_optional(&self.pool).await.map_err(failed)
    }

    /// How many of these records entered the index under an attribute before.
    pub(crate) async fn enrolled_before(&self, attribute: u8, records: &[RecordId]) -> Result<usize> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let mut before = 0;
        for records in records.chunks(sql::MANY) {
            let mut query = QueryBuilder::new(sql::ENROLLED);
            query.push_bind(attribute).push(sql::ENROLLED_RECORDS);
            let mut list = query.separated(", ");
            for record in records {
                list.push_bind(record.as_bytes().to_vec());
            }
            query.push(")");
            let known: i64 = query.build_query_scalar().fetch_one(&mut *transaction).await.map_err(failed)?;
            before += usize::try_from(known).unwrap_or(usize::MAX);
        }
        Ok(before)
    }

    /// The oldest answer about an order whose receipt was not seen in the journal.
    pub(crate) async fn unseen(&self, order: &Digest) -> Result<Option<Vec<u8>>> {
        sqlx::query_scalar(sql::UNSEEN).bind(order.to_hex()).fetch_optional(&self.pool).await.map_err(failed)
    }

    /// Every receipt, oldest first. `identity` is the trustee's own key.
    pub(crate) async fn receipts(&self, identity: &Digest) -> Result<Vec<KeptReceipt>> {
        let rows = sqlx::query(sql::RECEIPTS).fetch_all(&self.pool).await.map_err(failed)?;
        let kept = |row: &SqliteRow| {
            let answer: Vec<u8> = row.try_get(0).map_err(failed)?;
            let seen: Option<i64> = row.try_get(1).map_err(failed)?;
            let text = parsed("an answer", Signed::<Answer>::open(&answer, identity))?.value().receipt.clone();
            let receipt = parsed("a receipt", Signed::<Receipt>::open(text.as_bytes(), identity))?.document().clone();
            Ok(KeptReceipt { receipt, text, seen: seen.map(|index| index as u64), answer })
        };
        rows.iter().map(kept).collect()
    }

    /// How many incidents there are.
    pub(crate) async fn incident_count(&self) -> Result<u64> {
        let count: i64 = sqlx::query_scalar(sql::INCIDENT_COUNT).fetch_one(&self.pool).await.map_err(failed)?;
        parsed("incidents", u64::try_from(count))
    }

    /// Every incident, oldest first.
    pub(crate) async fn incidents(&self) -> Result<Vec<Incident>> {
        let rows = sqlx::query(sql::INCIDENTS).fetch_all(&self.pool).await.map_err(failed)?;
        let incident = |row: &SqliteRow| {
            Ok(Incident {
                kind: parsed("an incident", IncidentKind::parse(text(row, 0)?))?,
                subject: text(row, 1)?.to_owned(),
                detail: text(row, 2)?.to_owned(),
                at: time(integer(row, 3)?)?,
            })
        };
        rows.iter().map(incident).collect()
    }
}

fn control_leaf(row: &SqliteRow) -> Result<(u64, Vec<u8>, Timestamp)> {
    Ok((number(row, 0)?, row.try_get(1).map_err(failed)?, time(integer(row, 2)?)?))
}

fn root(row: &SqliteRow) -> Result<(u64, Hash)> {
    let bytes: &[u8] = row.try_get(1).map_err(failed)?;
    Ok((number(row, 0)?, Hash(parsed("a root", bytes.try_into())?)))
}

pub(super) fn text(row: &SqliteRow, column: usize) -> Result<&str> {
    row.try_get(column).map_err(failed)
}

pub(super) fn integer(row: &SqliteRow, column: usize) -> Result<i64> {
    row.try_get(column).map_err(failed)
}

pub(super) fn number<T: TryFrom<i64>>(row: &SqliteRow, column: usize) -> Result<T> {
    let found = integer(row, column)?;
    T::try_from(found).map_err(|_| TrusteeError::damaged("the journal", format!("`{found}` is out of range")))
}

pub(super) fn digest(row: &SqliteRow, column: usize) -> Result<Digest> {
    parsed("a digest", Digest::parse(text(row, column)?))
}

pub(super) fn time(unix: i64) -> Result<Timestamp> {
    Timestamp::from_unix(unix).ok_or_else(|| TrusteeError::damaged("the journal", format!("`{unix}` is no time")))
}

pub(super) fn parsed<T, E: std::fmt::Display>(what: &str, result: std::result::Result<T, E>) -> Result<T> {
    result.map_err(|error| TrusteeError::damaged(format!("{what} of the journal"), error))
}

pub(super) fn failed(error: sqlx::Error) -> TrusteeError {
    TrusteeError::storage("read the journal", error)
}
