//! Runs under a standing order: what it allows is answered, and nothing else.

use crate::world::*;
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::class::Class;
use countersign_core::control::Action;
use countersign_core::duty::Duty;
use countersign_core::id::{Digest, OrderId};
use countersign_core::json::Exact;
use countersign_core::order::{Instrument, Kind, Mode, Order};
use countersign_core::time::{DAY, HOUR};
use countersign_core::worker::Worker;
use countersign_verify::evidence::{Files, open_package, verify_evidence};
use countersign_verify::ledger::CounterKey;
use countersign_verify::refusal::Code;

fn refused(world: &World, case: &Case) -> Code {
    world.ask(case, 1).map(|_| ()).unwrap_err().code()
}

/// The refusal of a run under a standing order that differs from the good one.
fn refused_standing(change: impl FnOnce(&mut Duty, &mut Order)) -> Code {
    let mut world = World::with_worker();
    let mut duty = world.duty();
    let mut order = world.standing_order(&duty);
    change(&mut duty, &mut order);
    order.facts = Exact::write(duty.clone()).unwrap().digest();
    let standing = world.publish_standing(duty, order);
    let case = world.run(&standing, None, &[1]);
    refused(&world, &case)
}

/// The refusal of a run that differs from the good one.
fn refused_run(change: impl FnOnce(&World, &mut Draft)) -> Code {
    let mut world = World::with_worker();
    let standing = world.standing();
    let run = run_after(&standing, None);
    let mut draft = world.run_draft(&standing, &run, &[1]);
    change(&world, &mut draft);
    let case = world.publish_run(&standing, &run, draft);
    refused(&world, &case)
}

/// The refusal when the request differs from the good one.
fn refused_case(change: impl FnOnce(&World, &mut Case)) -> Code {
    let mut world = World::with_worker();
    let standing = world.standing();
    let mut case = world.run(&standing, None, &[1]);
    change(&world, &mut case);
    refused(&world, &case)
}

#[test]
fn a_run_is_planned_by_every_obliged_trustee_and_counted_under_its_duty_only() {
    let mut world = World::with_worker();
    let standing = world.standing();
    let case = world.run(&standing, None, &[1, 2]);
    // The reports go to an FIU, and trustee 5 is of `XG`, outside of the EEA.
    assert_eq!(world.ask(&case, N).unwrap_err().code(), Code::TrusteeNotObliged);
    for trustee in 1..N {
        let plan = world.ask(&case, trustee).unwrap();
        let place = plan.run.unwrap();
        assert_eq!((place.standing, place.number, place.previous), (standing.order.digest(), 1, None));
        assert_eq!(plan.recipient, worker_secret(&case.order.digest()).public().unwrap().digest());
        let expected = [
            CounterKey::Duty(standing.order.digest()),
            CounterKey::Kind(Kind::Duty),
            CounterKey::Class(Class::Name),
            CounterKey::Class(Class::Address),
        ];
        assert_eq!(plan.counters, expected);
    }
}

#[test]
fn a_standing_order_itself_opens_nothing() {
    let code = refused_run(|_, draft| {
        let scope = &mut draft.order.scope;
        (scope.subjects, scope.records) = (0, 0);
    });
    assert_eq!(code, Code::KindNotServed);
}

#[test]
fn the_documents_of_a_run_name_one_another() {
    assert_eq!(refused_case(|_, case| case.standing = None), Code::StandingMissing);
    assert_eq!(refused_case(|_, case| case.facts = "{}".into()), Code::FactsDiffer);
    assert_eq!(refused_run(|_, draft| draft.order.facts = Digest([1; 32])), Code::FactsDiffer);
    let other = |change: fn(&mut World) -> String, place: fn(&mut Case) -> &mut String| {
        refused_case(|_, case| {
            let mut world = World::with_worker();
            *place(case) = change(&mut world);
        })
    };
    let order = |world: &mut World| {
        let duty = world.duty();
        let order = Order { id: OrderId([9; 16]), ..world.standing_order(&duty) };
        Exact::write(order).unwrap().text().to_owned()
    };
    let duty = |world: &mut World| Exact::write(Duty { total: 9, ..world.duty() }).unwrap().text().to_owned();
    assert_eq!(other(order, |case| &mut case.standing.as_mut().unwrap().order), Code::FactsDiffer);
    assert_eq!(other(duty, |case| &mut case.standing.as_mut().unwrap().duty), Code::FactsDiffer);
}

