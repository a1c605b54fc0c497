//! What is said of a change before it is a leaf is what the fold says of its leaf; and what it says in words.

use crate::world::*;
use countersign_core::control::{Action, Change, Person, Reach, RingRef, Role};
use countersign_core::id::{Digest, OrderId};
use countersign_core::json::Exact;
use countersign_core::time::{DAY, Timestamp};
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId};
use countersign_verify::state::{ChangeError, ControlState, Standing, in_words};
use proptest::prelude::*;

/// Everybody who can sign, and some who cannot: approvers, counsel, officer, trustees, strangers.
const PARTIES: [&str; 12] = [
    "person:anna-berg",
    "person:bruno-costa",
    "person:carla-diaz",
    "person:dora-egger",
    "person:emil-fuchs",
    "trustee:1",
    "trustee:2",
    "trustee:3",
    "trustee:4",
    "trustee:5",
    "person:mallory",
    "trustee:9",
];

fn actions() -> impl Strategy<Value = Action> {
    let people = prop_oneof![Just("anna-berg"), Just("carla-diaz"), Just("new-one"), Just("new-two")];
    let homes = prop_oneof![Just("XA"), Just("XB")];
    let removed = people.clone().prop_map(|id| Action::RemovePerson(person_id(id)));
    let added =
        (people.clone(), homes).prop_map(|(id, home)| Action::AddPerson(person(id, &[Role::Approver], home, false)));
    let revoked = people.prop_map(|id| Action::RevokeKey { person: person_id(id), key: roster_key(id) });
    prop_oneof![
        3 => added,
        2 => removed,
        1 => revoked,
        1 => (0_u8..3).prop_map(|n| Action::SetPolicy(Digest([n; 32]))),
        2 => (0_i64..40, any::<bool>()).prop_map(|(days, wider)| {
            let states = if wider { vec![state("XA"), state("XR")] } else { vec![state("XA")] };
            let reach = Reach { states, at: at("2026-11-18T00:00:00Z").plus(days * DAY) };
            Action::StateReach { person: person_id("anna-berg"), reach }
        }),
        1 => (0_u8..3).prop_map(|n| Action::HoldOrder(OrderId([n; 16]))),
        1 => Just(Action::SetWitnessPolicy("quorum none\n".into())),
        1 => (0_u8..3).prop_map(|n| Action::SetRing(RingRef { id: Digest([n; 32]), share_epoch: 2, shares: Digest([n; 32]) })),
    ]
}

/// A change: what it does, who signs it, by how much its number is off, and how long after the last one it comes.
type Step = (Action, Vec<bool>, u32, i64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let signers = prop_oneof![
        // Enough, most of the time; otherwise anybody.
        3 => Just((0..12).map(|place| [0, 1, 5, 6, 7].contains(&place)).collect::<Vec<bool>>()),
        2 => proptest::collection::vec(proptest::bool::weighted(0.4), 10).prop_map(|mut some| { some.extend([false; 2]); some }),
        1 => proptest::collection::vec(any::<bool>(), 12),
    ];
    let late = prop_oneof![Just(0), Just(DAY), Just(7 * DAY - 1), Just(7 * DAY), Just(30 * DAY)];
    proptest::collection::vec((actions(), signers, prop_oneof![9 => Just(0_u32), 1 => 1_u32..3], late), 1..8)
}

fn signed(change: &Exact<Change>, signers: &[bool]) -> Vec<ControlSignature> {
    let chosen: Vec<&str> = PARTIES.iter().zip(signers).filter(|(_, signs)| **signs).map(|(party, _)| *party).collect();
    control_leaf(change.text(), &chosen).signatures().to_vec()
}

/// Counted here by hand: the rules of the page, without the code that is tested.
fn enough(control: &ControlState, world: &World, action: &Action, signers: &[bool]) -> bool {
    let state = control.at(world.now);
    let signs = |place: usize| signers.get(place).copied().unwrap_or(false);
    let in_force = |place: usize| {
        let id = PARTIES[place].trim_start_matches("person:");
        state.people().get(&person_id(id)).is_some_and(|person| person.keys.contains(&roster_key(id)))
    };
    if (0..5).chain([10]).any(|place| signs(place) && !in_force(place)) || signs(11) {
        return false;
    }
    let approvers = (0..3).filter(|place| signs(*place)).count();
    let trustees = (5..10).filter(|place| signs(*place)).count();
    if action.only_removes() {
        approvers + trustees + usize::from(signs(3)) > 0
    } else if matches!(action, Action::StateReach { .. }) {
        // The counsel of the roster is independent, and the statements are about somebody else.
        signs(3)
    } else {
        approvers >= 2 && trustees >= 3
    }
}

