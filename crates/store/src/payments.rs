//! Port: who paid which address, as keyed tags only, to count people before anybody is named.

use crate::{ImportSummary, Result, StoreError, Tag};
use async_trait::async_trait;
use countersign_core::id::{Digest, Handle};
use countersign_core::time::Timestamp;
use std::collections::BTreeMap;

/// One payment of a client to an address on a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// Tag of chain and address.
    pub address: Tag,
    /// Tag of the payer's account: the client's reference.
    pub payer: Tag,
    /// Amount in the chain's smallest unit.
    pub amount: i64,
    /// Time of the payment.
    pub at: Timestamp,
}

impl Payment {
    pub(crate) fn check(&self) -> Result<()> {
        if self.amount < 0 {
            return Err(StoreError::refused(format!("a payment of {}", self.amount), "is negative"));
        }
        Ok(())
    }
}

/// How an import of payments begins.
pub enum PaymentsStart {
    /// A file of this digest was imported before.
    AlreadyImported(ImportSummary),
    /// Payments may be added; nothing is kept before `commit`, and dropping the writer keeps nothing.
    Open(Box<dyn PaymentWriter>),
}

/// The one transaction of an import of payments.
#[async_trait]
pub trait PaymentWriter: Send {
    /// Adds payments to the import.
    ///
    /// # Errors
    /// [`Refused`](crate::StoreError::Refused) when an amount is negative.
    async fn add(&mut self, payments: Vec<Payment>) -> Result<()>;

    /// Keeps everything that was added.
    async fn commit(self: Box<Self>, skipped: u64, at: Timestamp) -> Result<ImportSummary>;
}

/// Payments. There is no method that lists payers.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Begins an import. Until its writer is committed or dropped, other writers wait.
    async fn begin_payments(&self, digest: &Digest) -> Result<PaymentsStart>;

    /// How many distinct clients paid an address.
    async fn distinct_payers(&self, address: &Tag) -> Result<u64>;

    /// How many of these clients paid each address that any of them paid. The clients are distinct.
    async fn addresses_paid(&self, clients: &[Handle]) -> Result<BTreeMap<Tag, u64>>;

    /// How many payments are kept.
    async fn payments(&self) -> Result<u64>;
}
