//! Payments in memory.

use super::MemoryStore;
use crate::register::Imported;
use crate::{ImportSummary, Payment, PaymentWriter, Payments, PaymentsStart, Result, StoreError, Tag};
use async_trait::async_trait;
use countersign_core::id::{Digest, Handle};
use countersign_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

#[async_trait]
impl Payments for MemoryStore {
    async fn begin_payments(&self, digest: &Digest) -> Result<PaymentsStart> {
        if let Some(before) = self.lock().imports.get(digest) {
            return Ok(PaymentsStart::AlreadyImported(before.clone()));
        }
        let imported = Imported::new(*digest, "payments");
        Ok(PaymentsStart::Open(Box::new(Writer { store: self.clone(), payments: Vec::new(), imported })))
    }

    async fn distinct_payers(&self, address: &Tag) -> Result<u64> {
        let state = self.lock();
        let payers: BTreeSet<Tag> =
            state.payments.iter().filter(|payment| payment.address == *address).map(|payment| payment.payer).collect();
        Ok(payers.len() as u64)
    }

    async fn addresses_paid(&self, clients: &[Handle]) -> Result<BTreeMap<Tag, u64>> {
        let state = self.lock();
        let paid: BTreeSet<(Tag, Handle)> = state
            .payments
            .iter()
            .filter_map(|payment| Some((payment.address, *state.references.get(&payment.payer)?)))
            .filter(|(_, client)| clients.contains(client))
            .collect();
        let mut counted = BTreeMap::new();
        for (address, _) in paid {
            *counted.entry(address).or_default() += 1;
        }
        Ok(counted)
    }

    async fn payments(&self) -> Result<u64> {
        Ok(self.lock().payments.len() as u64)
    }
}

struct Writer {
    store: MemoryStore,
    payments: Vec<Payment>,
    imported: Imported,
}

#[async_trait]
impl PaymentWriter for Writer {
    async fn add(&mut self, payments: Vec<Payment>) -> Result<()> {
        payments.iter().try_for_each(Payment::check)?;
        self.imported.add(payments.len());
        self.payments.extend(payments);
        Ok(())
    }

    async fn commit(self: Box<Self>, skipped: u64, at: Timestamp) -> Result<ImportSummary> {
        let summary = self.imported.summary(skipped, at);
        let mut state = self.store.lock();
        if state.imports.contains_key(&summary.digest) {
            return Err(StoreError::conflict(
                format!("import {}", summary.digest),
                "was made by somebody else meanwhile",
            ));
        }
        state.imports.insert(summary.digest, summary.clone());
        state.payments.extend(self.payments);
        Ok(summary)
    }
}
