//! Asking trustees for totals: what is kept, what is given up, and what no faulty trustee can bring about.

use super::*;
use crate::desk::{Custodian, Surroundings};
use crate::leaves::leaf;
use crate::ports::{BlastRadius, Journal};
use async_trait::async_trait;
use base64ct::{Base64, Encoding};
use countersign_core::control::{
    Custodian as Firm, Genesis, GenesisV1, JournalKey, Person, Reach, RingRef, Role, TrusteeMember, Trustees,
    control_message,
};
use countersign_core::country::Country;
use countersign_core::directory::{Directory, DirectoryV1};
use countersign_core::id::{CustodianId, PersonId};
use countersign_core::leaf::LeafKind;
use countersign_log::PublicProof;
use countersign_policy::Bundle;
use countersign_store::journal::{Journal as JournalStore, MemoryJournal};
use countersign_store::memory::{MemorySigmas, MemoryStore};
use countersign_store::{Cases, Settings};
use countersign_testkit::clock::FixedClock;
use countersign_testkit::random::{named, seed};
use countersign_tlog::merkle::Frontier;
use countersign_tlog::note::{KeyKind, KeyName, SigningKey as NoteKey};
use countersign_verify::state::ControlState;
use countersign_verify::wire::TotalsAnswerV1;
use ed25519_dalek::{Signer as _, SigningKey};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

pub(crate) const CUSTODIAN: CustodianId = CustodianId([7; 16]);
const ORIGIN: &str = "journal.example/xa";

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-20T13:00:00Z").unwrap()
}

pub(crate) fn signing_key(party: &str) -> SigningKey {
    SigningKey::from_bytes(&seed(&format!("desk totals {party}")))
}

fn public(party: &str) -> Digest {
    Digest(signing_key(party).verifying_key().to_bytes())
}

fn signature(party: &str, body: &str) -> String {
    Base64::encode_string(&signing_key(party).sign(&control_message(body)).to_bytes())
}

fn note_key(name: &str, kind: KeyKind) -> NoteKey {
    NoteKey::from_seed(KeyName::new(name).unwrap(), kind, &seed(name)).unwrap()
}

/// Two approvers; three of five trustees.
pub(crate) fn genesis() -> Genesis {
    let log = note_key(ORIGIN, KeyKind::Ed25519).verifier().to_string();
    let witness = note_key("witness.example/w1", KeyKind::CosignatureV1).verifier().to_string();
    let state = Country::parse("XA").unwrap();
    let person = |id: &str| Person {
        id: PersonId::parse(id).unwrap(),
        roles: vec![Role::Approver],
        state,
        manages: Vec::new(),
        independent: true,
        reach: Reach { states: vec![state], at: now() },
        keys: vec![format!("ed25519 {}", public(&format!("person:{id}")))],
        reader: None,
    };
    let member = |index: u16| TrusteeMember {
        index,
        name: PersonId::parse(&format!("trustee-{index}")).unwrap(),
        state,
        identity: public(&format!("trustee:{index}")),
        transport: Digest([9; 32]),
        obliged_entity: false,
    };
    Genesis {
        v: GenesisV1,
        custodian: Firm { id: CUSTODIAN, name: "Example Exchange".into(), seat: state },
        created: now(),
        journal: JournalKey { origin: ORIGIN.into(), vkey: log.clone() },
        witness_policy: format!("log {log}\nwitness w1 {witness}\nquorum w1\n"),
        desk_key: public("desk"),
        ring: Some(RingRef { id: Digest([1; 32]), share_epoch: 1, shares: Digest([2; 32]) }),
        index_ring: None,
        policy: Digest([3; 32]),
        directory: Digest([4; 32]),
        change_approvals: 2,
        people: ["anna-berg", "bruno-costa"].map(person).to_vec(),
        trustees: Some(Trustees { threshold: 3, members: (1..=5).map(member).collect() }),
        vrf: Digest([5; 32]),
    }
}

pub(crate) fn genesis_leaf() -> ControlLeaf {
    let body = Exact::write(genesis()).unwrap().text().to_owned();
    let people = ["person:anna-berg", "person:bruno-costa"].map(str::to_owned).into_iter();
    let parties = people.chain((1..=5).map(|index| format!("trustee:{index}")));
    let signatures = parties.map(|by| ControlSignature { sig: signature(&by, &body), by }).collect();
    ControlLeaf::new(LeafId([1; 16]), 1, body, signatures).unwrap()
}

/// How a trustee behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Takes what it is given and signs.
    Signs,
    Refuses(TotalsCode),
    Away,
    /// Takes nothing and asks for more.
    Insatiable,
    /// Signs something else.
    SignsOther,
    /// Answers about other totals.
    Confused,
    /// Answers under another key than that of genesis.
    Stranger,
    Babbles,
}

