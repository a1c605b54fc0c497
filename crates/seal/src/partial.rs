//! Partial decryptions: z = x_{c,i} u for the records and classes of one order, with one proof per class.
//!
//! Bytes and transcript: `docs/formats/seal.md`.

use crate::group::{Element, SUITE, decode_scalar, encode_doubled, half};
use crate::hash::{Salt, Transcript, domain, sha512};
use crate::header::CheckedCapsule;
use crate::read::{LayoutError, Reader};
use crate::ring::VerifyingShares;
use crate::share::SealingShare;
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::{Digest, RecordId};
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_TABLE as G_TABLE;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use zeroize::Zeroizing;

/// Most records of one request.
pub const MAX_RECORDS: usize = 10_000;

/// One record of a request and the classes asked of it.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The record's checked capsule.
    pub capsule: &'a CheckedCapsule,
    /// The classes asked; a subset of the classes sealed.
    pub classes: &'a ClassSet,
}

/// What a reply is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyContext {
    /// Digest of the order.
    pub order: Digest,
    /// Ring id.
    pub ring: Digest,
    /// Index of the trustee.
    pub trustee: u16,
    /// Share epoch of the trustee.
    pub share_epoch: u32,
}

/// Why a trustee does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartialError {
    /// Too many records, or none.
    #[error("{0} records asked, 1 to {MAX_RECORDS} are possible")]
    Count(usize),
    /// A capsule checked under another ring.
    #[error("record {0} was sealed to another ring")]
    Ring(RecordId),
    /// A class that the record does not have, or no class.
    #[error("record {0} does not have all the classes asked, or none is asked")]
    Classes(RecordId),
    /// Two asks with the same capsule.
    #[error("record {0} repeats the capsule of another record")]
    Repeated(RecordId),
    /// The share has no scalar for a class, or the verifying shares do not belong to it.
    #[error("the share does not belong to the verifying shares given, or lacks a class asked")]
    Share,
}

/// One class of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassReply {
    /// The class.
    pub class: Class,
    /// Encoded z of every record asked for this class, in the order of the asks.
    pub z: Vec<[u8; 32]>,
    /// Proof for all of them.
    pub proof: Proof,
}

/// A batched Chaum-Pedersen proof: challenge and response, both canonical scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Challenge c.
    pub challenge: [u8; 32],
    /// Response k + c x.
    pub response: [u8; 32],
}

/// A trustee's plaintext answer: per class, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The classes.
    pub classes: Vec<ClassReply>,
}