#[test]
fn no_run_outlives_its_standing_order() {
    let over = |_: &mut Duty, order: &mut Order| {
        order.not_before = order.not_before.plus(-40 * DAY);
        order.expires = order.expires.plus(-29 * DAY - 1);
    };
    assert_eq!(refused_standing(over), Code::OutsideDuty);
    let mut world = World::with_worker();
    let standing = world.standing();
    let run = run_after(&standing, None);
    let mut draft = world.run_draft(&standing, &run, &[1]);
    draft.order.expires = standing.order.value().expires.plus(1);
    draft.order.not_before = draft.order.expires.plus(-HOUR);
    world.now = standing.order.value().expires.plus(-HOUR);
    draft.order.latest_opening = draft.order.expires.quarter_end();
    let case = world.publish_run(&standing, &run, draft);
    assert_eq!(refused(&world, &case), Code::OutsideDuty);
}

#[test]
fn a_run_stays_within_what_its_standing_order_says() {
    let outside = [
        refused_run(|_, draft| draft.order.case = Digest([1; 32])),
        refused_run(|_, draft| draft.order.authority = authority_id(COURT)),
        refused_run(|_, draft| draft.order.instrument.form = Instrument::Informal),
        refused_run(|_, draft| draft.order.recipient.key = Digest([1; 32])),
        refused_run(|_, draft| draft.order.recipient.mode = Mode::Authority),
        refused_run(|_, draft| draft.order.notice_due = Some(draft.order.expires)),
        refused_run(|_, draft| draft.order.not_before = draft.order.not_before.plus(-2 * DAY)),
        refused_run(|_, draft| draft.order.expires = draft.order.not_before.plus(DAY + 1)),
        refused_run(|world, draft| {
            draft.records = vec![world.record_of(head(1), &[Class::Name, Class::Transfers])];
            draft.list();
            draft.order.scope.manifest = draft.manifest.root().unwrap();
        }),
    ];
    assert_eq!(outside, [Code::OutsideDuty; 9]);
    let mut world = World::with_worker();
    let standing = world.standing();
    let case = world.run(&standing, None, &[1, 2, 3, 4, 5, 6]);
    assert_eq!(refused(&world, &case), Code::OutsideDuty, "five people in one run");
}

#[test]
fn only_a_run_comes_with_a_standing_order() {
    let mut world = World::with_worker();
    let standing = world.standing();
    let draft = world.worker_draft();
    let mut case = world.publish_bound(draft);
    case.standing = Some(standing.evidence);
    assert_eq!(refused(&world, &case), Code::OutsideDuty);
}

#[test]
fn a_standing_order_is_a_duty_for_a_worker_with_its_own_words() {
    let outside = [
        refused_standing(|duty, _| duty.case = Digest([1; 32])),
        refused_standing(|duty, _| duty.authority = authority_id(COURT)),
        refused_standing(|duty, _| duty.classes = only(Class::Name)),
        refused_standing(|_, order| order.recipient.mode = Mode::Authority),
        refused_standing(|_, order| order.delay = Some(Digest([1; 32]))),
        refused_standing(|duty, _| duty.code = Digest([1; 32])),
    ];
    assert_eq!(outside, [Code::OutsideDuty; 6]);
    let policy = refused_standing(|_, order| order.policy = Digest([1; 32]));
    assert_eq!(policy, Code::OutsideDuty);
    let destination = refused_standing(|duty, _| duty.destination = Digest([1; 32]));
    assert_eq!(destination, Code::RecipientNotInForce);
}

#[test]
fn the_standing_order_must_be_public_too() {
    let leaf = refused_case(|_, case| {
        let own = case.leaf.clone();
        case.standing.as_mut().unwrap().leaf = own;
    });
    assert_eq!(leaf, Code::LeafDiffers);
    let proof = refused_case(|_, case| {
        let own = case.leaf.proof.clone();
        case.standing.as_mut().unwrap().leaf.proof = own;
    });
    assert_eq!(proof, Code::NotPublic);
    let stale = refused_case(|world, case| {
        let standing = case.standing.as_mut().unwrap();
        standing.leaf.proof =
            world.journal.proof(case.index - 2, world.journal.size(), &[world.now.plus(-2 * HOUR); 2]);
    });
    assert_eq!(stale, Code::CheckpointStale);
}

