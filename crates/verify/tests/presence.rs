//! Dead man's switch: who is silent counts for nothing, and nobody comes back by an old word. `vectors/verify/check-ins.json`, written by
//! `COUNTERSIGN_WRITE_VECTORS=1`, holds the control leaves of one such journal.

use crate::world::*;
use countersign_core::check_in::{CheckIn, CheckInV1, Watch};
use countersign_core::control::{Action, Change, Role};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::{DAY, HOUR, Seconds, Timestamp};
use countersign_tlog::leaf::ControlLeaf;
use countersign_verify::refusal::Code;
use countersign_verify::state::{ControlState, in_words};
use proptest::prelude::*;
use serde_json::{Value, json};

const ANNA: [&str; 1] = ["person:anna-berg"];

fn watch(id: &str, hours: Option<u16>, from: Timestamp) -> Action {
    Action::Watch { person: person_id(id), watch: Watch { hours, from } }
}

fn check_in(control: &ControlState, id: &str, at: Timestamp) -> CheckIn {
    let genesis = control.genesis().digest();
    CheckIn { v: CheckInV1, custodian: CUSTODIAN, genesis, person: person_id(id), at }
}

fn leaf_of(check_in: CheckIn, signers: &[&str]) -> ControlLeaf {
    control_leaf(Exact::write(check_in).unwrap().text(), signers)
}

/// Folds a check-in, seen now; the reason when it counts for nothing.
fn checks_in(world: &mut World, id: &str, at: Timestamp) -> Option<String> {
    let leaf = leaf_of(check_in(&world.control, id, at), &[&format!("person:{id}")]);
    says(world, &leaf)
}

fn now(world: &mut World) -> Option<String> {
    let now = world.now;
    checks_in(world, "anna-berg", now)
}

fn says(world: &mut World, leaf: &ControlLeaf) -> Option<String> {
    let count = world.control.rejected().len();
    world.fold(leaf);
    world.control.rejected().get(count).map(|rejected| rejected.reason.clone())
}

fn silent(world: &World) -> bool {
    world.control.presence(world.now).iter().any(|one| one.person == person_id("anna-berg") && one.silent)
}

/// A world in which anna has to check in every two days; it begins when the watch takes effect.
fn watched_world() -> World {
    let mut world = World::new();
    let (now, start) = (world.now, world.now.plus(-7 * DAY));
    world.now = start;
    world.change(watch("anna-berg", Some(48), start), &ENOUGH);
    assert_eq!(world.control.rejected(), []);
    assert!(world.control.presence(now.plus(-1)).is_empty());
    world.now = now;
    world
}

#[test]
fn whoever_has_to_check_in_counts_from_the_first_time_until_the_silence_is_too_long() {
    let mut world = watched_world();
    let start = world.now;
    assert!(silent(&world), "never heard is silent");
    assert_eq!(checks_in(&mut world, "anna-berg", start), None);
    assert!(!silent(&world));
    let presence = &world.control.presence(start)[0];
    assert_eq!((presence.last, presence.until), (Some(start), Some(start.plus(2 * DAY))));
    world.now = start.plus(2 * DAY);
    assert!(!silent(&world));
    world.now = start.plus(2 * DAY + 1);
    assert!(silent(&world));
    // What receipts name does not change by it.
    assert_eq!(world.control.at(start).digest(), world.control.at(world.now).digest());
    assert!(world.control.at(world.now).people().contains_key(&person_id("anna-berg")));
    assert!(!world.control.counting_at(world.now).people().contains_key(&person_id("anna-berg")));
    assert_eq!(world.control.counting_at(world.now).people().len(), world.control.at(world.now).people().len() - 1);
}

