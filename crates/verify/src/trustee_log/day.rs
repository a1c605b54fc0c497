//! What a trustee counted on one day. An entry commits to the digest of this document; the document itself stays with the trustee.

use crate::ledger::CounterKey;
use countersign_core::id::Digest;
use countersign_core::json::Document;
use countersign_core::time::Date;
use countersign_core::version_tag;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the day document.
    TrusteeDayV1 = "countersign/trustee-day/v1"
);

/// People counted under one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayCounter {
    /// What is counted by: `all`, `kind`, `class`, `authority`, `matter`, `address`, `lookups`, `lookups_of`, `lookups_for`,
    /// `enrolments`.
    pub by: String,
    /// Which one; empty for `all`, `lookups` and `enrolments`.
    pub of: String,
    /// People of this day, at least one.
    pub people: u64,
    /// People of all days up to the end of this one.
    pub total: u64,
}

/// One day of a trustee (UTC), made after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrusteeDay {
    /// Format version.
    pub v: TrusteeDayV1,
    /// Index of the trustee.
    pub trustee: u16,
    /// The day.
    pub day: Date,
    /// 32 bytes nobody can guess: the digest of this document stands in the open once its entry is opened.
    pub salt: Digest,
    /// Answers given.
    pub answered: u64,
    /// Refusals given.
    pub refused: u64,
    /// Incidents found.
    pub incidents: u64,
    /// Every counter that this day raised, strictly ascending by `by`, then `of`, by their bytes.
    pub counters: Vec<DayCounter>,
}

impl Document for TrusteeDay {
    const WHAT: &'static str = "day of a trustee";
    const DOMAIN: &'static str = TrusteeDayV1::TEXT;
    const MAX_LEN: usize = 16 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let key = |counter: &DayCounter| CounterKey::parse(&counter.by, &counter.of).is_ok();
        let rules = [
            (self.trustee > 0, "trustees are numbered from 1"),
            (
                self.counters.is_sorted_by(|one, next| (&one.by, &one.of) < (&next.by, &next.of)),
                "`counters` are not sorted or repeat one",
            ),
            (self.counters.iter().all(key), "something that no trustee counts"),
            (
                self.counters.iter().all(|counter| (1..=counter.total).contains(&counter.people)),
                "a counter of nobody, or of more people than on all days",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
