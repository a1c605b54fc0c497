//! Checking in at the desk, across restarts.

use super::*;
use crate::documents::FactorTried;
use crate::step::tests::{Reviewed, because, lena};
use crate::world::{World, person_id, sign, start, watch};
use countersign_core::case::step::Step;
use countersign_core::facts::Factor;
use countersign_core::id::Handle;
use countersign_core::reading::Reason;
use countersign_core::time::{DAY, HOUR};

async fn check_in(desk: &Desk, by: &str) -> Result<u64> {
    let check_in = desk.draft_check_in(&person_id("clara-voss"), desk.now())?;
    desk.publish_check_in(&check_in, sign(by, check_in.text())).await
}

fn silent(desk: &Desk) -> bool {
    !desk.control().counting_at(desk.now()).people().contains_key(&person_id("clara-voss"))
}

#[tokio::test]
async fn silence_removes_and_an_interrupted_desk_remembers_who_was_heard() {
    let world = World::new().await;
    let desk = world.desk().await;
    assert!(check_in(&desk, "person:clara-voss").await.unwrap_err().to_string().contains("does not have to check in"));
    watch(&desk, "clara-voss", Some(48)).await;
    world.pass(7 * DAY);
    assert!(silent(&desk) && silent(&world.desk().await));
    let wrong = check_in(&desk, "person:anna-berg").await.unwrap_err();
    assert!(
        matches!(&wrong, DeskError::Input(reason) if reason.contains("not signed by one of the own keys")),
        "{wrong}"
    );
    for _ in 0..3 {
        check_in(&desk, "person:clara-voss").await.unwrap();
        assert!(!silent(&desk) && !silent(&world.desk().await));
        world.pass(DAY);
    }
    let heard = desk.control().presence(desk.now());
    assert_eq!(heard[0].last, Some(start().plus(9 * DAY)));
    world.pass(DAY + 1);
    for desk in [&desk, &world.desk().await] {
        assert!(silent(desk));
        assert!(desk.control().at(desk.now()).people().contains_key(&person_id("clara-voss")));
    }
    world.pass(HOUR);
    let late = check_in(&world.desk().await, "person:clara-voss").await.unwrap_err();
    assert!(late.to_string().contains("set a new watch"), "{late}");

    watch(&desk, "clara-voss", Some(24)).await;
    world.pass(7 * DAY);
    assert!(silent(&desk));
    check_in(&desk, "person:clara-voss").await.unwrap();
    assert!(!silent(&desk) && !silent(&world.desk().await));
    watch(&desk, "clara-voss", None).await;
    world.pass(7 * DAY);
    assert!(!silent(&desk) && desk.control().presence(desk.now()).is_empty());
}

/// What is done at the desk under a name, without a signature, is done by people who are there and free.
#[tokio::test]
async fn who_is_silent_takes_no_step_and_orders_nothing() {
    let reviewed = Reviewed::new().await;
    let desk = reviewed.desk().await;
    watch(&desk, "lena-ohm", Some(24)).await;
    reviewed.world.pass(7 * DAY);
    let (client, until) = (Handle([1; 32]), desk.now().plus(DAY));
    let second = FactorTried {
        factor: Factor::SecondOfficer,
        confirmed: true,
        note: "spoke to the registry".into(),
        at: desk.now(),
        person: Some(lena()),
    };
    let call = FactorTried { factor: Factor::CallBack, person: None, ..second.clone() };
    let checked = desk.check_sender(&reviewed.case, vec![second, call], &person_id("anna-berg")).await.map(drop);
    let step = desk.take_step(&reviewed.case, Step::Acknowledge, because("sent by post"), &lena()).await.map(drop);
    let held = desk.hold_client(&client, "an order", until, &lena()).await.map(drop);
    let erased = desk.erase_client(&client, "asked to", &lena()).await.map(drop);
    let ticket = desk.open_ticket(vec![client], Reason::ClientAsks, &lena()).await.map(drop);
    for (what, done) in
        [("second officer", checked), ("step", step), ("hold", held), ("erasure", erased), ("ticket", ticket)]
    {
        let error = done.expect_err(what).to_string();
        assert!(error.contains("silent"), "{what}: {error}");
    }
    // Others who are there do it.
    desk.take_step(&reviewed.case, Step::Acknowledge, because("sent by post"), &person_id("anna-berg")).await.unwrap();
    // A letter is taken in all the same: that signs nothing, and its clocks run.
    assert!(desk.is_officer(&lena()));
}