struct Fake {
    index: u16,
    mood: Arc<Mutex<Mood>>,
    held: Mutex<u64>,
    asked: Mutex<Vec<TotalsRequest>>,
}

#[async_trait]
impl Trustee for Fake {
    fn index(&self) -> u16 {
        self.index
    }

    async fn ask(&self, _request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        Err("asked for something else".into())
    }

    async fn lookup(&self, _request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        Err("asked for something else".into())
    }

    async fn totals(&self, request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let request = Signed::<TotalsRequest>::open(request, &public("desk")).unwrap().value().clone();
        assert_eq!((request.custodian, request.trustee), (CUSTODIAN, self.index));
        let totals = Exact::<DailyTotals>::parse(request.totals.as_bytes()).unwrap();
        self.asked.lock().unwrap().push(request.clone());
        let mood = *self.mood.lock().unwrap();
        let mut held = self.held.lock().unwrap();
        if mood != Mood::Insatiable && request.from <= *held {
            *held = request.to.max(*held);
        }
        let party = format!("trustee:{}", self.index);
        let missing = *held < totals.value().size;
        let (text, code) = match mood {
            Mood::Away => return Err("connection refused".into()),
            Mood::Babbles => return Ok(b"hello".to_vec()),
            Mood::Refuses(code) => (None, Some(code)),
            _ if missing => (None, Some(TotalsCode::DisclosuresMissing)),
            Mood::SignsOther => (Some("{}"), None),
            _ => (Some(totals.text()), None),
        };
        let answer = TotalsAnswer {
            v: TotalsAnswerV1,
            custodian: CUSTODIAN,
            trustee: self.index,
            totals: if mood == Mood::Confused { Digest([0; 32]) } else { totals.digest() },
            held: *held,
            signature: text.map(|text| signature(&party, text)),
            code,
            leaf: (code == Some(TotalsCode::DisclosureWrong)).then_some(1),
            at: now(),
        };
        let key = signing_key(if mood == Mood::Stranger { "stranger" } else { &party });
        Ok(Signed::sign(answer, &key).unwrap().text().as_bytes().to_vec())
    }
}

/// The journal's leaves as they were accepted; no witness ever cosigns them.
pub(crate) struct Accepted(pub(crate) MemoryJournal);

#[async_trait]
impl Journal for Accepted {
    async fn public(&self, _key: &[u8; 32]) -> std::result::Result<PublicProof, String> {
        Err("no quorum of witnesses".into())
    }

    async fn at(&self, _index: u64) -> std::result::Result<PublicProof, String> {
        Err("no quorum of witnesses".into())
    }

    async fn control_leaves(&self) -> std::result::Result<Vec<u64>, String> {
        Ok(vec![0])
    }

    async fn head(&self) -> std::result::Result<(u64, Digest), String> {
        let mut frontier = Frontier::new();
        let mut next = 0;
        loop {
            let page = self.entries(next, 4_096).await?;
            let Some(last) = page.last() else { break };
            next = last.index + 1;
            page.iter().for_each(|entry| assert!(frontier.push_leaf(&entry.leaf).is_ok()));
        }
        Ok((frontier.size(), Digest(*frontier.root().as_bytes())))
    }

    async fn entries(&self, first: u64, limit: u32) -> std::result::Result<Vec<Entry>, String> {
        self.0.entries(first, limit).await.map_err(|error| error.to_string())
    }

    async fn refresh(&self) -> std::result::Result<(), String> {
        Ok(())
    }
}

pub(crate) struct Nobody;

#[async_trait]
impl BlastRadius for Nobody {
    async fn exposed(&self, _chain: &str, _address: &str) -> std::result::Result<u64, String> {
        Ok(0)
    }
}

struct World {
    desk: Desk,
    store: MemoryStore,
    journal: MemoryJournal,
    trustees: Vec<Arc<Fake>>,
}

