#![no_main]
//! Messages and stored states of a key ceremony: hostile bytes give errors that name a party, never a panic.
use countersign_core::class::Class;
use countersign_core::id::Digest;
use countersign_seal::ceremony::{Ceremony, Party, Plan};
use countersign_seal::dkg::{Round1, Round2, public_outcome};
use countersign_seal::identity::Identity;
use countersign_seal::kind::Sealing;
use countersign_seal::transport::TransportSecret;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static CEREMONY: LazyLock<Ceremony<Sealing>> = LazyLock::new(|| {
    let parties = (1..=2u8)
        .map(|index| Party {
            identity: Identity::from_seed(&[index; 32]).public(),
            transport: TransportSecret::from_seed([index; 32]).public().expect("a key"),
        })
        .collect();
    let plan =
        Plan { name: "fuzz".into(), ceremony: Digest([7; 32]), t: 2, n: 2, keys: vec![(Class::Name, 1)] };
    Ceremony::new(plan, parties).expect("a plan")
});

fuzz_target!(|data: &[u8]| {
    let _ = Round1::decode(&CEREMONY, data);
    let _ = Round2::decode(&CEREMONY, data);
    assert!(public_outcome(&CEREMONY, &[data.to_vec(), data.to_vec()]).is_err());
});
