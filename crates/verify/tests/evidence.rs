//! Evidence of one release: what holds, and every way in which it must not.

use crate::world::*;
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::class::{Class, ClassSet};
use countersign_core::control::{Action, Role};
use countersign_core::finding::Question;
use countersign_core::id::{CustodianId, Digest, OrderId};
use countersign_core::json::Exact;
use countersign_core::time::{DAY, HOUR};
use countersign_tlog::note::KeyKind;
use countersign_verify::evidence::{Fault, Files, SUMS, sums, verify_evidence};
use countersign_verify::wire::{Outcome, Receipt, Signed};
use std::sync::OnceLock;

fn released() -> (World, Case, Vec<Given>) {
    released_draft(|_, _| {})
}

fn released_draft(change: impl FnOnce(&World, &mut Draft)) -> (World, Case, Vec<Given>) {
    let mut world = World::new();
    let mut draft = world.draft();
    change(&world, &mut draft);
    let case = world.publish(draft);
    let given = [1, 3, 4].map(|trustee| world.give(&case, trustee)).to_vec();
    (world, case, given)
}

fn good() -> Files {
    static GOOD: OnceLock<Files> = OnceLock::new();
    GOOD.get_or_init(|| {
        let (world, case, given) = released();
        world.evidence(&case, &given)
    })
    .clone()
}

/// The fault after tampering with a good folder and writing the list of digests anew.
fn fault(change: impl FnOnce(&mut Files)) -> Fault {
    let mut files = good();
    change(&mut files);
    relist(&mut files);
    verify_evidence(&files, None).map(|_| ()).unwrap_err()
}

fn assert_fault(change: impl FnOnce(&mut Files), file: &str, reason: &str) {
    let fault = fault(change);
    assert!(fault.file == file && fault.reason.contains(reason), "{fault}; expected {file}: {reason}");
}

fn put(files: &mut Files, path: &str, bytes: impl Into<Vec<u8>>) {
    files.insert(path.into(), bytes.into());
}

