//! Port: the sigma secrets, one per client, in a small store of their own that can forget.

use crate::{Result, StoreError};
use async_trait::async_trait;
use countersign_core::id::Handle;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// A client's sigma: without it no copy and no backup of the client's records can ever be opened.
pub type Sigma = Zeroizing<[u8; 32]>;

/// The sigma secrets. A sigma without a record is harmless; a record without its sigma is erased.
#[async_trait]
pub trait Sigmas: Send + Sync {
    /// Keeps sigmas, all or none. The same sigma again is `Ok`.
    ///
    /// # Errors
    /// [`Conflict`](crate::StoreError::Conflict) when a client has another sigma: replacing it would erase the client's records.
    async fn put_sigmas(&self, sigmas: &[(Handle, Sigma)]) -> Result<()>;

    /// A client's sigma; `None` when the client is unknown or was erased.
    async fn sigma(&self, handle: &Handle) -> Result<Option<Sigma>>;

    /// Which of these clients have their sigma: unlike [`sigma`](Self::sigma) it hands out no secret.
    async fn have_sigmas(&self, clients: &[Handle]) -> Result<BTreeSet<Handle>>;

    /// Erases a client in every copy and backup of the register; whether there was a sigma.
    async fn delete_sigma(&self, handle: &Handle) -> Result<bool>;
}

pub(crate) fn replaced(handle: &Handle) -> StoreError {
    StoreError::conflict(format!("the sigma of client {handle}"), "is there with another value")
}
