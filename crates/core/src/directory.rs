//! The authority directory: who asks, who instructs them, and the keys and numbers we checked ourselves.
//!
//! Bytes: `docs/formats/directory.md`. The digest of the directory in force stands in the control state.

use crate::country::Country;
use crate::facts::ascending;
use crate::id::{AuthorityId, Digest};
use crate::json::Document;
use crate::reading::DAILY_OPERATION;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the directory format.
    DirectoryV1 = "countersign/directory/v1"
);

named_enum!(
    /// What an authority is.
    AuthorityKind, "a kind of authority" {
        /// Court.
        Court = "court",
        /// Prosecutor.
        Prosecutor = "prosecutor",
        /// Police.
        Police = "police",
        /// Financial intelligence unit.
        Fiu = "fiu",
        /// Tax authority.
        Tax = "tax",
        /// Supervisor or regulator.
        Regulator = "regulator",
        /// Intelligence or security service.
        Intelligence = "intelligence",
        /// Not known.
        Unknown = "unknown",
    }
);

named_enum!(
    /// Standing in the authority's own peer network.
    Standing, "a standing" {
        /// Member in good standing.
        Good = "good",
        /// Suspended.
        Suspended = "suspended",
        /// Not known.
        Unknown = "unknown",
    }
);

/// Keys to which packages for the authority are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipientKeys {
    /// Digest of the X-Wing public key.
    pub xwing: Digest,
    /// The X-Wing public key, base64 with padding.
    pub xwing_key: String,
    /// The age recipient (`age1...`) of the outer file.
    pub age: String,
}

/// One authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Short name, unique in the directory.
    pub id: AuthorityId,
    /// Full name.
    pub name: String,
    /// State whose authority it is.
    pub state: Country,
    /// What it is.
    pub kind: AuthorityKind,
    /// 3 independent court, 2 independent by law, 1 nominally, 0 not.
    pub independence: u8,
    /// Whether it is subordinate to a security service; `None` is unknown.
    pub security_service: Option<bool>,
    /// Standing in its peer network.
    pub standing: Standing,
    /// States that sanction it, its ministry or its bank, sorted.
    pub sanctioned_in: Vec<Country>,
    /// Telephone number for call-backs, E.164, checked by ourselves.
    pub call_back: Option<String>,
    /// Ed25519 key (32 bytes, hexadecimal) under which it signs requests and delay orders.
    pub signing_key: Option<Digest>,
    /// Keys for packages.
    pub recipient: Option<RecipientKeys>,
    /// Where these facts come from.
    pub source: String,
    /// When they were last checked.
    pub checked: Timestamp,
}

/// All authorities of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Format version.
    pub v: DirectoryV1,
    /// Version number, rising.
    pub version: u32,
    /// The authorities, sorted by id.
    pub authorities: Vec<Authority>,
}

impl Directory {
    /// The authority with this id.
    pub fn get(&self, id: &AuthorityId) -> Option<&Authority> {
        self.authorities.iter().find(|authority| authority.id == *id)
    }
}

impl Document for Directory {
    const WHAT: &'static str = "authority directory";
    const DOMAIN: &'static str = DirectoryV1::TEXT;
    const MAX_LEN: usize = 16 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let each = |rule: fn(&Authority) -> bool| self.authorities.iter().all(rule);
        let rules = [
            (
                self.authorities.is_sorted_by(|left, right| left.id < right.id),
                "authorities are not sorted by id or repeat one",
            ),
            (
                each(|authority| authority.id.as_str() != DAILY_OPERATION),
                "an authority has the id of orders that no authority asked for",
            ),
            (each(|authority| authority.independence <= 3), "`independence` is above 3"),
            (each(|authority| ascending(&authority.sanctioned_in)), "`sanctioned_in` is not sorted or repeats"),
            (each(|authority| !authority.source.trim().is_empty()), "an authority has no `source`"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
