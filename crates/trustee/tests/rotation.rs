//! New keys: made by the trustees in force, put in force by a change, and the old shares destroyed when their ring is closed.

use crate::world::*;
use countersign_core::control::{Action, HeldShares, TrusteeMember};
use countersign_core::id::SignatureBytes;
use countersign_core::time::DAY;
use countersign_trustee::{Finished, Trustee};
use countersign_verify::refusal::Code;

async fn read_world() -> World {
    let world = World::new();
    for index in 1..=N {
        world.tail(&world.open(index)).await.unwrap();
    }
    world
}

async fn members(world: &World) -> Vec<TrusteeMember> {
    world.open(1).in_force(world.now).await.unwrap().members().to_vec()
}

/// What each trustee in force says of itself.
async fn identities(world: &World) -> Vec<String> {
    let introduce = |member: TrusteeMember| {
        let trustee = world.open(member.index);
        trustee.introduce(member.name, member.state, member.obliged_entity).unwrap().text().to_owned()
    };
    members(world).await.into_iter().map(introduce).collect()
}

fn named(finished: &[Finished]) -> HeldShares {
    let word = |one: &Finished| SignatureBytes(one.confirmation.value().signature.0);
    HeldShares {
        id: finished[0].ring.value().id(),
        share_epoch: 1,
        shares: finished[0].shares.digest(),
        confirmed: finished.iter().map(word).collect(),
    }
}

async fn asked(world: &mut World, order: u8, index: u16) -> Option<Code> {
    let case = world.case(order, 1);
    let answer = world.ask(&world.open(index), &case).await;
    world.log_receipt(&answer);
    code(&answer)
}

fn shares_of(trustee: &Trustee, world: &World) -> Vec<String> {
    let list = std::fs::read_dir(world.path(trustee.index()).join("secret")).unwrap();
    let names = list.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("share-")).collect()
}

#[tokio::test]
async fn new_keys_come_into_force_and_old_shares_answer_until_their_ring_is_closed() {
    let mut world = read_world().await;
    let identities = identities(&world).await;
    let ceremony = world.open(1).rotation(&digest("session"), &identities, world.now).await.unwrap();
    for index in 2..=N {
        let same = world.open(index).rotation(&digest("session"), &identities, world.now).await.unwrap();
        assert_eq!(same.digest(), ceremony.digest());
    }
    let finished = run(&ceremony, |index| world.open(index));
    let change = world.draft(Action::RotateRing(named(&finished)));
    let early = world.open(1).acknowledge(change.bytes(), &change.digest(), world.now).await.unwrap_err();
    assert!(early.to_string().contains("not installed here"), "{early}");
    let mut confirmations: Vec<_> = finished.iter().map(|one| one.confirmation.clone()).collect();
    confirmations.swap(0, 1);
    let swapped = world.open(1).rotation_confirmed(&finished[0], &confirmations[1..], world.now).await.unwrap_err();
    assert!(swapped.to_string().contains("has not confirmed"), "{swapped}");
    for (index, finished) in (1..).zip(&finished) {
        world.open(index).rotation_confirmed(finished, &confirmations, world.now).await.unwrap();
    }
    let reviewed = world.open(1).review(change.bytes(), world.now).await.unwrap();
    assert!(reviewed.words.iter().any(|line| line.contains("all 5 trustees have confirmed")), "{:?}", reviewed.words);
    for index in 1..=N {
        world.open(index).acknowledge(change.bytes(), &change.digest(), world.now).await.unwrap();
    }
    world.change(Action::RotateRing(named(&finished)), &ENOUGH);
    assert_eq!(asked(&mut world, 1, 1).await, None);
    world.pass(7 * DAY + 60);

    // What was sealed before is answered with the old share, beside the new keys.
    assert_eq!(asked(&mut world, 2, 1).await, None);
    let (one, old) = (world.open(1), format!("share-{}-1", founded().ring.id()));
    assert!(one.forget_old_shares(world.now).await.unwrap().files.is_empty());
    assert_eq!(shares_of(&one, &world).len(), 3);
    let next = one.rotation(&digest("next"), &identities, world.now).await.unwrap_err().to_string();
    assert!(next.contains("is still being read"), "{next}");

    world.change(Action::CloseRing(founded().ring.id()), &ENOUGH);
    assert_eq!(asked(&mut world, 3, 1).await, None);
    world.pass(7 * DAY + 60);
    assert_eq!(asked(&mut world, 4, 1).await, Some(Code::WrongRing));
    let one = world.open(1);
    assert!(one.forget_old_shares(world.now).await.unwrap().files.contains(&old));
    let left = shares_of(&one, &world);
    assert!(left.len() == 2 && !left.contains(&old), "{left:?}");
    assert!(one.forget_old_shares(world.now).await.unwrap().files.is_empty());
}

#[tokio::test]
async fn keys_are_made_with_the_trustees_in_force_and_nobody_else() {
    let mut world = read_world().await;
    let good = identities(&world).await;
    let refusal = async |world: &World, identities: &[String]| {
        let made = world.open(1).rotation(&digest("session"), identities, world.now).await;
        made.map(|ceremony| ceremony.digest()).unwrap_err().to_string()
    };
    let member = members(&world).await[1].clone();
    let stranger = Trustee::create(&world.path(9), 2, &mut countersign_testkit::random::named("stranger")).unwrap();
    assert_ne!(stranger.identity, member.identity);
    let stranger = world.open(9).introduce(member.name, member.state, member.obliged_entity).unwrap();
    let mut swapped = good.clone();
    swapped[1] = stranger.text().to_owned();
    assert!(refusal(&world, &swapped).await.contains("trustee 2 is not the one in force"));
    let mut twice = good.clone();
    twice[1].clone_from(&good[0]);
    assert!(refusal(&world, &twice).await.contains("trustee 2 is not the one in force"));
    assert!(refusal(&world, &good[..4]).await.contains("4 parties, 5 are in force"));
    // Who was removed would get a share of the keys that are made because of it.
    world.change(Action::RemoveTrustee(members(&world).await[3].identity), &["person:anna-berg"]);
    world.tail(&world.open(1)).await.unwrap();
    assert!(refusal(&world, &good).await.contains("trustee 4 was removed"));
}
