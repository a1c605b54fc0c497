//! The life of one request: a list of events; the stage is computed from them.
//!
//! A stage holds exactly what that stage knows, and a transition consumes it. This file is the one truth about stages:
//! no path leads to a release without an approved order that is public in the log.

use crate::id::{AuthorityId, CaseId, Digest, PersonId, Salt};
use crate::json::Document;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the event format.
    EventV1 = "countersign/event/v1"
);

/// What happened in a case. Documents are named by digest; their bytes are kept beside the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// An informal approach was registered.
    Contact {
        /// Digest of the contact document.
        document: Digest,
        /// Whose people approached us.
        authority: AuthorityId,
    },
    /// A written request arrived.
    Request {
        /// Salted digest of the raw bytes.
        document: Digest,
        /// Who it claims to come from.
        authority: AuthorityId,
    },
    /// The sender was checked with at least two independent factors.
    Authenticated {
        /// Digest of the record of the check.
        document: Digest,
    },
    /// The check of the sender failed.
    Fake {
        /// Digest of the record of the check.
        document: Digest,
    },
    /// A question was answered.
    Found {
        /// Digest of the finding.
        document: Digest,
    },
    /// The authority was asked to complete its request.
    AskedMore {
        /// Digest of the letter.
        document: Digest,
    },
    /// The authority completed its request.
    Completed {
        /// Salted digest of the raw bytes.
        document: Digest,
    },
    /// An order was proposed by its author.
    Proposed {
        /// Digest of the order.
        order: Digest,
    },
    /// A signature under the proposed order was accepted.
    Signed {
        /// Digest of the order.
        order: Digest,
        /// Digest of the approval document.
        approval: Digest,
    },
    /// Policy found the quorum complete.
    Approved {
        /// Digest of the order.
        order: Digest,
    },
    /// The order's leaf is public under the witness quorum.
    Logged {
        /// Digest of the order.
        order: Digest,
        /// Index of the leaf.
        index: u64,
    },
    /// The order waits, for objections or because many people are concerned.
    Held {
        /// Digest of the order.
        order: Digest,
        /// Until when.
        until: Timestamp,
    },
    /// The intent to ask the trustees is public.
    ReleaseStarted {
        /// Digest of the order.
        order: Digest,
        /// Index of the intent's leaf.
        intent: u64,
    },
    /// The package was handed over.
    Delivered {
        /// Digest of the order.
        order: Digest,
        /// Digest of the package.
        package: Digest,
    },
    /// The persons concerned were told, or a delay order was taken on file.
    Notified {
        /// Digest of the notice or delay order.
        document: Digest,
    },
    /// The request was refused with reasons.
    Refused {
        /// Digest of the refusal.
        document: Digest,
    },
    /// We challenged the request before its court.
    Challenged {
        /// Digest of the filing.
        document: Digest,
    },
    /// The challenge was decided: review goes on.
    ChallengeDecided {
        /// Digest of the ruling.
        document: Digest,
    },
    /// The authority withdrew.
    Withdrawn {
        /// Digest of the withdrawal.
        document: Digest,
    },
    /// A clock ran out. Lapse never releases.
    Expired,
    /// Duress, or silence of the region's staff.
    Locked,
    /// Nothing is left to do.
    Closed,
}

/// Where a case stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// An informal approach without a written request.
    Contact,
    /// A request arrived.
    Authenticating {
        /// Salted digest of the raw bytes.
        request: Digest,
    },
    /// Findings are being made.
    Review {
        /// Salted digest of the raw bytes.
        request: Digest,
    },
    /// The authority was asked to complete its request.
    Clarify {
        /// Salted digest of the raw bytes.
        request: Digest,
    },
    /// An order waits for signatures.
    Proposed {
        /// Salted digest of the raw bytes.
        request: Digest,
        /// Digest of the order.
        order: Digest,
        /// Digests of the approval documents so far.
        approvals: Vec<Digest>,
    },
    /// The quorum is complete.
    Approved {
        /// Digest of the order.
        order: Digest,
        /// Digests of the approval documents.
        approvals: Vec<Digest>,
    },
    /// The order is public.
    Logged {
        /// Digest of the order.
        order: Digest,
        /// Index of its leaf.
        index: u64,
    },
    /// The order is public and waits.
    Hold {
        /// Digest of the order.
        order: Digest,
        /// Index of its leaf.
        index: u64,
        /// Until when.
        until: Timestamp,
    },
    /// Trustees may be asked.
    Releasing {
        /// Digest of the order.
        order: Digest,
        /// Index of the order's leaf.
        index: u64,
        /// Index of the intent's leaf.
        intent: u64,
    },
    /// The package was handed over.
    Delivered {
        /// Digest of the order.
        order: Digest,
        /// Digest of the package.
        package: Digest,
    },
    /// Told, or lawfully delayed.
    Notified {
        /// Digest of the order.
        order: Digest,
    },
    /// The sender was not who he said.
    RejectedFake,
    /// Refused with reasons.
    Refused,
    /// Before a court.
    Challenged {
        /// Salted digest of the raw bytes.
        request: Digest,
    },
    /// Withdrawn by the authority.
    Withdrawn,
    /// A clock ran out.
    Expired,
    /// Locked: only people outside the region decide.
    Locked,
    /// Done.
    Closed,
}

