//! Changes before they are leaves: whether one could follow, who has signed it, who is still missing.
//!
//! The fold asks the same questions, so whoever asks here before signing or publishing is told what the fold will say.

use super::fold::{identity_key, signed, usable_witness_policy};
use super::holders::{check_confirmed, rises};
use super::reach::{check_trustee_states, may_state_reach};
use super::rotation::check_ring_confirmed;
use super::{ControlState, InForce};
use countersign_core::control::{Action, COOLING, Change, Person, Role, TrusteeMember};
use countersign_core::country::Country;
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::ControlSignature;
use std::collections::BTreeSet;

/// Why a change does not follow, or a signature under one does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Another custodian or genesis.
    #[error("a change for another journal")]
    OtherJournal,
    /// Out of turn: signatures cannot be used twice.
    #[error("change number {found} where {next} is next")]
    Number {
        /// The number found.
        found: u32,
        /// The number expected.
        next: u32,
    },
    /// Two signatures would not be two people.
    #[error("`{added}` would share a key with `{with}`")]
    SharedKey {
        /// Who is added.
        added: PersonId,
        /// Who has the key, or is about to have it.
        with: PersonId,
    },
    /// Two workers would be one, or could be taken for one another.
    #[error("`{added}` would share its name or its key with the worker `{with}`")]
    SharedWorker {
        /// The worker added.
        added: PersonId,
        /// The one that has the name or the key, or is about to.
        with: PersonId,
    },
    /// Nobody whose place could be taken.
    #[error("no worker `{0}` is in force: one that was removed is not replaced")]
    NoSuchWorker(Digest),
    /// The new worker is not like the lost one.
    #[error("the worker {0}: its duties are decided anew")]
    Replacement(&'static str),
    /// The witness policy shows nothing about this journal.
    #[error("{0}")]
    WitnessPolicy(String),
    /// Nobody could serve the ring, and no trustee would have agreed to it.
    #[error("a ring or trustees are set, and genesis names no trustees")]
    NoTrustees,
    /// Shares that were given up would count again.
    #[error("share epoch {found} of a ring whose share epoch {in_force} is in force: it has to rise")]
    ShareEpoch {
        /// The epoch found.
        found: u32,
        /// The epoch in force.
        in_force: u32,
    },
    /// Trustees come with a share epoch of every ring in force.
    #[error("the trustees do not come with shares of exactly the rings in force")]
    OtherRings,
    /// Keys are rotated where there are keys.
    #[error("no key ring is in force: there is nothing to rotate")]
    NoRing,
    /// One ring before the one in force is read, and no more: records are sealed anew first.
    #[error("ring {0} is still being read: seal its records anew and close it first")]
    StillRead(Digest),
    /// A new ring is new.
    #[error("ring {0} is in force already, or was before")]
    KnownRing(Digest),
    /// Only the ring before the one in force is closed.
    #[error("ring {0} is not the one that was rotated away and is still read")]
    NotRead(Digest),
    /// The new keys are held by other trustees than those in force.
    #[error("{found} trustees confirm the ring, {members} are in force")]
    OtherHolders {
        /// How many confirm.
        found: usize,
        /// How many are members.
        members: usize,
    },
    /// Nobody could answer.
    #[error("{left} trustees would be left, {threshold} have to answer")]
    TooFewTrustees {
        /// How many there would be.
        left: usize,
        /// The threshold.
        threshold: u16,
    },
    /// One state could have records opened.
    #[error(
        "{state} is outside the custodian's own bloc and its law would bind {reached} trustees, of whom {threshold} open a record: name trustees in other states"
    )]
    WithinReach {
        /// The state.
        state: Country,
        /// How many trustees it reaches.
        reached: usize,
        /// The threshold.
        threshold: u16,
    },
    /// A statement of reach, or a watch, that cannot count.
    #[error("`{about}` {reason}")]
    Statement {
        /// About whom.
        about: PersonId,
        /// Why not.
        reason: &'static str,
    },
    /// Nobody who could state it has signed the statement.
    #[error("no independent counsel in force other than `{0}` has signed the statement")]
    NoCounsel(PersonId),
    /// A removed trustee does not come back under the same key.
    #[error("trustee {0} was removed under this identity key")]
    Removed(u16),
    /// A member that does not say that it can answer.
    #[error("trustee {member} has not confirmed its shares of ring {ring}, or the confirmation is for something else")]
    Unconfirmed {
        /// The member's index.
        member: u16,
        /// The ring.
        ring: Digest,
    },
    /// One party twice.
    #[error("`{0}` signed twice")]
    SignedTwice(String),
    /// A party that is not in force, or none at all.
    #[error("`{0}` is not in force")]
    NotInForce(String),
    /// Not a signature of that party over this body.
    #[error("the signature of `{0}` is wrong")]
    WrongSignature(String),
    /// A removal needs one signature.
    #[error("nobody in force has signed the removal")]
    NobodySigned,
    /// An addition needs m approvers and t trustees.
    #[error("signed by {} of {} approvers and {} of {} trustees", .0.approvers, .0.approvers_needed, .0.trustees, .0.trustees_needed)]
    TooFew(Standing),
}