#[test]
fn a_good_folder_holds() {
    let (world, case, given) = released();
    let files = world.evidence(&case, &given);
    let genesis = world.control.genesis().digest();
    let evidence = verify_evidence(&files, Some(&genesis)).unwrap();
    assert_eq!(evidence.order, case.order);
    assert_eq!(evidence.genesis, genesis);
    assert_eq!(evidence.included.index, case.index);
    assert_eq!(evidence.receipts.keys().copied().collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(evidence.signers, ["anna-berg", "bruno-costa"]);
    assert!(evidence.policy_rerun);
    let mut without = files;
    without.remove("facts.json");
    relist(&mut without);
    assert!(!verify_evidence(&without, None).unwrap().policy_rerun);
    assert!(verify_evidence(&without, Some(&Digest([1; 32]))).is_err());
}

#[test]
fn a_byte_flipped_anywhere_names_its_file() {
    let good = good();
    for (path, bytes) in &good {
        let last = bytes.len() - 1;
        for place in [0, 1, last / 3, last / 2, last - last / 5, last] {
            for bit in [0x01, 0x20, 0x80] {
                let mut bad = good.clone();
                bad.get_mut(path).unwrap()[place] ^= bit;
                let fault = verify_evidence(&bad, None).map(|_| ()).unwrap_err();
                assert_eq!(fault.file, *path, "byte {place} ^ {bit}: {fault}");
            }
        }
    }
}

#[test]
fn a_byte_flipped_anywhere_in_the_list_names_the_list() {
    let good = good();
    for place in 0..good[SUMS].len() {
        let mut bad = good.clone();
        bad.get_mut(SUMS).unwrap()[place] ^= 1;
        let fault = verify_evidence(&bad, None).map(|_| ()).unwrap_err();
        assert_eq!(fault.file, SUMS, "byte {place}: {fault}");
    }
}

/// Whoever writes the list anew still cannot change a file: something it belongs to no longer fits.
#[test]
fn a_byte_flipped_and_listed_anew_still_fails() {
    let good = good();
    for (path, bytes) in good.iter().filter(|(path, _)| path.as_str() != SUMS) {
        let last = bytes.len() - 1;
        for place in [0, last / 4, last / 2, last * 3 / 4, last] {
            let mut bad = good.clone();
            bad.get_mut(path).unwrap()[place] ^= 1;
            relist(&mut bad);
            assert!(verify_evidence(&bad, None).is_err(), "{path} byte {place}");
        }
    }
}

#[test]
fn no_file_may_be_missing_or_too_many() {
    let good = good();
    for path in good.keys().filter(|path| path.as_str() != "facts.json") {
        let mut bad = good.clone();
        bad.remove(path);
        if path != SUMS {
            relist(&mut bad);
        }
        assert!(verify_evidence(&bad, None).is_err(), "{path}");
    }
    for path in [
        "README.txt",
        "data/clients.csv",
        "../order.json",
        "/order.json",
        "control/0000000007.leaf",
        "control/note.txt",
        "receipts/2",
        "receipts/02.signed",
        "approvals/03.json",
        "approvals/3.json",
        "ring-confirmations/006.json",
        "ring-confirmations/1.json",
        "delay.signed",
        "manifest-sha512.txt.old",
    ] {
        let fault = fault(|files| put(files, path, *b"{}"));
        assert_eq!(fault.file, path, "{fault}");
    }
    assert_eq!(fault(|files| put(files, "a\nb", *b"{}")).file, SUMS);
    let mut empty = Files::new();
    assert_eq!(verify_evidence(&empty, None).map(|_| ()).unwrap_err().file, SUMS);
    put(&mut empty, SUMS, *b"");
    assert_eq!(verify_evidence(&empty, None).map(|_| ()).unwrap_err().file, "order.json");
}

#[test]
fn the_list_has_one_spelling() {
    let good = good();
    let list = sums(&good);
    let reversed: String = list.lines().rev().map(|line| format!("{line}\n")).collect();
    let bad = [
        list.replace('\n', "\r\n"),
        list.to_uppercase(),
        format!("{list}\n"),
        list.trim_end().to_owned(),
        format!("{list}{}\n", list.lines().next().unwrap()),
        reversed,
        String::new(),
    ];
    for text in bad {
        let mut files = good.clone();
        put(&mut files, SUMS, text.clone());
        assert!(verify_evidence(&files, None).is_err(), "{text}");
    }
}

// other orders, scopes, people

#[test]
fn another_order_is_refused() {
    let (_, other, _) = released_draft(|_, draft| draft.order.id = OrderId([4; 16]));
    assert_fault(|files| put(files, "order.json", other.order.bytes()), "receipts/1.signed", "to this order");
}

#[test]
fn an_order_with_more_in_its_manifest_than_it_says_is_refused() {
    let wider = |files: &mut Files| {
        let world = World::new();
        let mut draft = world.draft_for(&[1, 2]);
        draft.order.scope.subjects = 1;
        draft.order.scope.records = 1;
        put(files, "order.json", Exact::write(draft.order).unwrap().bytes());
        put(files, "manifest.json", Exact::write(draft.manifest).unwrap().bytes());
    };
    assert_fault(wider, "manifest.json", "2 subjects, 2 records");
    let other = |files: &mut Files| {
        put(files, "manifest.json", Exact::write(World::new().draft_for(&[2]).manifest).unwrap().bytes());
    };
    assert_fault(other, "manifest.json", "the order names");
}

#[test]
fn an_approval_swapped_for_another_orders_is_refused() {
    let (_, other, _) = released_draft(|_, draft| draft.order.id = OrderId([4; 16]));
    let text = other.approvals[1].clone();
    assert_fault(|files| put(files, "approvals/02.json", text), "approvals/02.json", "over another order");
}

#[test]
fn approvals_must_be_two_in_time_and_by_people_in_force() {
    let (world, case, _) = released();
    let (when, late) = (world.now.plus(-2 * HOUR), world.now.plus(121));
    let approver = SignerRole::Approver;
    let second = |text: String, reason: &str| {
        assert_fault(|files| put(files, "approvals/02.json", text), "approvals/02.json", reason);
    };
    second(case.approvals[0].clone(), "signed twice");
    second(approval(&case.order, "puppet-one", approver, Verdict::Approve, when), "not in force");
    second(approval(&case.order, "bruno-costa", approver, Verdict::Approve, late), "possible from");
    second(approval(&case.order, "emil-fuchs", approver, Verdict::Approve, when), "may not sign in the role");
    let alone = |files: &mut Files| drop(files.remove("approvals/02.json"));
    assert_fault(alone, "approvals", "fewer than two");
    for text in [
        approval(&case.order, "bruno-costa", approver, Verdict::Refuse, when),
        approval(&case.order, "dora-egger", SignerRole::Counsel, Verdict::Approve, when),
    ] {
        assert_fault(|files| put(files, "approvals/02.json", text), "approvals", "fewer than two");
    }
}

#[test]
fn who_refused_is_not_counted_among_the_signers() {
    let (world, mut case, given) = released();
    let when = world.now.plus(-2 * HOUR);
    case.approvals.push(approval(&case.order, "carla-diaz", SignerRole::Approver, Verdict::Refuse, when));
    let mut files = world.evidence(&case, &given);
    files.remove("facts.json");
    relist(&mut files);
    assert_eq!(verify_evidence(&files, None).unwrap().signers, ["anna-berg", "bruno-costa"]);
}

// receipts

fn with_receipt(change: impl FnOnce(&World, &mut Receipt)) -> Result<(), Fault> {
    let (world, case, mut given) = released();
    change(&world, &mut given[1].receipt);
    verify_evidence(&world.evidence(&case, &given), None).map(|_| ())
}

#[test]
fn a_receipt_must_be_for_this_order_time_and_state() {
    assert_eq!(with_receipt(|_, _| {}), Ok(()));
    type Change = fn(&World, &mut Receipt);
    let bad: [(Change, &str); 13] = [
        (|_, receipt| receipt.order = Digest([1; 32]), "to this order"),
        (|_, receipt| receipt.custodian = CustodianId([8; 16]), "to this order"),
        (
            |_, receipt| (receipt.outcome, receipt.code) = (Outcome::Refused, Some("POLICY_DENIED".into())),
            "to this order",
        ),
        (|_, receipt| receipt.records = 2, "other records"),
        (|world, receipt| receipt.at = world.now.plus(-2 * HOUR - 121), "not valid"),
        (|world, receipt| receipt.at = world.now.plus(70 * HOUR), "not valid"),
        (|_, receipt| receipt.state = Digest([1; 32]), "control state"),
        (|_, receipt| receipt.share_epoch = 2, "share epoch"),
        (|_, receipt| receipt.journal_size = 1, "had not read as far"),
        (|_, receipt| receipt.journal_size = 0, "had not read as far"),
        (|_, receipt| receipt.journal_root = Digest([1; 32]), "another journal"),
        (|_, receipt| receipt.trustee = 2, "of another trustee"),
        (|_, receipt| receipt.trustee = 6, "not of the expected key"),
    ];
    for (change, reason) in bad {
        let fault = with_receipt(change).unwrap_err();
        assert!(fault.file == "receipts/3.signed" && fault.reason.contains(reason), "{fault}; expected {reason}");
    }
}

#[test]
fn a_receipt_signed_by_somebody_else_is_refused() {
    let (world, case, given) = released();
    let forged = Signed::sign(given[1].receipt.clone(), &signing_key("desk")).unwrap();
    let mut files = world.evidence(&case, &given);
    put(&mut files, "receipts/3.signed", forged.text());
    relist(&mut files);
    assert_eq!(verify_evidence(&files, None).map(|_| ()).unwrap_err().file, "receipts/3.signed");
}

#[test]
fn fewer_than_t_receipts_are_no_evidence() {
    assert_fault(|files| drop(files.remove("receipts/4.signed")), "receipts", "2 receipts, the threshold is 3");
}

#[test]
fn one_trustees_receipt_does_not_count_twice() {
    let twice = |files: &mut Files| {
        let text = files["receipts/1.signed"].clone();
        put(files, "receipts/4.signed", text);
    };
    assert_fault(twice, "receipts/4.signed", "of another trustee");
}

// the log

#[test]
fn the_proof_of_another_leaf_is_refused() {
    let (world, ..) = released();
    for index in [0, 2] {
        let proof = world.journal.proof(index, world.journal.size(), &[world.now; 2]);
        assert_fault(|files| put(files, "order.tlog-proof", proof), "order.tlog-proof", "not in the log");
    }
    let alone = world.journal.proof(1, world.journal.size(), &[world.now]);
    assert_fault(|files| put(files, "order.tlog-proof", alone), "order.tlog-proof", "lacks a quorum");
}

#[test]
fn a_leaf_about_another_order_is_refused() {
    let (_, other, _) = released_draft(|_, draft| draft.order.id = OrderId([4; 16]));
    let swapped = |files: &mut Files| {
        put(files, "order.leaf", other.leaf.leaf.clone());
        put(files, "order.disclosures.json", serde_json::to_vec(&other.leaf.disclosures).unwrap());
    };
    assert_fault(swapped, "order.leaf", "`order`");
    let withheld = |files: &mut Files| {
        let mut list: Vec<String> = serde_json::from_slice(&files["order.disclosures.json"]).unwrap();
        list.pop();
        put(files, "order.disclosures.json", serde_json::to_vec(&list).unwrap());
    };
    assert_fault(withheld, "order.leaf", "withheld");
    let spaced = |files: &mut Files| files.get_mut("order.disclosures.json").unwrap().push(b' ');
    assert_fault(spaced, "order.disclosures.json", "canonical");
}

#[test]
fn another_journal_with_the_same_genesis_text_elsewhere_is_refused() {
    let (world, case, given) = released();
    let mut files = world.evidence(&case, &given);
    let genesis = world.journal.leaves[0].clone();
    let mut shifted = Journal::default();
    shifted.append(b"something before genesis".to_vec());
    shifted.append(genesis);
    put(&mut files, "control/0000000000.tlog-proof", shifted.proof(1, 2, &[world.now; 2]));
    relist(&mut files);
    let fault = verify_evidence(&files, None).map(|_| ()).unwrap_err();
    assert!(fault.reason.contains("stands at index 1"), "{fault}");
}

#[test]
fn a_missing_control_leaf_is_noticed_by_the_receipts() {
    let mut world = World::new();
    let index = world.change(Action::RemovePerson(person_id("carla-diaz")), &["trustee:1"]);
    let draft = world.draft();
    let case = world.publish(draft);
    let given = [1, 2, 3].map(|trustee| world.give(&case, trustee));
    let good = world.evidence(&case, &given);
    assert!(verify_evidence(&good, None).is_ok());
    let mut files = good.clone();
    for ending in ["leaf", "tlog-proof"] {
        files.remove(&format!("control/{index:010}.{ending}"));
    }
    relist(&mut files);
    let fault = verify_evidence(&files, None).map(|_| ()).unwrap_err();
    assert!(fault.file == "receipts/1.signed" && fault.reason.contains("control state"), "{fault}");
    let mut renamed = good;
    for ending in ["leaf", "tlog-proof"] {
        let bytes = renamed.remove(&format!("control/{index:010}.{ending}")).unwrap();
        put(&mut renamed, &format!("control/{:010}.{ending}", index + 6), bytes);
    }
    relist(&mut renamed);
    let fault = verify_evidence(&renamed, None).map(|_| ()).unwrap_err();
    assert!(fault.reason.contains("stands at index 1"), "{fault}");
}

/// Trustees answer at different sizes of the journal; a removal between two answers is no contradiction.
#[test]
fn each_receipt_is_compared_with_what_its_trustee_had_read() {
    let mut world = World::new();
    let draft = world.draft();
    let mut case = world.publish(draft);
    let mut given = vec![world.give(&case, 1), world.give(&case, 2)];
    world.change(Action::RemovePerson(person_id("carla-diaz")), &["trustee:1"]);
    let first = case.leaf.proof.clone();
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    given.push(world.give(&case, 3));
    case.leaf.proof = first;
    // And one after all answers changes nothing about them.
    world.change(Action::RemovePerson(person_id("anna-berg")), &["trustee:1"]);
    let evidence = verify_evidence(&world.evidence(&case, &given), None).unwrap();
    assert!(!evidence.state.people().contains_key(&person_id("carla-diaz")));
    assert!(evidence.state.people().contains_key(&person_id("anna-berg")));
}

#[test]
fn additions_are_in_force_after_their_seven_days() {
    let mut world = World::new();
    world.change(Action::AddPerson(person("hanna-ito", &[Role::Approver], "XF", true)), &ENOUGH);
    world.now = world.now.plus(7 * DAY);
    let draft = world.draft();
    let case = world.publish_signed(draft, &["hanna-ito", "bruno-costa"]);
    let given = [1, 2, 3].map(|trustee| world.give(&case, trustee));
    let evidence = verify_evidence(&world.evidence(&case, &given), None).unwrap();
    assert_eq!(evidence.signers, ["hanna-ito", "bruno-costa"]);
}

/// A trustee that was away when a change was published counts its seven days from its return; that is no contradiction.
#[test]
fn a_trustee_that_saw_a_change_late_is_believed() {
    let mut world = World::new();
    let body =
        Exact::write(world.next_change(Action::AddPerson(person("hanna-ito", &[Role::Approver], "XF", true)))).unwrap();
    let leaf = control_leaf(body.text(), &ENOUGH);
    let start = world.now;
    let mut late = world.control.clone();
    world.fold(&leaf);
    late.fold(1, &leaf, start.plus(3 * DAY));
    world.now = start.plus(8 * DAY);
    let draft = world.draft();
    let case = world.publish(draft);
    let on_time = world.control.clone();
    let mut given = vec![world.give(&case, 1), world.give(&case, 2)];
    world.control = late;
    given.push(world.give(&case, 3));
    world.control = on_time;
    assert_ne!(given[0].receipt.state, given[2].receipt.state);
    assert!(verify_evidence(&world.evidence(&case, &given), None).is_ok());
}

#[test]
fn leaves_after_a_change_of_witnesses_are_proved_by_the_new_ones() {
    let mut world = World::new();
    let fourth = note_key("witness.example/w4", KeyKind::CosignatureV1);
    let policy = witness_policy()
        .replace("group all-w 2 w1 w2 w3", &format!("witness w4 {}\ngroup all-w 3 w1 w2 w3 w4", fourth.verifier()));
    world.change(Action::SetWitnessPolicy(policy), &ENOUGH);
    world.now = world.now.plus(8 * DAY);
    world.change(Action::RemovePerson(person_id("carla-diaz")), &["trustee:1"]);
    let draft = world.draft();
    let mut case = world.publish(draft);
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 3]);
    case.leaf.seasoned = None;
    let given = [1, 2, 3].map(|trustee| world.give(&case, trustee));
    let mut files = world.evidence(&case, &given);
    let fault = verify_evidence(&files, None).map(|_| ()).unwrap_err();
    assert_eq!(fault.file, "control/0000000002.tlog-proof", "two of the old witnesses no longer suffice");
    put(&mut files, "control/0000000002.tlog-proof", world.journal.proof(2, 3, &[world.now; 3]));
    relist(&mut files);
    assert!(verify_evidence(&files, None).is_ok());
}

