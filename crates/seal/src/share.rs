//! A trustee's secret shares of one ring and share epoch, typed by what they may be used for.

use crate::group::decode_scalar;
use crate::kind::{Index, KeyType, Kind, Sealing, Slot};
use crate::read::{LayoutError, Reader};
use crate::ring::VerifyingShares;
use countersign_core::id::Digest;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use zeroize::{Zeroize, Zeroizing};

/// Shares of field class keys: the only input of partial decryptions.
pub type SealingShare = Share<Sealing>;

/// Shares of index keys: the only input of OPRF evaluations.
pub type IndexShare = Share<Index>;

/// Why bytes are not a share, or a share is not the trustee's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// Wrong length.
    #[error("key share: {0}")]
    Layout(#[from] LayoutError),
    /// A later format.
    #[error("key share: version {0} is unknown")]
    Version(u8),
    /// A share for another purpose.
    #[error("key share: of type {found}, here only `{expected}` may be used")]
    KeyType {
        /// Type wanted.
        expected: KeyType,
        /// Number found.
        found: u8,
    },
    /// Keys out of order, unknown, or a scalar out of range.
    #[error("key share: keys are out of order or a scalar is not canonical")]
    Keys,
    /// Belongs to another ring or epoch than the published verifying shares.
    #[error("key share: of another ring or share epoch than the published verifying shares")]
    Epoch,
    /// Does not match the published verifying share.
    #[error("key share: the share of `{0}` does not match the published verifying share")]
    Mismatch(Slot),
}

/// The secret scalars x_{c,i} of one trustee. Wiped when dropped; has no `Debug`.
pub struct Share<K: Kind> {
    ring: Digest,
    trustee: u16,
    epoch: u32,
    scalars: BTreeMap<u8, Scalar>,
    kind: PhantomData<K>,
}

const VERSION: u8 = 1;

impl<K: Kind> Share<K> {
    pub(crate) fn new(ring: Digest, trustee: u16, epoch: u32, scalars: BTreeMap<u8, Scalar>) -> Self {
        Self { ring, trustee, epoch, scalars, kind: PhantomData }
    }

    /// The ring id.
    pub fn ring(&self) -> Digest {
        self.ring
    }

    /// Index of the trustee.
    pub fn trustee(&self) -> u16 {
        self.trustee
    }

    /// The share epoch.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(crate) fn scalar(&self, key: K::Key) -> Option<&Scalar> {
        self.scalars.get(&K::slot(key).number())
    }

    /// Checks every scalar against the published verifying shares: x_{c,i} G = h_{c,i}.
    ///
    /// # Errors
    /// [`ShareError`] naming the first key that differs.
    pub fn check(&self, verifying: &VerifyingShares<K>) -> Result<(), ShareError> {
        if self.ring != verifying.ring() || self.epoch != verifying.epoch() {
            return Err(ShareError::Epoch);
        }
        for (number, scalar) in &self.scalars {
            let slot = Slot::from_number(*number).ok_or(ShareError::Keys)?;
            let published = K::key(slot).and_then(|key| verifying.share(key, self.trustee));
            if published.is_none_or(|published| published.point != RistrettoPoint::mul_base(scalar)) {
                return Err(ShareError::Mismatch(slot));
            }
        }
        Ok(())
    }

    /// The bytes for the trustee's own encrypted storage: version 1, key type, ring id, trustee u16 LE, epoch u32 LE,
    /// number of keys, then per key its registry number and 32 bytes of scalar.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(41 + 33 * self.scalars.len()));
        out.extend_from_slice(&[VERSION, K::TYPE.number()]);
        out.extend_from_slice(self.ring.as_bytes());
        out.extend_from_slice(&self.trustee.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.push(self.scalars.len() as u8);
        for (number, scalar) in &self.scalars {
            out.push(*number);
            out.extend_from_slice(scalar.as_bytes());
        }
        out
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`ShareError`], also when the share is of another key type.
    pub fn decode(bytes: &[u8]) -> Result<Self, ShareError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8("the version")?;
        if version != VERSION {
            return Err(ShareError::Version(version));
        }
        let found = reader.u8("the key type")?;
        if found != K::TYPE.number() {
            return Err(ShareError::KeyType { expected: K::TYPE, found });
        }
        let ring = Digest(reader.array("the ring id")?);
        let trustee = reader.u16("the trustee")?;
        let epoch = reader.u32("the epoch")?;
        let count = reader.u8("the number of keys")?;
        let mut share = Self::new(ring, trustee, epoch, BTreeMap::new());
        for _ in 0..count {
            let number = reader.u8("a key's number")?;
            let scalar = Zeroizing::new(reader.array::<32>("a scalar")?);
            let known = Slot::from_number(number).and_then(K::key).is_some();
            let ascending = share.scalars.last_key_value().is_none_or(|(last, _)| *last < number);
            let scalar = decode_scalar(&scalar).filter(|_| known && ascending).ok_or(ShareError::Keys)?;
            share.scalars.insert(number, scalar);
        }
        reader.end()?;
        Ok(share)
    }
}

impl<K: Kind> Drop for Share<K> {
    fn drop(&mut self) {
        self.scalars.values_mut().for_each(Zeroize::zeroize);
    }
}
