//! Why a trustee did not do what it was asked, by what its operator can do about it.

use countersign_seal::dkg::DkgError;
use countersign_seal::life::LifeError;
use countersign_verify::founding::FoundingError;
use std::path::PathBuf;

/// Why a trustee did not do what it was asked. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum TrusteeError {
    /// Secrets are there already; they are never overwritten.
    #[error("`{0}` exists already: a trustee's keys are never overwritten")]
    Exists(PathBuf),
    /// The secrets cannot be read: missing, or the passphrase is wrong.
    #[error("cannot read the trustee's secrets: {0}")]
    Secrets(String),
    /// Disk or database: the same call may succeed later.
    #[error("cannot {doing}: {reason}")]
    Storage {
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        reason: String,
    },
    /// Another program wrote in the trustee's folder meanwhile, for example because its owner has paused it: the same call begins with
    /// what holds now.
    #[error("another program works in this trustee's folder and was faster: try again")]
    Overtaken,
    /// What was kept is not what it must be.
    #[error("{what} is damaged: {reason}; stop, keep a copy of the folder and look for the cause")]
    Damaged {
        /// What was read.
        what: String,
        /// Which rule it breaks.
        reason: String,
    },
    /// A document given to the trustee is not acceptable.
    #[error("{what}: {reason}")]
    Document {
        /// Which document.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// Something must be installed or read first.
    #[error("the trustee is not ready: {0}")]
    NotReady(String),
    /// The key ceremony stops; where one party is to blame it is named.
    #[error(transparent)]
    Ceremony(#[from] DkgError),
    /// A resharing or a repair stops; where one party is to blame it is named.
    #[error(transparent)]
    Life(#[from] LifeError),
    /// A message of the ceremony, a resharing or a repair differs from one that was acted on before.
    #[error("exchange between trustees: {0}")]
    CeremonyRepeated(&'static str),
    /// The founding ceremony stops; where one party is to blame it is named.
    #[error(transparent)]
    Founding(#[from] FoundingError),
    /// The meeting place of a ceremony does not answer; later it may.
    #[error("the meeting place: {0}")]
    Meeting(String),
    /// The meeting place does not take a message of this trustee.
    #[error("the meeting place does not take `{item}`: {reason}")]
    NotTaken {
        /// Which message.
        item: String,
        /// What it says.
        reason: String,
    },
    /// The source of the journal does not answer; later it may.
    #[error("journal, {path}: {reason}")]
    JournalUnavailable {
        /// What was asked for.
        path: String,
        /// What the source says.
        reason: String,
    },
    /// The journal served is not the one folded before, or not witnessed as the policy in force demands.
    #[error("journal refused: {0}")]
    JournalRefused(String),
}

/// Result of a trustee's work.
pub type Result<T> = std::result::Result<T, TrusteeError>;

impl TrusteeError {
    /// Whether nobody knows any more what is kept, so that it must be read again.
    pub(crate) fn leaves_doubt(&self) -> bool {
        matches!(self, Self::Storage { .. } | Self::Damaged { .. } | Self::Overtaken)
    }

    pub(crate) fn storage(doing: &'static str, reason: impl ToString) -> Self {
        Self::Storage { doing, reason: reason.to_string() }
    }

    pub(crate) fn damaged(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Damaged { what: what.into(), reason: reason.to_string() }
    }

    pub(crate) fn document(what: &'static str, reason: impl ToString) -> Self {
        Self::Document { what, reason: reason.to_string() }
    }
}
