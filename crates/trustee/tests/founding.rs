//! The founding ceremony over a meeting place: any order, lost and repeated messages, parties that lie.

use crate::world::*;
use async_trait::async_trait;
use countersign_core::control::{Genesis, JournalKey, Trustees, control_message};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_seal::dkg::{DkgError, Round1};
use countersign_seal::identity::Identity;
use countersign_seal::kind::{Index, Sealing};
use countersign_testkit::random;
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId};
use countersign_tlog::note::{KeyKind, SigningKey};
use countersign_trustee::founding::{
    Attendance, Attended, Fault, Item, Meeting, MeetingPlace, NotTaken, Refused, Stage, Verdict,
};
use countersign_trustee::{FolderSource, LogSource, Trustee, TrusteeError};
use countersign_verify::founding::{Both, Founding, FoundingError, Outcome, ceremony_origin, ceremony_policy, join};
use countersign_verify::wire::{CeremonyTerms, CeremonyTermsV1, IndexTerms};
use rand_core::Rng;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use tempfile::TempDir;

const NOW: &str = "2026-11-20T13:00:00Z";

fn ceremony_key() -> SigningKey {
    note_key(&ceremony_origin(ORIGIN), KeyKind::Ed25519)
}

/// A custodian's side in memory, and five trustees in folders.
struct Hall {
    folder: TempDir,
    meeting: Mutex<Meeting>,
    log: FolderSource,
    /// Messages are lost by this generator, if there is one.
    losing: Option<Mutex<rand_chacha::ChaCha20Rng>>,
}

impl Hall {
    /// With an index ring.
    fn new(name: &str) -> Self {
        Self::of(name, Some(IndexTerms { ring: "index-1".into(), attributes: ATTRIBUTES.to_vec() }))
    }

    /// A message is that of the sealing ring alone.
    fn without_index(name: &str) -> Self {
        Self::of(name, None)
    }

    fn of(name: &str, index: Option<IndexTerms>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identities = (1..=N).map(|index| {
            let path = folder.path().join(format!("trustee-{index}"));
            Trustee::create(&path, index, &mut random::named(&format!("{name} {index}"))).unwrap();
            let trustee = Trustee::open(&path).unwrap();
            let states = ["XA", "XB", "XC", "XD", "XG"];
            let state = state(states[usize::from(index) - 1]);
            trustee.introduce(person_id(&format!("trustee-{index}")), state, false).unwrap().text().to_owned()
        });
        let vkey = ceremony_key().verifier().to_string();
        let terms = CeremonyTerms {
            v: CeremonyTermsV1,
            id: Digest(seed(name)),
            custodian: founded().genesis.value().custodian.clone(),
            created: at("2026-11-01T09:00:00Z"),
            journal: founded().genesis.value().journal.clone(),
            witness_policy: ceremony_policy(&witness_policy(), &vkey),
            log: JournalKey { origin: ceremony_origin(ORIGIN), vkey },
            ring: "register-1".into(),
            threshold: T,
            classes: CLASSES.to_vec(),
            index,
            trustees: identities.collect(),
        };
        let founding = Founding::new(Exact::write(terms).unwrap()).unwrap();
        let log = FolderSource(folder.path().join("log"));
        Self { meeting: Mutex::new(Meeting::new(founding)), log, losing: None, folder }
    }

    fn path(&self, index: u16) -> PathBuf {
        self.folder.path().join(format!("trustee-{index}"))
    }

    fn trustee(&self, index: u16) -> Trustee {
        Trustee::open(&self.path(index)).unwrap()
    }

