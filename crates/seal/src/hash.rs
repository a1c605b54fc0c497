//! The one framing of hash inputs, and the hashes of suite 1.
//!
//! Every input is `len(domain) || domain || (len(x) || x)*` with lengths as u64 LE, so that no two lists of parts share
//! bytes. Digests of 32 bytes are SHA-512/256; scalars are SHA-512 reduced from 64 bytes; keys are HKDF-SHA-512.

use countersign_core::id::Digest;
use curve25519_dalek::scalar::Scalar;
use hkdf::Hkdf;
use sha2::{Digest as _, Sha512, Sha512_256};
use zeroize::Zeroizing;

/// A domain of this crate.
macro_rules! domain {
    ($name:literal) => {
        concat!("countersign/seal/v1/", $name)
    };
}
pub(crate) use domain;

/// The framed bytes of `domain` and `parts`.
pub(crate) fn frame(domain: &str, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().fold(8 + domain.len(), |sum, part| sum + 8 + part.len());
    let mut out = Vec::with_capacity(length);
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        out.extend_from_slice(&(part.len() as u64).to_le_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// SHA-512/256 over the framed parts.
pub(crate) fn digest(domain: &str, parts: &[&[u8]]) -> Digest {
    let mut hash = Sha512_256::new();
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Digest(hash.finalize().into())
}

/// SHA-512 over framed parts that arrive one by one.
#[derive(Clone)]
pub(crate) struct Transcript(Sha512);

impl Transcript {
    /// An empty list of parts under `domain`.
    pub(crate) fn new(domain: &str) -> Self {
        Self(Sha512::new()).with(domain.as_bytes())
    }

    /// Adds one part.
    pub(crate) fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// Adds one part and returns the transcript.
    pub(crate) fn with(mut self, part: &[u8]) -> Self {
        self.add(part);
        self
    }

    /// All 64 bytes.
    pub(crate) fn bytes(self) -> [u8; 64] {
        self.0.finalize().into()
    }

    /// The 64 bytes reduced to a scalar.
    pub(crate) fn scalar(self) -> Scalar {
        Scalar::from_bytes_mod_order_wide(&self.bytes())
    }
}

/// SHA-512 over the framed parts.
pub(crate) fn sha512(domain: &str, parts: &[&[u8]]) -> [u8; 64] {
    let mut transcript = Transcript::new(domain);
    parts.iter().for_each(|part| transcript.add(part));
    transcript.bytes()
}

/// HKDF-SHA-512 (RFC 5869): extract with `salt` over the concatenated `ikm`, which the caller keeps at fixed lengths.
pub(crate) struct Prk(Hkdf<Sha512>);

impl Prk {
    /// Extract.
    pub(crate) fn extract(salt: &[u8], ikm: &[u8]) -> Self {
        Self(Hkdf::new(Some(salt), ikm))
    }

    /// Expand to `N` bytes, at most 255 blocks of 64.
    pub(crate) fn expand<const N: usize>(&self, info: &[u8]) -> Zeroizing<[u8; N]> {
        const { assert!(N <= 255 * 64) };
        let mut out = Zeroizing::new([0u8; N]);
        #[expect(
            clippy::expect_used,
            reason = "the only error is a length above 255 blocks, excluded at compile time"
        )]
        self.0.expand(info, out.as_mut_slice()).expect("length within HKDF's limit");
        out
    }
}

/// A 32-byte key out of a 32-byte key for one purpose.
pub(crate) fn derive_key(ikm: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    Prk::extract(&[], ikm).expand(info)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_bound() {
        assert_eq!(frame("d", &[b"ab"]), b"\x01\0\0\0\0\0\0\0d\x02\0\0\0\0\0\0\0ab");
        assert_ne!(digest("d", &[b"ab", b"c"]), digest("d", &[b"a", b"bc"]));
        assert_ne!(digest("d", &[b"ab"]), digest("da", &[b"b"]));
        assert_eq!(sha512("d", &[b"ab"]), <[u8; 64]>::from(Sha512::digest(frame("d", &[b"ab"]))));
    }
}