/// An event that the case's stage does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a case in stage {stage} does not take the event {event}; {hint}")]
pub struct WrongStage {
    stage: &'static str,
    event: &'static str,
    hint: &'static str,
}

impl Stage {
    /// The stage that a first event opens.
    ///
    /// # Errors
    /// [`WrongStage`] unless the event is a contact or a request.
    pub fn open(event: &Event) -> Result<Self, WrongStage> {
        match event {
            Event::Contact { .. } => Ok(Stage::Contact),
            Event::Request { document, .. } => Ok(Stage::Authenticating { request: *document }),
            _ => Err(WrongStage {
                stage: "none",
                event: event.name(),
                hint: "a case begins with a contact or a request",
            }),
        }
    }

    /// The stage after `event`.
    ///
    /// # Errors
    /// [`WrongStage`] when this stage does not take the event, or the event names another order.
    pub fn after(self, event: &Event) -> Result<Self, WrongStage> {
        let (stage, hint) = (self.name(), self.next_step());
        let wrong = || WrongStage { stage, event: event.name(), hint };
        if let Some(ended) = self.ended_by(event) {
            return Ok(ended);
        }
        Ok(match (self, event) {
            (Stage::Contact, Event::Request { document, .. }) => Stage::Authenticating { request: *document },
            (Stage::Authenticating { request }, Event::Authenticated { .. }) => Stage::Review { request },
            (Stage::Authenticating { .. }, Event::Fake { .. }) => Stage::RejectedFake,
            (Stage::Authenticating { request }, Event::Found { .. }) => Stage::Authenticating { request },
            (Stage::Review { request }, Event::Found { .. }) => Stage::Review { request },
            (Stage::Review { request }, Event::AskedMore { .. }) => Stage::Clarify { request },
            (Stage::Clarify { .. }, Event::Completed { document }) => Stage::Review { request: *document },
            (Stage::Review { request }, Event::Proposed { order }) => {
                Stage::Proposed { request, order: *order, approvals: Vec::new() }
            }
            (Stage::Proposed { request, order, mut approvals }, Event::Signed { order: signed, approval })
                if *signed == order && !approvals.contains(approval) =>
            {
                approvals.push(*approval);
                Stage::Proposed { request, order, approvals }
            }
            (Stage::Proposed { order, approvals, .. }, Event::Approved { order: approved })
                if *approved == order && !approvals.is_empty() =>
            {
                Stage::Approved { order, approvals }
            }
            (Stage::Approved { order, .. }, Event::Logged { order: logged, index }) if *logged == order => {
                Stage::Logged { order, index: *index }
            }
            (Stage::Logged { order, index }, Event::Held { order: held, until }) if *held == order => {
                Stage::Hold { order, index, until: *until }
            }
            (
                Stage::Logged { order, index } | Stage::Hold { order, index, .. },
                Event::ReleaseStarted { order: started, intent },
            ) if *started == order && *intent > index => Stage::Releasing { order, index, intent: *intent },
            (Stage::Releasing { order, .. }, Event::Delivered { order: delivered, package }) if *delivered == order => {
                Stage::Delivered { order, package: *package }
            }
            (Stage::Delivered { order, .. }, Event::Notified { .. }) => Stage::Notified { order },
            (Stage::Challenged { request }, Event::ChallengeDecided { .. }) => Stage::Review { request },
            _ => return Err(wrong()),
        })
    }

    /// The stage after an event that ends or interrupts any open case, if `event` is one and this case is open.
    fn ended_by(&self, event: &Event) -> Option<Self> {
        let before_release = matches!(
            self,
            Stage::Contact
                | Stage::Authenticating { .. }
                | Stage::Review { .. }
                | Stage::Clarify { .. }
                | Stage::Proposed { .. }
                | Stage::Approved { .. }
                | Stage::Logged { .. }
                | Stage::Hold { .. }
        );
        match event {
            Event::Refused { .. }
                if before_release || matches!(self, Stage::Challenged { .. } | Stage::Releasing { .. }) =>
            {
                Some(Stage::Refused)
            }
            Event::Withdrawn { .. } if before_release || matches!(self, Stage::Challenged { .. }) => {
                Some(Stage::Withdrawn)
            }
            Event::Expired if before_release || matches!(self, Stage::Releasing { .. }) => Some(Stage::Expired),
            Event::Locked if before_release || matches!(self, Stage::Challenged { .. } | Stage::Releasing { .. }) => {
                Some(Stage::Locked)
            }
            Event::Challenged { .. } => match self {
                Stage::Review { request } | Stage::Proposed { request, .. } => {
                    Some(Stage::Challenged { request: *request })
                }
                _ => None,
            },
            Event::Closed
                if matches!(
                    self,
                    Stage::Contact
                        | Stage::Notified { .. }
                        | Stage::RejectedFake
                        | Stage::Refused
                        | Stage::Withdrawn
                        | Stage::Expired
                ) =>
            {
                Some(Stage::Closed)
            }
            _ => None,
        }
    }

