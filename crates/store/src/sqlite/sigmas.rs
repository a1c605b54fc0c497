//! The sigma secrets on SQLite: a file that overwrites what it deletes.

use super::file::{DatabaseFile, Erasure};
use super::rows::{bytes, unavailable};
use super::schema;
use crate::sigmas::replaced;
use crate::sql::{self, ManyRows};
use crate::{Result, Sigma, Sigmas, StoreError};
use async_trait::async_trait;
use countersign_core::id::Handle;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};
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
        for chunk in sigmas.chunks(ManyRows::MOST) {
            let handles: Vec<Handle> = chunk.iter().map(|(handle, _)| *handle).collect();
            let kept = find(&mut transaction, &handles).await?;
            let mut new: BTreeMap<Handle, &Sigma> = BTreeMap::new();
            for (handle, sigma) in chunk {
                match kept.get(handle).or_else(|| new.get(handle).copied()) {
                    Some(there) if **there == **sigma => {}
                    Some(_) => return Err(replaced(handle)),
                    None => drop(new.insert(*handle, sigma)),
                }
            }
            if new.is_empty() {
                continue;
            }
            let mut query = sqlx::query(AssertSqlSafe(sql::SIGMAS_INSERT.text(new.len())));
            for (handle, sigma) in &new {
                query = query.bind(handle.as_bytes().as_slice()).bind(sigma.as_slice());
            }
            query.execute(&mut *transaction).await.map_err(|error| unavailable("keep sigmas", error))?;
        }
        transaction.commit().await.map_err(|error| unavailable("keep a sigma", error))
    }

    async fn sigma(&self, handle: &Handle) -> Result<Option<Sigma>> {
        let mut transaction = self.file.read().await?;
        Ok(find(&mut transaction, std::slice::from_ref(handle)).await?.remove(handle))
    }

    async fn have_sigmas(&self, clients: &[Handle]) -> Result<BTreeSet<Handle>> {
        let mut transaction = self.file.read().await?;
        let mut have = BTreeSet::new();
        for chunk in clients.chunks(ManyRows::MOST) {
            let mut query = sqlx::query(AssertSqlSafe(sql::CLIENTS_WITH_SIGMA.text(chunk.len())));
            for handle in chunk {
                query = query.bind(handle.as_bytes().as_slice());
            }
            let rows = query.fetch_all(&mut *transaction).await;
            for row in rows.map_err(|error| unavailable("look for sigmas", error))? {
                have.insert(Handle(bytes(&row, 0, "a sigma's client")?));
            }
        }
        Ok(have)
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

async fn find(connection: &mut SqliteConnection, handles: &[Handle]) -> Result<BTreeMap<Handle, Sigma>> {
    const WHAT: &str = "a sigma";
    if handles.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut query = sqlx::query(AssertSqlSafe(sql::SIGMAS_BY_HANDLE.text(handles.len())));
    for handle in handles {
        query = query.bind(handle.as_bytes().as_slice());
    }
    let rows = query.fetch_all(connection).await.map_err(|error| unavailable("read a sigma", error))?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let kept: &[u8] = row.try_get(1).map_err(|error| StoreError::corrupt(WHAT, error))?;
        let mut sigma: Sigma = Zeroizing::new([0; 32]);
        if kept.len() != sigma.len() {
            return Err(StoreError::corrupt(WHAT, "not 32 bytes"));
        }
        sigma.copy_from_slice(kept);
        found.insert(Handle(bytes(row, 0, WHAT)?), sigma);
    }
    Ok(found)
}
