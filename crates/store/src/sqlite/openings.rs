//! Openings on SQLite.

use super::SqliteStore;
use super::outbox::{find_disclosures, keep_leaves};
use super::rows::{blob, bytes, number, text, unavailable};
use crate::openings::{not_sealed, opened_already};
use crate::{ClosedLeaf, LeafKey, NewOpening, Openings, Result, SealedLeaf, StoreError, sql};
use async_trait::async_trait;
use countersign_core::id::CaseId;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

const WHAT: &str = "a closed leaf";

#[async_trait]
impl Openings for SqliteStore {
    async fn closed_leaves(&self, from: u64, limit: u32) -> Result<Vec<ClosedLeaf>> {
        let from = i64::try_from(from).map_err(|error| StoreError::corrupt(WHAT, error))?;
        let mut transaction = self.file.read().await?;
        sqlx::query(sql::CLOSED_LEAVES)
            .bind(from)
            .bind(i64::from(limit))
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("list closed leaves", error))?
            .iter()
            .map(read_closed)
            .collect()
    }

    async fn sealed_leaf(&self, key: &LeafKey) -> Result<Option<SealedLeaf>> {
        let mut transaction = self.file.read().await?;
        let Some(disclosures) = find_disclosures(&mut transaction, key).await? else { return Ok(None) };
        let row = sqlx::query(sql::LEAF_BY_KEY)
            .bind(key.as_slice())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(|error| unavailable("read a leaf", error))?;
        let Some(row) = row else { return Err(StoreError::corrupt(WHAT, "the journal does not have it")) };
        Ok(Some(SealedLeaf { index: number(&row, 0, WHAT)?, leaf: blob(&row, 1, WHAT)?, disclosures }))
    }

    async fn append_openings(&self, openings: Vec<NewOpening>) -> Result<()> {
        let mut transaction = self.file.write().await?;
        for opening in &openings {
            keep_leaves(&mut transaction, std::slice::from_ref(&opening.leaf)).await?;
            for key in &opening.opens {
                note(&mut transaction, key, &opening.leaf.key).await?;
            }
        }
        transaction.commit().await.map_err(|error| unavailable("keep openings", error))
    }
}

/// Notes that `opening` opens the leaf.
async fn note(connection: &mut SqliteConnection, key: &LeafKey, opening: &LeafKey) -> Result<()> {
    let before = sqlx::query(sql::OPENED_BY_KEY)
        .bind(key.as_slice())
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| unavailable("read openings", error))?;
    if let Some(row) = before {
        let before: LeafKey = bytes(&row, 0, "an opening")?;
        return if before == *opening { Ok(()) } else { Err(opened_already(key)) };
    }
    sqlx::query(sql::OPENED_INSERT)
        .bind(key.as_slice())
        .bind(opening.as_slice())
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| match error.as_database_error() {
            Some(found) if found.is_foreign_key_violation() => not_sealed(key),
            _ => unavailable("keep openings", error),
        })
}

fn read_closed(row: &SqliteRow) -> Result<ClosedLeaf> {
    let case: Option<Vec<u8>> = row.try_get(3).map_err(|error| StoreError::corrupt(WHAT, error))?;
    let case = match case {
        None => None,
        Some(_) => Some(CaseId(bytes(row, 3, WHAT)?)),
    };
    Ok(ClosedLeaf { index: number(row, 0, WHAT)?, key: bytes(row, 1, WHAT)?, kind: text(row, 2, WHAT)?, case })
}