    fn meeting(&self) -> std::sync::MutexGuard<'_, Meeting> {
        self.meeting.lock().unwrap()
    }

    fn founding(&self) -> Founding {
        self.meeting().founding().clone()
    }

    fn take(&self, item: Item, bytes: &[u8]) -> Result<(), Refused> {
        let mut meeting = self.meeting();
        let Verdict::Keep(name) = meeting.check(item, bytes)? else { return Ok(()) };
        meeting.keep(name, bytes.to_vec())?;
        if name == item { Ok(()) } else { Err(Refused::Taken(item)) }
    }

    /// One look by a trustee that was started just now.
    async fn look(&self, index: u16, consent: Option<Digest>) -> Result<Attended, TrusteeError> {
        let trustee = self.trustee(index);
        let terms = self.meeting().get(Item::Terms).unwrap().to_vec();
        let mut attendance = Attendance::new(&trustee, &terms)?;
        attendance.look(self, consent, at(NOW), &mut random::named(&format!("look {index}"))).await
    }

    async fn all_look(&self, consent: Option<Digest>) {
        for index in 1..=N {
            self.look(index, consent).await.unwrap();
        }
    }

    /// Writes these leaves as the log of the ceremony, cosigned by two witnesses.
    fn publish(&self, leaves: &[Vec<u8>]) {
        let mut log = Log::of(self.log.0.clone(), ceremony_key());
        for leaf in leaves {
            log.append(leaf.clone());
        }
        log.publish(at(NOW));
    }

    fn entries(&self) -> Vec<Vec<u8>> {
        self.meeting().entries().unwrap()
    }

    /// What the custodian brings once every trustee has confirmed the ring.
    fn genesis(&self) -> Genesis {
        let meeting = self.meeting();
        let mut genesis = founded().genesis.value().clone();
        let outcomes = meeting.outcomes().unwrap();
        genesis.ring = Some(outcomes.sealing.reference());
        genesis.index_ring = outcomes.index.as_ref().map(Outcome::reference);
        genesis.trustees = Some(Trustees { threshold: T, members: meeting.founding().members().to_vec() });
        genesis
    }

    fn bring(&self, genesis: &Genesis) -> Result<Exact<Genesis>, Refused> {
        let genesis = Exact::write(genesis.clone()).unwrap();
        self.take(Item::Policy, founded().bundle.to_document().unwrap().as_bytes())?;
        self.take(Item::Directory, founded().directory.bytes())?;
        self.take(Item::Genesis, genesis.bytes())?;
        Ok(genesis)
    }

    fn leaf(&self) -> Vec<u8> {
        let meeting = self.meeting();
        let body = meeting.genesis().unwrap().text().to_owned();
        let people = ["anna-berg", "bruno-costa", "carla-diaz", "dora-egger"].map(|id| ControlSignature {
            by: format!("person:{id}"),
            sig: plain_signature(id, &control_message(&body)),
        });
        let trustees = (1..=N).map(|index| {
            let sig = meeting.get(Item::Signature(index)).unwrap().to_vec();
            ControlSignature { by: format!("trustee:{index}"), sig: String::from_utf8(sig).unwrap() }
        });
        let signatures = people.into_iter().chain(trustees).collect();
        ControlLeaf::new(LeafId([1; 16]), 1, body, signatures).unwrap().to_bytes().unwrap()
    }

    /// Up to the confirmations of all.
    async fn confirmed(&self) {
        self.all_look(None).await;
        self.publish(&self.entries());
        self.all_look(None).await;
        self.all_look(None).await;
        assert_eq!(self.meeting().stage(), Stage::Genesis);
    }

    fn lost(&self) -> bool {
        self.losing.as_ref().is_some_and(|rng| rng.lock().unwrap().next_u32() % 16 == 0)
    }
}

#[async_trait]
impl MeetingPlace for Hall {
    async fn items(&self) -> Result<BTreeSet<Item>, String> {
        if self.lost() { Err("lost".into()) } else { Ok(self.meeting().items().collect()) }
    }

    async fn get(&self, item: Item) -> Result<Option<Vec<u8>>, String> {
        if self.lost() { Err("lost".into()) } else { Ok(self.meeting().get(item).map(<[u8]>::to_vec)) }
    }

    async fn put(&self, item: Item, bytes: &[u8]) -> Result<(), NotTaken> {
        // Half of the lost ones arrived: only the answer is lost.
        let (lost, arrived) = (self.lost(), !self.lost());
        let taken = if lost && !arrived { Ok(()) } else { self.take(item, bytes) };
        if lost {
            return Err(NotTaken::Unavailable("lost".into()));
        }
        taken.map_err(|refused| NotTaken::Refused(refused.to_string()))
    }

    fn log(&self) -> &dyn LogSource {
        &self.log
    }
}

