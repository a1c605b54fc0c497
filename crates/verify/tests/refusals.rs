//! Every refusal code, each by the attack that it stops.

use crate::world::*;
use base64ct::{Base64, Encoding};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::class::{Class, ClassSet};
use countersign_core::control::{Action, RingRef, TrusteeMember};
use countersign_core::finding::Question;
use countersign_core::id::{CustodianId, Digest, Handle, OrderId};
use countersign_core::json::{Document, Exact};
use countersign_core::order::{Instrument, Kind, Mode};
use countersign_core::time::{DAY, HOUR, MINUTE, Timestamp};
use countersign_seal::header::{Capsule, Header};
use countersign_seal::label::Head;
use countersign_seal::label::Label;
use countersign_tlog::policy::Policy;
use countersign_verify::ledger::{CounterKey, Lift};
use countersign_verify::manifest::{Manifest, ManifestEntry};
use countersign_verify::refusal::Code;
use countersign_verify::request::verify_request;
use countersign_verify::state::JournalView;
use countersign_verify::wire::{HexBytes, ReleaseRequest, Signed};
use proptest::prelude::*;

/// The code of a refusal of trustee 1.
fn refused(world: &World, case: &Case) -> Code {
    refused_request(world, case.request(1, world.now))
}

fn refused_request(world: &World, request: ReleaseRequest) -> Code {
    world.send(request).map(|_| ()).unwrap_err().code()
}

/// Changes the draft, publishes it, and gives the code of the refusal.
fn refused_draft(change: impl FnOnce(&World, &mut Draft)) -> Code {
    let mut world = World::new();
    let mut draft = world.draft();
    change(&world, &mut draft);
    let case = world.publish(draft);
    refused(&world, &case)
}

/// Changes the good request before the desk signs it.
fn refused_change(change: impl FnOnce(&mut ReleaseRequest)) -> Code {
    let (world, case) = good();
    let mut request = case.request(1, world.now);
    change(&mut request);
    refused_request(&world, request)
}

fn good() -> (World, Case) {
    let mut world = World::new();
    let draft = world.draft();
    let case = world.publish(draft);
    (world, case)
}

#[test]
fn a_home_courts_order_narrowed_to_one_client_is_planned_by_every_trustee() {
    let (world, case) = good();
    for trustee in 1..=N {
        let plan = world.ask(&case, trustee).unwrap();
        assert_eq!(plan.classes, name_and_address());
        assert_eq!((plan.records.len(), plan.replay, plan.publicity.index), (1, false, case.index));
        assert_eq!(plan.publicity.since, world.now.plus(-HOUR));
        // All, the kind, two classes, the authority, the matter.
        assert_eq!(plan.counters.len(), 6);
        assert_eq!(plan.state, world.control.at(world.now).digest());
    }
}

// 1: form and addressee

#[test]
fn bytes_that_are_no_request_are_malformed() {
    let (world, case) = good();
    let signed = world.sign(case.request(1, world.now));
    for bytes in [b"".as_slice(), b"{}", &signed[1..], &signed[..100], &[b'0'; 200]] {
        assert_eq!(world.send_bytes(bytes, 1).unwrap_err().code(), Code::Malformed);
    }
}

#[test]
fn a_signed_request_in_another_spelling_is_malformed() {
    let (world, case) = good();
    let text = Exact::write(case.request(1, world.now)).unwrap().text().replacen("{\"v\":", "{ \"v\":", 1);
    assert_eq!(world.send_bytes(&signed_raw(&text), 1).unwrap_err().code(), Code::Malformed);
    let text = format!("{{\"trustee\":1,{}", &Exact::write(case.request(1, world.now)).unwrap().text()[1..]);
    assert_eq!(world.send_bytes(&signed_raw(&text), 1).unwrap_err().code(), Code::Malformed);
}

/// Signed by the desk over whatever text.
fn signed_raw(text: &str) -> Vec<u8> {
    use ed25519_dalek::Signer;
    let digest = countersign_core::digest::document(ReleaseRequest::DOMAIN, text.as_bytes());
    let message = countersign_core::approval::signed_line(ReleaseRequest::DOMAIN, &digest);
    let signature = signing_key("desk").sign(&message).to_bytes();
    format!("{}\n{text}", hexadecimal(&signature)).into_bytes()
}

#[test]
fn an_order_that_is_none_is_malformed() {
    assert_eq!(refused_change(|request| request.order = "{}".into()), Code::Malformed);
    assert_eq!(refused_change(|request| request.order.push(' ')), Code::Malformed);
}

#[test]
fn a_request_above_the_limit_is_refused_before_it_is_read() {
    let (world, _) = good();
    let mut bytes = vec![b'0'; 128];
    bytes.push(b'\n');
    bytes.resize(ReleaseRequest::MAX_LEN + 130, b'[');
    assert_eq!(world.send_bytes(&bytes, 1).unwrap_err().code(), Code::Malformed);
}

#[test]
fn a_request_for_another_trustee_is_refused() {
    let (world, case) = good();
    let bytes = world.sign(case.request(2, world.now));
    assert_eq!(world.send_bytes(&bytes, 1).unwrap_err().code(), Code::WrongAddressee);
}

#[test]
fn a_request_or_an_order_of_another_custodian_is_refused() {
    assert_eq!(refused_change(|request| request.custodian = CustodianId([8; 16])), Code::WrongAddressee);
    assert_eq!(refused_draft(|_, draft| draft.order.custodian = CustodianId([8; 16])), Code::WrongAddressee);
}

// 2: desk signature and clock