/// Answers the asks. Multiplications by the share are constant time.
///
/// `seed` is 32 fresh bytes; the proof's nonce is hedged with the share itself.
///
/// # Errors
/// [`PartialError`]; nothing is computed unless every ask is in order.
pub fn answer(
    share: &SealingShare,
    verifying: &VerifyingShares,
    order: &Digest,
    asks: &[Ask<'_>],
    seed: &[u8; 32],
) -> Result<Reply, PartialError> {
    check_asks(share.ring(), asks)?;
    if share.ring() != verifying.ring() || share.epoch() != verifying.epoch() {
        return Err(PartialError::Share);
    }
    let context =
        ReplyContext { order: *order, ring: share.ring(), trustee: share.trustee(), share_epoch: share.epoch() };
    let classes = asked_classes(asks)
        .iter()
        .map(|class| {
            let x = share.scalar(class).ok_or(PartialError::Share)?;
            let public = verifying.share(class, share.trustee()).ok_or(PartialError::Share)?;
            let u: Vec<&Element> = capsules_of(asks, class).map(|capsule| capsule.u()).collect();
            let half_x = Zeroizing::new(half(x));
            let halves: Vec<RistrettoPoint> = u.iter().map(|u| u.point * *half_x).collect();
            let z = encode_doubled(&halves);
            let statement = Statement { context: &context, class, public, u: &u, z: &z };
            let proof = prove(&statement, x, seed);
            Ok(ClassReply { class, z, proof })
        })
        .collect::<Result<_, _>>()?;
    Ok(Reply { classes })
}

/// Rules that trustee and recipient share about a list of asks.
pub(crate) fn check_asks(ring: Digest, asks: &[Ask<'_>]) -> Result<(), PartialError> {
    if asks.is_empty() || asks.len() > MAX_RECORDS {
        return Err(PartialError::Count(asks.len()));
    }
    for ask in asks {
        if ask.capsule.ring() != ring {
            return Err(PartialError::Ring(ask.capsule.record()));
        }
        if ask.classes.is_empty() || !ask.classes.is_subset(ask.capsule.classes()) {
            return Err(PartialError::Classes(ask.capsule.record()));
        }
    }
    let mut capsules: Vec<&CheckedCapsule> = asks.iter().map(|ask| ask.capsule).collect();
    capsules.sort_unstable_by_key(|capsule| capsule.u().bytes());
    match capsules.array_windows().find(|[left, right]| left.u() == right.u()) {
        Some([_, repeated]) => Err(PartialError::Repeated(repeated.record())),
        None => Ok(()),
    }
}

/// Every class that any ask names.
pub(crate) fn asked_classes(asks: &[Ask<'_>]) -> ClassSet {
    asks.iter().flat_map(|ask| ask.classes.iter()).collect()
}

/// The capsules asked for a class, in order.
pub(crate) fn capsules_of<'a>(asks: &'a [Ask<'a>], class: Class) -> impl Iterator<Item = &'a CheckedCapsule> {
    asks.iter().filter(move |ask| ask.classes.contains(class)).map(|ask| ask.capsule)
}

/// What a proof says: the z of this list are x_{c,i} u, and h_{c,i} = x_{c,i} G.
#[derive(Clone, Copy)]
pub(crate) struct Statement<'a> {
    pub(crate) context: &'a ReplyContext,
    pub(crate) class: Class,
    pub(crate) public: &'a Element,
    pub(crate) u: &'a [&'a Element],
    pub(crate) z: &'a [[u8; 32]],
}

impl Statement<'_> {
    /// Order digest, ring id, class, trustee, share epoch, h_{c,i}, count, every u and z.
    fn transcript(&self) -> [u8; 64] {
        let mut transcript = Transcript::new(domain!("partial"))
            .with(&[SUITE])
            .with(self.context.order.as_bytes())
            .with(self.context.ring.as_bytes())
            .with(&[self.class.number()])
            .with(&self.context.trustee.to_le_bytes())
            .with(&self.context.share_epoch.to_le_bytes())
            .with(self.public.bytes())
            .with(&(self.u.len() as u32).to_le_bytes());
        for (u, z) in self.u.iter().zip(self.z) {
            transcript.add(u.bytes());
            transcript.add(z);
        }
        transcript.bytes()
    }
}

/// 128-bit weights of the batch, fixed by the transcript.
fn weights(transcript: &[u8; 64], count: usize) -> Vec<Scalar> {
    let mut out = Vec::with_capacity(count + 3);
    for block in 0..count.div_ceil(4) as u64 {
        let stream = sha512(domain!("partial-weights"), &[transcript, &block.to_le_bytes()]);
        out.extend(stream.as_chunks::<16>().0.iter().map(|bytes| Scalar::from(u128::from_le_bytes(*bytes))));
    }
    out.truncate(count);
    out
}

/// The challenge over the transcript, both sums and both nonce commitments.
fn challenge(transcript: &[u8; 64], points: [&RistrettoPoint; 4]) -> Scalar {
    let start = Transcript::new(domain!("partial-challenge")).with(transcript);
    points.into_iter().fold(start, |hash, point| hash.with(point.compress().as_bytes())).scalar()
}

fn prove(statement: &Statement<'_>, x: &Scalar, seed: &[u8; 32]) -> Proof {
    let transcript = statement.transcript();
    let sum_u = RistrettoPoint::vartime_multiscalar_mul(
        weights(&transcript, statement.u.len()),
        statement.u.iter().map(|u| u.point),
    );
    let sum_z = sum_u * x;
    let prk = Salt::new(&[]).extract(&[seed, x.as_bytes()]);
    let wide = prk.expand::<64>(domain!("partial-nonce"), &[&transcript]);
    let k = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide));
    let c = challenge(&transcript, [&sum_u, &sum_z, &(&*k * G_TABLE), &(sum_u * *k)]);
    Proof { challenge: c.to_bytes(), response: (*k + c * x).to_bytes() }
}

/// Checks the proof of a statement whose z decode to `z`.
pub(crate) fn verify(statement: &Statement<'_>, z: &[RistrettoPoint], proof: &Proof) -> bool {
    let (Some(c), Some(s)) = (decode_scalar(&proof.challenge), decode_scalar(&proof.response)) else { return false };
    if statement.u.len() != z.len() || statement.z.len() != z.len() {
        return false;
    }
    let transcript = statement.transcript();
    let weights = weights(&transcript, z.len());
    let sum_u = RistrettoPoint::vartime_multiscalar_mul(&weights, statement.u.iter().map(|u| u.point));
    let sum_z = RistrettoPoint::vartime_multiscalar_mul(&weights, z);
    let base = RistrettoPoint::vartime_double_scalar_mul_basepoint(&-c, &statement.public.point, &s);
    let sum = RistrettoPoint::vartime_multiscalar_mul([s, -c], [sum_u, sum_z]);
    challenge(&transcript, [&sum_u, &sum_z, &base, &sum]) == c
}

/// Why bytes are not a reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Wrong length.
    #[error("reply: {0}")]
    Layout(#[from] LayoutError),
    /// Longer than any reply.
    #[error("reply: {0} bytes, the limit is {limit}", limit = Reply::MAX_LEN)]
    TooLong(usize),
    /// A later format.
    #[error("reply: version {0} is unknown")]
    Version(u8),
    /// Classes out of order or unknown, or a count out of range.
    #[error("reply: classes are not in the order of the registry, or a count is out of range")]
    Classes,
}

