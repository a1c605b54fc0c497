//! ristretto255 (RFC 9496): strict decoding, batch encoding, the second generator.

use crate::hash::{domain, sha512};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoBasepointTable, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use std::sync::LazyLock;

/// Suite 1: ristretto255, SHA-512, HKDF-SHA-512, AES-256-GCM.
pub const SUITE: u8 = 1;

/// Bytes that are not the encoding of a usable group element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointError {
    /// Not the one canonical encoding of a ristretto255 element.
    #[error("32 bytes are not a canonical ristretto255 element")]
    NotCanonical,
    /// The identity, which would make every product known.
    #[error("the element is the identity")]
    Identity,
}

/// A group element that is not the identity, beside its canonical encoding.
#[derive(Clone, Copy)]
pub struct Element {
    pub(crate) point: RistrettoPoint,
    bytes: [u8; 32],
}

impl Element {
    /// Reads the canonical encoding of an element other than the identity.
    ///
    /// # Errors
    /// [`PointError`] for every other 32 bytes.
    pub fn decode(bytes: &[u8; 32]) -> Result<Self, PointError> {
        let point = CompressedRistretto(*bytes).decompress().ok_or(PointError::NotCanonical)?;
        if point.is_identity() {
            return Err(PointError::Identity);
        }
        Ok(Self { point, bytes: *bytes })
    }

    /// The canonical encoding.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Beside an encoding that is known to belong to the point.
    pub(crate) fn known(point: RistrettoPoint, bytes: [u8; 32]) -> Self {
        Self { point, bytes }
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Element {}

impl std::fmt::Debug for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Element({})", countersign_core::encoding::hex(&self.bytes))
    }
}

/// The second generator: hash_to_group of its name, so nobody knows its logarithm to the base G.
pub fn gbar() -> RistrettoPoint {
    *GBAR
}

/// [`gbar`], computed once.
pub(crate) static GBAR: LazyLock<RistrettoPoint> =
    LazyLock::new(|| RistrettoPoint::from_uniform_bytes(&sha512(domain!("gbar"), &[&[SUITE]])));

/// Fixed-base table of the second generator.
pub(crate) static GBAR_TABLE: LazyLock<RistrettoBasepointTable> =
    LazyLock::new(|| RistrettoBasepointTable::create(&GBAR));

/// Encodings of 2P for every P: one field inversion for the whole batch instead of an inverse square root each.
///
/// Callers multiply by half the scalar first ([`half`]), which makes this the encoding of the wanted product.
pub(crate) fn encode_doubled(points: &[RistrettoPoint]) -> Vec<[u8; 32]> {
    RistrettoPoint::double_and_compress_batch(points).iter().map(CompressedRistretto::to_bytes).collect()
}

/// Half of a scalar modulo the group order.
pub(crate) fn half(scalar: &Scalar) -> Scalar {
    scalar.div_by_2()
}

/// Reads a canonical scalar.
pub(crate) fn decode_scalar(bytes: &[u8; 32]) -> Option<Scalar> {
    Option::from(Scalar::from_canonical_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::encoding::{hex, unhex};
    use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT as G;

    #[test]
    fn identity_and_non_canonical_points_are_refused() {
        assert_eq!(Element::decode(&[0; 32]), Err(PointError::Identity));
        // RFC 9496, A.2: field elements above p, negative, not square, and others.
        for bad in [
            "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
            "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            assert_eq!(Element::decode(&unhex(bad).unwrap()), Err(PointError::NotCanonical), "{bad}");
        }
    }

    #[test]
    fn batch_encoding_of_halves_is_the_encoding() {
        let scalars: Vec<Scalar> = (0u64..40).map(|i| Scalar::from(i * i + 3)).collect();
        let halves: Vec<RistrettoPoint> = scalars.iter().map(|s| G * half(s)).collect();
        for (scalar, encoded) in scalars.iter().zip(encode_doubled(&halves)) {
            assert_eq!((G * scalar).compress().to_bytes(), encoded);
        }
    }

    #[test]
    fn the_second_generator_never_changes() {
        assert_eq!(
            hex(&GBAR.compress().to_bytes()),
            "c4fc90a1d4bc9555937c7d5c7547c10a414c1b2a56bfc0bdaf9e60ecd10f4142"
        );
    }
}