#[test]
fn a_stranger_without_the_desk_key_learns_nothing() {
    let (world, case) = good();
    let signed = Signed::sign(case.request(1, world.now), &signing_key("stranger")).unwrap();
    assert_eq!(world.send_bytes(signed.text().as_bytes(), 1).unwrap_err().code(), Code::DeskSignature);
    let mut bytes = world.sign(case.request(1, world.now));
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    assert_eq!(world.send_bytes(&bytes, 1).unwrap_err().code(), Code::DeskSignature);
}

#[test]
fn garbage_under_a_strangers_signature_is_not_even_parsed() {
    let (world, _) = good();
    let garbage = format!("{}\n{}", "0".repeat(128), "[".repeat(1_000_000));
    assert_eq!(world.send_bytes(garbage.as_bytes(), 1).unwrap_err().code(), Code::DeskSignature);
}

#[test]
fn a_clock_that_went_back_stops_the_trustee() {
    let (mut world, case) = good();
    world.ledger.latest = Some(world.now.plus(121));
    assert_eq!(refused(&world, &case), Code::ClockWentBack);
    world.ledger.latest = Some(world.now.plus(120));
    assert!(world.ask(&case, 1).is_ok());
}

#[test]
fn nothing_is_answered_before_its_time() {
    let code = refused_draft(|world, draft| draft.order.not_before = world.now.plus(121));
    assert_eq!(code, Code::NotYetValid);
}

#[test]
fn nothing_is_answered_after_its_time() {
    let (mut world, case) = good();
    world.now = case.order.value().expires;
    assert_eq!(refused(&world, &case), Code::Expired);
}

// 3: keys

#[test]
fn another_ring_is_refused() {
    let other = Digest([1; 32]);
    assert_eq!(refused_change(|request| request.ring = other), Code::WrongRing);
    assert_eq!(refused_draft(|_, draft| draft.order.ring = other), Code::WrongRing);
}

#[test]
fn another_share_epoch_is_refused() {
    assert_eq!(refused_change(|request| request.share_epoch = 2), Code::WrongShareEpoch);
}

#[test]
fn shares_that_are_no_longer_in_force_answer_nothing() {
    let mut world = World::new();
    let ring = RingRef { id: world.ring.id(), share_epoch: 2, shares: Digest([2; 32]) };
    world.change(Action::SetRing(ring), &ENOUGH);
    world.now = world.now.plus(7 * DAY);
    let draft = world.draft();
    let case = world.publish(draft);
    assert_eq!(refused(&world, &case), Code::WrongShareEpoch);
}

#[test]
fn a_class_without_a_key_is_refused() {
    let code = refused_draft(|_, draft| draft.order.scope.classes = ClassSet::new([Class::Name, Class::Bank]));
    assert_eq!(code, Code::UnknownClass);
}

// 4: scope

#[test]
fn a_manifest_with_another_client_is_refused() {
    let (mut world, case) = good();
    let other = world.draft_for(&[2]);
    let mut request = case.request(1, world.now);
    request.manifest = Exact::write(other.manifest.clone()).unwrap().text().to_owned();
    assert_eq!(refused_request(&world, request), Code::ManifestDiffers);
    let mut draft = world.draft();
    draft.order.id = OrderId([4; 16]);
    draft.manifest = other.manifest;
    let case = world.publish(draft);
    assert_eq!(refused(&world, &case), Code::ManifestDiffers);
    assert_eq!(refused_change(|request| request.manifest = "[]".into()), Code::ManifestDiffers);
}

#[test]
fn more_people_than_the_order_says_are_refused() {
    let code = refused_draft(|world, draft| {
        let two = world.draft_for(&[1, 2]);
        (draft.manifest, draft.records) = (two.manifest, two.records);
        draft.order.scope.records = 2;
        draft.link();
    });
    assert_eq!(code, Code::ScopeDiffers);
}

#[test]
fn more_classes_than_the_order_says_are_refused() {
    let code = refused_draft(|_, draft| draft.order.scope.classes = ClassSet::new([Class::Name]));
    assert_eq!(code, Code::ScopeDiffers);
}

#[test]
fn more_records_than_the_order_says_are_refused() {
    let code = refused_draft(|world, draft| {
        let second = Head { revision: 2, ..head(1) };
        draft.records.push(world.record_of(second, &[Class::Name]));
        draft.list();
        draft.order.scope.records = 1;
        draft.link();
    });
    assert_eq!(code, Code::ScopeDiffers);
}

#[test]
fn a_month_outside_the_window_is_refused() {
    let windows = [
        None,
        Some(("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")),
        Some(("2026-09-01T00:00:01Z", "2026-10-01T00:00:00Z")),
        Some(("2026-09-01T00:00:00Z", "2026-09-30T23:59:59Z")),
    ];
    for window in windows {
        let code = refused_draft(|world, draft| {
            *draft = world.draft_of(vec![world.month_of(1, 2026, 9)]);
            (draft.order.scope.from, draft.order.scope.to) = (window.map(|w| at(w.0)), window.map(|w| at(w.1)));
        });
        assert_eq!(code, Code::OutsideWindow, "{window:?}");
    }
    let mut world = World::new();
    let mut draft = world.draft_of(vec![world.month_of(1, 2026, 9)]);
    draft.order.scope.from = Some(at("2026-09-01T00:00:00Z"));
    draft.order.scope.to = Some(at("2026-10-01T00:00:00Z"));
    let case = world.publish(draft);
    assert!(world.ask(&case, 1).is_ok());
}

