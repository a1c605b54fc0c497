//! Trustees come and go together with the shares that they hold; nobody answers with the shares of another epoch.

use crate::world::*;
use countersign_core::control::{Action, RingRef, SetTrustees};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::DAY;
use countersign_verify::evidence::{Fault, open_package, verify_evidence};
use countersign_verify::refusal::Code;
use countersign_verify::state::in_words;
use proptest::prelude::*;

const DEALERS: [u16; 3] = [1, 3, 4];

/// A world in which these changes were published by those who can.
fn after(actions: &[Action]) -> World {
    let mut world = World::new();
    for action in actions {
        world.change(action.clone(), &ENOUGH);
        assert_eq!(world.control.rejected(), []);
    }
    world
}

fn rejected(world: &mut World, action: Action) -> String {
    let count = world.control.rejected().len();
    world.change(action, &ENOUGH);
    assert_eq!(world.control.rejected().len(), count + 1);
    world.control.rejected().last().unwrap().reason.clone()
}

fn in_force(world: &World) -> RingRef {
    world.control.at(world.now).ring().unwrap().clone()
}

/// A later share epoch that nobody dealt: the fold knows only its digest.
fn named(epoch: u32, tag: u8) -> RingRef {
    RingRef { id: founded().ring.value().id(), share_epoch: epoch, shares: Digest([tag; 32]) }
}

fn six() -> Vec<String> {
    names(&[1, 2, 3, 4, 5, 6])
}

type Tamper<'t> = &'t dyn Fn(&mut SetTrustees);

// coming into force

#[test]
fn members_and_their_shares_come_into_force_together_after_seven_days() {
    let mut world = World::new();
    let ring = named(2, 9);
    world.change(Action::SetTrustees(trustees(&six(), &ring, None)), &ENOUGH);
    let (before, start) = (world.control.at(world.now), world.now);
    assert_eq!(world.control.at(start.plus(7 * DAY - 1)), before);
    assert_eq!((before.trustees(), before.members().len()), (Some((3, 5)), 5));
    assert!(before.trustee(6).is_none());
    let then = world.control.at(start.plus(7 * DAY));
    assert_eq!((then.trustees(), then.ring()), (Some((3, 6)), Some(&ring)));
    assert_eq!(then.trustee(6), Some(&member(6, "trustee:6")));
    assert_ne!(then.digest(), before.digest());
    // Those who made the ring are still those who confirmed it.
    assert_eq!(then.makers_of(&ring.id), before.members());
    assert_eq!(then.makers_of(&Digest([1; 32])), then.members());
}

#[test]
fn the_index_ring_goes_with_them() {
    let index = RingRef { id: Digest([4; 32]), share_epoch: 1, shares: Digest([5; 32]) };
    let mut world = after(&[Action::SetIndexRing(index.clone())]);
    world.now = world.now.plus(7 * DAY);
    let next = RingRef { share_epoch: 2, ..index.clone() };
    assert!(rejected(&mut world, Action::SetTrustees(trustees(&six(), &named(2, 9), None))).contains("the rings"));
    let same = Action::SetTrustees(trustees(&six(), &named(2, 9), Some(&index)));
    assert!(rejected(&mut world, same).contains("has to rise"));
    world.change(Action::SetTrustees(trustees(&six(), &named(2, 9), Some(&next))), &ENOUGH);
    world.now = world.now.plus(7 * DAY);
    assert_eq!(world.control.at(world.now).index_ring(), Some(&next));
}

