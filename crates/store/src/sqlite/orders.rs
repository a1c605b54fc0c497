//! Orders, effects, receipts and counters on SQLite.

use super::SqliteStore;
use super::outbox::keep_leaves;
use super::rows::{blob, bytes, number, text, time, unavailable};
use crate::cases::Novelty;
use crate::{
    Counter, EffectKey, LeafKey, NewEffect, NewLeaf, OpenEffect, OrderEntry, Orders, Receipt, Result, StoreError, sql,
};
use async_trait::async_trait;
use countersign_core::id::{AuthorityId, CaseId, Digest, OrderId};
use countersign_core::time::Timestamp;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

#[async_trait]
impl Orders for SqliteStore {
    async fn order(&self, digest: &Digest) -> Result<Option<OrderEntry>> {
        self.orders(sql::ORDER_BY_DIGEST, digest.as_bytes()).await.map(|mut found| found.pop())
    }

    async fn order_by_id(&self, id: &OrderId) -> Result<Option<OrderEntry>> {
        self.orders(sql::ORDER_BY_ID, id.as_bytes()).await.map(|mut found| found.pop())
    }

    async fn orders_of(&self, case: &CaseId) -> Result<Vec<OrderEntry>> {
        self.orders(sql::ORDERS_OF_CASE, case.as_bytes()).await
    }

    async fn begin_effect(&self, new: NewEffect) -> Result<()> {
        let mut transaction = self.file.write().await?;
        let kept = find_effect(&mut transaction, &new.effect).await?.map(|(intent, _)| intent);
        if new.novelty(kept)? == Novelty::Present {
            return Ok(());
        }
        keep_leaves(&mut transaction, std::slice::from_ref(&new.intent)).await?;
        sqlx::query(sql::EFFECT_INSERT)
            .bind(new.effect.kind.as_str())
            .bind(new.effect.subject.as_bytes().as_slice())
            .bind(new.at.unix())
            .bind(new.intent.key.as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(|error| unavailable("keep an intent", error))?;
        transaction.commit().await.map_err(|error| unavailable("keep an intent", error))
    }

    async fn finish_effect(&self, effect: &EffectKey, at: Timestamp, outcome: NewLeaf) -> Result<()> {
        let mut transaction = self.file.write().await?;
        let kept = find_effect(&mut transaction, effect).await?.map(|(_, outcome)| outcome);
        if effect.novelty_of(kept, &outcome.key)? == Novelty::Present {
            return Ok(());
        }
        keep_leaves(&mut transaction, std::slice::from_ref(&outcome)).await?;
        sqlx::query(sql::EFFECT_FINISH)
            .bind(effect.kind.as_str())
            .bind(effect.subject.as_bytes().as_slice())
            .bind(at.unix())
            .bind(outcome.key.as_slice())
            .execute(&mut *transaction)
            .await
            .map_err(|error| unavailable("keep an outcome", error))?;
        transaction.commit().await.map_err(|error| unavailable("keep an outcome", error))
    }

    async fn intent_of(&self, effect: &EffectKey) -> Result<Option<LeafKey>> {
        let mut transaction = self.file.read().await?;
        Ok(find_effect(&mut transaction, effect).await?.map(|(intent, _)| intent))
    }

    async fn open_effects(&self) -> Result<Vec<OpenEffect>> {
        let mut transaction = self.file.read().await?;
        sqlx::query(sql::EFFECTS_OPEN)
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("list open effects", error))?
            .iter()
            .map(|row| {
                Ok(OpenEffect {
                    effect: EffectKey {
                        kind: text(row, 0, "an effect")?,
                        subject: Digest(bytes(row, 1, "an effect")?),
                    },
                    at: time(row, 2, "an effect")?,
                    intent: bytes(row, 3, "an effect")?,
                })
            })
            .collect()
    }

    async fn add_receipt(&self, receipt: Receipt, leaf: NewLeaf) -> Result<()> {
        let mut transaction = self.file.write().await?;
        let kept = sqlx::query(sql::RECEIPT_BY_DIGEST)
            .bind(receipt.digest.as_bytes().as_slice())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(|error| unavailable("read a receipt", error))?
            .map(|row| read_receipt(&row))
            .transpose()?;
        if let Some(kept) = kept {
            return if kept.same(&receipt) { Ok(()) } else { Err(receipt.taken()) };
        }
        keep_leaves(&mut transaction, std::slice::from_ref(&leaf)).await?;
        sqlx::query(sql::RECEIPT_INSERT)
            .bind(receipt.digest.as_bytes().as_slice())
            .bind(receipt.order.as_bytes().as_slice())
            .bind(receipt.trustee.as_str())
            .bind(receipt.bytes.as_slice())
            .bind(receipt.at.unix())
            .execute(&mut *transaction)
            .await
            .map_err(|error| match error.as_database_error() {
                Some(found) if found.is_foreign_key_violation() => receipt.of_no_order(),
                _ => unavailable("keep a receipt", error),
            })?;
        transaction.commit().await.map_err(|error| unavailable("keep a receipt", error))
    }

