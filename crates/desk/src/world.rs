//! A desk over a real log with two of three witnesses, a clock that moves when told, and parties whose keys are their names.

use crate::desk::{Custodian, Desk, RingFiles, Surroundings};
use crate::history::seen_at;
use crate::ports::{BlastRadius, Journal, Trustee};
use crate::publish::proof_setting;
use async_trait::async_trait;
use base64ct::{Base64, Encoding};
use countersign_core::check_in::Watch;
use countersign_core::control::{
    Action, Custodian as Firm, Genesis, GenesisV1, JournalKey, Person, Reach, RingRef, Role, TrusteeMember, Trustees,
    control_message,
};
use countersign_core::country::Country;
use countersign_core::directory::{Authority, AuthorityKind, Directory, DirectoryV1, Dossier, Standing};
use countersign_core::id::{AuthorityId, CustodianId, Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::{Clock, Seconds, Timestamp};
use countersign_log::witness::{LocalWitness, Witness};
use countersign_log::{FolderTiles, Log, LogParts, Pace, PublicProof};
use countersign_policy::Bundle;
use countersign_seal::kind::Index;
use countersign_store::journal::{Entry, Journal as JournalStore, MemoryJournal};
use countersign_store::memory::{MemorySigmas, MemoryStore};
use countersign_store::{Cases, NewLeaf, Settings, Sigmas};
use countersign_testkit::clock::StepClock;
use countersign_testkit::random::{named, seed};
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LARGE_LEAF_BYTES, Leaf, LeafId, tick_of};
use countersign_tlog::note::{KeyKind, KeyName, SigningKey as NoteKey};
use countersign_tlog::policy::Policy;
use countersign_verify::state::ControlState;
use ed25519_dalek::{Signer as _, SigningKey};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use zeroize::Zeroizing;

pub(crate) const CUSTODIAN: CustodianId = CustodianId([7; 16]);
const ORIGIN: &str = "journal.example/xa";
/// A court of `XA` and a police force of `XB`.
pub(crate) const AUTHORITIES: [(&str, &str); 2] = [("xa-district-court", "XA"), ("xb-police", "XB")];

/// Everything around the desk. A desk can be opened again and again, as after a restart.
pub(crate) struct World {
    _folder: TempDir,
    pub(crate) clock: Arc<StepClock>,
    pub(crate) store: MemoryStore,
    pub(crate) sigmas: Arc<dyn Sigmas>,
    pub(crate) journal: MemoryJournal,
    pub(crate) log: Arc<Running>,
}

/// The log as the desk's port; nothing becomes public while it is broken.
pub(crate) struct Running {
    log: Arc<Log>,
    journal: MemoryJournal,
    broken: AtomicBool,
    restarts: Mutex<u32>,
}

impl Running {
    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }
}

pub(crate) fn person_id(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

pub(crate) fn state(code: &str) -> Country {
    Country::parse(code).unwrap()
}

pub(crate) fn signing_key(party: &str) -> SigningKey {
    SigningKey::from_bytes(&seed(&format!("desk world {party}")))
}

/// The roster key of `person:ID` or `trustee:N`.
pub(crate) fn roster_key(party: &str) -> String {
    format!("ed25519 {}", public(party))
}

fn public(party: &str) -> Digest {
    Digest(signing_key(party).verifying_key().to_bytes())
}

/// A party's signature under a control body.
pub(crate) fn sign(party: &str, body: &str) -> ControlSignature {
    let sig = Base64::encode_string(&signing_key(party).sign(&control_message(body)).to_bytes());
    ControlSignature { by: party.to_owned(), sig }
}

/// A person with one key, whom the home state and these states can compel.
pub(crate) fn person(id: &str, role: Role, home: &str, reach: &[&str]) -> Person {
    let mut states: Vec<Country> = reach.iter().chain([&home]).map(|code| state(code)).collect();
    states.sort_unstable();
    states.dedup();
    Person {
        id: person_id(id),
        roles: vec![role],
        state: state(home),
        manages: Vec::new(),
        independent: false,
        reach: Reach { states, at: start() },
        keys: vec![roster_key(&format!("person:{id}"))],
        reader: None,
    }
}

/// Somebody has to check in from now on, or (`None`) no longer. Counts after the cooling.
pub(crate) async fn watch(desk: &Desk, person: &str, hours: Option<u16>) {
    let watch = Watch { hours, from: desk.now() };
    let change = desk.draft_change(Action::Watch { person: person_id(person), watch }, None).await.unwrap();
    let signatures: Vec<_> = ENOUGH.iter().map(|party| sign(party, change.text())).collect();
    desk.publish_change(&change, &signatures).await.unwrap();
}

pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-11-20T13:00:00Z").unwrap()
}

fn note_key(name: &str, kind: KeyKind) -> NoteKey {
    NoteKey::from_seed(KeyName::new(name).unwrap(), kind, &seed(name)).unwrap()
}