#[test]
fn a_trustee_takes_no_approval_of_somebody_who_is_silent() {
    let mut world = watched_world();
    assert_eq!(now(&mut world), None);
    let draft = world.draft();
    let case = world.publish_signed(draft, &["anna-berg", "bruno-costa"]);
    assert!(world.ask(&case, 1).is_ok());
    let mut unheard = watched_world();
    let draft = unheard.draft();
    let case = unheard.publish_signed(draft, &["anna-berg", "bruno-costa"]);
    assert_eq!(unheard.ask(&case, 1).map(drop).unwrap_err().code(), Code::ApproverNotInForce);
    // The others go on without.
    let draft = unheard.draft();
    let case = unheard.publish_signed(draft, &["carla-diaz", "bruno-costa"]);
    assert!(unheard.ask(&case, 1).is_ok());
}

#[test]
fn an_old_check_in_revives_nobody() {
    let mut world = watched_world();
    let start = world.now;
    let first = leaf_of(check_in(&world.control, "anna-berg", start), &ANNA);
    assert_eq!(says(&mut world, &first), None);
    // The same again, and one from before.
    world.now = start.plus(DAY);
    let again = says(&mut world, &first).unwrap();
    assert!(again.contains("an earlier one counts for nothing"), "{again}");
    let earlier = checks_in(&mut world, "anna-berg", start.plus(-1)).unwrap();
    assert!(earlier.contains("an earlier one counts for nothing"), "{earlier}");
    // Signed in time, and held back.
    let held_back = leaf_of(check_in(&world.control, "anna-berg", start.plus(DAY)), &ANNA);
    world.now = start.plus(2 * DAY + HOUR + 1);
    for leaf in [&first, &held_back] {
        assert!(says(&mut world, leaf).is_some());
        assert!(silent(&world));
    }
    // A key found after the silence signs what it likes: dated back, dated now, one after the other.
    for back in [DAY, DAY / 2, HOUR, 0] {
        let at = world.now.plus(-back);
        let reason = checks_in(&mut world, "anna-berg", at).unwrap();
        assert!(reason.contains("is removed: set a new watch"), "{reason}");
        world.now = world.now.plus(HOUR);
        assert!(silent(&world));
    }
    // Several people and trustees begin anew; then what was signed before still says nothing.
    let from = world.now;
    world.change(watch("anna-berg", Some(48), from), &ENOUGH);
    world.now = from.plus(7 * DAY);
    assert!(silent(&world));
    for leaf in [&first, &held_back] {
        let reason = says(&mut world, leaf).unwrap();
        assert!(reason.contains("only check-ins from"), "{reason}");
    }
    assert_eq!(now(&mut world), None);
    assert!(!silent(&world));
}

#[test]
fn a_check_in_is_signed_by_the_person_alone_and_for_this_journal() {
    let mut world = watched_world();
    let now = world.now;
    let good = check_in(&world.control, "anna-berg", now);
    for signers in [&["person:bruno-costa"][..], &["person:anna-berg", "person:bruno-costa"], &["trustee:1"], &[]] {
        let reason = says(&mut world, &leaf_of(good.clone(), signers)).unwrap();
        assert!(reason.contains("not signed by one of the own keys"), "{reason}");
    }
    let mine = leaf_of(good.clone(), &ANNA);
    let other = leaf_of(CheckIn { at: now.plus(1), ..good.clone() }, &ANNA);
    let moved = ControlLeaf::new(mine.id(), 1, mine.body().into(), other.signatures().to_vec()).unwrap();
    assert!(says(&mut world, &moved).unwrap().contains("not signed"));
    for (wrong, expected) in [
        (CheckIn { genesis: Digest([1; 32]), ..good.clone() }, "another journal"),
        (CheckIn { person: person_id("bruno-costa"), ..good.clone() }, "does not have to check in"),
        (CheckIn { person: person_id("nobody-here"), ..good.clone() }, "is not in force"),
        (CheckIn { at: now.plus(121), ..good.clone() }, "of a time to come"),
        (CheckIn { at: now.plus(-2 * DAY - 1), ..good.clone() }, "too old"),
        (CheckIn { at: now.plus(-8 * DAY), ..good.clone() }, "only check-ins from"),
    ] {
        let by = format!("person:{}", wrong.person);
        let reason = says(&mut world, &leaf_of(wrong, &[&by])).unwrap();
        assert!(reason.contains(expected), "{reason}; expected {expected}");
    }
    assert_eq!(says(&mut world, &mine), None);
    // A check-in is no change and takes no number.
    assert_eq!(world.control.next_number(), 2);
}

