//! Threshold OPRF of the blind index: exact lookups without a readable list.
//!
//! RFC 9497, verifiable mode (VOPRF), suite ristretto255-SHA512, with the key shared among the trustees: t of them
//! evaluate a blinded element with their shares, each with the batched DLEQ proof of section 2.2 against its verifying
//! share, and the evaluations are interpolated. The keys are an index ring of their own; a sealing share does not fit.

use crate::group::{Element, decode_scalar};
use crate::hash::{Salt, digest, domain};
use crate::kind::{Attribute, Index, Slot};
use crate::lagrange;
use crate::normal::Normal;
use crate::ring::{ConfirmedRing, VerifyingShares};
use crate::share::IndexShare;
use countersign_core::id::{Digest, RecordId};
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_TABLE as G_TABLE;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use sha2::{Digest as _, Sha512};
use std::collections::BTreeSet;
use zeroize::{Zeroize, Zeroizing};

/// Longest normalised value.
pub const MAX_INPUT: usize = 1024;

/// Most elements of one evaluation.
pub const MAX_BATCH: usize = 1000;

/// Why an OPRF step fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OprfError {
    /// The value cannot be looked up.
    #[error("the value hashes to the identity")]
    Input,
    /// None, or too many at once.
    #[error("{0} elements, 1 to {MAX_BATCH} can be evaluated at once")]
    Count(usize),
    /// The share or the verifying shares have no key for the attribute, or belong to another ring or epoch.
    #[error("no key of this ring and share epoch for attribute `{0}`")]
    Key(Attribute),
    /// A trustee that the ring does not have, or twice.
    #[error("trustee {0} is not in the ring or appears twice")]
    Trustee(u16),
    /// Not enough good evaluations.
    #[error("{have} usable evaluations, {need} are needed (unusable: trustees {liars:?})")]
    TooFew {
        /// Usable evaluations.
        have: usize,
        /// Threshold.
        need: u16,
        /// Trustees whose evaluation is malformed or whose proof fails.
        liars: Vec<u16>,
    },
}

/// The blind of one value. Wiped when dropped; has no `Debug`.
pub struct Blind(Scalar);

impl Drop for Blind {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Blind {
    /// A blind of 64 random bytes.
    pub fn random(bytes: &[u8; 64]) -> Option<Self> {
        Some(Scalar::from_bytes_mod_order_wide(bytes)).filter(|scalar| *scalar != Scalar::ZERO).map(Self)
    }

    /// The blind of one value of an enrolment: HKDF(seed, value) for the record. As good as random to whoever does not have the seed,
    /// which is kept only until the enrolment is done, so that one that was interrupted asks for the same elements again.
    pub fn of_enrolment(seed: &[u8; 32], record: &RecordId, value: &Normal) -> Option<Self> {
        let number = [Slot::Attribute(value.attribute()).number()];
        let info: [&[u8]; 2] = [&number, record.as_bytes()];
        Self::random(&Salt::new(seed).extract(&[value.bytes()]).expand::<64>(domain!("enrolment-blind"), &info))
    }

    /// The blind of a lookup: HKDF(salt, value), so that who knows salt and value can recompute what was asked.
    pub fn of_lookup(salt: &[u8; 32], value: &Normal) -> Option<Self> {
        let number = [Slot::Attribute(value.attribute()).number()];
        Self::random(&Salt::new(salt).extract(&[value.bytes()]).expand::<64>(domain!("lookup-blind"), &[&number]))
    }
}

/// What a lookup's leaf commits to: H(salt, attribute, value).
pub fn lookup_commitment(salt: &[u8; 32], value: &Normal) -> Digest {
    let number = [Slot::Attribute(value.attribute()).number()];
    digest(domain!("lookup"), &[salt, &number, value.bytes()])
}

/// Blinds a normalised value (RFC 9497, `Blind`).
///
/// # Errors
/// [`OprfError::Input`].
pub fn blind(value: &Normal, blind: &Blind) -> Result<Element, OprfError> {
    blinded(Mode::Verifiable, value.bytes(), &blind.0).ok_or(OprfError::Input)
}

/// One trustee's answer to blinded elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Index of the trustee.
    pub trustee: u16,
    /// Encoded evaluated elements, in the order asked.
    pub elements: Vec<[u8; 32]>,
    /// RFC 9497 proof: challenge.
    pub challenge: [u8; 32],
    /// RFC 9497 proof: response.
    pub response: [u8; 32],
}

