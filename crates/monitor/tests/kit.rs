//! A small custodian's journal in memory, with its witnesses, and a monitor that looks at it.

use async_trait::async_trait;
use base64ct::{Base64, Encoding};
use countersign_core::control::{
    Action, Change, ChangeV1, Custodian, Genesis, GenesisV1, JournalKey, Person, Reach, RingRef, Role, TrusteeMember,
    Trustees, control_message,
};
use countersign_core::country::Country;
use countersign_core::id::{CustodianId, Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::{Clock, Seconds, Timestamp};
use countersign_core::totals::{ClosedUntil, DailyTotals, Figures, TotalsV1};
use countersign_log::LogSource;
use countersign_monitor::{At, Code, Floor, Monitor, REPORT_FILE, Seen, Watch, WatchName, Watched};
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::cosignature::cosign;
use countersign_tlog::leaf::{
    ControlLeaf, ControlSignature, LeafId, Opened, OpeningLeaf, TICK_SECONDS, seal_dummy, seal_fields,
};
use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::{Tree, root_at};
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use countersign_tlog::tile::{BundleEdge, HashEdge};
use countersign_verify::monitor_report::MonitorReport;
use ed25519_dalek::Signer as _;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const ORIGIN: &str = "journal.countersign.example/xa";
pub(crate) const START: i64 = 1_795_132_800;
pub(crate) const MINUTE: Seconds = 60;
pub(crate) const DAY: Seconds = 86_400;

/// A clock that everybody in a test shares.
pub(crate) struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl Hand {
    pub(crate) fn turn(&self, seconds: Seconds) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

fn seed(name: &str) -> [u8; 32] {
    countersign_core::digest::plain(name.as_bytes()).0
}

pub(crate) fn note_key(name: &str, kind: KeyKind) -> SigningKey {
    SigningKey::from_seed(KeyName::new(name).unwrap(), kind, &seed(name)).unwrap()
}

pub(crate) fn log_key() -> SigningKey {
    note_key(ORIGIN, KeyKind::Ed25519)
}

fn witness(number: u8) -> SigningKey {
    note_key(&format!("witness.example/w{number}"), KeyKind::CosignatureV1)
}

pub(crate) fn witness_policy() -> String {
    let mut text = format!("log {}\n", log_key().verifier());
    for number in 1..=3 {
        text += &format!("witness w{number} {}\n", witness(number).verifier());
    }
    text + "group all-w 2 w1 w2 w3\nquorum all-w\n"
}

fn party_key(name: &str) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&seed(name))
}

fn public(name: &str) -> Digest {
    Digest(party_key(name).verifying_key().to_bytes())
}

fn state(code: &str) -> Country {
    Country::parse(code).unwrap()
}

pub(crate) fn person(id: &str, roles: &[Role], home: &str) -> Person {
    Person {
        id: PersonId::parse(id).unwrap(),
        roles: roles.to_vec(),
        state: state(home),
        manages: Vec::new(),
        independent: false,
        reach: Reach { states: vec![state(home)], at: Timestamp::from_unix(START - 10 * DAY).unwrap() },
        keys: vec![format!("ed25519 {}", public(id))],
        reader: None,
    }
}

pub(crate) fn genesis() -> Genesis {
    let members = (1..=3).map(|index| TrusteeMember {
        index,
        name: PersonId::parse(&format!("trustee-{index}")).unwrap(),
        state: state(["XA", "XB", "XC"][usize::from(index) - 1]),
        identity: public(&format!("trustee:{index}")),
        transport: public(&format!("transport {index}")),
        obliged_entity: true,
    });
    Genesis {
        v: GenesisV1,
        custodian: Custodian { id: CustodianId([7; 16]), name: "Mill Exchange".into(), seat: state("XA") },
        created: Timestamp::from_unix(START).unwrap(),
        journal: JournalKey { origin: ORIGIN.into(), vkey: log_key().verifier().to_string() },
        witness_policy: witness_policy(),
        desk_key: public("desk"),
        ring: Some(RingRef { id: Digest([1; 32]), share_epoch: 1, shares: Digest([2; 32]) }),
        index_ring: None,
        policy: Digest([3; 32]),
        directory: Digest([4; 32]),
        change_approvals: 2,
        people: vec![
            person("anna-berg", &[Role::Approver], "XA"),
            person("bruno-costa", &[Role::Approver], "XB"),
            person("dora-egger", &[Role::Counsel], "XD"),
        ],
        trustees: Some(Trustees { threshold: 2, members: members.collect() }),
        vrf: Digest([5; 32]),
    }
}

/// A control leaf over `body`, signed by these parties with their own keys.
pub(crate) fn control_leaf(body: &str, tick: u64, signers: &[&str]) -> Vec<u8> {
    let sign = |party: &&str| {
        let key = party_key(party.strip_prefix("person:").unwrap_or(party));
        let sig = Base64::encode_string(&key.sign(&control_message(body)).to_bytes());
        ControlSignature { by: (*party).to_owned(), sig }
    };
    let id = LeafId(seed(body)[..16].try_into().unwrap());
    let leaf = ControlLeaf::new(id, tick, body.to_owned(), signers.iter().map(sign).collect());
    leaf.unwrap().to_bytes().unwrap()
}

