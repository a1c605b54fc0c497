//! The record of an update of a screening list: which list came into effect in place of which, and how much of it is different.
//!
//! Bytes and rules: `docs/formats/list-update.md`. What is listed stands on the list itself, which the digest names.

use crate::id::Digest;
use crate::json::Document;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the record.
    ListUpdateV1 = "countersign/list-update/v1"
);

/// Longest name of a source.
pub const MAX_SOURCE_BYTES: usize = 64;

/// An update of one source that took effect. An update that was held back is an incident and not this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListUpdate {
    /// Format version.
    pub v: ListUpdateV1,
    /// The source: 1 to 64 small letters, digits and `-`.
    pub source: String,
    /// Digest of the publisher's files, as `countersign lists` forms it.
    pub list: Digest,
    /// Digest of what was in effect before; `null` for the first list of a source.
    pub before: Option<Digest>,
    /// Entities listed after the update.
    pub listed: u32,
    /// Of these, new or listed again.
    pub added: u32,
    /// Of these, known before and different now.
    pub changed: u32,
    /// Entities no longer listed.
    pub removed: u32,
    /// Rows of the files that could not be used.
    pub rows_rejected: u32,
    /// Values left out of rows that were used.
    pub values_left_out: u32,
    /// When the files were read.
    pub at: Timestamp,
}

impl Document for ListUpdate {
    const WHAT: &'static str = "update of a list";
    const DOMAIN: &'static str = ListUpdateV1::TEXT;
    const MAX_LEN: usize = 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (is_source(&self.source), "`source` is not 1 to 64 small letters, digits and hyphens"),
            (self.before != Some(self.list), "`before` is `list`: nothing was updated"),
            (
                self.before.is_some() || (self.changed, self.removed) == (0, 0) && self.added == self.listed,
                "a first list adds everything that it lists and changes nothing",
            ),
            (
                u64::from(self.added) + u64::from(self.changed) <= u64::from(self.listed),
                "more is added and changed than listed",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

fn is_source(name: &str) -> bool {
    (1..=MAX_SOURCE_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
