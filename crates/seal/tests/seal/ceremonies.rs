//! Key generation without a dealer.

use crate::support::*;
use countersign_core::class::{Class, ClassSet};
use countersign_core::json::Exact;
use countersign_seal::combine::{CellContent, Package, Released, open};
use countersign_seal::dkg::{DkgError, Finished, Round1, Round2, public_outcome};
use countersign_seal::header::check;
use countersign_seal::kind::{Kind, Sealing, Slot};
use countersign_seal::partial::{Ask, answer};
use countersign_seal::ring::{ConfirmedRing, DealerRings, VerifyingShares};
use countersign_seal::sealer::Sealer;

type Envelopes = Vec<(u16, Vec<u8>)>;

fn round1<K: Kind>(name: &str, keys: &[K::Key]) -> (Vec<Round1<K>>, Vec<Vec<u8>>) {
    let ceremony = ceremony::<K>(name, keys);
    (1..=N)
        .map(|index| Round1::start(&ceremony, index, &identity(index), &mut rng(&format!("{name} {index}"))).unwrap())
        .unzip()
}

fn round2<K: Kind>(states: Vec<Round1<K>>, broadcasts: &[Vec<u8>]) -> (Vec<Round2<K>>, Vec<Envelopes>) {
    (1u16..)
        .zip(states)
        .map(|(index, state)| {
            state.proceed(broadcasts, &identity(index), &mut rng(&format!("round 2 {index}"))).unwrap()
        })
        .unzip()
}

/// What trustee `index` receives.
fn inbox(envelopes: &[Envelopes], index: u16) -> Envelopes {
    (1u16..)
        .zip(envelopes)
        .filter(|(sender, _)| *sender != index)
        .map(|(sender, list)| (sender, list.iter().find(|(to, _)| *to == index).unwrap().1.clone()))
        .collect()
}

fn finish<K: Kind>(states: &[Round2<K>], envelopes: &[Envelopes]) -> Vec<Finished<K>> {
    (1u16..)
        .zip(states)
        .map(|(index, state)| state.finish(&inbox(envelopes, index), &transport(index)).unwrap())
        .collect()
}

#[test]
fn a_ceremony_makes_keys_that_seal_and_open() {
    let classes = [Class::Name, Class::Bank];
    let (states, broadcasts) = round1::<Sealing>("ceremony-1", &classes);
    let (states, envelopes) = round2(states, &broadcasts);
    let finished = finish(&states, &envelopes);
    let ring = finished[0].ring.clone();
    assert!(!ring.dealer);
    let (public_ring, public_epoch) =
        public_outcome(&ceremony::<Sealing>("ceremony-1", &classes), &broadcasts).unwrap();
    for party in &finished {
        assert_eq!((&party.ring, &party.epoch), (&public_ring, &public_epoch));
    }
    let confirmed: ConfirmedRing = ConfirmedRing::new(
        Exact::write(ring.clone()).unwrap(),
        &confirmations(&ring),
        &identities(),
        DealerRings::Refuse,
    )
    .unwrap();
    let verifying = VerifyingShares::new(&confirmed, &Exact::write(finished[0].epoch.clone()).unwrap()).unwrap();
    finished.iter().for_each(|party| party.share.check(&verifying).unwrap());

    let sealed =
        Sealer::new(&confirmed).seal(head(1), &[(Class::Bank, b"XR 12 3456")], &sigma(1), &randomness("1")).unwrap();
    let capsule = check(confirmed.id(), sealed.record.capsule().clone()).unwrap();
    let classes = ClassSet::new([Class::Bank]);
    let ask = Ask { capsule: &capsule, classes: &classes };
    let replies: Vec<_> = [4u16, 2, 5]
        .map(|index| {
            let share = &finished[usize::from(index) - 1].share;
            (index, answer(share, &verifying, &order(), &[ask], &bytes("seed")).unwrap())
        })
        .into();
    let sigmas = sigmas(1, &capsule, &classes);
    let records = [Released { ask, record: &sealed.record, sigmas: &sigmas }];
    let package = Package { ring: &confirmed, shares: &verifying, order: order(), records: &records };
    let outcome = open(&package, &replies).unwrap();
    assert!(outcome.liars.is_empty());
    match &outcome.cells[0].content {
        Ok(CellContent::Inline(content)) => assert_eq!(content.as_slice(), b"XR 12 3456"),
        _ => panic!("not opened"),
    }
}

#[test]
fn state_can_be_stored_between_rounds() {
    let classes = [Class::Name];
    let ceremony = ceremony::<Sealing>("ceremony-2", &classes);
    let (states, broadcasts) = round1::<Sealing>("ceremony-2", &classes);
    let states = states.iter().map(|state| Round1::decode(&ceremony, &state.encode().unwrap()).unwrap()).collect();
    let (states, envelopes) = round2(states, &broadcasts);
    let states: Vec<_> =
        states.iter().map(|state| Round2::decode(&ceremony, &state.encode().unwrap()).unwrap()).collect();
    let finished = finish(&states, &envelopes);
    assert!(finished.iter().all(|party| party.ring == finished[0].ring));

    let other = crate::support::ceremony::<Sealing>("ceremony-3", &classes);
    let stored = states[0].encode().unwrap();
    assert!(matches!(Round2::decode(&other, &stored), Err(DkgError::State)));
    assert!(matches!(Round1::decode(&ceremony, &stored), Err(DkgError::State)));
    assert!(matches!(Round2::decode(&ceremony, &stored[..stored.len() - 1]), Err(DkgError::State)));
}