#[test]
fn six_people_must_have_been_public_for_a_day() {
    let mut world = World::new();
    let draft = world.draft_for(&[1, 2, 3, 4, 5, 6]);
    let mut case = world.publish(draft);
    let published = at("2026-11-20T12:00:00Z");
    let early = world.journal.proof(case.index, case.index + 1, &[published; 2]);
    world.now = world.now.plus(23 * HOUR);
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    case.leaf.seasoned = Some(early.clone());
    let given = [1, 2, 3].map(|trustee| world.give(&case, trustee));
    let fault = verify_evidence(&world.evidence(&case, &given), None).map(|_| ()).unwrap_err();
    assert!(fault.file == "order.tlog-proof" && fault.reason.contains("86400 seconds"), "{fault}");
    case.leaf.proof = early;
    assert!(verify_evidence(&world.evidence(&case, &given), None).is_ok());
}

// policy, directory, ring

#[test]
fn a_changed_policy_bundle_or_directory_is_refused() {
    let weaker = |files: &mut Files| {
        let text = String::from_utf8(files["policy-bundle.json"].clone()).unwrap();
        put(files, "policy-bundle.json", text.replacen("context.approvals >= 2", "context.approvals >= 1", 1));
    };
    assert_fault(weaker, "policy-bundle.json", "not the policy in force");
    let other = |files: &mut Files| {
        let mut directory = directory();
        directory.version = 2;
        put(files, "directory.json", Exact::write(directory).unwrap().bytes());
    };
    assert_fault(other, "directory.json", "not the directory in force");
}

