//! A header whose two proof equations fail by amounts that cancel: it passes a verifier that uses one weight for both equations, and
//! no other. The forger needs no secret of the client whose capsule is put under another label.

use crate::edge;
use anyhow::{Context, Result};
use countersign_core::id::Digest;
use countersign_seal::group::gbar;
use countersign_seal::header::{Capsule, Header, challenge_of};
use countersign_seal::label::Label;
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT as G;
use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::scalar::Scalar;

/// A capsule of `label` with the stolen `u`, and a proof of the sum of both equations only.
///
/// With ubar := y (G + Gbar) - u the forger knows the logarithm y of u + ubar to the base G + Gbar, and proves that: Schnorr for the
/// sum. Each equation alone does not hold.
pub(crate) fn cancelling(ring: &Digest, label: &Label, stolen: &[u8; 32]) -> Result<Capsule> {
    let u = CompressedRistretto(*stolen).decompress().context("the stolen capsule is no point")?;
    let base = G + gbar();
    let scalar = || -> Result<Scalar> { Ok(Scalar::from_bytes_mod_order(edge::seed()?)) };
    let (y, s, split) = (scalar()?, scalar()?, scalar()?);
    let ubar = y * base - u;
    let w = split * G;
    let wbar = s * base - w;
    let elements = [*stolen, ubar.compress().0, w.compress().0, wbar.compress().0];
    let e = challenge_of(ring, label, &elements);
    let f = s + e * y;
    let mut bytes = [0; Header::LEN];
    for (slot, part) in bytes.chunks_exact_mut(32).zip(elements.iter().chain([f.as_bytes()])) {
        slot.copy_from_slice(part);
    }
    // The forgery must really cancel, or its refusal would prove nothing.
    let residue = f * G - w - e * u + (f * gbar() - wbar - e * ubar);
    anyhow::ensure!(residue == Default::default(), "the forged equations do not cancel");
    Ok(Capsule { label: label.clone(), header: Header::decode(&bytes)? })
}
