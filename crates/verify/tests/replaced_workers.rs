//! A lost worker's duties go on with the one that takes its place, and with nobody else. `vectors/verify/replaced-workers.json`,
//! written by `COUNTERSIGN_WRITE_VECTORS=1`, holds the control leaves of one such journal.

use crate::world::*;
use base64ct::{Base64, Encoding};
use countersign_core::control::Action;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::DAY;
use countersign_core::worker::{Binding, Worker};
use countersign_verify::refusal::Code;
use countersign_verify::state::in_words;
use serde_json::{Value, json};

fn second() -> Worker {
    Worker { identity: public("worker-two"), ..worker() }
}

fn third() -> Worker {
    Worker { identity: public("worker-three"), ..worker() }
}

fn replace(lost: &Worker, by: Worker) -> Action {
    Action::ReplaceWorker { replaces: lost.digest(), worker: by }
}

fn rejected(world: &mut World, action: Action) -> String {
    let count = world.control.rejected().len();
    world.change(action, &ENOUGH);
    assert_eq!(world.control.rejected().len(), count + 1);
    world.control.rejected().last().unwrap().reason.clone()
}

/// A world in which the second worker took the place of the first a day ago.
fn replaced_world() -> World {
    let mut world = World::new();
    let now = world.now;
    world.now = now.plus(-16 * DAY);
    world.change(Action::AddWorker(worker()), &ENOUGH);
    world.now = now.plus(-8 * DAY);
    world.change(replace(&worker(), second()), &ENOUGH);
    assert_eq!(world.control.rejected(), []);
    world.now = now;
    world
}

/// The case with a binding of this worker.
fn bound_by(world: &World, case: &Case, worker: &Worker, key: &str) -> Case {
    let binding = Binding { worker: worker.digest(), ..world.binding(&case.order, case.index) };
    Case { binding: Some(signed_binding(binding, key)), ..case.clone() }
}

#[test]
fn duties_go_on_with_the_worker_that_took_the_lost_ones_place() {
    let mut world = replaced_world();
    let standing = world.standing();
    let run = world.run(&standing, None, &[1]);
    // The lost worker's own binding counts for nothing any more, nor one that the new one signs in its name.
    assert_eq!(world.ask(&run, 1).map(drop).unwrap_err().code(), Code::BindingInvalid);
    let in_its_name = bound_by(&world, &run, &worker(), "worker-two");
    assert_eq!(world.ask(&in_its_name, 1).map(drop).unwrap_err().code(), Code::BindingInvalid);
    let new = bound_by(&world, &run, &second(), "worker-two");
    let plan = world.ask(&new, 1).unwrap();
    assert_eq!(plan.recipient, worker_secret(&run.order.digest()).public().unwrap().digest());
    assert_eq!(plan.recipient_key, Base64::encode_string(worker_secret(&run.order.digest()).public().unwrap().bytes()));

    // Replaced again, the duties go on with the third; removed, with nobody.
    world.change(replace(&second(), third()), &ENOUGH);
    world.now = world.now.plus(7 * DAY);
    let run = world.run(&standing, None, &[1]);
    let second_again = bound_by(&world, &run, &second(), "worker-two");
    assert_eq!(world.ask(&second_again, 1).map(drop).unwrap_err().code(), Code::BindingInvalid);
    assert!(world.ask(&bound_by(&world, &run, &third(), "worker-three"), 1).is_ok());
    world.change(Action::RemoveWorker(third().digest()), &["person:anna-berg"]);
    let run = world.run(&standing, None, &[1]);
    let removed = bound_by(&world, &run, &third(), "worker-three");
    assert_eq!(world.ask(&removed, 1).map(drop).unwrap_err().code(), Code::WorkerNotInForce);
}

#[test]
fn orders_of_cases_are_not_taken_over() {
    let mut world = replaced_world();
    let draft = world.worker_draft();
    let case = world.publish_bound(draft);
    for (by, key) in [(worker(), "worker-one"), (second(), "worker-two")] {
        let case = bound_by(&world, &case, &by, key);
        assert_eq!(world.ask(&case, 1).map(drop).unwrap_err().code(), Code::WorkerNotInForce, "{key}");
    }
}

