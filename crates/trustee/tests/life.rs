//! What shares go through after the ceremony: resharing, repair, destruction.

use crate::world::*;
use countersign_core::control::{Action, HeldShares, RingRef, SetTrustees, TrusteeMember};
use countersign_core::id::{Digest, SignatureBytes};
use countersign_core::time::{DAY, Timestamp};
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Index, Kind, Sealing};
use countersign_seal::life::LifeError;
use countersign_seal::life::repair::Repair;
use countersign_seal::life::reshare::{Resharing, public_outcome};
use countersign_seal::ring::{EpochConfirmation, VerifyingShares};
use countersign_testkit::random;
use countersign_trustee::{Answered, EpochFinished, Messages, PublicIdentity, Trustee, TrusteeError};
use countersign_verify::refusal::Code;
use countersign_verify::wire::{Answer, Outcome, Receipt, Signed};

fn identities(n: u16) -> Vec<IdentityKey> {
    founded().publics.iter().take(usize::from(n)).map(|public| public.identity_key().unwrap()).collect()
}

fn resharing(session: &str, dealers: &[u16], holders: Vec<IdentityKey>) -> Resharing<Sealing> {
    let founded = founded();
    Resharing::new(&founded.ring, &founded.shares, digest(session), dealers, holders).unwrap()
}

async fn read_world() -> World {
    let world = World::new();
    for index in 1..=N {
        world.tail(&world.open(index)).await.unwrap();
    }
    world
}

fn fresh(name: &str) -> impl rand_core::CryptoRng + use<> {
    random::named(name)
}

async fn start(trustee: &Trustee, plan: &Resharing<Sealing>, now: Timestamp) -> Vec<u8> {
    trustee.reshare_start(plan, &[], now, &mut fresh(&format!("start {}", trustee.index()))).await.unwrap()
}

async fn reshare(world: &World, plan: &Resharing<Sealing>) -> Vec<EpochFinished> {
    deal(world, plan, &[]).await
}

/// Every trustee is opened anew for every step.
async fn deal<K: Kind>(world: &World, plan: &Resharing<K>, newcomers: &[IdentityKey]) -> Vec<EpochFinished> {
    let holders = || (1u16..).zip(plan.holders()).map(|(index, _)| index);
    let mut broadcasts = Vec::new();
    for index in holders() {
        let (trustee, mut rng) = (world.open(index), fresh(&format!("start {index}")));
        broadcasts.push(trustee.reshare_start(plan, newcomers, world.now, &mut rng).await.unwrap());
    }
    let sent: Vec<Messages> = holders()
        .map(|index| world.open(index).reshare_proceed(plan, &broadcasts, &mut fresh("deal")).unwrap())
        .collect();
    holders().map(|index| world.open(index).reshare_finish(plan, &inbox(&sent, index)).unwrap()).collect()
}

/// As control state names what a resharing ended with.
fn held(finished: &[EpochFinished]) -> HeldShares {
    let RingRef { id, share_epoch, shares } = reference(&finished[0]);
    let word = |one: &EpochFinished| SignatureBytes(one.confirmation.value().signature.0);
    HeldShares { id, share_epoch, shares, confirmed: finished.iter().map(word).collect() }
}

fn member(index: u16, public: &PublicIdentity) -> TrusteeMember {
    TrusteeMember {
        index,
        name: person_id(&format!("trustee-{index}")),
        state: founded().genesis.value().custodian.seat,
        identity: public.identity,
        transport: public.transport.digest(),
        obliged_entity: false,
    }
}

/// A sixth trustee comes: shares of both rings are dealt to it and the five, and the change names them all.
async fn enrolled(world: &World) -> SetTrustees {
    let sixth = Trustee::create(&world.path(6), 6, &mut random::named("keys 6")).unwrap();
    let newcomer = world.open(6);
    newcomer.install(&founded().installed()).unwrap();
    world.tail(&newcomer).await.unwrap();
    let mut holders = identities(N);
    holders.push(sixth.identity_key().unwrap());
    let accepted = [sixth.identity_key().unwrap()];
    let sealing = resharing("enrol", &[1, 2, 4], holders.clone());
    let index = (&founded().index, &founded().index_shares);
    let index = Resharing::<Index>::new(index.0, index.1, digest("enrol index"), &[2, 3, 5], holders).unwrap();
    let (sealed, indexed) = (deal(world, &sealing, &accepted).await, deal(world, &index, &accepted).await);
    for number in 1..=6 {
        world.open(number).reshare_confirmed(&sealing, &confirmations(&sealed)).unwrap();
        world.open(number).reshare_confirmed(&index, &confirmations(&indexed)).unwrap();
    }
    let publics = founded().publics.iter().chain([&sixth]);
    let members = (1..).zip(publics).map(|(index, public)| member(index, public)).collect();
    SetTrustees { members, ring: held(&sealed), index_ring: Some(held(&indexed)) }
}

