//! Quorum facts: numbers that policies compare, counted from verified signatures only.

use countersign_approve::VerifiedApproval;
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::control::Person;
use countersign_core::country::Country;
use countersign_core::id::{Digest, PersonId};
use countersign_core::time::Timestamp;
use std::collections::BTreeSet;

/// Who countersigned one order, as numbers. Only [`QuorumFacts::compute`] makes them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuorumFacts {
    // INVARIANT: private fields: a value comes from verified signatures and nowhere else.
    approvals: u32,
    states: u32,
    domestic: u32,
    out_of_reach: u32,
    within_reach: u32,
    independent: u32,
    outside_line: u32,
    not_counted: u32,
    refusals: u32,
    author: bool,
    counsel: bool,
    rights_expert: bool,
}

impl QuorumFacts {
    /// Counts `approvals` of the order with digest `order`.
    ///
    /// `requester` is the requesting state, `author` the legal author named in the facts, `people` the roster in force,
    /// `now` the verifier's clock. Not counted: approvals of other orders, of people whose roster entry is no longer
    /// the one the signature was checked against, of the author as approver, of anybody who signed in two roles or
    /// with two verdicts, of the regional head for the requesting state in whatever role. A regional head of whom no
    /// region is known counts as one for every state.
    pub fn compute(
        order: &Digest,
        approvals: &[VerifiedApproval],
        requester: Country,
        author: &PersonId,
        people: &[Person],
        now: Timestamp,
    ) -> Self {
        let of_order: Vec<&VerifiedApproval> = approvals
            .iter()
            .filter(|approval| approval.order() == order && people.contains(approval.person()))
            .collect();
        let author_state = people.iter().find(|person| person.id == *author).map(|person| person.state);
        let counts = Counts { requester, author, author_state, now };
        let signers: BTreeSet<&PersonId> = of_order.iter().map(|approval| approval.id()).collect();
        let mut facts = Self::default();
        let mut states = BTreeSet::new();
        for signer in signers {
            let own: Vec<&VerifiedApproval> =
                of_order.iter().copied().filter(|approval| approval.id() == signer).collect();
            match counts.position(&own) {
                Some((SignerRole::Approver, Verdict::Approve, person)) => {
                    facts.count_approver(person, &counts, &mut states);
                }
                Some((_, Verdict::Approve, person)) if person.may_manage(requester) => {
                    facts.not_counted = facts.not_counted.saturating_add(1);
                }
                Some((SignerRole::Author, Verdict::Approve, person)) => facts.author |= person.id == *author,
                Some((SignerRole::Counsel, Verdict::Approve, person)) => facts.counsel |= person.independent,
                Some((SignerRole::RightsExpert, Verdict::Approve, person)) => {
                    facts.rights_expert |=
                        person.independent && person.is_out_of_reach_of(counts.requester, counts.now);
                }
                // Roles of readings have no voice in a case.
                Some((SignerRole::Agent | SignerRole::Peer, _, _)) | None => {
                    facts.not_counted = facts.not_counted.saturating_add(1);
                }
                Some((_, Verdict::Refuse, _)) => facts.refusals = facts.refusals.saturating_add(1),
            }
        }
        facts.states = u32::try_from(states.len()).unwrap_or(u32::MAX);
        facts
    }

    fn count_approver(&mut self, person: &Person, counts: &Counts<'_>, states: &mut BTreeSet<Country>) {
        let add = |number: &mut u32, holds: bool| *number = number.saturating_add(u32::from(holds));
        let regional_head = person.may_manage(counts.requester);
        // Named as such whether or not it counts, so that an absolute ban sees it; what is unknown is not out of reach.
        let out_of_reach = person.is_out_of_reach_of(counts.requester, counts.now);
        add(&mut self.within_reach, !out_of_reach);
        if regional_head || person.id == *counts.author {
            add(&mut self.not_counted, true);
            return;
        }
        add(&mut self.approvals, true);
        add(&mut self.domestic, person.state == counts.requester);
        add(&mut self.out_of_reach, out_of_reach);
        add(&mut self.independent, person.independent);
        add(
            &mut self.outside_line,
            person.independent || counts.author_state.is_some_and(|state| state != person.state),
        );
        states.insert(person.state);
    }

    /// Distinct people who approved in the role of approver and count.
    pub fn approvals(&self) -> u32 {
        self.approvals
    }

    /// Distinct states of residence among them.
    pub fn states(&self) -> u32 {
        self.states
    }

    /// Those who live in the requesting state.
    pub fn domestic(&self) -> u32 {
        self.domestic
    }

    /// Those whom the requesting state cannot compel, by a statement of reach at most 90 days old.
    pub fn out_of_reach(&self) -> u32 {
        self.out_of_reach
    }

    /// People who approved as approvers, counted or not, and whom the requesting state can compel, or who manage it, or of
    /// whom no statement of reach in force says otherwise.
    pub fn within_reach(&self) -> u32 {
        self.within_reach
    }

    /// Those who stand outside the custodian's reporting line.
    pub fn independent(&self) -> u32 {
        self.independent
    }

    /// Those outside the author's reporting line: independent, or living in another state than the author.
    pub fn outside_line(&self) -> u32 {
        self.outside_line
    }

    /// People who signed and do not count.
    pub fn not_counted(&self) -> u32 {
        self.not_counted
    }

    /// People who refused.
    pub fn refusals(&self) -> u32 {
        self.refusals
    }

    /// The legal author signed.
    pub fn author(&self) -> bool {
        self.author
    }

    /// Independent outside counsel signed an opinion that permits the release.
    pub fn counsel(&self) -> bool {
        self.counsel
    }

    /// An independent rights expert out of reach of the requesting state approved.
    pub fn rights_expert(&self) -> bool {
        self.rights_expert
    }
}

struct Counts<'a> {
    requester: Country,
    author: &'a PersonId,
    author_state: Option<Country>,
    now: Timestamp,
}

impl Counts<'_> {
    /// The one role and verdict of a person; `None` when a person signed in two roles or with two verdicts, or acts in
    /// a role kept for others.
    fn position<'v>(&self, own: &[&'v VerifiedApproval]) -> Option<(SignerRole, Verdict, &'v Person)> {
        let (first, rest) = own.split_first()?;
        let single = rest.iter().all(|other| other.role() == first.role() && other.verdict() == first.verdict());
        // The author never counts in another role.
        let is_author = first.id() == self.author;
        let own_role = is_author == (first.role() == SignerRole::Author) || first.role() == SignerRole::Approver;
        (single && own_role).then(|| (first.role(), first.verdict(), first.person()))
    }
}