impl Evaluation {
    /// The bytes a trustee sends: every element, then challenge and response.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.elements.concat();
        out.extend_from_slice(&self.challenge);
        out.extend_from_slice(&self.response);
        out
    }

    /// Reads the bytes of a trustee; whether they are worth anything is found by [`combine`].
    pub fn decode(trustee: u16, bytes: &[u8]) -> Option<Self> {
        let (parts, rest) = bytes.as_chunks::<32>();
        let (elements, [challenge, response]) = parts.split_last_chunk::<2>()?;
        let counted = (1..=MAX_BATCH).contains(&elements.len()) && rest.is_empty();
        counted.then(|| Self { trustee, elements: elements.to_vec(), challenge: *challenge, response: *response })
    }
}

/// Evaluates blinded elements with a trustee's share (RFC 9497, `BlindEvaluate` with the share as the key).
///
/// `seed` is 32 fresh bytes; the proof's nonce is hedged with the share itself.
///
/// # Errors
/// [`OprfError`].
pub fn evaluate(
    share: &IndexShare,
    verifying: &VerifyingShares<Index>,
    attribute: Attribute,
    blinded: &[Element],
    seed: &[u8; 32],
) -> Result<Evaluation, OprfError> {
    if blinded.is_empty() || blinded.len() > MAX_BATCH {
        return Err(OprfError::Count(blinded.len()));
    }
    let same = share.ring() == verifying.ring() && share.epoch() == verifying.epoch();
    let key = share.scalar(attribute).filter(|_| same).ok_or(OprfError::Key(attribute))?;
    let public = verifying.share(attribute, share.trustee()).ok_or(OprfError::Key(attribute))?;
    let evaluated: Vec<Element> = blinded
        .iter()
        .map(|element| known(element.point * key).ok_or(OprfError::Key(attribute)))
        .collect::<Result<_, _>>()?;
    let batch = Batch { mode: Mode::Verifiable, public, blinded, evaluated: &evaluated };
    let composites = batch.composites();
    let nonce = Salt::new(&[]).extract(&[seed, key.as_bytes()]).expand::<64>(
        domain!("oprf-nonce"),
        &[public.bytes(), composites.0.compress().as_bytes(), composites.1.compress().as_bytes()],
    );
    let nonce = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&nonce));
    let (challenge, response) = batch.prove(&composites, key, &nonce);
    Ok(Evaluation {
        trustee: share.trustee(),
        elements: evaluated.iter().map(|element| *element.bytes()).collect(),
        challenge: challenge.to_bytes(),
        response: response.to_bytes(),
    })
}

/// One trustee's evaluation whose proof holds.
pub struct Checked {
    trustee: u16,
    // INVARIANT: as many as were blinded.
    elements: Vec<Element>,
}

impl Checked {
    /// Index of the trustee.
    pub fn trustee(&self) -> u16 {
        self.trustee
    }
}

/// Checks one evaluation's proof for these blinded elements; `None` when it is unusable, and its trustee is to blame.
///
/// # Errors
/// [`OprfError::Key`] or [`OprfError::Trustee`] when the verifying shares do not know the attribute or the trustee.
pub fn check(
    verifying: &VerifyingShares<Index>,
    attribute: Attribute,
    blinded: &[Element],
    evaluation: &Evaluation,
) -> Result<Option<Checked>, OprfError> {
    let trustee = evaluation.trustee;
    let public = verifying.share(attribute, trustee).ok_or(OprfError::Trustee(trustee))?;
    Ok(verified(public, blinded, evaluation).map(|elements| Checked { trustee, elements }))
}

