//! Whether the people on duty and the trustees can meet a clock, at the worst moment at which a request can come.
//!
//! In scope: the quorum that a lane displays, the roster and reach in force, hours of duty, absences. Not in scope: how long anybody thinks,
//! and whether anybody answers while on duty; that a trustee is on duty is its owner's word.

use countersign_core::control::{Person, Role};
use countersign_core::country::Country;
use countersign_core::id::PersonId;
use countersign_core::time::{Seconds, Timestamp};
use countersign_deadlines::on_duty::{Span, ready_at, worst_starts};
use countersign_policy::Requirement;
use std::collections::BTreeSet;

/// What has to come together.
#[derive(Debug, Clone)]
pub struct Needed<'a> {
    /// The quorum.
    pub quorum: Requirement,
    /// State of the authority.
    pub requester: Country,
    /// Who would be the legal author.
    pub author: &'a PersonId,
    /// The roster of those who count.
    pub people: Vec<&'a Person>,
    /// Names of the trustees in force, and how many of them answer together; none below ladder level L2.
    pub trustees: Option<(Vec<&'a PersonId>, usize)>,
}

/// The longest way from a request to the last signature and answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Longest {
    /// When the request comes.
    pub start: Timestamp,
    /// When the quorum has been on duty; `None` when it never is.
    pub quorum: Option<Timestamp>,
    /// When t trustees have been on duty after that.
    pub trustees: Option<Timestamp>,
}

impl Longest {
    /// Seconds from the request to the end; `None` when there is none.
    pub fn wait(&self) -> Option<Seconds> {
        self.trustees.map(|end| end.since(self.start))
    }
}

impl Needed<'_> {
    /// Whether these people, all signing in their roles, are a quorum.
    pub fn met_by(&self, there: &[&PersonId], now: Timestamp) -> bool {
        let (need, requester) = (&self.quorum, self.requester);
        let there: Vec<&Person> = self.people.iter().filter(|person| there.contains(&&person.id)).copied().collect();
        let out = |person: &Person| person.is_out_of_reach_of(requester, now);
        let signs = |person: &Person| !person.keys.is_empty() && !person.may_manage(requester);
        let author_state = self.people.iter().find(|person| person.id == *self.author).map(|person| person.state);
        let approvers: Vec<&&Person> = there
            .iter()
            .filter(|person| person.roles.contains(&Role::Approver) && signs(person) && person.id != *self.author)
            .filter(|person| !need.bans_within_reach(requester) || out(person))
            .collect();
        // Whoever approves signs nothing else.
        let beside = |role: Role| {
            there.iter().filter(move |person| person.roles.contains(&role) && !person.roles.contains(&Role::Approver))
        };
        let count = |holds: &dyn Fn(&Person) -> bool| approvers.iter().filter(|person| holds(person)).count();
        let at_least = |found: usize, needed: u32| found >= usize::try_from(needed).unwrap_or(usize::MAX);
        let counsel = beside(Role::Counsel).any(|person| signs(person) && person.independent);
        let author = there.iter().any(|person| person.id == *self.author && signs(person));
        let expert = beside(Role::RightsExpert).any(|person| signs(person) && person.independent && out(person));
        let states: BTreeSet<Country> = approvers.iter().map(|person| person.state).collect();
        let outside = |person: &Person| person.independent || author_state.is_some_and(|home| home != person.state);
        at_least(approvers.len(), need.approvals)
            && at_least(states.len(), need.states)
            && (at_least(count(&out), need.out_of_reach) || (need.counsel_instead && counsel))
            && at_least(count(&outside), need.outside_line)
            && (author || !need.author)
            && (counsel || !need.counsel)
            && (expert || !need.rights_expert)
    }

    /// The longest way for requests that come between `from` and `until`. Trustees of whom no hours are known are taken to be always on
    /// duty, people of whom none are known never.
    pub fn longest(&self, spans: &[Span], from: Timestamp, until: Timestamp) -> Longest {
        let named: BTreeSet<&PersonId> = spans.iter().map(|span| &span.person).collect();
        let always = self.trustees.iter().flat_map(|(names, _)| names).filter(|name| !named.contains(**name)).count();
        let way = |start: Timestamp| {
            let quorum = ready_at(spans, start, |there| self.met_by(there, start));
            let trustees = quorum.and_then(|ready| match &self.trustees {
                None => Some(ready),
                Some((names, threshold)) => ready_at(spans, ready, |there| {
                    there.iter().filter(|name| names.contains(name)).count().saturating_add(always) >= *threshold
                }),
            });
            Longest { start, quorum, trustees }
        };
        let ways = worst_starts(spans, from, until).into_iter().map(way);
        let none = Longest { start: from, quorum: None, trustees: None };
        // A way without an end is longer than any other.
        ways.max_by_key(|way| (way.trustees.is_none(), way.wait())).unwrap_or(none)
    }
}

#[cfg(test)]
mod tests;