/// What two approvers and two trustees sign.
pub(crate) const ENOUGH: [&str; 4] = ["person:anna-berg", "person:bruno-costa", "trustee:1", "trustee:2"];

/// The bytes that a log serves, to be read and to be spoilt.
#[derive(Clone, Default)]
pub(crate) struct Shelf(pub(crate) Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Shelf {
    pub(crate) fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        self.0.lock().unwrap().insert(path.to_owned(), bytes.as_ref().to_vec());
    }

    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        self.0.lock().unwrap()[path].clone()
    }

    pub(crate) fn take(&self, path: &str) -> Vec<u8> {
        self.0.lock().unwrap().remove(path).unwrap()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }

    /// A copy that no longer changes with this one.
    pub(crate) fn copied(&self) -> Self {
        Self(Arc::new(Mutex::new(self.0.lock().unwrap().clone())))
    }
}

#[async_trait]
impl LogSource for Shelf {
    async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        let bytes = self.0.lock().unwrap().get(path).cloned();
        match bytes {
            Some(bytes) if bytes.len() > most => Err(format!("longer than {most} bytes")),
            other => Ok(other),
        }
    }
}

/// A log that does not answer at all, or never comes to an end.
pub(crate) struct Silent {
    pub(crate) refuses: bool,
}

#[async_trait]
impl LogSource for Silent {
    async fn get(&self, _: &str, _: usize) -> Result<Option<Vec<u8>>, String> {
        if self.refuses {
            return Err("connection refused".to_owned());
        }
        std::future::pending().await
    }
}

/// The custodian's log.
#[derive(Clone)]
pub(crate) struct Journal {
    pub(crate) leaves: Vec<Vec<u8>>,
    tree: Tree,
    hashes: HashEdge,
    bundles: BundleEdge,
    pub(crate) shelf: Shelf,
    pub(crate) clock: Arc<Hand>,
    rng: u64,
    changes: u32,
}

impl Journal {
    /// A journal with its genesis and nothing else, published.
    pub(crate) fn founded() -> Self {
        let mut journal = Self {
            leaves: Vec::new(),
            tree: Tree::new(),
            hashes: HashEdge::new(),
            bundles: BundleEdge::new(),
            shelf: Shelf::default(),
            clock: Arc::new(Hand(AtomicI64::new(START))),
            rng: 0,
            changes: 0,
        };
        let body = Exact::write(genesis()).unwrap();
        let people = ["person:anna-berg", "person:bruno-costa", "person:dora-egger"];
        let signers: Vec<&str> = people.into_iter().chain(["trustee:1", "trustee:2", "trustee:3"]).collect();
        journal.append(control_leaf(body.text(), journal.tick(), &signers));
        journal.publish();
        journal
    }

    pub(crate) fn tick(&self) -> u64 {
        self.clock.now().unix() as u64 / TICK_SECONDS
    }

    /// A generator that never gives the same twice.
    fn fresh(&mut self) -> ChaCha20Rng {
        self.rng += 1;
        ChaCha20Rng::seed_from_u64(self.rng)
    }

    pub(crate) fn append(&mut self, leaf: Vec<u8>) -> u64 {
        let put = |tiles: Vec<(countersign_tlog::tile::TilePath, Vec<u8>)>| {
            tiles.into_iter().for_each(|(path, bytes)| self.shelf.put(&path.to_string(), bytes));
        };
        put(self.hashes.append(&[leaf_hash(&leaf)]));
        put(self.bundles.append(std::slice::from_ref(&leaf)).unwrap());
        self.tree.push(leaf_hash(&leaf));
        self.leaves.push(leaf);
        self.leaves.len() as u64 - 1
    }

    /// Sealed leaves about nothing.
    pub(crate) fn dummies(&mut self, count: usize) {
        for _ in 0..count {
            let mut rng = self.fresh();
            let leaf = seal_dummy(LeafId::random(&mut rng), self.tick(), &mut rng).unwrap().0;
            self.append(leaf);
        }
    }

    /// Another branch: the same journal on another shelf, which goes on differently.
    pub(crate) fn branched(&self) -> Self {
        Self { shelf: self.shelf.copied(), rng: self.rng + 1_000_000, ..self.clone() }
    }

    /// A sealed order's leaf and an opening of it, which both stand in the journal now.
    pub(crate) fn opened_order(&mut self, latest: &str) -> (u64, u64) {
        let mut rng = self.fresh();
        let fields = [("kind", "order".into()), ("latest_opening", latest.into())];
        let (leaf, disclosures) = seal_fields(LeafId::random(&mut rng), self.tick(), &fields, &mut rng).unwrap();
        let index = self.append(leaf);
        let opening = OpeningLeaf::new(LeafId::random(&mut rng), self.tick(), vec![Opened { index, disclosures }]);
        (index, self.append(opening.unwrap().to_bytes().unwrap()))
    }

