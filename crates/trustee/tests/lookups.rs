//! Lookups and enrolments at real trustees: the same bytes again, counters, what enters the index once, and what t - 1 of them
//! cannot do.

use crate::totals::{answer_of, request as totals_request, totals};
use crate::world::*;
use countersign_core::approval::{Approval, ApprovalV1, SignerRole, Verdict, approval_message};
use countersign_core::id::{Handle, OrderId};
use countersign_core::json::Exact;
use countersign_core::lookup::{Lookup, LookupV1, Purpose, blinded_digest, records_digest};
use countersign_core::time::{DAY, HOUR};
use countersign_policy::LookupCaps;
use countersign_seal::group::Element;
use countersign_seal::kind::Attribute;
use countersign_seal::normal::Normal;
use countersign_seal::oprf::{Blind, Evaluation, OprfError, Token, blind, combine, lookup_commitment};
use countersign_seal::posting::List;
use countersign_seal::record::SealedRecord;
use countersign_testkit::random;
use countersign_tlog::leaf::{Disclosure, seal_disclosures};
use countersign_trustee::{Answered, IncidentKind, Trustee, TrusteeError};
use countersign_verify::ledger::CounterKey;
use countersign_verify::lookup::lookup_leaf_fields;
use countersign_verify::refusal::Code;
use countersign_verify::trustee_log::{Entry, Reason};
use countersign_verify::wire::{HexBytes, LeafEvidence, LookupRequest, LookupRequestV1, SealedHeader};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

/// A published lookup, ready to be sent to any trustee.
pub(crate) struct Published {
    pub(crate) lookup: Exact<Lookup>,
    blinded: Vec<Element>,
    approval: Option<String>,
    leaf: LeafEvidence,
    records: Vec<SealedHeader>,
}

impl Published {
    pub(crate) fn request(&self, trustee: u16, world: &World) -> Vec<u8> {
        let request = LookupRequest {
            v: LookupRequestV1,
            custodian: CUSTODIAN,
            trustee,
            at: world.now,
            share_epoch: 1,
            lookup: self.lookup.text().to_owned(),
            approval: self.approval.clone(),
            leaf: self.leaf.clone(),
            blinded: self.blinded.iter().map(|element| HexBytes(element.bytes().to_vec())).collect(),
            records: self.records.clone(),
        };
        countersign_verify::wire::Signed::sign(request, &signing_key("desk")).unwrap().text().as_bytes().to_vec()
    }
}

fn publish(
    world: &mut World,
    number: u8,
    attribute: Attribute,
    purpose: Purpose,
    blinded: Vec<Element>,
    records: &[SealedRecord],
) -> Published {
    let lookup = Exact::write(Lookup {
        v: LookupV1,
        id: OrderId([number; 16]),
        custodian: CUSTODIAN,
        ring: founded().index.id(),
        attribute: attribute.as_str().into(),
        purpose,
        count: blinded.len() as u32,
        blinded: blinded_digest(blinded.iter().map(Element::bytes)),
        not_before: world.now.plus(-HOUR),
        expires: world.now.plus(HOUR),
    })
    .unwrap();
    let name = format!("leaf of lookup {}", lookup.digest());
    let mut rng = random::named(&name);
    let disclosures: Vec<Disclosure> = lookup_leaf_fields(&lookup)
        .into_iter()
        .map(|(name, value)| Disclosure::new(name, value, &mut rng).unwrap())
        .collect();
    let id = countersign_tlog::leaf::LeafId(seed(&name)[..16].try_into().unwrap());
    let leaf = seal_disclosures(id, 5_984_000, &disclosures, &mut rng).unwrap();
    let index = world.log.append_disclosed(leaf.clone(), &disclosures);
    world.log.publish(world.now);
    let approval = matches!(lookup.value().purpose, Purpose::Find { .. }).then(|| {
        let (order, key, signature) = (lookup.digest(), roster_key("emil-fuchs"), String::new());
        let (approver, role, verdict) = (person_id("emil-fuchs"), SignerRole::Author, Verdict::Approve);
        let at = world.now.plus(-60);
        let mut approval = Approval { v: ApprovalV1, order, approver, role, verdict, at, key, signature };
        approval.signature = plain_signature("emil-fuchs", &approval_message(&approval.signed_digest()));
        Exact::write(approval).unwrap().text().to_owned()
    });
    let leaf = LeafEvidence {
        leaf: String::from_utf8(leaf).unwrap(),
        disclosures: disclosures.iter().map(|one| one.as_str().to_owned()).collect(),
        proof: world.log.proof(index, &[world.now, world.now.plus(-60)]),
        seasoned: None,
    };
    let records = records
        .iter()
        .map(|record| SealedHeader {
            label: HexBytes(record.label().encode()),
            header: HexBytes(record.capsule().header.bytes().to_vec()),
        })
        .collect();
    Published { lookup, blinded, approval, leaf, records }
}