/// Until a statement takes effect it takes no state away from anybody and makes no statement younger.
fn only_widens(before: &ControlState, after: &ControlState, then: Timestamp) -> Result<(), TestCaseError> {
    let (before, after) = (before.at(then), after.at(then));
    prop_assert!(before.people().keys().eq(after.people().keys()));
    for (person, then) in before.people().values().zip(after.people().values()) {
        prop_assert!(person.reach.states.iter().all(|state| then.reach.states.contains(state)), "{person:?} {then:?}");
        prop_assert!(then.reach.at <= person.reach.at);
        prop_assert_eq!(&Person { reach: person.reach.clone(), ..then.clone() }, person);
    }
    prop_assert_eq!((before.policy(), before.ring()), (after.policy(), after.ring()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_before_is_what_the_fold_says(steps in steps()) {
        let mut world = World::new();
        for (action, signers, off, late) in steps {
            world.now = world.now.plus(late);
            let mut change = world.next_change(action.clone());
            change.number += off;
            let change = Exact::write(change).unwrap();
            let signatures = signed(&change, &signers);
            let said = world.control.check_signed_change(&change, &signatures, world.now);
            let possible = world.control.check_next_change(change.value(), world.now);
            let by_hand = off == 0 && enough(&world.control, &world, &action, &signers) && possible.is_ok();
            prop_assert_eq!(said.is_ok(), by_hand, "{:?} {:?} {:?}", said, action, signers);
            let before = world.control.clone();
            let leaf = ControlLeaf::new(LeafId([1; 16]), 1, change.text().to_owned(), signatures).unwrap();
            world.fold(&leaf);
            let accepted = world.control.next_number() != before.next_number();
            prop_assert_eq!(accepted, said.is_ok());
            match said {
                Err(error) => {
                    prop_assert_eq!(&world.control.rejected().last().unwrap().reason, &error.to_string());
                    prop_assert_eq!(world.control.at(world.now.plus(90 * DAY)), before.at(world.now.plus(90 * DAY)));
                }
                Ok(_) if action.only_removes() => {}
                Ok(_) if matches!(action, Action::StateReach { .. }) => {
                    only_widens(&before, &world.control, world.now.plus(7 * DAY - 1))?;
                }
                // Nothing that adds or weakens acts before seven days are over, whatever else happens.
                Ok(_) => prop_assert_eq!(world.control.at(world.now.plus(7 * DAY - 1)), before.at(world.now.plus(7 * DAY - 1))),
            }
        }
    }

    /// Whoever is removed is not in force at any later time, until a later change adds the same person again.
    #[test]
    fn a_removed_person_never_comes_back_by_what_came_before(steps in steps(), later in 0_i64..400) {
        let mut world = World::new();
        for (action, signers, off, late) in steps {
            world.now = world.now.plus(late);
            if off == 0 {
                let change = Exact::write(world.next_change(action)).unwrap();
                let signatures = signed(&change, &signers);
                let leaf = ControlLeaf::new(LeafId([1; 16]), 1, change.text().to_owned(), signatures).unwrap();
                world.fold(&leaf);
            }
        }
        for id in ["anna-berg", "new-one"] {
            world.change(Action::RemovePerson(person_id(id)), &["trustee:5"]);
            prop_assert!(!world.control.at(world.now.plus(later * DAY)).people().contains_key(&person_id(id)));
        }
    }
}

#[test]
fn the_standing_says_who_is_missing() {
    let world = World::new();
    let puppet = Action::AddPerson(person("puppet-one", &[Role::Approver], "XB", false));
    let change = Exact::write(world.next_change(puppet)).unwrap();
    let standing = |places: &[usize]| {
        let signers: Vec<bool> = (0..12).map(|place| places.contains(&place)).collect();
        world.control.change_standing(change.text(), &change.value().action, &signed(&change, &signers), world.now)
    };
    let some = standing(&[0, 3, 4, 5, 6]).unwrap();
    let expected = Standing {
        approvers: 1,
        counsel: 1,
        trustees: 2,
        approvers_needed: 2,
        trustees_needed: 3,
        removal: false,
        outside_counsel: 0,
        statement: false,
    };
    assert_eq!((some, some.is_complete()), (expected, false));
    assert!(standing(&[0, 1, 5, 6, 7]).unwrap().is_complete());
    assert_eq!(standing(&[10]), Err(ChangeError::NotInForce("person:mallory".into())));
    let mut twice = signed(&change, &[true; 1]);
    twice.push(twice[0].clone());
    let twice = world.control.change_standing(change.text(), &change.value().action, &twice, world.now);
    assert_eq!(twice, Err(ChangeError::SignedTwice("person:anna-berg".into())));
}

#[test]
fn every_action_is_said_in_words() {
    let world = World::new();
    let state = world.control.at(world.now);
    let words = |action: Action| in_words(&world.next_change(action), &state);
    let mut anna = person("anna-berg", &[Role::Approver, Role::Officer], "XA", false);
    anna.keys = vec![roster_key("anna's other key")];
    let changed = words(Action::AddPerson(anna)).join("\n");
    for part in ["roles of `anna-berg`: approver becomes approver, officer", "no longer signs with", "too"] {
        assert!(changed.contains(part), "{part}: {changed}");
    }
    let same = words(Action::AddPerson(state.people()[&person_id("anna-berg")].clone()));
    assert_eq!(same[0], "`anna-berg` stays as it is");
    let last = words(Action::RevokeKey { person: person_id("anna-berg"), key: roster_key("anna-berg") });
    assert!(last[1].contains("has no other key"), "{last:?}");
    let ring = state.ring().unwrap().clone();
    let back = words(Action::SetRing(ring.clone())).join("\n");
    assert!(back.contains("does not rise"), "{back}");
    let forth = words(Action::SetRing(RingRef { share_epoch: ring.share_epoch + 1, ..ring })).join("\n");
    assert!(!forth.contains("does not rise"), "{forth}");
    let policy = words(Action::SetPolicy(Digest([5; 32])));
    assert!(policy[0].contains(&state.policy().to_hex()) && policy[1].contains(&"05".repeat(32)), "{policy:?}");
    let removal = words(Action::RemovePerson(person_id("anna-berg")));
    assert!(removal.last().unwrap().contains("at once"), "{removal:?}");
}
