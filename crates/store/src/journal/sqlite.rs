use super::{Entry, Head, Journal, MOST_LEAVES, Place, check, check_entry, check_step, moved_on, statements, taken};
use crate::sqlite::file::settle;
use crate::sqlite::rows::unavailable;
use crate::{LeafKey, NewLeaf, Result, StoreError};
use async_trait::async_trait;
use countersign_tlog::leaf_hash;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{Row, Sqlite, SqliteConnection, SqlitePool, Transaction};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

const BUSY_TIMEOUT: Duration = Duration::from_secs(60);
const READERS: u32 = 2;
const INTEGRITY: &str = "PRAGMA integrity_check";

/// The journal in the custodian's SQLite file, beside the tables of the desk. Write-ahead log, `synchronous=FULL`.
#[derive(Debug, Clone)]
pub struct SqliteJournal {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteJournal {
    /// Opens a file that [`SqliteStore`](crate::sqlite::SqliteStore) has created, on connections of its own.
    ///
    /// # Errors
    /// [`Unavailable`](StoreError::Unavailable) when it is not there or has no journal; [`Corrupt`](StoreError::Corrupt) when it is
    /// damaged.
    pub async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let failed = |error| unavailable("open the journal's file", error);
        let writer = pool(1).connect_with(options.clone()).await.map_err(failed)?;
        let journal = Self { writer, readers: pool(READERS).connect_lazy_with(options) };
        let transaction = journal.write().await?;
        settle(path, &transaction)?;
        transaction.rollback().await.map_err(failed)?;
        journal.head().await?;
        Ok(journal)
    }

    /// Waits for running calls and closes the connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(|error| unavailable("begin to write", error))
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

/// [`enqueue`] of several leaves by one statement, unless a key comes twice or is known.
async fn enqueue_many(connection: &mut SqliteConnection, leaves: &[NewLeaf; statements::MANY]) -> Result<()> {
    leaves.iter().try_for_each(check)?;
    let failed = |error| unavailable("accept leaves", error);
    let known =
        leaves.iter().fold(sqlx::query(statements::OUTBOX_KNOWN), |query, leaf| query.bind(leaf.key.as_slice()));
    let known = number(&known.fetch_one(&mut *connection).await.map_err(failed)?, 0)?;
    let keys: BTreeSet<&LeafKey> = leaves.iter().map(|leaf| &leaf.key).collect();
    if known > 0 || keys.len() < leaves.len() {
        for leaf in leaves {
            enqueue(connection, leaf).await?;
        }
        return Ok(());
    }
    let next = sqlx::query(statements::OUTBOX_COUNT).fetch_one(&mut *connection).await.map_err(failed)?;
    let mut insert = sqlx::query(statements::OUTBOX_INSERT_MANY);
    for (index, leaf) in (number(&next, 0)?..).zip(leaves) {
        let hash = leaf_hash(&leaf.leaf).0.to_vec();
        insert = insert.bind(kept(index)?).bind(leaf.key.as_slice()).bind(hash).bind(leaf.leaf.as_slice());
    }
    insert.execute(connection).await.map_err(failed).map(|_| ())
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
        let failed = |error| unavailable("move the journal's head", error);
        let mut transaction = self.write().await?;
        let there = sqlx::query(statements::OUTBOX_COUNT).fetch_one(&mut *transaction).await.map_err(failed)?;
        if next.size > number(&there, 0)? {
            return Err(StoreError::refused("the next head of the journal", "covers leaves that are not there"));
        }
        let done = sqlx::query(statements::HEAD_SWAP)
            .bind(kept(next.size)?)
            .bind(next.frontier)
            .bind(next.checkpoint)
            .bind(kept(from.size)?)
            .bind(from.frontier.as_slice())
            .bind(from.checkpoint.as_slice())
            .bind(from.origin.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        if done.rows_affected() != 1 {
            return Err(moved_on());
        }
        transaction.commit().await.map_err(failed)
    }

    async fn enqueue(&self, leaves: &[NewLeaf]) -> Result<()> {
        let mut transaction = self.write().await?;
        let (many, rest) = leaves.as_chunks::<{ statements::MANY }>();
        for leaves in many {
            enqueue_many(&mut transaction, leaves).await?;
        }
        for leaf in rest {
            enqueue(&mut transaction, leaf).await?;
        }
        transaction.commit().await.map_err(|error| unavailable("accept leaves", error))
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
            let entry = Entry { index: number(&row, 0)?, key, leaf: blob(&row, 3)? };
            check_entry(&entry, row.try_get(2).map_err(damaged)?, expected)?;
            entries.push(entry);
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
        let found: Vec<String> = match sqlx::query_scalar(INTEGRITY).fetch_all(&self.readers).await.map_err(failed) {
            Err(StoreError::Corrupt { reason, .. }) => vec![reason],
            other => other?,
        };
        // Sound is one row that says so; no row at all is no answer.
        if found == ["ok"] {
            return Ok(Vec::new());
        }
        let said = if found.is_empty() { vec!["the check says nothing".to_owned()] } else { found };
        Ok(said.into_iter().map(|line| format!("the database file: {line}")).collect())
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

fn damaged(error: sqlx::Error) -> StoreError {
    StoreError::corrupt("a row of the journal", error)
}

fn blob(row: &SqliteRow, column: usize) -> Result<Vec<u8>> {
    row.try_get(column).map_err(damaged)
}

fn number(row: &SqliteRow, column: usize) -> Result<u64> {
    let found: i64 = row.try_get(column).map_err(damaged)?;
    u64::try_from(found).map_err(|_| StoreError::corrupt("a row of the journal", format!("{found} is negative")))
}

fn kept(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| StoreError::refused(format!("index {value}"), "is larger than the store can keep"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{MemoryJournal, conformance};

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
        for statement in statements::ALL {
            pool.prepare((*statement).into_sql_str()).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
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