/// What a trustee says to a request in this share epoch, read under this key.
async fn said(world: &mut World, index: u16, case: &Case, epoch: u32, key: &Digest) -> Receipt {
    let trustee = world.open(index);
    world.tail(&trustee).await.unwrap();
    let request = case.request_in(epoch, index, world.now);
    let answer = trustee.answer(&request, world.now, seed("answer")).await.unwrap();
    let Answered::Answer(bytes) = answer else { panic!("the desk was not recognised") };
    let answer = Signed::<Answer>::open(&bytes, key).unwrap();
    Signed::<Receipt>::open(answer.value().receipt.as_bytes(), key).unwrap().value().clone()
}

#[tokio::test]
async fn a_sixth_trustee_answers_with_shares_of_both_rings_from_its_day_on() {
    let mut world = read_world().await;
    let new = enrolled(&world).await;
    let key = new.members[5].identity;
    let change = world.draft(Action::SetTrustees(new.clone()));
    let reviewed = world.open(1).review(change.bytes(), world.now).await.unwrap();
    assert!(reviewed.words.iter().any(|line| line.contains("trustee 6 `trustee-6`")), "{:?}", reviewed.words);
    world.open(1).acknowledge(change.bytes(), &change.digest(), world.now).await.unwrap();
    // The newcomer is not in force: its signature would not count.
    let early = world.open(6).acknowledge(change.bytes(), &change.digest(), world.now).await.unwrap_err();
    assert!(early.to_string().contains("`trustee:6` is not in force"), "{early}");
    world.change(Action::SetTrustees(new), &ENOUGH);

    let case = world.case(1, 1);
    let newcomer = world.open(6);
    world.tail(&newcomer).await.unwrap();
    let early = newcomer.answer(&case.request_in(2, 6, world.now), world.now, seed("early")).await;
    assert!(matches!(early, Err(TrusteeError::NotReady(_))), "{early:?}");
    for index in 1..=N {
        world.tail(&world.open(index)).await.unwrap();
    }
    world.pass(7 * DAY + 60);
    let case = world.case(2, 1);
    assert_eq!(said(&mut world, 6, &case, 2, &key).await.outcome, Outcome::Answered);
    assert_eq!(said(&mut world, 6, &case, 1, &key).await.code.as_deref(), Some("WRONG_SHARE_EPOCH"));

    let names = |world: &World, index: u16| -> Vec<String> {
        let list = std::fs::read_dir(world.path(index).join("secret")).unwrap();
        list.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let old = [founded().ring.id(), founded().index.id()].map(|id| format!("share-{id}-1"));
    assert!(old.iter().all(|name| names(&world, 1).contains(name)));
    let one = world.open(1);
    world.tail(&one).await.unwrap();
    let forgotten = one.forget_old_shares(world.now).await.unwrap();
    assert!(old.iter().all(|name| forgotten.files.contains(name)), "{:?}", forgotten.files);
    assert!(old.iter().all(|name| !names(&world, 1).contains(name)));
    assert_eq!(names(&world, 1).iter().filter(|name| name.starts_with("share-")).count(), 2);
    assert!(one.forget_old_shares(world.now).await.unwrap().files.is_empty());
}

#[tokio::test]
async fn a_trustee_signs_no_trustees_whose_shares_it_cannot_check() {
    let world = read_world().await;
    let new = enrolled(&world).await;
    let refusal = async |index: u16, new: &SetTrustees| {
        let change = world.draft(Action::SetTrustees(new.clone()));
        let signed = world.open(index).acknowledge(change.bytes(), &change.digest(), world.now).await;
        signed.map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(refusal(2, &new).await, Ok(()));
    let mut moved = new.clone();
    moved.members[1].transport = digest("another transport key");
    assert!(refusal(2, &moved).await.unwrap_err().contains("another number or transport key"));
    assert_eq!(refusal(1, &moved).await, Ok(()), "of others' transport keys only their owners know");
    // The share of the new epoch is lost here: it could not answer.
    let share = format!("share-{}-2-{}", new.ring.id, new.ring.shares);
    std::fs::remove_file(world.path(3).join("secret").join(share)).unwrap();
    assert!(refusal(3, &new).await.unwrap_err().contains("share of the ring"));
    // Who leaves needs the documents alone, but needs them.
    let four = SetTrustees { members: new.members[..4].to_vec(), ..new };
    let short = |ring: &HeldShares| HeldShares { confirmed: ring.confirmed[..4].to_vec(), ..ring.clone() };
    let four = SetTrustees { ring: short(&four.ring), index_ring: four.index_ring.as_ref().map(short), ..four };
    assert!(refusal(5, &four).await.unwrap_err().contains("another number of trustees"));
    let document = world.path(5).join("documents").join(format!("shares-{}.json", four.ring.shares));
    std::fs::remove_file(document).unwrap();
    assert!(refusal(5, &four).await.unwrap_err().contains("not installed here"));
}

fn reference(finished: &EpochFinished) -> RingRef {
    let epoch = finished.shares.value();
    RingRef { id: epoch.ring, share_epoch: epoch.epoch, shares: finished.shares.digest() }
}

fn confirmations(finished: &[EpochFinished]) -> Vec<EpochConfirmation> {
    finished.iter().map(|one| one.confirmation.value().clone()).collect()
}

/// The trustee reads the journal and answers in this share epoch; its receipt is logged.
async fn asked(world: &mut World, index: u16, case: &Case, epoch: u32) -> Option<Code> {
    let trustee = world.open(index);
    world.tail(&trustee).await.unwrap();
    let request = case.request_in(epoch, index, world.now);
    match trustee.answer(&request, world.now, seed("answer")).await.unwrap() {
        Answered::Answer(bytes) => {
            world.log_receipt(&bytes);
            code(&bytes)
        }
        Answered::Unauthenticated => panic!("the desk was not recognised"),
    }
}

#[tokio::test]
async fn a_refreshed_epoch_answers_once_it_is_in_force_and_old_shares_are_destroyed_then() {
    let mut world = read_world().await;
    let plan = resharing("refresh", &[1, 2, 4], identities(N));
    let finished = reshare(&world, &plan).await;
    assert!(finished.iter().all(|one| one.shares == finished[0].shares));
    let shares = VerifyingShares::new(&founded().ring, &finished[0].shares).unwrap();
    EpochConfirmation::check_all(&shares, &confirmations(&finished), &identities(N)).unwrap();

    // Until the new epoch is in force the old one answers, and nothing of it is destroyed.
    let case = world.case(1, 1);
    assert_eq!(asked(&mut world, 3, &case, 1).await, None);
    let early = world.open(3).forget_shares_before(2, world.now).await;
    assert!(matches!(early, Err(TrusteeError::Document { .. })), "{early:?}");
    let share = |world: &World, index: u16, name: &str| world.path(index).join("secret").join(name).exists();
    let old = format!("share-{}-1", founded().ring.id());
    let new = format!("share-{}-2-{}", founded().ring.id(), finished[0].shares.digest());
    assert!(share(&world, 3, &old) && share(&world, 3, &new));

    for index in 1..=N {
        world.open(index).reshare_confirmed(&plan, &confirmations(&finished)).unwrap();
    }
    world.change(Action::SetRing(reference(&finished[0])), &ENOUGH);
    for index in 1..=N {
        world.tail(&world.open(index)).await.unwrap();
    }
    world.pass(7 * DAY + 60);
    let case = world.case(2, 1);
    assert_eq!(asked(&mut world, 3, &case, 2).await, None);
    // What a crash left of writing an old share goes too, and so does an exchange that was never finished.
    let folder = world.path(3).join("secret");
    std::fs::write(folder.join(format!("{old}.unfinished")), b"left").unwrap();
    let forgotten = world.open(3).forget_shares_before(2, world.now).await.unwrap();
    assert!(forgotten.files.contains(&old), "{:?}", forgotten.files);
    assert!(!share(&world, 3, &old) && !share(&world, 3, &format!("{old}.unfinished")) && share(&world, 3, &new));
    assert!(forgotten.files.iter().all(|name| name == &old || name.starts_with("reshare-")));
    assert!(world.open(3).forget_shares_before(2, world.now).await.unwrap().files.is_empty());
    let case = world.case(3, 1);
    assert_eq!(asked(&mut world, 3, &case, 2).await, None);
}

#[tokio::test]
async fn every_step_of_a_resharing_may_be_repeated_and_gives_the_same() {
    let world = read_world().await;
    let plan = resharing("repeated", &[1, 2, 4], identities(N));
    let early = world.open(1).reshare_proceed(&plan, &[], &mut fresh("x"));
    assert!(matches!(early, Err(TrusteeError::NotReady(_))));
    assert!(matches!(world.open(1).reshare_finish(&plan, &[]), Err(TrusteeError::NotReady(_))));
    assert!(matches!(world.open(1).reshare_confirmed(&plan, &[]), Err(TrusteeError::NotReady(_))));
    let mut broadcasts = Vec::new();
    for index in 1..=N {
        broadcasts.push(start(&world.open(index), &plan, world.now).await);
    }
    assert_eq!(world.open(1).reshare_start(&plan, &[], world.now, &mut fresh("again")).await.unwrap(), broadcasts[0]);
    let proceed =
        |index: u16, name: &str| world.open(index).reshare_proceed(&plan, &broadcasts, &mut fresh(name)).unwrap();
    let sent: Vec<_> = (1..=N).map(|index| proceed(index, "deal")).collect();
    assert_eq!(proceed(1, "again"), sent[0]);
    assert_eq!(start(&world.open(1), &plan, world.now).await, broadcasts[0]);
    let mut others = broadcasts.clone();
    others.swap(1, 2);
    let changed = world.open(1).reshare_proceed(&plan, &others, &mut fresh("x"));
    assert!(matches!(changed, Err(TrusteeError::CeremonyRepeated(_))));

    let mut lying = inbox(&sent, 5);
    lying[1].1[1200] ^= 1;
    let blamed = world.open(5).reshare_finish(&plan, &lying);
    assert!(matches!(blamed, Err(TrusteeError::Life(LifeError::Envelope { culprit: 2, .. }))), "{blamed:?}");
    let finished: Vec<_> =
        (1..=N).map(|index| world.open(index).reshare_finish(&plan, &inbox(&sent, index)).unwrap()).collect();
    assert_eq!(world.open(5).reshare_finish(&plan, &[]).unwrap(), finished[4]);
    assert_eq!(proceed(1, "again"), sent[0]);
    assert_eq!(finished[0].shares, public_outcome(&plan, &broadcasts).unwrap());
    // The secret state is gone: only the messages themselves can be given again.
    let secret = world.path(1).join("secret");
    let second = format!("reshare-{}-1-{}-round2", founded().ring.id(), plan.digest());
    let kept = std::fs::read(secret.join(second)).unwrap();
    assert_eq!(kept[..4], [0; 4], "an empty state");

    // A crash after the next state was kept and before the last was removed leaves nothing for long.
    let third = resharing("crashed", &[1, 2, 4], identities(N));
    let file = |step: &str| secret.join(format!("reshare-{}-1-{}-{step}", founded().ring.id(), third.digest()));
    let mut broadcasts = Vec::new();
    for index in 1..=N {
        broadcasts.push(start(&world.open(index), &third, world.now).await);
    }
    let round1 = std::fs::read(file("round1")).unwrap();
    let proceed = |index: u16| world.open(index).reshare_proceed(&third, &broadcasts, &mut fresh("deal")).unwrap();
    let sent: Vec<_> = (1..=N).map(proceed).collect();
    std::fs::write(file("round1"), round1).unwrap();
    assert_eq!(proceed(1), sent[0]);
    assert!(!file("round1").exists());
    let round2 = std::fs::read(file("round2")).unwrap();
    let end = world.open(1).reshare_finish(&third, &inbox(&sent, 1)).unwrap();
    std::fs::write(file("round2"), round2).unwrap();
    assert_eq!(world.open(1).reshare_finish(&third, &[]).unwrap(), end);
    assert_eq!(std::fs::read(file("round2")).unwrap()[..4], [0; 4], "an empty state");

    // Two outcomes for one epoch lie side by side until one is in force.
    let other = resharing("another", &[2, 3, 5], identities(N));
    let second = reshare(&world, &other).await;
    assert_ne!(second[0].shares, finished[0].shares);
    assert_eq!(world.open(5).reshare_finish(&plan, &[]).unwrap(), finished[4]);
    // The share of the index ring lies there too.
    let of_this_ring = format!("share-{}-", founded().ring.id());
    let shares = std::fs::read_dir(&secret)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with(&of_this_ring));
    assert_eq!(shares.count(), 4, "one in force, three outcomes");
}

#[tokio::test]
async fn shares_go_to_trustees_of_genesis_or_to_newcomers_accepted_by_name() {
    let world = read_world().await;
    let folder = tempfile::tempdir().unwrap();
    let public = Trustee::create(folder.path(), 6, &mut fresh("newcomer")).unwrap();
    let newcomer = public.identity_key().unwrap();
    let six: Vec<_> = identities(N).into_iter().chain([newcomer]).collect();
    let plan = resharing("enrol", &[1, 2, 3], six.clone());
    let refused = world.open(1).reshare_start(&plan, &[], world.now, &mut fresh("a")).await.unwrap_err().to_string();
    assert!(refused.contains("party 6") && refused.contains(&public.identity.to_string()), "{refused}");
    let wrong = [identities(1)[0]];
    assert!(world.open(1).reshare_start(&plan, &wrong, world.now, &mut fresh("a")).await.is_err());
    world.open(1).reshare_start(&plan, &[newcomer], world.now, &mut fresh("a")).await.unwrap();

    // A stranger under the index of a trustee of genesis.
    let mut replaced = identities(N);
    replaced[4] = newcomer;
    let plan = resharing("replace", &[1, 2, 3], replaced);
    let refused = world.open(2).reshare_start(&plan, &[], world.now, &mut fresh("b")).await.unwrap_err().to_string();
    assert!(refused.contains("party 5"), "{refused}");

    // Nobody deals shares that are not in force, or before it has read the journal.
    let unread = World::new();
    let plan = resharing("refresh", &[1, 2, 3], identities(N));
    let early = unread.open(1).reshare_start(&plan, &[], unread.now, &mut fresh("c")).await;
    assert!(matches!(early, Err(TrusteeError::NotReady(_))), "{early:?}");
    let finished = reshare(&world, &resharing("first", &[1, 2, 4], identities(N))).await;
    let next = VerifyingShares::new(&founded().ring, &finished[0].shares).unwrap();
    let ahead = Resharing::new(&founded().ring, &next, digest("ahead"), &[1, 2, 3], identities(N)).unwrap();
    let refused = world.open(1).reshare_start(&ahead, &[], world.now, &mut fresh("d")).await.unwrap_err().to_string();
    assert!(refused.contains("not of the ring and share epoch in force"), "{refused}");
}

#[tokio::test]
async fn an_epoch_is_put_in_force_only_by_those_who_hold_it_when_all_have_confirmed() {
    let world = read_world().await;
    let plan = resharing("refresh", &[1, 2, 4], identities(N));
    let finished = reshare(&world, &plan).await;
    let sign = async |ring: RingRef| {
        let change = world.draft(Action::SetRing(ring));
        let signed = world.open(1).acknowledge(change.bytes(), &change.digest(), world.now).await;
        signed.map_err(|error| error.to_string())
    };
    let refused = sign(reference(&finished[0])).await.unwrap_err();
    assert!(refused.contains("not all holders"), "{refused}");
    let missing = world.open(1).reshare_confirmed(&plan, &confirmations(&finished)[..4]);
    assert!(missing.unwrap_err().to_string().contains("trustee 5 has not confirmed"));
    assert!(sign(reference(&finished[0])).await.is_err());
    world.open(1).reshare_confirmed(&plan, &confirmations(&finished)).unwrap();
    sign(reference(&finished[0])).await.unwrap();
    let elsewhere = RingRef { shares: Digest([1; 32]), ..reference(&finished[0]) };
    let refused = sign(elsewhere).await.unwrap_err();
    assert!(refused.contains("holds no share"), "{refused}");
}

#[tokio::test]
async fn a_lost_share_is_repaired_exactly_and_only_when_it_is_lost() {
    let world = read_world().await;
    let founded = founded();
    let plan = Repair::new(&founded.ring, &founded.shares, digest("repair"), 3, &[1, 2, 5], &identities(N)).unwrap();
    let share = world.path(3).join("secret").join(format!("share-{}-1", founded.ring.id()));
    let kept = std::fs::read(&share).unwrap();
    let refused = world.open(3).repair_request(&plan, &mut fresh("r")).unwrap_err().to_string();
    assert!(refused.contains("nothing is lost"), "{refused}");
    for damaged in [false, true] {
        std::fs::remove_file(&share).unwrap();
        if damaged {
            std::fs::write(&share, &kept[..50]).unwrap();
        }
        let name = format!("repair {damaged}");
        let plan = Repair::new(&founded.ring, &founded.shares, digest(&name), 3, &[1, 2, 5], &identities(N)).unwrap();
        assert!(matches!(world.open(3).repair_finish(&plan, &[], &[]), Err(TrusteeError::NotReady(_))));
        let request = world.open(3).repair_request(&plan, &mut fresh(&name)).unwrap();
        assert_eq!(world.open(3).repair_request(&plan, &mut fresh("again")).unwrap(), request);
        let mut broadcasts = Vec::new();
        for index in [1, 2, 5] {
            let (helper, mut random) = (world.open(index), fresh(&format!("start {index}")));
            broadcasts.push(helper.repair_start(&plan, &[], world.now, &mut random).await.unwrap());
        }
        let again = world.open(1).repair_start(&plan, &[], world.now, &mut fresh("again")).await.unwrap();
        assert_eq!(again, broadcasts[0]);
        let mut sent = vec![Vec::new(); 5];
        for index in [1u16, 2, 5] {
            let proceed =
                |name: &str| world.open(index).repair_proceed(&plan, &request, &broadcasts, &mut fresh(name)).unwrap();
            sent[usize::from(index) - 1] = proceed("split");
            assert_eq!(proceed("again"), sent[usize::from(index) - 1]);
        }
        let mut others = broadcasts.clone();
        others.swap(0, 1);
        let changed = world.open(1).repair_proceed(&plan, &request, &others, &mut fresh("x"));
        assert!(matches!(changed, Err(TrusteeError::CeremonyRepeated(_))));
        let mut sums = Vec::new();
        for index in [1u16, 2, 5] {
            let sum = world.open(index).repair_add(&plan, &inbox(&sent, index), &mut fresh("sum")).unwrap();
            assert_eq!(world.open(index).repair_add(&plan, &[], &mut fresh("again")).unwrap(), sum);
            sums.push((index, sum));
        }
        let mut lying = sums.clone();
        lying[1].1[1200] ^= 1;
        let blamed = world.open(3).repair_finish(&plan, &broadcasts, &lying);
        assert!(matches!(blamed, Err(TrusteeError::Life(LifeError::Envelope { culprit: 2, .. }))), "{blamed:?}");
        world.open(3).repair_finish(&plan, &broadcasts, &sums).unwrap();
        assert_eq!(std::fs::read(&share).unwrap(), kept);
        world.open(3).repair_finish(&plan, &broadcasts, &sums).unwrap();
    }
    // A helper does not split its share for a stranger.
    let mut strangers = identities(N);
    let folder = tempfile::tempdir().unwrap();
    strangers[2] = Trustee::create(folder.path(), 3, &mut fresh("stranger")).unwrap().identity_key().unwrap();
    let plan = Repair::new(&founded.ring, &founded.shares, digest("theft"), 3, &[1, 2, 5], &strangers).unwrap();
    let refused = world.open(1).repair_start(&plan, &[], world.now, &mut fresh("t")).await.unwrap_err().to_string();
    assert!(refused.contains("party 3"), "{refused}");
}
