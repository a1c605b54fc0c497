//! Folding control leaves.

use super::holders::names;
use super::reach::{foreign_state_that_opens, overtaken};
use super::{ControlState, InForce, Waiting};
use countersign_approve::{PublicKey, verify_control_signature};
use countersign_core::check_in::CheckIn;
use countersign_core::control::{Action, Change, Genesis, Person, Role, TrusteeMember};
use countersign_core::country::Country;
use countersign_core::encoding::hex;
use countersign_core::id::Digest;
use countersign_core::json::{DocumentError, Exact};
use countersign_core::time::Timestamp;
use countersign_core::totals::DailyTotals;
use countersign_tlog::leaf::ControlLeaf;
use countersign_tlog::policy::{Log, Policy};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why leaf 0 is not the genesis it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The body is not a genesis document.
    #[error("leaf 0: {0}")]
    Document(#[from] DocumentError),
    /// Not the genesis that the verifier has pinned.
    #[error(
        "leaf 0: the genesis digest is `{found}`, pinned is `{pinned}`; this is another custodian's journal or a rewritten one"
    )]
    NotPinned {
        /// Digest of the body found.
        found: Digest,
        /// Digest pinned.
        pinned: Digest,
    },
    /// One state could have records opened.
    #[error(
        "leaf 0: {state} is outside the custodian's own bloc and its law binds {reached} trustees, of whom {threshold} open a record"
    )]
    WithinReach {
        /// The state.
        state: Country,
        /// How many trustees it reaches.
        reached: usize,
        /// The threshold.
        threshold: u16,
    },
    /// Somebody named in genesis has not signed it.
    #[error("leaf 0: `{0}` has not signed, or the signature is wrong")]
    Unsigned(String),
    /// Its witness policy shows nothing about its journal.
    #[error("leaf 0: witness policy: {0}")]
    WitnessPolicy(String),
    /// A signature of nobody named in genesis.
    #[error("leaf 0: a signature of `{0}`, who is not named in genesis or signed twice")]
    Stranger(String),
}

/// A control leaf that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Index of the leaf.
    pub index: u64,
    /// Why.
    pub reason: String,
}

/// Name of a signing party in a control leaf: `person:anna-berg` or `trustee:3`.
pub(super) fn party_of_person(person: &Person) -> String {
    format!("person:{}", person.id)
}

/// Name of a trustee as a signing party.
pub(super) fn party_of_trustee(member: &TrusteeMember) -> String {
    format!("trustee:{}", member.index)
}

impl ControlState {
    /// Starts a fold at leaf 0.
    ///
    /// Every trustee, and every approver and counsel of the roster, must have signed the body.
    ///
    /// # Errors
    /// [`FoldError`].
    pub fn begin(leaf: &ControlLeaf, pinned: Option<&Digest>) -> Result<Self, FoldError> {
        let genesis = Exact::<Genesis>::parse(leaf.body().as_bytes())?;
        if let Some(pinned) = pinned.filter(|pinned| **pinned != genesis.digest()) {
            return Err(FoldError::NotPinned { found: genesis.digest(), pinned: *pinned });
        }
        let value = genesis.value();
        usable_witness_policy(&value.witness_policy, value).map_err(FoldError::WitnessPolicy)?;
        if let Some(trustees) = &value.trustees {
            let threshold = trustees.threshold;
            let opens = foreign_state_that_opens(value.custodian.seat, threshold, &trustees.members);
            if let Some((state, reached)) = opens {
                return Err(FoldError::WithinReach { state, reached, threshold });
            }
        }
        let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for person in value.people.iter().filter(|person| must_sign_genesis(person)) {
            expected.insert(party_of_person(person), person.keys.clone());
        }
        for member in value.trustees.iter().flat_map(|trustees| &trustees.members) {
            expected.insert(party_of_trustee(member), vec![identity_key(member)]);
        }
        for signature in leaf.signatures() {
            let Some(keys) = expected.remove(&signature.by) else {
                return Err(FoldError::Stranger(signature.by.clone()));
            };
            if !signed(leaf.body(), &keys, &signature.sig) {
                return Err(FoldError::Unsigned(signature.by.clone()));
            }
        }
        if let Some(missing) = expected.into_keys().next() {
            return Err(FoldError::Unsigned(missing));
        }
        let in_force = InForce {
            genesis: genesis.digest(),
            people: value.people.iter().map(|person| (person.id.clone(), person.clone())).collect(),
            policy: value.policy,
            directory: value.directory,
            witness_policy: value.witness_policy.clone(),
            ring: value.ring.clone(),
            index_ring: value.index_ring.clone(),
            trustees: None,
            ring_makers: None,
            index_ring_makers: None,
            former_ring: None,
            former_ring_makers: None,
            closed_rings: BTreeSet::new(),
            removed_trustees: BTreeSet::new(),
            suspended: BTreeSet::new(),
            held: BTreeSet::new(),
            founding: value.trustees.clone().map(Arc::new),
            workers: BTreeMap::new(),
            replaced_workers: BTreeMap::new(),
            watched: BTreeMap::new(),
        };
        let (waiting, rejected) = (Vec::new(), Vec::new());
        Ok(Self { genesis, in_force, waiting, number: 0, totals: None, seen: BTreeMap::new(), rejected })
    }

