//! What is listed of reach, from the statement to the day on which it runs out.

use super::*;
use crate::world::{ENOUGH, World, person, person_id, sign, state};
use countersign_core::control::REACH_VALID;
use countersign_core::time::DAY;

async fn publish(desk: &Desk, action: Action, parties: &[&str]) {
    let change = desk.draft_change(action, None).await.unwrap();
    let signatures: Vec<_> = parties.iter().map(|party| sign(party, change.text())).collect();
    desk.publish_change(&change, &signatures).await.unwrap();
}

fn of<'r>(report: &'r ReachReport, code: &str) -> &'r StateReach {
    report.states.iter().find(|reach| reach.state == state(code)).unwrap()
}

#[tokio::test]
async fn states_are_listed_with_whom_they_reach() {
    let world = World::new().await;
    let report = world.desk().await.reach();
    // Trustees stand in XB, XB, XC, XD, XE; approvers in XA, XB, XC, the last with ties to XB.
    let counts: Vec<(String, usize, usize)> =
        report.states.iter().map(|reach| (reach.state.to_string(), reach.trustees, reach.approvers)).collect();
    let expected = [("XA", 0, 1), ("XB", 2, 2), ("XC", 1, 1), ("XD", 1, 0), ("XE", 1, 0)];
    assert_eq!(counts, expected.map(|(code, trustees, approvers)| (code.to_owned(), trustees, approvers)));
    assert!(report.states.iter().all(|reach| reach.own_bloc && !reach.opens(&report) && !reach.could_change(&report)));
    let people: Vec<&str> = report.people.iter().map(|person| person.id.as_str()).collect();
    assert_eq!(people, ["anna-berg", "bruno-lind", "clara-voss", "eva-stone"], "nobody whose reach decides nothing");
}

#[tokio::test]
async fn a_statement_is_shown_while_it_cools_and_runs_out_on_its_day() {
    let world = World::new().await;
    let desk = world.desk().await;
    let frank = Person { independent: true, ..person("frank-noll", Role::Counsel, "XD", &[]) };
    publish(&desk, Action::AddPerson(frank), &ENOUGH).await;
    world.pass(7 * DAY);
    let at = desk.now();
    for (id, home) in [("anna-berg", "XA"), ("bruno-lind", "XB")] {
        let reach = Reach { states: vec![state(home), state("XG")], at };
        publish(&desk, Action::StateReach { person: person_id(id), reach }, &["person:frank-noll"]).await;
    }
    let report = desk.reach();
    let foreign = of(&report, "XG");
    assert_eq!((foreign.approvers, foreign.own_bloc, foreign.could_change(&report)), (2, false, true));
    assert!(!foreign.opens(&report));
    let anna = report.people.iter().find(|person| person.id.as_str() == "anna-berg").unwrap();
    assert_eq!(anna.next.as_ref().map(|(reach, effective)| (reach.at, *effective)), Some((at, at.plus(7 * DAY))));
    assert_eq!(anna.reach.at, crate::world::start());
    world.pass(7 * DAY);
    let report = desk.reach();
    let last: Vec<&str> = report.people.iter().skip(3).map(|person| person.id.as_str()).collect();
    assert_eq!(last, ["anna-berg", "bruno-lind"], "whose statement runs out last stands last");

    // When the statements of the others have run out, every state may reach them: nobody knows better.
    world.pass(crate::world::start().plus(REACH_VALID).since(desk.now()));
    assert_eq!(of(&desk.reach(), "XA").approvers, 1);
    world.pass(1);
    let report = desk.reach();
    assert_eq!((of(&report, "XA").approvers, of(&report, "XE").approvers, of(&report, "XG").approvers), (2, 1, 3));
    let old: Vec<&str> = report.people.iter().filter(|one| !one.current).map(|one| one.id.as_str()).collect();
    assert_eq!(old, ["clara-voss", "eva-stone", "frank-noll"]);
}
