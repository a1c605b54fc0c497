//! Enrolments and lookups over trustees that really evaluate, lie, are away, or die in the middle.

use super::opening::{LookupOpening, NotLookedUp};
use super::*;
use crate::documents::FactorTried;
use crate::entry::Entry;
use crate::findings::ScopeEntry;
use crate::ports::Trustee;
use crate::register::{ClientImport, CsvOptions, ReferenceKey, Stores, import_clients};
use crate::world::{CUSTODIAN, World, person_id, roster_key, signing_key};
use async_trait::async_trait;
use base64ct::{Base64, Encoding};
use countersign_core::approval::{Approval, ApprovalV1, SignerRole, Verdict, approval_message};
use countersign_core::class::{Class, ClassSet};
use countersign_core::facts::Factor;
use countersign_core::id::{CaseId, Digest, Handle, RecordId};
use countersign_core::json::Exact;
use countersign_core::lookup::{Lookup, Purpose};
use countersign_core::time::DAY;
use countersign_seal::ceremony::Plan;
use countersign_seal::dealer::{Dealt, deal};
use countersign_seal::group::Element;
use countersign_seal::kind::Sealing;
use countersign_seal::label::Label;
use countersign_seal::normal::Normal;
use countersign_seal::oprf::{Evaluation, evaluate};
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, VerifyingShares};
use countersign_store::{BlindIndex as _, Openings as _, Register as _};
use countersign_testkit::random::{named, seed};
use countersign_tlog::leaf::Disclosure;
use countersign_verify::wire::{Answer, AnswerV1, HexBytes, LookupRequest, Outcome, Receipt, ReceiptV1, Signed};
use ed25519_dalek::Signer as _;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// Names with birth dates, e-mail addresses, telephone numbers, a document; what has no normal form; two who share an address.
const CLIENTS: &str = "account,primaryIdentifier,secondaryIdentifier,dateOfBirth,emailAddress,phoneNumber,nationalIdentifier,\
nationalIdentifierType,countryOfIssue\n\
A-1,Orlando,Vera,1980-02-03,Vera@Post.example,+999 30 1234567,XA 123-456,CCPT,XA\n\
A-2,Quill,Tomas,1975-11-30,both@post.example,030 1234567,,,\n\
A-3,Stone,Eva,,both@post.example,,,,\n\
A-4,Moor,Nell,1990-01-01,not an address,,,,\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Honest,
    Away,
    /// Evaluates something else under a proof that does not fit.
    Lies,
    /// Its answer never arrives, but it has evaluated.
    DiesAfter,
}

/// A trustee that evaluates, remembers which records it evaluated under which attribute, and gives the same bytes again.
struct Fake {
    index: u16,
    mood: Mutex<Mood>,
    dealt: Arc<Dealt<Index>>,
    verifying: Arc<VerifyingShares<Index>>,
    given: Mutex<BTreeMap<Digest, Vec<u8>>>,
    entered: Mutex<BTreeSet<(String, RecordId)>>,
    asked: AtomicU32,
}

impl Fake {
    fn answer(&self, request: &[u8]) -> Vec<u8> {
        let request = Signed::<LookupRequest>::open(request, &Digest(signing_key("desk").verifying_key().to_bytes()));
        let request = request.unwrap().value().clone();
        let lookup = Exact::<Lookup>::parse(request.lookup.as_bytes()).unwrap();
        assert_eq!(request.trustee, self.index);
        if let Some(given) = self.given.lock().unwrap().get(&lookup.digest()) {
            return given.clone();
        }
        let attribute: Attribute = lookup.value().attribute.parse().unwrap();
        let blinded: Vec<Element> = request
            .blinded
            .iter()
            .map(|bytes| Element::decode(bytes.0.as_slice().try_into().unwrap()).unwrap())
            .collect();
        let records: Vec<(String, RecordId)> = request
            .records
            .iter()
            .map(|record| {
                let label = Label::decode(&record.label.0).unwrap();
                let u: &[u8; 32] = record.header.0.first_chunk().unwrap();
                (lookup.value().attribute.clone(), label.record_id(u))
            })
            .collect();
        let mut entered = self.entered.lock().unwrap();
        let before = records.iter().any(|record| entered.contains(record));
        entered.extend(records);
        let share = &self.dealt.shares[usize::from(self.index) - 1];
        let mut evaluation = evaluate(share, &self.verifying, attribute, &blinded, &seed("evaluation")).unwrap();
        if *self.mood.lock().unwrap() == Mood::Lies {
            evaluation.elements.reverse();
            evaluation.response[0] ^= 1;
        }
        let answer = self.signed(&lookup, (!before).then_some(evaluation));
        self.given.lock().unwrap().insert(lookup.digest(), answer.clone());
        answer
    }

