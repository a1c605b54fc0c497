//! A small custodian with five trustees, the same in every test.

use countersign_core::class::{Class, ClassSet};
use countersign_core::id::{CustodianId, Digest, Handle};
use countersign_core::json::Exact;
use countersign_seal::ceremony::{Ceremony, Party, Plan};
use countersign_seal::dealer::{Dealt, deal};
use countersign_seal::header::{CheckedCapsule, check};
use countersign_seal::identity::{Identity, IdentityKey};
use countersign_seal::kind::{Kind, Sealing};
use countersign_seal::label::Head;
use countersign_seal::partial::{Ask, Reply, answer};
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, Ring, ShareEpoch, VerifyingShares};
use countersign_seal::sealer::{Randomness, Sealed, Sealer};
use countersign_seal::share::{SealingShare, Share};
use countersign_seal::sigma::{ClassSigma, Sigma};
use countersign_seal::transport::TransportSecret;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeMap;

pub(crate) const N: u16 = 5;
pub(crate) const T: u16 = 3;
pub(crate) const CLASSES: [Class; 3] = [Class::Name, Class::Address, Class::Notes];

pub(crate) fn rng(name: &str) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(bytes(name))
}

pub(crate) fn bytes(name: &str) -> [u8; 32] {
    countersign_core::digest::parts("countersign/seal/test", &[name.as_bytes()]).0
}

pub(crate) fn identity(index: u16) -> Identity {
    Identity::from_seed(&bytes(&format!("identity {index}")))
}

pub(crate) fn transport(index: u16) -> TransportSecret {
    TransportSecret::from_seed(bytes(&format!("transport {index}")))
}

pub(crate) fn identities() -> Vec<IdentityKey> {
    (1..=N).map(|index| identity(index).public()).collect()
}

pub(crate) fn plan<K: Kind>(name: &str, keys: &[K::Key]) -> Plan<K> {
    Plan {
        name: name.to_owned(),
        ceremony: Digest(bytes(name)),
        t: T,
        n: N,
        keys: keys.iter().map(|key| (*key, 1)).collect(),
    }
}

pub(crate) fn ceremony<K: Kind>(name: &str, keys: &[K::Key]) -> Ceremony<K> {
    let parties = (1..=N)
        .map(|index| Party { identity: identity(index).public(), transport: transport(index).public().unwrap() })
        .collect();
    Ceremony::new(plan(name, keys), parties).unwrap()
}

pub(crate) fn confirmations(ring: &Ring) -> Vec<Confirmation> {
    (1..=N).map(|index| Confirmation::sign(ring.id(), index, &identity(index))).collect()
}

pub(crate) fn confirm<K: Kind>(ring: &Ring) -> ConfirmedRing<K> {
    let exact = Exact::write(ring.clone()).unwrap();
    ConfirmedRing::new(exact, &confirmations(ring), &identities(), DealerRings::AllowForTests).unwrap()
}

/// A dealt ring with everything around it.
pub(crate) struct World<K: Kind = Sealing> {
    pub(crate) ring: ConfirmedRing<K>,
    pub(crate) verifying: VerifyingShares<K>,
    pub(crate) epoch: ShareEpoch,
    pub(crate) shares: Vec<Share<K>>,
}

pub(crate) fn world_of<K: Kind>(name: &str, keys: &[K::Key]) -> World<K> {
    let Dealt { ring, epoch, shares } = deal(&plan::<K>(name, keys), &mut rng(name)).unwrap();
    let ring = confirm(&ring);
    let verifying = VerifyingShares::new(&ring, &Exact::write(epoch.clone()).unwrap()).unwrap();
    shares.iter().for_each(|share| share.check(&verifying).unwrap());
    World { ring, verifying, epoch, shares }
}

pub(crate) fn world() -> World {
    world_of("register-1", &CLASSES)
}

pub(crate) fn head(client: u8) -> Head {
    Head {
        custodian: CustodianId([7; 16]),
        handle: Handle([client; 32]),
        client_key: None,
        period: None,
        revision: 1,
        schema: 1,
    }
}

pub(crate) fn sigma(client: u8) -> Sigma {
    Sigma::from_bytes([client ^ 0x55; 32])
}

pub(crate) fn randomness(name: &str) -> Randomness {
    let mut fresh = [0; 64];
    fresh[..32].copy_from_slice(&bytes(name));
    fresh[32..].copy_from_slice(&bytes(&format!("{name} second half")));
    Randomness { fresh, local: bytes("local") }
}

pub(crate) const NAME: &[u8] = b"Ilka Dorn";
pub(crate) const ADDRESS: &[u8] = b"12 Quay Street, Strelsau, XR";

pub(crate) fn sealed(world: &World, client: u8) -> Sealed {
    let contents = [(Class::Name, NAME), (Class::Address, ADDRESS)];
    let random = randomness(&format!("client {client}"));
    Sealer::new(&world.ring).seal(head(client), &contents, &sigma(client), &random).unwrap()
}

pub(crate) fn checked(world: &World, sealed: &Sealed) -> CheckedCapsule {
    check(world.ring.id(), sealed.record.capsule().clone()).unwrap()
}

pub(crate) fn order() -> Digest {
    Digest(bytes("order"))
}

pub(crate) fn name_only() -> ClassSet {
    ClassSet::new([Class::Name])
}

pub(crate) fn sigmas(client: u8, capsule: &CheckedCapsule, classes: &ClassSet) -> BTreeMap<Class, ClassSigma> {
    classes.iter().map(|class| (class, sigma(client).of_class(class, capsule.u().bytes()))).collect()
}

pub(crate) fn reply(world: &World, share: &SealingShare, asks: &[Ask<'_>]) -> Reply {
    answer(share, &world.verifying, &order(), asks, &bytes("answer")).unwrap()
}
