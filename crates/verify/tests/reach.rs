//! Whom a state can reach: counsel's statements about people, and trustees under one state's law. `vectors/verify/reach.json`, written by
//! `COUNTERSIGN_WRITE_VECTORS=1`, holds the control leaves of one such journal.

use crate::world::*;
use countersign_core::control::{Action, Change, Genesis, REACH_VALID, Reach, Role};
use countersign_core::json::{Document, Exact};
use countersign_core::time::{DAY, Seconds};
use countersign_verify::state::{ControlState, FoldError, in_words};
use serde_json::{Value, json};

/// The counsel of the roster, who is independent.
const COUNSEL: [&str; 1] = ["person:dora-egger"];

/// As `ENOUGH`, once one of those has left.
const WITHOUT_ANNA: [&str; 5] = ["person:bruno-costa", "person:carla-diaz", "trustee:1", "trustee:2", "trustee:3"];

/// A statement made `after` seconds after the world began.
fn states(world: &World, id: &str, states: &[&str], after: Seconds) -> Action {
    let reach = Reach { states: states.iter().map(|code| state(code)).collect(), at: world.now.plus(after) };
    Action::StateReach { person: person_id(id), reach }
}

fn rejected(world: &mut World, action: Action, signers: &[&str]) -> String {
    let count = world.control.rejected().len();
    world.change(action, signers);
    assert_eq!(world.control.rejected().len(), count + 1);
    world.control.rejected().last().unwrap().reason.clone()
}

fn reach_of(world: &World, id: &str) -> String {
    let state = world.control.at(world.now);
    let reach = &state.people()[&person_id(id)].reach;
    format!("{} since {}", reach.states.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), reach.at)
}

#[test]
fn what_is_added_counts_at_once_and_what_is_left_out_after_seven_days() {
    let mut world = World::new();
    let start = world.now;
    world.change(states(&world, "anna-berg", &["XA", "XR"], 0), &COUNSEL);
    assert_eq!(world.control.rejected(), []);
    assert_eq!(reach_of(&world, "anna-berg"), "XA XR since 2026-10-01T00:00:00Z");
    world.now = start.plus(7 * DAY - 1);
    assert_eq!(reach_of(&world, "anna-berg"), "XA XR since 2026-10-01T00:00:00Z", "the date counts later");
    world.now = start.plus(7 * DAY);
    assert_eq!(reach_of(&world, "anna-berg"), format!("XA XR since {start}"));
    world.change(states(&world, "anna-berg", &["XA"], 0), &COUNSEL);
    assert_eq!(reach_of(&world, "anna-berg"), format!("XA XR since {start}"));
    world.now = start.plus(14 * DAY);
    assert_eq!(reach_of(&world, "anna-berg"), format!("XA since {}", start.plus(7 * DAY)));
}

#[test]
fn a_statement_needs_independent_counsel_of_somebody_else() {
    let mut world = World::new();
    world.change(Action::AddPerson(person("house-counsel", &[Role::Counsel], "XA", false)), &ENOUGH);
    world.change(Action::AddPerson(person("both-roles", &[Role::Approver, Role::Counsel], "XB", true)), &ENOUGH);
    world.now = world.now.plus(7 * DAY);
    let about = |world: &World| states(world, "anna-berg", &["XA"], 0);
    for signers in [
        &["person:house-counsel"][..],
        &["person:anna-berg"],
        &ENOUGH,
        &["trustee:1", "trustee:2", "trustee:3", "trustee:4", "trustee:5"],
        &[],
    ] {
        let statement = about(&world);
        let reason = rejected(&mut world, statement, signers);
        assert_eq!(reason, "no independent counsel in force other than `anna-berg` has signed the statement");
    }
    // Nobody states the own reach, whatever else they are.
    for id in ["dora-egger", "both-roles"] {
        let own = states(&world, id, &[if id == "dora-egger" { "XD" } else { "XB" }], 0);
        let reason = rejected(&mut world, own, &[&format!("person:{id}")]);
        assert!(reason.contains("other than"), "{reason}");
    }
    world.change(about(&world), &["person:both-roles"]);
    world.change(states(&world, "both-roles", &["XB"], 0), &COUNSEL);
    assert_eq!(world.control.next_number(), 5);
    // Whoever was removed states nothing.
    world.change(Action::RemovePerson(person_id("dora-egger")), &["person:carla-diaz"]);
    let statement = states(&world, "carla-diaz", &["XC"], 0);
    let reason = rejected(&mut world, statement, &COUNSEL);
    assert!(reason.contains("not in force"), "{reason}");
}