#[test]
fn an_emergency_opens_no_transfers() {
    let code = refused_draft(|world, draft| {
        *draft = world.draft_of(vec![world.month_of(1, 2026, 9)]);
        draft.facts.kind = Kind::Emergency;
        draft.link();
        draft.order.expires = draft.order.not_before.plus(24 * HOUR);
    });
    assert_eq!(code, Code::ClassesNotForKind);
}

#[test]
fn lanes_of_daily_operation_are_not_served_here() {
    for kind in [Kind::Lookup, Kind::Trace, Kind::Answer] {
        let code = refused_draft(|_, draft| {
            draft.facts.kind = kind;
            draft.link();
            draft.order.expires = draft.order.not_before.plus(24 * HOUR);
        });
        assert_eq!(code, Code::KindNotServed, "{kind}");
    }
}

// 5: the order's leaf

#[test]
fn a_withheld_field_of_the_leaf_is_seen() {
    let (world, case) = good();
    for place in 0..case.leaf.disclosures.len() {
        let mut request = case.request(1, world.now);
        request.leaf.disclosures.remove(place);
        assert_eq!(refused_request(&world, request), Code::LeafDiffers, "field {place}");
    }
}

#[test]
fn a_leaf_that_says_less_people_than_the_order_is_seen() {
    let mut world = World::new();
    let draft = world.draft_for(&[1, 2]);
    let mut case = world.publish(draft);
    let mut fields = countersign_verify::order_leaf::order_leaf_fields(&case.order);
    fields.iter_mut().find(|(name, _)| *name == "subjects").unwrap().1 = 1.into();
    let (leaf, disclosures) = sealed_leaf(&fields, "understated");
    let index = world.append(leaf.clone());
    case.leaf.leaf = String::from_utf8(leaf).unwrap();
    case.leaf.disclosures = disclosures.iter().map(|one| one.as_str().to_owned()).collect();
    case.leaf.proof = world.journal.proof(index, world.journal.size(), &[world.now; 2]);
    case.leaf.seasoned = None;
    assert_eq!(refused(&world, &case), Code::LeafDiffers);
}

#[test]
fn a_leaf_with_a_field_too_many_is_seen() {
    let mut world = World::new();
    let draft = world.draft();
    let mut case = world.publish(draft);
    let mut fields = countersign_verify::order_leaf::order_leaf_fields(&case.order);
    fields.push(("note", "also all the others".into()));
    let (leaf, disclosures) = sealed_leaf(&fields, "wordy");
    case.leaf.leaf = String::from_utf8(leaf).unwrap();
    case.leaf.disclosures = disclosures.iter().map(|one| one.as_str().to_owned()).collect();
    assert_eq!(refused(&world, &case), Code::LeafDiffers);
}

#[test]
fn a_leaf_that_is_none_is_refused() {
    assert_eq!(refused_change(|request| request.leaf.leaf.push(' ')), Code::LeafDiffers);
    assert_eq!(refused_change(|request| request.leaf.disclosures.push("!".into())), Code::LeafDiffers);
}

// 6: policy, directory, facts

#[test]
fn a_weaker_policy_is_not_in_force() {
    assert_eq!(refused_draft(|_, draft| draft.order.policy = Digest([5; 32])), Code::PolicyNotInForce);
}

#[test]
fn a_trustee_that_lacks_the_policy_in_force_refuses() {
    let mut world = World::new();
    world.change(Action::SetPolicy(Digest([5; 32])), &ENOUGH);
    world.now = world.now.plus(7 * DAY);
    let mut draft = world.draft();
    draft.order.policy = Digest([5; 32]);
    let case = world.publish(draft);
    assert_eq!(refused(&world, &case), Code::PolicyNotInForce);
}

#[test]
fn facts_about_another_directory_are_refused() {
    let code = refused_draft(|_, draft| {
        draft.facts.directory = Digest([6; 32]);
        draft.link();
    });
    assert_eq!(code, Code::DirectoryNotInForce);
}

#[test]
fn other_facts_than_the_order_names_are_refused() {
    let (world, case) = good();
    let mut draft = world.draft();
    draft.answer(Question::Targets, "selector");
    let mut request = case.request(1, world.now);
    request.facts = Exact::write(draft.facts).unwrap().text().to_owned();
    assert_eq!(refused_request(&world, request), Code::FactsDiffer);
    assert_eq!(refused_change(|request| request.facts = "{}".into()), Code::FactsDiffer);
    type Change = fn(&mut Draft);
    let contradictions: [Change; 4] = [
        |draft| draft.order.case = Digest([1; 32]),
        |draft| draft.order.authority = authority_id("xa-fiu"),
        |draft| draft.order.kind = Kind::Compelled,
        |draft| draft.order.instrument.form = Instrument::Warrant,
    ];
    for change in contradictions {
        assert_eq!(refused_draft(|_, draft| change(draft)), Code::FactsDiffer);
    }
}

/// An order for an FIU, told by the directory or by the instrument.
fn fiu_world(members: impl Fn(&mut TrusteeMember), kind: bool) -> (World, Case) {
    let mut genesis = genesis();
    genesis.trustees.iter_mut().flat_map(|trustees| &mut trustees.members).for_each(members);
    let mut world = World::founded_with(&genesis);
    let mut draft = world.draft();
    let form = if kind { Instrument::Warrant } else { Instrument::FiuRequest };
    (draft.facts.instrument, draft.order.instrument.form) = (form, form);
    draft.answer(Question::InstrumentForm, form.as_str());
    if kind {
        let fiu = authority_id("xa-fiu");
        (draft.facts.authority, draft.order.authority) = (fiu.clone(), fiu);
        draft.order.recipient.key = authority_secret("xa-fiu").public().unwrap().digest();
    }
    draft.link();
    let case = world.publish(draft);
    (world, case)
}

