//! The release protocol, explored state by state around the real decision.
//!
//! Nothing is re-implemented: whenever a trustee of a model is asked, [`verdict`] builds the request in real bytes and gives what
//! `verify_request` says to them, with the real fold of the journal and the real ledger. What the models add is everything that may
//! happen around it, in any order.
//!
//! [`attack`]: one honest trustee against the operator of the custodian, who has the desk's key, the log's key, one witness, one approver and
//! t-1 trustees, decides what is appended and what the trustee gets to read of it, and owns the network: lost, repeated and reordered
//! messages are messages that the operator does not deliver, delivers again, or delivers later. Since t-1 trustees give partials
//! for anything, what the honest one answers is what can be opened. [`answered`]: everybody honest but n-t dead trustees.
//!
//! Time stands still in both: windows, waiting times and cooling have their own tests.

mod answered;
mod attack;

use crate::world::*;
use countersign_core::approval::{Approval, SignerRole, Verdict, approval_message};
use countersign_core::control::Action;
use countersign_core::id::OrderId;
use countersign_core::json::Exact;
use countersign_core::time::HOUR;
use countersign_verify::ledger::Ledger;
use countersign_verify::refusal::Code;
use countersign_verify::request::{Plan, View, verify_request};
use countersign_verify::wire::LeafEvidence;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// One of two orders that share an id and name different people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Version {
    First,
    Second,
}

impl Version {
    /// The client whose record it opens.
    pub(crate) fn client(self) -> u8 {
        match self {
            Version::First => 1,
            Version::Second => 2,
        }
    }
}

/// A leaf that the operator may append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Entry {
    /// The order's leaf.
    Order(Version),
    /// `anna-berg` is removed from the roster.
    RemoveAnna,
    /// The order id is held.
    Hold,
}

/// Somebody whose approval may lie beside an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Approver {
    Anna,
    Bruno,
    /// Signs whatever the operator wants.
    Coerced,
}

impl Approver {
    fn id(self) -> &'static str {
        match self {
            Approver::Anna => "anna-berg",
            Approver::Bruno => "bruno-costa",
            Approver::Coerced => "carla-diaz",
        }
    }
}

/// What is said to prove that the order is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Shown {
    /// The first so many entries of the journal, cosigned by the quorum.
    Journal(usize),
    /// A journal of the operator's own, in which only the order stands, signed by the log and cosigned by one witness.
    Private,
}

/// A request to a trustee.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Request {
    pub(crate) order: Version,
    /// Which order each signature is over, and whose name stands beside it: `(name, signer, over)`.
    pub(crate) approvals: Vec<(Approver, Approver, Version)>,
    /// Whose records manifest and headers name.
    pub(crate) records: Version,
    pub(crate) shown: Shown,
}

/// What the trustee would do, or the code of its refusal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Said {
    /// It answers for the record of this client; `repeat` when it did so before.
    Answers {
        clients: Vec<u8>,
        repeat: bool,
    },
    Refuses(Code),
}

type Asked = (u16, Vec<Entry>, usize, Vec<Version>, Request);

/// What trustee `index` says, having folded the first `folded` entries of `history` and answered `before`.
pub(crate) fn verdict(index: u16, history: &[Entry], folded: usize, before: &[Version], request: &Request) -> Said {
    static KNOWN: OnceLock<Mutex<HashMap<Asked, Said>>> = OnceLock::new();
    // INVARIANT: nothing that the trustee has not folded and is not shown either can change what it says.
    let relevant = match request.shown {
        Shown::Journal(size) => folded.max(size),
        Shown::Private => folded,
    };
    let key = (index, history[..relevant].to_vec(), folded, before.to_vec(), request.clone());
    let known = KNOWN.get_or_init(Mutex::default);
    if let Some(said) = known.lock().unwrap().get(&key) {
        return said.clone();
    }
    let said = decide(&key);
    known.lock().unwrap().insert(key, said.clone());
    said
}

