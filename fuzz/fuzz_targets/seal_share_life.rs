#![no_main]
//! Messages and stored states of resharing and repair: hostile bytes give errors that name a party, never a panic. Broadcasts
//! are also tried under a right signature, so that what stands behind it is reached.
use countersign_core::class::Class;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_seal::ceremony::Plan;
use countersign_seal::dealer::deal;
use countersign_seal::identity::{Identity, IdentityKey};
use countersign_seal::kind::Sealing;
use countersign_seal::life::repair::{Adding, Helping, Repair, Requested};
use countersign_seal::life::reshare::{Resharing, Round1, Round2, public_outcome};
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, EpochConfirmation, VerifyingShares};
use ed25519_dalek::{Signer, SigningKey};
use libfuzzer_sys::fuzz_target;
use std::convert::Infallible;
use std::sync::LazyLock;

/// A counter is random enough for a dealer of this target.
struct Counting(u64);

impl rand_core::TryRng for Counting {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0 += 1;
        Ok(self.0 as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 += 1;
        Ok(self.0)
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.iter_mut().for_each(|byte| {
            self.0 += 1;
            *byte = self.0 as u8;
        });
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counting {}

struct World {
    resharing: Resharing<Sealing>,
    repair: Repair<Sealing>,
    shares: VerifyingShares,
    identities: Vec<IdentityKey>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let keys: Vec<Identity> = (1..=3u8).map(|index| Identity::from_seed(&[index; 32])).collect();
    let identities: Vec<IdentityKey> = keys.iter().map(Identity::public).collect();
    let plan =
        Plan::<Sealing> { name: "fuzz".into(), ceremony: Digest([7; 32]), t: 2, n: 3, keys: vec![(Class::Name, 1)] };
    let dealt = deal(&plan, &mut Counting(1)).expect("a plan");
    let id = dealt.ring.id();
    let confirmations: Vec<Confirmation> =
        (1u16..).zip(&keys).map(|(index, identity)| Confirmation::sign(id, index, identity)).collect();
    let ring = Exact::write(dealt.ring).expect("a ring");
    let ring = ConfirmedRing::new(ring, &confirmations, &identities, DealerRings::AllowForTests).expect("confirmed");
    let shares = VerifyingShares::new(&ring, &Exact::write(dealt.epoch).expect("an epoch")).expect("shares");
    let resharing = Resharing::new(&ring, &shares, Digest([8; 32]), &[1, 2], identities.clone()).expect("a resharing");
    let repair = Repair::new(&ring, &shares, Digest([9; 32]), 3, &[1, 2], &identities).expect("a repair");
    World { resharing, repair, shares, identities }
});

/// A broadcast with this content, signed by trustee `index`: docs/formats/ring.md.
fn signed(name: &str, content: &[u8], index: u8) -> Vec<u8> {
    let domain = format!("countersign/seal/v1/{name}");
    let mut message = Vec::new();
    for part in [domain.as_bytes(), content] {
        message.extend_from_slice(&(part.len() as u64).to_le_bytes());
        message.extend_from_slice(part);
    }
    [content, &SigningKey::from_bytes(&[index; 32]).sign(&message).to_bytes()].concat()
}

fuzz_target!(|data: &[u8]| {
    let World { resharing, repair, shares, identities } = &*WORLD;
    if let Ok(state) = Round1::decode(resharing, data) {
        assert_eq!(state.encode().as_slice(), data);
    }
    let _ =
        Round2::decode(resharing, data).map(|state| state.finish(&[(1, data.to_vec()), (2, data.to_vec())]).is_err());
    assert!(public_outcome(resharing, &[data.to_vec(), data.to_vec(), data.to_vec()]).is_err());
    // The same content cannot be that of two trustees.
    assert!(public_outcome(resharing, &[1, 2, 3].map(|index| signed("reshare-round1", data, index))).is_err());
    let request = Requested::start(repair, &Identity::from_seed(&[3; 32]), &mut Counting(5)).map(|(state, _)| state);
    let broadcasts = [1, 2].map(|index| signed("repair-round1", data, index));
    assert!(request.is_ok_and(|state| state.finish(&broadcasts, &[]).is_err()));
    if let Ok(state) = Requested::decode(repair, data) {
        assert!(state.finish(&[data.to_vec(), data.to_vec()], &[(1, data.to_vec()), (2, data.to_vec())]).is_err());
    }
    if let Ok(state) = Helping::decode(repair, data) {
        assert_eq!(state.encode().as_slice(), data);
    }
    assert!(Adding::decode(repair, data).is_err());
    if let Ok(confirmation) = Exact::<EpochConfirmation>::parse(data) {
        assert_eq!(confirmation.bytes(), data);
        assert!(EpochConfirmation::check_all(shares, &[confirmation.value().clone()], identities).is_err());
    }
});