#[test]
fn a_statement_is_later_than_every_one_before_and_of_now() {
    let mut world = World::new();
    let last = at("2026-10-01T00:00:00Z").since(world.now);
    for (action, expected) in [
        (states(&world, "anna-berg", &["XA"], last), "of that time or later"),
        (states(&world, "anna-berg", &["XA"], last - DAY), "of that time or later"),
        (states(&world, "anna-berg", &["XA"], 121), "too old, or of a time to come"),
        (states(&world, "anna-berg", &["XB"], 0), "lives in a state"),
        (states(&world, "nobody-here", &["XB"], 0), "is not in the roster"),
    ] {
        let reason = rejected(&mut world, action, &COUNSEL);
        assert!(reason.contains(expected), "{reason}; expected {expected}");
    }
    let start = world.now;
    world.change(states(&world, "anna-berg", &["XA", "XB"], 120), &COUNSEL);
    let statement = states(&world, "anna-berg", &["XA"], 60);
    let earlier = rejected(&mut world, statement, &COUNSEL);
    assert!(earlier.contains("of that time or later"), "{earlier}");
    // A statement from a drawer, signed long ago.
    let old = states(&world, "bruno-costa", &["XB"], 0);
    world.now = start.plus(REACH_VALID + 1);
    let reason = rejected(&mut world, old, &COUNSEL);
    assert!(reason.contains("too old"), "{reason}");
}

/// A statement that leaves a state out cannot be played before a later one that names it.
#[test]
fn a_later_statement_overtakes_what_is_still_cooling() {
    let mut world = World::new();
    let start = world.now;
    world.change(states(&world, "anna-berg", &["XA", "XR"], 0), &COUNSEL);
    world.now = start.plus(8 * DAY);
    world.change(states(&world, "anna-berg", &["XA"], 0), &COUNSEL);
    world.now = start.plus(10 * DAY);
    world.change(states(&world, "anna-berg", &["XA", "XG"], 0), &COUNSEL);
    assert_eq!(world.control.waiting(world.now).count(), 1);
    for day in 10..17 {
        world.now = start.plus(day * DAY);
        assert_eq!(reach_of(&world, "anna-berg"), format!("XA XG XR since {start}"));
    }
    world.now = start.plus(17 * DAY);
    assert_eq!(reach_of(&world, "anna-berg"), format!("XA XG since {}", start.plus(10 * DAY)));
}

/// An entry that was on its way before does not take back what counsel has added since.
#[test]
fn an_addition_that_is_cooling_gets_the_added_states_too() {
    let mut world = World::new();
    let start = world.now;
    world.change(Action::AddPerson(person("anna-berg", &[Role::Approver], "XA", true)), &ENOUGH);
    world.now = start.plus(6 * DAY);
    world.change(states(&world, "anna-berg", &["XA", "XR"], 0), &COUNSEL);
    for day in [6, 7, 12] {
        world.now = start.plus(day * DAY);
        assert_eq!(reach_of(&world, "anna-berg"), "XA XR since 2026-10-01T00:00:00Z", "day {day}");
    }
    world.now = start.plus(13 * DAY);
    assert_eq!(reach_of(&world, "anna-berg"), format!("XA XR since {}", start.plus(6 * DAY)));
}

#[test]
fn whoever_was_removed_or_has_moved_gets_nothing_from_an_earlier_statement() {
    let mut world = World::new();
    let start = world.now;
    world.change(states(&world, "anna-berg", &["XA"], 0), &COUNSEL);
    world.change(Action::RemovePerson(person_id("anna-berg")), &["person:carla-diaz"]);
    assert_eq!(world.control.waiting(world.now).count(), 0);
    world.change(states(&world, "bruno-costa", &["XB"], 0), &COUNSEL);
    world.change(Action::AddPerson(person("bruno-costa", &[Role::Approver], "XC", false)), &WITHOUT_ANNA);
    world.now = start.plus(30 * DAY);
    // The entry that came into force has the residence, and the widened set beside it.
    assert!(reach_of(&world, "bruno-costa").starts_with("XC since 2026-10-01"), "{}", reach_of(&world, "bruno-costa"));
}

#[test]
fn words_say_what_counts_when() {
    let mut world = World::new();
    world.change(states(&world, "anna-berg", &["XA", "XR"], 0), &COUNSEL);
    let change = world.next_change(states(&world, "anna-berg", &["XA", "XG"], 60));
    let words = in_words(&change, &world.control.at(world.now)).join("\n");
    for expected in
        ["XG counts at once", "XR no longer counts once it takes effect", "one independent counsel's signature"]
    {
        assert!(words.contains(expected), "{words}");
    }
}

