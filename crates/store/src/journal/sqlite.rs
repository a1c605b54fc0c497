use super::writer::Writer;
use super::{Entry, Head, Journal, MOST_LEAVES, Place, check, check_entry, check_step, statements, taken};
use crate::sqlite::file::{options, pool, settle, writing};
use crate::sqlite::rows::unavailable;
use crate::sqlite::schema;
use crate::{LeafKey, NewLeaf, Result, StoreError};
use async_trait::async_trait;
use countersign_tlog::leaf_hash;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, SqliteConnection, SqlitePool, Transaction};
use std::path::Path;

const READERS: u32 = 2;
const INTEGRITY: &str = "PRAGMA integrity_check";

/// The journal in the custodian's SQLite file, beside the tables of the desk. Write-ahead log, `synchronous=FULL`.
#[derive(Debug, Clone)]
pub struct SqliteJournal {
    writer: Writer,
    writers: SqlitePool,
    copiers: SqlitePool,
    readers: SqlitePool,
}

impl SqliteJournal {
    /// Opens a file that [`SqliteStore`](crate::sqlite::SqliteStore) has created, on connections of its own.
    ///
    /// # Errors
    /// [`Unavailable`](StoreError::Unavailable) when it is not there or has no journal; [`Corrupt`](StoreError::Corrupt) when it is
    /// damaged.
    pub async fn open(path: &Path) -> Result<Self> {
        let options = options(path);
        let failed = |error| unavailable("open the journal's file", error);
        let writers = pool(1).connect_with(writing(options.clone())).await.map_err(failed)?;
        let copiers = pool(1).connect_lazy_with(options.clone());
        // Rows go through a channel to another thread: one that holds a whole batch spares the two threads waiting for each other.
        let readers = pool(READERS).connect_lazy_with(options.row_buffer_size(MOST_LEAVES as usize));
        let journal = Self { writer: Writer::new(writers.clone(), copiers.clone()), writers, copiers, readers };
        match journal.begin(path).await {
            Ok(()) => Ok(journal),
            Err(error) => {
                // Left to itself, a connection would close later, beside whatever is done about the file.
                journal.close().await;
                Err(error)
            }
        }
    }

    async fn begin(&self, path: &Path) -> Result<()> {
        let transaction = self.write().await?;
        settle(path, &transaction)?;
        transaction.rollback().await.map_err(|error| unavailable("open the journal's file", error))?;
        self.head().await.map(|_| ())
    }

    /// Waits for running calls and closes the connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.copiers.close().await;
        self.writers.close().await;
    }

    #[cfg(test)]
    pub(super) fn writers(&self) -> &SqlitePool {
        &self.writers
    }

    async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        self.writers.begin_with("BEGIN IMMEDIATE").await.map_err(|error| unavailable("begin to write", error))
    }
}

/// Accepts one leaf in the caller's transaction, which must hold the write lock (`BEGIN IMMEDIATE`): it is in the journal exactly
/// if that transaction commits. The same leaf under the same key again is `Ok`.
///
/// # Errors
/// [`Conflict`](StoreError::Conflict) when the key is taken by other bytes; [`Refused`](StoreError::Refused) for a leaf that is too
/// long.
pub async fn enqueue(connection: &mut SqliteConnection, leaf: &NewLeaf) -> Result<()> {
    check(leaf)?;
    let failed = |error| unavailable("accept a leaf", error);
    let done = sqlx::query(statements::OUTBOX_INSERT)
        .bind(leaf.key.as_slice())
        .bind(leaf_hash(&leaf.leaf).0.as_slice())
        .bind(leaf.leaf.as_slice())
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    let row =
        sqlx::query(statements::OUTBOX_BY_KEY).bind(leaf.key.as_slice()).fetch_one(connection).await.map_err(failed)?;
    if blob(&row, 1)? == leaf.leaf { Ok(()) } else { Err(taken(leaf)) }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn create(&self, head: Head) -> Result<()> {
        if head.size != 0 {
            return Err(StoreError::refused("the first head of a journal", "is not empty"));
        }
        let failed = |error| unavailable("create the journal's head", error);
        let mut transaction = self.write().await?;
        let done = sqlx::query(statements::HEAD_INSERT)
            .bind(head.origin)
            .bind(0_i64)
            .bind(head.frontier)
            .bind(head.checkpoint)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if done.rows_affected() != 1 {
            return Err(StoreError::conflict("the head of the journal", "is there already"));
        }
        transaction.commit().await.map_err(failed)
    }

    async fn head(&self) -> Result<Option<Head>> {
        let row = sqlx::query(statements::HEAD)
            .fetch_optional(&self.readers)
            .await
            .map_err(|error| unavailable("read the journal's head", error))?;
        row.map(|row| {
            Ok(Head {
                origin: row.try_get(0).map_err(damaged)?,
                size: number(&row, 1)?,
                frontier: blob(&row, 2)?,
                checkpoint: blob(&row, 3)?,
            })
        })
        .transpose()
    }

    async fn advance(&self, from: &Head, next: Head) -> Result<()> {
        check_step(from, &next)?;
        self.writer.advance(from.clone(), next).await
    }

    async fn enqueue(&self, leaves: &[NewLeaf]) -> Result<()> {
        self.writer.accept(leaves).await
    }

    async fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>> {
        let rows = sqlx::query(statements::OUTBOX_FROM)
            .bind(kept(from)?)
            .bind(i64::from(limit.min(MOST_LEAVES)))
            .fetch_all(&self.readers)
            .await
            .map_err(|error| unavailable("read leaves", error))?;
        let mut entries = Vec::with_capacity(rows.len());
        for (expected, row) in (from..).zip(rows) {
            let key: &[u8] = row.try_get(1).map_err(damaged)?;
            let key =
                key.try_into().map_err(|_| StoreError::corrupt("a leaf of the journal", "its key is not 32 bytes"))?;
            let kept: &[u8] = row.try_get(2).map_err(damaged)?;
            entries.push(check_entry(number(&row, 0)?, key, blob(&row, 3)?, kept, expected)?);
        }
        Ok(entries)
    }

    async fn place(&self, key: &LeafKey) -> Result<Option<Place>> {
        let row = sqlx::query(statements::OUTBOX_PLACE)
            .bind(key.as_slice())
            .fetch_optional(&self.readers)
            .await
            .map_err(|error| unavailable("find a leaf", error))?;
        row.map(|row| {
            let (index, size): (u64, u64) = (number(&row, 0)?, number(&row, 1)?);
            Ok(if index < size { Place::Durable(index) } else { Place::Accepted(index) })
        })
        .transpose()
    }

    async fn check_storage(&self) -> Result<Vec<String>> {
        let failed = |error| unavailable("check its file", error);
        let mut reader = self.readers.acquire().await.map_err(failed)?;
        let said: Result<Vec<String>> = sqlx::query_scalar(INTEGRITY).fetch_all(&mut *reader).await.map_err(failed);
        let mut found = lines(said)?;
        // Sound is one line that says so; no line at all is no answer.
        if found == ["ok"] {
            found.clear();
        } else if found.is_empty() {
            found.push("the check says nothing".to_owned());
        }
        found.extend(lines(schema::differences(&mut reader, schema::CUSTODIAN).await)?);
        Ok(found.into_iter().map(|line| format!("the database file: {line}")).collect())
    }
}

