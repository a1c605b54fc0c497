//! The life of one request: a list of events, from which [`states`] computes where the case stands.

pub mod draw;
pub mod note;
pub mod states;
pub mod step;

pub use states::{Aside, Life, Preserved, Protest, SecondReview, Stage, WrongStage};

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
    /// The authority was told that its request arrived; the check of the sender begins.
    Acknowledged {
        /// Digest of the step.
        document: Digest,
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
        /// Digest of the step.
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
    /// The order goes back to its author, who may propose another one.
    Returned {
        /// Digest of the order.
        order: Digest,
        /// Digest of the step.
        document: Digest,
    },
    /// The order waits: for objections, an enforcing authority, a court, or because many people are concerned.
    Held {
        /// Digest of the order.
        order: Digest,
        /// Digest of the step.
        document: Digest,
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
    /// A delay order forbids telling the persons concerned for now.
    Delayed {
        /// Digest of the notice that says so.
        document: Digest,
        /// Until when.
        until: Timestamp,
    },
    /// The persons concerned were told, or are told at a time that is fixed.
    Notified {
        /// Digest of the notice.
        document: Digest,
    },
    /// The request was refused with reasons.
    Refused {
        /// Digest of the refusal.
        document: Digest,
    },
    /// We challenged the request before its court, and wait for the ruling.
    Challenged {
        /// Digest of the step with the filing.
        document: Digest,
    },
    /// The challenge was decided: review goes on.
    ChallengeDecided {
        /// Digest of the step with the ruling.
        document: Digest,
    },
    /// A challenge was filed that suspends nothing: the order is complied with under protest.
    Protested {
        /// Digest of the order.
        order: Digest,
        /// Digest of the step with the filing.
        document: Digest,
    },
    /// The data of the clients asked about are kept until a time, whatever becomes of the request.
    Preserved {
        /// Digest of the step.
        document: Digest,
        /// Until when.
        until: Timestamp,
    },
    /// The data need not be kept for this case any longer.
    PreservationEnded {
        /// Digest of the step.
        document: Digest,
    },
    /// The authority withdrew.
    Withdrawn {
        /// Digest of the step with the withdrawal.
        document: Digest,
    },
    /// A clock ran out. Lapse never releases.
    Expired {
        /// Digest of the step.
        document: Digest,
    },
    /// Duress, or silence of the region's staff.
    Locked {
        /// Digest of the step.
        document: Digest,
    },
    /// Somebody who had no part in the case reviewed it a second time, and would have decided alike.
    Confirmed {
        /// Digest of the step.
        document: Digest,
    },
    /// Somebody who had no part in the case reviewed it a second time, and objects to what was released.
    Objected {
        /// Digest of the step.
        document: Digest,
    },
    /// Nothing is left to do.
    Closed,
}

impl Event {
    /// The document that the event names; orders and packages are none.
    pub fn document(&self) -> Option<Digest> {
        match self {
            Event::Contact { document, .. }
            | Event::Request { document, .. }
            | Event::Acknowledged { document }
            | Event::Authenticated { document }
            | Event::Fake { document }
            | Event::Found { document }
            | Event::AskedMore { document }
            | Event::Completed { document }
            | Event::Returned { document, .. }
            | Event::Held { document, .. }
            | Event::Delayed { document, .. }
            | Event::Notified { document }
            | Event::Refused { document }
            | Event::Challenged { document }
            | Event::ChallengeDecided { document }
            | Event::Protested { document, .. }
            | Event::Preserved { document, .. }
            | Event::PreservationEnded { document }
            | Event::Withdrawn { document }
            | Event::Expired { document }
            | Event::Locked { document }
            | Event::Confirmed { document }
            | Event::Objected { document } => Some(*document),
            Event::Signed { approval, .. } => Some(*approval),
            Event::Proposed { .. }
            | Event::Approved { .. }
            | Event::Logged { .. }
            | Event::ReleaseStarted { .. }
            | Event::Delivered { .. }
            | Event::Closed => None,
        }
    }

    /// The event's name as in documents.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Contact { .. } => "contact",
            Event::Request { .. } => "request",
            Event::Acknowledged { .. } => "acknowledged",
            Event::Authenticated { .. } => "authenticated",
            Event::Fake { .. } => "fake",
            Event::Found { .. } => "found",
            Event::AskedMore { .. } => "asked_more",
            Event::Completed { .. } => "completed",
            Event::Proposed { .. } => "proposed",
            Event::Signed { .. } => "signed",
            Event::Approved { .. } => "approved",
            Event::Logged { .. } => "logged",
            Event::Returned { .. } => "returned",
            Event::Held { .. } => "held",
            Event::ReleaseStarted { .. } => "release_started",
            Event::Delivered { .. } => "delivered",
            Event::Delayed { .. } => "delayed",
            Event::Notified { .. } => "notified",
            Event::Refused { .. } => "refused",
            Event::Challenged { .. } => "challenged",
            Event::ChallengeDecided { .. } => "challenge_decided",
            Event::Protested { .. } => "protested",
            Event::Preserved { .. } => "preserved",
            Event::PreservationEnded { .. } => "preservation_ended",
            Event::Withdrawn { .. } => "withdrawn",
            Event::Expired { .. } => "expired",
            Event::Locked { .. } => "locked",
            Event::Confirmed { .. } => "confirmed",
            Event::Objected { .. } => "objected",
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