#[test]
fn facts_that_the_order_does_not_name_or_the_policy_forbids_are_refused() {
    let other = |files: &mut Files| {
        let mut draft = World::new().draft();
        draft.answer(Question::Political, "suspected");
        put(files, "facts.json", Exact::write(draft.facts).unwrap().bytes());
    };
    assert_fault(other, "facts.json", "not the ones the order names");

    // Trustees that answered although the policy forbids it: the evidence shows it.
    let mut world = World::new();
    let good = world.draft();
    let honest = world.publish(good);
    let mut receipts = [1, 2, 3].map(|trustee| world.give(&honest, trustee));
    let mut draft = world.draft();
    draft.answer(Question::Targets, "dragnet");
    draft.link();
    let case = world.publish(draft);
    for one in &mut receipts {
        one.receipt.order = case.order.digest();
        one.receipt.journal_size = world.seen.size();
        one.receipt.journal_root = Digest(*world.seen.root().unwrap().as_bytes());
    }
    let fault = verify_evidence(&world.evidence(&case, &receipts), None).map(|_| ()).unwrap_err();
    assert!(fault.file == "facts.json" && fault.reason.contains("DRAGNET"), "{fault}");
}

#[test]
fn a_release_to_another_key_than_the_registered_one_is_refused() {
    let mut world = World::new();
    let good = world.draft();
    let honest = world.publish(good);
    let mut receipts = [1, 2, 3].map(|trustee| world.give(&honest, trustee));
    let mut draft = world.draft();
    draft.order.recipient.key = Digest([1; 32]);
    let case = world.publish(draft);
    for one in &mut receipts {
        one.receipt.order = case.order.digest();
        one.receipt.journal_size = world.seen.size();
        one.receipt.journal_root = Digest(*world.seen.root().unwrap().as_bytes());
    }
    let fault = verify_evidence(&world.evidence(&case, &receipts), None).map(|_| ()).unwrap_err();
    assert!(fault.file == "order.json" && fault.reason.contains("recipient"), "{fault}");
}

