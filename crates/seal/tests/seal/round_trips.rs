//! What is sealed can be opened by t trustees and nobody else.

use crate::support::*;
use countersign_core::class::{Class, ClassSet};
use countersign_seal::combine::{CellContent, CombineError, Package, Released, open};
use countersign_seal::header::{BadCapsules, Capsule, check_batch};
use countersign_seal::partial::{Ask, Reply};
use countersign_seal::record::SealedRecord;
use countersign_seal::sealer::{SealError, Sealer};
use countersign_seal::{MAX_INLINE, reply};
use proptest::prelude::*;

fn text(content: &Result<CellContent, countersign_seal::combine::CellFault>) -> Vec<u8> {
    match content {
        Ok(CellContent::Inline(content)) => content.to_vec(),
        Ok(CellContent::Blob(_)) => panic!("a blob"),
        Err(fault) => panic!("{fault}"),
    }
}

#[test]
fn any_three_of_five_open_exactly_the_classes_asked() {
    let world = world();
    let all: Vec<_> = (1..=4).map(|client| sealed(&world, client)).collect();
    let capsules: Vec<_> = all.iter().map(|sealed| sealed.record.capsule().clone()).collect();
    let capsules = check_batch(world.ring.id(), capsules, &bytes("weights")).unwrap();
    let both = ClassSet::new([Class::Name, Class::Address]);
    let name = name_only();
    let asks: Vec<Ask<'_>> = capsules
        .iter()
        .enumerate()
        .map(|(place, capsule)| Ask { capsule, classes: if place == 2 { &both } else { &name } })
        .collect();
    let replies: Vec<(u16, Reply)> =
        world.shares.iter().map(|share| (share.trustee(), reply(&world, share, &asks))).collect();
    let sigmas: Vec<_> = (1u8..).zip(&asks).map(|(client, ask)| sigmas(client, ask.capsule, ask.classes)).collect();
    let records: Vec<Released<'_>> = asks
        .iter()
        .zip(&all)
        .zip(&sigmas)
        .map(|((ask, sealed), sigmas)| Released { ask: *ask, record: &sealed.record, sigmas })
        .collect();
    let package = Package { ring: &world.ring, shares: &world.verifying, order: order(), records: &records };
    for chosen in [[1, 2, 3], [5, 1, 4], [3, 4, 5]] {
        let picked: Vec<_> = chosen.iter().map(|index: &usize| replies[index - 1].clone()).collect();
        let outcome = open(&package, &picked).unwrap();
        assert!(outcome.liars.is_empty());
        let found: Vec<_> = outcome.cells.iter().map(|cell| (cell.class, text(&cell.content))).collect();
        let name = (Class::Name, NAME.to_vec());
        assert_eq!(found, [name.clone(), name.clone(), name.clone(), (Class::Address, ADDRESS.to_vec()), name]);
    }
    for two in [[1, 2], [4, 5]] {
        let picked: Vec<_> = two.iter().map(|index: &usize| replies[index - 1].clone()).collect();
        assert!(matches!(open(&package, &picked), Err(CombineError::TooFew { have: 2, need: 3, .. })));
    }
}

#[test]
fn replies_travel_encrypted_and_signed() {
    let world = world();
    let sealed = sealed(&world, 1);
    let capsule = checked(&world, &sealed);
    let asks = [Ask { capsule: &capsule, classes: &name_only() }];
    let answer = reply(&world, &world.shares[1], &asks);
    assert_eq!(Reply::decode(&answer.encode()).unwrap(), answer);
    let context =
        countersign_seal::partial::ReplyContext { order: order(), ring: world.ring.id(), trustee: 2, share_epoch: 1 };
    let recipient = transport(9);
    let public = recipient.public().unwrap();
    let bytes = reply::seal(&answer, &context, &public, &identity(2), &mut rng("hpke")).unwrap();
    assert_eq!(bytes.len(), answer.encode().len() + countersign_seal::transport::OVERHEAD);
    reply::check(&bytes, &context, &public, &identity(2).public()).unwrap();
    assert_eq!(reply::open(&bytes, &context, &recipient, &identity(2).public()).unwrap(), answer);
}

