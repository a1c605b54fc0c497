//! A small custodian in memory, everything real: five trustees after a key ceremony without a dealer, people with Ed25519
//! keys, a directory, the built-in policy, three witnesses of whom two suffice, a journal that began with a signed genesis.

mod case;
mod duty;
mod folder;
mod founding;
mod holders;
mod lookup;
mod reading;

pub(crate) use case::*;
pub(crate) use duty::*;
pub(crate) use folder::*;
pub(crate) use founding::*;
pub(crate) use holders::*;
pub(crate) use lookup::*;
pub(crate) use reading::*;

use countersign_core::control::{Action, Change, ChangeV1, Genesis};
use countersign_core::directory::Directory;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_policy::Bundle;
use countersign_seal::ring::{ConfirmedRing, VerifyingShares};
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::cosignature::cosign;
use countersign_tlog::leaf::ControlLeaf;
use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::{Tree, inclusion_proof, root_at};
use countersign_tlog::note::KeyName;
use countersign_tlog::proof::LogProof;
use countersign_verify::ledger::Ledger;
use countersign_verify::refusal::Refusal;
use countersign_verify::request::{Plan, View, verify_request};
use countersign_verify::state::{ControlState, JournalView};
use countersign_verify::wire::{ReleaseRequest, Signed};

/// The journal as its operator holds it.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    pub(crate) leaves: Vec<Vec<u8>>,
    tree: Tree,
}

impl Journal {
    pub(crate) fn append(&mut self, leaf: Vec<u8>) -> u64 {
        self.tree.push(leaf_hash(&leaf));
        self.leaves.push(leaf);
        self.size() - 1
    }

    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    pub(crate) fn root(&self, size: u64) -> countersign_tlog::Hash {
        root_at(size, &mut self.tree.clone()).unwrap()
    }

    /// Cosigned by witnesses 1, 2, ... at these times.
    pub(crate) fn checkpoint(&self, size: u64, times: &[Timestamp]) -> SignedCheckpoint {
        let head = Checkpoint { origin: KeyName::new(ORIGIN).unwrap(), size, root: self.root(size) };
        let mut signed = head.sign(&log_key()).unwrap();
        for (number, time) in (1..).zip(times) {
            let line = cosign(&signed, &witness(number), time.unix() as u64).unwrap();
            signed.add(line).unwrap();
        }
        signed
    }

    pub(crate) fn proof(&self, index: u64, size: u64, times: &[Timestamp]) -> String {
        let hashes = inclusion_proof(index, size, &mut self.tree.clone()).unwrap();
        LogProof { extra: None, index, hashes, checkpoint: self.checkpoint(size, times) }.to_string()
    }
}

/// The custodian, its journal, and what the trustees have made of it. Trustees differ by index and ledger only.
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) journal: Journal,
    pub(crate) control: ControlState,
    pub(crate) seen: JournalView,
    pub(crate) bundle: &'static Bundle,
    pub(crate) directory: Exact<Directory>,
    pub(crate) ring: ConfirmedRing,
    pub(crate) shares: VerifyingShares,
    /// The shares that trustees have loaded, in whatever epoch.
    pub(crate) held: Held,
    pub(crate) ledger: Ledger,
    /// Index and witnessed time of every control leaf.
    pub(crate) control_leaves: Vec<(u64, Timestamp)>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::founded_with(&genesis())
    }

    pub(crate) fn founded_with(genesis: &Genesis) -> Self {
        let founded = founded();
        let body = Exact::write(genesis.clone()).unwrap();
        let leaf = control_leaf(body.text(), &genesis_signers());
        let control = ControlState::begin(&leaf, Some(&body.digest())).unwrap();
        let (ring, shares) = founded.confirmed();
        let mut world = Self {
            now: at("2026-11-20T13:00:00Z"),
            journal: Journal::default(),
            control,
            seen: JournalView::default(),
            bundle: bundle(),
            directory: Exact::write(directory()).unwrap(),
            ring,
            shares,
            held: Held::founding(),
            ledger: Ledger::default(),
            control_leaves: vec![(0, genesis.created)],
        };
        world.append(leaf.to_bytes().unwrap());
        world
    }

    /// Appends a leaf, and every trustee reads it.
    pub(crate) fn append(&mut self, leaf: Vec<u8>) -> u64 {
        let index = self.journal.append(leaf);
        self.seen.grew(index + 1, self.journal.root(index + 1));
        index
    }

    /// A change of control state, signed by these parties, seen by everybody now.
    pub(crate) fn change<S: AsRef<str>>(&mut self, action: Action, signers: &[S]) -> u64 {
        let change = self.next_change(action);
        self.fold(&control_leaf(Exact::write(change).unwrap().text(), signers))
    }

    pub(crate) fn next_change(&self, action: Action) -> Change {
        Change {
            v: ChangeV1,
            custodian: CUSTODIAN,
            genesis: self.control.genesis().digest(),
            number: self.control.next_number(),
            effective: at("2026-01-01T00:00:00Z"),
            action,
        }
    }

    pub(crate) fn fold(&mut self, leaf: &ControlLeaf) -> u64 {
        let index = self.append(leaf.to_bytes().unwrap());
        self.control.fold(index, leaf, self.now);
        self.control_leaves.push((index, self.now));
        index
    }

    pub(crate) fn view(&self, trustee: u16) -> View<'_> {
        View {
            trustee,
            control: &self.control,
            journal: &self.seen,
            bundle: self.bundle,
            directory: &self.directory,
            ring: &self.ring,
            shares: &self.shares,
            ledger: &self.ledger,
        }
    }

    pub(crate) fn sign(&self, request: ReleaseRequest) -> Vec<u8> {
        Signed::sign(request, &signing_key("desk")).unwrap().text().as_bytes().to_vec()
    }

    /// What trustee `trustee` says to the request for this case.
    pub(crate) fn ask(&self, case: &Case, trustee: u16) -> Result<Plan, Refusal> {
        let (ring, share_epoch) = (self.ring.id(), self.shares.epoch());
        self.send(ReleaseRequest { ring, share_epoch, ..case.request(trustee, self.now) })
    }

    pub(crate) fn send(&self, request: ReleaseRequest) -> Result<Plan, Refusal> {
        let trustee = request.trustee;
        self.send_bytes(&self.sign(request), trustee)
    }

    pub(crate) fn send_bytes(&self, bytes: &[u8], trustee: u16) -> Result<Plan, Refusal> {
        verify_request(&self.view(trustee), self.now, seed("header weights"), bytes)
    }
}

/// The two approvers and three trustees that a change needs.
pub(crate) const ENOUGH: [&str; 5] = ["person:anna-berg", "person:bruno-costa", "trustee:1", "trustee:2", "trustee:3"];