const VERSION: u8 = 1;

impl Reply {
    /// Longest reply: every class for the most records.
    pub const MAX_LEN: usize = 2 + Class::ALL.len() * (1 + 4 + 32 * MAX_RECORDS + 64);

    /// The exact bytes: version 1, number of classes, then per class its number, u32 LE count, every z, the proof.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.classes.len() as u8];
        for class in &self.classes {
            out.push(class.class.number());
            out.extend_from_slice(&(class.z.len() as u32).to_le_bytes());
            class.z.iter().for_each(|z| out.extend_from_slice(z));
            out.extend_from_slice(&class.proof.challenge);
            out.extend_from_slice(&class.proof.response);
        }
        out
    }

    /// Reads a reply. That every z is a usable element is checked when replies are combined.
    ///
    /// # Errors
    /// [`ReplyError`] unless `bytes` is exactly one reply.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReplyError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(ReplyError::TooLong(bytes.len()));
        }
        let mut reader = Reader::new(bytes);
        let version = reader.u8("the version")?;
        if version != VERSION {
            return Err(ReplyError::Version(version));
        }
        let mut classes: Vec<ClassReply> = Vec::new();
        for _ in 0..reader.u8("the number of classes")? {
            let class = Class::from_number(reader.u8("a class")?).ok_or(ReplyError::Classes)?;
            let count = reader.u32("a count")? as usize;
            if classes.last().is_some_and(|last| last.class >= class) || !(1..=MAX_RECORDS).contains(&count) {
                return Err(ReplyError::Classes);
            }
            let z = reader.slice(count * 32, "the elements")?.as_chunks::<32>().0.to_vec();
            let proof = Proof { challenge: reader.array("a proof")?, response: reader.array("a proof")? };
            classes.push(ClassReply { class, z, proof });
        }
        reader.end()?;
        if classes.is_empty() {
            return Err(ReplyError::Classes);
        }
        Ok(Self { classes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::Element;

    fn element(x: u64) -> Element {
        let point = G_TABLE * &Scalar::from(x);
        Element::known(point, point.compress().to_bytes())
    }

    /// Fiat-Shamir is weak when the transcript lacks anything of the statement.
    #[test]
    fn every_element_of_the_proof_transcript_is_bound() {
        let x = Scalar::from(42u8);
        let context = ReplyContext { order: Digest([1; 32]), ring: Digest([2; 32]), trustee: 3, share_epoch: 4 };
        let (u, public) = ([element(5), element(6), element(7)], element(42));
        let u: Vec<&Element> = u.iter().collect();
        let points: Vec<RistrettoPoint> = u.iter().map(|u| u.point * x).collect();
        let z: Vec<[u8; 32]> = points.iter().map(|point| point.compress().to_bytes()).collect();
        let good = Statement { context: &context, class: Class::Name, public: &public, u: &u, z: &z };
        let proof = prove(&good, &x, &[9; 32]);
        assert!(verify(&good, &points, &proof));

        for changed in [
            ReplyContext { order: Digest([9; 32]), ..context },
            ReplyContext { ring: Digest([9; 32]), ..context },
            ReplyContext { trustee: 9, ..context },
            ReplyContext { share_epoch: 9, ..context },
        ] {
            assert!(!verify(&Statement { context: &changed, ..good }, &points, &proof), "{changed:?}");
        }
        assert!(!verify(&Statement { class: Class::Notes, ..good }, &points, &proof));
        assert!(!verify(&Statement { public: &element(43), ..good }, &points, &proof));
        assert!(!verify(&Statement { u: &u[..2], z: &z[..2], ..good }, &points[..2], &proof), "count");
        for place in 0..3 {
            let other = element(100);
            let mut changed = u.clone();
            changed[place] = &other;
            assert!(!verify(&Statement { u: &changed, ..good }, &points, &proof), "u {place}");
            let (mut encoded, mut moved) = (z.clone(), points.clone());
            moved[place] = other.point;
            encoded[place] = *other.bytes();
            assert!(!verify(&Statement { z: &encoded, ..good }, &moved, &proof), "z {place}");
            assert!(!verify(&Statement { z: &encoded, ..good }, &points, &proof), "encoding of z {place}");
        }
        // Two lies that cancel under equal weights do not cancel under the transcript's.
        let mut cancel = points.clone();
        (cancel[0], cancel[1]) = (points[0] + public.point, points[1] - public.point);
        let encoded: Vec<[u8; 32]> = cancel.iter().map(|point| point.compress().to_bytes()).collect();
        assert!(!verify(&Statement { z: &encoded, ..good }, &cancel, &proof));
        assert!(!verify(
            &Statement { z: &encoded, ..good },
            &cancel,
            &prove(&Statement { z: &encoded, ..good }, &x, &[9; 32])
        ));
        for broken in [Proof { challenge: [0xff; 32], ..proof }, Proof { response: [0; 32], ..proof }] {
            assert!(!verify(&good, &points, &broken));
        }
    }
}
