//! Lookups of the blind index: what a trustee accepts, and everything it refuses, by its code. Every case is also a vector:
//! `vectors/verify/lookups.json`, written by `COUNTERSIGN_WRITE_VECTORS=1`.

use crate::world::*;
use countersign_core::approval::{SignerRole, Verdict, signed_line};
use countersign_core::control::{Action, Change, Genesis};
use countersign_core::digest;
use countersign_core::encoding::hex;
use countersign_core::id::{CustodianId, Digest, OrderId};
use countersign_core::json::{Document as _, DocumentError, Exact};
use countersign_core::lookup::{Lookup, MAX_LOOKUP_LIFETIME, Purpose, blinded_digest};
use countersign_core::time::{DAY, HOUR, MINUTE, Timestamp};
use countersign_policy::{Bundle, LookupCaps};
use countersign_seal::kind::Attribute;
use countersign_verify::ledger::CounterKey;
use countersign_verify::refusal::Code;
use countersign_verify::wire::{HexBytes, LookupRequest};
use ed25519_dalek::Signer as _;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::OnceLock;

/// One request and what trustee 1 says to it.
struct Case {
    name: &'static str,
    world: IndexWorld,
    bytes: Vec<u8>,
    code: Option<Code>,
}

type Edit = fn(&mut IndexWorld, &mut LookupDraft);
type Tamper = fn(&mut IndexWorld, &mut LookupRequest);

fn nothing(_: &mut IndexWorld, _: &mut LookupRequest) {}

fn case(name: &'static str, code: Option<Code>, enrol: bool, change: Edit, tamper: Tamper) -> Case {
    let mut world = IndexWorld::new();
    let mut draft = if enrol { world.enrol() } else { world.find() };
    change(&mut world, &mut draft);
    let mut request = world.publish(draft);
    tamper(&mut world, &mut request);
    let bytes = world.sign(&request);
    Case { name, world, bytes, code }
}

fn find(name: &'static str, code: Code, change: Edit) -> Case {
    case(name, Some(code), false, change, nothing)
}

fn enrol(name: &'static str, code: Code, change: Edit) -> Case {
    case(name, Some(code), true, change, nothing)
}

fn tampered(name: &'static str, code: Code, tamper: Tamper) -> Case {
    case(name, Some(code), false, |_, _| (), tamper)
}

fn tampered_enrolment(name: &'static str, code: Code, tamper: Tamper) -> Case {
    case(name, Some(code), true, |_, _| (), tamper)
}

/// The lookup inside the request is another one than the one that was published.
fn other_lookup(request: &mut LookupRequest, change: impl FnOnce(&mut Lookup)) {
    let mut lookup = Exact::<Lookup>::parse(request.lookup.as_bytes()).unwrap().value().clone();
    change(&mut lookup);
    request.lookup = Exact::write(lookup).unwrap().text().to_owned();
}

fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("a_lookup_of_an_officer", None, false, |_, _| (), nothing),
        case("an_enrolment_of_two_records", None, true, |_, _| (), nothing),
        tampered("for_another_trustee", Code::WrongAddressee, |_, request| request.trustee = 2),
        tampered("for_another_custodian", Code::WrongAddressee, |_, request| request.custodian = CustodianId([8; 16])),
        tampered("a_lookup_of_another_custodian", Code::WrongAddressee, |_, request| {
            other_lookup(request, |lookup| lookup.custodian = CustodianId([8; 16]));
        }),
        tampered("no_lookup", Code::Malformed, |_, request| request.lookup = "{}".into()),
        find("not_yet_valid", Code::NotYetValid, |world, draft| {
            draft.lookup.not_before = world.world.now.plus(3 * MINUTE);
        }),
        find("expired", Code::Expired, |world, draft| draft.lookup.expires = world.world.now),
        find("under_the_sealing_ring", Code::WrongRing, |world, draft| draft.lookup.ring = world.world.ring.id()),
        find("under_an_unknown_ring", Code::WrongRing, |_, draft| draft.lookup.ring = Digest([1; 32])),
        tampered("another_share_epoch", Code::WrongShareEpoch, |_, request| request.share_epoch = 2),
        find("an_attribute_without_a_key", Code::UnknownAttribute, |_, draft| {
            draft.lookup.attribute = Attribute::Wallet.as_str().into();
        }),
        find("a_field_class_as_the_attribute", Code::UnknownAttribute, |_, draft| {
            draft.lookup.attribute = "name".into()
        }),
        tampered("another_element", Code::BlindedDiffers, |_, request| request.blinded = vec![HexBytes(vec![1; 32])]),
        tampered("two_elements_for_one", Code::BlindedDiffers, |_, request| {
            request.blinded.push(request.blinded[0].clone());
        }),
        tampered("an_element_of_31_bytes", Code::BlindedDiffers, |_, request| {
            request.blinded[0].0.pop();
        }),
        find("the_identity_as_an_element", Code::BlindedDiffers, |_, draft| {
            draft.blinded = vec![[0; 32]];
            draft.lookup.blinded = blinded_digest(&draft.blinded);
        }),
        find("an_element_that_is_not_canonical", Code::BlindedDiffers, |_, draft| {
            draft.blinded = vec![[0xff; 32]];
            draft.lookup.blinded = blinded_digest(&draft.blinded);
        }),
        tampered("records_with_a_lookup", Code::BlindedDiffers, |world, request| {
            request.records = vec![sealed_header(&world.enrol().records[0])];
        }),
        tampered("another_lookup_than_the_published_one", Code::LeafDiffers, |_, request| {
            other_lookup(request, |lookup| lookup.id = OrderId([6; 16]));
        }),
        tampered("a_withheld_field", Code::LeafDiffers, |_, request| {
            request.leaf.disclosures.pop();
        }),
        tampered("a_leaf_of_dummies", Code::LeafDiffers, |_, request| {
            request.leaf.leaf = String::from_utf8(sealed_leaf(&[("kind", "dummy".into())], "dummy").0).unwrap();
        }),
        tampered("not_cosigned", Code::NotPublic, |world, request| {
            let journal = &world.world.journal;
            request.leaf.proof = journal.proof(journal.size() - 1, journal.size(), &[world.world.now]);
        }),
        tampered("cosigned_two_hours_ago", Code::CheckpointStale, |world, request| {
            let (journal, then) = (&world.world.journal, world.world.now.plus(-2 * HOUR));
            request.leaf.proof = journal.proof(journal.size() - 1, journal.size(), &[then; 2]);
        }),
        tampered("ahead_of_what_the_trustee_has_read", Code::CheckpointAhead, |world, request| {
            let journal = &mut world.world.journal;
            let at = journal.size() - 1;
            journal.append(sealed_leaf(&[("kind", "dummy".into())], "unread").0);
            request.leaf.proof = journal.proof(at, journal.size(), &[world.world.now; 2]);
        }),
        find("nobody_has_signed", Code::ApprovalInvalid, |_, draft| draft.signer = None),
        find("another_officer_has_signed", Code::ApprovalInvalid, |_, draft| {
            draft.signer = Some(("anna-berg", SignerRole::Author, Verdict::Approve));
        }),
        find("signed_in_another_role", Code::ApprovalInvalid, |_, draft| {
            draft.signer = Some(("emil-fuchs", SignerRole::Approver, Verdict::Approve));
        }),
        find("the_officer_refuses", Code::ApprovalInvalid, |_, draft| {
            draft.signer = Some(("emil-fuchs", SignerRole::Author, Verdict::Refuse));
        }),
        find("an_approver_is_no_officer", Code::ApprovalInvalid, |_, draft| {
            if let Purpose::Find { officer, .. } = &mut draft.lookup.purpose {
                *officer = person_id("anna-berg");
            }
            draft.signer = Some(("anna-berg", SignerRole::Author, Verdict::Approve));
        }),
        find("an_unknown_officer", Code::ApproverNotInForce, |_, draft| {
            if let Purpose::Find { officer, .. } = &mut draft.lookup.purpose {
                *officer = person_id("nemo-nobody");
            }
            draft.signer = Some(("nemo-nobody", SignerRole::Author, Verdict::Approve));
        }),
        tampered("signed_under_another_lookup", Code::ApprovalInvalid, |world, request| {
            let mut other = Exact::<Lookup>::parse(request.lookup.as_bytes()).unwrap().value().clone();
            other.id = OrderId([6; 16]);
            let other = Exact::write(other).unwrap();
            let at = world.world.now.plus(-60);
            request.approval = Some(word(&other, "emil-fuchs", SignerRole::Author, Verdict::Approve, at));
        }),
        tampered("signed_before_the_lookup", Code::ApprovalAge, |world, request| {
            let lookup = Exact::<Lookup>::parse(request.lookup.as_bytes()).unwrap();
            let at = world.world.now.plus(-2 * HOUR);
            request.approval = Some(word(&lookup, "emil-fuchs", SignerRole::Author, Verdict::Approve, at));
        }),
        tampered("signed_in_the_future", Code::ApprovalAge, |world, request| {
            let lookup = Exact::<Lookup>::parse(request.lookup.as_bytes()).unwrap();
            let at = world.world.now.plus(HOUR);
            request.approval = Some(word(&lookup, "emil-fuchs", SignerRole::Author, Verdict::Approve, at));
        }),
    ];
    cases.extend(enrolments());
    cases
}