#[test]
fn a_statement_about_no_state_is_no_change() {
    let world = World::new();
    let good = serde_json::to_string(&world.next_change(states(&world, "anna-berg", &["XA", "XB"], 0))).unwrap();
    assert!(Exact::<Change>::parse(good.as_bytes()).is_ok());
    for (from, to) in
        [(r#"["XA","XB"]"#, "[]"), (r#"["XA","XB"]"#, r#"["XB","XA"]"#), (r#"["XA","XB"]"#, r#"["XA","XA"]"#)]
    {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        assert!(Exact::<Change>::parse(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(good.len() < Change::MAX_LEN);
}

// trustees

#[test]
fn no_state_outside_the_bloc_gets_t_trustees() {
    let with = |homes: [&str; 5]| {
        let mut genesis: Genesis = genesis();
        let members = &mut genesis.trustees.as_mut().unwrap().members;
        members.iter_mut().zip(homes).for_each(|(member, home)| member.state = state(home));
        let body = Exact::write(genesis).unwrap();
        ControlState::begin(&control_leaf(body.text(), &genesis_signers()), None).map(drop)
    };
    assert_eq!(with(["XG", "XG", "XB", "XH", "XH"]), Ok(()));
    assert_eq!(with(["XB", "XB", "XB", "XB", "XB"]), Ok(()));
    let refused = with(["XG", "XB", "XG", "XC", "XG"]).unwrap_err();
    assert_eq!(refused, FoldError::WithinReach { state: state("XG"), reached: 3, threshold: 3 });
    assert!(refused.to_string().contains("XG is outside the custodian's own bloc"), "{refused}");
}

#[test]
fn trustees_that_a_foreign_state_reaches_do_not_come_into_force() {
    let mut world = World::new();
    let ring =
        countersign_core::control::RingRef { share_epoch: 2, ..world.control.at(world.now).ring().unwrap().clone() };
    let set = |homes: [&str; 6]| {
        let mut new = trustees(&names(&[1, 2, 3, 4, 5, 6]), &ring, None);
        new.members.iter_mut().zip(homes).for_each(|(member, home)| member.state = state(home));
        Action::SetTrustees(new)
    };
    let reason = rejected(&mut world, set(["XG", "XG", "XG", "XA", "XB", "XC"]), &ENOUGH);
    assert!(reason.starts_with("XG is outside the custodian's own bloc and its law would bind 3 trustees"), "{reason}");
    world.change(set(["XG", "XG", "XH", "XA", "XB", "XC"]), &ENOUGH);
    assert_eq!(world.control.rejected().len(), 1);
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
    let ring =
        countersign_core::control::RingRef { share_epoch: 2, ..world.control.at(world.now).ring().unwrap().clone() };
    let foreign = |home: &str, ring: &countersign_core::control::RingRef| {
        let mut new = trustees(&names(&[1, 2, 3, 4, 5, 6]), ring, None);
        new.members.iter_mut().take(3).for_each(|member| member.state = state(home));
        Action::SetTrustees(new)
    };
    let about = |id: &'static str, codes: &'static [&'static str], after: Seconds| -> Make {
        Box::new(move |world| states(world, id, codes, after))
    };
    let steps: Vec<(i64, Make, &[&str])> = vec![
        (0, about("anna-berg", &["XA", "XR"], 0), &[]),
        (0, about("anna-berg", &["XA", "XR"], 0), &ENOUGH),
        (0, about("anna-berg", &["XA", "XR"], 0), &["person:emil-fuchs"]),
        (0, about("dora-egger", &["XD"], 0), &COUNSEL),
        (0, about("anna-berg", &["XR"], 0), &COUNSEL),
        (0, about("anna-berg", &["XA"], 121), &COUNSEL),
        (0, about("nobody-here", &["XA"], 0), &COUNSEL),
        (0, about("anna-berg", &["XA"], -60 * DAY), &COUNSEL),
        (0, about("anna-berg", &["XA", "XR"], 0), &COUNSEL),
        (1, about("bruno-costa", &["XB", "XG"], 0), &["person:dora-egger", "person:anna-berg"]),
        (2, about("anna-berg", &["XA", "XR"], -2 * DAY), &COUNSEL),
        (3, Box::new(|_| Action::AddPerson(person("carla-diaz", &[Role::Approver], "XC", false))), &ENOUGH),
        (4, about("carla-diaz", &["XC", "XH"], 0), &COUNSEL),
        (5, about("anna-berg", &["XA", "XG"], 0), &COUNSEL),
        (8, Box::new(|_| Action::RemovePerson(person_id("bruno-costa"))), &["person:carla-diaz"]),
        (10, about("anna-berg", &["XA"], -6 * DAY), &COUNSEL),
        (12, about("anna-berg", &["XA"], 0), &COUNSEL),
        (13, Box::new(move |_| foreign("XG", &ring)), &ENOUGH),
        (20, about("carla-diaz", &["XC"], 0), &COUNSEL),
        (120, about("carla-diaz", &["XC"], -91 * DAY), &COUNSEL),
    ];
    let (start, mut listed) = (world.now, Vec::new());
    for (day, action, signers) in steps {
        world.now = start.plus(day * DAY);
        let action = action(&world);
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
    assert_eq!(listed.iter().filter(|step| step["accepted"] == true).count(), 8);
    let made = json!({
        "description": "A journal with statements of reach, docs/formats/control.md, in the form of folding.json.",
        "genesis": {"body": body, "sigs": sigs, "digest": digest},
        "steps": listed,
    });
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/verify/reach.json");
    if std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(kept == made, "reach.json is not what the code makes");
}

type Make = Box<dyn Fn(&World) -> Action>;
