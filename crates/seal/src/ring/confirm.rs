//! A ring counts only when every trustee has signed its id.

use super::Ring;
use crate::group::{Element, PointError};
use crate::hash::{Salt, domain};
use crate::identity::{Identity, IdentityKey, Signature};
use crate::kind::{KeyType, Kind, Sealing, Slot};
use countersign_core::id::Digest;
use countersign_core::json::{Document, DocumentError, Exact};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::marker::PhantomData;

countersign_core::version_tag!(
    /// Version of the confirmation format.
    ConfirmationV1 = "countersign/ring-confirmation/v1"
);

/// One trustee's signature over a ring id: "I hold my shares of exactly these keys, made in this ceremony".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Format version.
    pub v: ConfirmationV1,
    /// The ring id.
    pub ring: Digest,
    /// Index of the trustee.
    pub trustee: u16,
    /// Ed25519 over the framed ring id and index (u16 LE) under `countersign/seal/v1/ring-confirmation`.
    pub signature: Signature,
}

impl Document for Confirmation {
    const WHAT: &'static str = "ring confirmation";
    const DOMAIN: &'static str = ConfirmationV1::TEXT;
    const MAX_LEN: usize = 512;
}

impl Confirmation {
    /// Signs a ring id. A trustee does this only for the ring that its own ceremony ended with.
    pub fn sign(ring: Digest, trustee: u16, identity: &Identity) -> Self {
        let signature = identity.sign(DOMAIN, &[ring.as_bytes(), &trustee.to_le_bytes()]);
        Self { v: ConfirmationV1, ring, trustee, signature }
    }

    /// Checks that this is the word of trustee `index`, whose pinned key is `key`, over `ring`.
    ///
    /// # Errors
    /// [`RingError::Confirmation`].
    pub fn check(&self, ring: Digest, index: u16, key: &IdentityKey) -> Result<(), RingError> {
        let same = self.ring == ring && self.trustee == index;
        let signed = key.verify(DOMAIN, &[ring.as_bytes(), &index.to_le_bytes()], &self.signature).is_ok();
        if same && signed { Ok(()) } else { Err(RingError::Confirmation(index)) }
    }
}

const DOMAIN: &str = domain!("ring-confirmation");

/// Whether rings whose keys a dealer knew are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DealerRings {
    /// Refused: the only right answer outside tests and the demo.
    Refuse,
    /// Accepted, for tests and the demo.
    AllowForTests,
}

/// Why a ring is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// Not a ring document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The ring is for something else.
    #[error("the ring's keys are of type `{found}`, here only `{expected}` may be used")]
    KeyType {
        /// Type wanted.
        expected: KeyType,
        /// Type of the ring.
        found: KeyType,
    },
    /// A dealer knew the keys.
    #[error("a dealer knew the keys of this ring; it is for tests and the demo only")]
    Dealer,
    /// A public key is unusable.
    #[error("the key of `{class}`: {reason}")]
    Key {
        /// Which key.
        class: Slot,
        /// Why.
        reason: PointError,
    },
    /// Identities given for another number of trustees.
    #[error("the ring has {expected} trustees but {found} distinct identities were given")]
    Identities {
        /// Trustees of the ring.
        expected: u16,
        /// Distinct identities given.
        found: usize,
    },
    /// A trustee has not confirmed the ring.
    #[error("trustee {0} has not confirmed this ring; every trustee must")]
    Unconfirmed(u16),
    /// A confirmation is not what it says.
    #[error("the confirmation by trustee {0} is for another ring or its signature is wrong")]
    Confirmation(u16),
}

/// A ring confirmed by every one of its trustees; sealing and opening accept nothing else.
#[derive(Clone)]
pub struct ConfirmedRing<K: Kind = Sealing> {
    id: Digest,
    ring: Exact<Ring>,
    keys: BTreeMap<u8, Element>,
    salt: Salt,
    kind: PhantomData<K>,
}

impl<K: Kind> std::fmt::Debug for ConfirmedRing<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ConfirmedRing({})", self.id)
    }
}

impl<K: Kind> ConfirmedRing<K> {
    /// Accepts a ring that each of its n trustees has confirmed. `identities` are the pinned keys of trustees 1 to n.
    ///
    /// # Errors
    /// [`RingError`]: wrong key type, dealer ring, unusable key, or anything less than n valid confirmations.
    pub fn new(
        ring: Exact<Ring>,
        confirmations: &[Confirmation],
        identities: &[IdentityKey],
        dealer: DealerRings,
    ) -> Result<Self, RingError> {
        let value = ring.value();
        if value.key_type != K::TYPE {
            return Err(RingError::KeyType { expected: K::TYPE, found: value.key_type });
        }
        if value.dealer && dealer == DealerRings::Refuse {
            return Err(RingError::Dealer);
        }
        let trustees = value.trustees();
        let mut distinct: Vec<&[u8; 32]> = identities.iter().map(IdentityKey::bytes).collect();
        distinct.sort_unstable();
        distinct.dedup();
        if identities.len() != usize::from(trustees) || distinct.len() != identities.len() {
            return Err(RingError::Identities { expected: trustees, found: distinct.len() });
        }
        let id = value.id();
        for (index, identity) in (1u16..).zip(identities) {
            let confirmation =
                confirmations.iter().find(|c| c.trustee == index).ok_or(RingError::Unconfirmed(index))?;
            confirmation.check(id, index, identity)?;
        }
        let keys = value
            .keys
            .iter()
            .map(|key| match Element::decode(&key.key.0) {
                Ok(point) => Ok((key.class.number(), point)),
                Err(reason) => Err(RingError::Key { class: key.class, reason }),
            })
            .collect::<Result<_, _>>()?;
        let salt = Salt::new(id.as_bytes());
        Ok(Self { id, ring, keys, salt, kind: PhantomData })
    }

    /// The ring id.
    pub fn id(&self) -> Digest {
        self.id
    }

    /// The document.
    pub fn document(&self) -> &Exact<Ring> {
        &self.ring
    }

    /// Number n of trustees.
    pub fn trustees(&self) -> u16 {
        self.ring.value().trustees()
    }

    /// The classes (or attributes) that have a key, ascending.
    pub fn keys(&self) -> impl Iterator<Item = K::Key> + '_ {
        self.ring.value().keys.iter().filter_map(|key| K::key(key.class))
    }

    /// Whether the ring has a key for `key`.
    pub fn has(&self, key: K::Key) -> bool {
        self.point(key).is_some()
    }

    /// The threshold t of a key.
    pub fn threshold(&self, key: K::Key) -> Option<u16> {
        self.ring.value().keys.iter().find(|entry| entry.class == K::slot(key)).map(|entry| entry.t)
    }

    pub(crate) fn point(&self, key: K::Key) -> Option<&Element> {
        self.keys.get(&K::slot(key).number())
    }

    /// The ring id as the salt of every cell's key.
    pub(crate) fn salt(&self) -> &Salt {
        &self.salt
    }
}
