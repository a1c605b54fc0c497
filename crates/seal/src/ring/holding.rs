//! A share epoch counts for its holders only when every one of them has signed it.

use super::VerifyingShares;
use crate::hash::domain;
use crate::identity::{Identity, IdentityKey, Signature};
use crate::kind::Kind;
use countersign_core::id::Digest;
use countersign_core::json::Document;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

countersign_core::version_tag!(
    /// Version of the format.
    EpochConfirmationV1 = "countersign/share-epoch-confirmation/v1"
);

/// One holder's signature over a share epoch: "I hold my shares of exactly this epoch, and they fit".
///
/// A resharing that one holder could not finish must not come into force: that holder would be lost, and a dealer that
/// sent bad shares to some would have removed them without anybody deciding it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochConfirmation {
    /// Format version.
    pub v: EpochConfirmationV1,
    /// The ring id.
    pub ring: Digest,
    /// The share epoch.
    pub epoch: u32,
    /// Digest of the share epoch document.
    pub shares: Digest,
    /// Index of the trustee.
    pub trustee: u16,
    /// Ed25519 over the framed ring id, epoch (u32 LE), digest and index (u16 LE) under
    /// `countersign/seal/v1/share-epoch-confirmation`.
    pub signature: Signature,
}

impl Document for EpochConfirmation {
    const WHAT: &'static str = "share epoch confirmation";
    const DOMAIN: &'static str = EpochConfirmationV1::TEXT;
    const MAX_LEN: usize = 512;
}

/// Why a share epoch is not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EpochConfirmationError {
    /// Identities given for another number of trustees.
    #[error("the share epoch has {expected} trustees but {found} distinct identities were given")]
    Identities {
        /// Trustees of the epoch.
        expected: u16,
        /// Distinct identities given.
        found: usize,
    },
    /// A holder has not confirmed.
    #[error("trustee {0} has not confirmed this share epoch; every holder must")]
    Unconfirmed(u16),
    /// A confirmation is not what it says.
    #[error("the confirmation by trustee {0} is for another share epoch or its signature is wrong")]
    Confirmation(u16),
}

impl EpochConfirmation {
    /// Signs a share epoch. A trustee does this only when its own shares of this epoch are stored and fit.
    pub fn sign<K: Kind>(shares: &VerifyingShares<K>, trustee: u16, identity: &Identity) -> Self {
        let (ring, epoch, digest) = (shares.ring(), shares.epoch(), shares.digest());
        let signature = identity.sign(DOMAIN, &parts(&ring, &epoch.to_le_bytes(), &digest, &trustee.to_le_bytes()));
        Self { v: EpochConfirmationV1, ring, epoch, shares: digest, trustee, signature }
    }

    fn holds<K: Kind>(&self, shares: &VerifyingShares<K>, key: &IdentityKey) -> bool {
        let same = (self.ring, self.epoch, self.shares) == (shares.ring(), shares.epoch(), shares.digest());
        same && self.is_signed_by(key)
    }

    /// Whether this is the word of `key`'s owner about the epoch that is named here. That the shares so named are a share
    /// epoch of the ring is seen only with their document: [`check_all`](Self::check_all).
    pub fn is_signed_by(&self, key: &IdentityKey) -> bool {
        let (epoch, trustee) = (self.epoch.to_le_bytes(), self.trustee.to_le_bytes());
        key.verify(DOMAIN, &parts(&self.ring, &epoch, &self.shares, &trustee), &self.signature).is_ok()
    }

    /// Checks that every holder 1 to n of the epoch has confirmed it. `identities` are theirs, in order.
    ///
    /// # Errors
    /// [`EpochConfirmationError`] naming the first holder whose confirmation is missing or wrong.
    pub fn check_all<K: Kind>(
        shares: &VerifyingShares<K>,
        confirmations: &[Self],
        identities: &[IdentityKey],
    ) -> Result<(), EpochConfirmationError> {
        let distinct: BTreeSet<&[u8; 32]> = identities.iter().map(IdentityKey::bytes).collect();
        let (expected, found) = (shares.trustees(), distinct.len());
        if found != usize::from(expected) || identities.len() != found {
            return Err(EpochConfirmationError::Identities { expected, found });
        }
        for (index, identity) in (1u16..).zip(identities) {
            let confirmation = confirmations
                .iter()
                .find(|confirmation| confirmation.trustee == index)
                .ok_or(EpochConfirmationError::Unconfirmed(index))?;
            if !confirmation.holds(shares, identity) {
                return Err(EpochConfirmationError::Confirmation(index));
            }
        }
        Ok(())
    }
}

const DOMAIN: &str = domain!("share-epoch-confirmation");

fn parts<'a>(ring: &'a Digest, epoch: &'a [u8; 4], shares: &'a Digest, trustee: &'a [u8; 2]) -> [&'a [u8]; 4] {
    [ring.as_bytes(), epoch, shares.as_bytes(), trustee]
}
