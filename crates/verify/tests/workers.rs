//! Orders that name a worker: who may read, and that nobody can take the worker's place.

use crate::world::*;
use countersign_core::class::Class;
use countersign_core::control::Action;
use countersign_core::id::{CustodianId, Digest};
use countersign_core::order::Mode;
use countersign_core::time::{DAY, HOUR};
use countersign_core::worker::{Binding, Worker};
use countersign_verify::evidence::{Files, open_package, public_order, verify_evidence};
use countersign_verify::refusal::Code;

fn good() -> (World, Case) {
    let mut world = World::with_worker();
    let draft = world.worker_draft();
    let case = world.publish_bound(draft);
    (world, case)
}

fn refused(world: &World, case: &Case) -> Code {
    world.ask(case, 1).map(|_| ()).unwrap_err().code()
}

/// The refusal when the worker signs something else.
fn refused_binding(change: impl FnOnce(&mut Binding)) -> Code {
    let (world, mut case) = good();
    let mut binding = world.binding(&case.order, case.index);
    change(&mut binding);
    case.binding = Some(signed_binding(binding, "worker-one"));
    refused(&world, &case)
}

#[test]
fn replies_are_encrypted_to_the_key_that_the_worker_made_for_this_order() {
    let (world, case) = good();
    let key = worker_secret(&case.order.digest()).public().unwrap();
    for trustee in 1..=N {
        let plan = world.ask(&case, trustee).unwrap();
        assert_eq!((plan.recipient, plan.recipient_key), (key.digest(), base64(key.bytes())));
        assert!(plan.bound.is_some() && plan.run.is_none());
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    Base64::encode_string(bytes)
}

#[test]
fn a_worker_counts_only_when_it_has_cooled_and_until_it_is_removed() {
    let (mut world, mut case) = good();
    world.change(Action::RemoveWorker(worker().digest()), &["trustee:4"]);
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    assert_eq!(refused(&world, &case), Code::WorkerNotInForce);

    let mut world = World::new();
    world.change(Action::AddWorker(worker()), &ENOUGH);
    let draft = world.worker_draft();
    let case = world.publish_bound(draft);
    assert_eq!(refused(&world, &case), Code::WorkerNotInForce);
    world.change(Action::RemoveWorker(worker().digest()), &["trustee:4"]);
    world.now = world.now.plus(8 * DAY);
    assert!(world.control.at(world.now).workers().is_empty(), "a removal cancels what is cooling");
}

#[test]
fn a_worker_is_registered_like_every_addition_and_never_twice() {
    let mut world = World::new();
    world.change(Action::AddWorker(worker()), &["person:anna-berg", "trustee:1", "trustee:2", "trustee:3"]);
    assert!(world.control.rejected()[0].reason.contains("signed by 1 of 2 approvers"));
    world.change(Action::AddWorker(worker()), &ENOUGH);
    let same_name = Worker { identity: public("worker-two"), ..worker() };
    let same_key = Worker { name: person_id("worker-two"), ..worker() };
    for other in [worker(), same_name, same_key] {
        let before = world.control.rejected().len();
        world.change(Action::AddWorker(other), &ENOUGH);
        assert!(world.control.rejected()[before].reason.contains("would share its name or its key"));
    }
    let other = Worker { name: person_id("worker-two"), identity: public("worker-two"), ..worker() };
    world.change(Action::AddWorker(other.clone()), &ENOUGH);
    world.now = world.now.plus(7 * DAY);
    let state = world.control.at(world.now);
    assert_eq!(state.workers().len(), 2);
    assert_eq!(state.workers()[&other.digest()], other);
}

#[test]
fn the_state_digest_names_the_workers_and_is_as_before_without_any() {
    let plain = World::new();
    let world = World::with_worker();
    assert_ne!(plain.control.at(plain.now).digest(), world.control.at(world.now).digest());
    let mut removed = World::with_worker();
    removed.change(Action::RemoveWorker(worker().digest()), &["trustee:1"]);
    assert_eq!(plain.control.at(plain.now).digest(), removed.control.at(removed.now).digest());
}

#[test]
fn a_binding_is_the_workers_own_to_this_order() {
    let (world, mut case) = good();
    case.binding = None;
    assert_eq!(refused(&world, &case), Code::BindingInvalid);
    let binding = world.binding(&case.order, case.index);
    for forged in [signed_binding(binding.clone(), "desk"), "".into(), "{}".into()] {
        case.binding = Some(forged);
        assert_eq!(refused(&world, &case), Code::BindingInvalid);
    }
    let other = [0x99; 32];
    assert_eq!(refused_binding(|binding| binding.order = Digest(other)), Code::BindingInvalid);
    assert_eq!(refused_binding(|binding| binding.worker = Digest(other)), Code::BindingInvalid);
    assert_eq!(refused_binding(|binding| binding.custodian = CustodianId([9; 16])), Code::BindingInvalid);
    assert_eq!(refused_binding(|binding| binding.index += 1), Code::BindingInvalid);
    assert_eq!(refused_binding(|binding| binding.at = binding.at.plus(-3 * HOUR)), Code::BindingInvalid);
    assert_eq!(refused_binding(|binding| binding.at = binding.at.plus(HOUR)), Code::BindingInvalid);
    assert_eq!(refused_binding(|binding| binding.key.replace_range(..1, "!")), Code::BindingInvalid);
    // The right length, and no key.
    assert_eq!(refused_binding(|binding| binding.key = base64(&[0xff; 1216])), Code::BindingInvalid);
}

#[test]
fn a_binding_belongs_to_no_order_that_names_no_worker() {
    let mut world = World::with_worker();
    let draft = world.draft();
    let case = world.publish_bound(draft);
    assert_eq!(refused(&world, &case), Code::BindingInvalid);
}

#[test]
fn a_reviewer_is_no_reader_of_a_case() {
    let mut world = World::with_worker();
    let mut draft = world.draft();
    draft.order.recipient.mode = Mode::Reviewer;
    let case = world.publish(draft);
    assert_eq!(refused(&world, &case), Code::RecipientNotInForce);
}

#[test]
fn only_the_first_binding_that_a_trustee_answers_is_served() {
    let (mut world, mut case) = good();
    let plan = world.ask(&case, 1).unwrap();
    plan.remember(&mut world.ledger, world.now);
    assert!(world.ask(&case, 1).unwrap().replay);
    let mut second = world.binding(&case.order, case.index);
    second.key = base64(worker_secret(&Digest([1; 32])).public().unwrap().bytes());
    case.binding = Some(signed_binding(second, "worker-one"));
    assert_eq!(refused(&world, &case), Code::BoundBefore);
}

// windows

/// An order over the transfers of November for the days in between.
fn days(world: &World, from: &str, to: &str) -> Draft {
    let mut draft = world.draft_of(vec![world.month_of(1, 2026, 11)]);
    (draft.order.scope.from, draft.order.scope.to) = (Some(at(from)), Some(at(to)));
    draft
}

#[test]
fn a_worker_may_get_a_month_that_the_window_only_touches() {
    let mut world = World::with_worker();
    let draft = days(&world, "2026-11-03T00:00:00Z", "2026-11-04T00:00:00Z");
    let draft = world.for_worker(draft);
    let case = world.publish_bound(draft);
    assert!(world.ask(&case, 1).is_ok());

    let draft = days(&world, "2026-11-03T00:00:00Z", "2026-11-04T00:00:00Z");
    let case = world.publish(draft);
    assert_eq!(refused(&world, &case), Code::OutsideWindow, "an authority gets whole months only");

    for (from, to) in
        [("2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"), ("2026-10-30T00:00:00Z", "2026-11-01T00:00:00Z")]
    {
        let draft = days(&world, from, to);
        let draft = world.for_worker(draft);
        let case = world.publish_bound(draft);
        assert_eq!(refused(&world, &case), Code::OutsideWindow, "{from} {to}");
    }
    let mut draft = days(&world, "2026-11-03T00:00:00Z", "2026-11-04T00:00:00Z");
    (draft.order.scope.from, draft.order.scope.to) = (None, None);
    let draft = world.for_worker(draft);
    let case = world.publish_bound(draft);
    assert_eq!(refused(&world, &case), Code::OutsideWindow);
}

// evidence and package

#[test]
fn a_package_for_a_worker_opens_with_the_bound_key_and_no_other() {
    let (world, case) = good();
    let given: Vec<Given> = [1, 2, 3].map(|trustee| world.give(&case, trustee)).to_vec();
    let files = world.package(&case, &given);
    let secret = worker_secret(&case.order.digest());
    let opening = open_package(&files, &secret, None, &seed("weights")).unwrap();
    assert_eq!(opening.evidence.worker, Some(worker()));
    let mut classes: Vec<Class> = opening.cells.iter().map(|cell| cell.class).collect();
    classes.sort_unstable();
    assert_eq!(classes, [Class::Name, Class::Address]);
    let others = [authority_secret(COURT), worker_secret(&Digest([1; 32]))];
    for other in others {
        let fault = open_package(&files, &other, None, &seed("weights")).map(|_| ()).unwrap_err();
        assert!(fault.reason.contains("another recipient's key"), "{fault}");
    }
}

#[test]
fn evidence_for_a_worker_needs_its_binding_from_before_the_answers() {
    let (world, case) = good();
    let given: Vec<Given> = [1, 2, 3].map(|trustee| world.give(&case, trustee)).to_vec();
    let good = world.evidence(&case, &given);
    let evidence = verify_evidence(&good, None).unwrap();
    assert!(evidence.policy_rerun);
    let fault = |change: &dyn Fn(&mut countersign_verify::evidence::Files)| {
        let mut files = good.clone();
        change(&mut files);
        relist(&mut files);
        verify_evidence(&files, None).map(|_| ()).unwrap_err().file
    };
    assert_eq!(fault(&|files| drop(files.remove("binding.signed"))), "binding.signed");
    let mut late = world.binding(&case.order, case.index);
    late.at = world.now.plus(HOUR);
    let late = signed_binding(late, "worker-one");
    assert_eq!(fault(&|files| drop(files.insert("binding.signed".into(), late.clone().into()))), "binding.signed");
    assert_eq!(fault(&|files| drop(files.insert("standing/order.json".into(), b"{}".to_vec()))), "standing/order.json");
    assert_eq!(fault(&|files| drop(files.insert("standing/x".into(), b"{}".to_vec()))), "standing/x");
}

/// What the desk hands to a worker before anybody has answered.
fn job(world: &World, case: &Case) -> Files {
    let mut files = world.evidence(case, &[]);
    let before = |path: &String| {
        path.starts_with("control/")
            || ["order.json", "order.leaf", "order.disclosures.json", "order.tlog-proof"].contains(&path.as_str())
    };
    files.retain(|path, _| before(path));
    relist(&mut files);
    files
}

#[test]
fn a_worker_sees_for_itself_that_an_order_is_public() {
    let (world, case) = good();
    let genesis = world.control.genesis().digest();
    let good = job(&world, &case);
    let public = public_order(&good, Some(&genesis), world.now).unwrap();
    assert_eq!((public.order.digest(), public.included.index), (case.order.digest(), case.index));
    assert_eq!(public.state.workers()[&worker().digest()], worker());

    let fault = |change: &dyn Fn(&mut Files)| {
        let mut files = good.clone();
        change(&mut files);
        relist(&mut files);
        public_order(&files, Some(&genesis), world.now).map(|_| ()).unwrap_err().file
    };
    for path in ["order.json", "order.leaf", "order.disclosures.json", "order.tlog-proof", "control/0000000000.leaf"] {
        assert_eq!(fault(&|files| drop(files.remove(path))), path);
    }
    assert_eq!(fault(&|files| drop(files.insert("manifest.json".into(), b"{}".to_vec()))), "manifest.json");
    let other = public_order(&good, Some(&Digest([1; 32])), world.now).map(|_| ()).unwrap_err();
    assert_eq!(other.file, "control/0000000000.leaf");
    let late = public_order(&good, Some(&genesis), case.order.value().expires).map(|_| ()).unwrap_err();
    assert_eq!(late.file, "order.json");
}

#[test]
fn a_worker_does_not_begin_with_a_held_order() {
    let (mut world, case) = good();
    world.change(Action::HoldOrder(case.order.value().id), &["trustee:1"]);
    let fault = public_order(&job(&world, &case), None, world.now).map(|_| ()).unwrap_err();
    assert_eq!((fault.file.as_str(), fault.reason.contains("held")), ("order.json", true));
}