const SALT: [u8; 32] = [7; 32];

pub(crate) fn find(world: &mut World, number: u8, value: &Normal) -> Published {
    let secret = Blind::of_lookup(&SALT, value).unwrap();
    let purpose = Purpose::Find {
        case: digest(&format!("case {number}")),
        officer: person_id("emil-fuchs"),
        value: lookup_commitment(&SALT, value),
    };
    publish(world, number, value.attribute(), purpose, vec![blind(value, &secret).unwrap()], &[])
}

fn enrol(world: &mut World, number: u8, entries: &[(u8, Normal)]) -> Published {
    let records: Vec<SealedRecord> = entries.iter().map(|(client, _)| record(*client, 1, &CLASSES)).collect();
    let ids: Vec<_> = records.iter().map(SealedRecord::id).collect();
    let purpose = Purpose::Enrol { records: records_digest(ids.iter().map(|id| id.as_bytes())) };
    let blinded = entries.iter().map(|(client, value)| blind(value, &enrolment_blind(*client)).unwrap()).collect();
    publish(world, number, entries[0].1.attribute(), purpose, blinded, &records)
}

fn enrolment_blind(client: u8) -> Blind {
    Blind::random(
        &[seed(&format!("blind {client} a")), seed(&format!("blind {client} b"))].concat().try_into().unwrap(),
    )
    .unwrap()
}

async fn ask(world: &World, trustee: &Trustee, published: &Published) -> Vec<u8> {
    world.tail(trustee).await.unwrap();
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let fresh = random::seed(&format!("lookup {}", ASKED.fetch_add(1, Ordering::Relaxed)));
    match trustee.lookup(&published.request(trustee.index(), world), world.now, fresh).await.unwrap() {
        Answered::Answer(bytes) => bytes,
        Answered::Unauthenticated => panic!("the desk was not recognised"),
    }
}

/// Asks these trustees and combines what they evaluated.
async fn combined(
    world: &World,
    trustees: &[u16],
    published: &Published,
) -> Result<(Vec<Element>, Vec<u16>), OprfError> {
    let mut evaluations = Vec::new();
    for index in trustees {
        evaluations.push(evaluation(*index, &ask(world, &world.open(*index), published).await));
    }
    combine_all(published, &evaluations)
}

fn evaluation(trustee: u16, answer: &[u8]) -> Evaluation {
    Evaluation::decode(trustee, &read(answer).0.reply.expect("an evaluation").0).unwrap()
}

fn combine_all(published: &Published, evaluations: &[Evaluation]) -> Result<(Vec<Element>, Vec<u16>), OprfError> {
    let attribute = published.lookup.value().attribute.parse().unwrap();
    combine(&founded().index, &founded().index_shares, attribute, &published.blinded, evaluations)
}

fn email(address: &str) -> Normal {
    Normal::email(address).unwrap()
}