#[tokio::test]
async fn a_ceremony_ends_in_any_order_with_lost_answers_and_restarts() {
    for (name, with_index) in [("order a", true), ("order b", false)] {
        let mut hall = if with_index { Hall::new(name) } else { Hall::without_index(name) };
        hall.losing = Some(Mutex::new(random::named(&format!("{name} loses"))));
        let mut rng = random::named(name);
        let (mut installed, mut published) = (BTreeSet::new(), false);
        let mut looks = 0;
        while installed.len() < usize::from(N) {
            looks += 1;
            assert!(looks < 1_000, "{:?}", hall.meeting().stage());
            let index = (rng.next_u32() % u32::from(N)) as u16 + 1;
            let consent = hall.meeting().genesis().map(|genesis| genesis.digest());
            match hall.look(index, consent).await {
                Ok(Attended::Installed(genesis)) => {
                    assert_eq!(Some(genesis), consent);
                    installed.insert(index);
                }
                Ok(Attended::Waiting { complaints, .. }) => assert_eq!(complaints, [0; 0]),
                Ok(Attended::Consent(_)) => panic!("agreed already"),
                Err(TrusteeError::Meeting(_)) => {}
                Err(error) => panic!("{error}"),
            }
            let stage = hall.meeting().stage();
            match stage {
                Stage::Round2(_) if !published => {
                    hall.publish(&hall.entries());
                    published = true;
                }
                Stage::Genesis => {
                    hall.bring(&hall.genesis()).unwrap();
                }
                Stage::Leaf => hall.take(Item::Leaf, &hall.leaf()).unwrap(),
                _ => {}
            }
        }
        assert_eq!(hall.meeting().stage(), Stage::Done);
        // Whoever reads the log comes to the ring that all have confirmed; and a trustee that comes again finds all done.
        let outcomes = hall.founding().recompute(&hall.entries()).unwrap();
        assert_eq!(hall.meeting().outcomes(), Some(&outcomes));
        assert_eq!(outcomes.sealing.ring.value().ceremony, hall.founding().terms().digest());
        assert_eq!(outcomes.index.is_some(), with_index);
    }
}

#[tokio::test]
async fn every_message_is_taken_once_and_only_from_its_author() {
    let hall = Hall::new("messages");
    let early = hall.meeting().check(Item::Confirmation(1), b"{}").unwrap_err();
    assert_eq!(early, Refused::Early(Item::Confirmation(1)));
    assert_eq!(hall.meeting().stage(), Stage::Round1(vec![1, 2, 3, 4, 5]));
    let waiting = hall.look(1, None).await.unwrap();
    let others = vec![2, 3, 4, 5];
    let expected = Attended::Waiting { what: "the broadcast of round 1", from: others, complaints: vec![] };
    assert_eq!(waiting, expected);
    hall.confirmed().await;
    let genesis = hall.bring(&hall.genesis()).unwrap();
    hall.all_look(Some(genesis.digest())).await;
    hall.take(Item::Leaf, &hall.leaf()).unwrap();

    let all: Vec<(Item, Vec<u8>)> = {
        let meeting = hall.meeting();
        meeting.items().map(|item| (item, meeting.get(item).unwrap().to_vec())).collect()
    };
    assert_eq!(all.len(), 1 + 5 + 20 + 5 + 3 + 5 + 1);
    // A second hall takes them in the order of their names, each once; every changed one is refused, at its time.
    let mut again = Meeting::new(hall.founding());
    for (item, bytes) in &all {
        if *item != Item::Terms {
            // What only the custodian signs by its digest in genesis may say anything, if it is well formed.
            let signed = item.author().is_some() || *item == Item::Leaf;
            let places = [(0, 1), (bytes.len() / 2, 4), (bytes.len() - 1, 1)];
            for (at, bit) in places.into_iter().filter(|_| signed) {
                let mut bent = bytes.clone();
                bent[at] ^= bit;
                let refused = again.check(*item, &bent);
                assert!(matches!(refused, Err(Refused::Wrong { .. })), "{item} changed at {at}: {refused:?}");
            }
            assert!(again.check(*item, &vec![b'{'; item.most() + 1]).is_err());
            let other = all.iter().find(|(other, _)| other.author().is_some() && other.author() != item.author());
            assert!(again.check(*item, &other.unwrap().1).is_err(), "{item} by another author");
            again.keep(*item, bytes.clone()).unwrap();
        }
        assert_eq!(again.check(*item, bytes), Ok(Verdict::Known));
    }
    assert_eq!((again.stage(), again.faults()), (Stage::Done, &[][..]));
    // What is there is not replaced.
    for (item, bytes) in &all {
        let mut bent = bytes.clone();
        bent[0] ^= 1;
        assert_eq!(again.check(*item, &bent), Err(Refused::Taken(*item)));
    }
}

