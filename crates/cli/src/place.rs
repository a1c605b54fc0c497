//! Where things lie in a folder of countersign. Parties are kept apart: what is under `custodian/` is all that the custodian has.

use countersign_core::id::{AuthorityId, PersonId};
pub(crate) use countersign_open::{AGE_KEY, RECIPIENT_KEY};
use std::path::{Path, PathBuf};

/// A folder made by `countersign init` or `countersign demo`.
#[derive(Debug, Clone)]
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn custodian(&self) -> PathBuf {
        self.0.join("custodian")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.custodian().join("config.json")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.custodian().join("lock")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.custodian().join("custodian.db")
    }

    pub(crate) fn sigmas(&self) -> PathBuf {
        self.custodian().join("sigma.db")
    }

    /// The public log: checkpoint, vkey, tile/...
    pub(crate) fn log(&self) -> PathBuf {
        self.custodian().join("log")
    }

    /// The index of the chain, with what is the custodian's own in it.
    pub(crate) fn trace(&self) -> PathBuf {
        self.0.join("trace")
    }

    /// The founding ceremony: terms, messages of the trustees, its log.
    pub(crate) fn ceremony(&self) -> PathBuf {
        self.custodian().join("ceremony")
    }

    /// The public log of the founding ceremony.
    pub(crate) fn ceremony_log(&self) -> PathBuf {
        self.ceremony().join("log")
    }

    /// Packages for authorities.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.custodian().join("outbox")
    }

    /// Evidence of releases, one folder per order.
    pub(crate) fn evidence(&self) -> PathBuf {
        self.custodian().join("evidence")
    }

    /// Drafts of changes of the control state.
    pub(crate) fn changes(&self) -> PathBuf {
        self.custodian().join("changes")
    }

    pub(crate) fn document(&self, name: &str) -> PathBuf {
        self.custodian().join("documents").join(name)
    }

    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.custodian().join("keys").join(name)
    }

    pub(crate) fn trustee(&self, index: u16) -> PathBuf {
        self.0.join("trustees").join(index.to_string())
    }

    pub(crate) fn witness(&self, number: u16) -> PathBuf {
        self.0.join("witnesses").join(number.to_string())
    }

    pub(crate) fn person(&self, id: &PersonId) -> PathBuf {
        self.0.join("people").join(id.as_str())
    }

    /// The workspace of counsel: none of the custodian's.
    pub(crate) fn counsel(&self) -> PathBuf {
        self.0.join("counsel")
    }

    pub(crate) fn authority(&self, id: &AuthorityId) -> PathBuf {
        self.0.join("authority").join(id.as_str())
    }

    pub(crate) fn input(&self) -> PathBuf {
        self.0.join("input")
    }
}

/// Name of a person's signing key file.
pub(crate) const SIGNING_KEY: &str = "signing.key";
/// Name of a case officer's age identity, which opens raw requests.
pub(crate) const CASE_KEY: &str = "case.agekey";
/// Name of an agent's X-Wing seed, to which readings are encrypted.
pub(crate) const READER_KEY: &str = "reader.key";
/// Name of an authority's Ed25519 key file.
pub(crate) const AUTHORITY_KEY: &str = "signing.key";
