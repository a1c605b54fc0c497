//! What an approver's signatures add up to, shown to that approver: are approvals read, or stamped?
//!
//! Computed from the events of cases each time; nothing is recorded for it. The desk knows when an order was proposed and when the
//! signature arrived, and no more: an approver reads elsewhere, alone. The time between the two is the longest that somebody can have read
//! an order, never the time that somebody did; a short one proves that it was not read for longer, a long one proves nothing.

use crate::desk::Desk;
use crate::error::Result;
use countersign_core::approval::{Approval, Verdict};
use countersign_core::case::{Event, EventRecord};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::{MINUTE, Seconds, Timestamp};
use std::collections::BTreeMap;

/// Shorter than this nobody reads an order with its case.
pub const QUICK: Seconds = 2 * MINUTE;

/// The figures of one person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Orders approved, in whatever role.
    pub approved: u32,
    /// Orders refused.
    pub refused: u32,
    /// Signatures that arrived within [`QUICK`] of the proposal.
    pub quick: u32,
    /// Longest time that each order can have been read, in seconds, ascending.
    pub at_most: Vec<Seconds>,
    /// Orders approved whose case was drawn for a second review.
    pub drawn: u32,
    /// Drawn ones that the second review confirmed.
    pub confirmed: u32,
    /// Drawn ones to which the second reviewer objects.
    pub objected: u32,
}

impl Figures {
    /// Share of approvals among all signatures, in whole percent, rounded down; `None` without a signature.
    pub fn approval_rate(&self) -> Option<u32> {
        let all = self.approved.saturating_add(self.refused);
        self.approved.saturating_mul(100).checked_div(all)
    }

    /// The lower median of the longest reading times; `None` without a signature.
    pub fn median(&self) -> Option<Seconds> {
        self.at_most.get(self.at_most.len().saturating_sub(1) / 2).copied()
    }

    fn count(&mut self, signed: &Signed) {
        let number = match signed.verdict {
            Verdict::Approve => &mut self.approved,
            Verdict::Refuse => &mut self.refused,
        };
        *number = number.saturating_add(1);
        // A clock that went back between the two shows the shortest time there is.
        let at_most = signed.arrived.since(signed.proposed).max(0);
        self.quick = self.quick.saturating_add(u32::from(at_most < QUICK));
        self.at_most.push(at_most);
    }

    /// Counts one drawn case, and what its second review found.
    fn count_review(&mut self, events: &[Exact<EventRecord>]) {
        self.drawn = self.drawn.saturating_add(1);
        for record in events.iter().map(Exact::value) {
            match record.event {
                Event::Confirmed { .. } => self.confirmed = self.confirmed.saturating_add(1),
                Event::Objected { .. } => self.objected = self.objected.saturating_add(1),
                _ => {}
            }
        }
    }
}

/// One signature of the person.
struct Signed {
    proposed: Timestamp,
    arrived: Timestamp,
    verdict: Verdict,
}

impl Desk {
    /// What the signatures of this person that arrived at `since` or later add up to, over all cases.
    ///
    /// # Errors
    /// [`DeskError::Store`](crate::DeskError::Store); [`DeskError::Internal`](crate::DeskError::Internal) when a document is missing.
    pub async fn approver_figures(&self, person: &PersonId, since: Timestamp) -> Result<Figures> {
        let mut figures = Figures::default();
        for summary in self.store.cases().await? {
            let events = self.store.case(&summary.case).await?.unwrap_or_default();
            for (proposed, arrived, approval) in signatures(&events, person, since) {
                let approval = self.read::<Approval>(&approval).await?;
                let verdict = approval.value().verdict;
                figures.count(&Signed { proposed, arrived, verdict });
                let drawn = self.drawn(&events).await?;
                if verdict == Verdict::Approve && drawn.is_some_and(|drawn| drawn.order == approval.value().order) {
                    figures.count_review(&events);
                }
            }
        }
        figures.at_most.sort_unstable();
        Ok(figures)
    }
}

