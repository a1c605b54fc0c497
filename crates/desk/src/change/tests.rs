//! Changes from the draft to the state in force, across restarts.

use super::*;
use crate::history::{ControlEntry, Fate};
use crate::world::{ENOUGH, World, person, person_id, roster_key, sign, start};
use countersign_core::control::Role;
use countersign_core::id::{AuthorityId, OrderId};
use countersign_core::time::DAY;
use countersign_store::journal::Journal as _;
use countersign_store::{Cases as _, Settings as _};

fn dora() -> Action {
    Action::AddPerson(person("dora-held", Role::Approver, "XD", &["XE"]))
}

fn signatures(change: &Exact<Change>, parties: &[&str]) -> Vec<ControlSignature> {
    parties.iter().map(|party| sign(party, change.text())).collect()
}

async fn publish(desk: &Desk, action: Action, parties: &[&str]) -> PublishedChange {
    let change = desk.draft_change(action, None).await.unwrap();
    desk.publish_change(&change, &signatures(&change, parties)).await.unwrap()
}

fn in_force(desk: &Desk, id: &str) -> bool {
    desk.control().at(desk.now()).people().contains_key(&person_id(id))
}

async fn fates(desk: &Desk) -> Vec<Fate> {
    desk.control_history().await.unwrap().into_iter().map(|entry: ControlEntry| entry.fate).collect()
}

async fn input(refused: impl Future<Output = Result<impl Sized>>) -> String {
    match refused.await {
        Err(error @ (DeskError::Input(_) | DeskError::NotFound { .. })) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("accepted"),
    }
}

#[tokio::test]
async fn an_added_approver_counts_after_seven_days_of_witnessed_time_and_a_removed_one_never_again() {
    let world = World::new().await;
    let desk = world.desk().await;
    // Drafted now; the witnesses see it four hours later, and the seven days count from then.
    let change = desk.draft_change(dora(), None).await.unwrap();
    world.pass(4 * 3_600);
    let seen = desk.now();
    let published = desk.publish_change(&change, &signatures(&change, &ENOUGH)).await.unwrap();
    assert_eq!(published, PublishedChange { index: 1, effective: seen.plus(7 * DAY) });
    assert_eq!(fates(&desk).await, [Fate::Cooling(published.effective)]);
    world.pass(7 * DAY - 1);
    assert!(!in_force(&desk, "dora-held") && !in_force(&world.desk().await, "dora-held"));
    // Somebody who is cooling signs nothing.
    let next = desk.draft_change(Action::RemovePerson(person_id("lena-ohm")), None).await.unwrap();
    let refused = input(desk.publish_change(&next, &signatures(&next, &["person:dora-held"]))).await;
    assert_eq!(refused, "`person:dora-held` is not in force");
    world.pass(1);
    assert!(in_force(&desk, "dora-held") && in_force(&world.desk().await, "dora-held"));
    assert_eq!(fates(&desk).await, [Fate::Since(published.effective)]);
    let next = desk.draft_change(Action::RemovePerson(person_id("lena-ohm")), None).await.unwrap();
    desk.publish_change(&next, &signatures(&next, &["person:dora-held"])).await.unwrap();

    publish(&desk, Action::RemovePerson(person_id("dora-held")), &["trustee:4"]).await;
    for days in [0, 1, 30, 400] {
        world.pass(days * DAY);
        assert!(!in_force(&desk, "dora-held") && !in_force(&world.desk().await, "dora-held"), "{days}");
        let next = desk.draft_change(Action::RemovePerson(person_id("eva-stone")), None).await.unwrap();
        assert!(desk.change_standing(&next, &signatures(&next, &["person:dora-held"])).is_err());
    }
}

#[tokio::test]
async fn a_change_lacking_any_one_signature_is_not_published() {
    let world = World::new().await;
    let desk = world.desk().await;
    let change = desk.draft_change(dora(), None).await.unwrap();
    for missing in 0..ENOUGH.len() {
        let mut parties = ENOUGH.to_vec();
        parties.remove(missing);
        let signed = signatures(&change, &parties);
        assert!(!desk.change_standing(&change, &signed).unwrap().is_complete());
        assert!(input(desk.publish_change(&change, &signed)).await.starts_with("signed by"));
    }
    let mut wrong = signatures(&change, &ENOUGH);
    wrong[0].sig = sign("person:anna-berg", "something else").sig;
    assert_eq!(input(desk.publish_change(&change, &wrong)).await, "the signature of `person:anna-berg` is wrong");
    let removal = desk.draft_change(Action::RemovePerson(person_id("anna-berg")), None).await.unwrap();
    for parties in [&[][..], &["person:lena-ohm"]] {
        let refused = input(desk.publish_change(&removal, &signatures(&removal, parties))).await;
        assert_eq!(refused, "nobody in force has signed the removal");
    }
    assert_eq!(world.journal.entries(0, 10).await.unwrap().len(), 1, "nothing reached the journal");
}