#[test]
fn the_standing_order_is_signed_by_enough_people_in_force() {
    let signed_by = |signers: &[&str]| {
        let mut world = World::with_worker();
        let duty = world.duty();
        let order = world.standing_order(&duty);
        let standing = world.publish_standing_signed(duty, order, signers);
        let case = world.run(&standing, None, &[1]);
        world.ask(&case, 1).map(|_| ()).map_err(|refusal| refusal.code())
    };
    assert_eq!(signed_by(&["anna-berg", "bruno-costa"]), Ok(()));
    assert_eq!(signed_by(&["bruno-costa", "carla-diaz"]), Ok(()));
    assert_eq!(signed_by(&["bruno-costa"]), Err(Code::PolicyDenied));
    assert_eq!(signed_by(&[]), Err(Code::PolicyDenied));
    assert_eq!(signed_by(&["anna-berg", "anna-berg"]), Err(Code::ApprovalRepeated));
    // A refusal beside two approvals.
    let against = refused_case(|world, case| {
        let standing = case.standing.as_mut().unwrap();
        let order = Exact::<Order>::parse(standing.order.as_bytes()).unwrap();
        let at = world.now.plus(-HOUR - 60);
        standing.approvals.push(approval(&order, "carla-diaz", SignerRole::Approver, Verdict::Refuse, at));
    });
    assert_eq!(against, Code::PolicyDenied);
    let of_run = refused_case(|world, case| {
        let at = world.now.plus(-HOUR - 60);
        case.approvals = vec![approval(&case.order, "carla-diaz", SignerRole::Approver, Verdict::Approve, at)];
    });
    assert_eq!(of_run, Code::ApprovalInvalid, "nobody signs a run");
}

#[test]
fn whoever_leaves_the_roster_takes_the_signature_along() {
    let mut world = World::with_worker();
    let standing = world.standing();
    world.change(Action::RemovePerson(person_id("bruno-costa")), &["trustee:2"]);
    let case = world.run(&standing, None, &[1]);
    assert_eq!(refused(&world, &case), Code::ApproverNotInForce);
}

#[test]
fn a_held_standing_order_stops_at_once() {
    let mut world = World::with_worker();
    let standing = world.standing();
    let first = world.run(&standing, None, &[1]);
    assert!(world.ask(&first, 1).is_ok());
    world.change(Action::HoldOrder(standing.order.value().id), &["person:carla-diaz"]);
    let next = world.run(&standing, None, &[1]);
    assert_eq!(refused(&world, &next), Code::OrderHeld);
}

#[test]
fn a_worker_with_another_program_does_not_run_the_duty() {
    let mut world = World::with_worker();
    let now = world.now;
    let other =
        Worker { name: person_id("worker-two"), identity: public("worker-two"), code: Digest([0xee; 32]), ..worker() };
    world.now = now.plus(-7 * DAY);
    world.change(Action::AddWorker(other.clone()), &ENOUGH);
    world.now = now;
    let duty = world.duty();
    let mut order = world.standing_order(&duty);
    order.recipient.key = other.digest();
    let standing = world.publish_standing(duty, order);
    let mut case = world.run(&standing, None, &[1]);
    let mut binding = world.binding(&case.order, case.index);
    binding.worker = other.digest();
    case.binding = Some(signed_binding(binding, "worker-two"));
    assert_eq!(refused(&world, &case), Code::OutsideDuty);
}

// numbers and counts

#[test]
fn runs_follow_one_another_and_the_last_may_be_asked_again() {
    let mut world = World::with_worker();
    let standing = world.standing();
    let first = world.run(&standing, None, &[1]);
    world.ask(&first, 1).unwrap().remember(&mut world.ledger, at("2026-11-20T13:00:00Z"));
    assert!(world.ask(&first, 1).unwrap().replay);
    // Another order under the first number.
    let run = run_after(&standing, None);
    let mut draft = world.run_draft(&standing, &run, &[2]);
    draft.order.id = OrderId([0x77; 16]);
    let again = world.publish_run(&standing, &run, draft);
    assert_eq!(refused(&world, &again), Code::RunOutOfTurn);
    // The second after something else than the first.
    let wrong = world.run(&standing, Some((1, Digest([7; 32]))), &[2]);
    assert_eq!(refused(&world, &wrong), Code::RunOutOfTurn);
    let second = world.run(&standing, Some((1, first.order.digest())), &[2]);
    world.ask(&second, 1).unwrap().remember(&mut world.ledger, at("2026-11-20T13:00:00Z"));
    assert_eq!(refused(&world, &first), Code::RunOutOfTurn, "an earlier one is over");
    // A trustee that was not asked for a while knows only that numbers rise.
    let fifth = world.run(&standing, Some((4, Digest([9; 32]))), &[3]);
    assert!(world.ask(&fifth, 1).is_ok());
}

