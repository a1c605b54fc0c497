//! The record of a step in a case that neither answers a question nor signs anything: who took it, why, until when, on which paper.

use crate::id::{CaseId, Digest, PersonId, Salt};
use crate::json::Document;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the step format.
    StepV1 = "countersign/step/v1"
);

named_enum!(
    /// What is done.
    Step, "a step of a case" {
        /// The authority is told that its request arrived.
        Acknowledge = "acknowledge",
        /// The authority is asked to complete its request.
        Ask = "ask",
        /// The order goes back to its author.
        Return = "return",
        /// The order waits.
        Hold = "hold",
        /// The data of the clients asked about are kept.
        Preserve = "preserve",
        /// They need not be kept for this case any longer.
        EndPreservation = "end_preservation",
        /// The request is challenged before its court.
        Challenge = "challenge",
        /// The court has decided.
        DecideChallenge = "decide_challenge",
        /// A challenge is filed that suspends nothing.
        Protest = "protest",
        /// The authority withdraws.
        Withdraw = "withdraw",
        /// A clock ran out.
        Expire = "expire",
        /// The case is taken out of the hands of the region.
        Lock = "lock",
        /// A second review finds that the case was decided rightly.
        Confirm = "confirm",
        /// A second review finds that it was not.
        Object = "object",
    }
);

impl Step {
    /// Whether it stands until a time.
    pub fn has_end(self) -> bool {
        matches!(self, Step::Hold | Step::Preserve)
    }

    /// Whether it is what a second review found.
    pub fn is_second_review(self) -> bool {
        matches!(self, Step::Confirm | Step::Object)
    }

    /// Whether there must be a paper: what a court or an authority did, and what was filed, is not taken on anybody's word.
    pub fn needs_paper(self) -> bool {
        matches!(self, Step::Challenge | Step::DecideChallenge | Step::Protest | Step::Withdraw)
    }
}

/// A paper that belongs to a step. Its bytes are kept encrypted to the case officers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Salted digest of the bytes.
    pub digest: Digest,
    /// The salt.
    pub salt: Salt,
    /// Digest of the stored, encrypted bytes.
    pub sealed: Digest,
    /// Length in bytes.
    pub length: u64,
}

/// The digest of a paper: parts("countersign/paper/v1", salt, bytes).
pub fn paper_digest(salt: &Salt, bytes: &[u8]) -> Digest {
    crate::digest::parts("countersign/paper/v1", &[salt.as_bytes(), bytes])
}

/// A step as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRecord {
    /// Format version.
    pub v: StepV1,
    /// The case.
    pub case: CaseId,
    /// What is done.
    pub step: Step,
    /// Why, or what was said.
    pub why: String,
    /// Until when, for a hold and a preservation.
    pub until: Option<Timestamp>,
    /// The paper that belongs to it.
    pub paper: Option<Paper>,
    /// Who took the step.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

impl Document for StepRecord {
    const WHAT: &'static str = "step of a case";
    const DOMAIN: &'static str = StepV1::TEXT;
    const MAX_LEN: usize = 16 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (!self.why.trim().is_empty(), "`why` is empty"),
            (
                self.until.is_some() == self.step.has_end(),
                "`until` belongs to a hold or a preservation, and they to it",
            ),
            (self.until.is_none_or(|until| until > self.at), "`until` is not later than `at`"),
            (self.paper.is_some() || !self.step.needs_paper(), "the step needs its `paper`"),
            (self.paper.as_ref().is_none_or(|paper| paper.length > 0), "the paper is empty"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
