//! Weak Fiat-Shamir: proofs that are right in everything, except that one element was left out of what the challenge is made of. A
//! verifier that leaves the same element out accepts them, and can be cheated in it; ours must not.

use crate::must_fail::{case, encode, gbar, point, reply_of};
use crate::support::*;
use crate::vectors::{Case, capsule_input, open_input};
use countersign_core::class::Class;
use countersign_seal::header::{Capsule, Header};
use countersign_seal::partial::{Proof, Reply};
use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT as G;
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest as _, Sha512};

/// Elements of the header's challenge, in order.
const HEADER: [&str; 6] = [
    "header_challenge_without_ring",
    "header_challenge_without_label",
    "header_challenge_without_u",
    "header_challenge_without_ubar",
    "header_challenge_without_w",
    "header_challenge_without_wbar",
];

/// Elements of the transcript of partial decryptions, in order.
const PARTIAL: [&str; 10] = [
    "partial_transcript_without_suite",
    "partial_transcript_without_order",
    "partial_transcript_without_ring",
    "partial_transcript_without_class",
    "partial_transcript_without_trustee",
    "partial_transcript_without_share_epoch",
    "partial_transcript_without_verifying_share",
    "partial_transcript_without_count",
    "partial_transcript_without_u",
    "partial_transcript_without_z",
];

/// Elements of their challenge, in order.
const CHALLENGE: [&str; 5] = [
    "partial_challenge_without_transcript",
    "partial_challenge_without_sum_of_u",
    "partial_challenge_without_sum_of_z",
    "partial_challenge_without_nonce_of_g",
    "partial_challenge_without_nonce_of_u",
];

pub(crate) fn cases() -> Vec<Case> {
    let mut out: Vec<Case> = (0..HEADER.len()).map(header).collect();
    out.extend((0..PARTIAL.len()).map(|left_out| partial(PARTIAL[left_out], Some(left_out), None)));
    out.extend((0..CHALLENGE.len()).map(|left_out| partial(CHALLENGE[left_out], None, Some(left_out))));
    out
}

/// With nothing left out the same code makes proofs that hold: what fails above fails for the missing element alone.
#[test]
fn with_every_element_the_proofs_hold() {
    let case = |case: Case| crate::vectors::run(case.operation, &case.input);
    assert_eq!(case(header(HEADER.len())), Ok(()));
    assert_eq!(case(partial("whole", None, None)), Err("trustee 3 lied".into()));
}

fn hash(domain: &str, parts: &[&[u8]], left_out: Option<usize>) -> [u8; 64] {
    let mut hash = Sha512::new();
    let kept = parts.iter().enumerate().filter(|(place, _)| Some(*place) != left_out).map(|(_, part)| *part);
    for part in std::iter::once(domain.as_bytes()).chain(kept) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// A capsule sealed by hand; its challenge lacks the element at `left_out`.
fn header(left_out: usize) -> Case {
    let world = world();
    let ring = world.ring.id();
    let label = sealed(&world, 1).record.label().clone();
    let (r, s) = (Scalar::from(2718u16), Scalar::from(2818u16));
    let points = [G * r, gbar() * r, G * s, gbar() * s].map(|point| point.compress().to_bytes());
    let encoded = label.encode();
    let mut parts: Vec<&[u8]> = vec![ring.as_bytes(), &encoded];
    parts.extend(points.iter().map(|point| point.as_slice()));
    let e = Scalar::from_bytes_mod_order_wide(&hash("countersign/seal/v1/seal", &parts, Some(left_out)));
    let bytes = [points.concat(), (s + e * r).to_bytes().to_vec()].concat();
    let capsule = Capsule { label, header: Header::decode(&bytes.try_into().unwrap()).unwrap() };
    case(HEADER.get(left_out).copied().unwrap_or("whole"), "capsule", capsule_input(ring, &capsule))
}

/// A package in which trustee 2 gives right partial decryptions with a proof that lacks an element. Trustee 3 lies, so that proofs are
/// looked at; the other three suffice.
fn partial(name: &'static str, of_transcript: Option<usize>, of_challenge: Option<usize>) -> Case {
    let world = world();
    let record = sealed(&world, 1).record;
    let only = name_only();
    let mut replies: Vec<(u16, Reply)> =
        world.shares.iter().map(|share| (share.trustee(), reply_of(&world, share, &record, &only))).collect();
    let u = *record.capsule().header.u().bytes();
    // The first key of a stored share stands behind 41 bytes and its own number.
    let x: [u8; 32] = world.shares[1].encode()[42..74].try_into().unwrap();
    let x = Scalar::from_canonical_bytes(x).unwrap();
    assert_eq!(replies[1].1.classes[0].z[0], (point(&u) * x).compress().to_bytes(), "the share of `name`");
    replies[1].1.classes[0].proof = prove(&world, &x, &u, of_transcript, of_challenge);
    let lie = &mut replies[2].1.classes[0].z[0];
    *lie = (point(lie) + G).compress().to_bytes();
    case(name, "open", open_input(&world, &record, &only, 1, &encode(&replies)))
}

fn prove(world: &World, x: &Scalar, u: &[u8; 32], of_transcript: Option<usize>, of_challenge: Option<usize>) -> Proof {
    let encoded = |point: RistrettoPoint| point.compress().to_bytes();
    let (public, z) = (encoded(G * x), encoded(point(u) * x));
    let (order, ring) = (order(), world.ring.id());
    let parts: [&[u8]; 10] = [
        &[1],
        order.as_bytes(),
        ring.as_bytes(),
        &[Class::Name.number()],
        &2u16.to_le_bytes(),
        &1u32.to_le_bytes(),
        &public,
        &1u32.to_le_bytes(),
        u,
        &z,
    ];
    let transcript = hash("countersign/seal/v1/partial", &parts, of_transcript);
    let weights = hash("countersign/seal/v1/partial-weights", &[&transcript, &0u64.to_le_bytes()], None);
    let weight = Scalar::from(u128::from_le_bytes(weights[..16].try_into().unwrap()));
    let (sum_u, sum_z) = (point(u) * weight, point(&z) * weight);
    let k = Scalar::from(31_415u16);
    let points = [sum_u, sum_z, G * k, sum_u * k].map(encoded);
    let mut parts: Vec<&[u8]> = vec![&transcript];
    parts.extend(points.iter().map(|point| point.as_slice()));
    let wide = hash("countersign/seal/v1/partial-challenge", &parts, of_challenge);
    let challenge = Scalar::from_bytes_mod_order_wide(&wide);
    Proof { challenge: challenge.to_bytes(), response: (k + challenge * x).to_bytes() }
}