#[tokio::test]
async fn what_was_enrolled_is_found_again_in_another_spelling_and_by_other_trustees() {
    let mut world = World::new();
    let clients = [(1, email("Ilka.Dorn@dorn.example")), (2, email("bruno@b\u{fc}cher.example"))];
    let enrolment = enrol(&mut world, 1, &clients);
    let (elements, liars) = combined(&world, &[1, 2, 3], &enrolment).await.unwrap();
    assert_eq!(liars, Vec::<u16>::new());
    let mut store = std::collections::BTreeMap::new();
    for ((client, value), element) in clients.iter().zip(&elements) {
        let list = List::of(&Token::finalize(value, &enrolment_blind(*client), element));
        store.insert(list.name(), list.seal(&BTreeSet::from([Handle([*client; 32])]), &[*client; 32]).unwrap());
    }
    for (number, trustees, spelling, handle) in [
        (10, [3, 4, 5], "ilka.dorn@DORN.example", Some(1)),
        (11, [1, 3, 5], "BRUNO@xn--bcher-kva.example", Some(2)),
        (12, [2, 4, 5], "nobody@dorn.example", None),
    ] {
        let value = email(spelling);
        let lookup = find(&mut world, number, &value);
        let (elements, _) = combined(&world, &trustees, &lookup).await.unwrap();
        let list = List::of(&Token::finalize(&value, &Blind::of_lookup(&SALT, &value).unwrap(), &elements[0]));
        let found = store.get(&list.name()).map(|sealed| list.open(sealed).unwrap());
        assert_eq!(found, handle.map(|client| BTreeSet::from([Handle([client; 32])])), "{spelling}");
        // Found or not, every trustee asked has counted it.
        for index in trustees {
            let counted = world.open(index).counters().await.unwrap();
            assert!(counted.iter().any(|one| one.key == CounterKey::LookupsFor(digest(&format!("case {number}")))));
        }
    }
}

#[tokio::test]
async fn two_trustees_of_five_make_no_token_and_a_liar_is_named() {
    let mut world = World::new();
    let lookup = find(&mut world, 1, &email("ilka@dorn.example"));
    let too_few = combined(&world, &[1, 2], &lookup).await.unwrap_err();
    assert_eq!(too_few, OprfError::TooFew { have: 2, need: 3, liars: Vec::new() });
    let other = find(&mut world, 2, &email("other@dorn.example"));
    let mut evaluations = Vec::new();
    for index in 1..=4 {
        evaluations.push(evaluation(index, &ask(&world, &world.open(index), &lookup).await));
    }
    evaluations[1].elements = evaluation(2, &ask(&world, &world.open(2), &other).await).elements;
    assert_eq!(combine_all(&lookup, &evaluations).unwrap().1, [2]);
}

#[tokio::test]
async fn the_same_lookup_gets_the_same_bytes_even_after_a_restart_and_counts_once() {
    let mut world = World::new();
    let lookup = find(&mut world, 1, &email("ilka@dorn.example"));
    let first = ask(&world, &world.open(1), &lookup).await;
    assert_eq!(code(&first), None);
    assert_eq!(ask(&world, &world.open(1), &lookup).await, first);
    let trustee = world.open(1);
    assert_eq!(ask(&world, &trustee, &lookup).await, first);
    let counted = trustee.counters().await.unwrap();
    let lookups: Vec<u64> = counted.iter().filter(|one| one.key == CounterKey::Lookups).map(|one| one.people).collect();
    assert_eq!(lookups, [1]);
    assert_eq!(read(&first).1.records, 1);
}