#[tokio::test]
async fn two_broadcasts_of_one_trustee_stop_the_ceremony_and_name_it() {
    let hall = Hall::without_index("twice");
    hall.all_look(None).await;
    let second = other_broadcast(&hall, 4);
    // Somebody else's bytes are no evidence against trustee 4.
    assert_eq!(hall.take(Item::Round1(4), b"anything"), Err(Refused::Taken(Item::Round1(4))));
    assert_eq!(hall.meeting().stage(), Stage::Round2(vec![1, 2, 3, 4, 5]));
    assert_eq!(hall.take(Item::Round1(4), &second), Err(Refused::Taken(Item::Round1(4))));
    assert_eq!(hall.meeting().stage(), Stage::Stopped);
    assert_eq!(hall.meeting().faults(), [Fault::TwoBroadcasts(4)]);
    assert!(hall.meeting().get(Item::Second(4)).is_some(), "the evidence is kept");

    // In the log: both stand there.
    let mut entries = hall.entries();
    entries.push(second.clone());
    assert_eq!(hall.founding().broadcasts(&entries), Err(FoundingError::TwoBroadcasts(4)));
    hall.publish(&entries);
    let refused = hall.look(1, None).await.unwrap_err();
    assert!(matches!(refused, TrusteeError::Founding(FoundingError::TwoBroadcasts(4))), "{refused}");

    // Two trustees that were shown two logs, by witnesses that lie too, never come to one ring: their messages count nowhere.
    let hall = Hall::without_index("twice");
    hall.all_look(None).await;
    let mut other = hall.entries();
    other[4] = second;
    hall.publish(&other);
    let shown_another = hall.look(1, None).await.unwrap_err();
    assert!(matches!(&shown_another, TrusteeError::NotTaken { item, .. } if item == "round2/1/2"), "{shown_another}");
}

#[tokio::test]
async fn a_lie_in_round_1_names_its_author_and_is_told_to_all() {
    let hall = Hall::without_index("possession");
    // Trustee 2 signs a commitment without knowing the secret behind it.
    let honest = hall.trustee(2).dkg_start(hall.founding().ceremony(), &mut random::named("honest")).unwrap();
    let mut content = honest[..honest.len() - 64].to_vec();
    // The last 32 bytes of the content are the response of a proof.
    let response = content.len() - 32;
    content[response] ^= 1;
    let lie = sign_round1(&hall, 2, &content);
    hall.take(Item::Round1(2), &lie).unwrap();
    for index in [1, 3, 4, 5] {
        hall.look(index, None).await.unwrap();
    }
    hall.publish(&hall.entries());
    let refused = hall.look(3, None).await.unwrap_err();
    let TrusteeError::Ceremony(DkgError::Possession { culprit: 2, .. }) = refused else { panic!("{refused}") };
    let Fault::Complaint { by: 3, blames: Some(2), reason } = hall.meeting().faults()[0].clone() else {
        panic!("{:?}", hall.meeting().faults())
    };
    assert!(reason.contains("trustee 2 does not prove possession"), "{reason}");
    assert_eq!(hall.meeting().stage(), Stage::Stopped);
    // A complaint in another's name, or about another ceremony, does not count.
    let complaint = hall.meeting().get(Item::Complaint(3)).unwrap().to_vec();
    assert!(matches!(hall.take(Item::Complaint(4), &complaint), Err(Refused::Wrong { .. })));
    let other = Hall::new("another");
    assert!(matches!(other.take(Item::Complaint(3), &complaint), Err(Refused::Wrong { .. })));
}