    /// Folds the control leaf at `index`. `witnessed` is the time of the witnessed checkpoint under which this folder
    /// first saw the leaf.
    ///
    /// A leaf whose signatures do not suffice changes nothing and is listed by [`rejected`](Self::rejected).
    pub fn fold(&mut self, index: u64, leaf: &ControlLeaf, witnessed: Timestamp) {
        self.settle(witnessed);
        if DailyTotals::is_claimed_by(leaf.body()) {
            match self.accept_totals(index, leaf, witnessed) {
                Ok(totals) => self.totals = Some(totals),
                Err(reason) => self.rejected.push(Rejected { index, reason }),
            }
            return;
        }
        if CheckIn::is_claimed_by(leaf.body()) {
            match self.read_check_in(leaf, witnessed) {
                Ok(check_in) => {
                    self.seen.insert(check_in.person, check_in.at);
                }
                Err(reason) => self.rejected.push(Rejected { index, reason }),
            }
            return;
        }
        match self.accept(leaf, witnessed) {
            Ok(change) if change.action.only_removes() => {
                self.number = change.number;
                self.cancel_waiting(&change.action);
                self.in_force.apply(&change.action);
            }
            Ok(change) => {
                self.number = change.number;
                let effective = Self::effective(&change, witnessed);
                if let Action::StateReach { person, reach } = &change.action {
                    self.waiting.retain_mut(|waiting| !overtaken(waiting, person, reach));
                    self.in_force.widen_reach(person, reach);
                }
                self.waiting.push(Waiting { index, effective, change });
            }
            Err(reason) => self.rejected.push(Rejected { index, reason }),
        }
    }

    /// Moves waiting changes whose time had come at `now` into force.
    fn settle(&mut self, now: Timestamp) {
        let (in_force, cooling) = self.settled(now);
        let cooling = cooling.into_iter().cloned().collect();
        (self.in_force, self.waiting) = (in_force, cooling);
    }

    /// A removal also removes what is still cooling: otherwise a removed person could come back by an older addition.
    fn cancel_waiting(&mut self, action: &Action) {
        self.waiting.retain_mut(|waiting| match (&mut waiting.change.action, action) {
            (Action::AddPerson(person), Action::RemovePerson(removed)) => person.id != *removed,
            (Action::StateReach { person, .. }, Action::RemovePerson(removed)) => person != removed,
            (Action::AddPerson(person), Action::RevokeKey { person: owner, key }) if person.id == *owner => {
                person.keys.retain(|kept| kept != key);
                !person.keys.is_empty()
            }
            (waiting, Action::RemoveTrustee(identity)) => !names(waiting, identity),
            (Action::AddWorker(worker), Action::RemoveWorker(removed)) => worker.digest() != *removed,
            // Who removes a worker does not trust it any more: nobody inherits what it was to do.
            (Action::ReplaceWorker { replaces, worker }, Action::RemoveWorker(removed)) => {
                *replaces != *removed && worker.digest() != *removed
            }
            _ => true,
        });
    }

    fn accept(&self, leaf: &ControlLeaf, now: Timestamp) -> Result<Change, String> {
        let change = Exact::<Change>::parse(leaf.body().as_bytes()).map_err(|error| error.to_string())?;
        self.check_signed_change(&change, leaf.signatures(), now).map_err(|error| error.to_string())?;
        Ok(change.value().clone())
    }
}

/// A witness policy that can show something about this journal: it names the journal's key, and no two disjoint sets of
/// witnesses satisfy it (nor nobody at all).
pub(super) fn usable_witness_policy(text: &str, genesis: &Genesis) -> Result<(), String> {
    let policy = Policy::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    if let Some(reason) = policy.refused() {
        return Err(reason);
    }
    let journal = &genesis.journal;
    let known = |log: &Log| log.key.to_string() == journal.vkey && log.key.name().as_str() == journal.origin;
    match policy.logs() {
        [log] if known(log) => Ok(()),
        _ => Err("the witness policy names another log than the journal of genesis".into()),
    }
}

fn must_sign_genesis(person: &Person) -> bool {
    person.roles.iter().any(|role| matches!(role, Role::Approver | Role::Counsel))
}

/// Whether this trustee signed a control body.
pub fn is_signed_by_trustee(body: &str, member: &TrusteeMember, signature: &str) -> bool {
    signed(body, &[identity_key(member)], signature)
}

/// A trustee's identity key in the spelling of roster keys.
pub(super) fn identity_key(member: &TrusteeMember) -> String {
    format!("ed25519 {}", hex(member.identity.as_bytes()))
}

pub(super) fn signed(body: &str, keys: &[String], signature: &str) -> bool {
    let keys = keys.iter().filter_map(|key| PublicKey::parse(key).ok());
    keys.into_iter().any(|key| verify_control_signature(body, &key, signature).is_ok())
}