fn decide((index, history, folded, before, request): &Asked) -> Said {
    let (whole, seen) = (journal_of(history), journal_of(&history[..*folded]));
    let now = whole.world.now;
    let case = case_of(request.order);
    let leaf = match request.shown {
        Shown::Journal(entries) => {
            let at = whole.place(request.order).expect("an order's leaf is shown only where it stands");
            let size = journal_of(&history[..entries]).world.journal.size();
            let journal = &whole.world.journal;
            LeafEvidence {
                proof: journal.proof(at, size, &[now, now.plus(-60)]),
                seasoned: Some(journal.proof(at, at + 1, &[now.plus(-HOUR); 2])),
                ..case.leaf.clone()
            }
        }
        Shown::Private => {
            let mut private = Journal::default();
            private.append(case.leaf.leaf.clone().into_bytes());
            LeafEvidence { proof: private.proof(0, 1, &[now]), seasoned: None, ..case.leaf.clone() }
        }
    };
    let records = case_of(request.records);
    let asked = Case {
        approvals: request.approvals.iter().map(|(name, signer, over)| approval_by(*name, *signer, *over)).collect(),
        leaf,
        manifest: records.manifest.clone(),
        records: records.records.clone(),
        ..case.clone()
    };
    let mut ledger = Ledger::default();
    before.iter().for_each(|version| plan_of(*version).remember(&mut ledger, now));
    let view = View { ledger: &ledger, ..seen.world.view(*index) };
    let bytes = whole.world.sign(asked.request(*index, now));
    match verify_request(&view, now, seed("weights of the model"), &bytes) {
        Err(refusal) => Said::Refuses(refusal.code()),
        Ok(plan) => {
            let clients = plan.records.iter().map(|record| record.capsule.label().head().handle.0[0]).collect();
            Said::Answers { clients, repeat: plan.replay }
        }
    }
}

/// A journal with these entries after genesis, and a trustee that has folded all of it.
struct Made {
    world: World,
    history: Vec<Entry>,
    places: Vec<u64>,
}

impl Made {
    /// Index of the order's leaf.
    fn place(&self, order: Version) -> Option<u64> {
        let at = self.history.iter().position(|entry| *entry == Entry::Order(order))?;
        Some(self.places[at])
    }
}

fn journal_of(history: &[Entry]) -> Arc<Made> {
    static MADE: OnceLock<Mutex<HashMap<Vec<Entry>, Arc<Made>>>> = OnceLock::new();
    let made = MADE.get_or_init(Mutex::default);
    if let Some(known) = made.lock().unwrap().get(history) {
        return Arc::clone(known);
    }
    let mut world = World::new();
    let places = history
        .iter()
        .map(|entry| match entry {
            Entry::Order(version) => world.append(case_of(*version).leaf.leaf.clone().into_bytes()),
            Entry::RemoveAnna => world.change(Action::RemovePerson(person_id("anna-berg")), &["person:carla-diaz"]),
            Entry::Hold => world.change(Action::HoldOrder(ORDER), &["person:dora-egger"]),
        })
        .collect();
    assert!(world.control.rejected().is_empty());
    let new = Arc::new(Made { world, history: history.to_vec(), places });
    made.lock().unwrap().insert(history.to_vec(), Arc::clone(&new));
    new
}

const ORDER: OrderId = OrderId([3; 16]);

/// Both versions are made at the same time in the same new world; only their leaves are used elsewhere.
fn case_of(version: Version) -> &'static Case {
    static CASES: OnceLock<[Case; 2]> = OnceLock::new();
    let cases = CASES.get_or_init(|| {
        [Version::First, Version::Second].map(|version| {
            let mut world = World::new();
            let draft = world.draft_for(&[version.client()]);
            assert_eq!(draft.order.id, ORDER);
            world.publish(draft)
        })
    });
    match version {
        Version::First => &cases[0],
        Version::Second => &cases[1],
    }
}

/// What an answered order leaves in the ledger.
fn plan_of(version: Version) -> &'static Plan {
    static PLANS: OnceLock<[Plan; 2]> = OnceLock::new();
    let plans = PLANS.get_or_init(|| {
        [Version::First, Version::Second].map(|version| {
            let mut world = World::new();
            let draft = world.draft_for(&[version.client()]);
            let case = world.publish(draft);
            world.ask(&case, 1).unwrap()
        })
    });
    match version {
        Version::First => &plans[0],
        Version::Second => &plans[1],
    }
}

/// An approval in the name of `name` with the signature of `signer`.
fn approval_by(name: Approver, signer: Approver, over: Version) -> String {
    let (case, when) = (case_of(over), World::new().now.plus(-HOUR - 60));
    let honest = approval(&case.order, name.id(), SignerRole::Approver, Verdict::Approve, when);
    if name == signer {
        return honest;
    }
    let mut forged = Exact::<Approval>::parse(honest.as_bytes()).unwrap().value().clone();
    forged.signature = plain_signature(signer.id(), &approval_message(&forged.signed_digest()));
    Exact::write(forged).unwrap().text().to_owned()
}