fn enrolments() -> Vec<Case> {
    vec![
        enrol("an_enrolment_signed_by_somebody", Code::ApprovalInvalid, |_, draft| {
            draft.signer = Some(("emil-fuchs", SignerRole::Author, Verdict::Approve));
        }),
        tampered_enrolment("a_record_too_few", Code::BlindedDiffers, |_, request| {
            request.records.pop();
        }),
        tampered_enrolment("records_in_another_order", Code::BlindedDiffers, |_, request| request.records.swap(0, 1)),
        tampered_enrolment("another_record", Code::BlindedDiffers, |world, request| {
            let other = world.world.record_of(head(3), &[countersign_core::class::Class::Name]);
            request.records[0] = sealed_header(&other);
        }),
        enrol("one_record_for_two_values", Code::BlindedDiffers, |_, draft| {
            draft.records[1] = draft.records[0].clone();
            draft.lookup.purpose = Purpose::Enrol { records: digest_of(&draft.records) };
        }),
        tampered_enrolment("a_header_under_another_label", Code::BlindedDiffers, |_, request| {
            let (first, second) = (request.records[0].clone(), request.records[1].clone());
            request.records[0].label = second.label;
            request.records[1].label = first.label;
        }),
        tampered_enrolment("a_header_of_159_bytes", Code::HeaderInvalid, |_, request| {
            request.records[0].header.0.pop();
        }),
        tampered_enrolment("a_header_whose_proof_fails", Code::HeaderInvalid, |_, request| {
            // The record id is over label and u: w can be exchanged without changing it.
            let w = request.records[1].header.0[64..96].to_vec();
            request.records[0].header.0[64..96].copy_from_slice(&w);
        }),
        tampered_enrolment("no_label", Code::LabelDiffers, |_, request| {
            request.records[0].label = HexBytes(vec![1; 9])
        }),
        enrol("a_record_of_another_custodian", Code::LabelDiffers, |world, draft| {
            let foreign = countersign_seal::label::Head { custodian: CustodianId([8; 16]), ..head(1) };
            draft.records[0] = world.world.record_of(foreign, &[countersign_core::class::Class::Name]);
            draft.lookup.purpose = Purpose::Enrol { records: digest_of(&draft.records) };
        }),
    ]
}

#[test]
fn every_case_is_judged_as_it_says() {
    for case in cases() {
        let found = case.world.send_bytes(&case.bytes).map(|_| ()).map_err(|refusal| (refusal.code(), refusal));
        match (found, case.code) {
            (Ok(()), None) => {}
            (Err((found, _)), Some(code)) if found == code => {}
            (found, expected) => panic!("{}: {found:?}, not {expected:?}", case.name),
        }
    }
}