fn log_key() -> NoteKey {
    note_key(ORIGIN, KeyKind::Ed25519)
}

fn witness_key(number: u16) -> NoteKey {
    note_key(&format!("witness.example/w{number}"), KeyKind::CosignatureV1)
}

fn witness_policy() -> String {
    let mut text = format!("log {}\n", log_key().verifier());
    for number in 1..=3 {
        text += &format!("witness w{number} {}\n", witness_key(number).verifier());
    }
    text + "group all-w 2 w1 w2 w3\nquorum all-w\n"
}

fn directory() -> Exact<Directory> {
    let authority = |(id, home): (&str, &str)| Authority {
        id: AuthorityId::parse(id).unwrap(),
        name: id.to_owned(),
        state: state(home),
        kind: AuthorityKind::Court,
        independence: 3,
        security_service: Some(false),
        standing: Standing::Good,
        sanctioned_in: Vec::new(),
        call_back: Some("+99900100200".into()),
        signing_key: None,
        recipient: None,
        source: "invented".to_owned(),
        checked: start(),
        dossier: Some(Dossier {
            request_keys: vec![roster_key(&format!("authority:{id}"))],
            named_as: Vec::new(),
            sources: Vec::new(),
            replies: Vec::new(),
        }),
    };
    let authorities = AUTHORITIES.map(authority).to_vec();
    Exact::write(Directory { v: DirectoryV1, version: 1, authorities }).unwrap()
}

/// Three approvers, counsel, an officer and an agent; three of five trustees, the first two in `XB`.
fn genesis() -> Exact<Genesis> {
    let member = |index: u16| TrusteeMember {
        index,
        name: person_id(&format!("trustee-{index}")),
        state: state(["XB", "XB", "XC", "XD", "XE"][usize::from(index) - 1]),
        identity: public(&format!("trustee:{index}")),
        transport: Digest([9; 32]),
        obliged_entity: false,
    };
    let genesis = Genesis {
        v: GenesisV1,
        custodian: Firm { id: CUSTODIAN, name: "Example Exchange".into(), seat: state("XA") },
        created: start(),
        journal: JournalKey { origin: ORIGIN.into(), vkey: log_key().verifier().to_string() },
        witness_policy: witness_policy(),
        desk_key: public("desk"),
        ring: Some(RingRef { id: Digest([1; 32]), share_epoch: 1, shares: Digest([2; 32]) }),
        index_ring: None,
        policy: Bundle::builtin_eea_custodian().unwrap().digest(),
        directory: directory().digest(),
        change_approvals: 2,
        people: vec![
            person("ada-roth", Role::Agent, "XA", &[]),
            person("anna-berg", Role::Approver, "XA", &[]),
            person("bruno-lind", Role::Approver, "XB", &[]),
            person("clara-voss", Role::Approver, "XC", &["XB"]),
            person("eva-stone", Role::Counsel, "XB", &[]),
            person("lena-ohm", Role::Officer, "XA", &[]),
        ],
        trustees: Some(Trustees { threshold: 3, members: (1..=5).map(member).collect() }),
        vrf: Digest([5; 32]),
    };
    Exact::write(genesis).unwrap()
}

/// The two approvers and three trustees that an addition needs.
pub(crate) const ENOUGH: [&str; 5] = ["person:anna-berg", "person:bruno-lind", "trustee:1", "trustee:2", "trustee:3"];

impl World {
    /// Founded, with leaf 0 public.
    pub(crate) async fn new() -> Self {
        Self::with_sigmas(Arc::new(MemorySigmas::default())).await
    }

