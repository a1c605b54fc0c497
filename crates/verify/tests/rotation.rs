//! New keys: the ring before is read until it is closed, and nothing else is. `vectors/verify/rotation.json`, written by
//! `COUNTERSIGN_WRITE_VECTORS=1`, holds the control leaves of one such journal.

use crate::world::*;
use countersign_core::control::{Action, HeldShares, RingRef};
use countersign_core::id::{Digest, SignatureBytes};
use countersign_core::json::Exact;
use countersign_core::time::DAY;
use countersign_seal::partial::{Ask, answer};
use countersign_tlog::leaf::ControlLeaf;
use countersign_verify::evidence::{open_package, verify_evidence};
use countersign_verify::refusal::Code;
use countersign_verify::state::in_words;
use serde_json::{Value, json};

fn old() -> RingRef {
    founded().reference()
}

fn rotate() -> Action {
    Action::RotateRing(rotation_to(rotated()))
}

fn tampered(tamper: impl Fn(&mut HeldShares)) -> Action {
    let mut new = rotation_to(rotated());
    tamper(&mut new);
    Action::RotateRing(new)
}

/// Why the fold rejects this.
fn rejected(world: &mut World, action: Action) -> String {
    let count = world.control.rejected().len();
    world.change(action, &ENOUGH);
    assert_eq!(world.control.rejected().len(), count + 1);
    world.control.rejected().last().unwrap().reason.clone()
}

fn accepted(world: &mut World, action: Action) {
    world.change(action, &ENOUGH);
    assert_eq!(world.control.rejected(), []);
}

/// A world in which the new ring is in force, and trustees still work with the old one.
fn rotated_world() -> World {
    let mut world = World::new();
    accepted(&mut world, rotate());
    world.now = world.now.plus(7 * DAY);
    world
}

#[test]
fn new_keys_cool_for_seven_days_and_the_ring_before_is_read_until_it_is_closed() {
    let mut world = World::new();
    accepted(&mut world, rotate());
    let (before, start) = (world.control.at(world.now), world.now);
    assert_eq!(world.control.at(start.plus(7 * DAY - 1)), before);
    assert_eq!((before.ring(), before.former_ring()), (Some(&old()), None));
    let then = world.control.at(start.plus(7 * DAY));
    let new = rotated().reference();
    assert_eq!((then.ring(), then.former_ring()), (Some(&new), Some(&old())));
    assert_eq!((then.read_under(&old().id), then.read_under(&new.id)), (Some(&old()), Some(&new)));
    assert_eq!(then.makers_of(&old().id).len(), 5);

    world.now = start.plus(8 * DAY);
    let reason = rejected(&mut world, Action::CloseRing(new.id));
    assert!(reason.contains("is not the one that was rotated away"), "{reason}");
    let count = world.control.rejected().len();
    world.change(Action::CloseRing(old().id), &ENOUGH);
    assert_eq!(world.control.rejected().len(), count);
    assert!(world.control.at(world.now.plus(7 * DAY - 1)).former_ring().is_some());
    let closed = world.control.at(world.now.plus(7 * DAY));
    assert_eq!((closed.former_ring(), closed.read_under(&old().id)), (None, None));
    assert_eq!(closed.closed_rings().collect::<Vec<_>>(), [&old().id]);
    world.now = world.now.plus(7 * DAY);
    for action in [Action::SetRing(old()), tampered(|new| new.id = old().id)] {
        let reason = rejected(&mut world, action);
        assert!(reason.contains("is in force already, or was before"), "{reason}");
    }
}

#[test]
fn keys_that_not_every_trustee_confirms_are_rejected() {
    let mut world = World::new();
    let cases: [(Action, &str); 6] = [
        (tampered(|new| new.confirmed[4].0[0] ^= 1), "trustee 5 has not confirmed"),
        (tampered(|new| new.confirmed.swap(0, 1)), "trustee 1 has not confirmed"),
        (tampered(|new| new.confirmed.truncate(4)), "4 trustees confirm the ring, 5 are in force"),
        (tampered(|new| new.confirmed.push(SignatureBytes([0; 64]))), "6 trustees confirm the ring"),
        (tampered(|new| new.id = Digest([9; 32])), "has not confirmed"),
        (tampered(|new| new.id = old().id), "is in force already"),
    ];
    for (action, expected) in cases {
        let reason = rejected(&mut world, action);
        assert!(reason.contains(expected), "{reason}");
    }
    assert!(Exact::write(world.next_change(tampered(|new| new.share_epoch = 2))).is_err());
    assert!(Exact::write(world.next_change(tampered(|new| new.confirmed.truncate(1)))).is_err());
    // Whoever left in conflict would get a share of the keys that are made because of it.
    world.change(Action::RemoveTrustee(public("trustee:4")), &["person:anna-berg"]);
    let reason = rejected(&mut world, rotate());
    assert!(reason.contains("trustee 4 was removed"), "{reason}");
}