#[test]
fn only_obliged_entities_of_the_eea_answer_financial_intelligence_units() {
    for kind in [true, false] {
        let (world, case) = fiu_world(|member| member.obliged_entity = member.index != 2, kind);
        // Trustee 2 is not obliged, 5 is of `XG`, outside of the area; for the others the policy has the word, as before.
        for index in 1..=N {
            let refused = world.ask(&case, index).map(|_| ()).map_err(|refusal| refusal.code());
            let expected = if [2, 5].contains(&index) { Code::TrusteeNotObliged } else { Code::PolicyDenied };
            assert!(
                refused == Err(expected) || (refused.is_ok() && expected == Code::PolicyDenied),
                "{index}: {refused:?}"
            );
        }
    }
    let (world, case) = good();
    assert!(world.ask(&case, 5).is_ok(), "a court is answered by all");
}

#[test]
fn what_the_policy_forbids_is_refused_with_its_reasons() {
    let mut world = World::new();
    let mut draft = world.draft();
    draft.answer(Question::Targets, "dragnet");
    draft.link();
    let case = world.publish(draft);
    let refusal = world.ask(&case, 1).unwrap_err();
    assert_eq!(refusal.code(), Code::PolicyDenied);
    assert!(refusal.reasons().iter().any(|reason| reason == "DRAGNET"), "{:?}", refusal.reasons());
}

#[test]
fn one_approver_alone_is_no_quorum() {
    let mut world = World::new();
    let draft = world.draft();
    let case = world.publish_signed(draft, &["anna-berg"]);
    let refusal = world.ask(&case, 1).unwrap_err();
    assert_eq!(refusal.code(), Code::PolicyDenied);
    assert!(refusal.reasons().iter().any(|reason| reason == "QUORUM_NOT_MET"), "{:?}", refusal.reasons());
}

#[test]
fn the_regional_head_alone_cannot_send_it_to_his_state() {
    let mut world = World::new();
    let mut draft = world.draft();
    draft.facts.authority = authority_id("xr-fms");
    draft.order.authority = authority_id("xr-fms");
    draft.order.recipient.key = authority_secret("xr-fms").public().unwrap().digest();
    draft.link();
    let case = world.publish_signed(draft, &["rudi-kern"]);
    let refusal = world.ask(&case, 1).unwrap_err();
    assert_eq!(refusal.code(), Code::PolicyDenied);
    for reason in ["APPROVER_WITHIN_REACH", "QUORUM_NOT_MET"] {
        assert!(refusal.reasons().iter().any(|found| found == reason), "{reason}: {:?}", refusal.reasons());
    }
}

// 7: approvals

#[test]
fn a_person_who_is_not_in_the_roster_does_not_sign() {
    let mut world = World::new();
    let draft = world.draft();
    let case = world.publish_signed(draft, &["anna-berg", "puppet-one"]);
    assert_eq!(refused(&world, &case), Code::ApproverNotInForce);
}

#[test]
fn an_approval_of_another_order_or_by_another_key_or_role_is_refused() {
    let (world, case) = good();
    let mut other = case.order.value().clone();
    other.id = OrderId([8; 16]);
    let other = Exact::write(other).unwrap();
    let when = world.now.plus(-2 * HOUR);
    let approver = SignerRole::Approver;
    let forged = case.approvals[1].replace(&roster_key("bruno-costa"), &roster_key("stranger"));
    let unsigned = case.approvals[1].replacen("\"role\":\"approver\"", "\"role\":\"counsel\"", 1);
    let backdated = case.approvals[1].replacen("2026-11-20T11:59:00Z", "2026-11-20T11:58:00Z", 1);
    assert_ne!(backdated, case.approvals[1]);
    let bad = [
        approval(&other, "bruno-costa", approver, Verdict::Approve, when),
        approval(&case.order, "emil-fuchs", approver, Verdict::Approve, when),
        forged,
        unsigned,
        backdated,
        "{}".to_owned(),
    ];
    for text in bad {
        let mut request = case.request(1, world.now);
        request.approvals[1] = text.clone();
        assert_eq!(refused_request(&world, request), Code::ApprovalInvalid, "{text}");
    }
}

#[test]
fn one_person_does_not_count_twice() {
    assert_eq!(refused_change(|request| request.approvals.push(request.approvals[0].clone())), Code::ApprovalRepeated);
}

#[test]
fn an_approval_of_an_impossible_time_is_refused() {
    let (world, case) = good();
    let public_since = world.now.plus(-HOUR);
    for when in [public_since.plus(121), world.now.plus(DAY), case.order.value().not_before.plus(-30 * DAY - 1)] {
        let mut request = case.request(1, world.now);
        request.approvals[0] = approval(&case.order, "anna-berg", SignerRole::Approver, Verdict::Approve, when);
        assert_eq!(refused_request(&world, request), Code::ApprovalAge, "{when}");
    }
}

// 8: authority and recipient

#[test]
fn an_authority_outside_the_directory_gets_nothing() {
    let code = refused_draft(|_, draft| {
        draft.facts.authority = authority_id("xa-invented");
        draft.order.authority = authority_id("xa-invented");
        draft.link();
    });
    assert_eq!(code, Code::AuthorityNotInForce);
}