#[test]
fn all_runs_together_stop_at_the_cap_of_the_duty() {
    let mut world = World::with_worker();
    let standing = world.standing();
    // Eight people in all, three of five trustees: five people here.
    let first = world.run(&standing, None, &[1, 2, 3]);
    let plan = world.ask(&first, 1).unwrap();
    plan.remember(&mut world.ledger, at("2026-11-20T13:00:00Z"));
    let key = CounterKey::Duty(standing.order.digest());
    assert_eq!(world.ledger.people(&key, 90, world.now), 3);
    let before = Some((1, first.order.digest()));
    let three = world.run(&standing, before, &[4, 5, 6]);
    assert_eq!(refused(&world, &three), Code::CapDuty);
    let two = world.run(&standing, before, &[4, 5]);
    assert!(world.ask(&two, 1).is_ok());
    // Of days long past too.
    world.now = world.now.plus(20 * DAY);
    let later = world.run(&standing, before, &[4, 5, 6]);
    assert_eq!(refused(&world, &later), Code::CapDuty);
}

// evidence

fn answered() -> (World, Case, Vec<Given>) {
    let mut world = World::with_worker();
    let standing = world.standing();
    let case = world.run(&standing, None, &[1, 2]);
    let given = [1, 2, 3].map(|trustee| world.give(&case, trustee)).to_vec();
    (world, case, given)
}

#[test]
fn a_run_is_evidence_for_itself_and_its_standing_order() {
    let (world, case, given) = answered();
    let files = world.package(&case, &given);
    let opening = open_package(&files, &worker_secret(&case.order.digest()), None, &seed("weights")).unwrap();
    assert_eq!(opening.cells.len(), 4);
    assert_eq!(opening.evidence.duty.unwrap().value(), &world.duty());
    assert!(opening.evidence.policy_rerun);
    assert_eq!(opening.evidence.signers, ["anna-berg", "bruno-costa"]);
}

#[test]
fn evidence_of_a_run_lacks_nothing_of_its_standing_order() {
    let (mut world, case, given) = answered();
    let good = world.evidence(&case, &given);
    let fault = |change: &dyn Fn(&mut Files)| {
        let mut files = good.clone();
        change(&mut files);
        relist(&mut files);
        verify_evidence(&files, None).map(|_| ()).unwrap_err().file
    };
    for name in ["order.json", "duty.json", "order.leaf", "order.disclosures.json", "order.tlog-proof"] {
        let path = format!("standing/{name}");
        assert_eq!(fault(&|files| drop(files.remove(&path))), path);
    }
    assert_eq!(fault(&|files| drop(files.remove("facts.json"))), "facts.json");
    assert_eq!(fault(&|files| drop(files.remove("approvals/02.json"))), "approvals");
    let proof = good["order.tlog-proof"].clone();
    assert_eq!(
        fault(&|files| drop(files.insert("standing/order.tlog-proof".into(), proof.clone()))),
        "standing/order.tlog-proof"
    );
    // Held after the trustees had answered: they could not know. Held before: they must have.
    let standing = Exact::<Order>::parse(&good["standing/order.json"]).unwrap();
    world.change(Action::HoldOrder(standing.value().id), &["trustee:4"]);
    let later = world.evidence(&case, &given);
    assert!(verify_evidence(&later, None).is_ok());
    let mut lied = given.clone();
    for one in &mut lied {
        one.receipt.journal_size = world.seen.size();
        one.receipt.journal_root = Digest(*world.seen.root().unwrap().as_bytes());
        one.receipt.state = world.control.at(world.now).digest();
    }
    let held = world.evidence(&case, &lied);
    assert_eq!(verify_evidence(&held, None).map(|_| ()).unwrap_err().file, "standing/order.json");
}
