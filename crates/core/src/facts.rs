//! The facts of a case, as they stood when the decision was proposed. Their digest stands in the order.
//!
//! Bytes: `docs/formats/facts.md`. What exists only later (approvals, log facts, time, live counts) has no place here:
//! each verifier computes it from bytes.

use crate::class::ClassSet;
use crate::country::Country;
use crate::finding::{Finding, Question};
use crate::id::{AuthorityId, Digest, PersonId};
use crate::json::Document;
use crate::order::{Instrument, Kind};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the facts format.
    FactsV1 = "countersign/facts/v1"
);

named_enum!(
    /// One independent factor by which the sender was checked.
    Factor, "a factor of authenticity" {
        /// The sender stands in our directory.
        Directory = "directory",
        /// Call-back to the number in our directory.
        CallBack = "call_back",
        /// Signature under a key of our directory.
        RegisteredKey = "registered_key",
        /// Client certificate.
        ClientCertificate = "client_certificate",
        /// Qualified electronic seal or signature.
        QualifiedSeal = "qualified_seal",
        /// A second officer confirmed.
        SecondOfficer = "second_officer",
    }
);

/// What was asked for, before any narrowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// People the request would expose: the named ones, or the blast radius of a selector.
    pub subjects: u32,
    /// Classes asked for.
    pub classes: ClassSet,
}

/// The facts of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Format version.
    pub v: FactsV1,
    /// Commitment to the case, as in the order.
    pub case: Digest,
    /// Who asks.
    pub authority: AuthorityId,
    /// Digest of the directory version used.
    pub directory: Digest,
    /// Kind of order proposed.
    pub kind: Kind,
    /// What arrived.
    pub instrument: Instrument,
    /// Legal author of the decision.
    pub author: PersonId,
    /// Factors of authenticity that succeeded, sorted.
    pub factors: Vec<Factor>,
    /// What was asked.
    pub asked: Asked,
    /// Classes that counsel found necessary.
    pub necessary: ClassSet,
    /// Classes that the instrument allows.
    pub allowed: ClassSet,
    /// States that list the target as terrorist, sorted.
    pub listed_by: Vec<Country>,
    /// The matter, as a digest under the custodian's matter key: equal for all requests of one matter.
    pub matter: Digest,
    /// Traced blockchain addresses, each SHA-256("countersign/address/v1" parts chain, address), sorted.
    pub addresses: Vec<Digest>,
    /// Answers, sorted by question, at most one each.
    pub findings: Vec<Finding>,
}

impl Facts {
    /// Most traced addresses of one request.
    pub const MAX_ADDRESSES: usize = 1_000;

    /// The answer to `question`; `None` is *unknown*.
    pub fn answer(&self, question: Question) -> Option<&str> {
        self.findings.iter().find(|finding| finding.question() == question).map(Finding::value)
    }

    /// The number answered to `question`; `None` is *unknown*.
    pub fn number(&self, question: Question) -> Option<u32> {
        self.answer(question).and_then(|text| text.parse().ok())
    }
}

impl Document for Facts {
    const WHAT: &'static str = "facts";
    const DOMAIN: &'static str = FactsV1::TEXT;
    const MAX_LEN: usize = 256 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let agrees = |question: Question, value: &str| self.answer(question).is_none_or(|answer| answer == value);
        let rules = [
            (ascending(&self.factors), "`factors` are not sorted or repeat"),
            (ascending(&self.listed_by), "`listed_by` is not sorted or repeats"),
            (ascending(&self.addresses), "`addresses` are not sorted or repeat"),
            (self.addresses.len() <= Self::MAX_ADDRESSES, "more traced addresses than one request may name"),
            (
                self.findings.is_sorted_by(|left, right| left.question() < right.question()),
                "`findings` are not sorted by question or repeat one",
            ),
            (agrees(Question::InstrumentForm, self.instrument.as_str()), "D08 contradicts `instrument`"),
            (agrees(Question::ListedBy, &self.listed_by.len().to_string()), "D15 contradicts `listed_by`"),
            (agrees(Question::Exposed, &self.asked.subjects.to_string()), "D20 contradicts `asked.subjects`"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// Digest that names a traced address in facts and counters.
pub fn address_digest(chain: &str, address: &str) -> Digest {
    crate::digest::parts("countersign/address/v1", &[chain.as_bytes(), address.as_bytes()])
}

pub(crate) fn ascending<T: Ord>(list: &[T]) -> bool {
    list.is_sorted_by(|left, right| left < right)
}