#[test]
fn trustees_that_cannot_answer_are_rejected() {
    let good = || trustees(&six(), &named(2, 9), None);
    let other = named(2, 8);
    let changes: [(Tamper<'_>, &str); 10] = [
        (&|new| new.ring.shares = other.shares, "has not confirmed"),
        (&|new| new.ring.share_epoch = 3, "has not confirmed"),
        (&|new| new.ring.confirmed.swap(0, 5), "trustee 1 has not confirmed"),
        (&|new| new.ring.confirmed[5] = confirmation("trustee:5", &named(2, 9), 6), "trustee 6 has not confirmed"),
        (&|new| new.ring.confirmed[5] = confirmation("trustee:6", &named(2, 9), 5), "trustee 6 has not confirmed"),
        (&|new| new.members[5].identity = Digest([0; 32]), "trustee 6 has not confirmed"),
        (&|new| new.ring.id = Digest([1; 32]), "the rings in force"),
        (
            &|new| new.index_ring = Some(trustees(&six(), &RingRef { id: Digest([4; 32]), ..named(2, 9) }, None).ring),
            "the rings in force",
        ),
        (&|new| *new = trustees(&six(), &named(1, 9), None), "has to rise"),
        (&|new| *new = trustees(&names(&[1, 2]), &named(2, 9), None), "2 trustees would be left, 3 have to answer"),
    ];
    for (change, reason) in changes {
        let mut new = good();
        change(&mut new);
        let mut world = World::new();
        let found = rejected(&mut world, Action::SetTrustees(new));
        assert!(found.contains(reason), "{found}; expected {reason}");
    }
    after(&[Action::SetTrustees(good())]);
}

#[test]
fn a_document_of_trustees_keeps_its_own_rules() {
    let world = World::new();
    let written = |change: &dyn Fn(&mut SetTrustees)| {
        let mut new = trustees(&six(), &named(2, 9), None);
        change(&mut new);
        Exact::write(world.next_change(Action::SetTrustees(new))).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(written(&|_| {}), Ok(()));
    let bad: [(Tamper<'_>, &str); 4] = [
        (&|new| new.members[1].index = 3, "numbered"),
        (&|new| new.members[1].identity = new.members[0].identity, "share an identity"),
        (&|new| new.ring.confirmed.truncate(5), "one signature for each"),
        (&|new| new.index_ring = Some(new.ring.clone()), "sealing and for the index"),
    ];
    for (change, reason) in bad {
        let error = written(change).unwrap_err();
        assert!(error.contains(reason), "{error}; expected {reason}");
    }
}

#[test]
fn a_newcomer_signs_from_the_day_it_is_in_force_and_a_leaver_until_then() {
    let five: Vec<String> = [&names(&[1, 2, 3, 4])[..], &["newcomer".to_owned()]].concat();
    let mut world = after(&[Action::SetTrustees(trustees(&five, &named(2, 9), None))]);
    let policy = Action::SetPolicy(Digest([1; 32]));
    let with = |five: &'static str| ["person:anna-berg", "person:bruno-costa", "trustee:1", "trustee:2", five];
    let leaf = |world: &World, key: &str| {
        let body = Exact::write(world.next_change(policy.clone())).unwrap();
        let mut leaf = control_leaf(body.text(), &with("trustee:5"));
        if key == "newcomer" {
            let mut signatures = leaf.signatures().to_vec();
            signatures[4].sig = control_leaf(body.text(), &["newcomer"]).signatures()[0].sig.clone();
            let (id, tick) = (leaf.id(), leaf.tick());
            leaf = countersign_tlog::leaf::ControlLeaf::new(id, tick, body.text().into(), signatures).unwrap();
        }
        leaf
    };
    let accepts = |world: &World, key: &str| {
        let (mut control, leaf) = (world.control.clone(), leaf(world, key));
        control.fold(9, &leaf, world.now);
        control.next_number() != world.control.next_number()
    };
    assert_eq!((accepts(&world, "trustee:5"), accepts(&world, "newcomer")), (true, false));
    world.now = world.now.plus(7 * DAY);
    assert_eq!((accepts(&world, "trustee:5"), accepts(&world, "newcomer")), (false, true));
}

#[test]
fn what_was_agreed_on_under_other_trustees_lapses() {
    // A refresh that is cooling, and trustees that come before it.
    let mut late = World::new();
    let mut refresh = late.next_change(Action::SetRing(named(2, 7)));
    refresh.effective = late.now.plus(20 * DAY);
    late.fold(&control_leaf(Exact::write(refresh).unwrap().text(), &ENOUGH));
    late.change(Action::SetTrustees(trustees(&six(), &named(2, 9), None)), &ENOUGH);
    assert_eq!(late.control.waiting(late.now).count(), 2);
    for days in [7, 19, 20, 90] {
        let now = late.now.plus(days * DAY);
        assert_eq!(late.control.at(now).ring(), Some(&named(2, 9)), "{days}");
        assert_eq!(late.control.waiting(now).count(), 0, "{days}");
    }
    // The other way round: the shares of the trustees are behind, so neither they nor their shares come.
    let mut world = after(&[Action::SetRing(named(2, 7)), Action::SetTrustees(trustees(&six(), &named(2, 9), None))]);
    world.now = world.now.plus(30 * DAY);
    let state = world.control.at(world.now);
    assert_eq!((state.ring(), state.members().len()), (Some(&named(2, 7)), 5));
    // A rotation that the old trustees agreed on has no shares for the new ones.
    let ring = RingRef { id: Digest([3; 32]), share_epoch: 1, shares: Digest([3; 32]) };
    let mut world = World::new();
    let mut rotate = world.next_change(Action::SetRing(ring));
    rotate.effective = world.now.plus(8 * DAY);
    world.fold(&control_leaf(Exact::write(rotate).unwrap().text(), &ENOUGH));
    world.change(Action::SetTrustees(trustees(&six(), &named(2, 9), None)), &ENOUGH);
    world.now = world.now.plus(30 * DAY);
    assert_eq!(in_force(&world), named(2, 9));
}

#[test]
fn a_share_epoch_never_falls() {
    let mut world = after(&[Action::SetRing(named(3, 7))]);
    world.now = world.now.plus(7 * DAY);
    assert!(rejected(&mut world, Action::SetRing(named(3, 8))).contains("has to rise"));
    assert!(rejected(&mut world, Action::SetRing(named(1, 8))).contains("has to rise"));
}

// removal at once

#[test]
fn a_removed_trustee_neither_answers_nor_signs_from_the_next_leaf_on() {
    let mut world = World::new();
    let draft = world.draft();
    let mut case = world.publish(draft);
    world.change(Action::RemoveTrustee(public("trustee:2")), &["person:dora-egger"]);
    let state = world.control.at(world.now);
    assert_eq!((state.trustees(), state.members().len(), state.trustee(2)), (Some((3, 4)), 5, None));
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    assert_eq!(world.ask(&case, 2).unwrap_err().code(), Code::WrongAddressee);
    assert!(world.ask(&case, 1).is_ok());
    assert!(rejected(&mut world, Action::SetPolicy(Digest([1; 32]))).contains("`trustee:2` is not in force"));
}

#[test]
fn as_many_trustees_stay_as_have_to_answer_and_a_removed_one_does_not_come_back() {
    let mut world = World::new();
    world.change(Action::SetTrustees(trustees(&six(), &named(2, 9), None)), &ENOUGH);
    world.change(Action::RemoveTrustee(public("trustee:6")), &["trustee:1"]);
    assert_eq!(world.control.waiting(world.now).count(), 0, "what would have brought it is cancelled");
    let again = Action::SetTrustees(trustees(&six(), &named(2, 9), None));
    assert!(rejected(&mut world, again).contains("trustee 6 was removed"));
    world.change(Action::RemoveTrustee(public("trustee:5")), &["trustee:1"]);
    world.change(Action::RemoveTrustee(public("trustee:4")), &["trustee:1"]);
    let count = world.control.rejected().len();
    world.change(Action::RemoveTrustee(public("trustee:3")), &["trustee:1"]);
    assert_eq!(world.control.rejected().len(), count + 1);
    assert!(world.control.rejected().last().unwrap().reason.contains("2 trustees would be left"));
    assert_eq!(world.control.at(world.now).trustees(), Some((3, 3)));
}

#[test]
fn evidence_does_not_count_a_trustee_that_was_removed_before() {
    let mut world = World::new();
    let draft = world.draft();
    let case = world.publish(draft);
    let mut given = vec![world.give(&case, 1), world.give(&case, 2)];
    world.change(Action::RemoveTrustee(public("trustee:2")), &["trustee:1"]);
    let mut later = case.request(3, world.now);
    later.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    world.send(later.clone()).unwrap();
    let mut fresh = Case { leaf: later.leaf, ..case };
    given.push(world.give(&fresh, 3));
    fresh.leaf.seasoned = None;
    let fault = evidence_fault(&world, &fresh, &given);
    assert!(fault.file == "receipts/2.signed" && fault.reason.contains("was removed"), "{fault}");
    given[1] = world.give(&fresh, 4);
    verify_evidence(&world.evidence(&fresh, &given), None).map(drop).unwrap();
}

// answers

fn evidence_fault(world: &World, case: &Case, given: &[Given]) -> Fault {
    verify_evidence(&world.evidence(case, given), None).map(drop).unwrap_err()
}

/// A world in which `held` is cooling, and one in which it is in force and loaded by everybody.
fn across(keys: &[String]) -> (World, World, Held) {
    let mut before = World::new();
    let held = before.deal(&DEALERS, keys);
    before.change(held.action(), &ENOUGH);
    assert_eq!(before.control.rejected(), []);
    let mut world = World::new();
    world.change(held.action(), &ENOUGH);
    world.now = world.now.plus(7 * DAY);
    world.hold(held.clone());
    (before, world, held)
}

#[test]
fn a_newcomer_answers_with_the_others_from_the_day_it_is_in_force() {
    let (mut before, mut world, held) = across(&six());
    let draft = world.draft();
    let case = world.publish(draft);
    let given = [2, 5, 6].map(|trustee| world.give(&case, trustee));
    let evidence = verify_evidence(&world.evidence(&case, &given), None).unwrap();
    assert_eq!(evidence.state.members().len(), 6);
    let opening = open_package(&world.package(&case, &given), &authority_secret(COURT), None, &seed("w")).unwrap();
    assert_eq!((opening.liars.len(), opening.cells.is_empty()), (0, false));

    // The shares before are no longer in force, whoever holds them.
    let old = world.held.clone();
    world.hold(Held::founding());
    assert_eq!(world.ask(&case, 1).unwrap_err().code(), Code::WrongShareEpoch);
    world.hold(old);
    let old_request = case.request(1, world.now);
    assert_eq!(old_request.share_epoch, 1);
    assert_eq!(world.send(old_request).unwrap_err().code(), Code::WrongShareEpoch);

    // Before its day nobody answers with the new shares, and the newcomer not at all.
    let draft = before.draft();
    let case = before.publish(draft);
    assert!(before.ask(&case, 1).is_ok());
    before.hold(held);
    assert_eq!(before.ask(&case, 1).unwrap_err().code(), Code::WrongShareEpoch);
    assert_eq!(before.ask(&case, 6).unwrap_err().code(), Code::WrongAddressee);
}

#[test]
fn a_leaver_answers_until_then_and_its_receipt_counts_for_nothing_after() {
    let four = names(&[1, 2, 3, 4]);
    let (mut before, mut world, _) = across(&four);
    let draft = before.draft();
    let case = before.publish(draft);
    let given = [1, 4, 5].map(|trustee| before.give(&case, trustee));
    verify_evidence(&before.evidence(&case, &given), None).map(drop).unwrap();

    let draft = world.draft();
    let case = world.publish(draft);
    assert_eq!(world.ask(&case, 5).unwrap_err().code(), Code::WrongAddressee);
    let mut given = [1, 2, 3].map(|trustee| world.give(&case, trustee));
    verify_evidence(&world.evidence(&case, &given), None).map(drop).unwrap();
    // It signs that it answered under the state in force, and under the one before.
    given[2].trustee = 5;
    given[2].receipt.trustee = 5;
    let fault = evidence_fault(&world, &case, &given);
    assert!(fault.file == "receipts/5.signed" && fault.reason.contains("expected key"), "{fault}");
    given[2].receipt.state = before.control.at(before.now).digest();
    given[2].receipt.share_epoch = 1;
    // As if it had seen the change late: then the others have answered with other shares.
    let fault = evidence_fault(&world, &case, &given);
    assert!(fault.reason.contains("shares of another epoch"), "{fault}");
}

#[test]
fn who_takes_the_number_of_a_leaver_does_not_answer_for_it() {
    let replaced: Vec<String> = ["trustee:1", "newcomer", "trustee:3", "trustee:4", "trustee:5"].map(Into::into).into();
    let (_, mut world, _) = across(&replaced);
    let draft = world.draft();
    let case = world.publish(draft);
    let mut given = [1, 2, 3].map(|trustee| world.give(&case, trustee));
    verify_evidence(&world.evidence(&case, &given), None).map(drop).unwrap();
    given[1].names[1] = "trustee:2".into();
    let fault = evidence_fault(&world, &case, &given);
    assert!(fault.file == "receipts/2.signed" && fault.reason.contains("expected key"), "{fault}");
}

/// Two trustees answered before the change, one after it: their answers do not belong together.
#[test]
fn answers_of_two_epochs_are_no_evidence() {
    let mut world = World::new();
    let held = world.deal(&DEALERS, &six());
    world.change(held.action(), &ENOUGH);
    world.now = world.now.plus(7 * DAY - 60);
    let draft = world.draft();
    let case = world.publish(draft);
    let mut given = vec![world.give(&case, 1), world.give(&case, 2)];
    world.now = world.now.plus(120);
    world.hold(held);
    given.push(world.give(&case, 3));
    let fault = evidence_fault(&world, &case, &given);
    assert!(fault.file == "receipts/1.signed" && fault.reason.contains("another epoch"), "{fault}");
    let given = [1, 2, 6].map(|trustee| world.give(&case, trustee));
    verify_evidence(&world.evidence(&case, &given), None).map(drop).unwrap();
}

// words

#[test]
fn a_change_of_trustees_says_who_comes_and_who_leaves() {
    let world = World::new();
    let keys: Vec<String> = ["trustee:1", "newcomer", "trustee:3", "trustee:4"].map(Into::into).into();
    let change = world.next_change(Action::SetTrustees(trustees(&keys, &named(2, 9), None)));
    let words = in_words(&change, &world.control.at(world.now)).join("\n");
    let comes = format!("identity `{}`", public("newcomer"));
    for part in [
        "4 trustees hold the keys, now 5",
        "comes in",
        &comes,
        "trustee 2 `trustee-2`",
        "leaves",
        "share epoch 2",
        "lapse",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let removal = world.next_change(Action::RemoveTrustee(public("trustee:2")));
    let words = in_words(&removal, &world.control.at(world.now)).join("\n");
    assert!(words.contains("trustee 2 `trustee-2`") && words.contains("4 trustees are left"), "{words}");
    let nobody = world.next_change(Action::RemoveTrustee(Digest([1; 32])));
    assert!(in_words(&nobody, &world.control.at(world.now))[0].contains("no trustee in force"));
}

// any sequence

/// What may be published, and how long after the last.
fn steps() -> impl Strategy<Value = Vec<(Action, i64, i64)>> {
    let epochs = 1_u32..5;
    let sizes = prop_oneof![Just(&[1, 2, 3, 4][..]), Just(&[1, 2, 3, 4, 5][..]), Just(&[1, 2, 3, 4, 5, 6][..])];
    // The shares named tell for how many they are: a wrong pair of members and shares is seen.
    let set = (sizes, epochs.clone()).prop_map(|(members, epoch)| {
        Action::SetTrustees(trustees(&names(members), &named(epoch, members.len() as u8), None))
    });
    let refresh = epochs.prop_map(|epoch| Action::SetRing(named(epoch, 200)));
    let removal = (1_u16..7).prop_map(|index| Action::RemoveTrustee(public(&format!("trustee:{index}"))));
    let action = prop_oneof![4 => set, 2 => refresh, 1 => removal];
    let late = prop_oneof![Just(0), Just(DAY), Just(7 * DAY - 1), Just(7 * DAY), Just(30 * DAY)];
    proptest::collection::vec((action, late, 0_i64..20), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn at_every_time_members_and_shares_belong_together(steps in steps()) {
        let mut world = World::new();
        let mut often = world.control.clone();
        let start = world.now;
        for (action, late, wait) in steps {
            world.now = world.now.plus(late);
            let mut change = world.next_change(action);
            change.effective = world.now.plus(wait * DAY);
            // Signed by trustees that stay in every set, so that removals stop them at most.
            let leaf = control_leaf(Exact::write(change).unwrap().text(), &ENOUGH);
            world.fold(&leaf);
            often.fold(world.journal.size() - 1, &leaf, world.now);
            // Somebody who looks every day.
            often.fold(1_000, &control_leaf::<&str>("{}", &[]), world.now);
        }
        let mut last = 0;
        for day in 0..400 {
            let now = start.plus(day * DAY);
            if now >= world.now {
                often.fold(1_000, &control_leaf::<&str>("{}", &[]), now);
                prop_assert_eq!(often.at(now), world.control.at(now));
                prop_assert_eq!(often.waiting(now).count(), world.control.waiting(now).count());
            }
            if now < world.now { continue; }
            let state = world.control.at(now);
            let ring = state.ring().unwrap();
            prop_assert_eq!(ring.id, founded().ring.value().id());
            prop_assert!(ring.share_epoch >= last);
            last = ring.share_epoch;
            let tag = ring.shares.0[0];
            if ring.shares != founded().epoch.digest() && tag != 200 {
                prop_assert_eq!(state.members().len(), usize::from(tag));
            }
            let (t, n) = state.trustees().unwrap();
            prop_assert!(t == T && n >= usize::from(t) && n <= state.members().len());
        }
    }
}
