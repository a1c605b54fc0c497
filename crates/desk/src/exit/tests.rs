//! Plans of an exit, and carrying them out one leaf after another.

use super::*;
use crate::world::{ENOUGH, World, person, person_id, sign, state};
use countersign_store::journal::Journal as _;

async fn publish(desk: &Desk, action: Action, parties: &[&str]) {
    let change = desk.draft_change(action, None).await.unwrap();
    let signatures: Vec<_> = parties.iter().map(|party| sign(party, change.text())).collect();
    desk.publish_change(&change, &signatures).await.unwrap();
}

fn ids(plan: &ExitPlan) -> Vec<&str> {
    plan.leavers.iter().map(|leaver| leaver.id.as_str()).collect()
}

const ALL: Extent = Extent { reach: true, authorities: true };

#[tokio::test]
async fn who_lives_there_goes_and_who_is_reached_goes_when_asked() {
    let world = World::new().await;
    let desk = world.desk().await;
    let plan = desk.plan_exit(state("XB"), Extent::default());
    assert_eq!(ids(&plan), ["bruno-lind", "eva-stone"]);
    assert!(plan.leavers.iter().all(|leaver| leaver.tie == Tie::Lives && leaver.in_force));
    assert_eq!(plan.reached, [person_id("clara-voss")]);
    assert_eq!((plan.approvers, plan.leaves_too_few()), (2, false));
    assert_eq!((plan.suspended.len(), plan.answered[0].as_str()), (0, "xb-police"));
    assert_eq!(plan.trustees.iter().map(|member| member.index).collect::<Vec<_>>(), [1, 2]);
    assert!(!plan.seat && desk.plan_exit(state("XA"), ALL).seat);

    let plan = desk.plan_exit(state("XB"), ALL);
    assert_eq!(ids(&plan), ["bruno-lind", "clara-voss", "eva-stone"]);
    assert_eq!((plan.approvers, plan.leaves_too_few()), (1, true));
    assert_eq!((plan.suspended[0].as_str(), plan.answered.len(), plan.reached.len()), ("xb-police", 0, 0));
    assert_eq!(plan.actions().len(), 4);
    let nothing = desk.plan_exit(state("XZ"), ALL);
    assert!(nothing.actions().is_empty() && nothing.trustees.is_empty());
}

#[tokio::test]
async fn what_is_cooling_goes_as_well() {
    let world = World::new().await;
    let desk = world.desk().await;
    publish(&desk, Action::AddPerson(person("dora-held", Role::Approver, "XE", &[])), &ENOUGH).await;
    // Somebody in force who is about to move there.
    publish(&desk, Action::AddPerson(person("anna-berg", Role::Approver, "XE", &[])), &ENOUGH).await;
    let plan = desk.plan_exit(state("XE"), Extent::default());
    assert_eq!(ids(&plan), ["anna-berg", "dora-held"]);
    assert_eq!(plan.leavers.iter().map(|leaver| leaver.in_force).collect::<Vec<_>>(), [true, false]);
    assert_eq!(plan.approvers, 2);
    for action in plan.actions() {
        publish(&desk, action, &["person:clara-voss"]).await;
    }
    world.pass(30 * countersign_core::time::DAY);
    let people = desk.control().at(desk.now()).people().keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(people, ["ada-roth", "bruno-lind", "clara-voss", "eva-stone", "lena-ohm"]);
}

/// Interrupted after every leaf, and after a leaf that was accepted and is not public yet.
#[tokio::test]
async fn an_interrupted_exit_is_finished_by_planning_again() {
    let world = World::new().await;
    let mut rounds = 0;
    loop {
        let desk = world.desk().await;
        let plan = desk.plan_exit(state("XB"), ALL);
        let Some(action) = plan.actions().into_iter().next() else { break };
        assert_eq!(plan.actions().len(), 4 - rounds);
        rounds += 1;
        if rounds % 2 == 0 {
            world.log.set_broken(true);
            let change = desk.draft_change(action, None).await.unwrap();
            let signature = sign("person:anna-berg", change.text());
            desk.publish_change(&change, &[signature]).await.unwrap_err();
            world.log.set_broken(false);
        } else {
            publish(&desk, action, &["person:anna-berg"]).await;
        }
    }
    assert_eq!(rounds, 4);
    assert_eq!(world.journal.entries(0, 100).await.unwrap().len(), 5, "genesis and one leaf each");
    let desk = world.desk().await;
    assert!(desk.control().rejected().is_empty());
    assert!(desk.control().at(desk.now()).is_suspended(&AuthorityId::parse("xb-police").unwrap()));
    assert!(desk.open_cases_in(state("XB")).await.unwrap().is_empty());
}
