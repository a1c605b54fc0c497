//! The life of key shares after the ceremony. The keys, and so the ring id, stay what they are; only shares change hands -
//! until a [`rotation`] makes new keys.
//!
//! - [`reshare`]: t or more holders deal their shares anew to the holders of the next share epoch (Desmedt and Jajodia
//!   1997; verifiable form of Wong, Wang and Wing 2002). To the same holders this is the refresh of proactive secret
//!   sharing (Herzberg, Jarecki, Krawczyk and Yung 1995); to more or fewer it enrols or removes a trustee. The threshold
//!   is part of the ring id and never changes.
//! - [`repair`]: t or more helpers give one trustee its own lost share back (Stinson and Wei 2018), in the same epoch.
//!
//! Every message is a signed broadcast or an encrypted, signed envelope. Envelopes are sealed to keys made for the one
//! exchange and destroyed with it: an envelope recorded today does not open with a transport key stolen later. Otherwise
//! such a key would carry a share of today back to every earlier epoch, and destroying old shares would be for nothing.
//!
//! Every check that fails names the party at fault; for an envelope that is the party whose signature it carries.
//! Formats: `docs/formats/ring.md`.

mod message;
pub mod repair;
pub mod reshare;
pub mod rotation;

use crate::group::{PointError, decode_scalar};
use crate::identity::{Identity, IdentityKey};
use crate::kind::{Kind, Slot};
use crate::read::{LayoutError, Reader};
use crate::ring::{ConfirmedRing, SharesError};
use crate::share::{Share, ShareError};
use crate::transport::EnvelopeError;
use countersign_core::id::Digest;
use curve25519_dalek::scalar::Scalar;
use zeroize::Zeroizing;

pub use crate::dkg::Addressed;

/// Why an exchange between holders stops. Where one party is to blame it is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LifeError {
    /// Nobody can follow this plan.
    #[error("the plan cannot be followed: {0}")]
    Plan(&'static str),
    /// The index is not one of the exchange, or not in this part.
    #[error("trustee {0} has no such part in this exchange")]
    Index(u16),
    /// The identity is not the one that the plan names.
    #[error("the identity key is not the one that the plan names for trustee {0}")]
    Identity(u16),
    /// The own share is needed and was not given, or lacks a key.
    #[error("the share of trustee {0} is needed here and was not given, or lacks a key of the ring")]
    NoShare(u16),
    /// The own share is not the one that everybody knows.
    #[error("own share: {0}")]
    OwnShare(#[from] ShareError),
    /// A message is missing.
    #[error("the message of trustee {0} is missing")]
    Missing(u16),
    /// A broadcast is malformed.
    #[error("broadcast: that of trustee {0} is malformed or belongs to another exchange")]
    Malformed(u16),
    /// A broadcast is not signed by its sender.
    #[error("broadcast: that of trustee {0} is not signed by its identity")]
    Signature(u16),
    /// A broadcast has an unusable element.
    #[error("broadcast: trustee {culprit} commits to an unusable element: {reason}")]
    Element {
        /// Who.
        culprit: u16,
        /// Why.
        reason: PointError,
    },
    /// The commitments are not those of the sender's own share: it would change the key, or does not hold the share.
    #[error("broadcast: trustee {culprit} does not commit to its own share of `{class}`")]
    Foreign {
        /// Who.
        culprit: u16,
        /// Which key.
        class: Slot,
    },
    /// The own broadcast came back changed.
    #[error(
        "broadcast: the one recorded for trustee {0} is not the one it made: the broadcast channel is not consistent"
    )]
    NotOurs(u16),
    /// An envelope does not open.
    #[error("the message of trustee {culprit}: {reason}")]
    Envelope {
        /// Who.
        culprit: u16,
        /// Why.
        reason: EnvelopeError,
    },
    /// A secret value is no scalar, or does not fit the commitments.
    #[error("trustee {culprit} sent a value for `{class}` that does not fit what it committed to")]
    Value {
        /// Who.
        culprit: u16,
        /// Which key.
        class: Slot,
    },
    /// A stored state is malformed or of another exchange.
    #[error("the stored state is malformed or belongs to another exchange")]
    State,
    /// The outcome is not a share epoch of the ring, although nobody lied: never expected.
    #[error("the outcome is no share epoch of this ring: {0}")]
    Outcome(#[from] SharesError),
}

/// The keys of a ring and their one threshold. Ceremonies give all keys of a ring the same.
fn keys_of<K: Kind>(ring: &ConfirmedRing<K>) -> Result<(Vec<K::Key>, u16), LifeError> {
    let keys: Vec<K::Key> = ring.keys().collect();
    let mut thresholds: Vec<u16> = keys.iter().filter_map(|key| ring.threshold(*key)).collect();
    thresholds.dedup();
    match thresholds.as_slice() {
        [t] => Ok((keys, *t)),
        _ => Err(LifeError::Plan("the keys of the ring have different thresholds")),
    }
}

/// The party's identity is the one the plan names.
fn check_identity(planned: Option<&IdentityKey>, index: u16, own: &Identity) -> Result<(), LifeError> {
    match planned {
        None => Err(LifeError::Index(index)),
        Some(key) if *key == own.public() => Ok(()),
        Some(_) => Err(LifeError::Identity(index)),
    }
}

/// The secret scalar of a share for one key.
fn scalar_of<K: Kind>(share: &Share<K>, key: K::Key) -> Result<&Scalar, LifeError> {
    share.scalar(key).ok_or(LifeError::NoShare(share.trustee()))
}

fn all_distinct<T: Ord>(values: impl Iterator<Item = T>) -> bool {
    let mut values: Vec<T> = values.collect();
    let count = values.len();
    values.sort_unstable();
    values.dedup();
    values.len() == count
}

/// The first bytes of every stored state: which part, of which exchange, of which trustee. Room for `rest` more bytes is
/// reserved: a buffer that grows leaves copies of secrets behind.
fn state_head(part: u8, exchange: &Digest, index: u16, rest: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(35 + rest));
    out.push(part);
    out.extend_from_slice(exchange.as_bytes());
    out.extend_from_slice(&index.to_le_bytes());
    out
}

fn read_state_head(part: u8, exchange: &Digest, reader: &mut Reader<'_>) -> Result<u16, LifeError> {
    let found = reader.u8("the part")?;
    let digest: [u8; 32] = reader.array("the exchange")?;
    let index = reader.u16("the index")?;
    if found == part && digest == exchange.0 { Ok(index) } else { Err(LifeError::State) }
}

fn put_scalars<'a>(out: &mut Zeroizing<Vec<u8>>, scalars: impl Iterator<Item = &'a Scalar>) {
    scalars.for_each(|scalar| out.extend_from_slice(scalar.as_bytes()));
}

/// `count` canonical scalars of a stored state.
fn read_scalars(reader: &mut Reader<'_>, count: usize) -> Result<Zeroizing<Vec<Scalar>>, LifeError> {
    let (encoded, _) = reader.slice(count * 32, "scalars")?.as_chunks::<32>();
    let mut scalars = Zeroizing::new(Vec::with_capacity(count));
    for bytes in encoded {
        scalars.push(decode_scalar(bytes).ok_or(LifeError::State)?);
    }
    Ok(scalars)
}

/// Only stored states are read this way; foreign messages name their sender.
impl From<LayoutError> for LifeError {
    fn from(_: LayoutError) -> Self {
        Self::State
    }
}