/// Name, format, text, and `ok` or the class of the fault.
fn documents() -> Vec<(&'static str, &'static str, String, &'static str)> {
    let world = IndexWorld::new();
    let find = Exact::write(world.find().lookup).unwrap().text().to_owned();
    let enrol = Exact::write(world.enrol().lookup).unwrap().text().to_owned();
    let genesis = Exact::write(genesis_with_index()).unwrap().text().to_owned();
    let sealing = founded().ring.value().id().to_hex();
    let index = index_founded().ring.value().id().to_hex();
    let change = Exact::write(world.world.next_change(Action::SetIndexRing(index_founded().reference()))).unwrap();
    let change = change.text().to_owned();
    let until = |text: &str| enrol.replace("2026-11-20T14:00:00Z", text);
    vec![
        ("lookup", "lookup", find.clone(), "ok"),
        ("enrolment", "lookup", enrol.clone(), "ok"),
        ("enrolment_of_a_thousand", "lookup", enrol.replace("\"count\":2", "\"count\":1000"), "ok"),
        ("lookup_for_a_whole_day", "lookup", until("2026-11-21T12:00:00Z"), "ok"),
        ("genesis_with_an_index_ring", "genesis", genesis.clone(), "ok"),
        ("change_of_the_index_ring", "change", change.clone(), "ok"),
        ("lookup_with_a_line_feed", "lookup", format!("{find}\n"), "not_canonical"),
        ("lookup_with_a_space", "lookup", find.replacen(',', ", ", 1), "not_canonical"),
        ("lookup_of_two_values", "lookup", find.replace("\"count\":1", "\"count\":2"), "inconsistent"),
        ("enrolment_of_nothing", "lookup", enrol.replace("\"count\":2", "\"count\":0"), "inconsistent"),
        ("enrolment_of_1001", "lookup", enrol.replace("\"count\":2", "\"count\":1001"), "inconsistent"),
        ("lookup_without_a_lifetime", "lookup", until("2026-11-20T12:00:00Z"), "inconsistent"),
        ("lookup_for_more_than_a_day", "lookup", until("2026-11-21T12:00:01Z"), "inconsistent"),
        ("attribute_in_capitals", "lookup", find.replace("lookup_email", "Lookup_Email"), "inconsistent"),
        ("attribute_without_a_name", "lookup", find.replace("lookup_email", ""), "inconsistent"),
        (
            "both_purposes",
            "lookup",
            find.replace("\"purpose\":{", "\"purpose\":{\"enrol\":{\"records\":\"00\"},"),
            "malformed",
        ),
        ("no_purpose", "lookup", find.replace("\"find\":{", "\"peek\":{"), "malformed"),
        (
            "enrolment_with_an_officer",
            "lookup",
            enrol.replace("{\"records\"", "{\"officer\":\"a\",\"records\""),
            "malformed",
        ),
        ("an_order_as_a_lookup", "lookup", find.replace("countersign/lookup/v1", "countersign/order/v1"), "malformed"),
        (
            "genesis_with_an_index_ring_of_null",
            "genesis",
            genesis.replace(&ring_text(&genesis), "null"),
            "not_canonical",
        ),
        ("change_of_the_index_ring_to_nothing", "change", change.replace(&ring_text(&genesis), "null"), "malformed"),
        ("one_ring_for_sealing_and_index", "genesis", genesis.replace(&index, &sealing), "inconsistent"),
    ]
}

/// The value of `index_ring`.
fn ring_text(genesis: &str) -> String {
    let rest = genesis.split_once("\"index_ring\":").unwrap().1;
    format!("{}}}", rest.split_once('}').unwrap().0)
}