    /// As [`new`](Self::new), with sigmas kept elsewhere.
    pub(crate) async fn with_sigmas(sigmas: Arc<dyn Sigmas>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(StepClock::new(start(), 0));
        let journal = MemoryJournal::new();
        let store = MemoryStore::new(journal.clone());
        let tiles = Arc::new(FolderTiles::new(folder.path().join("log")));
        Log::init(&journal, &*tiles, &log_key()).await.unwrap();
        let body = genesis();
        let people = ["anna-berg", "bruno-lind", "clara-voss", "eva-stone"].map(|id| format!("person:{id}"));
        let parties = people.into_iter().chain((1..=5).map(|index| format!("trustee:{index}")));
        let signatures = parties.map(|party| sign(&party, body.text())).collect();
        let tick = tick_of(start().unix() as u64);
        let leaf = ControlLeaf::new(LeafId([1; 16]), tick, body.text().to_owned(), signatures).unwrap();
        let leaf =
            NewLeaf { key: [0; 32], kind: "control".into(), leaf: leaf.to_bytes().unwrap(), disclosures: vec![] };
        store.append_leaves(Vec::new(), vec![leaf]).await.unwrap();
        let witness = |number: u16| {
            let place = folder.path().join(format!("w{number}"));
            let logs = vec![log_key().verifier().clone()];
            let clock = Arc::clone(&clock) as Arc<dyn Clock>;
            Arc::new(LocalWitness::new(format!("w{number}"), witness_key(number), logs, place, clock))
                as Arc<dyn Witness>
        };
        let log = Log::open(LogParts {
            journal: Arc::new(journal.clone()),
            tiles,
            witnesses: (1..=3).map(witness).collect(),
            signer: log_key(),
            policy: Policy::parse(witness_policy().as_bytes()).unwrap(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            pace: Pace::default(),
        });
        let log = Running {
            log: log.await.unwrap(),
            journal: journal.clone(),
            broken: AtomicBool::new(false),
            restarts: Mutex::new(0),
        };
        Self { _folder: folder, clock, store, sigmas, journal, log: Arc::new(log) }
    }

    /// Time passes.
    pub(crate) fn pass(&self, seconds: Seconds) {
        self.clock.advance(seconds);
    }

    /// A desk as a process opens it: the control state is folded from the journal, with the proofs that are kept.
    pub(crate) async fn desk(&self) -> Desk {
        self.desk_with(None, Vec::new(), Vec::new()).await
    }

    /// As [`desk`](Self::desk), with an index ring, trustees and case officers.
    pub(crate) async fn desk_with(
        &self,
        index: Option<RingFiles<Index>>,
        trustees: Vec<Arc<dyn Trustee>>,
        officers: Vec<String>,
    ) -> Desk {
        let mut control: Option<ControlState> = None;
        for entry in self.journal.entries(0, 4_096).await.unwrap() {
            if entry.leaf.len() != LARGE_LEAF_BYTES {
                continue;
            }
            let Leaf::Control(leaf) = Leaf::parse(&entry.leaf).unwrap() else { continue };
            match &mut control {
                None => control = Some(ControlState::begin(&leaf, None).unwrap()),
                Some(control) => {
                    let proof = self.store.setting(&proof_setting(entry.index)).await.unwrap().unwrap_or_default();
                    let seen = seen_at(control, &leaf, &entry.leaf, &proof);
                    control.fold(entry.index, &leaf, seen);
                }
            }
        }
        let custodian = Custodian {
            genesis: genesis(),
            bundle: Bundle::builtin_eea_custodian().unwrap(),
            directory: directory(),
            ring: None,
            former: None,
            index,
            desk_key: signing_key("desk"),
            matter_key: Zeroizing::new([7; 32]),
            officers,
        };
        let number = {
            let mut restarts = self.log.restarts.lock().unwrap();
            *restarts += 1;
            *restarts
        };
        let surroundings = Surroundings {
            store: Arc::new(self.store.clone()),
            sigmas: Arc::clone(&self.sigmas),
            journal: Arc::clone(&self.log) as Arc<dyn Journal>,
            trustees,
            blast: Arc::new(Nobody),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            rng: named(&format!("desk world {number}")),
        };
        let desk = Desk::new(custodian, control.unwrap(), surroundings);
        if !self.log.broken.load(Ordering::SeqCst) {
            desk.keep_control_proofs().await.unwrap();
        }
        desk
    }
}

#[async_trait]
impl Journal for Running {
    async fn public(&self, key: &[u8; 32]) -> Result<PublicProof, String> {
        if self.broken.load(Ordering::SeqCst) {
            return Err("no quorum of witnesses".into());
        }
        self.log.flush().await.map_err(|error| error.to_string())?;
        self.log.public(key).await.map_err(|error| error.to_string())
    }

    async fn at(&self, index: u64) -> Result<PublicProof, String> {
        let entry = self.journal.entries(index, 1).await.map_err(|error| error.to_string())?.pop();
        self.public(&entry.ok_or_else(|| format!("the journal has no leaf {index}"))?.key).await
    }

    async fn control_leaves(&self) -> Result<Vec<u64>, String> {
        let entries = self.journal.entries(0, 4_096).await.map_err(|error| error.to_string())?;
        let control = entries.iter().filter(|entry| matches!(Leaf::parse(&entry.leaf), Ok(Leaf::Control(_))));
        Ok(control.map(|entry| entry.index).collect())
    }

    async fn head(&self) -> Result<(u64, Digest), String> {
        let published = self.log.published().ok_or("nothing is published yet")?;
        Ok((published.checkpoint().size, Digest(*published.checkpoint().root.as_bytes())))
    }

    async fn entries(&self, first: u64, limit: u32) -> Result<Vec<Entry>, String> {
        self.journal.entries(first, limit).await.map_err(|error| error.to_string())
    }

    async fn refresh(&self) -> Result<(), String> {
        self.log.publish().await.map(|_| ()).map_err(|error| error.to_string())
    }
}

struct Nobody;

#[async_trait]
impl BlastRadius for Nobody {
    async fn exposed(&self, _chain: &str, _address: &str) -> Result<u64, String> {
        Ok(0)
    }
}