#[test]
fn a_ring_with_its_dealer_flag_stripped_is_refused() {
    use countersign_seal::ceremony::Plan;
    use countersign_seal::dealer::deal;
    use countersign_seal::kind::Sealing;
    use countersign_seal::ring::Confirmation;
    let plan = Plan::<Sealing> {
        name: "register-1".into(),
        ceremony: Digest(seed("dealt")),
        t: T,
        n: N,
        keys: CLASSES.map(|class| (class, 1)).to_vec(),
    };
    let dealt = deal(&plan, &mut rng("dealt")).unwrap();
    assert!(dealt.ring.dealer);
    let confirmed = |files: &mut Files, strip: bool| {
        let mut ring = dealt.ring.clone();
        for trustee in 1..=N {
            let confirmation = Confirmation::sign(ring.id(), trustee, &identity(trustee));
            let path = format!("ring-confirmations/{trustee:03}.json");
            put(files, &path, Exact::write(confirmation).unwrap().bytes());
        }
        ring.dealer = ring.dealer && !strip;
        put(files, "ring.json", Exact::write(ring).unwrap().bytes());
    };
    assert_fault(|files| confirmed(files, false), "ring.json", "a dealer knew the keys");
    assert_fault(|files| confirmed(files, true), "ring.json", "for another ring");
}