#[test]
fn documents_are_read_or_refused_by_class() {
    for (name, format, text, expect) in documents() {
        let read = match format {
            "lookup" => Exact::<Lookup>::parse(text.as_bytes()).map(|_| ()),
            "change" => Exact::<Change>::parse(text.as_bytes()).map(|_| ()),
            _ => Exact::<Genesis>::parse(text.as_bytes()).map(|_| ()),
        };
        let class = match read {
            Ok(()) => "ok",
            Err(DocumentError::TooLong { .. }) => "too_long",
            Err(DocumentError::Malformed { .. }) => "malformed",
            Err(DocumentError::NotCanonical { .. }) => "not_canonical",
            Err(DocumentError::Inconsistent { .. }) => "inconsistent",
        };
        assert_eq!(class, expect, "{name}");
    }
}

#[test]
fn the_vectors_are_current() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/verify/lookups.json");
    let world = IndexWorld::new();
    let texts = |list: &[Exact<countersign_seal::ring::Confirmation>]| -> Vec<String> {
        list.iter().map(|one| one.text().to_owned()).collect()
    };
    let listed: Vec<Value> = cases()
        .into_iter()
        .map(|case| {
            let leaves: Vec<String> =
                case.world.world.journal.leaves.iter().map(|leaf| String::from_utf8(leaf.clone()).unwrap()).collect();
            json!({
                "name": case.name,
                "code": case.code.map(Code::as_str),
                // Leaf 0 is the same for all: the leaves that this trustee has read after it.
                "leaves": leaves[1..].iter().take(case.world.world.seen.size() as usize - 1).collect::<Vec<_>>(),
                "request": String::from_utf8(case.bytes).unwrap(),
            })
        })
        .collect();
    let (founded, index) = (founded(), index_founded());
    let made = json!({
        "format": "docs/formats/lookup.md",
        "trustee": 1,
        "now": world.world.now,
        "genesis_leaf": String::from_utf8(world.world.journal.leaves[0].clone()).unwrap(),
        "ring": founded.ring.text(),
        "confirmations": texts(&founded.confirmations),
        "index_ring": index.ring.text(),
        "index_confirmations": texts(&index.confirmations),
        "index_shares": index.epoch.text(),
        "documents": documents().into_iter().map(|(name, format, text, expect)| json!({
            "name": name, "format": format, "text": text, "expect": expect,
        })).collect::<Vec<_>>(),
        "cases": listed,
    });
    if std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(kept == made, "lookups.json is not what the code makes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Behind the desk's signature too: whatever byte is changed, the trustee refuses or does exactly what was published.
    #[test]
    fn a_damaged_request_under_a_right_signature_gains_nothing(place in any::<prop::sample::Index>(), byte: u8, whole: bool) {
        static SENT: OnceLock<(IndexWorld, String, Digest)> = OnceLock::new();
        let (world, text, lookup) = SENT.get_or_init(|| {
            let mut world = IndexWorld::new();
            let draft = world.enrol();
            let request = world.publish(draft);
            let digest = world.send(&request).ok().unwrap().lookup.digest();
            let text = Exact::write(request).unwrap().text().to_owned();
            (world, text, digest)
        });
        let mut body = text.clone().into_bytes();
        let at = place.index(body.len());
        if whole { body[at] = byte } else { body.truncate(at) }
        let line = signed_line(LookupRequest::DOMAIN, &digest::document(LookupRequest::DOMAIN, &body));
        let signature = hex(&signing_key("desk").sign(&line).to_bytes());
        let sent = [signature.as_bytes(), b"\n", &body].concat();
        if let Ok(plan) = world.send_bytes(&sent) {
            prop_assert_eq!(plan.lookup.digest(), *lookup);
            prop_assert_eq!(plan.records.len(), 2);
        }
    }
}

#[test]
fn a_stranger_is_told_from_the_desk() {
    let mut world = IndexWorld::new();
    let draft = world.find();
    let request = world.publish(draft);
    let mut bytes = world.sign(&request);
    bytes[0] = if bytes[0] == b'0' { b'1' } else { b'0' };
    assert_eq!(world.send_bytes(&bytes).err().unwrap().code(), Code::DeskSignature);
    assert_eq!(world.send_bytes(b"").err().unwrap().code(), Code::Malformed);
}

