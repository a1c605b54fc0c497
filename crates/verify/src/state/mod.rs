//! The control state: who may sign, which policy, directory, ring and witnesses are in force - folded from the control
//! leaves of the journal by everybody who verifies.
//!
//! Rules: `docs/formats/control.md`. A control leaf whose signatures do not suffice changes nothing and is remembered as
//! rejected. An addition or a weakening takes effect after [`COOLING`](countersign_core::control::COOLING), counted from
//! the time at which the folder saw it under the witness quorum: a tick that the custodian wrote is never trusted for that.
//! Daily totals (`docs/formats/totals.md`) and check-ins (`docs/formats/check-in.md`) are control leaves too; they are remembered and
//! are no part of what is in force.

mod change;
mod fold;
mod holders;
mod journal;
mod presence;
mod reach;
mod rotation;
mod totals;
mod words;
mod workers;

pub use change::{ChangeError, Standing};
pub use fold::{FoldError, Rejected, is_signed_by_trustee};
pub use journal::{JournalView, REMEMBERED_SIZES};
pub use presence::{CheckInError, Presence};
pub use reach::{check_trustee_states, is_own_bloc};
pub(crate) use totals::follows;
pub use totals::{NotNext, PublishedTotals};
pub use words::in_words;

use countersign_core::check_in::Watch;
use countersign_core::control::{Action, Change, Genesis, Person, RingRef, TrusteeMember, Trustees};
use countersign_core::id::{AuthorityId, Digest, OrderId, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_core::worker::Worker;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The control state after some prefix of the journal.
#[derive(Debug, Clone)]
pub struct ControlState {
    genesis: Exact<Genesis>,
    in_force: InForce,
    waiting: Vec<Waiting>,
    number: u32,
    totals: Option<PublishedTotals>,
    /// When people who have to check in were last heard, by their own word.
    seen: BTreeMap<PersonId, Timestamp>,
    rejected: Vec<Rejected>,
}

/// What is in force at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InForce {
    genesis: Digest,
    people: BTreeMap<PersonId, Person>,
    policy: Digest,
    directory: Digest,
    witness_policy: String,
    ring: Option<RingRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index_ring: Option<RingRef>,
    /// None while they are those of genesis, as for the two below.
    #[serde(skip_serializing_if = "Option::is_none")]
    trustees: Option<Vec<TrusteeMember>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ring_makers: Option<Vec<TrusteeMember>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index_ring_makers: Option<Vec<TrusteeMember>>,
    /// The ring that was rotated away, while it is still read, and who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_ring: Option<RingRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    former_ring_makers: Option<Vec<TrusteeMember>>,
    /// Rings under which nothing is answered ever again.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    closed_rings: BTreeSet<Digest>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    removed_trustees: BTreeSet<Digest>,
    suspended: BTreeSet<AuthorityId>,
    held: BTreeSet<OrderId>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    workers: BTreeMap<Digest, Worker>,
    /// Workers that were replaced, and by whom: the worker that does their duties now.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    replaced_workers: BTreeMap<Digest, Digest>,
    /// Who has to check in. It outlasts the person's entry: whoever comes back has to check in too.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    watched: BTreeMap<PersonId, Watch>,
    /// Those of genesis, which its digest names.
    #[serde(skip)]
    founding: Option<Arc<Trustees>>,
}

/// An addition or weakening that is accepted and cooling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Index of its leaf.
    pub index: u64,
    /// When it takes effect for this folder.
    pub effective: Timestamp,
    /// The change.
    pub change: Change,
}

impl ControlState {
    /// Leaf 0.
    pub fn genesis(&self) -> &Exact<Genesis> {
        &self.genesis
    }

    /// What is in force at `now`: everything folded, and every waiting change whose time has come.
    pub fn at(&self, now: Timestamp) -> InForce {
        self.settled(now).0
    }

    /// Changes that are accepted and cooling at `now`.
    pub fn waiting(&self, now: Timestamp) -> impl Iterator<Item = &Waiting> {
        self.settled(now).1.into_iter()
    }

    /// Control leaves that changed nothing, with the reason.
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    /// The number that the next change must carry.
    pub fn next_number(&self) -> u32 {
        self.number.saturating_add(1)
    }

