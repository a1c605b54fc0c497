//! Port: the custodian's own settings, small values under names.

use crate::Result;
use async_trait::async_trait;

/// Longest value in bytes.
pub const MAX_SETTING: usize = 1024 * 1024;

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
