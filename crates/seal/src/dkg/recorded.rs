//! What everybody can check of a ceremony without taking part in it: who carries the messages, and who reads its log.

use super::message::{Broadcast, check_shares, transcript};
use super::{DkgError, publish, read_broadcasts};
use crate::ceremony::Ceremony;
use crate::kind::Kind;
use crate::ring::{Ring, ShareEpoch};
use countersign_core::id::Digest;

/// Checks that a broadcast of round 1 has the layout of the ceremony and is signed by trustee `index`. Proofs of possession are
/// checked by those who take part.
///
/// # Errors
/// [`DkgError::Index`], [`DkgError::Malformed`], [`DkgError::Signature`].
pub fn check_broadcast<K: Kind>(ceremony: &Ceremony<K>, index: u16, bytes: &[u8]) -> Result<(), DkgError> {
    Broadcast::read(ceremony, index, bytes).map(|_| ())
}

/// A ceremony whose broadcasts of round 1 are all there.
pub struct Recorded<K: Kind> {
    ceremony: Ceremony<K>,
    transcript: Digest,
    ring: Ring,
    epoch: ShareEpoch,
}

impl<K: Kind> Recorded<K> {
    /// Takes the broadcasts of trustees 1 to n in order.
    ///
    /// # Errors
    /// As [`public_outcome`](super::public_outcome).
    pub fn new(ceremony: &Ceremony<K>, broadcasts: &[Vec<u8>]) -> Result<Self, DkgError> {
        let read = read_broadcasts(ceremony, broadcasts)?;
        let transcript = transcript(ceremony, &read);
        let (ring, epoch) = publish(ceremony, &read, transcript)?;
        Ok(Self { ceremony: ceremony.clone(), transcript, ring, epoch })
    }

    /// The ring that follows from the broadcasts.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Its verifying shares of epoch 1.
    pub fn epoch(&self) -> &ShareEpoch {
        &self.epoch
    }

    /// Checks that `sender` signed this message of round 2 for `recipient`, over these very broadcasts. Only the recipient can open it.
    ///
    /// # Errors
    /// [`DkgError::Index`], [`DkgError::Envelope`] naming the sender.
    pub fn check_message(&self, sender: u16, recipient: u16, bytes: &[u8]) -> Result<(), DkgError> {
        check_shares(&self.ceremony, &self.transcript, sender, recipient, bytes)
    }
}

impl DkgError {
    /// The party to blame, if one can be named.
    pub fn culprit(&self) -> Option<u16> {
        match self {
            Self::Missing(index) | Self::Malformed(index) | Self::Signature(index) => Some(*index),
            Self::Possession { culprit, .. } | Self::Envelope { culprit, .. } | Self::Share { culprit, .. } => {
                Some(*culprit)
            }
            Self::Index(_) | Self::Identity(_) | Self::NotOurs(_) | Self::State | Self::Failed(_) => None,
        }
    }
}