#[test]
fn long_content_becomes_a_blob() {
    let world = world();
    for length in [MAX_INLINE, MAX_INLINE + 1, 65_536, 65_537, 200_000] {
        let content: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let sealed =
            Sealer::new(&world.ring).seal(head(1), &[(Class::Name, &content)], &sigma(1), &randomness("blob")).unwrap();
        assert_eq!(sealed.blobs.len(), usize::from(length > MAX_INLINE));
        let capsule = checked(&world, &sealed);
        let classes = name_only();
        let ask = Ask { capsule: &capsule, classes: &classes };
        let replies: Vec<_> =
            world.shares[..3].iter().map(|share| (share.trustee(), reply(&world, share, &[ask]))).collect();
        let sigmas = sigmas(1, &capsule, &classes);
        let records = [Released { ask, record: &sealed.record, sigmas: &sigmas }];
        let package = Package { ring: &world.ring, shares: &world.verifying, order: order(), records: &records };
        let outcome = open(&package, &replies).unwrap();
        let opened = match outcome.cells[0].content.as_ref().unwrap() {
            CellContent::Inline(content) => content.clone(),
            CellContent::Blob(opener) => {
                let blob = &sealed.blobs[0].bytes;
                assert_eq!(opener.length(), length as u64);
                for (at, bit) in [(0, 1), (blob.len() - 1, 128), (blob.len() / 2, 1)] {
                    let mut bad = blob.clone();
                    bad[at] ^= bit;
                    assert!(opener.open(&bad).is_err());
                }
                assert!(opener.open(&blob[..blob.len() - 65_552]).is_err());
                opener.open(blob).unwrap()
            }
        };
        assert_eq!(*opened, content);
    }
}

#[test]
fn sealing_refuses_what_the_ring_cannot_hold() {
    let sealer = Sealer::new(&world().ring);
    let seal = |contents: &[(Class, &[u8])]| sealer.seal(head(1), contents, &sigma(1), &randomness("r"));
    assert_eq!(seal(&[]).err(), Some(SealError::Classes));
    assert_eq!(seal(&[(Class::Notes, b""), (Class::Name, b"")]).err(), Some(SealError::Classes));
    assert_eq!(seal(&[(Class::Name, b""), (Class::Name, b"")]).err(), Some(SealError::Classes));
    assert_eq!(seal(&[(Class::Bank, b"")]).err(), Some(SealError::NoKey(Class::Bank)));
}

#[test]
fn a_batch_names_every_bad_capsule() {
    let world = world();
    let mut capsules: Vec<Capsule> = (1..=40).map(|client| sealed(&world, client).record.capsule().clone()).collect();
    let (third, last) = (capsules[3].label.clone(), capsules[39].label.clone());
    capsules[39].label = third;
    capsules[3].label = last;
    capsules[17].header = capsules[18].header.clone();
    assert_eq!(check_batch(world.ring.id(), capsules, &bytes("w")), Err(BadCapsules(vec![3, 17, 39])));
    assert_eq!(check_batch(world.ring.id(), Vec::new(), &bytes("w")), Ok(Vec::new()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn records_are_read_as_written(content in proptest::collection::vec(any::<u8>(), 0..3000), client in any::<u8>()) {
        let world = world();
        let sealed = Sealer::new(&world.ring)
            .seal(head(client), &[(Class::Notes, &content)], &sigma(client), &randomness("p"))
            .unwrap();
        let bytes = sealed.record.encode();
        prop_assert_eq!(SealedRecord::decode(&bytes).unwrap(), sealed.record);
        for end in [0, 1, 33, 100, bytes.len() - 1] {
            prop_assert!(SealedRecord::decode(&bytes[..end]).is_err());
        }
    }
}