#[tokio::test]
async fn a_record_enters_the_index_once_under_each_attribute() {
    let mut world = World::new();
    let first = enrol(&mut world, 1, &[(1, email("ilka@dorn.example"))]);
    let trustee = world.open(1);
    let given = ask(&world, &trustee, &first).await;
    assert_eq!(code(&given), None);
    // A guess under the record of a client who is in the index already.
    let guess = enrol(&mut world, 2, &[(2, email("bruno@costa.example")), (1, email("guess@dorn.example"))]);
    assert_eq!(code(&ask(&world, &trustee, &guess).await), Some(Code::EnrolledBefore));
    assert_eq!(code(&ask(&world, &world.open(1), &guess).await), Some(Code::EnrolledBefore));
    // Nothing of the refused enrolment was remembered, and another attribute is another index.
    let alone = enrol(&mut world, 3, &[(2, email("bruno@costa.example"))]);
    assert_eq!(code(&ask(&world, &trustee, &alone).await), None);
    let name = Normal::name_and_birth(&["Ilka", "Dorn"], "1980-02-29").unwrap();
    let other = enrol(&mut world, 4, &[(1, name)]);
    assert_eq!(code(&ask(&world, &trustee, &other).await), None);
    assert_eq!(ask(&world, &trustee, &first).await, given);
}

#[tokio::test]
async fn a_budget_that_is_used_up_is_refused_today_and_open_again_tomorrow() {
    let mut world = World::new();
    let trustee = world.open(1);
    // This trustee's share of an officer's budget: three of five answer each lookup.
    let share = u8::try_from((LookupCaps::DEFAULT.officer * 3).div_ceil(5)).unwrap();
    let value = email("ilka@dorn.example");
    for number in 1..=share {
        let lookup = find(&mut world, number, &value);
        let answer = ask(&world, &trustee, &lookup).await;
        assert_eq!(code(&answer), None, "{number}");
        world.log_receipt(&answer);
    }
    let more = find(&mut world, share + 1, &value);
    let refused = ask(&world, &trustee, &more).await;
    assert_eq!(code(&refused), Some(Code::CapOfficer));
    world.log_receipt(&refused);
    world.pass(DAY);
    let tomorrow = find(&mut world, share + 2, &value);
    assert_eq!(code(&ask(&world, &trustee, &tomorrow).await), None);
}

#[tokio::test]
async fn a_missing_receipt_of_a_lookup_stops_everything_and_its_answer_is_given_again() {
    let mut world = World::new();
    let trustee = world.open(1);
    let lookup = find(&mut world, 1, &email("ilka@dorn.example"));
    let answer = ask(&world, &trustee, &lookup).await;
    world.pass(11 * 60);
    let other = find(&mut world, 2, &email("other@dorn.example"));
    assert_eq!(code(&ask(&world, &trustee, &other).await), Some(Code::ReceiptsMissing));
    let case = world.case(9, 1);
    assert_eq!(code(&world.ask(&trustee, &case).await), Some(Code::ReceiptsMissing));
    let fresh = Published { leaf: refreshed(&mut world, &lookup), ..lookup };
    assert_eq!(ask(&world, &trustee, &fresh).await, answer);
}

/// The same leaf under a fresh checkpoint.
fn refreshed(world: &mut World, published: &Published) -> LeafEvidence {
    let index = world.log.leaves.iter().position(|leaf| *leaf == published.leaf.leaf.as_bytes()).unwrap() as u64;
    LeafEvidence { proof: world.log.proof(index, &[world.now, world.now.plus(-60)]), ..published.leaf.clone() }
}

#[tokio::test]
async fn a_lookup_is_no_order_in_the_daily_totals() {
    let mut world = World::new();
    let trustee = world.open(1);
    let lookup = find(&mut world, 1, &email("ilka@dorn.example"));
    let answer = ask(&world, &trustee, &lookup).await;
    assert_eq!(code(&answer), None);
    world.log.append_dummies(1);
    world.log.publish(world.now);
    let text = Exact::write(totals(&world, 1)).unwrap().text().to_owned();
    let request = totals_request(&world, 1, &text, &world.log.disclosed, 0..world.log.size());
    world.tail(&trustee).await.unwrap();
    let Answered::Answer(bytes) = trustee.countersign_totals(&world.source(), &request, world.now).await.unwrap()
    else {
        panic!("the desk was not recognised")
    };
    let said = answer_of(1, &bytes);
    assert_eq!((said.code, said.signature.is_some()), (None, true));
}