#[test]
fn a_lookup_is_planned_exactly_and_remembered_once() {
    let mut world = IndexWorld::new();
    let draft = world.find();
    let request = world.publish(draft);
    let plan = world.send(&request).ok().unwrap();
    assert_eq!((plan.attribute, plan.blinded.len(), plan.records.len()), (Attribute::Email, 1, 0));
    assert!(!plan.replay);
    let now = world.world.now;
    plan.remember(&mut world.world.ledger, now);
    let counted = |world: &IndexWorld| world.world.ledger.people(&CounterKey::Lookups, 1, now);
    assert_eq!(counted(&world), 1);
    let again = world.send(&request).ok().unwrap();
    assert!(again.replay);
    again.remember(&mut world.world.ledger, now);
    assert_eq!(counted(&world), 1);
}

#[test]
fn an_id_serves_one_lookup_and_a_held_one_none() {
    let mut world = IndexWorld::new();
    let draft = world.find();
    let request = world.publish(draft);
    let plan = world.send(&request).ok().unwrap();
    let now = world.world.now;
    plan.remember(&mut world.world.ledger, now);
    let mut other = world.find();
    other.lookup.expires = now.plus(2 * HOUR);
    let other = world.publish(other);
    assert_eq!(world.send(&other).err().unwrap().code(), Code::OrderIdReused);
    world.world.change(Action::HoldOrder(OrderId([5; 16])), &["person:anna-berg"]);
    assert_eq!(world.send(&request).err().unwrap().code(), Code::OrderHeld);
}

#[test]
fn budgets_count_officer_case_and_day() {
    let mut world = IndexWorld::new();
    let draft = world.find();
    let request = world.publish(draft);
    let now = world.world.now;
    let officer = CounterKey::LookupsOf(person_id("emil-fuchs"));
    let case = CounterKey::LookupsFor(Digest(seed("case commitment")));
    let caps = LookupCaps::DEFAULT;
    for (key, cap, when, code) in [
        (officer.clone(), caps.officer, now, Some(Code::CapOfficer)),
        (officer, caps.officer, now.plus(-DAY), None),
        (case.clone(), caps.case, now.plus(-89 * DAY), Some(Code::CapCase)),
        (case, caps.case, now.plus(-90 * DAY), None),
        (CounterKey::Lookups, caps.day, now, Some(Code::CapLookups)),
        (CounterKey::LookupsOf(person_id("anna-berg")), u32::MAX, now, None),
    ] {
        // Each trustee's share of a budget: three of five answer each lookup.
        let stop = (u64::from(cap) * 3).div_ceil(5);
        world.world.ledger = Default::default();
        world.world.ledger.count(key.clone(), when, stop - 1);
        assert!(world.send(&request).is_ok(), "{key:?}");
        world.world.ledger.count(key.clone(), when, 1);
        assert_eq!(world.send(&request).err().map(|refusal| refusal.code()), code, "{key:?}");
    }
}