/// When each order was proposed that the person signed, when the signature arrived, and its document. The event stands under the signer's name.
fn signatures(
    events: &[Exact<EventRecord>],
    person: &PersonId,
    since: Timestamp,
) -> Vec<(Timestamp, Timestamp, Digest)> {
    let mut proposed: BTreeMap<Digest, Timestamp> = BTreeMap::new();
    let mut found = Vec::new();
    for record in events.iter().map(Exact::value) {
        match &record.event {
            Event::Proposed { order } => {
                proposed.insert(*order, record.at);
            }
            Event::Signed { order, approval } if record.by == *person && record.at >= since => {
                found.extend(proposed.get(order).map(|at| (*at, record.at, *approval)));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::case::EventV1;
    use countersign_core::id::CaseId;
    use proptest::prelude::*;

    fn at(seconds: Seconds) -> Timestamp {
        Timestamp::parse("2026-11-20T13:00:00Z").unwrap().plus(seconds)
    }

    fn person(name: &str) -> PersonId {
        PersonId::parse(name).unwrap()
    }

    fn events(list: &[(Seconds, &str, Event)]) -> Vec<Exact<EventRecord>> {
        let record = |(number, (seconds, by, event)): (u32, &(Seconds, &str, Event))| EventRecord {
            v: EventV1,
            case: CaseId([1; 16]),
            number,
            previous: (number > 0).then_some(Digest([9; 32])),
            at: at(*seconds),
            by: person(by),
            event: event.clone(),
        };
        (0..).zip(list).map(record).map(|record| Exact::write(record).unwrap()).collect()
    }

    fn proposed(order: u8) -> Event {
        Event::Proposed { order: Digest([order; 32]) }
    }

    fn signed(order: u8, approval: u8) -> Event {
        Event::Signed { order: Digest([order; 32]), approval: Digest([approval; 32]) }
    }

    #[test]
    fn each_signature_is_held_against_the_proposal_of_its_own_order() {
        let events = events(&[
            (0, "lena-ohm", proposed(1)),
            (100, "anna-berg", signed(1, 11)),
            (200, "bruno-lind", signed(1, 12)),
            // Returned, and proposed anew.
            (300, "lena-ohm", proposed(2)),
            (900, "anna-berg", signed(2, 21)),
        ]);
        let anna = signatures(&events, &person("anna-berg"), at(0));
        assert_eq!(anna, [(at(0), at(100), Digest([11; 32])), (at(300), at(900), Digest([21; 32]))]);
        assert_eq!(signatures(&events, &person("anna-berg"), at(101)).len(), 1);
        assert_eq!(signatures(&events, &person("bruno-lind"), at(0)), [(at(0), at(200), Digest([12; 32]))]);
        assert!(signatures(&events, &person("lena-ohm"), at(0)).is_empty());
    }

    #[test]
    fn figures_of_nothing_say_nothing() {
        let figures = Figures::default();
        assert_eq!((figures.approval_rate(), figures.median()), (None, None));
    }

    #[test]
    fn a_stamp_is_told_from_a_reading_by_two_minutes() {
        let mut figures = Figures::default();
        let times =
            [(0, Verdict::Approve), (QUICK - 1, Verdict::Approve), (QUICK, Verdict::Refuse), (-5, Verdict::Approve)];
        for (seconds, verdict) in times {
            figures.count(&Signed { proposed: at(0), arrived: at(seconds), verdict });
        }
        assert_eq!((figures.approved, figures.refused, figures.quick), (3, 1, 3));
        assert_eq!(figures.approval_rate(), Some(75));
    }

    proptest! {
        #[test]
        fn figures_add_up(times in proptest::collection::vec((-100_i64..100_000, any::<bool>()), 1..40)) {
            let mut figures = Figures::default();
            for (seconds, approves) in &times {
                let verdict = if *approves { Verdict::Approve } else { Verdict::Refuse };
                figures.count(&Signed { proposed: at(0), arrived: at(*seconds), verdict });
            }
            figures.at_most.sort_unstable();
            prop_assert_eq!(figures.approved + figures.refused, times.len() as u32);
            prop_assert!(figures.approval_rate().unwrap() <= 100 && figures.quick as usize <= times.len());
            let median = figures.median().unwrap();
            // Half of them, or more, are no longer than the median, and no shorter.
            prop_assert!(2 * figures.at_most.iter().filter(|one| **one <= median).count() >= times.len());
            prop_assert!(2 * figures.at_most.iter().filter(|one| **one >= median).count() >= times.len());
        }
    }
}
