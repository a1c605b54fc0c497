//! Every refusal code, each by the attack that it stops.

use crate::world::*;

#[test]
fn a_home_courts_order_narrowed_to_one_client_is_planned() {
    let mut world = World::new();
    let draft = world.draft();
    let case = world.publish(draft);
    let plan = world.ask(&case, 1).unwrap();
    assert_eq!(plan.classes, name_and_address());
    assert_eq!((plan.records.len(), plan.replay, plan.publicity.index), (1, false, case.index));
}