    fn signed(&self, lookup: &Exact<Lookup>, evaluation: Option<Evaluation>) -> Vec<u8> {
        let key = signing_key(&format!("trustee:{}", self.index));
        let receipt = Receipt {
            v: ReceiptV1,
            custodian: CUSTODIAN,
            trustee: self.index,
            nonce: Digest(seed(&format!("nonce {} {}", self.index, lookup.digest()))),
            order: lookup.digest(),
            outcome: if evaluation.is_some() { Outcome::Answered } else { Outcome::Refused },
            code: evaluation.is_none().then(|| "ENROLLED_BEFORE".to_owned()),
            reasons: Vec::new(),
            share_epoch: 1,
            state: Digest([5; 32]),
            journal_size: 1,
            journal_root: Digest([6; 32]),
            records: if evaluation.is_some() { lookup.value().count } else { 0 },
            at: crate::world::start(),
        };
        let receipt = Signed::sign(receipt, &key).unwrap();
        let digest = receipt.document().digest().to_hex();
        let disclosure = Disclosure::new("receipt", Value::from(digest), &mut named("disclosure")).unwrap();
        let answer = Answer {
            v: AnswerV1,
            receipt: receipt.text().to_owned(),
            disclosure: disclosure.as_str().to_owned(),
            reply: evaluation.map(|evaluation| HexBytes(evaluation.encode())),
        };
        Signed::sign(answer, &key).unwrap().text().as_bytes().to_vec()
    }
}

#[async_trait]
impl Trustee for Fake {
    fn index(&self) -> u16 {
        self.index
    }

    async fn ask(&self, _request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        Err("asked for something else".into())
    }

    async fn lookup(&self, request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Away => Err("connection refused".into()),
            Mood::DiesAfter => {
                self.answer(request);
                Err("connection reset".into())
            }
            Mood::Honest | Mood::Lies => Ok(self.answer(request)),
        }
    }

    async fn totals(&self, _request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        Err("asked for something else".into())
    }
}

struct Place {
    world: World,
    dealt: Arc<Dealt<Index>>,
    trustees: Vec<Arc<Fake>>,
    officer: age::x25519::Identity,
    references: ReferenceKey,
}

const ATTRIBUTES: [Attribute; 4] = DEFAULT_ATTRIBUTES;

fn plan<K: countersign_seal::kind::Kind>(name: &str, keys: &[K::Key]) -> Plan<K> {
    let ceremony = Digest(seed(name));
    Plan { name: name.into(), ceremony, t: 3, n: 5, keys: keys.iter().map(|key| (*key, 1)).collect() }
}

fn ring_of<K: countersign_seal::kind::Kind>(dealt: &Dealt<K>) -> (ConfirmedRing<K>, Vec<String>) {
    let identities: Vec<_> = (1..=5)
        .map(|index| {
            countersign_seal::identity::Identity::from_seed(&signing_key(&format!("trustee:{index}")).to_bytes())
        })
        .collect();
    let publics: Vec<_> = identities.iter().map(|identity| identity.public()).collect();
    let id = dealt.ring.id();
    let confirmations: Vec<Confirmation> =
        (1u16..).zip(&identities).map(|(index, identity)| Confirmation::sign(id, index, identity)).collect();
    let texts = confirmations.iter().map(|one| Exact::write(one.clone()).unwrap().text().to_owned()).collect();
    let ring = Exact::write(dealt.ring.clone()).unwrap();
    (ConfirmedRing::new(ring, &confirmations, &publics, DealerRings::AllowForTests).unwrap(), texts)
}

