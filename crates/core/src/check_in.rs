//! A sign of life: somebody who has to check in says "I am here and free", signed with the own key.
//!
//! Bytes and rules: `docs/formats/check-in.md`. The document stands as the body of a control leaf; when it counts is the work of
//! `verify::state`.

use crate::id::{CustodianId, Digest, PersonId};
use crate::json::Document;
use crate::time::{HOUR, Seconds, Timestamp};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the check-in format.
    CheckInV1 = "countersign/check-in/v1"
);

/// One sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckIn {
    /// Format version.
    pub v: CheckInV1,
    /// The custodian.
    pub custodian: CustodianId,
    /// Digest of the genesis of its journal.
    pub genesis: Digest,
    /// Who checks in.
    pub person: PersonId,
    /// When, by the signer's clock.
    pub at: Timestamp,
}

impl CheckIn {
    /// Whether a control body claims to be a check-in. Only a body that begins so can be read as one, and none that does can be
    /// read as anything else.
    pub fn is_claimed_by(body: &str) -> bool {
        let rest = body.strip_prefix("{\"v\":\"").and_then(|rest| rest.strip_prefix(CheckInV1::TEXT));
        rest.is_some_and(|rest| rest.starts_with('"'))
    }
}

impl Document for CheckIn {
    const WHAT: &'static str = "check-in";
    const DOMAIN: &'static str = CheckInV1::TEXT;
    const MAX_LEN: usize = 512;

    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

/// From when on a person has to check in, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Longest silence in hours; `None` where the person no longer has to check in.
    pub hours: Option<u16>,
    /// Check-ins of this time and later count. A later time begins anew after a silence.
    pub from: Timestamp,
}

impl Watch {
    /// Longest silence that can be set: thirty days.
    pub const MAX_HOURS: u16 = 30 * 24;

    /// The longest silence.
    pub fn silence(&self) -> Option<Seconds> {
        self.hours.map(|hours| Seconds::from(hours) * HOUR)
    }

    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.hours.is_none_or(|hours| (1..=Self::MAX_HOURS).contains(&hours)) {
            return Ok(());
        }
        Err("`hours` is not between 1 and 720, or null")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Exact;

    fn check_in() -> CheckIn {
        CheckIn {
            v: CheckInV1,
            custodian: CustodianId([7; 16]),
            genesis: Digest([9; 32]),
            person: PersonId::parse("roman-karel").unwrap(),
            at: Timestamp::parse("2026-11-22T06:00:00Z").unwrap(),
        }
    }

    #[test]
    fn a_body_is_one_thing_only() {
        let text = Exact::write(check_in()).unwrap().text().to_owned();
        assert!(CheckIn::is_claimed_by(&text));
        for other in
            [&text[1..], "", "{}", &text.replace("check-in/v1", "check-in/v10"), &text.replace("check-in", "change")]
        {
            assert!(!CheckIn::is_claimed_by(other), "{other}");
        }
    }

    #[test]
    fn the_longest_name_fits() {
        let person = PersonId::parse(&"a".repeat(63)).or_else(|_| PersonId::parse(&"a".repeat(32))).unwrap();
        assert!(Exact::write(CheckIn { person, ..check_in() }).unwrap().text().len() <= CheckIn::MAX_LEN);
    }

    #[test]
    fn silence_has_limits() {
        let watch = |hours| Watch { hours, from: check_in().at };
        for good in [None, Some(1), Some(720)] {
            assert_eq!(watch(good).check(), Ok(()));
        }
        for bad in [Some(0), Some(721), Some(u16::MAX)] {
            assert!(watch(bad).check().is_err());
        }
        assert_eq!((watch(Some(2)).silence(), watch(None).silence()), (Some(7_200), None));
    }
}
