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
use std::collections::BTreeSet;

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

named_enum!(
    /// A member of an authority's entry whose source is stated on its own.
    Field, "a member of an authority's entry" {
        /// Full name.
        Name = "name",
        /// Its state.
        State = "state",
        /// What it is.
        Kind = "kind",
        /// How independent it is.
        Independence = "independence",
        /// Whether a security service instructs it.
        SecurityService = "security_service",
        /// Standing in its peer network.
        Standing = "standing",
        /// States that sanction it.
        SanctionedIn = "sanctioned_in",
        /// Number for call-backs.
        CallBack = "call_back",
        /// Key of delay orders.
        SigningKey = "signing_key",
        /// Keys for packages.
        Recipient = "recipient",
        /// Keys of requests.
        RequestKeys = "request_keys",
        /// Its names in messages.
        NamedAs = "named_as",
    }
);

/// Where one member of an entry comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSource {
    /// Which member.
    pub field: Field,
    /// Act, register, page or conversation.
    pub source: String,
    /// When it was looked up.
    pub at: Timestamp,
    /// Whether one of our people compared the member with that source.
    pub verified: bool,
}

/// What an authority says about its own entry: its right of reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Its words, complete.
    pub said: String,
    /// The letter or person they come from.
    pub source: String,
    /// When they came.
    pub at: Timestamp,
}

/// What is known of an authority beside the members that policy reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dossier {
    /// Keys under which it signs requests, in the spellings of `docs/formats/inbound.md`, sorted.
    pub request_keys: Vec<String>,
    /// How it names itself in messages, `STATE/IDENTIFIER` in TS 103 120, sorted.
    pub named_as: Vec<String>,
    /// Sources of single members, sorted by member.
    pub sources: Vec<FieldSource>,
    /// What the authority says about its entry, the oldest first.
    pub replies: Vec<Reply>,
}

impl Dossier {
    /// Longest reply in bytes.
    pub const MAX_REPLY: usize = 8 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let full = |text: &str| !text.trim().is_empty();
        let rules = [
            (
                !(self.request_keys.is_empty()
                    && self.named_as.is_empty()
                    && self.sources.is_empty()
                    && self.replies.is_empty()),
                "a `dossier` says nothing: leave it out",
            ),
            (ascending(&self.request_keys), "`request_keys` is not sorted or repeats"),
            (ascending(&self.named_as), "`named_as` is not sorted or repeats"),
            (self.sources.is_sorted_by(|left, right| left.field < right.field), "`sources` is not sorted or repeats"),
            (self.sources.iter().all(|field| full(&field.source)), "an entry of `sources` has no `source`"),
            (self.replies.is_sorted_by_key(|reply| reply.at), "`replies` are not in the order of time"),
            (
                self.replies.iter().all(|reply| full(&reply.said) && reply.said.len() <= Self::MAX_REPLY),
                "a reply is empty or longer than 8 KiB",
            ),
            (self.replies.iter().all(|reply| full(&reply.source)), "a reply has no `source`"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
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
    /// More about it; the member is left out when there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dossier: Option<Dossier>,
}

impl Authority {
    /// Where a member comes from, when that was, and whether somebody compared it with that source; `None` for the last when the entry
    /// says only where it comes from as a whole.
    pub fn source_of(&self, field: Field) -> (&str, Timestamp, Option<bool>) {
        let sources = self.dossier.iter().flat_map(|dossier| &dossier.sources);
        sources
            .filter(|source| source.field == field)
            .map(|source| (source.source.as_str(), source.at, Some(source.verified)))
            .next()
            .unwrap_or((&self.source, self.checked, None))
    }
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

    /// The authority that names itself so in its messages.
    pub fn named(&self, name: &str) -> Option<&Authority> {
        self.authorities.iter().find(|authority| names_of(authority).any(|known| known == name))
    }
}

fn names_of(authority: &Authority) -> impl Iterator<Item = &str> {
    authority.dossier.iter().flat_map(|dossier| dossier.named_as.iter().map(String::as_str))
}

/// Whether no two authorities share a name in messages or a request key: a message must lead to one sender.
fn told_apart(authorities: &[Authority]) -> bool {
    let mut seen = BTreeSet::new();
    let dossiers = authorities.iter().filter_map(|authority| authority.dossier.as_ref());
    dossiers.flat_map(|dossier| dossier.named_as.iter().chain(&dossier.request_keys)).all(|text| seen.insert(text))
}

impl Document for Directory {
    const WHAT: &'static str = "authority directory";
    const DOMAIN: &'static str = DirectoryV1::TEXT;
    const MAX_LEN: usize = 16 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        self.authorities.iter().filter_map(|authority| authority.dossier.as_ref()).try_for_each(Dossier::check)?;
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
            (told_apart(&self.authorities), "two authorities share a name in messages or a request key"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
