//! The lookup: the decision to have blinded values evaluated under the index ring, for one enrolment or one question.
//!
//! Its digest is what the officer signs and what its leaf names. Bytes: `docs/formats/lookup.md`.

use crate::id::{CustodianId, Digest, OrderId, PersonId};
use crate::json::Document;
use crate::time::{HOUR, Timestamp};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the lookup format.
    LookupV1 = "countersign/lookup/v1"
);

/// Most blinded values of one lookup: one evaluation of RFC 9497 as the trustees limit it.
pub const MAX_EVALUATIONS: u32 = 1_000;

/// The longest time between `not_before` and `expires`.
pub const MAX_LOOKUP_LIFETIME: i64 = 24 * HOUR;

/// What the evaluation is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Purpose {
    /// New records enter the index: one value per record.
    Enrol {
        /// [`records_digest`] of the record ids, in the order of the blinded values.
        records: Digest,
    },
    /// One value is looked up.
    Find {
        /// Commitment of the case it is for.
        case: Digest,
        /// Who looks it up; signs the lookup.
        officer: PersonId,
        /// Commitment of the value: `D(lookup, salt, attribute, value)` of `docs/formats/blind-index.md`.
        value: Digest,
    },
}

/// One lookup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// Format version.
    pub v: LookupV1,
    /// 16 random bytes.
    pub id: OrderId,
    /// The custodian.
    pub custodian: CustodianId,
    /// Id of the index ring.
    pub ring: Digest,
    /// Name of the attribute, such as `lookup_email`.
    pub attribute: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Number of blinded values.
    pub count: u32,
    /// [`blinded_digest`] of the blinded values.
    pub blinded: Digest,
    /// From when.
    pub not_before: Timestamp,
    /// Until when, at most 24 hours later.
    pub expires: Timestamp,
}

impl Document for Lookup {
    const WHAT: &'static str = "lookup";
    const DOMAIN: &'static str = LookupV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let find = matches!(self.purpose, Purpose::Find { .. });
        let lifetime = self.expires.since(self.not_before);
        let name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        let rules = [
            ((1..=MAX_EVALUATIONS).contains(&self.count), "`count` is not 1 to 1000"),
            (!find || self.count == 1, "one value is looked up at a time"),
            ((1..=MAX_LOOKUP_LIFETIME).contains(&lifetime), "`expires` is not within 24 hours after `not_before`"),
            ((1..=64).contains(&self.attribute.len()) && self.attribute.bytes().all(name), "`attribute` is no name"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// parts("countersign/lookup/records/v1", every record id).
pub fn records_digest<'a>(records: impl IntoIterator<Item = &'a [u8; 32]>) -> Digest {
    let parts: Vec<&[u8]> = records.into_iter().map(<[u8; 32]>::as_slice).collect();
    crate::digest::parts("countersign/lookup/records/v1", &parts)
}

/// parts("countersign/lookup/blinded/v1", every encoded element).
pub fn blinded_digest<'a>(elements: impl IntoIterator<Item = &'a [u8; 32]>) -> Digest {
    let parts: Vec<&[u8]> = elements.into_iter().map(<[u8; 32]>::as_slice).collect();
    crate::digest::parts("countersign/lookup/blinded/v1", &parts)
}
