//! The store in one SQLite file, and the sigma secrets in another.
//!
//! Write-ahead log, `synchronous=FULL`, foreign keys on, files of mode 0600. One connection writes and writers queue for it in order;
//! several read beside it. Other processes may open the same file: they wait up to [`BUSY_TIMEOUT`].

mod cases;
mod exposures;
pub(crate) mod file;
mod index;
mod listing;
mod openings;
mod orders;
mod outbox;
mod payments;
mod queries;
mod register;
mod restrictions;
pub(crate) mod rows;
pub(crate) mod schema;
mod settings;
mod sigmas;

use crate::Result;
use file::DatabaseFile;
use std::path::Path;
use std::time::Duration;

pub use sigmas::SqliteSigmas;

/// How long a call waits for another process that writes, and for its turn among the writers of this one.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// The store in one SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    file: DatabaseFile,
}

impl SqliteStore {
    /// Opens the file, and creates it with mode 0600 when it is not there.
    ///
    /// # Errors
    /// [`Schema`](crate::StoreError::Schema) when another version of this program wrote it;
    /// [`Corrupt`](crate::StoreError::Corrupt) when it is damaged or no database;
    /// [`Unavailable`](crate::StoreError::Unavailable) when it cannot be opened.
    pub async fn open(path: &Path) -> Result<Self> {
        Ok(Self { file: DatabaseFile::open(path, schema::CUSTODIAN, file::Erasure::Keep).await? })
    }

    /// Waits for running calls and closes the file.
    pub async fn close(&self) {
        self.file.close().await;
    }
}

#[cfg(test)]
mod tests;