/// The budgets are those of the pack in force, and of no other one that a trustee happens to hold.
#[test]
fn budgets_are_those_of_the_policy_in_force() {
    let caps = r#""cumulative": ["#;
    let narrow = format!(r#""lookups": {{"day": 40, "officer": 5, "case": 30, "enrolments": 9}}, {caps}"#);
    let files = bundle().files().iter().map(|file| {
        let mut file = file.clone();
        file.text = file.text.replacen(caps, &narrow, 1);
        file
    });
    let narrow: &'static Bundle = Box::leak(Box::new(Bundle::parse(files.collect()).unwrap()));
    let mut genesis = genesis_with_index();
    genesis.policy = narrow.digest();
    let mut world = IndexWorld::of(&genesis);
    let draft = world.find();
    let request = world.publish(draft);
    assert_eq!(world.send(&request).err().unwrap().code(), Code::PolicyNotInForce, "another bundle is held");
    world.world.bundle = narrow;
    let officer = CounterKey::LookupsOf(person_id("emil-fuchs"));
    world.world.ledger.count(officer.clone(), world.world.now, 2);
    assert!(world.send(&request).is_ok(), "the third of three, where three of five share five");
    world.world.ledger.count(officer, world.world.now, 1);
    assert_eq!(world.send(&request).err().unwrap().code(), Code::CapOfficer);
}

#[test]
fn enrolments_have_a_budget_of_their_own() {
    let mut world = IndexWorld::new();
    let draft = world.enrol();
    let request = world.publish(draft);
    let now = world.world.now;
    let stop = (u64::from(LookupCaps::DEFAULT.enrolments) * 3).div_ceil(5);
    world.world.ledger.count(CounterKey::Lookups, now, u64::MAX);
    world.world.ledger.count(CounterKey::Enrolments, now, stop - 2);
    let plan = world.send(&request).ok().unwrap();
    assert_eq!(plan.counters, [CounterKey::Enrolments]);
    plan.remember(&mut world.world.ledger, now);
    assert_eq!(world.world.ledger.people(&CounterKey::Enrolments, 1, now), stop);
    world.world.ledger.replay.clear();
    assert_eq!(world.send(&request).err().unwrap().code(), Code::CapEnrolments);
}

#[test]
fn a_trustee_whose_receipts_are_missing_or_whose_clock_went_back_evaluates_nothing() {
    let mut world = IndexWorld::new();
    let draft = world.find();
    let request = world.publish(draft);
    let now = world.world.now;
    world.world.ledger.awaited.insert("a".into(), now.plus(-601));
    assert_eq!(world.send(&request).err().unwrap().code(), Code::ReceiptsMissing);
    world.world.ledger = Default::default();
    world.world.ledger.paused = Some(now.plus(-60));
    assert_eq!(world.send(&request).err().unwrap().code(), Code::Paused);
    world.world.ledger = Default::default();
    world.world.ledger.latest = Some(now.plus(HOUR));
    assert_eq!(world.send(&request).err().unwrap().code(), Code::ClockWentBack);
}

#[test]
fn without_an_index_ring_in_force_nothing_is_evaluated() {
    let mut world = IndexWorld::new();
    world.world = World::new();
    let draft = world.find();
    let request = world.publish(draft);
    assert_eq!(world.send(&request).err().unwrap().code(), Code::WrongRing);
}

#[test]
fn an_index_ring_comes_into_force_after_its_cooling() {
    let mut world = IndexWorld::new();
    world.world = World::new();
    let before = world.world.control.at(world.world.now).digest();
    world.world.change(Action::SetIndexRing(index_founded().reference()), &ENOUGH);
    assert_eq!(world.world.control.at(world.world.now).digest(), before);
    world.world.now = world.world.now.plus(7 * DAY);
    assert_ne!(world.world.control.at(world.world.now).digest(), before);
    let draft = world.find();
    let request = world.publish(draft);
    assert!(world.send(&request).is_ok());
}

#[test]
fn lookups_that_break_a_rule_cannot_be_written() {
    let world = IndexWorld::new();
    let write = |change: fn(&mut Lookup)| {
        let mut lookup = world.find().lookup;
        change(&mut lookup);
        Exact::write(lookup).is_ok()
    };
    assert!(write(|lookup| lookup.expires = lookup.not_before.plus(MAX_LOOKUP_LIFETIME)));
    assert!(!write(|lookup| lookup.expires = lookup.not_before.plus(MAX_LOOKUP_LIFETIME + 1)));
    assert!(!write(|lookup| lookup.expires = Timestamp::MIN));
    assert!(!write(|lookup| lookup.count = 2));
    assert!(!write(|lookup| lookup.count = 0));
    assert!(!write(|lookup| lookup.attribute = "Name".into()));
    assert!(!write(|lookup| {
        lookup.purpose = Purpose::Enrol { records: Digest([1; 32]) };
        lookup.count = 1001;
    }));
}
