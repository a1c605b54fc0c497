use crate::world::{World, person_id};
use crate::{Desk, DeskError};
use countersign_core::time::MINUTE;
use countersign_intake::authenticity::Channel;
use countersign_intake::status::{Outward, Status};
use countersign_store::Cases as _;
use countersign_verify::wire::Signed;

const BOMB: &[u8] = b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";

async fn desk(world: &World) -> (Desk, age::x25519::Identity) {
    let officer = age::x25519::Identity::generate();
    let desk = world.desk_with(None, Vec::new(), vec![officer.to_public().to_string()]).await;
    (desk, officer)
}

/// What nobody can read is kept all the same, encrypted to the officers, before anybody tries to read it.
#[tokio::test]
async fn bytes_are_kept_before_anything_reads_them() {
    let world = World::new().await;
    let (desk, officer) = desk(&world).await;
    let lena = person_id("lena-ohm");
    let received = desk.receive(BOMB.to_vec(), Channel::Ts103120, None, &lena).await.unwrap();
    let kept = world.store.document(&received.arrival().sealed_raw).await.unwrap().unwrap();
    assert!(!kept.bytes.windows(8).any(|part| BOMB.windows(8).any(|other| other == part)), "not in clear");
    let decryptor = age::Decryptor::new(kept.bytes.as_slice()).unwrap();
    let mut opened = Vec::new();
    let mut reader = decryptor.decrypt(std::iter::once(&officer as &dyn age::Identity)).unwrap();
    std::io::Read::read_to_end(&mut reader, &mut opened).unwrap();
    assert_eq!(opened, BOMB);
    assert_eq!(received.bytes(), BOMB);

    let Err(not_taken) = desk.read_message(&received, None) else { panic!("a bomb was read") };
    let status = desk.not_taken(&received, None, None, &not_taken.refusal).await.unwrap();
    assert_eq!((status.value().generation, status.value().status), (0, Outward::NotTaken));
    assert!(status.value().problems[0].contains("document type"), "{:?}", status.value().problems);
    let arrival = received.arrival();
    let again = countersign_core::order::salted_request_digest(&status.value().salt, BOMB);
    assert_eq!((again, arrival.request), (status.value().request, again), "the sender can compute it again");
    let key = desk.custodian().genesis.value().desk_key;
    assert!(Signed::<Status>::open(status.text().as_bytes(), &key).is_ok());
    assert!(world.store.cases().await.unwrap().is_empty(), "nothing was begun");
}

#[tokio::test]
async fn nothing_arrives_empty_or_in_the_future() {
    let world = World::new().await;
    let (desk, _) = desk(&world).await;
    let lena = person_id("lena-ohm");
    let later = Some(desk.now().plus(MINUTE));
    for (bytes, at) in [(vec![], None), (vec![1], later)] {
        let received = desk.receive(bytes, Channel::Letter, at, &lena).await;
        assert!(matches!(received, Err(DeskError::Input(_))));
    }
}
