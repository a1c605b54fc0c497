//! Payments on SQLite.

use super::SqliteStore;
use super::register::{find_import, keep_import};
use super::rows::{bytes, number, unavailable};
use crate::register::Imported;
use crate::sql::{self, ManyRows};
use crate::{ImportSummary, Payment, PaymentWriter, Payments, PaymentsStart, Result, Tag};
use async_trait::async_trait;
use countersign_core::id::{Digest, Handle};
use countersign_core::time::Timestamp;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use std::collections::BTreeMap;

#[async_trait]
impl Payments for SqliteStore {
    async fn begin_payments(&self, digest: &Digest) -> Result<PaymentsStart> {
        let mut transaction = self.file.write().await?;
        if let Some(before) = find_import(&mut transaction, digest).await? {
            return Ok(PaymentsStart::AlreadyImported(before));
        }
        Ok(PaymentsStart::Open(Box::new(Writer { transaction, imported: Imported::new(*digest, "payments") })))
    }

    async fn distinct_payers(&self, address: &Tag) -> Result<u64> {
        let mut transaction = self.file.read().await?;
        let row = sqlx::query(sql::DISTINCT_PAYERS)
            .bind(address.as_slice())
            .fetch_one(&mut *transaction)
            .await
            .map_err(|error| unavailable("count payers", error))?;
        number(&row, 0, "a count of payers")
    }

    async fn addresses_paid(&self, clients: &[Handle]) -> Result<BTreeMap<Tag, u64>> {
        let mut transaction = self.file.read().await?;
        let mut counted: BTreeMap<Tag, u64> = BTreeMap::new();
        for chunk in clients.chunks(sql::ManyRows::MOST) {
            let mut query = sqlx::query(AssertSqlSafe(sql::ADDRESSES_PAID.text(chunk.len())));
            for client in chunk {
                query = query.bind(client.as_bytes().as_slice());
            }
            let rows = query.fetch_all(&mut *transaction).await;
            for row in rows.map_err(|error| unavailable("count payers", error))? {
                *counted.entry(bytes(&row, 0, "a payment")?).or_default() +=
                    number::<u64>(&row, 1, "a count of payers")?;
            }
        }
        Ok(counted)
    }

    async fn payments(&self) -> Result<u64> {
        let mut transaction = self.file.read().await?;
        let row = sqlx::query(sql::COUNT_PAYMENTS)
            .fetch_one(&mut *transaction)
            .await
            .map_err(|error| unavailable("count payments", error))?;
        number(&row, 0, "a count of payments")
    }
}

struct Writer {
    transaction: Transaction<'static, Sqlite>,
    imported: Imported,
}

#[async_trait]
impl PaymentWriter for Writer {
    async fn add(&mut self, payments: Vec<Payment>) -> Result<()> {
        payments.iter().try_for_each(Payment::check)?;
        for chunk in payments.chunks(ManyRows::MOST) {
            let mut query = sqlx::query(AssertSqlSafe(sql::PAYMENTS_INSERT.text(chunk.len())));
            for payment in chunk {
                query = query
                    .bind(payment.address.as_slice())
                    .bind(payment.payer.as_slice())
                    .bind(payment.amount)
                    .bind(payment.at.unix());
            }
            query.execute(&mut *self.transaction).await.map_err(|error| unavailable("keep payments", error))?;
        }
        self.imported.add(payments.len());
        Ok(())
    }

    async fn commit(mut self: Box<Self>, skipped: u64, at: Timestamp) -> Result<ImportSummary> {
        let summary = self.imported.summary(skipped, at);
        keep_import(&mut self.transaction, &summary).await?;
        self.transaction.commit().await.map_err(|error| unavailable("keep payments", error))?;
        Ok(summary)
    }
}