impl Place {
    async fn new() -> Self {
        let dealt = Arc::new(deal(&plan::<Index>("index", &ATTRIBUTES), &mut named("index")).unwrap());
        let (ring, _) = ring_of(&dealt);
        let epoch = Exact::write(dealt.epoch.clone()).unwrap();
        let verifying = Arc::new(VerifyingShares::new(&ring, &epoch).unwrap());
        let fake = |index| {
            Arc::new(Fake {
                index,
                mood: Mutex::new(Mood::Honest),
                dealt: Arc::clone(&dealt),
                verifying: Arc::clone(&verifying),
                given: Mutex::default(),
                entered: Mutex::default(),
                asked: AtomicU32::new(0),
            })
        };
        let trustees = (1..=5).map(fake).collect();
        let officer = age::x25519::Identity::generate();
        let references = ReferenceKey::from_bytes(&[3; 32]);
        Self { world: World::new().await, dealt: Arc::clone(&dealt), trustees, officer, references }
    }

    fn mood(&self, moods: &[(usize, Mood)]) {
        self.trustees.iter().for_each(|trustee| *trustee.mood.lock().unwrap() = Mood::Honest);
        for (index, mood) in moods {
            *self.trustees[index - 1].mood.lock().unwrap() = *mood;
        }
    }

    fn asked(&self) -> u32 {
        self.trustees.iter().map(|trustee| trustee.asked.swap(0, Ordering::SeqCst)).sum()
    }

    /// As after a restart.
    async fn desk(&self) -> Desk {
        let (ring, confirmations) = ring_of(&self.dealt);
        let shares = Exact::write(self.dealt.epoch.clone()).unwrap();
        let trustees = self.trustees.iter().map(|one| Arc::clone(one) as Arc<dyn Trustee>).collect();
        let officers = vec![self.officer.to_public().to_string()];
        self.world.desk_with(Some(RingFiles { ring, confirmations, shares }), trustees, officers).await
    }

    async fn import(&self, file: &str) {
        let classes = [Class::Name, Class::Birth, Class::Email, Class::Phone, Class::DocumentNumber];
        let dealt = deal(&plan::<Sealing>("register", &classes), &mut named("register")).unwrap();
        let import = ClientImport {
            options: &CsvOptions::default(),
            ring: &ring_of(&dealt).0,
            custodian: CUSTODIAN,
            references: &self.references,
            local_seed: &[6; 32],
            now: crate::world::start(),
        };
        let stores = Stores { register: &self.world.store, sigmas: self.world.sigmas.as_ref() };
        let mut rng = named(&format!("import of {} bytes", file.len()));
        import_clients(Cursor::new(file), &import, stores, &mut rng).await.unwrap();
    }

    async fn enrol(&self, file: &str) -> Result<Vec<(u64, u64)>> {
        let options = CsvOptions::default();
        let enrolled = self.desk().await.enrol_clients(Cursor::new(file), &options, &ATTRIBUTES).await?;
        Ok(enrolled.into_iter().map(|one| (one.values, one.left_out.count)).collect())
    }

    async fn handle(&self, account: &str) -> Handle {
        self.world.store.handle_of(&self.references.account(account)).await.unwrap().unwrap()
    }

    /// A case whose sender is checked, about one person whom the letter names by something else than an account.
    async fn case(&self) -> CaseId {
        let desk = self.desk().await;
        let entry = r#"{"authority":"xa-district-court","reference":"12 Js 34/26","instrument":"court_order","others":1,
            "classes":["name"],"channel":"letter"}"#;
        let entry = Entry::parse(entry.as_bytes()).unwrap();
        let request = desk.resolve(entry, &self.references, b"a letter".to_vec(), None).await.unwrap();
        let case = desk.file_request(request, None, &lena()).await.unwrap();
        let tried = [Factor::Directory, Factor::CallBack].map(|factor| FactorTried {
            factor,
            confirmed: true,
            note: "confirmed".into(),
            at: desk.now(),
            person: None,
        });
        desk.check_sender(&case, tried.to_vec(), &lena()).await.unwrap();
        case
    }

    async fn find(&self, case: &CaseId, value: Normal) -> Result<find::FoundClients> {
        let desk = self.desk().await;
        let prepared = desk.prepare_lookup(case, &lena(), value).await?;
        let approval = approval(&prepared.lookup, "lena-ohm");
        desk.look_up(prepared, approval.bytes()).await
    }

    /// Kinds of the leaves that belong to lookups, in the order of the journal.
    async fn kinds(&self) -> Vec<String> {
        let closed = self.world.store.closed_leaves(0, 1_000).await.unwrap();
        closed.into_iter().map(|leaf| leaf.kind).filter(|kind| kind.starts_with("lookup")).collect()
    }
}

