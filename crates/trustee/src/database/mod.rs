//! The trustee's own journal: one SQLite file, write-ahead log, `synchronous=FULL`, mode 0600.

mod duress;
mod own_log;
mod read;
mod sql;
mod stops;
mod totals;
mod write;

pub use duress::Call;
pub(crate) use own_log::KeptEntry;
pub(crate) use totals::{NewStretch, NewTotals};
pub(crate) use write::{Enrolled, NewLeaves, NewReceipt, Remembered};

use crate::error::{Result, TrusteeError};
use crate::files;
use crate::own_log::LogKeys;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a call waits for another program that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The version of a file is the number of these that it has been through; none is ever changed.
const MIGRATIONS: [&str; 6] = [
    sql::SCHEMA,
    sql::TOTALS_SCHEMA,
    sql::OWN_LOG_SCHEMA,
    sql::LOOKUPS_SCHEMA,
    sql::WORKERS_SCHEMA,
    sql::DURESS_SCHEMA,
];

/// The database. A clone is the same one.
#[derive(Clone)]
pub(crate) struct Database {
    pool: SqlitePool,
    log: Arc<LogKeys>,
}

impl Database {
    /// Opens the file; `log` are the keys of the own log that is kept in it.
    pub(crate) async fn open(path: &Path, log: Arc<LogKeys>) -> Result<Self> {
        files::touch(path).map_err(|error| TrusteeError::storage("create the journal", error))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        // One connection: a trustee does one thing at a time.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(|error| TrusteeError::storage("open the journal", error))?;
        let database = Self { pool, log };
        database.prepare().await?;
        Ok(database)
    }

    async fn prepare(&self) -> Result<()> {
        let failed = |error| TrusteeError::storage("prepare the journal", error);
        let mut transaction = self.begin().await?;
        let version: i64 = sqlx::query_scalar(sql::VERSION).fetch_one(&mut *transaction).await.map_err(failed)?;
        let done = usize::try_from(version).ok().filter(|done| *done <= MIGRATIONS.len());
        let Some(done) = done else {
            let reason = format!("schema version {version}, this program knows up to {}", MIGRATIONS.len());
            return Err(TrusteeError::damaged("the journal", reason));
        };
        for migration in MIGRATIONS.iter().skip(done) {
            sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// A transaction that takes the write lock at once. Dropped without `commit` it leaves nothing.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        let begun = self.pool.begin_with("BEGIN IMMEDIATE").await;
        begun.map_err(|error| TrusteeError::storage("write the journal", error))
    }
}
