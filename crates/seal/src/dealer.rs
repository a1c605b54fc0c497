//! A dealer that knows all keys: for tests, benches and the first minute of the demo. Its rings carry the dealer flag and
//! are refused everywhere else.

use crate::ceremony::{Plan, PlanError};
use crate::hash::{digest, domain};
use crate::kind::Kind;
use crate::polynomial::evaluate;
use crate::ring::{EncodedPoint, EpochKey, Ring, ShareEpoch, ShareEpochV1};
use crate::share::Share;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use rand_core::CryptoRng;
use std::collections::BTreeMap;

/// What a dealer hands out.
pub struct Dealt<K: Kind> {
    /// The ring, with its dealer flag set.
    pub ring: Ring,
    /// Verifying shares of epoch 1.
    pub epoch: ShareEpoch,
    /// Secret shares of trustees 1 to n.
    pub shares: Vec<Share<K>>,
}

/// Makes all keys and shares of a plan.
///
/// # Errors
/// [`PlanError`].
pub fn deal<K: Kind>(plan: &Plan<K>, rng: &mut impl CryptoRng) -> Result<Dealt<K>, PlanError> {
    plan.check()?;
    let polynomials: Vec<Vec<Scalar>> =
        plan.keys.iter().map(|_| (0..plan.t).map(|_| Scalar::random(rng)).collect()).collect();
    let publics: Vec<[u8; 32]> = polynomials.iter().map(|polynomial| encode(&evaluate(polynomial, 0))).collect();
    let transcript = digest(domain!("dealer"), &[plan.ceremony.as_bytes()]);
    let ring = plan.ring(transcript, true, &publics);
    let id = ring.id();
    let keys = plan
        .slots()
        .zip(&polynomials)
        .map(|(class, polynomial)| EpochKey {
            class,
            shares: (1..=plan.n).map(|index| EncodedPoint(encode(&evaluate(polynomial, index)))).collect(),
        })
        .collect();
    let epoch = ShareEpoch { v: ShareEpochV1, ring: id, epoch: 1, keys };
    let shares = (1..=plan.n)
        .map(|index| {
            let scalars: BTreeMap<u8, Scalar> = plan
                .slots()
                .zip(&polynomials)
                .map(|(slot, polynomial)| (slot.number(), evaluate(polynomial, index)))
                .collect();
            Share::new(id, index, 1, scalars)
        })
        .collect();
    Ok(Dealt { ring, epoch, shares })
}

fn encode(scalar: &Scalar) -> [u8; 32] {
    RistrettoPoint::mul_base(scalar).compress().to_bytes()
}
