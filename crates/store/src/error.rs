//! Why a use case of the store did not happen, by what the caller can do about it.

/// Why a use case of the store did not happen. Nothing of it was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote first, or another thing is kept under the same name: read again, then decide.
    #[error("{what} {reason}")]
    Conflict {
        /// What was to be written, with its id.
        what: String,
        /// What stands there instead.
        reason: &'static str,
    },
    /// What was given cannot be kept: a mistake of the caller.
    #[error("{what} {reason}")]
    Refused {
        /// What was to be written, with its id.
        what: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// What was kept is not what it must be: stop and check the file.
    #[error("{what} is damaged: {reason}; stop, keep a copy of the file and restore from a backup")]
    Corrupt {
        /// What was read, with its id.
        what: String,
        /// Which rule it breaks.
        reason: String,
    },
    /// The file belongs to another version of this program.
    #[error("{file} has schema version {found} of `{component}`, this program needs {needed}")]
    Schema {
        /// The file.
        file: String,
        /// Which part of the schema.
        component: &'static str,
        /// Version found.
        found: i64,
        /// Version needed.
        needed: i64,
    },
    /// Busy, full, not allowed, gone: the same call may succeed later.
    #[error("the store cannot {doing}: {reason}")]
    Unavailable {
        /// What was tried.
        doing: &'static str,
        /// The reason the database or the system gives.
        reason: String,
    },
}

/// Result of a use case of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

impl StoreError {
    /// Another thing is kept under the name of `what`.
    pub fn conflict(what: impl Into<String>, reason: &'static str) -> Self {
        Self::Conflict { what: what.into(), reason }
    }

    /// `what` breaks a rule.
    pub fn refused(what: impl Into<String>, reason: &'static str) -> Self {
        Self::Refused { what: what.into(), reason }
    }

    /// What was read as `what` breaks a rule.
    pub fn corrupt(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Corrupt { what: what.into(), reason: reason.to_string() }
    }

    /// Whether the caller should read again and decide again.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}