    async fn receipts_of(&self, order: &Digest) -> Result<Vec<Receipt>> {
        let mut transaction = self.file.read().await?;
        sqlx::query(sql::RECEIPTS_OF_ORDER)
            .bind(order.as_bytes().as_slice())
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("list receipts", error))?
            .iter()
            .map(read_receipt)
            .collect()
    }

    async fn orders_answered(&self, since: Timestamp) -> Result<Vec<Digest>> {
        let mut transaction = self.file.read().await?;
        let rows = sqlx::query(sql::ORDERS_ANSWERED).bind(since.unix()).fetch_all(&mut *transaction).await;
        let rows = rows.map_err(|error| unavailable("list orders answered", error))?;
        rows.iter().map(|row| bytes(row, 0, "an order answered").map(Digest)).collect()
    }

    async fn people_answered(&self, counter: &Counter, since: Timestamp) -> Result<u64> {
        let (dimension, key) = counter.parts();
        let mut transaction = self.file.read().await?;
        let rows = sqlx::query(sql::ANSWERED_SINCE)
            .bind(dimension)
            .bind(key)
            .bind(since.unix())
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("add up people answered", error))?;
        // Added here, because databases differ in the type of a sum.
        rows.iter().try_fold(0_u64, |sum, row| {
            let people: u32 = number(row, 0, "a count of people answered")?;
            Ok(sum.saturating_add(u64::from(people)))
        })
    }
}

impl SqliteStore {
    async fn orders(&self, statement: &'static str, key: &[u8]) -> Result<Vec<OrderEntry>> {
        let mut transaction = self.file.read().await?;
        let failed = |error| unavailable("read an order", error);
        let rows = sqlx::query(statement).bind(key).fetch_all(&mut *transaction).await.map_err(failed)?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut order = read_order(row)?;
            order.approvals = sqlx::query(sql::APPROVALS_OF_ORDER)
                .bind(order.digest.as_bytes().as_slice())
                .fetch_all(&mut *transaction)
                .await
                .map_err(failed)?
                .iter()
                .map(|row| bytes(row, 0, "an approval").map(Digest))
                .collect::<Result<_>>()?;
            found.push(order);
        }
        Ok(found)
    }
}

fn read_order(row: &SqliteRow) -> Result<OrderEntry> {
    const WHAT: &str = "an order";
    Ok(OrderEntry {
        digest: Digest(bytes(row, 0, WHAT)?),
        id: OrderId(bytes(row, 1, WHAT)?),
        case: CaseId(bytes(row, 2, WHAT)?),
        decision: Digest(bytes(row, 3, WHAT)?),
        authority: AuthorityId::parse(&text(row, 4, WHAT)?).map_err(|error| StoreError::corrupt(WHAT, error))?,
        proposed: number(row, 5, WHAT)?,
        approvals: Vec::new(),
    })
}

fn read_receipt(row: &SqliteRow) -> Result<Receipt> {
    const WHAT: &str = "a receipt";
    Ok(Receipt {
        order: Digest(bytes(row, 0, WHAT)?),
        trustee: text(row, 1, WHAT)?,
        digest: Digest(bytes(row, 2, WHAT)?),
        bytes: blob(row, 3, WHAT)?,
        at: time(row, 4, WHAT)?,
    })
}

/// Keys of the intent's and the outcome's leaf.
async fn find_effect(
    connection: &mut SqliteConnection,
    effect: &EffectKey,
) -> Result<Option<(LeafKey, Option<LeafKey>)>> {
    const WHAT: &str = "an effect";
    let row = sqlx::query(sql::EFFECT_BY_KEY)
        .bind(effect.kind.as_str())
        .bind(effect.subject.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .map_err(|error| unavailable("read an effect", error))?;
    let Some(row) = row else { return Ok(None) };
    let outcome: Option<Vec<u8>> = sqlx::Row::try_get(&row, 1).map_err(|error| StoreError::corrupt(WHAT, error))?;
    let outcome = match outcome {
        None => None,
        Some(_) => Some(bytes(&row, 1, WHAT)?),
    };
    Ok(Some((bytes(&row, 0, WHAT)?, outcome)))
}
