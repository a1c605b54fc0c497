//! The sigma secrets on SQLite: a file that overwrites what it deletes.

use super::file::{DatabaseFile, Erasure};
use super::rows::unavailable;
use super::schema;
use crate::sigmas::replaced;
use crate::{Result, Sigma, Sigmas, StoreError, sql};
use async_trait::async_trait;
use countersign_core::id::Handle;
use sqlx::{Row, SqliteConnection};
use std::path::Path;
use zeroize::Zeroizing;

/// The sigma secrets in one SQLite file (`sigma.db`).
#[derive(Debug, Clone)]
pub struct SqliteSigmas {
    pub(super) file: DatabaseFile,
}

impl SqliteSigmas {
    /// Opens the file, and creates it with mode 0600 when it is not there.
    ///
    /// # Errors
    /// As [`SqliteStore::open`](super::SqliteStore::open).
    pub async fn open(path: &Path) -> Result<Self> {
        Ok(Self { file: DatabaseFile::open(path, schema::SIGMA, Erasure::Overwrite).await? })
    }

    /// Waits for running calls and closes the file.
    pub async fn close(&self) {
        self.file.close().await;
    }
}

#[async_trait]
impl Sigmas for SqliteSigmas {
    async fn put_sigmas(&self, sigmas: &[(Handle, Sigma)]) -> Result<()> {
        let mut transaction = self.file.write().await?;
        for (handle, sigma) in sigmas {
            match find(&mut transaction, handle).await? {
                Some(kept) if *kept == **sigma => {}
                Some(_) => return Err(replaced(handle)),
                None => {
                    sqlx::query(sql::SIGMA_INSERT)
                        .bind(handle.as_bytes().as_slice())
                        .bind(sigma.as_slice())
                        .execute(&mut *transaction)
                        .await
                        .map_err(|error| unavailable("keep a sigma", error))?;
                }
            }
        }
        transaction.commit().await.map_err(|error| unavailable("keep a sigma", error))
    }

    async fn sigma(&self, handle: &Handle) -> Result<Option<Sigma>> {
        let mut transaction = self.file.read().await?;
        find(&mut transaction, handle).await
    }

    async fn delete_sigma(&self, handle: &Handle) -> Result<bool> {
        let failed = |error| unavailable("erase a sigma", error);
        let mut transaction = self.file.write().await?;
        let deleted = sqlx::query(sql::SIGMA_DELETE)
            .bind(handle.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        // The write-ahead log still holds the page as it was; an erasure is done only when that is gone too.
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(self.file.writer()).await.map_err(failed)?;
        let busy: i64 = row.try_get(0).map_err(failed)?;
        if busy != 0 {
            return Err(StoreError::Unavailable {
                doing: "erase a sigma from the write-ahead log",
                reason: "another connection still reads it; erase it again".to_owned(),
            });
        }
        Ok(deleted.rows_affected() > 0)
    }
}

async fn find(connection: &mut SqliteConnection, handle: &Handle) -> Result<Option<Sigma>> {
    const WHAT: &str = "a sigma";
    let row = sqlx::query(sql::SIGMA_BY_HANDLE)
        .bind(handle.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .map_err(|error| unavailable("read a sigma", error))?;
    let Some(row) = row else { return Ok(None) };
    let found: &[u8] = row.try_get(0).map_err(|error| StoreError::corrupt(WHAT, error))?;
    let mut sigma: Sigma = Zeroizing::new([0; 32]);
    if found.len() != sigma.len() {
        return Err(StoreError::corrupt(WHAT, "not 32 bytes"));
    }
    sigma.copy_from_slice(found);
    Ok(Some(sigma))
}
