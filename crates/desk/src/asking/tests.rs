//! Trustees that are dead, slow or lying: the desk goes on with the others and says which failed.

use super::*;
use crate::desk::{Custodian, Surroundings};
use crate::totals::tests::{Accepted, CUSTODIAN, Nobody, genesis, genesis_leaf, now, signing_key};
use async_trait::async_trait;
use countersign_core::directory::{Directory, DirectoryV1};
use countersign_core::id::CustodianId;
use countersign_policy::Bundle;
use countersign_seal::identity::Identity;
use countersign_seal::partial::Reply;
use countersign_seal::transport::TransportSecret;
use countersign_store::journal::{Journal as _, MemoryJournal};
use countersign_store::memory::{MemorySigmas, MemoryStore};
use countersign_store::{Cases as _, NewLeaf};
use countersign_testkit::clock::FixedClock;
use countersign_testkit::random::{named, seed};
use countersign_verify::state::ControlState;
use countersign_verify::wire::{AnswerV1, HexBytes, ReceiptV1};
use std::sync::Mutex;
use zeroize::Zeroizing;

/// So that the tests need not wait.
const PATIENCE: Duration = Duration::from_millis(50);
const ORDER: Digest = Digest([8; 32]);
const RING: Digest = Digest([1; 32]);

fn reader() -> TransportSecret {
    TransportSecret::from_seed(seed("the reader"))
}

/// How a trustee behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Answers,
    Refuses,
    Away,
    /// Never answers.
    Hangs,
    Dies,
    Babbles,
    /// Signs with another key than that of genesis.
    Stranger,
    /// Gives the receipt of another order.
    OtherOrder,
    OtherCustodian,
    /// The receipt inside is another trustee's.
    OtherTrustee,
    /// Says that it answered, and gives nothing.
    Empty,
    /// Says that it refused, and gives something.
    RefusesAndGives,
    /// Its disclosure is of another value.
    OtherDisclosure,
    NoDisclosure,
    OtherEpoch,
    FewerRecords,
    /// Its reply is noise.
    Noise,
    /// Its reply was made for another order.
    ReplyOfAnotherOrder,
    /// Its reply was made for another reader.
    ReplyForAnother,
    /// Its reply is another trustee's.
    ReplyOfAnother,
}

struct Fake {
    index: u16,
    mood: Mood,
    asked: Mutex<u32>,
}

impl Fake {
    fn reply(&self) -> Vec<u8> {
        let (mut context, mut to, mut by) = (self.context(), reader(), self.index);
        match self.mood {
            Mood::Noise => return vec![7; 2_000],
            Mood::ReplyOfAnotherOrder => context.order = Digest([9; 32]),
            Mood::ReplyForAnother => to = TransportSecret::from_seed(seed("somebody else")),
            Mood::ReplyOfAnother => by = self.index % 5 + 1,
            _ => {}
        }
        let identity = Identity::from_seed(&signing_key(&format!("trustee:{by}")).to_bytes());
        let reply = Reply { classes: Vec::new() };
        let mut rng = named(&format!("reply of {}", self.index));
        reply::seal(&reply, &context, &to.public().unwrap(), &identity, &mut rng).unwrap()
    }

    fn context(&self) -> ReplyContext {
        ReplyContext { order: ORDER, ring: RING, trustee: self.index, share_epoch: 1 }
    }

    fn answer(&self) -> Vec<u8> {
        let refused = matches!(self.mood, Mood::Refuses | Mood::RefusesAndGives);
        let receipt = Receipt {
            v: ReceiptV1,
            custodian: if self.mood == Mood::OtherCustodian { CustodianId([1; 16]) } else { CUSTODIAN },
            trustee: if self.mood == Mood::OtherTrustee { self.index % 5 + 1 } else { self.index },
            nonce: Digest(seed(&format!("nonce {}", self.index))),
            order: if self.mood == Mood::OtherOrder { Digest([9; 32]) } else { ORDER },
            outcome: if refused { Outcome::Refused } else { Outcome::Answered },
            code: refused.then(|| "WAITING".to_owned()),
            reasons: Vec::new(),
            share_epoch: if self.mood == Mood::OtherEpoch { 2 } else { 1 },
            state: Digest([5; 32]),
            journal_size: 1,
            journal_root: Digest([6; 32]),
            records: if self.mood == Mood::FewerRecords { 1 } else { 2 },
            at: now(),
        };
        let party = if self.mood == Mood::Stranger { "stranger".into() } else { format!("trustee:{}", self.index) };
        let key = signing_key(&party);
        let receipt = Signed::sign(receipt, &key).unwrap();
        let told = if self.mood == Mood::OtherDisclosure { ORDER } else { receipt.document().digest() };
        let disclosure = Disclosure::new("receipt", Value::from(told.to_hex()), &mut named("disclosure")).unwrap();
        let gives = !matches!(self.mood, Mood::Refuses | Mood::Empty);
        let answer = Answer {
            v: AnswerV1,
            receipt: receipt.text().to_owned(),
            disclosure: if self.mood == Mood::NoDisclosure { "x".into() } else { disclosure.as_str().to_owned() },
            reply: gives.then(|| HexBytes(self.reply())),
        };
        Signed::sign(answer, &key).unwrap().text().as_bytes().to_vec()
    }
}

#[async_trait]
impl Trustee for Fake {
    fn index(&self) -> u16 {
        self.index
    }

    async fn ask(&self, request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        assert_eq!(request, format!("request to {}", self.index).as_bytes());
        *self.asked.lock().unwrap() += 1;
        match self.mood {
            Mood::Away => Err("connection refused".into()),
            Mood::Hangs => std::future::pending().await,
            Mood::Dies => panic!("the adapter died"),
            Mood::Babbles => Ok(b"hello".to_vec()),
            _ => Ok(self.answer()),
        }
    }

