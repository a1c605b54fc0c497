//! The one framing of hash inputs, and the hashes of suite 1.
//!
//! Every input is `len(domain) || domain || (len(x) || x)*` with lengths as u64 LE, so that no two lists of parts share
//! bytes. Digests of 32 bytes are SHA-512/256; scalars are SHA-512 reduced from 64 bytes; keys are HKDF-SHA-512.

use countersign_core::id::Digest;
use curve25519_dalek::scalar::Scalar;
use hmac::{Hmac, KeyInit, Mac};
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

/// HKDF-Extract under one salt (RFC 5869), with the keyed state kept: one salt serves many extractions.
#[derive(Clone)]
pub(crate) struct Salt(Hmac<Sha512>);

impl Salt {
    /// Keys the state. An empty salt is RFC 5869's default.
    pub(crate) fn new(salt: &[u8]) -> Self {
        Self(keyed(salt))
    }

    /// Extracts from the concatenated parts, which the caller keeps at fixed lengths.
    pub(crate) fn extract(&self, ikm: &[&[u8]]) -> Prk {
        let mut mac = self.0.clone();
        ikm.iter().for_each(|part| mac.update(part));
        let prk: Zeroizing<[u8; 64]> = Zeroizing::new(mac.finalize().into_bytes().into());
        Prk(keyed(prk.as_slice()))
    }
}

/// A pseudorandom key of HKDF-SHA-512, as the keyed state of its expansions.
pub(crate) struct Prk(Hmac<Sha512>);

impl Prk {
    /// A uniformly random key of 32 bytes, which needs no extraction (RFC 5869, section 3.3).
    pub(crate) fn uniform(key: &[u8; 32]) -> Self {
        Self(keyed(key))
    }

    /// HKDF-Expand to `N` bytes, at most one block of 64; the info is the framed parts.
    pub(crate) fn expand<const N: usize>(&self, domain: &str, parts: &[&[u8]]) -> Zeroizing<[u8; N]> {
        const { assert!(N <= 64) };
        let mut mac = self.0.clone();
        for part in std::iter::once(&domain.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.update(&[1]);
        let block: Zeroizing<[u8; 64]> = Zeroizing::new(mac.finalize().into_bytes().into());
        let mut out = Zeroizing::new([0u8; N]);
        out.iter_mut().zip(block.iter()).for_each(|(slot, byte)| *slot = *byte);
        out
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha512> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length (RFC 2104)")]
    Hmac::new_from_slice(key).expect("HMAC takes any key")
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

    #[test]
    fn expansion_is_that_of_rfc_5869() {
        let info = frame("d", &[b"ab", b""]);
        for salt in [&b""[..], b"salt"] {
            let theirs = hkdf::Hkdf::<Sha512>::new(Some(salt), b"keying material");
            let mut expected = [0u8; 64];
            theirs.expand(&info, &mut expected).unwrap();
            let prk = Salt::new(salt).extract(&[b"keying ", b"material"]);
            assert_eq!(*prk.expand::<64>("d", &[b"ab", b""]), expected);
            assert_eq!(prk.expand::<32>("d", &[b"ab", b""]).as_slice(), &expected[..32]);
        }
    }
}
