//! Port: the custodian's own settings, small values under names.

use crate::{Result, StoreError};
use async_trait::async_trait;

/// Longest value in bytes; larger things are documents.
const MAX_SETTING: usize = 1024 * 1024;

/// The custodian's own settings.
#[async_trait]
pub trait Settings: Send + Sync {
    /// The value under a name.
    async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>>;

    /// Sets a value, whatever stood there.
    async fn set_setting(&self, name: &str, value: &[u8]) -> Result<()>;

    /// Sets a value that never changes. The same value again is `Ok`.
    ///
    /// # Errors
    /// [`Conflict`](crate::StoreError::Conflict) when another value stands there.
    async fn set_setting_once(&self, name: &str, value: &[u8]) -> Result<()>;
}

/// Rules that need nothing of what is kept.
pub(crate) fn check(name: &str, value: &[u8]) -> Result<()> {
    if name.is_empty() || value.len() > MAX_SETTING {
        return Err(StoreError::refused(format!("setting `{name}`"), "needs a name, and a value of at most 1 MiB"));
    }
    Ok(())
}

pub(crate) fn changed(name: &str) -> StoreError {
    StoreError::conflict(format!("setting `{name}`"), "has another value and never changes")
}
