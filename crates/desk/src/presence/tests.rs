//! Checking in at the desk, across restarts.

use super::*;
use crate::world::{World, person_id, sign, start, watch};
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
