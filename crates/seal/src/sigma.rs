//! The erasable secret of a client: deleting it erases the client in every copy and backup.

use crate::hash::{Prk, Salt, domain};
use countersign_core::class::Class;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 random bytes per client, kept in a small store of its own with short backups. Wiped when dropped; has no `Debug`.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Sigma([u8; 32]);

impl Sigma {
    /// Takes 32 random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the erasable store and nothing else.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// sigma_c of one record (by its capsule u) and class: all that a recipient gets of sigma.
    pub fn of_class(&self, class: Class, u: &[u8; 32]) -> ClassSigma {
        self.extracted().of_class(class, u)
    }

    /// The extraction that all classes share.
    pub(crate) fn extracted(&self) -> ExtractedSigma {
        ExtractedSigma(Salt::new(&[]).extract(&[&self.0]))
    }
}

/// sigma after HKDF-Extract.
pub(crate) struct ExtractedSigma(Prk);

impl ExtractedSigma {
    /// sigma_c = HKDF(sigma, "class" || c || u).
    pub(crate) fn of_class(&self, class: Class, u: &[u8; 32]) -> ClassSigma {
        ClassSigma(*self.0.expand(domain!("class-sigma"), &[&[class.number()], u]))
    }
}

/// sigma_c of one released record and class. Wiped when dropped; has no `Debug`.
#[derive(Zeroize, ZeroizeOnDrop, Clone)]
pub struct ClassSigma([u8; 32]);

impl ClassSigma {
    /// Takes the 32 bytes out of a package.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, for the encrypted package and nothing else.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}