#[test]
fn a_suspended_authority_gets_nothing_from_the_next_leaf_on() {
    let mut world = World::new();
    let draft = world.draft();
    let mut case = world.publish(draft);
    assert!(world.ask(&case, 1).is_ok());
    world.change(Action::SuspendAuthority(authority_id(COURT)), &["person:dora-egger"]);
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    assert_eq!(refused(&world, &case), Code::AuthorityNotInForce);
}

#[test]
fn a_fake_authority_key_is_not_the_registered_one() {
    let fake = authority_secret("somebody else").public().unwrap().digest();
    assert_eq!(refused_draft(|_, draft| draft.order.recipient.key = fake), Code::RecipientNotInForce);
    assert_eq!(refused_draft(|_, draft| draft.order.recipient.mode = Mode::Worker), Code::WorkerNotInForce);
}

#[test]
fn a_directory_whose_key_is_not_the_one_it_names_is_not_believed() {
    let mut world = World::new();
    let mut directory = directory();
    let court = directory.authorities.iter_mut().find(|authority| authority.id.as_str() == COURT).unwrap();
    let fake = authority_secret("somebody else").public().unwrap();
    court.recipient.as_mut().unwrap().xwing_key = Base64::encode_string(fake.bytes());
    world.directory = Exact::write(directory).unwrap();
    world.change(Action::SetDirectory(world.directory.digest()), &ENOUGH);
    world.now = world.now.plus(7 * DAY);
    let draft = world.draft();
    let case = world.publish(draft);
    assert_eq!(refused(&world, &case), Code::RecipientNotInForce);
}

// 9: public, fresh, of the journal folded

#[test]
fn an_order_that_is_not_in_the_log_is_not_public() {
    let (world, case) = good();
    let times = [world.now; 2];
    let size = world.journal.size();
    let bad = [
        String::new(),
        "c2sp.org/tlog-proof@v1\nindex 1\n\n".into(),
        // another leaf's proof
        world.journal.proof(0, size, &times),
        world.journal.proof(case.index + 1, size, &times),
        // one witness of three
        world.journal.proof(case.index, size, &times[..1]),
        // the log alone
        world.journal.proof(case.index, size, &[]),
    ];
    for proof in bad {
        let mut request = case.request(1, world.now);
        request.leaf.proof = proof.clone();
        assert_eq!(refused_request(&world, request), Code::NotPublic, "{proof}");
    }
}

#[test]
fn the_older_proof_must_be_of_the_same_leaf() {
    let (world, case) = good();
    let mut request = case.request(1, world.now);
    request.leaf.seasoned = Some(world.journal.proof(0, world.journal.size(), &[world.now; 2]));
    assert_eq!(refused_request(&world, request), Code::NotPublic);
}

#[test]
fn a_stale_checkpoint_is_refused() {
    let (world, case) = good();
    for time in [world.now.plus(-HOUR - 1), world.now.plus(121)] {
        let mut request = case.request(1, world.now);
        request.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[time; 2]);
        assert_eq!(refused_request(&world, request), Code::CheckpointStale, "{time}");
    }
}

#[test]
fn a_checkpoint_ahead_of_what_the_trustee_has_read_is_refused() {
    let (mut world, case) = good();
    world.journal.append(sealed_leaf(&[("kind", "dummy".into())], "unread").0);
    let mut request = case.request(1, world.now);
    request.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    assert_eq!(refused_request(&world, request), Code::CheckpointAhead);
}

#[test]
fn a_private_log_shown_to_one_trustee_is_refused() {
    let (mut world, case) = good();
    // The trustee has read another journal of the same size, signed by the same log and witnesses.
    let mut fork = world.journal.clone();
    fork.leaves.truncate(1);
    let mut public = Journal::default();
    fork.leaves.into_iter().for_each(|leaf| {
        public.append(leaf);
    });
    public.append(sealed_leaf(&[("kind", "dummy".into())], "what others see").0);
    public.append(sealed_leaf(&[("kind", "dummy".into())], "and this").0);
    world.seen = JournalView::default();
    (1..=public.size()).for_each(|size| world.seen.grew(size, public.root(size)));
    assert_eq!(refused(&world, &case), Code::CheckpointDiffers);
}

#[test]
fn an_older_checkpoint_of_another_journal_is_refused() {
    let (world, case) = good();
    let mut fork = Journal::default();
    for leaf in [b"another genesis".to_vec(), case.leaf.leaf.clone().into_bytes()] {
        fork.append(leaf);
    }
    let mut request = case.request(1, world.now);
    request.leaf.seasoned = Some(fork.proof(1, 2, &[world.now.plus(-30 * DAY); 2]));
    assert_eq!(refused_request(&world, request), Code::CheckpointDiffers);
}

#[test]
fn a_witness_policy_without_witnesses_never_comes_into_force() {
    let mut world = World::new();
    let none = format!("log {}\nquorum none\n", log_key().verifier());
    assert!(Policy::parse(none.as_bytes()).is_ok());
    world.change(Action::SetWitnessPolicy(none), &ENOUGH);
    world.now = world.now.plus(30 * DAY);
    assert_eq!(world.control.at(world.now).witness_policy(), witness_policy());
    assert_eq!(world.control.rejected().len(), 1);
}

// 10: waiting time and delay