/// Interpolates t of the checked evaluations, which were made over the same elements.
///
/// # Errors
/// [`OprfError`].
pub fn interpolate(
    ring: &ConfirmedRing<Index>,
    attribute: Attribute,
    checked: &[Checked],
) -> Result<Vec<Element>, OprfError> {
    let need = ring.threshold(attribute).ok_or(OprfError::Key(attribute))?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = checked.iter().find(|one| !seen.insert(one.trustee)) {
        return Err(OprfError::Trustee(twice.trustee));
    }
    let have = checked.len();
    let too_few = OprfError::TooFew { have, need, liars: Vec::new() };
    let chosen = checked.get(..usize::from(need)).ok_or(too_few)?;
    let count = chosen.first().map_or(0, |one| one.elements.len());
    if chosen.iter().any(|one| one.elements.len() != count) {
        return Err(OprfError::Count(count));
    }
    let trustees: Vec<u16> = chosen.iter().map(|one| one.trustee).collect();
    let weights = lagrange::at(0, &trustees);
    (0..count)
        .map(|at| {
            let points: Vec<&RistrettoPoint> =
                chosen.iter().filter_map(|one| one.elements.get(at).map(|element| &element.point)).collect();
            known(RistrettoPoint::vartime_multiscalar_mul(&weights, points)).ok_or(OprfError::Key(attribute))
        })
        .collect()
}

/// Checks every evaluation's proof and interpolates t of them; also names the trustees whose evaluation is unusable.
///
/// # Errors
/// [`OprfError`].
pub fn combine(
    ring: &ConfirmedRing<Index>,
    verifying: &VerifyingShares<Index>,
    attribute: Attribute,
    blinded: &[Element],
    evaluations: &[Evaluation],
) -> Result<(Vec<Element>, Vec<u16>), OprfError> {
    if blinded.is_empty() || blinded.len() > MAX_BATCH {
        return Err(OprfError::Count(blinded.len()));
    }
    let need = ring.threshold(attribute).filter(|_| verifying.ring() == ring.id()).ok_or(OprfError::Key(attribute))?;
    let (mut seen, mut liars, mut usable) = (BTreeSet::new(), Vec::new(), Vec::new());
    for evaluation in evaluations {
        let trustee = evaluation.trustee;
        if !seen.insert(trustee) {
            return Err(OprfError::Trustee(trustee));
        }
        match check(verifying, attribute, blinded, evaluation)? {
            Some(checked) => usable.push(checked),
            None => liars.push(trustee),
        }
    }
    let have = usable.len();
    if have < usize::from(need) {
        return Err(OprfError::TooFew { have, need, liars });
    }
    Ok((interpolate(ring, attribute, &usable)?, liars))
}

/// The token of a value: 64 bytes that only t trustees together make. Wiped when dropped; has no `Debug`.
pub struct Token(Zeroizing<[u8; 64]>);

impl Token {
    /// Unblinds and hashes (RFC 9497, `Finalize`).
    pub fn finalize(value: &Normal, blind: &Blind, combined: &Element) -> Self {
        Self(finalize(value.bytes(), &blind.0, combined))
    }

    /// The name of the encrypted posting list: the first 16 bytes.
    pub fn name(&self) -> [u8; 16] {
        self.0.first_chunk().copied().unwrap_or_default()
    }

    /// The key of the posting list: HKDF over the other 48 bytes.
    pub fn posting_key(&self) -> Zeroizing<[u8; 32]> {
        let rest = self.0.get(16..).unwrap_or_default();
        Salt::new(&[]).extract(&[rest]).expand(domain!("posting-list"), &[])
    }
}

fn blinded(mode: Mode, value: &[u8], blind: &Scalar) -> Option<Element> {
    known(mode.hash_to_group(value) * blind)
}

fn finalize(value: &[u8], blind: &Scalar, combined: &Element) -> Zeroizing<[u8; 64]> {
    let unblinded = (combined.point * blind.invert()).compress();
    let mut input = Zeroizing::new(prefixed(&[value, unblinded.as_bytes()]));
    input.extend_from_slice(b"Finalize");
    Zeroizing::new(Sha512::digest(input.as_slice()).into())
}

fn known(point: RistrettoPoint) -> Option<Element> {
    (!point.is_identity()).then(|| Element::known(point, point.compress().to_bytes()))
}

fn verified(public: &Element, blinded: &[Element], evaluation: &Evaluation) -> Option<Vec<Element>> {
    if evaluation.elements.len() != blinded.len() {
        return None;
    }
    let evaluated: Vec<Element> =
        evaluation.elements.iter().map(|bytes| Element::decode(bytes).ok()).collect::<Option<_>>()?;
    let batch = Batch { mode: Mode::Verifiable, public, blinded, evaluated: &evaluated };
    let (c, s) = (decode_scalar(&evaluation.challenge)?, decode_scalar(&evaluation.response)?);
    batch.verify(&c, &s).then_some(evaluated)
}

