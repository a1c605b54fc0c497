//! The header of a sealed record: the capsule u = rG and the proof that the sealer of exactly this label knew r.
//!
//! The proof (Shoup and Gennaro, TDH2) is what stops anybody from putting one client's capsule under another's label.

use crate::group::{Element, GBAR, PointError, decode_scalar};
use crate::hash::{Transcript, domain, sha512};
use crate::label::Label;
use countersign_core::class::ClassSet;
use countersign_core::id::{Digest, RecordId};
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT as G;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};

/// Why bytes are not a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// One of the four elements is unusable.
    #[error("header: `{0}`: {1}")]
    Element(&'static str, PointError),
    /// f is not below the group order.
    #[error("header: `f` is not a canonical scalar")]
    Scalar,
}

/// A decoded header: u, ubar, w, wbar, f. Well formed, but its proof is not checked.
#[derive(Clone)]
pub struct Header {
    bytes: [u8; Header::LEN],
    u: Element,
    ubar: RistrettoPoint,
    w: RistrettoPoint,
    wbar: RistrettoPoint,
    f: Scalar,
}

impl Header {
    /// Length in bytes: four elements and one scalar.
    pub const LEN: usize = 160;

    /// Reads a header.
    ///
    /// # Errors
    /// [`HeaderError`] unless all four elements and the scalar are canonical and u is not the identity.
    pub fn decode(bytes: &[u8; Self::LEN]) -> Result<Self, HeaderError> {
        let field = |at: usize| -> [u8; 32] { std::array::from_fn(|i| bytes.get(at + i).copied().unwrap_or_default()) };
        let point = |at: usize, name| {
            CompressedRistretto(field(at)).decompress().ok_or(HeaderError::Element(name, PointError::NotCanonical))
        };
        let u = Element::decode(&field(0)).map_err(|error| HeaderError::Element("u", error))?;
        let (ubar, w, wbar) = (point(32, "ubar")?, point(64, "w")?, point(96, "wbar")?);
        let f = decode_scalar(&field(128)).ok_or(HeaderError::Scalar)?;
        Ok(Self { bytes: *bytes, u, ubar, w, wbar, f })
    }

    /// Out of points and their encodings, as sealing has them.
    pub(crate) fn known(points: [RistrettoPoint; 4], elements: [[u8; 32]; 4], f: Scalar) -> Self {
        let mut bytes = [0u8; Self::LEN];
        for (slot, part) in bytes.chunks_exact_mut(32).zip(elements.iter().chain([f.as_bytes()])) {
            slot.copy_from_slice(part);
        }
        let [u, ubar, w, wbar] = points;
        let [encoded, ..] = elements;
        Self { bytes, u: Element::known(u, encoded), ubar, w, wbar, f }
    }

    /// The 160 bytes.
    pub fn bytes(&self) -> &[u8; Self::LEN] {
        &self.bytes
    }

    /// The capsule u.
    pub fn u(&self) -> &Element {
        &self.u
    }
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Header(u = {:?})", self.u)
    }
}

impl PartialEq for Header {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Header {}

/// The challenge e = H("seal" || ring id || L || u || ubar || w || wbar), reduced from 64 bytes.
pub(crate) fn challenge(ring: &Digest, label: &[u8], elements: &[[u8; 32]]) -> Scalar {
    let start = Transcript::new(domain!("seal")).with(ring.as_bytes()).with(label);
    elements.iter().fold(start, |transcript, element| transcript.with(element)).scalar()
}

/// The challenge e of a header with the encoded `elements` u, ubar, w, wbar under `label`; for independent verifiers.
pub fn challenge_of(ring: &Digest, label: &Label, elements: &[[u8; 32]; 4]) -> Scalar {
    challenge(ring, &label.encode(), elements)
}

/// A label and a header that claim to belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capsule {
    /// The label.
    pub label: Label,
    /// The header.
    pub header: Header,
}

/// A capsule whose proof holds under one ring: the sealer of this label knew r.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedCapsule {
    ring: Digest,
    record: RecordId,
    capsule: Capsule,
}

impl CheckedCapsule {
    /// The ring under which the proof holds.
    pub fn ring(&self) -> Digest {
        self.ring
    }

    /// H(label || u).
    pub fn record(&self) -> RecordId {
        self.record
    }

    /// The label.
    pub fn label(&self) -> &Label {
        &self.capsule.label
    }

    /// The classes sealed in the record.
    pub fn classes(&self) -> &ClassSet {
        self.capsule.label.classes()
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.capsule.header
    }

    /// The capsule u.
    pub fn u(&self) -> &Element {
        &self.capsule.header.u
    }
}

/// Headers whose proof fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the proof of {} of the headers fails, first at position {}", .0.len(), .0.first().copied().unwrap_or_default())]
pub struct BadCapsules(pub Vec<usize>);

/// Checks one capsule: f G = w + e u and f Gbar = wbar + e ubar.
///
/// # Errors
/// [`BadCapsules`] with position 0.
pub fn check(ring: Digest, capsule: Capsule) -> Result<CheckedCapsule, BadCapsules> {
    if !Equations::new(&ring, &capsule).hold(&capsule.header) {
        return Err(BadCapsules(vec![0]));
    }
    Ok(accept(ring, capsule))
}