#[test]
fn an_order_about_six_people_waits_a_day_in_public() {
    let mut world = World::new();
    let draft = world.draft_for(&[1, 2, 3, 4, 5, 6]);
    let mut case = world.publish(draft);
    assert_eq!(refused(&world, &case), Code::Waiting);
    case.leaf.seasoned = None;
    assert_eq!(refused(&world, &case), Code::Waiting);
    world.now = world.now.plus(23 * HOUR);
    let renewed = |world: &World, case: &Case, since: Timestamp| {
        let mut request = case.request(1, world.now);
        request.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
        request.leaf.seasoned = Some(world.journal.proof(case.index, case.index + 1, &[since; 2]));
        request
    };
    let published = at("2026-11-20T12:00:00Z");
    assert!(world.send(renewed(&world, &case, published)).is_ok());
    assert_eq!(refused_request(&world, renewed(&world, &case, published.plus(1))), Code::Waiting);
}

#[test]
fn a_delay_needs_the_authoritys_own_word_for_this_request() {
    fn delayed(change: impl FnOnce(&World, &mut Draft, &mut countersign_verify::wire::DelayOrder)) -> (World, Case) {
        let mut world = World::new();
        let mut draft = world.draft();
        let mut delay = world.delay_order(COURT);
        draft.answer(Question::Delay, "court");
        change(&world, &mut draft, &mut delay);
        let signed = Signed::sign(delay, &signing_key(COURT)).unwrap();
        draft.order.delay = Some(signed.document().digest());
        draft.order.notice_due = None;
        draft.delay = Some(signed);
        draft.link();
        let case = world.publish(draft);
        (world, case)
    }
    let (world, case) = delayed(|_, _, _| {});
    assert!(world.ask(&case, 1).is_ok());

    let mut missing = case.clone();
    missing.delay = None;
    assert_eq!(refused(&world, &missing), Code::DelayInvalid);
    let mut forged = case.clone();
    let by_desk = Signed::sign(world.delay_order(COURT), &signing_key("desk")).unwrap();
    forged.delay = Some(by_desk.text().to_owned());
    assert_eq!(refused(&world, &forged), Code::DelayInvalid);
    let mut other = case.clone();
    let longer = countersign_verify::wire::DelayOrder { until: world.now.plus(300 * DAY), ..world.delay_order(COURT) };
    other.delay = Some(Signed::sign(longer, &signing_key(COURT)).unwrap().text().to_owned());
    assert_eq!(refused(&world, &other), Code::DelayInvalid);

    type Change = fn(&World, &mut Draft, &mut countersign_verify::wire::DelayOrder);
    let invalid: [Change; 4] = [
        |_, _, delay| delay.request = Digest([1; 32]),
        |_, _, delay| delay.authority = authority_id("xa-fiu"),
        |world, _, delay| delay.until = world.now,
        |world, _, delay| delay.at = world.now.plus(121),
    ];
    for change in invalid {
        let (world, case) = delayed(change);
        assert_eq!(refused(&world, &case), Code::DelayInvalid);
    }
    let (world, mut case) = good();
    case.delay = Some(Signed::sign(world.delay_order(COURT), &signing_key(COURT)).unwrap().text().to_owned());
    assert_eq!(refused(&world, &case), Code::DelayInvalid);
}

// 11: replays and holds

#[test]
fn the_same_order_again_is_a_replay_and_another_under_its_id_is_refused() {
    let mut world = World::new();
    let draft = world.draft();
    let case = world.publish(draft);
    let plan = world.ask(&case, 1).unwrap();
    let mut ledger = world.ledger.clone();
    plan.remember(&mut ledger, world.now);
    world.ledger = ledger;
    let again = world.ask(&case, 1).unwrap();
    assert!(again.replay);
    let mut unchanged = world.ledger.clone();
    again.remember(&mut unchanged, world.now);
    assert_eq!(unchanged, world.ledger, "a replay counts nothing");

    let mut other = world.draft_for(&[2]);
    other.order.id = case.order.value().id;
    let case = world.publish(other);
    assert_eq!(refused(&world, &case), Code::OrderIdReused);
}

#[test]
fn a_held_order_is_not_answered_not_even_again() {
    let mut world = World::new();
    let draft = world.draft();
    let mut case = world.publish(draft);
    let plan = world.ask(&case, 1).unwrap();
    plan.remember(&mut world.ledger, at("2026-11-20T13:00:00Z"));
    world.change(Action::HoldOrder(case.order.value().id), &["trustee:4"]);
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    assert_eq!(refused(&world, &case), Code::OrderHeld);
}

// 12: cumulative caps, scaled by t/n

#[test]
fn slices_of_five_under_one_address_stop_at_the_cap() {
    let mut world = World::new();
    let address = Digest([0xad; 32]);
    let slice = |world: &mut World, number: u8, clients: &[u8]| {
        let mut draft = world.draft_for(clients);
        draft.order.id = OrderId([number; 16]);
        draft.facts.addresses = vec![address];
        // Each slice in a matter of its own, so that only the address binds them.
        draft.facts.matter = Digest([number; 32]);
        draft.link();
        world.publish(draft)
    };
    let first = slice(&mut world, 1, &[1, 2, 3, 4, 5]);
    let plan = world.ask(&first, 1).unwrap();
    plan.remember(&mut world.ledger, at("2026-11-20T13:00:00Z"));
    // 10 people in 90 days, 3 of 5 trustees: 6 people here.
    let second = slice(&mut world, 2, &[6, 7, 8, 9, 10]);
    assert_eq!(refused(&world, &second), Code::CapAddress);
    let third = slice(&mut world, 3, &[6]);
    let plan = world.ask(&third, 1).unwrap();
    plan.remember(&mut world.ledger, at("2026-11-20T13:00:00Z"));
    let fourth = slice(&mut world, 4, &[7]);
    assert_eq!(refused(&world, &fourth), Code::CapAddress);
}