    /// A change of control, signed by these parties.
    pub(crate) fn change(&mut self, action: Action, signers: &[&str]) -> u64 {
        self.changes += 1;
        let genesis = Exact::write(genesis()).unwrap();
        let change = Change {
            v: ChangeV1,
            custodian: CustodianId([7; 16]),
            genesis: genesis.digest(),
            number: self.changes,
            effective: self.clock.now(),
            action,
        };
        self.append(control_leaf(Exact::write(change).unwrap().text(), self.tick(), signers))
    }

    /// Daily totals over everything before, signed by these parties: closed orders by the end of their quarter.
    pub(crate) fn totals(&mut self, number: u32, orders: u64, closed: &[(&str, u64)], signers: &[&str]) -> u64 {
        let genesis = Exact::write(genesis()).unwrap();
        let closed = closed.iter().map(|(until, orders)| ClosedUntil {
            until: Timestamp::parse(until).unwrap(),
            orders: *orders,
            people: *orders,
        });
        let totals = DailyTotals {
            v: TotalsV1,
            custodian: CustodianId([7; 16]),
            genesis: genesis.digest(),
            number,
            day: self.clock.now().date(),
            size: self.size(),
            root: Digest(root_at(self.size(), &mut self.tree.clone()).unwrap().0),
            figures: Figures { orders, people: orders, cells: orders, closed: closed.collect(), kept_closed: vec![] },
        };
        self.append(control_leaf(Exact::write(totals).unwrap().text(), self.tick(), signers))
    }

    pub(crate) fn clock_now(&self) -> i64 {
        self.clock.now().unix()
    }

    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// The checkpoint of the whole journal, cosigned by witnesses 1, 2, ... at these times.
    pub(crate) fn signed(&self, times: &[i64]) -> SignedCheckpoint {
        let root = root_at(self.size(), &mut self.tree.clone()).unwrap();
        let head = Checkpoint { origin: KeyName::new(ORIGIN).unwrap(), size: self.size(), root };
        let mut signed = head.sign(&log_key()).unwrap();
        for (number, time) in (1..).zip(times) {
            signed.add(cosign(&signed, &witness(number), *time as u64).unwrap()).unwrap();
        }
        signed
    }

    pub(crate) fn publish(&self) -> SignedCheckpoint {
        let now = self.clock.now().unix();
        let signed = self.signed(&[now, now]);
        self.shelf.put("checkpoint", signed.to_string());
        signed
    }
}

/// A monitor with its own folder.
pub(crate) struct Watcher {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<Hand>,
}

impl Watcher {
    pub(crate) fn of(journal: &Journal) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::clone(&journal.clock) }
    }

    pub(crate) fn key() -> SigningKey {
        note_key("monitor.example/m1", KeyKind::Ed25519)
    }

    pub(crate) fn watch(&self, name: &str) -> Watch {
        let policy = self.folder.path().join("policy");
        std::fs::write(&policy, witness_policy()).unwrap();
        Watch::new(WatchName::parse(name).unwrap(), At::Url("http://log.example".into()), &policy).unwrap()
    }

    /// The folder of this log.
    pub(crate) fn own(&self) -> PathBuf {
        self.folder.path().join("state/xa")
    }

    /// Where it keeps full tiles of this log.
    pub(crate) fn kept(&self) -> PathBuf {
        self.folder.path().join("state/.kept/xa")
    }

    pub(crate) async fn look_with(&self, watch: Watch, source: Arc<dyn LogSource>) -> Seen {
        self.look_at(vec![Watched { watch, source }], Duration::from_secs(600)).await.pop().unwrap()
    }

    /// Looks as a program that was started anew.
    pub(crate) async fn look_at(&self, logs: Vec<Watched>, patience: Duration) -> Vec<Seen> {
        let state = self.folder.path().join("state");
        let clock: Arc<dyn Clock> = self.clock.clone();
        let monitor = Arc::new(Monitor::open(Self::key(), &state, clock, patience).unwrap());
        monitor.look(&logs).await
    }

    pub(crate) async fn look(&self, journal: &Journal) -> Seen {
        self.look_with(self.watch("xa"), Arc::new(journal.shelf.clone())).await
    }

    /// The signed report, verified.
    pub(crate) fn report(&self) -> MonitorReport {
        let note = std::fs::read(self.own().join(REPORT_FILE)).unwrap();
        MonitorReport::open(&note, Self::key().verifier()).unwrap()
    }
}

pub(crate) fn codes(seen: &Seen) -> Vec<Code> {
    assert_eq!(seen.trouble, None);
    let mut codes: Vec<Code> = seen.findings.iter().map(|finding| finding.code).collect();
    codes.dedup();
    codes
}

pub(crate) fn line(seen: &Seen) -> &str {
    &seen.findings[0].line
}

pub(crate) fn floor(sealed_per_tick: u64) -> Floor {
    Floor { sealed_per_tick, from: Timestamp::from_unix(START).unwrap() }
}
