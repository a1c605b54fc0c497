//! What the sender of a request is told about it: an outward status with a generation, computed from the events of the case.
//!
//! TS 103 120 counts the generations of an object: every change that the sender can see makes one more. Nothing else shows: not how many
//! questions were asked inside, not that an order waits for signatures, not that a case is locked.

use countersign_core::case::{Event, EventRecord};
use countersign_core::id::{AuthorityId, CustodianId, Digest, Salt};
use countersign_core::json::Document;
use countersign_core::time::Timestamp;
use countersign_core::{named_enum, version_tag};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the status message.
    StatusV1 = "countersign/status/v1"
);

named_enum!(
    /// How a request stands, as its sender sees it.
    Outward, "a status" {
        /// It arrived whole.
        Received = "received",
        /// Its sender is known, and it is worked on.
        InReview = "in_review",
        /// A question to the sender is open.
        AwaitingClarification = "awaiting_clarification",
        /// The package was handed over.
        Answered = "answered",
        /// Refused; the letter has the reasons.
        Refused = "refused",
        /// Before a court.
        Challenged = "challenged",
        /// Withdrawn by the sender.
        Withdrawn = "withdrawn",
        /// A time ran out.
        Lapsed = "lapsed",
        /// The message was not taken: nothing was begun.
        NotTaken = "not_taken",
    }
);

/// One generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation {
    /// 1 for the acknowledgement, rising by one.
    pub number: u32,
    /// How the request stands since then.
    pub status: Outward,
    /// Since when.
    pub at: Timestamp,
}

/// The generations of a case, the first one first; none before a request.
pub fn generations<'e>(events: impl IntoIterator<Item = &'e EventRecord>) -> Vec<Generation> {
    let mut found: Vec<Generation> = Vec::new();
    for record in events {
        let Some(status) = outward(&record.event) else { continue };
        let last = found.last().copied();
        if last.is_some_and(|last| last.status == status) {
            continue;
        }
        let number = last.map_or(0, |last| last.number).saturating_add(1);
        found.push(Generation { number, status, at: record.at });
    }
    found
}

/// INVARIANT: an event that is not listed shows nothing, so what is added to the life of a case stays inside until somebody decides otherwise.
fn outward(event: &Event) -> Option<Outward> {
    match event {
        Event::Request { .. } => Some(Outward::Received),
        Event::Authenticated { .. } | Event::Completed { .. } | Event::ChallengeDecided { .. } => {
            Some(Outward::InReview)
        }
        Event::AskedMore { .. } => Some(Outward::AwaitingClarification),
        Event::Delivered { .. } => Some(Outward::Answered),
        Event::Refused { .. } => Some(Outward::Refused),
        Event::Challenged { .. } => Some(Outward::Challenged),
        Event::Withdrawn { .. } => Some(Outward::Withdrawn),
        Event::Expired { .. } => Some(Outward::Lapsed),
        _ => None,
    }
}

/// A status message: generation 1 is the acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Format version.
    pub v: StatusV1,
    /// Who speaks.
    pub custodian: CustodianId,
    /// To whom; `None` when the sender is not in the directory.
    pub authority: Option<AuthorityId>,
    /// The sender's id of the message; `None` when none could be read.
    pub transaction: Option<String>,
    /// Salted digest of the bytes that arrived: the sender knows them, and nobody else can try guesses without the salt.
    pub request: Digest,
    /// The salt.
    pub salt: Salt,
    /// Generation; 0 for a message that was not taken.
    pub generation: u32,
    /// How it stands.
    pub status: Outward,
    /// Since when.
    pub at: Timestamp,
    /// Why it was not taken; empty otherwise.
    pub problems: Vec<String>,
}

impl Document for Status {
    const WHAT: &'static str = "status message";
    const DOMAIN: &'static str = StatusV1::TEXT;
    const MAX_LEN: usize = 64 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let not_taken = self.status == Outward::NotTaken;
        let rules = [
            (not_taken == (self.generation == 0), "only a message that was not taken has generation 0"),
            (not_taken != self.problems.is_empty(), "problems belong to a message that was not taken"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::case::EventV1;
    use countersign_core::id::{CaseId, PersonId};

    fn records(events: Vec<Event>) -> Vec<EventRecord> {
        let record = |(number, event)| EventRecord {
            v: EventV1,
            case: CaseId([1; 16]),
            number,
            previous: None,
            at: Timestamp::MIN.plus(i64::from(number)),
            by: PersonId::parse("lena-ohm").unwrap(),
            event,
        };
        (0..).zip(events).map(record).collect()
    }

    fn statuses(events: Vec<Event>) -> Vec<(u32, &'static str)> {
        generations(&records(events)).iter().map(|one| (one.number, one.status.as_str())).collect()
    }

    const D: Digest = Digest([7; 32]);

    fn request() -> Event {
        Event::Request { document: D, authority: AuthorityId::parse("xa-court").unwrap() }
    }

    #[test]
    fn every_change_that_shows_makes_one_generation() {
        let events = vec![
            Event::Contact { document: D, authority: AuthorityId::parse("xa-court").unwrap() },
            request(),
            Event::Found { document: D },
            Event::Authenticated { document: D },
            Event::AskedMore { document: D },
            Event::Completed { document: D },
            Event::Found { document: D },
            Event::Proposed { order: D },
            Event::Delivered { order: D, package: D },
            Event::Notified { document: D },
            Event::Confirmed { document: D },
            Event::Objected { document: D },
            Event::Closed,
        ];
        let expected =
            [(1, "received"), (2, "in_review"), (3, "awaiting_clarification"), (4, "in_review"), (5, "answered")];
        assert_eq!(statuses(events), expected);
    }

    #[test]
    fn what_happens_inside_shows_nothing() {
        let inside = [
            Event::Found { document: D },
            Event::Fake { document: D },
            Event::Locked { document: D },
            Event::Proposed { order: D },
            Event::Approved { order: D },
            Event::Held { order: D, document: D, until: Timestamp::MAX },
            Event::Notified { document: D },
            Event::Confirmed { document: D },
            Event::Objected { document: D },
            Event::Closed,
        ];
        for event in inside {
            let name = event.name();
            assert_eq!(statuses(vec![request(), event]), [(1, "received")], "{name}");
        }
    }
}