    async fn lookup(&self, _request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        Err("asked for something else".into())
    }

    async fn totals(&self, _request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        Err("asked for something else".into())
    }
}

struct World {
    desk: Desk,
    journal: MemoryJournal,
    trustees: Vec<Arc<Fake>>,
}

impl World {
    async fn new(moods: [Mood; 5]) -> Self {
        let journal = MemoryJournal::new();
        let store = MemoryStore::new(journal.clone());
        let first = genesis_leaf();
        let control = ControlState::begin(&first, None).unwrap();
        let first =
            NewLeaf { key: [0; 32], kind: "control".into(), leaf: first.to_bytes().unwrap(), disclosures: Vec::new() };
        store.append_leaves(Vec::new(), vec![first]).await.unwrap();
        let trustees: Vec<Arc<Fake>> =
            (1..=5).zip(moods).map(|(index, mood)| Arc::new(Fake { index, mood, asked: Mutex::new(0) })).collect();
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
            store: Arc::new(store),
            sigmas: Arc::new(MemorySigmas::default()),
            journal: Arc::new(Accepted(journal.clone())),
            trustees: trustees.iter().map(|one| Arc::clone(one) as Arc<dyn Trustee>).collect(),
            blast: Arc::new(Nobody),
            clock: Arc::new(FixedClock(now())),
            rng: named("desk asking"),
        };
        Self { desk: Desk::new(custodian, control, surroundings), journal, trustees }
    }

    async fn gather(&self) -> Vec<Said> {
        let expected = Expected {
            order: ORDER,
            ring: RING,
            share_epoch: 1,
            records: 2,
            recipient: Base64::encode_string(reader().public().unwrap().bytes()),
            first: 0,
        };
        let request = |trustee: u16| Ok(format!("request to {trustee}").into_bytes());
        self.desk.gather(&expected, 3, PATIENCE, request).await.unwrap()
    }

    fn asked(&self) -> Vec<u32> {
        self.trustees.iter().map(|trustee| *trustee.asked.lock().unwrap()).collect()
    }
}

fn who_answered(said: &[Said]) -> Vec<u16> {
    said.iter().filter(|said| said.reply.is_some()).map(|said| said.trustee).collect()
}

#[tokio::test]
async fn three_that_answer_are_enough_and_no_other_is_asked() {
    let world = World::new([Mood::Answers; 5]).await;
    let said = world.gather().await;
    assert_eq!((who_answered(&said), world.asked()), (vec![1, 2, 3], vec![1, 1, 1, 0, 0]));
    assert!(said.iter().all(|said| said.summary == "answered"));
}

/// Every way in which one trustee may fail, beside every place in which it may stand.
#[tokio::test]
async fn whatever_one_trustee_does_the_others_are_asked_and_it_is_named() {
    let faults = [
        (Mood::Refuses, "WAITING"),
        (Mood::Away, "connection refused"),
        (Mood::Hangs, "no answer within 50ms"),
        (Mood::Dies, "has died"),
        (Mood::Babbles, "128 hexadecimal digits"),
        (Mood::Stranger, "signature is not of the expected key"),
        (Mood::OtherOrder, "gave a receipt for something else"),
        (Mood::OtherCustodian, "gave a receipt for something else"),
        (Mood::OtherTrustee, "gave a receipt for something else"),
        (Mood::Empty, "says that it answered, and gave nothing"),
        (Mood::RefusesAndGives, "says that it refused, and gave something"),
        (Mood::OtherDisclosure, "gave a disclosure that is not its receipt's"),
        (Mood::NoDisclosure, "gave a disclosure that is none"),
        (Mood::OtherEpoch, "another share epoch or number of records"),
        (Mood::FewerRecords, "another share epoch or number of records"),
        (Mood::Noise, "its reply is none"),
        (Mood::ReplyOfAnotherOrder, "its reply is none"),
        (Mood::ReplyForAnother, "its reply is none"),
        (Mood::ReplyOfAnother, "its reply is none"),
    ];
    for (mood, summary) in faults {
        for place in [0, 2] {
            let mut moods = [Mood::Answers; 5];
            moods[place] = mood;
            let world = World::new(moods).await;
            let said = world.gather().await;
            let expected: Vec<u16> = (1..=4).filter(|index| usize::from(*index) != place + 1).collect();
            assert_eq!(who_answered(&said), expected, "{mood:?}");
            let failed = said.iter().find(|said| usize::from(said.trustee) == place + 1).unwrap();
            assert!(failed.summary.contains(summary), "{mood:?}: {}", failed.summary);
            assert_eq!(world.asked().iter().sum::<u32>(), 4, "{mood:?}");
            // What a trustee has signed about this order is kept, whatever else it did.
            let kept = world.journal.entries(0, 100).await.unwrap().len();
            assert_eq!(kept, 1 + 3 + usize::from(failed.receipt.is_some()), "{mood:?}");
        }
    }
}

#[tokio::test]
async fn two_may_fail_at_once_and_with_three_nothing_is_opened() {
    let world = World::new([Mood::Hangs, Mood::Noise, Mood::Answers, Mood::Answers, Mood::Answers]).await;
    assert_eq!(who_answered(&world.gather().await), [3, 4, 5]);
    let world = World::new([Mood::Hangs, Mood::Noise, Mood::Answers, Mood::Away, Mood::Answers]).await;
    let said = world.gather().await;
    assert_eq!((who_answered(&said), said.len()), (vec![3, 5], 5));
    assert_eq!(world.asked(), [1; 5]);
}