#[test]
fn people_of_one_matter_are_counted_together() {
    let (mut world, case) = good();
    let matter = CounterKey::Matter(world.draft().facts.matter);
    world.ledger.count(matter.clone(), world.now.plus(-89 * DAY), 29);
    assert!(world.ask(&case, 1).is_ok());
    world.ledger.count(matter, world.now, 1);
    assert_eq!(refused(&world, &case), Code::CapMatter);
}

#[test]
fn people_of_one_authority_are_counted_together() {
    let (mut world, case) = good();
    let authority = CounterKey::Authority(authority_id(COURT));
    world.ledger.count(authority.clone(), world.now.plus(-30 * DAY), 1_000);
    world.ledger.count(authority.clone(), world.now.plus(-29 * DAY), 179);
    assert!(world.ask(&case, 1).is_ok());
    world.ledger.count(authority, world.now, 1);
    assert_eq!(refused(&world, &case), Code::CapAuthority);
}

#[test]
fn one_day_has_a_cap_over_all_authorities() {
    let (mut world, case) = good();
    world.ledger.count(CounterKey::All, world.now.plus(-DAY), 1_000_000);
    world.ledger.count(CounterKey::All, world.now, 599);
    assert!(world.ask(&case, 1).is_ok());
    world.ledger.count(CounterKey::All, world.now, 1);
    assert_eq!(refused(&world, &case), Code::CapDay);
}

#[test]
fn a_paused_trustee_refuses_everything_also_what_it_answered_before() {
    let (mut world, case) = good();
    let plan = world.ask(&case, 1).unwrap();
    plan.remember(&mut world.ledger, world.now);
    world.ledger.paused = Some(world.now);
    assert_eq!(refused(&world, &case), Code::Paused);
    world.ledger.paused = None;
    assert!(world.ask(&case, 1).unwrap().replay);
}

#[test]
fn a_lifted_stop_is_higher_by_its_people_while_it_holds() {
    let (mut world, case) = good();
    let authority = CounterKey::Authority(authority_id(COURT));
    world.ledger.count(authority.clone(), world.now, 180);
    assert_eq!(refused(&world, &case), Code::CapAuthority);
    let other = CounterKey::Matter(world.draft().facts.matter);
    world.ledger.lifts = vec![Lift::new(other, 10_000, world.now, world.now.plus(DAY)).unwrap()];
    assert_eq!(refused(&world, &case), Code::CapAuthority, "the stop of another counter");
    world.ledger.lifts.push(Lift::new(authority.clone(), 1, world.now, world.now.plus(1)).unwrap());
    assert!(world.ask(&case, 1).is_ok());
    world.ledger.count(authority.clone(), world.now, 1);
    assert_eq!(refused(&world, &case), Code::CapAuthority, "lifted by one person, not by two");
    world.ledger.lifts = vec![Lift::new(authority, 10_000, world.now.plus(-DAY), world.now).unwrap()];
    assert_eq!(refused(&world, &case), Code::CapAuthority, "over at this second");
}

