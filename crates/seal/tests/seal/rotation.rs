//! Records sealed anew under another ring.

use crate::support::*;
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::Digest;
use countersign_seal::MAX_INLINE;
use countersign_seal::combine::{CellContent, CellFault, OpenedCell, Package, Released, open};
use countersign_seal::label::{Head, Period};
use countersign_seal::partial::Ask;
use countersign_seal::record::SealedRecord;
use countersign_seal::reseal::{ResealError, reseal};
use countersign_seal::sealer::{Blob, Randomness, Sealed, Sealer};

/// All cells of a record, by three trustees of its ring.
fn cells(world: &World, sealed: &Sealed, classes: &ClassSet, without: Option<Class>) -> Vec<OpenedCell> {
    let capsule = checked(world, sealed);
    let ask = Ask { capsule: &capsule, classes };
    let replies: Vec<_> =
        world.shares[1..4].iter().map(|share| (share.trustee(), reply(world, share, &[ask]))).collect();
    let mut sigmas = sigmas(1, &capsule, classes);
    without.map(|class| sigmas.remove(&class));
    let records = [Released { ask, record: &sealed.record, sigmas: &sigmas }];
    let package = Package { ring: &world.ring, shares: &world.verifying, order: order(), records: &records };
    open(&package, &replies).unwrap().cells
}

fn contents(cells: &[OpenedCell], blobs: &[Blob]) -> Vec<(Class, Vec<u8>)> {
    let text = |cell: &OpenedCell| match cell.content.as_ref() {
        Ok(CellContent::Inline(content)) => content.to_vec(),
        Ok(CellContent::Blob(opener)) => {
            opener.open(&blobs.iter().find(|blob| blob.class == cell.class).unwrap().bytes).unwrap().to_vec()
        }
        Err(fault) => panic!("{fault}"),
    };
    cells.iter().map(|cell| (cell.class, text(cell))).collect()
}

fn old_head() -> Head {
    Head { client_key: Some(Digest([9; 32])), period: Period::new(2026, 11), revision: 41, schema: 3, ..head(1) }
}

fn old(world: &World, random: &Randomness) -> (Sealed, Vec<u8>) {
    let long: Vec<u8> = (0..MAX_INLINE + 100).map(|at| (at % 251) as u8).collect();
    let all: [(Class, &[u8]); 3] = [(Class::Name, NAME), (Class::Address, ADDRESS), (Class::Notes, &long)];
    (Sealer::new(&world.ring).seal(old_head(), &all, &sigma(1), random).unwrap(), long)
}

fn both_rings() -> (World, World) {
    (world(), world_of("register-2", &CLASSES))
}

#[test]
fn a_record_sealed_anew_opens_under_the_new_ring_only() {
    let (before, after) = both_rings();
    let (sealed, long) = old(&before, &randomness("old"));
    let classes = ClassSet::new(CLASSES);
    let opened = cells(&before, &sealed, &classes, None);
    let sealer = Sealer::new(&after.ring);
    let anew = reseal(&sealed.record, &opened, &sealed.blobs, &sealer, &sigma(1), &randomness("new")).unwrap();
    assert_eq!(anew.record.ring(), after.ring.id());
    assert_eq!(*anew.record.label().head(), Head { revision: 42, ..old_head() });
    assert_ne!(anew.record.id(), sealed.record.id());
    let expected = [(Class::Name, NAME.to_vec()), (Class::Address, ADDRESS.to_vec()), (Class::Notes, long)].to_vec();
    assert_eq!(contents(&cells(&after, &anew, &classes, None), &anew.blobs), expected);
    // The old shares do not open the new record: its capsule is not one of their ring.
    assert!(countersign_seal::header::check(before.ring.id(), anew.record.capsule().clone()).is_err());
    SealedRecord::decode(&anew.record.encode()).unwrap();
}

#[test]
fn a_failed_generator_gives_nothing_of_the_old_record_away() {
    let (before, after) = both_rings();
    let stuck = Randomness { fresh: [0; 64], local: [0; 32] };
    let (sealed, _) = old(&before, &stuck);
    let opened = cells(&before, &sealed, &ClassSet::new(CLASSES), None);
    let stuck = Randomness { fresh: [0; 64], local: [0; 32] };
    let anew = reseal(&sealed.record, &opened, &sealed.blobs, &Sealer::new(&after.ring), &sigma(1), &stuck).unwrap();
    let (left, right) = (sealed.record.capsule().header.bytes(), anew.record.capsule().header.bytes());
    for at in (0..160).step_by(32) {
        assert_ne!(left[at..at + 32], right[at..at + 32], "{at}");
    }
}

#[test]
fn nothing_is_lost_doubled_or_mixed() {
    let (before, after) = both_rings();
    let (sealed, _) = old(&before, &randomness("old"));
    let (other, _) = old(&before, &randomness("another"));
    let classes = ClassSet::new(CLASSES);
    let (sealer, random) = (Sealer::new(&after.ring), randomness("new"));
    let run = |cells: &[OpenedCell], blobs: &[Blob], sealer: &Sealer| {
        reseal(&sealed.record, cells, blobs, sealer, &sigma(1), &random).err()
    };
    let good = || cells(&before, &sealed, &classes, None);
    assert_eq!(run(&good(), &sealed.blobs, &sealer), None);
    assert_eq!(run(&good(), &sealed.blobs, &Sealer::new(&before.ring)), Some(ResealError::SameRing));
    assert_eq!(run(&good()[..2], &sealed.blobs, &sealer), Some(ResealError::Incomplete(Class::Notes)));
    let mut doubled = good();
    doubled.extend(good().into_iter().take(1));
    assert_eq!(run(&doubled, &sealed.blobs, &sealer), Some(ResealError::Incomplete(Class::Name)));
    let mut mixed = good();
    mixed.pop();
    mixed.extend(cells(&before, &other, &classes, None).pop());
    assert_eq!(run(&mixed, &sealed.blobs, &sealer), Some(ResealError::Record(other.record.id())));
    assert_eq!(run(&good(), &[], &sealer), Some(ResealError::Blob(Class::Notes)));
    let fault = |fault| Some(ResealError::Cell { class: Class::Notes, fault });
    assert_eq!(run(&good(), &other.blobs, &sealer), fault(CellFault::Tampered));
    let erased = cells(&before, &sealed, &classes, Some(Class::Notes));
    assert_eq!(run(&erased, &sealed.blobs, &sealer), fault(CellFault::Erased));
    let smaller = world_of("register-3", &[Class::Name]);
    let missing = run(&good(), &sealed.blobs, &Sealer::new(&smaller.ring));
    assert!(matches!(missing, Some(ResealError::Seal(_))), "{missing:?}");
}

#[test]
fn the_last_revision_is_not_wrapped() {
    let (before, after) = both_rings();
    let last = Head { revision: u64::MAX, ..old_head() };
    let sealed = Sealer::new(&before.ring).seal(last, &[(Class::Name, NAME)], &sigma(1), &randomness("r")).unwrap();
    let opened = cells(&before, &sealed, &name_only(), None);
    let anew = reseal(&sealed.record, &opened, &[], &Sealer::new(&after.ring), &sigma(1), &randomness("n"));
    assert_eq!(anew.err(), Some(ResealError::Revision));
}