#[test]
fn a_watch_outlasts_the_entry_and_ends_by_a_change() {
    let mut world = watched_world();
    assert_eq!(now(&mut world), None);
    world.change(Action::RemovePerson(person_id("anna-berg")), &["person:carla-diaz"]);
    let by = ["person:bruno-costa", "person:carla-diaz", "trustee:1", "trustee:2", "trustee:3"];
    world.change(Action::AddPerson(person("anna-berg", &[Role::Approver], "XA", false)), &by);
    world.now = world.now.plus(7 * DAY);
    assert!(silent(&world) && world.control.at(world.now).people().contains_key(&person_id("anna-berg")));
    world.change(watch("anna-berg", None, world.now), &by);
    assert!(silent(&world));
    world.now = world.now.plus(7 * DAY);
    assert!(world.control.presence(world.now).is_empty());
    assert!(world.control.counting_at(world.now).people().contains_key(&person_id("anna-berg")));
    let reason = now(&mut world).unwrap();
    assert!(reason.contains("does not have to check in"), "{reason}");
    // Nobody is watched who is not there, nor for no time or for ever.
    let count = world.control.rejected().len();
    world.change(watch("nobody-here", Some(24), world.now), &by);
    assert!(world.control.rejected()[count].reason.contains("is not in the roster"));
    for hours in [0, 721] {
        let change = world.next_change(watch("anna-berg", Some(hours), world.now));
        assert!(Exact::<Change>::parse(serde_json::to_string(&change).unwrap().as_bytes()).is_err());
    }
    let words = in_words(&world.next_change(watch("anna-berg", Some(24), world.now)), &world.control.at(world.now));
    assert!(words.join("\n").contains("check in every 24 hours"), "{words:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is signed and whenever it arrives: who was silent for longer than was set, and an hour, is silent ever after; and whoever
    /// is taken to be there has signed within that time.
    #[test]
    fn silence_is_for_good(steps in proptest::collection::vec((0_i64..40 * HOUR, -60 * HOUR..3 * HOUR), 1..14)) {
        let mut world = watched_world();
        let mut gone = false;
        let mut heard: Option<Timestamp> = None;
        for (pass, dated) in steps {
            world.now = world.now.plus(pass);
            gone |= heard.is_some_and(|last| world.now.since(last) > 49 * HOUR);
            let at = world.now.plus(dated);
            if checks_in(&mut world, "anna-berg", at).is_none() {
                prop_assert!(!gone && heard.is_none_or(|last| last < at && at.since(last) <= 48 * HOUR));
                prop_assert!((-120..=48 * HOUR).contains(&world.now.since(at)));
                heard = Some(at);
            }
            let there = heard.is_some_and(|last| world.now.since(last) <= 48 * HOUR);
            prop_assert_eq!(silent(&world), !there);
        }
    }
}

#[test]
fn the_vectors_are_what_the_code_makes() {
    enum Step {
        Change(Action, &'static [&'static str]),
        CheckIn(&'static str, Seconds, &'static [&'static str]),
        Again,
    }
    use Step::{Again, Change, CheckIn as In};
    let mut world = World::new();
    let sealed = |leaf: &ControlLeaf| -> (String, Vec<Value>) {
        let sigs = leaf.signatures().iter().map(|one| json!({"by": one.by, "sig": one.sig})).collect();
        (leaf.body().to_owned(), sigs)
    };
    let (body, sigs) = sealed(&control_leaf(Exact::write(genesis()).unwrap().text(), &genesis_signers()));
    let (digest, start) = (world.control.genesis().digest(), world.now);
    let steps: Vec<(Seconds, Step)> = vec![
        (0, In("anna-berg", 0, &ANNA)),
        (0, Change(watch("nobody-here", Some(48), start), &ENOUGH)),
        (0, Change(watch("anna-berg", Some(48), start), &ENOUGH[..4])),
        (0, Change(watch("anna-berg", Some(48), start), &ENOUGH)),
        (DAY, In("anna-berg", 0, &ANNA)),
        (7 * DAY, In("anna-berg", -8 * DAY, &ANNA)),
        (7 * DAY, In("anna-berg", -2 * DAY - 1, &ANNA)),
        (7 * DAY, In("anna-berg", 121, &ANNA)),
        (7 * DAY, In("anna-berg", 0, &["person:bruno-costa"])),
        (7 * DAY, In("anna-berg", 0, &["person:anna-berg", "person:bruno-costa"])),
        (7 * DAY, In("anna-berg", 0, &[])),
        (7 * DAY, In("bruno-costa", 0, &["person:bruno-costa"])),
        (7 * DAY, In("anna-berg", 0, &ANNA)),
        (8 * DAY, Again),
        (8 * DAY, In("anna-berg", -2 * DAY, &ANNA)),
        (9 * DAY, In("anna-berg", 0, &ANNA)),
        (11 * DAY + HOUR, In("anna-berg", -HOUR, &ANNA)),
        (13 * DAY + HOUR + 1, In("anna-berg", -HOUR - 1, &ANNA)),
        (13 * DAY + 2 * HOUR, In("anna-berg", 0, &ANNA)),
        (14 * DAY, Change(watch("anna-berg", Some(24), start.plus(14 * DAY)), &ENOUGH)),
        (21 * DAY, Again),
        (21 * DAY, In("anna-berg", 0, &ANNA)),
        (22 * DAY, Change(watch("anna-berg", None, start.plus(22 * DAY)), &ENOUGH)),
        (22 * DAY, In("anna-berg", 0, &ANNA)),
        (30 * DAY, In("anna-berg", 0, &ANNA)),
    ];
    let (mut listed, mut last) = (Vec::new(), None);
    for (late, step) in steps {
        world.now = start.plus(late);
        let leaf = match step {
            Change(action, signers) => {
                control_leaf(&serde_json::to_string(&world.next_change(action)).unwrap(), signers)
            }
            In(id, dated, signers) => leaf_of(check_in(&world.control, id, world.now.plus(dated)), signers),
            Again => last.clone().unwrap(),
        };
        let rejected = world.control.rejected().len();
        world.fold(&leaf);
        let state = world.control.at(world.now);
        let (body, sigs) = sealed(&leaf);
        let silent: Vec<_> = world.control.presence(world.now).into_iter().filter(|one| one.silent).collect();
        let silent: Vec<String> = silent.iter().map(|one| one.person.to_string()).collect();
        listed.push(json!({
            "body": body, "sigs": sigs, "witnessed": world.now, "accepted": world.control.rejected().len() == rejected,
            "totals": null, "silent": silent, "state": state.digest(), "state_text": serde_json::to_string(&state).unwrap(),
        }));
        last = Some(leaf);
    }
    let accepted = listed.iter().filter(|step| step["accepted"] == true).count();
    assert_eq!(accepted, 8, "{:?}", world.control.rejected());
    let made = json!({
        "description": "A journal with check-ins, docs/formats/check-in.md, in the form of folding.json; `silent` lists who counts for nothing.",
        "genesis": {"body": body, "sigs": sigs, "digest": digest},
        "steps": listed,
    });
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/verify/check-ins.json");
    if std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(kept == made, "check-ins.json is not what the code makes");
}