#[test]
fn a_worker_is_replaced_by_its_like_while_nobody_has_removed_it() {
    let mut world = World::with_worker();
    let other = |change: &dyn Fn(&mut Worker)| {
        let mut new = second();
        change(&mut new);
        replace(&worker(), new)
    };
    for (action, expected) in [
        (other(&|new| new.code = Digest([7; 32])), "runs another program"),
        (other(&|new| new.state = state("XC")), "law of another state"),
        (other(&|new| new.identity = worker().identity), "has the key that was lost"),
        (replace(&third(), second()), "is not replaced"),
    ] {
        let reason = rejected(&mut world, action);
        assert!(reason.contains(expected), "{reason}");
    }
    // Two signatures short of an addition, and before its day, it is nobody.
    world.change(replace(&worker(), second()), &ENOUGH[..4]);
    assert!(world.control.rejected().last().unwrap().reason.contains("2 of 3 trustees"));
    let words = in_words(&world.next_change(replace(&worker(), second())), &world.control.at(world.now)).join("\n");
    assert!(words.contains("they are not signed again") && words.contains("worker-one"), "{words}");
    world.change(replace(&worker(), second()), &ENOUGH);
    let waiting = world.now;
    assert!(world.control.at(waiting.plus(7 * DAY - 1)).workers().contains_key(&worker().digest()));
    let then = world.control.at(waiting.plus(7 * DAY));
    assert!(then.workers().keys().eq([&second().digest()]));
    let twice = rejected(&mut world, Action::AddWorker(Worker { name: person_id("worker-x"), ..second() }));
    assert!(twice.contains("would share its name or its key"), "{twice}");

    // Removed before its day, the lost one has no successor.
    world.change(Action::RemoveWorker(worker().digest()), &["person:anna-berg"]);
    let then = world.control.at(waiting.plus(30 * DAY));
    assert!(then.workers().is_empty());
    let late = rejected(&mut world, replace(&worker(), second()));
    assert!(late.contains("one that was removed is not replaced"), "{late}");

    let mut attested = World::new();
    let with = |identity: &str, attestation| Worker { identity: public(identity), attestation, ..worker() };
    let first = with("worker-one", Some(Digest([5; 32])));
    attested.change(Action::AddWorker(first.clone()), &ENOUGH);
    attested.now = attested.now.plus(7 * DAY);
    let bare = rejected(&mut attested, replace(&first, with("worker-two", None)));
    assert!(bare.contains("has no attestation"), "{bare}");
    attested.change(replace(&first, with("worker-two", Some(Digest([6; 32])))), &ENOUGH);
    assert_eq!(attested.control.rejected().len(), 1);
}

#[test]
fn the_vectors_are_what_the_code_makes() {
    let mut world = World::new();
    let sealed = |leaf: &countersign_tlog::leaf::ControlLeaf| -> (String, Vec<Value>) {
        let sigs = leaf.signatures().iter().map(|one| json!({"by": one.by, "sig": one.sig})).collect();
        (leaf.body().to_owned(), sigs)
    };
    let (body, sigs) = sealed(&control_leaf(Exact::write(genesis()).unwrap().text(), &genesis_signers()));
    let digest = world.control.genesis().digest();
    let steps: Vec<(i64, Action, &[&str])> = vec![
        (0, replace(&worker(), second()), &ENOUGH),
        (0, Action::AddWorker(worker()), &ENOUGH),
        (7, replace(&worker(), Worker { code: Digest([7; 32]), ..second() }), &ENOUGH),
        (7, replace(&worker(), Worker { state: state("XC"), ..second() }), &ENOUGH),
        (7, replace(&worker(), Worker { name: person_id("worker-x"), ..worker() }), &ENOUGH),
        (7, replace(&worker(), second()), &ENOUGH[..4]),
        (7, replace(&worker(), second()), &ENOUGH),
        (8, replace(&worker(), third()), &ENOUGH),
        (14, Action::RemoveWorker(third().digest()), &["person:anna-berg"]),
        (14, replace(&second(), third()), &ENOUGH),
        (
            21,
            Action::AddWorker(Worker { name: person_id("worker-x"), identity: public("worker-x"), ..worker() }),
            &ENOUGH,
        ),
        (28, replace(&third(), second()), &ENOUGH),
        (29, Action::RemoveWorker(third().digest()), &["person:anna-berg"]),
        (36, replace(&third(), second()), &ENOUGH),
    ];
    let (start, mut listed) = (world.now, Vec::new());
    for (day, action, signers) in steps {
        world.now = start.plus(day * DAY);
        let leaf = control_leaf(&serde_json::to_string(&world.next_change(action)).unwrap(), signers);
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
        "description": "A journal in which workers are replaced, docs/formats/control.md, in the form of folding.json.",
        "genesis": {"body": body, "sigs": sigs, "digest": digest},
        "steps": listed,
    });
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/verify/replaced-workers.json");
    if std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(kept == made, "replaced-workers.json is not what the code makes");
}