    /// The stage's name, in the capitals of the design.
    pub fn name(&self) -> &'static str {
        match self {
            Stage::Contact => "CONTACT",
            Stage::Authenticating { .. } => "AUTHENTICATING",
            Stage::Review { .. } => "REVIEW",
            Stage::Clarify { .. } => "CLARIFY",
            Stage::Proposed { .. } => "PROPOSED",
            Stage::Approved { .. } => "APPROVED",
            Stage::Logged { .. } => "LOGGED",
            Stage::Hold { .. } => "HOLD",
            Stage::Releasing { .. } => "RELEASING",
            Stage::Delivered { .. } => "DELIVERED",
            Stage::Notified { .. } => "NOTIFIED",
            Stage::RejectedFake => "REJECTED_FAKE",
            Stage::Refused => "REFUSED",
            Stage::Challenged { .. } => "CHALLENGED",
            Stage::Withdrawn => "WITHDRAWN",
            Stage::Expired => "EXPIRED",
            Stage::Locked => "LOCKED",
            Stage::Closed => "CLOSED",
        }
    }

    /// What a person can do next.
    pub fn next_step(&self) -> &'static str {
        match self {
            Stage::Contact => "file the written request when one arrives, or close the contact",
            Stage::Authenticating { .. } => "check the sender with two independent factors, one of them a call-back",
            Stage::Review { .. } => "answer the open questions, set the scope, then propose or refuse",
            Stage::Clarify { .. } => "wait for the authority to complete its request",
            Stage::Proposed { .. } => "collect approvals of the order's digest",
            Stage::Approved { .. } => "wait until the order is public in the log",
            Stage::Logged { .. } => "release, or hold until the waiting time is over",
            Stage::Hold { .. } => "wait until the hold is over, then release",
            Stage::Releasing { .. } => "wait for the trustees and hand the package over",
            Stage::Delivered { .. } => "tell the persons concerned, or put the delay order on file",
            Stage::Notified { .. } | Stage::RejectedFake | Stage::Refused | Stage::Withdrawn | Stage::Expired => {
                "close the case"
            }
            Stage::Challenged { .. } => "wait for the court",
            Stage::Locked => "people outside the region decide",
            Stage::Closed => "nothing is left to do",
        }
    }

    /// Whether nothing can follow.
    pub fn is_final(&self) -> bool {
        matches!(self, Stage::Closed | Stage::Locked)
    }
}

impl Event {
    /// The event's name as in documents.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Contact { .. } => "contact",
            Event::Request { .. } => "request",
            Event::Authenticated { .. } => "authenticated",
            Event::Fake { .. } => "fake",
            Event::Found { .. } => "found",
            Event::AskedMore { .. } => "asked_more",
            Event::Completed { .. } => "completed",
            Event::Proposed { .. } => "proposed",
            Event::Signed { .. } => "signed",
            Event::Approved { .. } => "approved",
            Event::Logged { .. } => "logged",
            Event::Held { .. } => "held",
            Event::ReleaseStarted { .. } => "release_started",
            Event::Delivered { .. } => "delivered",
            Event::Notified { .. } => "notified",
            Event::Refused { .. } => "refused",
            Event::Challenged { .. } => "challenged",
            Event::ChallengeDecided { .. } => "challenge_decided",
            Event::Withdrawn { .. } => "withdrawn",
            Event::Expired => "expired",
            Event::Locked => "locked",
            Event::Closed => "closed",
        }
    }
}

/// One event as it is kept: who, when, what, and its place in the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRecord {
    /// Format version.
    pub v: EventV1,
    /// The case.
    pub case: CaseId,
    /// 0 for the first event, rising by one.
    pub number: u32,
    /// Digest of the event before; `None` for the first.
    pub previous: Option<Digest>,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: PersonId,
    /// What.
    pub event: Event,
}

impl Document for EventRecord {
    const WHAT: &'static str = "case event";
    const DOMAIN: &'static str = EventV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        if (self.number == 0) == self.previous.is_none() {
            Ok(())
        } else {
            Err("only the first event has no `previous`")
        }
    }
}

/// The commitment to a case that orders and facts carry: parts("countersign/case/v1", salt, case id).
pub fn case_commitment(salt: &Salt, case: &CaseId) -> Digest {
    crate::digest::parts("countersign/case/v1", &[salt.as_bytes(), case.as_bytes()])
}

#[cfg(test)]
mod tests;