#[test]
fn class_key_without_proof_of_possession_names_the_trustee() {
    // Trustee 2 signs the commitments of trustee 3's key as its own: it does not know the secret behind them.
    let classes = [Class::Name, Class::Notes];
    let (states, mut broadcasts) = round1::<Sealing>("rogue", &classes);
    let key = usize::from(T) * 32 + 64;
    let mut content = broadcasts[1][..broadcasts[1].len() - 64].to_vec();
    content[34 + key..].copy_from_slice(&broadcasts[2][34 + key..34 + 2 * key]);
    broadcasts[1] = resign(&content, 2);
    let state = states.into_iter().next().unwrap();
    let error = state.proceed(&broadcasts, &identity(1), &mut rng("x")).err().unwrap();
    assert_eq!(error, DkgError::Possession { culprit: 2, class: Slot::Class(Class::Notes) });
}

#[test]
fn a_changed_proof_names_the_trustee() {
    let (states, mut broadcasts) = round1::<Sealing>("forged", &[Class::Name]);
    let mut content = broadcasts[3][..broadcasts[3].len() - 64].to_vec();
    let last = content.len() - 32;
    content[last] ^= 1;
    broadcasts[3] = resign(&content, 4);
    let error = states.into_iter().next().unwrap().proceed(&broadcasts, &identity(1), &mut rng("x")).err().unwrap();
    assert_eq!(error, DkgError::Possession { culprit: 4, class: Slot::Class(Class::Name) });
}

#[test]
fn broadcasts_must_be_signed_complete_and_of_this_ceremony() {
    let classes = [Class::Name];
    let run = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let (states, mut broadcasts) = round1::<Sealing>("signed", &classes);
        change(&mut broadcasts);
        states.into_iter().next().unwrap().proceed(&broadcasts, &identity(1), &mut rng("x")).err().unwrap()
    };
    assert_eq!(run(&|list| list[2][40] ^= 1), DkgError::Signature(3));
    assert_eq!(run(&|list| list.truncate(4)), DkgError::Missing(5));
    assert_eq!(run(&|list| list.swap(1, 2)), DkgError::Signature(2));
    let (_, other) = round1::<Sealing>("another", &classes);
    assert_eq!(run(&|list| list[3] = other[3].clone()), DkgError::Malformed(4));
    let ceremony = ceremony::<Sealing>("signed", &classes);
    let (_, second) = Round1::start(&ceremony, 1, &identity(1), &mut rng("other")).unwrap();
    assert_eq!(run(&|list| list[0] = second.clone()), DkgError::NotOurs(1));
}

#[test]
fn a_wrong_share_names_the_trustee() {
    let classes = [Class::Name];
    let (states, broadcasts) = round1::<Sealing>("share", &classes);
    let (states, envelopes) = round2(states, &broadcasts);
    // Trustee 2 runs round 2 with another polynomial than the one it broadcast.
    let ceremony = ceremony::<Sealing>("share", &classes);
    let (other, bytes) = Round1::start(&ceremony, 2, &identity(2), &mut rng("other polynomial")).unwrap();
    let mut view = broadcasts.clone();
    view[1] = bytes;
    let (_, lies) = other.proceed(&view, &identity(2), &mut rng("y")).unwrap();
    let mut inbox_of_one = inbox(&envelopes, 1);
    inbox_of_one[0].1 = lies.iter().find(|(to, _)| *to == 1).unwrap().1.clone();
    // The transcript differs, so its signature does not count here.
    let error = states[0].finish(&inbox_of_one, &transport(1)).err().unwrap();
    assert!(matches!(error, DkgError::Envelope { culprit: 2, .. }), "{error}");

    let swapped = vec![inbox(&envelopes, 1)[0].clone(), (3, inbox(&envelopes, 1)[2].1.clone())];
    let error = states[0].finish(&swapped, &transport(1)).err().unwrap();
    assert!(matches!(error, DkgError::Envelope { culprit: 3, .. }), "{error}");
    let missing = inbox(&envelopes, 1)[1..].to_vec();
    assert_eq!(states[0].finish(&missing, &transport(1)).err().unwrap(), DkgError::Missing(2));
}

/// A broadcast signed by trustee `index`, as the format's page describes it.
fn resign(content: &[u8], index: u16) -> Vec<u8> {
    use ed25519_dalek::Signer;
    let key = ed25519_dalek::SigningKey::from_bytes(&bytes(&format!("identity {index}")));
    let domain = b"countersign/seal/v1/ceremony-round1";
    let mut message = Vec::new();
    for part in [&domain[..], content] {
        message.extend_from_slice(&(part.len() as u64).to_le_bytes());
        message.extend_from_slice(part);
    }
    [content, &key.sign(&message).to_bytes()].concat()
}