#[test]
fn while_the_ring_before_is_read_there_is_no_third_ring_and_there_are_no_other_trustees() {
    let mut world = rotated_world();
    let five = names(&[1, 2, 3, 4, 5]);
    let next = RingRef { share_epoch: 2, ..rotated().reference() };
    for action in [
        rotate(),
        Action::SetRing(old()),
        Action::SetRing(RingRef { id: Digest([3; 32]), share_epoch: 1, shares: Digest([4; 32]) }),
        Action::SetTrustees(trustees(&five, &next, None)),
    ] {
        let reason = rejected(&mut world, action);
        assert!(reason.contains("is still being read"), "{reason}");
    }
    // A refresh of the new ring is none of these.
    let count = world.control.rejected().len();
    world.change(Action::SetRing(next.clone()), &ENOUGH);
    assert_eq!(world.control.rejected().len(), count);
    let then = world.control.at(world.now.plus(7 * DAY));
    assert_eq!((then.ring(), then.former_ring()), (Some(&next), Some(&old())));
}

#[test]
fn what_was_agreed_on_under_the_old_keys_lapses() {
    let mut world = World::new();
    let refresh = RingRef { share_epoch: 2, shares: Digest([8; 32]), ..old() };
    let six = names(&[1, 2, 3, 4, 5, 6]);
    accepted(&mut world, rotate());
    world.now = world.now.plus(DAY);
    accepted(&mut world, Action::SetRing(refresh.clone()));
    accepted(&mut world, Action::SetTrustees(trustees(&six, &refresh, None)));
    let then = world.control.at(world.now.plus(30 * DAY));
    assert_eq!((then.ring(), then.members().len()), (Some(&rotated().reference()), 5));
    // A removal while the new keys cool stops them: they are held by whoever was removed.
    let mut world = World::new();
    accepted(&mut world, rotate());
    world.change(Action::RemoveTrustee(public("trustee:2")), &["person:anna-berg"]);
    let then = world.control.at(world.now.plus(30 * DAY));
    assert_eq!((then.ring(), then.former_ring()), (Some(&old()), None));
}

#[test]
fn records_are_answered_under_the_ring_that_they_are_sealed_to() {
    let mut world = rotated_world();
    // The trustee loads the old ring for an order over old records, and the new one for new records.
    let draft = world.draft();
    let case = world.publish(draft);
    let given = [1, 3, 5].map(|trustee| world.give(&case, trustee));
    let evidence = verify_evidence(&world.evidence(&case, &given), None).unwrap();
    assert_eq!(evidence.order.value().ring, old().id);
    let opening = open_package(&world.package(&case, &given), &authority_secret(COURT), None, &seed("w")).unwrap();
    assert!(!opening.cells.is_empty());

    let request = case.request(1, world.now);
    world.work_with(rotated());
    assert_eq!(world.send(request).unwrap_err().code(), Code::WrongRing);
    let draft = world.draft();
    let new_case = world.publish(draft);
    let given = [2, 3, 4].map(|trustee| world.give(&new_case, trustee));
    verify_evidence(&world.evidence(&new_case, &given), None).map(drop).unwrap();

    // Closed, the old ring is read by nobody, with whatever shares.
    world.change(Action::CloseRing(old().id), &ENOUGH);
    world.now = world.now.plus(7 * DAY);
    let late = rotated_draft(&mut world, founded());
    assert_eq!(world.ask(&late, 1).unwrap_err().code(), Code::WrongRing);
    world.work_with(rotated());
    let draft = world.draft();
    let case = world.publish(draft);
    assert!(world.ask(&case, 1).is_ok());
}

/// An order over records of this ring.
fn rotated_draft(world: &mut World, ring: &Founded) -> Case {
    world.work_with(ring);
    let draft = world.draft();
    world.publish(draft)
}

#[test]
fn records_of_two_rings_never_stand_in_one_order() {
    let mut world = rotated_world();
    let foreign = world.record_of(head(2), &[countersign_core::class::Class::Name]);
    world.work_with(rotated());
    let own = world.record_of(head(1), &[countersign_core::class::Class::Name]);
    let draft = world.draft_of(vec![own, foreign]);
    let case = world.publish(draft);
    assert_eq!(world.ask(&case, 1).unwrap_err().code(), Code::HeaderInvalid);
}

