//! Key rings: the public keys of one ceremony, the confirmation by every trustee, the verifying shares of an epoch and
//! their confirmation by every holder.
//!
//! Formats: `docs/formats/ring.md`.

mod confirm;
mod holding;
mod shares;

pub use confirm::{Confirmation, ConfirmationV1, ConfirmedRing, DealerRings, RingError};
pub use holding::{EpochConfirmation, EpochConfirmationError, EpochConfirmationV1};
pub use shares::{EpochKey, ShareEpoch, ShareEpochV1, SharesError, VerifyingShares};

use crate::group::SUITE;
use crate::hash::{digest, domain};
use crate::kind::{KeyType, Slot};
use countersign_core::encoding::{hex, unhex};
use countersign_core::id::{Digest, InvalidId};
use countersign_core::json::Document;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

countersign_core::version_tag!(
    /// Version of the ring format.
    RingV1 = "countersign/ring/v1"
);

/// Most trustees of a ring.
pub const MAX_TRUSTEES: u16 = 255;

/// Smallest threshold: below it one trustee would open everything.
pub const MIN_THRESHOLD: u16 = 2;

/// 32 bytes of an encoded group element as documents spell it. Being a valid element is checked where it is used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncodedPoint(pub [u8; 32]);

impl fmt::Display for EncodedPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for EncodedPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncodedPoint({self})")
    }
}

impl std::str::FromStr for EncodedPoint {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        unhex(text).map(Self).ok_or_else(|| InvalidId::not("a group element (64 lower-case hexadecimal digits)", text))
    }
}

countersign_core::text_serde!(EncodedPoint);

/// One threshold key of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RingKey {
    /// Field class or attribute.
    pub class: Slot,
    /// Key epoch: rises when the class gets a new key.
    pub epoch: u32,
    /// Shares needed.
    pub t: u16,
    /// Shares held, by trustees 1 to n.
    pub n: u16,
    /// The public key h_c.
    pub key: EncodedPoint,
}

/// A ring of threshold keys made in one ceremony.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ring {
    /// Format version.
    pub v: RingV1,
    /// Suite number: 1.
    pub suite: u8,
    /// Name for people: 1 to 64 of `a-z`, `0-9`, `-`.
    pub name: String,
    /// What the keys are for.
    pub key_type: KeyType,
    /// Random id of the ceremony.
    pub ceremony: Digest,
    /// Digest of the transcript of the key generation.
    pub transcript: Digest,
    /// Whether a dealer knew the keys. Such rings are for tests and the demo only.
    pub dealer: bool,
    /// The keys, ascending by registry number; all held by the same n trustees.
    pub keys: Vec<RingKey>,
}

impl Document for Ring {
    const WHAT: &'static str = "key ring";
    const DOMAIN: &'static str = RingV1::TEXT;
    const MAX_LEN: usize = 8 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let each = |rule: fn(&RingKey) -> bool| self.keys.iter().all(rule);
        let held = self.trustees();
        let distinct: BTreeSet<&EncodedPoint> = self.keys.iter().map(|key| &key.key).collect();
        let rules = [
            (self.suite == SUITE, "`suite` is not 1"),
            (is_ring_name(&self.name), "`name` is not 1 to 64 of a-z, 0-9 and hyphens"),
            (!self.keys.is_empty(), "no keys"),
            (
                self.keys.is_sorted_by(|a, b| a.class.number() < b.class.number()),
                "keys are not in the order of the registry or repeat",
            ),
            (
                self.keys.iter().all(|key| key.class.key_type() == self.key_type),
                "a key does not belong to the ring's key type",
            ),
            (distinct.len() == self.keys.len(), "two classes share a key"),
            (each(|key| key.t >= MIN_THRESHOLD), "a threshold below 2 lets one trustee open everything"),
            (each(|key| key.t <= key.n), "a threshold is above the number of trustees"),
            (each(|key| key.n <= MAX_TRUSTEES), "more than 255 trustees"),
            (self.keys.iter().all(|key| key.n == held), "keys are held by different numbers of trustees"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

impl Ring {
    /// The number n of trustees.
    pub fn trustees(&self) -> u16 {
        self.keys.first().map_or(0, |key| key.n)
    }

    /// The ring id: SHA-512/256 over the framed suite, name, key type, ceremony id, transcript digest, dealer flag, and
    /// for each key its registry number, key epoch, t, n and h_c, under `countersign/seal/v1/ring`.
    pub fn id(&self) -> Digest {
        let numbers: Vec<KeyBytes> = self.keys.iter().map(KeyBytes::new).collect();
        let suite = [self.suite];
        let key_type = [self.key_type.number()];
        let dealer = [u8::from(self.dealer)];
        let mut parts: Vec<&[u8]> = vec![
            &suite,
            self.name.as_bytes(),
            &key_type,
            self.ceremony.as_bytes(),
            self.transcript.as_bytes(),
            &dealer,
        ];
        for key in &numbers {
            parts.extend([&key.class[..], &key.epoch, &key.t, &key.n, &key.point]);
        }
        digest(domain!("ring"), &parts)
    }
}

struct KeyBytes {
    class: [u8; 1],
    epoch: [u8; 4],
    t: [u8; 2],
    n: [u8; 2],
    point: [u8; 32],
}

impl KeyBytes {
    fn new(key: &RingKey) -> Self {
        Self {
            class: [key.class.number()],
            epoch: key.epoch.to_le_bytes(),
            t: key.t.to_le_bytes(),
            n: key.n.to_le_bytes(),
            point: key.key.0,
        }
    }
}

pub(crate) fn is_ring_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