impl World {
    /// Leaf 0 and so many dummies.
    async fn new(dummies: u32) -> Self {
        let journal = MemoryJournal::new();
        let store = MemoryStore::new(journal.clone());
        let first = genesis_leaf();
        let control = ControlState::begin(&first, None).unwrap();
        let first =
            NewLeaf { key: [0; 32], kind: "control".into(), leaf: first.to_bytes().unwrap(), disclosures: Vec::new() };
        store.append_leaves(Vec::new(), vec![first]).await.unwrap();
        let mut rng = named("desk totals leaves");
        for _ in 0..dummies {
            let dummy = leaf(LeafKind::Dummy, now(), Vec::new(), &mut rng).unwrap();
            store.append_leaves(Vec::new(), vec![dummy]).await.unwrap();
        }
        let fake = |index| {
            let mood = Arc::new(Mutex::new(Mood::Signs));
            Arc::new(Fake { index, mood, held: Mutex::new(0), asked: Mutex::new(Vec::new()) })
        };
        let trustees: Vec<Arc<Fake>> = (1..=5).map(fake).collect();
        let custodian = Custodian {
            genesis: Exact::write(genesis()).unwrap(),
            bundle: Bundle::builtin_eea_custodian().unwrap(),
            directory: Exact::write(Directory { v: DirectoryV1, version: 1, authorities: Vec::new() }).unwrap(),
            ring: None,
            former: None,
            index: None,
            desk_key: signing_key("desk"),
            matter_key: Zeroizing::new([7; 32]),
            officers: Vec::new(),
        };
        let surroundings = Surroundings {
            store: Arc::new(store.clone()),
            sigmas: Arc::new(MemorySigmas::default()),
            journal: Arc::new(Accepted(journal.clone())),
            trustees: trustees.iter().map(|one| Arc::clone(one) as Arc<dyn Trustee>).collect(),
            blast: Arc::new(Nobody),
            clock: Arc::new(FixedClock(now())),
            rng: named("desk totals"),
        };
        Self { desk: Desk::new(custodian, control, surroundings), store, journal, trustees }
    }

    fn moods(&self, moods: [Mood; 5]) {
        for (trustee, mood) in self.trustees.iter().zip(moods) {
            *trustee.mood.lock().unwrap() = mood;
        }
    }

    async fn publish(&self) -> DeskError {
        self.desk.publish_totals(now().date()).await.unwrap_err()
    }

    async fn kept(&self) -> Option<String> {
        let kept = self.store.setting("totals/1").await.unwrap();
        kept.filter(|kept| !kept.is_empty()).map(|kept| String::from_utf8(kept).unwrap())
    }

    /// Control leaves of the journal that are totals, with who signed.
    async fn published(&self) -> Vec<Vec<String>> {
        let entries = self.journal.entries(0, 4_096).await.unwrap();
        let controls = entries.iter().filter_map(|entry| ControlLeaf::parse(&entry.leaf).ok());
        let totals = controls.filter(|leaf| DailyTotals::is_claimed_by(leaf.body()));
        totals.map(|leaf| leaf.signatures().iter().map(|one| one.by.clone()).collect()).collect()
    }

    async fn ask(&self, index: usize, mood: Mood) -> TotalsSaid {
        let totals = self.desk.next_totals(now().date()).await.unwrap();
        *self.trustees[index].mood.lock().unwrap() = mood;
        self.desk.ask_totals(self.trustees[index].as_ref(), &totals).await.unwrap()
    }
}

const REFUSES: Mood = Mood::Refuses(TotalsCode::FiguresDiffer);

#[tokio::test]
async fn t_signatures_make_one_leaf_however_often_it_is_tried() {
    let world = World::new(3).await;
    for _ in 0..3 {
        let error = world.publish().await;
        assert!(matches!(error, DeskError::Journal(_)), "{error}");
        world.moods([Mood::Away, Mood::Away, REFUSES, Mood::Signs, Mood::Signs]);
    }
    assert_eq!(world.published().await, [["trustee:1", "trustee:2", "trustee:3"]]);
    assert!(world.trustees[3].asked.lock().unwrap().is_empty(), "three are enough");
    assert_eq!(world.desk.totals(), None, "what is not public does not stand");
}

#[tokio::test]
async fn a_proposal_that_may_be_signed_somewhere_is_never_replaced() {
    let world = World::new(3).await;
    for moods in [
        [Mood::Signs, Mood::Signs, Mood::Away, Mood::Away, REFUSES],
        // Who is silent may have signed: the answer was lost.
        [REFUSES, REFUSES, REFUSES, REFUSES, Mood::Away],
        [REFUSES, REFUSES, REFUSES, REFUSES, Mood::Babbles],
        [REFUSES, Mood::Signs, REFUSES, REFUSES, REFUSES],
    ] {
        world.moods(moods);
        let before = world.kept().await;
        let error = world.publish().await;
        assert!(matches!(error, DeskError::Trustees { needed: 3, .. }), "{error}");
        let kept = world.kept().await;
        assert!(kept.is_some() && (before.is_none() || before == kept), "{moods:?}");
        // Another proposal would differ by now.
        let dummy = leaf(LeafKind::Dummy, now(), Vec::new(), &mut named(&format!("{moods:?}"))).unwrap();
        world.store.append_leaves(Vec::new(), vec![dummy]).await.unwrap();
    }
    let proposal = world.kept().await.unwrap();
    world.moods([Mood::Signs; 5]);
    world.publish().await;
    let last = world.trustees[2].asked.lock().unwrap().last().unwrap().totals.clone();
    assert_eq!((last, world.published().await.len()), (proposal, 1));
}