#[tokio::test]
async fn a_lie_in_round_2_names_its_author() {
    let hall = Hall::without_index("shares");
    hall.all_look(None).await;
    hall.publish(&hall.entries());
    // Trustee 2 signs shares of another polynomial than the one in the log, over the right broadcasts.
    let founding = hall.founding();
    let entries = hall.entries();
    let (other, bytes) =
        Round1::<Sealing>::start(founding.ceremony(), 2, &identity(&hall, 2), &mut random::named("other")).unwrap();
    let state = other.encode().unwrap();
    let spliced = [&state[..state.len() - bytes.len()], &entries[2]].concat();
    let lying = Round1::<Sealing>::decode(founding.ceremony(), &spliced).unwrap();
    let (_, messages) = lying.proceed(&entries[1..], &identity(&hall, 2), &mut random::named("lies")).unwrap();
    for (recipient, bytes) in &messages {
        hall.take(Item::Round2 { sender: 2, recipient: *recipient }, bytes).unwrap();
    }
    for index in [1, 3, 4, 5] {
        assert!(matches!(hall.look(index, None).await, Ok(Attended::Waiting { .. })) || index == 5);
    }
    let refused = hall.look(1, None).await.unwrap_err();
    assert!(matches!(refused, TrusteeError::Ceremony(DkgError::Share { culprit: 2, .. })), "{refused}");
    let fault = hall.meeting().faults().last().unwrap().clone();
    assert!(matches!(fault, Fault::Complaint { by: 1, blames: Some(2), .. }), "{fault}");
}

#[tokio::test]
async fn a_part_about_one_ring_counts_nowhere_else_and_a_lie_in_the_index_names_its_author() {
    let hall = Hall::new("index lies");
    hall.all_look(None).await;
    let founding = hall.founding();
    let entries = hall.entries();
    let parts = founding.split(&entries[2]).unwrap();
    let (sealing, index) = (parts.sealing, parts.index.unwrap());
    let third = founding.split(&entries[3]).unwrap();
    let refused = |sealing: &[u8], index: Option<&[u8]>| {
        founding.check_broadcast(2, &join(Both { sealing, index })).unwrap_err().culprit()
    };
    assert_eq!(founding.check_broadcast(2, &join(Both { sealing, index: Some(index) })), Ok(()));
    // The other ring's part in its place, another trustee's, none, and a part twice.
    assert_eq!(refused(index, Some(sealing)), Some(2));
    assert_eq!(refused(sealing, Some(sealing)), Some(2));
    assert_eq!(refused(sealing, third.index), Some(2));
    assert_eq!(refused(sealing, Some(b"")), Some(2));
    assert_eq!(refused(sealing, None), Some(2));

    // Shares of another index polynomial than the one in the log, over the right broadcasts, signed.
    hall.publish(&entries);
    let ceremony = founding.index_ceremony().unwrap();
    let of_index: Vec<Vec<u8>> =
        entries[1..].iter().map(|entry| founding.split(entry).unwrap().index.unwrap().to_vec()).collect();
    let (other, bytes) = Round1::<Index>::start(ceremony, 2, &identity(&hall, 2), &mut random::named("other")).unwrap();
    let state = other.encode().unwrap();
    let spliced = [&state[..state.len() - bytes.len()], &of_index[1]].concat();
    let lying = Round1::<Index>::decode(ceremony, &spliced).unwrap();
    let (_, lies) = lying.proceed(&of_index, &identity(&hall, 2), &mut random::named("lies")).unwrap();
    let broadcasts: Vec<Vec<u8>> =
        entries[1..].iter().map(|entry| founding.split(entry).unwrap().sealing.to_vec()).collect();
    let honest = hall.trustee(2).dkg_proceed(founding.ceremony(), &broadcasts, &mut random::named("honest")).unwrap();
    for ((recipient, sealing), (_, index)) in honest.iter().zip(&lies) {
        let bytes = join(Both { sealing: sealing.as_slice(), index: Some(index.as_slice()) });
        hall.take(Item::Round2 { sender: 2, recipient: *recipient }, &bytes).unwrap();
    }
    for index in [1, 3, 4, 5] {
        assert!(matches!(hall.look(index, None).await, Ok(Attended::Waiting { .. })) || index == 5);
    }
    let refused = hall.look(1, None).await.unwrap_err();
    assert!(matches!(refused, TrusteeError::Ceremony(DkgError::Share { culprit: 2, .. })), "{refused}");
    assert!(refused.to_string().contains("lookup_"), "{refused}");
    // No share of the sealing ring is confirmed either: both rings are made or none.
    assert!(hall.meeting().get(Item::Confirmation(1)).is_none());
}