#[tokio::test]
async fn an_id_used_for_another_lookup_is_an_incident() {
    let mut world = World::new();
    let trustee = world.open(1);
    let first = find(&mut world, 1, &email("ilka@dorn.example"));
    assert_eq!(code(&ask(&world, &trustee, &first).await), None);
    let second = find(&mut world, 1, &email("other@dorn.example"));
    assert_eq!(code(&ask(&world, &trustee, &second).await), Some(Code::OrderIdReused));
    let incidents = trustee.incidents().await.unwrap();
    assert!(incidents.iter().any(|incident| incident.kind == IncidentKind::OrderIdReused));
}

#[tokio::test]
async fn strangers_learn_nothing_and_a_trustee_without_the_index_documents_says_what_it_lacks() {
    let mut world = World::new();
    let lookup = find(&mut world, 1, &email("ilka@dorn.example"));
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    for bad in [lookup.request(2, &world), b"x".to_vec()] {
        assert_eq!(trustee.lookup(&bad, world.now, [1; 32]).await.unwrap(), Answered::Unauthenticated);
    }
    let ring = world.path(1).join("documents").join(format!("ring-{}.json", founded().index.id()));
    std::fs::remove_file(ring).unwrap();
    let lacking = world.open(1);
    let failed = lacking.lookup(&lookup.request(1, &world), world.now, [1; 32]).await;
    assert!(matches!(failed, Err(TrusteeError::NotReady(_))), "{failed:?}");
    // Orders are answered all the same.
    let case = world.case(9, 1);
    assert_eq!(code(&world.ask(&lacking, &case).await), None);
}

#[test]
fn a_genesis_that_names_an_index_ring_of_others_is_not_signed() {
    let world = World::new();
    let mut genesis = founded().genesis.value().clone();
    let trustee = world.open(1);
    assert!(trustee.sign_control(founded().genesis.text()).is_ok());
    let folder = tempfile::tempdir().unwrap();
    copy(&world.path(1), folder.path());
    std::fs::remove_file(folder.path().join("documents/genesis")).unwrap();
    let unpinned = Trustee::open(folder.path()).unwrap();
    genesis.index_ring.as_mut().unwrap().id = digest("another ring");
    let other = Exact::write(genesis).unwrap();
    let refused = unpinned.sign_control(other.text()).unwrap_err().to_string();
    assert!(refused.contains("names a ring of which this trustee holds no share"), "{refused}");
}

#[tokio::test]
async fn a_paused_trustee_evaluates_nothing_and_its_own_log_tells_of_lookups() {
    let mut world = World::new();
    let trustee = world.open(1);
    let first = find(&mut world, 1, &email("ilka@dorn.example"));
    let answer = ask(&world, &trustee, &first).await;
    assert_eq!(code(&answer), None);
    let reason = Reason::parse("the custodian does not answer the telephone").unwrap();
    trustee.pause(&reason, world.now).await.unwrap();
    let second = find(&mut world, 2, &email("other@dorn.example"));
    assert_eq!(code(&ask(&world, &trustee, &second).await), Some(Code::Paused));
    // What was answered before is not given again either.
    assert_eq!(code(&ask(&world, &trustee, &first).await), Some(Code::Paused));
    trustee.resume(&reason, world.now).await.unwrap();
    assert_eq!(ask(&world, &trustee, &first).await, answer);
    let said: Vec<Entry> = trustee.own_entries(0).await.unwrap().into_iter().map(|kept| kept.entry).collect();
    let told =
        |entry: &Entry| matches!(entry, Entry::Answer { order, code: None, .. } if *order == first.lookup.digest());
    assert_eq!(said.iter().filter(|entry| told(entry)).count(), 1);
}