#[tokio::test]
async fn a_proposal_that_everybody_refuses_is_given_up() {
    let world = World::new(3).await;
    world.moods([REFUSES, REFUSES, Mood::Refuses(TotalsCode::DisclosureWrong), REFUSES, REFUSES]);
    let DeskError::Trustees { answered, needed, refusals } = world.publish().await else { panic!() };
    assert_eq!((answered, needed), (0, 3));
    assert_eq!(
        (refusals[0].as_str(), refusals[2].as_str()),
        ("trustee 1: FIGURES_DIFFER", "trustee 3: DISCLOSURE_WRONG of leaf 1")
    );
    assert_eq!(world.kept().await, None);
    world.moods([Mood::Signs; 5]);
    world.publish().await;
    assert_eq!(world.published().await.len(), 1);
}

#[tokio::test]
async fn faulty_trustees_are_told_apart_and_end() {
    let world = World::new(3).await;
    let silent = |said: TotalsSaid| match said {
        TotalsSaid::Silent(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(silent(world.ask(0, Mood::Away).await), "connection refused");
    assert_eq!(silent(world.ask(0, Mood::SignsOther).await), "gave a wrong signature");
    assert_eq!(silent(world.ask(0, Mood::Confused).await), "answered about something else");
    assert!(silent(world.ask(0, Mood::Stranger).await).contains("signature is not of the expected key"));
    assert!(silent(world.ask(0, Mood::Babbles).await).contains("128 hexadecimal digits"));
    assert_eq!(world.ask(1, Mood::Insatiable).await, TotalsSaid::Refused(TotalsCode::DisclosuresMissing, None));
    assert!(world.trustees[1].asked.lock().unwrap().len() <= 3);
    assert!(matches!(world.ask(2, Mood::Signs).await, TotalsSaid::Signed(_)));
}

#[tokio::test]
async fn disclosures_go_out_in_stretches_that_follow_one_another() {
    let world = World::new(2_100).await;
    assert!(matches!(world.ask(0, Mood::Signs).await, TotalsSaid::Signed(_)));
    let asked = world.trustees[0].asked.lock().unwrap().clone();
    let stretches: Vec<(u64, u64, usize)> = asked.iter().map(|one| (one.from, one.to, one.leaves.len())).collect();
    assert_eq!(stretches, [(0, 0, 0), (0, 1_024, 1_023), (1_024, 2_048, 1_024), (2_048, 2_101, 53)]);
    for request in &asked {
        let entries: Vec<Vec<u8>> = world
            .journal
            .entries(request.from, (request.to - request.from) as u32)
            .await
            .unwrap()
            .into_iter()
            .map(|entry| entry.leaf)
            .collect();
        assert!(check_stretch(request.from, &entries, &request.disclosed()).is_ok());
    }
    // A trustee that holds most of it is sent the rest only.
    *world.trustees[1].held.lock().unwrap() = 2_090;
    assert!(matches!(world.ask(1, Mood::Signs).await, TotalsSaid::Signed(_)));
    let rest = world.trustees[1].asked.lock().unwrap().last().unwrap().clone();
    assert_eq!((rest.from, rest.to, rest.leaves.len()), (2_090, 2_101, 11));
}

#[tokio::test]
async fn large_disclosures_are_spread_over_more_requests() {
    let world = World::new(0).await;
    let mut rng = named("large");
    for number in 0..40 {
        let fields: Vec<(&str, serde_json::Value)> = [("kind", "contact".into()), ("document", "d".into())]
            .into_iter()
            .chain(
                ["authority", "state", "met", "asked", "promised", "delivered", "at"]
                    .map(|name| (name, "x".repeat(11_000).into())),
            )
            .collect();
        let large = crate::leaves::of_fields(LeafKind::Contact, now().plus(number), &fields, &mut rng).unwrap();
        world.store.append_leaves(Vec::new(), vec![large]).await.unwrap();
    }
    assert!(matches!(world.ask(0, Mood::Signs).await, TotalsSaid::Signed(_)));
    let asked = world.trustees[0].asked.lock().unwrap().clone();
    assert!(asked.len() > 2 && asked.windows(2).skip(1).all(|pair| pair[0].to == pair[1].from), "{}", asked.len());
    for request in &asked {
        let bytes: usize = request.leaves.iter().flat_map(|leaf| &leaf.disclosures).map(String::len).sum();
        assert!(bytes <= STRETCH_BYTES);
    }
}

#[tokio::test]
async fn without_the_disclosures_of_a_leaf_there_are_no_totals() {
    let world = World::new(2).await;
    let mut hidden = leaf(LeafKind::Dummy, now(), Vec::new(), &mut named("hidden")).unwrap();
    hidden.disclosures.clear();
    world.store.append_leaves(Vec::new(), vec![hidden]).await.unwrap();
    let error = world.publish().await.to_string();
    assert!(error.contains("no disclosures are kept of leaf 3"), "{error}");
    assert_eq!(world.kept().await, None);
}