#[test]
fn pause_and_lifts_change_nothing_else_than_check_12() {
    // Whatever a person at the trustee does, an order is planned exactly when no count passes its stop and nothing is paused.
    let (mut world, case) = good();
    let authority = CounterKey::Authority(authority_id(COURT));
    let strategy = (0_u64..400, 1_u32..400, -2_i64..3, any::<bool>());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(48));
    let now = world.now;
    let world = std::cell::RefCell::new(&mut world);
    let outcome = runner.run(&strategy, |(already, people, days, paused)| {
        let mut world = world.borrow_mut();
        world.ledger = Default::default();
        world.ledger.count(authority.clone(), now, already);
        let from = now.plus(days * DAY - DAY / 2);
        world.ledger.lifts = vec![Lift::new(authority.clone(), people, from, from.plus(DAY)).unwrap()];
        world.ledger.paused = paused.then_some(now);
        // 300 people in 30 days, 3 of 5 trustees: 180 here, and 300 for a first order.
        let stop = if already == 0 { 300 } else { 180 } + if days == 0 { u64::from(people) } else { 0 };
        let expected = match (paused, already < stop) {
            (true, _) => Err(Code::Paused),
            (false, true) => Ok(()),
            (false, false) => Err(Code::CapAuthority),
        };
        let found = world.ask(&case, 1).map(|_| ()).map_err(|refusal| refusal.code());
        prop_assert_eq!(found, expected, "{} {} {}", already, people, days);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn counters_at_their_limit_refuse_and_do_not_wrap() {
    let (mut world, case) = good();
    for day in 0..3 {
        world.ledger.count(CounterKey::Authority(authority_id(COURT)), world.now.plus(-day * DAY), u64::MAX);
    }
    assert_eq!(refused(&world, &case), Code::CapAuthority);
}

// 13: receipts

#[test]
fn a_custodian_that_drops_receipts_gets_no_more_answers() {
    let (mut world, case) = good();
    world.ledger.awaited.insert("digest of a disclosure".into(), world.now.plus(-10 * MINUTE - 1));
    assert_eq!(refused(&world, &case), Code::ReceiptsMissing);
    world.ledger.saw(["digest of a disclosure"]);
    assert!(world.ask(&case, 1).is_ok());
}

// 14: headers and labels

#[test]
fn a_capsule_under_another_clients_label_is_refused() {
    let (world, _) = good();
    let [one, two] = [1, 2].map(|client| world.record_of(head(client), &[Class::Name, Class::Address]));
    let mut world = World::new();
    let mut draft = world.draft();
    // Client 2's capsule, listed as client 1's: id, label and u fit one another, the proof of the header does not.
    let label = one.label().clone();
    let u = *two.capsule().header.u().bytes();
    draft.manifest.entries = vec![ManifestEntry {
        record: label.record_id(&u),
        label: HexBytes(label.encode()),
        u: Digest(u),
        classes: label.classes().clone(),
    }];
    draft.records = vec![two.clone()];
    draft.link();
    let case = world.publish(draft);
    assert_eq!(refused(&world, &case), Code::HeaderInvalid);
    assert!(
        countersign_seal::header::check(world.ring.id(), Capsule { label, header: two.capsule().header.clone() })
            .is_err()
    );
}

#[test]
fn one_header_per_record_of_the_right_length_and_u() {
    assert_eq!(refused_change(|request| request.headers.clear()), Code::HeaderInvalid);
    assert_eq!(refused_change(|request| request.headers.push(request.headers[0].clone())), Code::HeaderInvalid);
    assert_eq!(refused_change(|request| request.headers[0].0.truncate(159)), Code::HeaderInvalid);
    for place in [0, 33, 65, 97, Header::LEN - 1] {
        assert_eq!(refused_change(|request| request.headers[0].0[place] ^= 1), Code::HeaderInvalid, "{place}");
    }
}

#[test]
fn two_headers_that_cancel_out_under_one_weight_are_refused() {
    let mut world = World::new();
    let draft = world.draft_for(&[1, 2]);
    let mut case = world.publish(draft);
    case.records.swap(0, 1);
    assert_eq!(refused(&world, &case), Code::HeaderInvalid);
}

#[test]
fn a_label_that_is_not_the_records_is_refused() {
    fn entry(change: impl FnOnce(&mut ManifestEntry)) -> Code {
        refused_draft(|_, draft| {
            change(&mut draft.manifest.entries[0]);
            draft.link();
        })
    }
    assert_eq!(entry(|entry| entry.record.0[0] ^= 1), Code::LabelDiffers);
    assert_eq!(entry(|entry| entry.label.0.truncate(100)), Code::LabelDiffers);
    assert_eq!(entry(|entry| entry.label.0[20] ^= 1), Code::LabelDiffers);
    let transfers = ClassSet::new([Class::Name, Class::Transfers]);
    assert_eq!(entry(|entry| entry.classes = transfers), Code::LabelDiffers);
}

#[test]
fn a_record_of_another_custodian_is_refused() {
    let code = refused_draft(|world, draft| {
        let foreign = Head { custodian: CustodianId([8; 16]), ..head(1) };
        *draft = world.draft_of(vec![world.record_of(foreign, &[Class::Name, Class::Address])]);
    });
    assert_eq!(code, Code::LabelDiffers);
}

#[test]
fn one_capsule_under_two_labels_is_refused() {
    let code = refused_draft(|_, draft| {
        let entry = draft.manifest.entries[0].clone();
        let label = Label::decode(&entry.label.0).unwrap();
        let other = Label::new(
            Head { handle: Handle([2; 32]), ..label.head().clone() },
            label.classes().clone(),
            *label.body(),
        )
        .unwrap();
        let twin = ManifestEntry {
            record: other.record_id(entry.u.as_bytes()),
            label: HexBytes(other.encode()),
            ..entry.clone()
        };
        draft.manifest.entries.push(twin);
        draft.manifest.entries.sort_by_key(|entry| entry.record);
        draft.order.scope.subjects = 2;
        draft.order.scope.records = 2;
        draft.link();
    });
    assert_eq!(code, Code::LabelDiffers);
}

/// Ten thousand records are checked in one pass; a hostile list of as many costs no more.
#[test]
fn the_largest_manifest_is_read_in_linear_time() {
    let mut world = World::new();
    let mut draft = world.draft();
    let entry = draft.manifest.entries[0].clone();
    draft.manifest.entries = (0u32..10_000)
        .map(|number| {
            let mut entry = entry.clone();
            entry.record.0[..4].copy_from_slice(&number.to_be_bytes());
            entry
        })
        .collect();
    draft.order.scope.records = 10_000;
    draft.link();
    let case = world.publish(draft);
    assert_eq!(refused(&world, &case), Code::LabelDiffers);
    let mut more = case.manifest.value().clone();
    more.entries.push(more.entries[9_999].clone());
    more.entries[10_000].record.0 = [0xff; 32];
    assert!(Exact::<Manifest>::write(more).is_err());
}

#[test]
fn every_code_has_a_test() {
    // `EnrolledBefore` is what the trustee finds in its own database.
    let sources = [
        include_str!("refusals.rs"),
        include_str!("lookups.rs"),
        include_str!("readings.rs"),
        include_str!("workers.rs"),
        include_str!("duties.rs"),
        include_str!("../../trustee/tests/lookups.rs"),
        include_str!("../../trustee/tests/duress.rs"),
    ];
    let missing: Vec<String> = Code::ALL
        .iter()
        .map(|code| format!("Code::{code:?}"))
        .filter(|code| !sources.iter().any(|source| source.lines().any(|line| line.contains(code.as_str()))))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
    assert!(Code::ALL.iter().all(|code| (1..=14).contains(&code.check())));
}

#[test]
fn the_verdict_does_not_depend_on_the_seed() {
    let (world, case) = good();
    let bytes = world.sign(case.request(1, world.now));
    for seed in [[0; 32], [255; 32]] {
        assert!(verify_request(&world.view(1), world.now, seed, &bytes).is_ok());
    }
}