/// RFC 9497, section 3.1. Only the verifiable mode is offered; the base mode lets the tests use its vectors.
#[derive(Clone, Copy)]
enum Mode {
    #[cfg(test)]
    Base,
    Verifiable,
}

impl Mode {
    fn tag(self, name: &str) -> Vec<u8> {
        let number = match self {
            #[cfg(test)]
            Mode::Base => 0u8,
            Mode::Verifiable => 1,
        };
        [name.as_bytes(), b"OPRFV1-", &[number], b"-ristretto255-SHA512"].concat()
    }

    fn hash_to_group(self, input: &[u8]) -> RistrettoPoint {
        RistrettoPoint::from_uniform_bytes(&expand_message(input, &self.tag("HashToGroup-")))
    }

    fn hash_to_scalar(self, input: &[u8]) -> Scalar {
        Scalar::from_bytes_mod_order_wide(&expand_message(input, &self.tag("HashToScalar-")))
    }
}

/// `expand_message_xmd` of RFC 9380 with SHA-512 for 64 bytes, which is one block.
fn expand_message(message: &[u8], tag: &[u8]) -> [u8; 64] {
    let tail = [tag, &[tag.len() as u8]].concat();
    let first = Sha512::new()
        .chain_update([0; 128])
        .chain_update(message)
        .chain_update([0, 64, 0])
        .chain_update(&tail)
        .finalize();
    Sha512::new().chain_update(first).chain_update([1]).chain_update(&tail).finalize().into()
}

/// Every part behind its length as u16 BE.
fn prefixed(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(&(part.len() as u16).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// The statement of RFC 9497, section 2.2: public = k G and every evaluated[i] = k blinded[i].
struct Batch<'a> {
    mode: Mode,
    public: &'a Element,
    blinded: &'a [Element],
    evaluated: &'a [Element],
}

impl Batch<'_> {
    /// `ComputeComposites`.
    fn composites(&self) -> (RistrettoPoint, RistrettoPoint) {
        let seed = Sha512::digest(prefixed(&[self.public.bytes(), &self.mode.tag("Seed-")]));
        let weights: Vec<Scalar> = self
            .blinded
            .iter()
            .zip(self.evaluated)
            .enumerate()
            .map(|(at, (blinded, evaluated))| {
                let mut transcript = prefixed(&[&seed]);
                transcript.extend_from_slice(&(at as u16).to_be_bytes());
                transcript.extend(prefixed(&[blinded.bytes(), evaluated.bytes()]));
                transcript.extend_from_slice(b"Composite");
                self.mode.hash_to_scalar(&transcript)
            })
            .collect();
        let sum = |elements: &[Element]| {
            RistrettoPoint::vartime_multiscalar_mul(&weights, elements.iter().map(|element| element.point))
        };
        (sum(self.blinded), sum(self.evaluated))
    }

    fn challenge(&self, points: [&RistrettoPoint; 4]) -> Scalar {
        let [m, z, t2, t3] = points.map(|point| point.compress().to_bytes());
        let mut transcript = prefixed(&[self.public.bytes(), &m, &z, &t2, &t3]);
        transcript.extend_from_slice(b"Challenge");
        self.mode.hash_to_scalar(&transcript)
    }

    /// `GenerateProof` with the composites and the nonce given.
    fn prove(&self, (m, z): &(RistrettoPoint, RistrettoPoint), key: &Scalar, nonce: &Scalar) -> (Scalar, Scalar) {
        let c = self.challenge([m, z, &(nonce * G_TABLE), &(m * nonce)]);
        (c, nonce - c * key)
    }

    /// `VerifyProof`.
    fn verify(&self, c: &Scalar, s: &Scalar) -> bool {
        let (m, z) = self.composites();
        let t2 = RistrettoPoint::vartime_double_scalar_mul_basepoint(c, &self.public.point, s);
        let t3 = RistrettoPoint::vartime_multiscalar_mul([s, c], [&m, &z]);
        self.challenge([&m, &z, &t2, &t3]) == *c
    }
}

#[cfg(test)]
mod tests;
