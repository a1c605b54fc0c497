//! Cases on SQLite.

use super::SqliteStore;
use super::listing::summary;
use super::outbox::{find_disclosures, find_document, keep_documents, keep_leaves, page_of_disclosures};
use super::rows::{blob, bytes, kept, number, text, unavailable};
use crate::cases::{Novelty, novelty, read_case};
use crate::{
    Answered, AppendEvent, CaseLeaf, CaseSummary, Cases, Disclosures, LeafKey, NewLeaf, NewOrder, Result, StoreError,
    StoredDocument, sql,
};
use async_trait::async_trait;
use countersign_core::case::{Event, EventRecord};
use countersign_core::id::{CaseId, Digest};
use countersign_core::json::Exact;
use sqlx::SqliteConnection;

#[async_trait]
impl Cases for SqliteStore {
    async fn append(&self, event: AppendEvent) -> Result<()> {
        event.check()?;
        let mut transaction = self.file.write().await?;
        if find_novelty(&mut transaction, &event).await? == Novelty::Present {
            return Ok(());
        }
        keep_event(&mut transaction, &event).await?;
        transaction.commit().await.map_err(|error| unavailable("keep an event", error))
    }

    async fn append_leaves(&self, documents: Vec<StoredDocument>, leaves: Vec<NewLeaf>) -> Result<()> {
        let mut transaction = self.file.write().await?;
        keep_documents(&mut transaction, &documents).await?;
        keep_leaves(&mut transaction, &leaves).await?;
        transaction.commit().await.map_err(|error| unavailable("keep leaves", error))
    }

    async fn case(&self, case: &CaseId) -> Result<Option<Vec<Exact<EventRecord>>>> {
        let mut transaction = self.file.read().await?;
        let rows = sqlx::query(sql::EVENTS_OF_CASE)
            .bind(case.as_bytes().as_slice())
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("read a case", error))?;
        let events: Vec<Vec<u8>> = rows.iter().map(|row| blob(row, 0, "a case")).collect::<Result<_>>()?;
        if events.is_empty() { Ok(None) } else { read_case(case, events).map(Some) }
    }

    async fn cases(&self) -> Result<Vec<CaseSummary>> {
        let mut transaction = self.file.read().await?;
        sqlx::query(sql::CASES)
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("list cases", error))?
            .iter()
            .map(summary)
            .collect()
    }

    async fn leaves_of(&self, case: &CaseId) -> Result<Vec<CaseLeaf>> {
        let mut transaction = self.file.read().await?;
        sqlx::query(sql::LEAVES_OF_CASE)
            .bind(case.as_bytes().as_slice())
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("list the leaves of a case", error))?
            .iter()
            .map(|row| {
                Ok(CaseLeaf {
                    event: number(row, 0, "a case's leaf")?,
                    key: bytes(row, 1, "a case's leaf")?,
                    kind: text(row, 2, "a case's leaf")?,
                })
            })
            .collect()
    }

    async fn document(&self, digest: &Digest) -> Result<Option<StoredDocument>> {
        let mut transaction = self.file.read().await?;
        find_document(&mut transaction, digest).await
    }

    async fn disclosures_of(&self, key: &LeafKey) -> Result<Option<Disclosures>> {
        let mut transaction = self.file.read().await?;
        find_disclosures(&mut transaction, key).await
    }

    async fn disclosures(&self, after: Option<LeafKey>, limit: u32) -> Result<Vec<Disclosures>> {
        let mut transaction = self.file.read().await?;
        page_of_disclosures(&mut transaction, after, limit).await
    }
}

async fn find_novelty(connection: &mut SqliteConnection, event: &AppendEvent) -> Result<Novelty> {
    let failed = |error| unavailable("read a case", error);
    let record = event.record.value();
    let same_number = sqlx::query(sql::EVENT_AT)
        .bind(record.case.as_bytes().as_slice())
        .bind(i64::from(record.number))
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?
        .map(|row| bytes(&row, 0, "a case").map(Digest))
        .transpose()?;
    let last = sqlx::query(sql::EVENT_LAST)
        .bind(record.case.as_bytes().as_slice())
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?
        .map(|row| Ok((number(&row, 0, "a case")?, Digest(bytes(&row, 1, "a case")?))))
        .transpose()?;
    novelty(event, same_number, last)
}