fn lena() -> countersign_core::id::PersonId {
    person_id("lena-ohm")
}

fn approval(lookup: &Exact<Lookup>, person: &str) -> Exact<Approval> {
    let (key, at) = (roster_key(&format!("person:{person}")), lookup.value().not_before);
    let mut approval = Approval {
        v: ApprovalV1,
        order: lookup.digest(),
        approver: person_id(person),
        role: SignerRole::Author,
        verdict: Verdict::Approve,
        at,
        key,
        signature: String::new(),
    };
    let message = approval_message(&approval.signed_digest());
    approval.signature = Base64::encode_string(&signing_key(&format!("person:{person}")).sign(&message).to_bytes());
    Exact::write(approval).unwrap()
}

fn email(text: &str) -> Normal {
    Normal::email(text).unwrap()
}

#[tokio::test]
async fn clients_are_found_in_another_spelling_and_what_has_no_normal_form_is_reported() {
    let place = Place::new().await;
    place.import(CLIENTS).await;
    let desk = place.desk().await;
    assert_eq!(desk.pending(&ATTRIBUTES).await.unwrap().len(), 1);
    let enrolled = desk.enrol_clients(Cursor::new(CLIENTS), &CsvOptions::default(), &ATTRIBUTES).await.unwrap();
    let counts: Vec<_> = enrolled.iter().map(|one| (one.attribute, one.values, one.left_out.count)).collect();
    let expected = [(ATTRIBUTES[0], 3, 0), (ATTRIBUTES[1], 3, 1), (ATTRIBUTES[2], 1, 1), (ATTRIBUTES[3], 1, 0)];
    assert_eq!(counts, expected);
    let bad = &enrolled[1].left_out.first[0];
    assert_eq!((bad.line, bad.column), (5, Some("emailAddress")));
    assert!(!bad.reason.contains("not an address"), "{bad}");
    assert_eq!(desk.pending(&ATTRIBUTES).await.unwrap(), []);
    // 3 names, 2 addresses, 1 number, 1 document.
    assert_eq!(place.world.store.index_counts().await.unwrap().lists, 7);

    let case = place.case().await;
    let both = BTreeSet::from([place.handle("A-2").await, place.handle("A-3").await]);
    for (value, found) in [
        (email("VERA@post.EXAMPLE"), BTreeSet::from([place.handle("A-1").await])),
        (email("both@post.example"), both),
        (email("nobody@post.example"), BTreeSet::new()),
        (
            Normal::name_and_birth(&["vera", "ORLANDO"], "1980-02-03").unwrap(),
            BTreeSet::from([place.handle("A-1").await]),
        ),
        (Normal::name_and_birth(&["vera", "ORLANDO"], "1980-02-04").unwrap(), BTreeSet::new()),
        (Normal::document("XA", "CCPT", "xa123456").unwrap(), BTreeSet::from([place.handle("A-1").await])),
    ] {
        let clients = place.find(&case, value).await.unwrap().clients;
        assert_eq!(clients, found.into_iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_second_run_asks_nobody_and_a_second_file_joins_the_lists() {
    let place = Place::new().await;
    place.import(CLIENTS).await;
    let first = place.enrol(CLIENTS).await.unwrap();
    assert_eq!(place.asked(), 4 * 3);
    assert_eq!(place.enrol(CLIENTS).await.unwrap(), first);
    assert_eq!(place.asked(), 0);
    let second = "account,primaryIdentifier,emailAddress\nA-9,Late,both@post.example\n";
    let refused = place.enrol(second).await.unwrap_err();
    assert!(refused.to_string().contains("was not imported"), "{refused}");
    place.import(second).await;
    place.enrol(second).await.unwrap();
    let case = place.case().await;
    let found = place.find(&case, email("both@post.example")).await.unwrap().clients;
    assert_eq!(found.len(), 3);
    assert!(found.contains(&place.handle("A-9").await));
}

#[tokio::test]
async fn a_liar_is_named_a_dead_one_is_replaced_and_with_two_nothing_is_made() {
    let place = Place::new().await;
    place.import(CLIENTS).await;
    place.mood(&[(1, Mood::Lies), (2, Mood::Away)]);
    place.enrol(CLIENTS).await.unwrap();
    let case = place.case().await;
    let found = place.find(&case, email("vera@post.example")).await.unwrap();
    assert_eq!(found.clients, [place.handle("A-1").await]);
    let said: Vec<(u16, bool)> = found.said.iter().map(|said| (said.trustee, said.reply.is_some())).collect();
    assert_eq!(said, [(1, false), (2, false), (3, true), (4, true), (5, true)]);
    assert!(found.said[0].summary.contains("its proof does not hold"), "{}", found.said[0].summary);
    assert_eq!(found.said[1].summary, "connection refused");
    place.mood(&[(1, Mood::Lies), (2, Mood::Away), (4, Mood::Away)]);
    let DeskError::Trustees { answered, needed, refusals } =
        place.find(&case, email("vera@post.example")).await.unwrap_err()
    else {
        panic!("found")
    };
    assert_eq!((answered, needed, refusals.len()), (2, 3, 3));
    // The question stands in the log, without an outcome.
    let lookups = place.world.store.lookups_of(&case).await.unwrap();
    assert_eq!(lookups.iter().map(|lookup| lookup.found.is_some()).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn an_enrolment_that_was_interrupted_goes_on_with_the_same_elements() {
    let place = Place::new().await;
    place.import(CLIENTS).await;
    // One trustee has evaluated; the others were away.
    place.mood(&[(1, Mood::DiesAfter), (2, Mood::Away), (3, Mood::Away), (4, Mood::Away), (5, Mood::Away)]);
    assert!(matches!(place.enrol(CLIENTS).await, Err(DeskError::Trustees { answered: 0, .. })));
    let open = place.world.store.open_batches().await.unwrap();
    assert_eq!(open.len(), 1);
    assert!(place.world.sigmas.sigma(&Handle(open[0].lookup.0)).await.unwrap().is_some(), "the seed of the blinds");
    // Another file with the same clients does not fit it.
    let other = CLIENTS.replace("1980-02-03", "1980-02-04");
    assert!(place.enrol(&other).await.unwrap_err().to_string().contains("was not imported"));
    // Trustee 1 refuses these records in any other enrolment; the one that was begun it answers again.
    place.mood(&[(4, Mood::Away), (5, Mood::Away)]);
    place.enrol(CLIENTS).await.unwrap();
    assert_eq!(place.world.store.open_batches().await.unwrap(), []);
    assert!(place.world.sigmas.sigma(&Handle(open[0].lookup.0)).await.unwrap().is_none(), "blinds are forgotten");
    let case = place.case().await;
    let value = Normal::name_and_birth(&["Orlando Vera"], "1980-02-03").unwrap();
    assert_eq!(place.find(&case, value).await.unwrap().clients, [place.handle("A-1").await]);
}

#[tokio::test]
async fn an_enrolment_whose_time_is_over_begins_anew() {
    let place = Place::new().await;
    place.import(CLIENTS).await;
    place.mood(&[(1, Mood::DiesAfter), (2, Mood::Away), (3, Mood::Away), (4, Mood::Away), (5, Mood::Away)]);
    assert!(place.enrol(CLIENTS).await.is_err());
    let first = place.world.store.open_batches().await.unwrap()[0].lookup;
    place.world.pass(2 * DAY);
    place.mood(&[]);
    // Trustee 1 has evaluated these records before and refuses; four others are enough.
    place.enrol(CLIENTS).await.unwrap();
    let again = place.world.store.last_finished().await.unwrap();
    assert!(again.is_some() && again != Some(first));
    assert_eq!(place.world.store.open_batches().await.unwrap(), []);
    let case = place.case().await;
    assert_eq!(place.find(&case, email("vera@post.example")).await.unwrap().clients, [place.handle("A-1").await]);
}

#[tokio::test]
async fn an_erased_client_enters_no_index() {
    let place = Place::new().await;
    place.import(CLIENTS).await;
    place.world.sigmas.delete_sigma(&place.handle("A-1").await).await.unwrap();
    assert_eq!(place.enrol(CLIENTS).await.unwrap()[0], (2, 0));
    let case = place.case().await;
    assert_eq!(place.find(&case, email("vera@post.example")).await.unwrap().clients, []);
}

#[tokio::test]
async fn question_and_outcome_are_leaves_and_approvers_see_them_again() {
    let place = Place::new().await;
    place.import(CLIENTS).await;
    place.enrol(CLIENTS).await.unwrap();
    let before = place.kinds().await.len();
    let case = place.case().await;
    let found = place.find(&case, email("vera@post.example")).await.unwrap();
    place.find(&case, email("nobody@post.example")).await.unwrap();
    let kinds = place.kinds().await;
    let of_one = ["lookup", "lookup_receipt", "lookup_receipt", "lookup_receipt", "lookup_outcome"];
    assert_eq!(kinds[before..], [of_one, of_one].concat());
    // The store knows neither value, and both lookups carry one commitment to the case.
    let lookups = place.world.store.lookups_of(&case).await.unwrap();
    let commitments: BTreeSet<Digest> = lookups
        .iter()
        .map(|kept| match Exact::<Lookup>::parse(&kept.document).unwrap().value().purpose {
            Purpose::Find { case, .. } => case,
            Purpose::Enrol { .. } => panic!("an enrolment"),
        })
        .collect();
    assert_eq!(commitments.len(), 1);
    let kept = &lookups[0];
    assert_eq!((kept.lookup, kept.found.as_deref()), (found.lookup, Some(&found.clients[..])));
    assert!(!String::from_utf8_lossy(&kept.document).contains("vera"));
    let opening = age::decrypt(&place.officer, &kept.opening).unwrap();
    let lookup = Exact::<Lookup>::parse(&kept.document).unwrap();
    let read =
        |text: &str| LookupOpening::parse(text.as_bytes()).unwrap().check(&lookup).map(|value| value.text().to_owned());
    let text = String::from_utf8(opening).unwrap();
    assert_eq!(read(&text).unwrap(), "vera@post.example");
    for (from, to, why) in [
        ("vera@", "nora@", NotLookedUp::Commitment),
        ("vera@", "Vera@", NotLookedUp::Malformed),
        ("lookup_email", "lookup_account", NotLookedUp::Attribute),
        ("\"salt\":\"", "\"salt\":\"0", NotLookedUp::Malformed),
    ] {
        assert_eq!(read(&text.replace(from, to)).unwrap_err(), why, "{to}");
    }
    // Somebody who commits to one value and has another evaluated.
    let mut lying = lookup.value().clone();
    lying.blinded = Digest([9; 32]);
    let lying = Exact::write(lying).unwrap();
    assert_eq!(LookupOpening::parse(text.as_bytes()).unwrap().check(&lying).err(), Some(NotLookedUp::Blinded));
    assert!(LookupOpening::parse(b"vera@post.example").err().unwrap().to_string().find("vera").is_none());
}

#[tokio::test]
async fn whoever_is_found_may_be_in_the_scope_and_nobody_else() {
    let place = Place::new().await;
    place.import(CLIENTS).await;
    place.enrol(CLIENTS).await.unwrap();
    let case = place.case().await;
    let desk = place.desk().await;
    let scope = |account: Handle| ScopeEntry {
        subjects: vec![account],
        left_out: String::new(),
        necessary: ClassSet::new([Class::Name]),
        allowed: ClassSet::new([Class::Name]),
        listed_by: Vec::new(),
    };
    let vera = place.handle("A-1").await;
    assert!(desk.set_scope(&case, scope(vera), &lena()).await.is_err());
    place.find(&case, email("vera@post.example")).await.unwrap();
    assert!(desk.set_scope(&case, scope(place.handle("A-2").await), &lena()).await.is_err());
    desk.set_scope(&case, scope(vera), &lena()).await.unwrap();
}

#[tokio::test]
async fn what_is_not_a_lookup_of_the_officer_is_refused_and_leaves_nothing() {
    let place = Place::new().await;
    place.import(CLIENTS).await;
    place.enrol(CLIENTS).await.unwrap();
    place.asked();
    let case = place.case().await;
    let desk = place.desk().await;
    let before = place.kinds().await;
    let refused = |error: DeskError, why: &str| assert!(error.to_string().contains(why), "{error}");
    // No key for the attribute, no such case, a case whose sender is not checked yet.
    let wallet = Normal::wallet("0x52908400098527886E0F7030069857D2E4169EE7").unwrap();
    refused(desk.prepare_lookup(&case, &lena(), wallet).await.err().unwrap(), "no key for `lookup_wallet`");
    let none = CaseId([9; 16]);
    refused(desk.prepare_lookup(&none, &lena(), email("a@b.example")).await.err().unwrap(), "there is no case");
    let entry = r#"{"authority":"xa-district-court","reference":"1","instrument":"informal","others":1,"classes":["name"],"channel":"letter"}"#;
    let entry = Entry::parse(entry.as_bytes()).unwrap();
    let request = desk.resolve(entry, &place.references, b"another".to_vec(), None).await.unwrap();
    let unchecked = desk.file_request(request, None, &lena()).await.unwrap();
    refused(
        desk.prepare_lookup(&unchecked, &lena(), email("a@b.example")).await.err().unwrap(),
        "after the sender was checked",
    );
    // Signed by somebody else, for another lookup, by nobody in force.
    for (person, why) in [("anna-berg", "not signed by its officer"), ("eva-stone", "not signed by its officer")] {
        let prepared = desk.prepare_lookup(&case, &lena(), email("vera@post.example")).await.unwrap();
        let signed = approval(&prepared.lookup, person);
        refused(desk.look_up(prepared, signed.bytes()).await.unwrap_err(), why);
    }
    let prepared = desk.prepare_lookup(&case, &lena(), email("vera@post.example")).await.unwrap();
    let other = desk.prepare_lookup(&case, &lena(), email("vera@post.example")).await.unwrap();
    let signed = approval(&other.lookup, "lena-ohm");
    refused(desk.look_up(prepared, signed.bytes()).await.unwrap_err(), "another order");
    let prepared = desk.prepare_lookup(&case, &person_id("anna-berg"), email("vera@post.example")).await.unwrap();
    let signed = approval(&prepared.lookup, "anna-berg");
    refused(desk.look_up(prepared, signed.bytes()).await.unwrap_err(), "may not sign in the role");
    assert_eq!((place.kinds().await, place.asked()), (before, 0));
    // Without an index ring.
    let without = place.world.desk().await;
    refused(without.prepare_lookup(&case, &lena(), email("a@b.example")).await.err().unwrap(), "no index ring");
    let enrolled = without.enrol_clients(Cursor::new(CLIENTS), &CsvOptions::default(), &ATTRIBUTES).await;
    refused(enrolled.unwrap_err(), "no index ring");
}

#[tokio::test]
async fn a_journal_without_quorum_stops_lookups_before_any_trustee_is_asked() {
    let place = Place::new().await;
    place.import(CLIENTS).await;
    let desk = place.desk().await;
    let case = place.case().await;
    place.world.log.set_broken(true);
    let enrolled = desk.enrol_clients(Cursor::new(CLIENTS), &CsvOptions::default(), &ATTRIBUTES).await;
    assert!(matches!(enrolled, Err(DeskError::Journal(_))));
    let prepared = desk.prepare_lookup(&case, &lena(), email("vera@post.example")).await.unwrap();
    let signed = approval(&prepared.lookup, "lena-ohm");
    assert!(matches!(desk.look_up(prepared, signed.bytes()).await, Err(DeskError::Journal(_))));
    assert_eq!(place.asked(), 0);
    place.world.log.set_broken(false);
    place.enrol(CLIENTS).await.unwrap();
}

#[test]
fn values_are_written_one_part_a_line() {
    let good = |attribute, text| normal_of_lines(attribute, text).unwrap().text().to_owned();
    assert_eq!(good(Attribute::Email, "Vera@Post.example\n"), "vera@post.example");
    assert_eq!(good(Attribute::NameBirth, "Vera Orlando\r\n1980-02-03\r\n"), "orlando vera\n1980-02-03");
    assert_eq!(good(Attribute::Document, "XA\nCCPT\nxa 12"), "XA\nCCPT\nXA12");
    for (attribute, text, why) in [
        (Attribute::NameBirth, "Vera Orlando", "a line with the birth date"),
        (Attribute::Email, "a@b.example\nc@d.example", "2 lines were given"),
        (Attribute::Email, "", "0 lines were given"),
        (Attribute::Phone, "030 1234567", "+"),
        (Attribute::Document, "XA12", "issuing state"),
    ] {
        let refused = normal_of_lines(attribute, text).err().unwrap();
        assert!(refused.contains(why) && !refused.contains("1234567") && !refused.contains("Orlando"), "{refused}");
    }
}
