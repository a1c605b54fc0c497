//! Ed25519 identities of trustees: who said it. Strict verification (no small-order keys, no malleable encodings).

use crate::hash::frame;
use countersign_core::encoding::{hex, unhex};
use countersign_core::id::Digest;
use ed25519_dalek::{Signature as Ed25519Signature, Signer, SigningKey, VerifyingKey};
use std::fmt;

/// A signature that does not belong to the key and the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Ed25519 signature does not belong to this key and message")]
pub struct BadSignature;

/// The secret half; wiped when dropped.
pub struct Identity(SigningKey);

impl Identity {
    /// The identity of a 32-byte seed (RFC 8032 private key).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> IdentityKey {
        IdentityKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, domain: &str, parts: &[&[u8]]) -> Signature {
        Signature(self.0.sign(&frame(domain, parts)).to_bytes())
    }
}

/// The public half: a valid point that is not of small order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct IdentityKey(VerifyingKey);

impl IdentityKey {
    /// Reads 32 bytes; `None` when they are no key or a key of small order.
    pub fn decode(bytes: &[u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(Self)
    }

    /// Reads the key as control documents spell it.
    pub fn from_digest(bytes: &Digest) -> Option<Self> {
        Self::decode(bytes.as_bytes())
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub(crate) fn verify(&self, domain: &str, parts: &[&[u8]], signature: &Signature) -> Result<(), BadSignature> {
        self.0
            .verify_strict(&frame(domain, parts), &Ed25519Signature::from_bytes(&signature.0))
            .map_err(|_| BadSignature)
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityKey({})", hex(self.bytes()))
    }
}

/// 64 bytes that claim to be a signature; 128 hexadecimal digits in documents.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl std::str::FromStr for Signature {
    type Err = countersign_core::id::InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        unhex(text).map(Self).ok_or_else(|| Self::Err::not("a signature (128 lower-case hexadecimal digits)", text))
    }
}

countersign_core::text_serde!(Signature);