#[tokio::test]
async fn a_draft_names_what_is_there_and_waits_long_enough() {
    let world = World::new().await;
    let desk = world.desk().await;
    let refused = |action, effective| input(desk.draft_change(action, effective));
    let nobody = Action::RemovePerson(person_id("nobody-here"));
    assert_eq!(refused(nobody, None).await, "there is no person in force or cooling `nobody-here`");
    let key = Action::RevokeKey { person: person_id("anna-berg"), key: roster_key("person:bruno-lind") };
    assert!(refused(key, None).await.contains("has no key"));
    let authority = Action::SuspendAuthority(AuthorityId::parse("xz-court").unwrap());
    assert!(refused(authority, None).await.contains("xz-court"));
    assert!(refused(Action::HoldOrder(OrderId([3; 16])), None).await.contains("no order"));
    assert!(refused(dora(), Some(start().plus(7 * DAY - 1))).await.contains("at the earliest"));
    let mut unreadable = person("dora-held", Role::Approver, "XD", &[]);
    unreadable.keys = vec!["ed25519 nonsense".into()];
    assert!(refused(Action::AddPerson(unreadable), None).await.contains("ed25519 nonsense"));
    let mut shared = person("dora-held", Role::Approver, "XD", &[]);
    shared.keys = vec![roster_key("person:anna-berg")];
    assert!(refused(Action::AddPerson(shared), None).await.contains("would share a key"));
    refused(Action::SetWitnessPolicy("quorum none\n".into()), None).await;
    let later = desk.draft_change(dora(), Some(start().plus(20 * DAY))).await.unwrap();
    assert_eq!(later.value().effective, start().plus(20 * DAY));
}

#[tokio::test]
async fn a_publication_that_was_interrupted_goes_on_with_the_same_leaf() {
    let world = World::new().await;
    let desk = world.desk().await;
    let change = desk.draft_change(dora(), None).await.unwrap();
    world.log.set_broken(true);
    let signed = signatures(&change, &ENOUGH);
    assert!(matches!(desk.publish_change(&change, &signed).await, Err(DeskError::Journal(_))));
    assert!(matches!(desk.publish_change(&change, &signed).await, Err(DeskError::Journal(_))));
    world.log.set_broken(false);
    // After a restart, and without the signatures: the leaf is what was kept.
    world.pass(60);
    let desk = world.desk().await;
    let published = desk.publish_change(&change, &[]).await.unwrap();
    assert_eq!(published, desk.publish_change(&change, &signed).await.unwrap());
    assert_eq!(world.journal.entries(0, 10).await.unwrap().len(), 2, "one leaf");
    assert_eq!(published.effective, start().plus(60 + 7 * DAY));
    assert_eq!(desk.control().next_number(), 2);
}

#[tokio::test]
async fn a_draft_whose_number_was_taken_is_written_again() {
    let world = World::new().await;
    let desk = world.desk().await;
    let change = desk.draft_change(dora(), None).await.unwrap();
    publish(&desk, Action::RemovePerson(person_id("clara-voss")), &["person:eva-stone"]).await;
    let signed = signatures(&change, &ENOUGH);
    assert!(desk.change_standing(&change, &signed).is_err());
    assert_eq!(input(desk.publish_change(&change, &signed)).await, "change number 1 where 2 is next");
    // Kept by a process that died before the leaf reached the journal: it must not reach it now.
    let name = format!("change/{}", change.digest());
    let leaf = ControlLeaf::new(LeafId([9; 16]), 1, change.text().into(), signed.clone()).unwrap().to_bytes().unwrap();
    world.store.set_setting_once(&name, &[[5; 32].as_slice(), &leaf].concat()).await.unwrap();
    assert!(input(desk.publish_change(&change, &signed)).await.contains("write it again as number 2"));
    assert_eq!(world.journal.entries(0, 10).await.unwrap().len(), 2);
    let again = desk.draft_change(change.value().action.clone(), None).await.unwrap();
    assert_eq!(again.value().number, 2);
    desk.publish_change(&again, &signatures(&again, &ENOUGH)).await.unwrap();
}

#[tokio::test]
async fn the_history_says_what_became_of_every_leaf() {
    let world = World::new().await;
    let desk = world.desk().await;
    publish(&desk, dora(), &ENOUGH).await;
    publish(&desk, Action::RemovePerson(person_id("dora-held")), &["person:anna-berg"]).await;
    // A leaf that the desk would never publish, as a stranger with the log's key could.
    let puppet = desk.draft_change(dora(), None).await.unwrap();
    let leaf = ControlLeaf::new(LeafId([8; 16]), 5_900_000, puppet.text().into(), Vec::new()).unwrap();
    let leaf = NewLeaf { key: [6; 32], kind: "control".into(), leaf: leaf.to_bytes().unwrap(), disclosures: vec![] };
    world.store.append_leaves(Vec::new(), vec![leaf]).await.unwrap();
    let desk = world.desk().await;
    let history = desk.control_history().await.unwrap();
    let seen: Vec<(u64, Vec<String>)> = history.iter().map(|one| (one.index, one.signers.clone())).collect();
    assert_eq!(seen[0], (1, ENOUGH.map(str::to_owned).to_vec()));
    assert_eq!(seen[1], (2, vec!["person:anna-berg".to_owned()]));
    assert_eq!(seen[2], (3, Vec::new()));
    assert_eq!(history[0].fate, Fate::Cancelled);
    assert_eq!(history[1].fate, Fate::Since(start()));
    let Fate::Rejected(reason) = &history[2].fate else { panic!("{:?}", history[2]) };
    assert_eq!(reason, "signed by 0 of 2 approvers and 0 of 3 trustees");
    assert_eq!(history[0].words[0], "`dora-held` enters the roster as approver, in XD");
    assert!(history[1].words[0].contains("cooling is cancelled"));
}