#[test]
fn the_ring_must_be_confirmed_by_all_and_be_the_one_in_force() {
    assert_fault(|files| drop(files.remove("ring-confirmations/005.json")), "ring.json", "has not confirmed");
    let renamed = |files: &mut Files| {
        let mut ring = founded().ring.value().clone();
        ring.name = "register-2".into();
        for trustee in 1..=N {
            let confirmation = countersign_seal::ring::Confirmation::sign(ring.id(), trustee, &identity(trustee));
            let path = format!("ring-confirmations/{trustee:03}.json");
            put(files, &path, Exact::write(confirmation).unwrap().bytes());
        }
        put(files, "ring.json", Exact::write(ring).unwrap().bytes());
    };
    assert_fault(renamed, "ring.json", "not the ring in force");
    let swapped = |files: &mut Files| {
        let mut epoch = founded().epoch.value().clone();
        for key in &mut epoch.keys {
            key.shares.swap(0, 1);
        }
        put(files, "shares.json", Exact::write(epoch).unwrap().bytes());
    };
    assert_fault(swapped, "shares.json", "not the verifying shares in force");
}

#[test]
fn a_delay_order_belongs_to_the_evidence() {
    let (world, case, given) = released_draft(|world, draft| {
        let signed = Signed::sign(world.delay_order(COURT), &signing_key(COURT)).unwrap();
        draft.answer(Question::Delay, "court");
        draft.order.delay = Some(signed.document().digest());
        draft.order.notice_due = None;
        draft.delay = Some(signed);
        draft.link();
    });
    let good = world.evidence(&case, &given);
    assert!(verify_evidence(&good, None).is_ok());
    let by_desk = Signed::sign(world.delay_order(COURT), &signing_key("desk")).unwrap();
    for bad in [None, Some(by_desk.text())] {
        let mut files = good.clone();
        files.remove("delay.signed");
        files.extend(bad.map(|text| ("delay.signed".to_owned(), text.as_bytes().to_vec())));
        relist(&mut files);
        assert_eq!(verify_evidence(&files, None).map(|_| ()).unwrap_err().file, "delay.signed");
    }
}

#[test]
fn a_wider_class_set_in_the_manifest_is_refused() {
    let wider = |files: &mut Files| {
        let mut draft = World::new().draft();
        draft.order.scope.classes = ClassSet::new([Class::Name]);
        put(files, "order.json", Exact::write(draft.order).unwrap().bytes());
    };
    assert_fault(wider, "manifest.json", "classes name, address");
}
