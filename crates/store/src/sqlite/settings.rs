//! Settings on SQLite.

use super::SqliteStore;
use super::rows::{blob, unavailable};
use crate::settings::{changed, check};
use crate::{Result, Settings, sql};
use async_trait::async_trait;
use sqlx::SqliteConnection;

#[async_trait]
impl Settings for SqliteStore {
    async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let mut transaction = self.file.read().await?;
        find(&mut transaction, name).await
    }

    async fn set_setting(&self, name: &str, value: &[u8]) -> Result<()> {
        check(name, value)?;
        let mut transaction = self.file.write().await?;
        set(&mut transaction, name, value).await?;
        transaction.commit().await.map_err(|error| unavailable("keep a setting", error))
    }

    async fn set_setting_once(&self, name: &str, value: &[u8]) -> Result<()> {
        check(name, value)?;
        let mut transaction = self.file.write().await?;
        match find(&mut transaction, name).await? {
            Some(kept) if kept == value => return Ok(()),
            Some(_) => return Err(changed(name)),
            None => set(&mut transaction, name, value).await?,
        }
        transaction.commit().await.map_err(|error| unavailable("keep a setting", error))
    }
}

async fn find(connection: &mut SqliteConnection, name: &str) -> Result<Option<Vec<u8>>> {
    sqlx::query(sql::SETTING_BY_NAME)
        .bind(name)
        .fetch_optional(connection)
        .await
        .map_err(|error| unavailable("read a setting", error))?
        .map(|row| blob(&row, 0, "a setting"))
        .transpose()
}

async fn set(connection: &mut SqliteConnection, name: &str, value: &[u8]) -> Result<()> {
    sqlx::query(sql::SETTING_SET)
        .bind(name)
        .bind(value)
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| unavailable("keep a setting", error))
}