#[tokio::test]
async fn a_log_that_is_not_what_it_must_be_is_refused() {
    let hall = Hall::new("log");
    hall.all_look(None).await;
    let entries = hall.entries();
    let founding = hall.founding();
    let broken = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut entries = entries.clone();
        change(&mut entries);
        founding.broadcasts(&entries).unwrap_err()
    };
    assert!(matches!(broken(&|entries| entries.clear()), FoundingError::Log(_)));
    assert!(matches!(broken(&|entries| entries[0][10] ^= 1), FoundingError::Log(_)));
    assert!(matches!(broken(&|entries| entries.push(b"more".to_vec())), FoundingError::Log(_)));
    assert!(matches!(broken(&|entries| entries.truncate(5)), FoundingError::Log(_)));
    assert_eq!(broken(&|entries| entries.swap(2, 3)), FoundingError::Message(DkgError::Signature(2)));

    // Not cosigned by the quorum, an older witness of another log, damaged tiles: nobody goes on.
    let mut log = Log::of(hall.log.0.clone(), ceremony_key());
    entries.iter().for_each(|entry| {
        log.append(entry.clone());
    });
    log.publish_with(6, &[at(NOW)]);
    let alone = hall.look(1, None).await.unwrap_err();
    assert!(alone.to_string().contains("lacks a quorum: 1 of 3"), "{alone}");
    let mut foreign = Log::of(hall.log.0.clone(), note_key("other.example/ceremony", KeyKind::Ed25519));
    entries.iter().for_each(|entry| {
        foreign.append(entry.clone());
    });
    foreign.publish(at(NOW));
    let foreign = hall.look(1, None).await.unwrap_err();
    assert!(foreign.to_string().contains("`other.example/ceremony` is not in the policy"), "{foreign}");
    assert!(matches!(hall.meeting().stage(), Stage::Round2(_)), "no trustee sent a share");
    log.publish(at(NOW));
    hall.look(1, None).await.unwrap();
    assert_eq!(hall.meeting().stage(), Stage::Round2(vec![2, 3, 4, 5]));
}

#[tokio::test]
async fn genesis_is_signed_only_when_it_agrees_and_its_owner_does() {
    let hall = Hall::new("genesis");
    hall.confirmed().await;
    type Change = fn(&mut Genesis);
    let lies: [(&str, Change); 9] = [
        ("another threshold", |genesis| genesis.trustees.as_mut().unwrap().threshold = 2),
        ("other trustees", |genesis| genesis.trustees.as_mut().unwrap().members[1].state = state("XR")),
        ("another ring", |genesis| genesis.ring.as_mut().unwrap().shares = Digest([1; 32])),
        ("another index ring", |genesis| genesis.index_ring.as_mut().unwrap().shares = Digest([1; 32])),
        ("another index ring", |genesis| genesis.index_ring = None),
        ("another ring", |genesis| std::mem::swap(&mut genesis.ring, &mut genesis.index_ring)),
        ("another custodian", |genesis| genesis.custodian.name = "Another".into()),
        ("another journal", |genesis| genesis.journal.origin = "other.example/journal".into()),
        ("other witnesses", |genesis| {
            genesis.witness_policy = genesis.witness_policy.replace("group all-w 2", "group all-w 3");
        }),
    ];
    for (what, change) in lies {
        let mut genesis = hall.genesis();
        change(&mut genesis);
        let refused = hall.bring(&genesis).unwrap_err();
        assert!(refused.to_string().contains(what), "{what}: {refused}");
        // A meeting place that checks nothing: the trustee does.
        let lying = Lying { hall: &hall, genesis: Exact::write(genesis).unwrap() };
        let trustee = hall.trustee(1);
        let terms = hall.meeting().get(Item::Terms).unwrap().to_vec();
        let mut attendance = Attendance::new(&trustee, &terms).unwrap();
        let consent = Some(lying.genesis.digest());
        let refused = attendance.look(&lying, consent, at(NOW), &mut random::named("lied to")).await.unwrap_err();
        assert!(refused.to_string().contains(what), "{what}: {refused}");
    }
    let genesis = hall.bring(&hall.genesis()).unwrap();
    assert_eq!(hall.look(1, None).await.unwrap(), Attended::Consent(Box::new(genesis.clone())));
    assert_eq!(hall.look(1, Some(Digest([7; 32]))).await.unwrap(), Attended::Consent(Box::new(genesis.clone())));
    assert_eq!(hall.meeting().stage(), Stage::Signing(vec![1, 2, 3, 4, 5]));
    let signed = hall.look(1, Some(genesis.digest())).await.unwrap();
    let rest = Attended::Waiting { what: "the signature under genesis", from: vec![2, 3, 4, 5], complaints: vec![] };
    assert_eq!(signed, rest);
    // Started again without the owner's word: the signature that is there is its own.
    assert_eq!(hall.look(1, None).await.unwrap(), rest);
}

