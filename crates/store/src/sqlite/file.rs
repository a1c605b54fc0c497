//! One database file: how it is created, opened, written and read.

use super::BUSY_TIMEOUT;
use super::rows::unavailable;
use super::schema::{self, Component};
use crate::{Result, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Sqlite, SqlitePool, Transaction};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Connections that only read.
const READERS: u32 = 4;

/// Whether deleted content is overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Erasure {
    /// Nothing is ever deleted here.
    Keep,
    /// Deleted content is overwritten with zeros.
    Overwrite,
}

/// One database file with one writing connection.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseFile {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl DatabaseFile {
    pub(crate) async fn open(path: &Path, components: &'static [Component], erasure: Erasure) -> Result<Self> {
        create_private(path)?;
        let mut options = options(path);
        if erasure == Erasure::Overwrite {
            options = options.pragma("secure_delete", "ON");
        }
        let failed = |error| unavailable("open its file", error);
        let writer = pool(1).connect_with(writing(options.clone())).await.map_err(failed)?;
        let readers = pool(READERS).connect_lazy_with(options);
        let file = Self { writer, readers };
        let mut transaction = file.write().await?;
        settle(path, &transaction)?;
        schema::prepare(&mut transaction, &path.display().to_string(), components).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(file)
    }

    /// A transaction that writes. Dropped without `commit` it leaves nothing.
    ///
    /// It takes the file's write lock at once: a transaction that begins by reading could not be upgraded beside another process.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(|error| unavailable("begin to write", error))
    }

    /// A transaction that reads one state of the file.
    pub(crate) async fn read(&self) -> Result<Transaction<'static, Sqlite>> {
        self.readers.begin().await.map_err(|error| unavailable("begin to read", error))
    }

    /// The writing connection outside any transaction.
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Bytes of a page of a file that is made now: seven sealed leaves of the journal fill it, where four kilobytes hold three and
/// leave a fifth empty. Files keep the size they were made with.
const PAGE_BYTES: u32 = 8_192;

/// Pages in the write-ahead log after which a commit copies them into the file, 32 MB: a page that changes with every commit is then
/// copied seldom. The journal has most of them copied beforehand, beside its commits.
const LOG_PAGES: u32 = 4_000;

/// Memory of a connection that writes, in KiB: a transaction whose pages do not fit writes them twice.
const WRITER_KIB: u32 = 32 * 1_024;

/// How connections to a file of the custodian work.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("wal_autocheckpoint", LOG_PAGES.to_string())
}

/// How the connection works that writes.
pub(crate) fn writing(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.pragma("cache_size", format!("-{WRITER_KIB}"))
}

/// A pool of so many connections, which stay open.
pub(crate) fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|connection, _| {
            Box::pin(async move {
                // A full disk makes SQLite end a transaction by itself. The driver then counts one that nothing can end any more and
                // would refuse the next for ever. The ping comes after a rollback that is still under way.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
}

/// Makes what the file shows outlast a loss of power. The caller's transaction keeps other writers out.
///
/// A program that was killed may have left commits in the write-ahead log that were never synced, in a file whose name was never
/// synced; one that ended after a failed sync may have left commits that no later sync writes, because the system takes them for
/// written. SQLite shows both to the next program, which would build on what the next loss of power takes away. So the same bytes are
/// written again where they stand, and synced.
pub(crate) fn settle(path: &Path, _writer: &Transaction<'static, Sqlite>) -> Result<()> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    write_again(Path::new(&log)).and_then(|()| File::open(folder)?.sync_all()).map_err(|error| {
        StoreError::Unavailable { doing: "sync its file", reason: format!("`{}`: {error}", path.display()) }
    })
}

/// Closing this handle drops none of SQLite's locks: they are on the database and on its shared memory.
fn write_again(path: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let (mut bytes, mut at) = (vec![0; 1 << 20], 0);
    loop {
        let (mut from, mut to) = (&file, &file);
        from.seek(SeekFrom::Start(at))?;
        let read = from.read(&mut bytes)?;
        if read == 0 {
            return file.sync_all();
        }
        to.seek(SeekFrom::Start(at))?;
        to.write_all(&bytes[..read])?;
        at += read as u64;
    }
}

/// Creates the file readable by its owner only; SQLite gives the files beside it the same mode.
fn create_private(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => {
            Err(StoreError::Unavailable { doing: "create its file", reason: format!("`{}`: {error}", path.display()) })
        }
    }
}