/// Checks many capsules with one multi-scalar multiplication.
///
/// `seed` is 32 fresh bytes of the verifier's own generator, unknown to whoever made the capsules. Each record gets two
/// independent 128-bit weights, one per equation, from SHA-512 over the seed and a digest of all the data.
///
/// # Errors
/// [`BadCapsules`] with the positions of all capsules whose proof fails, found by bisection.
pub fn check_batch(ring: Digest, capsules: Vec<Capsule>, seed: &[u8; 32]) -> Result<Vec<CheckedCapsule>, BadCapsules> {
    let equations: Vec<Equations> = capsules.iter().map(|capsule| Equations::new(&ring, capsule)).collect();
    let weights = weights(&ring, &capsules, &equations, seed);
    let rows: Vec<Row<'_>> = capsules
        .iter()
        .zip(&equations)
        .zip(&weights)
        .enumerate()
        .map(|(position, ((capsule, equations), (a, b)))| Row {
            position,
            header: &capsule.header,
            equations,
            a: *a,
            b: *b,
        })
        .collect();
    let mut bad = Vec::new();
    bisect(&rows, &mut bad);
    if !bad.is_empty() {
        return Err(BadCapsules(bad));
    }
    Ok(capsules.into_iter().map(|capsule| accept(ring, capsule)).collect())
}

fn accept(ring: Digest, capsule: Capsule) -> CheckedCapsule {
    let record = capsule.label.record_id(capsule.header.u.bytes());
    CheckedCapsule { ring, record, capsule }
}

/// The challenge of one capsule; with the header, the two equations.
struct Equations {
    e: Scalar,
}

impl Equations {
    fn new(ring: &Digest, capsule: &Capsule) -> Self {
        let (elements, _) = capsule.header.bytes.as_chunks::<32>();
        Self { e: challenge(ring, &capsule.label.encode(), elements.get(..4).unwrap_or_default()) }
    }

    fn hold(&self, header: &Header) -> bool {
        let base = RistrettoPoint::vartime_double_scalar_mul_basepoint(&-self.e, &header.u.point, &header.f);
        let bar = RistrettoPoint::vartime_multiscalar_mul([&header.f, &-self.e], [&*GBAR, &header.ubar]);
        base == header.w && bar == header.wbar
    }
}

struct Row<'a> {
    position: usize,
    header: &'a Header,
    equations: &'a Equations,
    a: Scalar,
    b: Scalar,
}

fn bisect(rows: &[Row<'_>], bad: &mut Vec<usize>) {
    match rows {
        [] => {}
        [row] => {
            if !row.equations.hold(row.header) {
                bad.push(row.position);
            }
        }
        rows => {
            if !sum_is_zero(rows) {
                let (left, right) = rows.split_at(rows.len() / 2);
                bisect(left, bad);
                bisect(right, bad);
            }
        }
    }
}

/// Sum over the rows of a (f G - w - e u) + b (f Gbar - wbar - e ubar).
fn sum_is_zero(rows: &[Row<'_>]) -> bool {
    let (mut base, mut bar) = (Scalar::ZERO, Scalar::ZERO);
    let mut scalars = Vec::with_capacity(4 * rows.len() + 2);
    let mut points: Vec<&RistrettoPoint> = Vec::with_capacity(4 * rows.len() + 2);
    for row in rows {
        base += row.a * row.header.f;
        bar += row.b * row.header.f;
        scalars.extend([row.a, row.a * row.equations.e, row.b, row.b * row.equations.e]);
        points.extend([&row.header.w, &row.header.u.point, &row.header.wbar, &row.header.ubar]);
    }
    scalars.extend([-base, -bar]);
    points.extend([&G, &*GBAR]);
    RistrettoPoint::vartime_multiscalar_mul(&scalars, points).is_identity()
}

/// Two independent 128-bit weights per record. The digest binds every f and, through e, everything else of a capsule.
fn weights(ring: &Digest, capsules: &[Capsule], equations: &[Equations], seed: &[u8; 32]) -> Vec<(Scalar, Scalar)> {
    let mut data = Transcript::new(domain!("header-batch")).with(ring.as_bytes());
    for (capsule, equations) in capsules.iter().zip(equations) {
        data.add(equations.e.as_bytes());
        data.add(capsule.header.f.as_bytes());
    }
    let data = data.bytes();
    let mut out = Vec::with_capacity(capsules.len() + 1);
    for block in 0..capsules.len().div_ceil(2) as u64 {
        let stream = sha512(domain!("header-weights"), &[seed, &data, &block.to_le_bytes()]);
        let mut numbers = stream.as_chunks::<16>().0.iter().map(|bytes| Scalar::from(u128::from_le_bytes(*bytes)));
        while let (Some(a), Some(b)) = (numbers.next(), numbers.next()) {
            out.push((a, b));
        }
    }
    out.truncate(capsules.len());
    out
}
