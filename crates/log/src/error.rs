//! Why the log does not go on, by what the caller can do about it.

use countersign_store::StoreError;

/// Why the log does not go on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// Going on could fork the log or build on damaged data. The process must not sign again before a person has looked.
    #[error("the log stops: {0}; run `countersign log fsck` before starting it again")]
    Stopped(String),
    /// The store, the place for the tiles or the network failed; the same step may succeed later.
    #[error("the log cannot {doing} now: {reason}")]
    Unavailable {
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        reason: String,
    },
    /// Too few witnesses have cosigned; the leaves are durable and stay unpublished until enough do.
    #[error("checkpoint of size {size} lacks a quorum of witnesses: {reasons}")]
    NoQuorum {
        /// Size of the checkpoint.
        size: u64,
        /// What each witness that did not cosign says.
        reasons: String,
    },
    /// No leaf was accepted under this key.
    #[error("no leaf was accepted under key {0}")]
    UnknownLeaf(String),
}

/// Result of a step of the log.
pub type Result<T> = std::result::Result<T, LogError>;

impl LogError {
    pub(crate) fn stopped(reason: impl ToString) -> Self {
        Self::Stopped(reason.to_string())
    }

    pub(crate) fn unavailable(doing: &'static str, reason: impl ToString) -> Self {
        Self::Unavailable { doing, reason: reason.to_string() }
    }

    /// Whether the log must not go on.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Stopped(_))
    }
}

/// Damage and conflicts stop the log; a store that is busy or full does not.
impl From<StoreError> for LogError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { doing, reason } => Self::Unavailable { doing, reason },
            other => Self::Stopped(other.to_string()),
        }
    }
}
