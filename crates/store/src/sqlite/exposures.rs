//! Runs over own deposits on SQLite.

use super::SqliteStore;
use super::outbox::{keep_documents, keep_leaves};
use super::rows::{bytes, number, unavailable};
use crate::exposures::{answered_before, out_of_turn};
use crate::{Exposures, KeptExposures, NewExposures, Result, sql};
use async_trait::async_trait;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

const WHAT: &str = "a run over own deposits";

#[async_trait]
impl Exposures for SqliteStore {
    async fn keep_exposures(&self, run: NewExposures) -> Result<()> {
        run.check()?;
        let failed = |error| unavailable("keep a run over own deposits", error);
        let mut transaction = self.file.write().await?;
        let last = last(&mut transaction, &run.order).await?.map_or(0, |last| last.number);
        if last.checked_add(1) != Some(run.number) {
            return Err(out_of_turn(&run));
        }
        for deposit in &run.deposits {
            if find(&mut transaction, &run.order, deposit).await?.is_some() {
                return Err(answered_before(deposit));
            }
        }
        keep_documents(&mut transaction, &run.documents).await?;
        keep_leaves(&mut transaction, std::slice::from_ref(&run.leaf)).await?;
        let order = run.order.as_bytes().as_slice();
        let insert = sqlx::query(sql::EXPOSURE_RUN_INSERT)
            .bind(order)
            .bind(i64::from(run.number))
            .bind(run.document.as_bytes().as_slice())
            .bind(run.leaf.key.as_slice())
            .bind(run.at.unix());
        insert.execute(&mut *transaction).await.map_err(failed)?;
        for deposit in &run.deposits {
            let insert = sqlx::query(sql::EXPOSURE_DEPOSIT_INSERT)
                .bind(order)
                .bind(deposit.as_bytes().as_slice())
                .bind(i64::from(run.number));
            insert.execute(&mut *transaction).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn exposure_of(&self, order: &Digest, deposit: &Digest) -> Result<Option<KeptExposures>> {
        let mut transaction = self.file.read().await?;
        find(&mut transaction, order, deposit).await
    }

    async fn last_exposures(&self, order: &Digest) -> Result<Option<KeptExposures>> {
        let mut transaction = self.file.read().await?;
        last(&mut transaction, order).await
    }

    async fn deposits_answered(&self, order: &Digest, since: Timestamp) -> Result<u64> {
        let mut transaction = self.file.read().await?;
        let count = sqlx::query(sql::EXPOSURE_DEPOSITS_SINCE).bind(order.as_bytes().as_slice()).bind(since.unix());
        let row = count.fetch_one(&mut *transaction).await;
        number(&row.map_err(|error| unavailable("count deposits", error))?, 0, WHAT)
    }

    async fn answers_about(&self, deposit: &Digest) -> Result<u64> {
        let mut transaction = self.file.read().await?;
        let count = sqlx::query(sql::EXPOSURES_ABOUT).bind(deposit.as_bytes().as_slice());
        let row = count.fetch_one(&mut *transaction).await;
        number(&row.map_err(|error| unavailable("count answers", error))?, 0, WHAT)
    }
}

async fn find(connection: &mut SqliteConnection, order: &Digest, deposit: &Digest) -> Result<Option<KeptExposures>> {
    let find =
        sqlx::query(sql::EXPOSURE_OF_DEPOSIT).bind(order.as_bytes().as_slice()).bind(deposit.as_bytes().as_slice());
    let row = find.fetch_optional(connection).await;
    row.map_err(|error| unavailable("read a deposit", error))?.as_ref().map(kept).transpose()
}

async fn last(connection: &mut SqliteConnection, order: &Digest) -> Result<Option<KeptExposures>> {
    let last = sqlx::query(sql::EXPOSURE_LAST_RUN).bind(order.as_bytes().as_slice());
    let row = last.fetch_optional(connection).await;
    row.map_err(|error| unavailable("read a run", error))?.as_ref().map(kept).transpose()
}

fn kept(row: &SqliteRow) -> Result<KeptExposures> {
    Ok(KeptExposures {
        document: Digest(bytes(row, 0, WHAT)?),
        number: number(row, 1, WHAT)?,
        leaf: bytes(row, 2, WHAT)?,
    })
}