/// Who has signed a change, and how many have to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Approvers that signed.
    pub approvers: usize,
    /// Counsel that signed.
    pub counsel: usize,
    /// Trustees that signed.
    pub trustees: usize,
    /// Approvers needed.
    pub approvers_needed: usize,
    /// Trustees needed.
    pub trustees_needed: usize,
    /// Of the counsel that signed, those who may state the reach that is stated.
    pub outside_counsel: usize,
    /// Whether it is a statement of reach: one of those is enough, and needed.
    pub statement: bool,
    /// Whether one signature of anybody who counts is enough.
    pub removal: bool,
}

impl Standing {
    /// Whether the fold will accept the change.
    pub fn is_complete(&self) -> bool {
        if self.removal {
            self.approvers + self.counsel + self.trustees > 0
        } else if self.statement {
            self.outside_counsel > 0
        } else {
            self.approvers >= self.approvers_needed && self.trustees >= self.trustees_needed
        }
    }
}

impl ControlState {
    /// Whether a change is of this journal, is the next one, and is one that could come into force, whoever signs it.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn check_next_change(&self, change: &Change, now: Timestamp) -> Result<(), ChangeError> {
        self.check_place(change)?;
        self.check_action(&change.action, now)
    }

    /// Checks every signature under a change and counts them. Every one has to be right.
    ///
    /// # Errors
    /// [`ChangeError::SignedTwice`], [`ChangeError::NotInForce`], [`ChangeError::WrongSignature`].
    pub fn change_standing(
        &self,
        body: &str,
        action: &Action,
        signatures: &[ControlSignature],
        now: Timestamp,
    ) -> Result<Standing, ChangeError> {
        let genesis = self.genesis.value();
        let state = self.at(now);
        let mut standing = Standing {
            approvers_needed: usize::from(genesis.change_approvals),
            trustees_needed: genesis.trustees.as_ref().map_or(0, |trustees| usize::from(trustees.threshold)),
            removal: action.only_removes(),
            statement: matches!(action, Action::StateReach { .. }),
            ..Standing::default()
        };
        let states_reach = |by: &str| match action {
            Action::StateReach { person, .. } => {
                person_named(&state, by).is_some_and(|counsel| may_state_reach(counsel, person))
            }
            _ => false,
        };
        let mut seen = BTreeSet::new();
        for signature in signatures {
            if !seen.insert(signature.by.as_str()) {
                return Err(ChangeError::SignedTwice(signature.by.clone()));
            }
            match party(&state, &signature.by) {
                None => return Err(ChangeError::NotInForce(signature.by.clone())),
                Some((_, keys)) if !signed(body, &keys, &signature.sig) => {
                    return Err(ChangeError::WrongSignature(signature.by.clone()));
                }
                _ if states_reach(&signature.by) => {
                    standing.counsel += 1;
                    standing.outside_counsel += 1;
                }
                Some((Party::Approver, _)) => standing.approvers += 1,
                Some((Party::Counsel, _)) => standing.counsel += 1,
                Some((Party::Trustee, _)) => standing.trustees += 1,
                Some((Party::Other, _)) => {}
            }
        }
        Ok(standing)
    }

    /// Whether a change can be published now with these signatures: what the fold will say of its leaf.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn check_signed_change(
        &self,
        change: &Exact<Change>,
        signatures: &[ControlSignature],
        now: Timestamp,
    ) -> Result<Standing, ChangeError> {
        let value = change.value();
        // In this order the fold names the same reason.
        self.check_place(value)?;
        let standing = self.change_standing(change.text(), &value.action, signatures, now)?;
        if value.action.only_removes() {
            if !standing.is_complete() {
                return Err(ChangeError::NobodySigned);
            }
            return self.check_action(&value.action, now).map(|()| standing);
        }
        self.check_action(&value.action, now)?;
        match &value.action {
            _ if standing.is_complete() => Ok(standing),
            Action::StateReach { person, .. } => Err(ChangeError::NoCounsel(person.clone())),
            _ => Err(ChangeError::TooFew(standing)),
        }
    }

    /// When a change that is first seen at `witnessed` takes effect.
    pub fn effective(change: &Change, witnessed: Timestamp) -> Timestamp {
        if change.action.only_removes() { witnessed } else { change.effective.max(witnessed.plus(COOLING)) }
    }

    fn check_place(&self, change: &Change) -> Result<(), ChangeError> {
        if change.custodian != self.genesis.value().custodian.id || change.genesis != self.genesis.digest() {
            return Err(ChangeError::OtherJournal);
        }
        let next = self.next_number();
        if change.number == next { Ok(()) } else { Err(ChangeError::Number { found: change.number, next }) }
    }

    /// Trustees whom no state outside the own bloc could make open a record.
    fn check_reach_of(&self, state: &InForce, members: &[TrusteeMember]) -> Result<(), ChangeError> {
        let Some((threshold, _)) = state.trustees() else { return Ok(()) };
        check_trustee_states(self.genesis.value().custodian.seat, threshold, members)
    }

    /// What a change must be beside signed. A removal may name what is not there.
    fn check_action(&self, action: &Action, now: Timestamp) -> Result<(), ChangeError> {
        match action {
            Action::AddPerson(added) => {
                let state = self.at(now);
                let cooling = self.waiting.iter().filter_map(|waiting| match &waiting.change.action {
                    Action::AddPerson(person) => Some(person),
                    _ => None,
                });
                let mut others = state.people.values().chain(cooling).filter(|person| person.id != added.id);
                // INVARIANT: keys are unique across the roster, so two signatures are two people and two readers have two budgets.
                let shares = |person: &Person| {
                    person.keys.iter().any(|key| added.keys.contains(key))
                        || (added.reader.is_some() && person.reader == added.reader)
                };
                match others.find(|person| shares(person)) {
                    None => Ok(()),
                    Some(person) => Err(ChangeError::SharedKey { added: added.id.clone(), with: person.id.clone() }),
                }
            }
            Action::AddWorker(added) => self.check_worker(added, None, now),
            Action::ReplaceWorker { replaces, worker } => {
                self.at(now).check_replacement(replaces, worker)?;
                self.check_worker(worker, Some(replaces), now)
            }
            Action::SetWitnessPolicy(text) => {
                usable_witness_policy(text, self.genesis.value()).map_err(ChangeError::WitnessPolicy)
            }
            Action::SetRing(_) | Action::SetIndexRing(_) | Action::RotateRing(_)
                if self.genesis.value().trustees.is_none() =>
            {
                Err(ChangeError::NoTrustees)
            }
            Action::SetRing(ring) => {
                let state = self.at(now);
                state.check_ring(ring).and_then(|()| rises(state.ring(), ring))
            }
            Action::RotateRing(new) => {
                let state = self.at(now);
                state.check_rotation(new).and_then(|()| check_ring_confirmed(new, state.members()))
            }
            Action::CloseRing(ring) => self.at(now).check_closing(ring),
            Action::SetIndexRing(ring) => rises(self.at(now).index_ring(), ring),
            Action::SetTrustees(new) => {
                let state = self.at(now);
                state.check_trustees(new)?;
                self.check_reach_of(&state, &new.members)?;
                check_confirmed(new)
            }
            Action::StateReach { person, reach } => self.check_reach_statement(person, reach, now),
            Action::Watch { person, .. } if !self.at(now).people.contains_key(person) => {
                Err(ChangeError::Statement { about: person.clone(), reason: "is not in the roster in force" })
            }
            Action::RemoveTrustee(identity) => self.at(now).check_removal(identity),
            _ => Ok(()),
        }
    }
}

/// A person in force by the name in signatures.
fn person_named<'s>(state: &'s InForce, by: &str) -> Option<&'s Person> {
    by.strip_prefix("person:").and_then(|id| PersonId::parse(id).ok()).and_then(|id| state.people.get(&id))
}

/// A party in force by its name in signatures, with its keys.
fn party(state: &InForce, by: &str) -> Option<(Party, Vec<String>)> {
    if let Some(person) = person_named(state, by) {
        let party = if person.roles.contains(&Role::Approver) {
            Party::Approver
        } else if person.roles.contains(&Role::Counsel) {
            Party::Counsel
        } else {
            Party::Other
        };
        return Some((party, person.keys.clone()));
    }
    state.trustee_named(by).map(|member| (Party::Trustee, vec![identity_key(member)]))
}

/// As what a signature counts.
enum Party {
    Approver,
    Counsel,
    Trustee,
    /// Somebody in force whose signature is allowed and counts for nothing.
    Other,
}