/// A trustee that answers with its share of the old keys is named by whoever opens the package.
#[test]
fn an_answer_with_a_share_of_the_old_keys_is_found_and_named() {
    let mut world = rotated_world();
    world.work_with(rotated());
    let draft = world.draft();
    let case = world.publish(draft);
    let mut given: Vec<_> = [1, 2, 3, 4].map(|trustee| world.give(&case, trustee)).into();
    let plan = world.ask(&case, 2).unwrap();
    let asks: Vec<Ask<'_>> =
        plan.records.iter().map(|record| Ask { capsule: &record.capsule, classes: &record.classes }).collect();
    // It cannot even prove such an answer against the verifying shares in force.
    let stale = founded().share(2);
    assert!(answer(&stale, &world.shares, &plan.order.digest(), &asks, &seed("answer")).is_err());
    // What it can send is an answer to an order over old records.
    let mut before = rotated_world();
    let old_draft = before.draft();
    let old_case = before.publish(old_draft);
    let reply = before.give(&old_case, 2).reply;
    given[1].encrypted = world.encrypt(&case, 2, &reply);
    let opening = open_package(&world.package(&case, &given), &authority_secret(COURT), None, &seed("w")).unwrap();
    assert_eq!(opening.liars, [2]);
    given.truncate(3);
    let failed = open_package(&world.package(&case, &given), &authority_secret(COURT), None, &seed("w"));
    let fault = failed.map(drop).unwrap_err();
    assert!(fault.reason.contains('2'), "{fault}");
}

#[test]
fn a_rotation_says_what_it_does() {
    let world = rotated_world();
    let words = in_words(&world.next_change(rotate()), &World::new().control.at(world.now)).join("\n");
    for expected in [old().id.to_hex(), rotated().reference().id.to_hex(), "all 5 trustees have confirmed".into()] {
        assert!(words.contains(&expected), "{words}");
    }
    let words = in_words(&world.next_change(Action::CloseRing(old().id)), &world.control.at(world.now)).join("\n");
    assert!(words.contains("can never be opened again"), "{words}");
}

// vectors

#[test]
fn the_vectors_are_what_the_code_makes() {
    let mut world = World::new();
    let sealed = |leaf: &ControlLeaf| -> (String, Vec<Value>) {
        let sigs = leaf.signatures().iter().map(|one| json!({"by": one.by, "sig": one.sig})).collect();
        (leaf.body().to_owned(), sigs)
    };
    let genesis = control_leaf(Exact::write(genesis()).unwrap().text(), &genesis_signers());
    let (body, sigs) = sealed(&genesis);
    let digest = world.control.genesis().digest();
    let next = RingRef { share_epoch: 2, shares: Digest([5; 32]), ..rotated().reference() };
    let refresh = RingRef { share_epoch: 2, shares: Digest([8; 32]), ..old() };
    let five = names(&[1, 2, 3, 4, 5]);
    let steps: Vec<(i64, Action, &[&str])> = vec![
        (0, Action::CloseRing(old().id), &ENOUGH),
        (0, tampered(|new| new.confirmed[4].0[0] ^= 1), &ENOUGH),
        (0, tampered(|new| new.confirmed.truncate(4)), &ENOUGH),
        (0, tampered(|new| new.id = old().id), &ENOUGH),
        (0, tampered(|new| new.share_epoch = 2), &ENOUGH),
        (0, rotate(), &ENOUGH[..4]),
        (0, rotate(), &ENOUGH),
        (1, Action::SetRing(refresh.clone()), &ENOUGH),
        (1, Action::SetTrustees(trustees(&five, &refresh, None)), &ENOUGH),
        (7, Action::SetRing(old()), &ENOUGH),
        (9, rotate(), &ENOUGH),
        (9, Action::SetTrustees(trustees(&five, &next, None)), &ENOUGH),
        (9, Action::CloseRing(next.id), &ENOUGH),
        (9, Action::CloseRing(old().id), &["person:anna-berg"]),
        (10, Action::SetRing(next), &ENOUGH),
        (10, Action::CloseRing(old().id), &ENOUGH),
        (18, Action::SetRing(old()), &ENOUGH),
        (18, Action::CloseRing(old().id), &ENOUGH),
        (18, Action::RemoveTrustee(public("trustee:5")), &["person:anna-berg"]),
        (19, tampered(|new| new.id = Digest([9; 32])), &ENOUGH),
    ];
    let (start, mut listed) = (world.now, Vec::new());
    for (day, action, signers) in steps {
        world.now = start.plus(day * DAY);
        let change = serde_json::to_string(&world.next_change(action)).unwrap();
        let leaf = control_leaf(&change, signers);
        let rejected = world.control.rejected().len();
        world.fold(&leaf);
        let state = world.control.at(world.now);
        let (body, sigs) = sealed(&leaf);
        listed.push(json!({
            "body": body, "sigs": sigs, "witnessed": world.now, "accepted": world.control.rejected().len() == rejected,
            "totals": null, "state": state.digest(), "state_text": serde_json::to_string(&state).unwrap(),
        }));
    }
    let made = json!({
        "description": "A journal in which the keys are rotated, docs/formats/control.md, in the form of folding.json.",
        "genesis": {"body": body, "sigs": sigs, "digest": digest},
        "steps": listed,
    });
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/verify/rotation.json");
    if std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(kept == made, "rotation.json is not what the code makes");
}