/// A place with another genesis than the meeting would take.
struct Lying<'h> {
    hall: &'h Hall,
    genesis: Exact<Genesis>,
}

#[async_trait]
impl MeetingPlace for Lying<'_> {
    async fn items(&self) -> Result<BTreeSet<Item>, String> {
        let mut items = self.hall.items().await?;
        items.extend([Item::Genesis, Item::Policy, Item::Directory]);
        Ok(items)
    }

    async fn get(&self, item: Item) -> Result<Option<Vec<u8>>, String> {
        Ok(match item {
            Item::Genesis => Some(self.genesis.bytes().to_vec()),
            Item::Policy => Some(founded().bundle.to_document().unwrap().into_bytes()),
            Item::Directory => Some(founded().directory.bytes().to_vec()),
            item => self.hall.get(item).await?,
        })
    }

    async fn put(&self, item: Item, bytes: &[u8]) -> Result<(), NotTaken> {
        assert!(!matches!(item, Item::Signature(_)), "it signed");
        self.hall.put(item, bytes).await
    }

    fn log(&self) -> &dyn LogSource {
        self.hall.log()
    }
}

#[test]
fn terms_that_do_not_fit_are_refused_and_name_the_trustee() {
    let hall = Hall::new("terms");
    let terms = hall.founding().terms().value().clone();
    let refused = |change: &dyn Fn(&mut CeremonyTerms)| {
        let mut terms = terms.clone();
        change(&mut terms);
        Founding::new(Exact::write(terms).unwrap()).unwrap_err().to_string()
    };
    let swapped = refused(&|terms| terms.trustees.swap(0, 1));
    assert!(swapped.contains("identity of trustee 1: was made for index 2"), "{swapped}");
    let forged = refused(&|terms| terms.trustees[2] = terms.trustees[2].replace("\"XC\"", "\"XR\""));
    assert!(forged.contains("identity of trustee 3: ") && forged.contains("signature"), "{forged}");
    let policy = refused(&|terms| terms.witness_policy = witness_policy());
    assert!(policy.contains("another log"), "{policy}");
    let weak = refused(&|terms| terms.witness_policy = terms.witness_policy.replace("all-w 2", "all-w 1"));
    assert!(weak.contains("witness policy is refused"), "{weak}");

    // A trustee takes no part in a ceremony that does not name its own keys.
    let other = Hall::new("other keys");
    let stranger = hall.trustee(1);
    let bytes = other.meeting().get(Item::Terms).unwrap().to_vec();
    assert!(Attendance::new(&stranger, &bytes).err().unwrap().to_string().contains("do not name trustee 1"));
}

/// Another broadcast that trustee `index` signs.
fn other_broadcast(hall: &Hall, index: u16) -> Vec<u8> {
    let founding = hall.founding();
    let mut rng = random::named("another broadcast");
    Round1::<Sealing>::start(founding.ceremony(), index, &identity(hall, index), &mut rng).unwrap().1
}

/// The identity of a trustee, out of its plain key file: version, index, identity seed, transport seed, each behind its length.
fn identity_seed(hall: &Hall, index: u16) -> [u8; 32] {
    let stored = std::fs::read(hall.path(index).join("secret/keys")).unwrap();
    stored[4 + 1 + 4 + 2 + 4..][..32].try_into().unwrap()
}

fn identity(hall: &Hall, index: u16) -> Identity {
    Identity::from_seed(&identity_seed(hall, index))
}

/// A broadcast signed as `docs/formats/ring.md` describes it.
fn sign_round1(hall: &Hall, index: u16, content: &[u8]) -> Vec<u8> {
    use ed25519_dalek::Signer as _;
    let mut message = Vec::new();
    for part in [&b"countersign/seal/v1/ceremony-round1"[..], content] {
        message.extend_from_slice(&(part.len() as u64).to_le_bytes());
        message.extend_from_slice(part);
    }
    let key = ed25519_dalek::SigningKey::from_bytes(&identity_seed(hall, index));
    [content, &key.sign(&message).to_bytes()].concat()
}
