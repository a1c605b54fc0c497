//! Why a use case of the desk did not happen, by what the caller can do.

use countersign_core::case::WrongStage;
use countersign_core::id::InvalidId;
use countersign_core::json::DocumentError;
use countersign_store::StoreError;

/// Why a use case of the desk did not happen. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// What was entered does not fit; the text says what to change.
    #[error("{0}")]
    Input(String),
    /// There is no such thing.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The desk refuses, with a stable code.
    #[error("{code}: {detail}")]
    Refused {
        /// The code.
        code: &'static str,
        /// Why, and what to do.
        detail: String,
    },
    /// The case stands elsewhere.
    #[error(transparent)]
    Stage(#[from] WrongStage),
    /// The policy does not allow it.
    #[error("the policy does not allow this: {}", reasons.join(", "))]
    Denied {
        /// Reason codes.
        reasons: Vec<String>,
    },
    /// Too few trustees answered.
    #[error("{answered} of {needed} trustees answered; {}", refusals.join("; "))]
    Trustees {
        /// Trustees that answered.
        answered: usize,
        /// Threshold.
        needed: usize,
        /// What the others said.
        refusals: Vec<String>,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal could not do it: nothing may happen outside.
    #[error("the journal cannot publish: {0}")]
    Journal(String),
    /// A document of ours breaks a rule of its format.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Something inside is not as it must be.
    #[error("stopped: {0}")]
    Internal(String),
}

/// Result of a use case.
pub type Result<T> = std::result::Result<T, DeskError>;

impl From<InvalidId> for DeskError {
    fn from(error: InvalidId) -> Self {
        Self::Input(error.to_string())
    }
}

impl DeskError {
    pub(crate) fn not_found(what: &'static str, id: impl ToString) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }

    pub(crate) fn internal(reason: impl ToString) -> Self {
        Self::Internal(reason.to_string())
    }
}