async fn keep_event(connection: &mut SqliteConnection, event: &AppendEvent) -> Result<()> {
    let record = event.record.value();
    keep_documents(connection, &event.documents).await?;
    sqlx::query(sql::EVENT_INSERT)
        .bind(record.case.as_bytes().as_slice())
        .bind(i64::from(record.number))
        .bind(event.record.digest().as_bytes().as_slice())
        .bind(record.at.unix())
        .bind(event.record.bytes())
        .execute(&mut *connection)
        .await
        .map_err(|error| unavailable("keep an event", error))?;
    sqlx::query(sql::PLACE_MOVED)
        .bind(record.case.as_bytes().as_slice())
        .bind(i64::from(record.number))
        .bind(record.at.unix())
        .execute(&mut *connection)
        .await
        .map_err(|error| unavailable("keep an event", error))?;
    keep_leaves(connection, &event.leaves).await?;
    for (place, leaf) in event.leaves.iter().enumerate() {
        sqlx::query(sql::CASE_LEAF_INSERT)
            .bind(record.case.as_bytes().as_slice())
            .bind(i64::from(record.number))
            .bind(kept(place, "place")?)
            .bind(leaf.key.as_slice())
            .bind(leaf.kind.as_str())
            .execute(&mut *connection)
            .await
            .map_err(|error| match error.as_database_error() {
                Some(found) if found.is_unique_violation() => {
                    StoreError::conflict(leaf.what(), "belongs to another event")
                }
                _ => unavailable("keep a case's leaf", error),
            })?;
    }
    if let Some(order) = &event.order {
        keep_order(connection, record, order).await?;
    }
    if let Event::Signed { order, approval } = &record.event {
        keep_approval(connection, record, order, approval).await?;
    }
    if let Some(answered) = &event.answered {
        keep_answered(connection, record, answered).await?;
    }
    Ok(())
}

async fn keep_order(connection: &mut SqliteConnection, record: &EventRecord, order: &NewOrder) -> Result<()> {
    sqlx::query(sql::ORDER_INSERT)
        .bind(order.digest.as_bytes().as_slice())
        .bind(order.id.as_bytes().as_slice())
        .bind(record.case.as_bytes().as_slice())
        .bind(order.decision.as_bytes().as_slice())
        .bind(order.authority.as_str())
        .bind(i64::from(record.number))
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| match error.as_database_error() {
            Some(found) if found.is_unique_violation() => order.taken(),
            _ => unavailable("keep an order", error),
        })
}

async fn keep_approval(
    connection: &mut SqliteConnection,
    record: &EventRecord,
    order: &Digest,
    approval: &Digest,
) -> Result<()> {
    sqlx::query(sql::APPROVAL_INSERT)
        .bind(order.as_bytes().as_slice())
        .bind(i64::from(record.number))
        .bind(approval.as_bytes().as_slice())
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| match error.as_database_error() {
            Some(found) if found.is_unique_violation() => {
                StoreError::conflict(format!("approval {approval}"), "is under this order already")
            }
            Some(found) if found.is_foreign_key_violation() => {
                StoreError::refused(format!("approval {approval}"), "is for an order that was never proposed")
            }
            _ => unavailable("keep an approval", error),
        })
}

async fn keep_answered(connection: &mut SqliteConnection, record: &EventRecord, answered: &Answered) -> Result<()> {
    for counter in &answered.counters {
        let (dimension, key) = counter.parts();
        sqlx::query(sql::ANSWERED_INSERT)
            .bind(dimension)
            .bind(key)
            .bind(answered.order.as_bytes().as_slice())
            .bind(i64::from(answered.people))
            .bind(record.at.unix())
            .execute(&mut *connection)
            .await
            .map_err(|error| match error.as_database_error() {
                Some(found) if found.is_unique_violation() => answered.counted(),
                Some(found) if found.is_foreign_key_violation() => answered.unknown(),
                _ => unavailable("count people answered", error),
            })?;
    }
    Ok(())
}
