//! Verifying shares h_{c,i} of one share epoch, published in the log.

use super::{ConfirmedRing, EncodedPoint, MAX_TRUSTEES};
use crate::group::{Element, PointError};
use crate::kind::{Kind, Sealing, Slot};
use crate::lagrange;
use countersign_core::id::Digest;
use countersign_core::json::{Document, DocumentError, Exact};
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::marker::PhantomData;

countersign_core::version_tag!(
    /// Version of the share epoch format.
    ShareEpochV1 = "countersign/share-epoch/v1"
);

/// The verifying shares of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochKey {
    /// Field class or attribute.
    pub class: Slot,
    /// h_{c,i} of trustees 1 to n of this epoch.
    pub shares: Vec<EncodedPoint>,
}

/// The verifying shares of all keys of a ring in one share epoch. Its digest stands in the control state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareEpoch {
    /// Format version.
    pub v: ShareEpochV1,
    /// The ring id.
    pub ring: Digest,
    /// Share epoch: 1 after the ceremony, one more with every resharing.
    pub epoch: u32,
    /// In the order of the ring's keys.
    pub keys: Vec<EpochKey>,
}

impl Document for ShareEpoch {
    const WHAT: &'static str = "share epoch";
    const DOMAIN: &'static str = ShareEpochV1::TEXT;
    const MAX_LEN: usize = 256 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let ascending = self.keys.is_sorted_by(|a, b| a.class.number() < b.class.number());
        let held = self.trustees();
        let rules = [
            (self.epoch > 0, "`epoch` is 0"),
            (ascending, "keys are not in the order of the registry or repeat"),
            (self.keys.iter().all(|key| key.shares.len() == held), "keys are held by different numbers of trustees"),
            (held <= usize::from(MAX_TRUSTEES), "more than 255 trustees"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

impl ShareEpoch {
    /// The number n of trustees in this epoch; enrolment and removal change it.
    pub fn trustees(&self) -> usize {
        self.keys.first().map_or(0, |key| key.shares.len())
    }
}

/// Why verifying shares are not accepted for a ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SharesError {
    /// Not a share epoch document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Made for another ring.
    #[error("the share epoch belongs to ring {found}, not to ring {expected}")]
    Ring {
        /// Ring wanted.
        expected: Digest,
        /// Ring found.
        found: Digest,
    },
    /// Other keys than the ring.
    #[error("the share epoch does not list exactly the keys of the ring")]
    Shape,
    /// Fewer shares than a threshold: nobody could answer, and nothing would bind the shares to the key.
    #[error("the share epoch has {trustees} shares of `{class}`, {needed} are needed")]
    TooFew {
        /// Which key.
        class: Slot,
        /// Shares listed.
        trustees: u16,
        /// The threshold.
        needed: u16,
    },
    /// A share is unusable.
    #[error("the share of trustee {trustee} for `{class}`: {reason}")]
    Share {
        /// Which key.
        class: Slot,
        /// Whose share.
        trustee: u16,
        /// Why.
        reason: PointError,
    },
    /// The shares do not belong to the public key.
    #[error("the shares for `{class}` do not interpolate to the ring's key (first wrong: trustee {trustee})")]
    Interpolation {
        /// Which key.
        class: Slot,
        /// First trustee off the polynomial through the key and trustees 1 to t-1.
        trustee: u16,
    },
}

/// Verifying shares that are known to interpolate to the keys of a confirmed ring.
#[derive(Clone)]
pub struct VerifyingShares<K: Kind = Sealing> {
    ring: Digest,
    epoch: u32,
    trustees: u16,
    digest: Digest,
    shares: BTreeMap<u8, Vec<Element>>,
    kind: PhantomData<K>,
}

impl<K: Kind> VerifyingShares<K> {
    /// Checks that for every key all shares and h_c lie on one polynomial of degree t-1.
    ///
    /// The threshold is the ring's in every epoch; the number of trustees is the epoch's own, at least t.
    ///
    /// # Errors
    /// [`SharesError`].
    pub fn new(ring: &ConfirmedRing<K>, epoch: &Exact<ShareEpoch>) -> Result<Self, SharesError> {
        let value = epoch.value();
        if value.ring != ring.id() {
            return Err(SharesError::Ring { expected: ring.id(), found: value.ring });
        }
        let ring_keys = &ring.document().value().keys;
        if !ring_keys.iter().map(|key| key.class).eq(value.keys.iter().map(|key| key.class)) {
            return Err(SharesError::Shape);
        }
        // INVARIANT: the document was checked, so every key lists as many shares, at most 255.
        let trustees = u16::try_from(value.trustees()).unwrap_or(MAX_TRUSTEES);
        let mut shares = BTreeMap::new();
        for (key, entry) in ring_keys.iter().zip(&value.keys) {
            let class = key.class;
            if trustees < key.t {
                return Err(SharesError::TooFew { class, trustees, needed: key.t });
            }
            let decoded = (1u16..)
                .zip(&entry.shares)
                .map(|(trustee, share)| {
                    Element::decode(&share.0).map_err(|reason| SharesError::Share { class, trustee, reason })
                })
                .collect::<Result<Vec<_>, _>>()?;
            let public = K::key(class).and_then(|name| ring.point(name)).ok_or(SharesError::Shape)?;
            check_polynomial(public, &decoded, key.t)
                .map_err(|trustee| SharesError::Interpolation { class, trustee })?;
            shares.insert(class.number(), decoded);
        }
        let (epoch, digest) = (value.epoch, epoch.digest());
        Ok(Self { ring: ring.id(), epoch, trustees, digest, shares, kind: PhantomData })
    }

    /// The ring id.
    pub fn ring(&self) -> Digest {
        self.ring
    }

    /// The share epoch.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Number n of trustees in this epoch.
    pub fn trustees(&self) -> u16 {
        self.trustees
    }

    /// Digest of the share epoch document.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// h_{c,i}; `None` for an unknown key or trustee.
    pub(crate) fn share(&self, key: K::Key, trustee: u16) -> Option<&Element> {
        let place = usize::from(trustee).checked_sub(1)?;
        self.shares.get(&K::slot(key).number())?.get(place)
    }
}

/// The polynomial is fixed by h_c at 0 and the shares of 1..t-1; every other share must lie on it.
fn check_polynomial(public: &Element, shares: &[Element], t: u16) -> Result<(), u16> {
    let known: Vec<u16> = (0..t).collect();
    let points: Vec<RistrettoPoint> =
        std::iter::once(public).chain(shares).take(known.len()).map(|element| element.point).collect();
    for (trustee, share) in (1u16..).zip(shares).skip(known.len() - 1) {
        let weights = lagrange::at(trustee, &known);
        if RistrettoPoint::vartime_multiscalar_mul(&weights, &points) != share.point {
            return Err(trustee);
        }
    }
    Ok(())
}