    /// The witness policies that can be in force before the next change: the one in force, and every one that is cooling.
    pub(crate) fn witness_policies(&self) -> impl Iterator<Item = &str> {
        let cooling = self.waiting.iter().filter_map(|waiting| match &waiting.change.action {
            Action::SetWitnessPolicy(text) => Some(text.as_str()),
            _ => None,
        });
        std::iter::once(self.in_force.witness_policy.as_str()).chain(cooling)
    }
}

impl InForce {
    /// The people of the roster.
    pub fn people(&self) -> &BTreeMap<PersonId, Person> {
        &self.people
    }

    /// Digest of the policy bundle.
    pub fn policy(&self) -> Digest {
        self.policy
    }

    /// Digest of the authority directory.
    pub fn directory(&self) -> Digest {
        self.directory
    }

    /// The witness policy's text.
    pub fn witness_policy(&self) -> &str {
        &self.witness_policy
    }

    /// The ring and share epoch.
    pub fn ring(&self) -> Option<&RingRef> {
        self.ring.as_ref()
    }

    /// The ring that was rotated away and is still read.
    pub fn former_ring(&self) -> Option<&RingRef> {
        self.former_ring.as_ref()
    }

    /// The ring with this id under which records are answered: the one in force, or the one before it.
    pub fn read_under(&self, ring: &Digest) -> Option<&RingRef> {
        self.ring.iter().chain(&self.former_ring).find(|read| read.id == *ring)
    }

    /// The rings under which nothing is answered any more.
    pub fn closed_rings(&self) -> impl Iterator<Item = &Digest> {
        self.closed_rings.iter()
    }

    /// The index ring and its share epoch.
    pub fn index_ring(&self) -> Option<&RingRef> {
        self.index_ring.as_ref()
    }

    /// Whether the authority is suspended.
    pub fn is_suspended(&self, authority: &AuthorityId) -> bool {
        self.suspended.contains(authority)
    }

    /// The suspended authorities.
    pub fn suspended(&self) -> impl Iterator<Item = &AuthorityId> {
        self.suspended.iter()
    }

    /// The held orders.
    pub fn held(&self) -> impl Iterator<Item = &OrderId> {
        self.held.iter()
    }

    /// Whether the order is held.
    pub fn is_held(&self, order: &OrderId) -> bool {
        self.held.contains(order)
    }

    /// The workers, by the digests of their identity documents.
    pub fn workers(&self) -> &BTreeMap<Digest, Worker> {
        &self.workers
    }

    /// parts("countersign/state/v1", canonical JSON of the state): what receipts carry.
    pub fn digest(&self) -> Digest {
        // INVARIANT: maps with string keys, no floats: writing this type as JSON cannot fail.
        let text = serde_json::to_string(self).unwrap_or_default();
        countersign_core::digest::parts("countersign/state/v1", &[text.as_bytes()])
    }

    /// Says whether other trustees, or new keys, came into force by it.
    fn apply(&mut self, action: &Action) -> bool {
        match action {
            Action::AddPerson(person) => {
                self.people.insert(person.id.clone(), person.clone());
            }
            Action::StateReach { person, reach } => self.set_reach(person, reach),
            Action::Watch { person, watch } => {
                self.watched.insert(person.clone(), watch.clone());
            }
            Action::RemovePerson(person) => {
                self.people.remove(person);
            }
            Action::RevokeKey { person, key } => {
                if let Some(person) = self.people.get_mut(person) {
                    person.keys.retain(|kept| kept != key);
                }
            }
            Action::SetPolicy(policy) => self.policy = *policy,
            Action::SetDirectory(directory) => self.directory = *directory,
            Action::SuspendAuthority(authority) => {
                self.suspended.insert(authority.clone());
            }
            Action::SetWitnessPolicy(policy) => self.witness_policy.clone_from(policy),
            Action::SetRing(ring) => self.set_ring(ring),
            Action::SetIndexRing(ring) => self.set_index_ring(ring),
            Action::RotateRing(new) => return self.rotate_ring(new),
            Action::CloseRing(ring) => self.close_ring(ring),
            Action::SetTrustees(new) => return self.set_trustees(new),
            Action::RemoveTrustee(identity) => {
                self.removed_trustees.insert(*identity);
            }
            Action::HoldOrder(order) => {
                self.held.insert(*order);
            }
            Action::AddWorker(worker) => {
                self.workers.insert(worker.digest(), worker.clone());
            }
            Action::ReplaceWorker { replaces, worker } => self.replace_worker(replaces, worker),
            Action::RemoveWorker(worker) => {
                self.workers.remove(worker);
            }
        }
        false
    }
}