/// That the file is damaged is an answer as well.
fn lines(checked: Result<Vec<String>>) -> Result<Vec<String>> {
    match checked {
        Err(StoreError::Corrupt { reason, .. }) => Ok(vec![reason]),
        other => other,
    }
}

fn damaged(error: sqlx::Error) -> StoreError {
    StoreError::corrupt("a row of the journal", error)
}

fn blob(row: &SqliteRow, column: usize) -> Result<Vec<u8>> {
    row.try_get(column).map_err(damaged)
}

pub(super) fn number(row: &SqliteRow, column: usize) -> Result<u64> {
    let found: i64 = row.try_get(column).map_err(damaged)?;
    u64::try_from(found).map_err(|_| StoreError::corrupt("a row of the journal", format!("{found} is negative")))
}

pub(super) fn kept(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| StoreError::refused(format!("index {value}"), "is larger than the store can keep"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{MemoryJournal, conformance};
    use sqlx::sqlite::SqliteConnectOptions;

    async fn empty(folder: &Path) -> (SqliteJournal, SqlitePool) {
        let path = folder.join("journal.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let pool = pool(1).connect_with(options).await.unwrap();
        sqlx::raw_sql(include_str!("../sqlite/journal.sql")).execute(&pool).await.unwrap();
        (SqliteJournal::open(&path).await.unwrap(), pool)
    }

    #[tokio::test]
    async fn sqlite_passes_the_suite() {
        let folder = tempfile::tempdir().unwrap();
        conformance::check(&empty(folder.path()).await.0).await;
    }

    #[tokio::test]
    async fn memory_passes_the_suite() {
        conformance::check(&MemoryJournal::new()).await;
    }

    #[tokio::test]
    async fn every_statement_prepares() {
        use sqlx::{Executor as _, SqlSafeStr as _};
        let folder = tempfile::tempdir().unwrap();
        let (_, pool) = empty(folder.path()).await;
        let many = statements::OUTBOX_INSERT_MANY.iter().map(|(_, text)| text.as_str());
        for statement in statements::ALL.iter().copied().chain(many) {
            pool.prepare(statement.into_sql_str()).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    #[tokio::test]
    async fn a_leaf_stands_or_falls_with_its_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = empty(folder.path()).await;
        let mut transaction = journal.write().await.unwrap();
        enqueue(&mut transaction, &conformance::leaf(1)).await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(journal.entries(0, 9).await.unwrap(), []);
        let mut transaction = journal.write().await.unwrap();
        enqueue(&mut transaction, &conformance::leaf(2)).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(journal.entries(0, 9).await.unwrap()[0].index, 0);
    }

    #[tokio::test]
    async fn leaves_cannot_be_changed_and_a_flipped_bit_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, pool) = empty(folder.path()).await;
        journal.enqueue(&[conformance::leaf(1), conformance::leaf(2)]).await.unwrap();
        for change in ["UPDATE journal_outbox SET leaf = x'00'", "DELETE FROM journal_outbox"] {
            assert!(sqlx::raw_sql(change).execute(&pool).await.is_err());
        }
        sqlx::raw_sql("DROP TRIGGER journal_outbox_unchanged; UPDATE journal_outbox SET leaf = x'00' WHERE idx = 1")
            .execute(&pool)
            .await
            .unwrap();
        assert!(matches!(journal.entries(0, 9).await, Err(StoreError::Corrupt { .. })));
        assert_eq!(journal.entries(0, 1).await.unwrap().len(), 1);
        sqlx::raw_sql("DROP TRIGGER journal_outbox_undeleted; DELETE FROM journal_outbox WHERE idx = 0")
            .execute(&pool)
            .await
            .unwrap();
        assert!(matches!(journal.entries(0, 1).await, Err(StoreError::Corrupt { .. })));
    }
}
