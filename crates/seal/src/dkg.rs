//! The key ceremony without a dealer: FROST distributed key generation (Komlo and Goldberg 2020, figure 1; ZF
//! FROST), one run per key, all keys of a ring in the same messages.
//!
//! Round 1 is one signed broadcast per trustee; its bytes go through the transparency log, which gives the consistent
//! broadcast that the protocol needs, and their digest is part of the ring id that every trustee confirms. Round 2 is one
//! encrypted, signed message per pair of trustees. The state between rounds can be stored. Formats: `docs/formats/ring.md`.

mod message;
mod recorded;

pub use recorded::{Recorded, check_broadcast};

use crate::ceremony::Ceremony;
use crate::group::decode_scalar;
use crate::identity::Identity;
use crate::kind::{Kind, Slot};
use crate::read::{LayoutError, Reader};
use crate::ring::{EncodedPoint, EpochKey, Ring, ShareEpoch, ShareEpochV1};
use crate::share::Share;
use crate::transport::{EnvelopeError, TransportSecret};
use countersign_core::id::Digest;
use frost::Identifier;
use frost::keys::PublicKeyPackage;
use frost::keys::dkg::{part1, part2, part3, round1, round2};
use frost_ristretto255 as frost;
use message::{Broadcast, OldRng, open_shares, seal_shares, transcript};
use rand_core::CryptoRng;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Why a ceremony stops. Where one party is to blame it is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DkgError {
    /// The index is not one of the ceremony.
    #[error("trustee {0} is not a party of this ceremony")]
    Index(u16),
    /// The identity is not the one the ceremony names.
    #[error("the identity key is not the one that the ceremony names for trustee {0}")]
    Identity(u16),
    /// A message is missing.
    #[error("the message of trustee {0} is missing")]
    Missing(u16),
    /// A broadcast is malformed.
    #[error("round 1: the broadcast of trustee {0} is malformed or belongs to another ceremony")]
    Malformed(u16),
    /// A broadcast is not signed by its sender.
    #[error("round 1: the broadcast of trustee {0} is not signed by its identity")]
    Signature(u16),
    /// The sender does not know the secret behind its commitment: a rogue key.
    #[error("round 1: trustee {culprit} does not prove possession of its part of the key of `{class}`")]
    Possession {
        /// Who.
        culprit: u16,
        /// Which key.
        class: Slot,
    },
    /// Our own broadcast came back changed.
    #[error(
        "round 1: the broadcast recorded for trustee {0} is not the one it made: the broadcast channel is not consistent"
    )]
    NotOurs(u16),
    /// An envelope of round 2 does not open.
    #[error("round 2: the message of trustee {culprit}: {reason}")]
    Envelope {
        /// Who.
        culprit: u16,
        /// Why.
        reason: EnvelopeError,
    },
    /// A share does not fit the sender's commitment.
    #[error("round 2: trustee {culprit} sent a share of `{class}` that does not fit its commitment")]
    Share {
        /// Who.
        culprit: u16,
        /// Which key.
        class: Slot,
    },
    /// A stored state is malformed or of another ceremony.
    #[error("the stored state is malformed or belongs to another ceremony")]
    State,
    /// The library refused, and no party can be named.
    #[error("key generation failed for `{0}`")]
    Failed(Slot),
}

/// Index of the other party (recipient when sent, sender when received) and the message.
pub type Addressed = (u16, Vec<u8>);

/// A trustee after its broadcast. Secret; has no `Debug`.
pub struct Round1<K: Kind> {
    ceremony: Ceremony<K>,
    index: u16,
    own: Vec<u8>,
    secrets: Vec<round1::SecretPackage>,
}

/// A trustee after it sent its shares. Secret; has no `Debug`.
pub struct Round2<K: Kind> {
    ceremony: Ceremony<K>,
    index: u16,
    broadcasts: Vec<Broadcast>,
    secrets: Vec<round2::SecretPackage>,
}

/// What a trustee ends the ceremony with.
pub struct Finished<K: Kind> {
    /// The ring to confirm.
    pub ring: Ring,
    /// The verifying shares of epoch 1.
    pub epoch: ShareEpoch,
    /// The trustee's own secret shares.
    pub share: Share<K>,
}

impl<K: Kind> Round1<K> {
    /// Starts; the second value is the broadcast for everybody.
    ///
    /// # Errors
    /// [`DkgError`] when index and identity are not those of the ceremony.
    pub fn start(
        ceremony: &Ceremony<K>,
        index: u16,
        identity: &Identity,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Vec<u8>), DkgError> {
        let party = ceremony.party(index).ok_or(DkgError::Index(index))?;
        if party.identity != identity.public() {
            return Err(DkgError::Identity(index));
        }
        let (mut secrets, mut packages) = (Vec::new(), Vec::new());
        let plan = ceremony.plan();
        let own = identifier(index)?;
        for slot in plan.slots() {
            let (secret, package) = part1(own, plan.n, plan.t, OldRng(rng)).map_err(|_| DkgError::Failed(slot))?;
            secrets.push(secret);
            packages.push(package);
        }
        let bytes = Broadcast::write(ceremony, index, &packages, identity)?;
        let own = bytes.clone();
        Ok((Self { ceremony: ceremony.clone(), index, own, secrets }, bytes))
    }

    /// Takes the broadcasts of all trustees 1 to n as recorded in the log; gives one encrypted message per other trustee.
    ///
    /// # Errors
    /// [`DkgError`] naming the party whose broadcast is missing, malformed, unsigned or without proof of possession.
    pub fn proceed(
        self,
        broadcasts: &[Vec<u8>],
        identity: &Identity,
        rng: &mut impl CryptoRng,
    ) -> Result<(Round2<K>, Vec<Addressed>), DkgError> {
        let read = read_broadcasts(&self.ceremony, broadcasts)?;
        let recorded = broadcasts.get(usize::from(self.index).wrapping_sub(1));
        if recorded != Some(&self.own) {
            return Err(DkgError::NotOurs(self.index));
        }
        let mut secrets = Vec::new();
        let mut shares: BTreeMap<u16, Zeroizing<Vec<u8>>> = BTreeMap::new();
        for (place, (secret, class)) in self.secrets.into_iter().zip(self.ceremony.plan().slots()).enumerate() {
            let others = others(&read, self.index, place)?;
            let (secret, packages) = part2(secret, &others).map_err(|error| blame(&error, class))?;
            secrets.push(secret);
            for (recipient, package) in &packages {
                let index = index_of(recipient, self.ceremony.plan().n).ok_or(DkgError::Failed(class))?;
                let scalar = Zeroizing::new(package.signing_share().serialize());
                shares.entry(index).or_default().extend_from_slice(&scalar);
            }
        }
        let transcript = transcript(&self.ceremony, &read);
        let messages = shares
            .iter()
            .map(|(recipient, shares)| {
                let bytes = seal_shares(&self.ceremony, &transcript, self.index, *recipient, shares, identity, rng)?;
                Ok((*recipient, bytes))
            })
            .collect::<Result<_, DkgError>>()?;
        Ok((Round2 { ceremony: self.ceremony, index: self.index, broadcasts: read, secrets }, messages))
    }

    /// The state for the trustee's own encrypted storage.
    ///
    /// # Errors
    /// [`DkgError::State`] when it cannot be written.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, DkgError> {
        let mut out = state_head(1, &self.ceremony, self.index);
        for secret in &self.secrets {
            put(&mut out, &Zeroizing::new(secret.serialize().map_err(|_| DkgError::State)?));
        }
        put(&mut out, &self.own);
        Ok(out)
    }

    /// Reads a stored state of this ceremony.
    ///
    /// # Errors
    /// [`DkgError::State`].
    pub fn decode(ceremony: &Ceremony<K>, bytes: &[u8]) -> Result<Self, DkgError> {
        let mut reader = Reader::new(bytes);
        let index = read_state_head(1, ceremony, &mut reader)?;
        let secrets = read_secrets(ceremony, &mut reader, round1::SecretPackage::deserialize)?;
        let own = get(&mut reader)?.to_vec();
        reader.end().map_err(|_| DkgError::State)?;
        Ok(Self { ceremony: ceremony.clone(), index, own, secrets })
    }
}

impl<K: Kind> Round2<K> {
    /// Takes the messages of all other trustees; gives the ring and the trustee's shares.
    ///
    /// # Errors
    /// [`DkgError`] naming the party whose message is missing, unsigned, unreadable, or does not fit its commitment.
    pub fn finish(&self, messages: &[Addressed], transport: &TransportSecret) -> Result<Finished<K>, DkgError> {
        let plan = self.ceremony.plan();
        let transcript = transcript(&self.ceremony, &self.broadcasts);
        let mut received: BTreeMap<u16, Vec<Zeroizing<[u8; 32]>>> = BTreeMap::new();
        for sender in (1..=plan.n).filter(|sender| *sender != self.index) {
            let (_, bytes) = messages.iter().find(|(from, _)| *from == sender).ok_or(DkgError::Missing(sender))?;
            let shares = open_shares(&self.ceremony, &transcript, sender, self.index, bytes, transport)?;
            received.insert(sender, shares);
        }
        let mut scalars = BTreeMap::new();
        for (place, (secret, class)) in self.secrets.iter().zip(plan.slots()).enumerate() {
            let mut packages = BTreeMap::new();
            for (sender, shares) in &received {
                let share = shares.get(place).ok_or(DkgError::Share { culprit: *sender, class })?;
                let share = frost::keys::SigningShare::deserialize(share.as_slice())
                    .map_err(|_| DkgError::Share { culprit: *sender, class })?;
                packages.insert(identifier(*sender)?, round2::Package::new(share));
            }
            let others = others(&self.broadcasts, self.index, place)?;
            let (key, _) = part3(secret, &others, &packages).map_err(|error| blame(&error, class))?;
            // FROST runs on an older curve25519-dalek: keys cross over as bytes.
            let bytes = Zeroizing::new(key.signing_share().serialize());
            let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| DkgError::Failed(class))?;
            scalars.insert(class.number(), decode_scalar(bytes).ok_or(DkgError::Failed(class))?);
        }
        let (ring, epoch) = publish(&self.ceremony, &self.broadcasts, transcript)?;
        let share = Share::<K>::new(ring.id(), self.index, 1, scalars);
        Ok(Finished { ring, epoch, share })
    }

    /// The state for the trustee's own encrypted storage.
    ///
    /// # Errors
    /// [`DkgError::State`] when it cannot be written.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, DkgError> {
        let mut out = state_head(2, &self.ceremony, self.index);
        for secret in &self.secrets {
            put(&mut out, &Zeroizing::new(secret.serialize().map_err(|_| DkgError::State)?));
        }
        for broadcast in &self.broadcasts {
            put(&mut out, broadcast.bytes());
        }
        Ok(out)
    }

    /// Reads a stored state of this ceremony.
    ///
    /// # Errors
    /// [`DkgError`].
    pub fn decode(ceremony: &Ceremony<K>, bytes: &[u8]) -> Result<Self, DkgError> {
        let mut reader = Reader::new(bytes);
        let index = read_state_head(2, ceremony, &mut reader)?;
        let secrets = read_secrets(ceremony, &mut reader, round2::SecretPackage::deserialize)?;
        let broadcasts =
            (0..ceremony.plan().n).map(|_| get(&mut reader).map(<[u8]>::to_vec)).collect::<Result<Vec<_>, _>>()?;
        reader.end().map_err(|_| DkgError::State)?;
        let broadcasts = read_broadcasts(ceremony, &broadcasts)?;
        Ok(Self { ceremony: ceremony.clone(), index, broadcasts, secrets })
    }
}

/// The ring and the verifying shares that follow from the broadcasts, for everybody who reads the log.
///
/// Signatures and shapes are checked; proofs of possession and shares are what the trustees' confirmations stand for.
///
/// # Errors
/// [`DkgError`].
pub fn public_outcome<K: Kind>(ceremony: &Ceremony<K>, broadcasts: &[Vec<u8>]) -> Result<(Ring, ShareEpoch), DkgError> {
    let read = read_broadcasts(ceremony, broadcasts)?;
    publish(ceremony, &read, transcript(ceremony, &read))
}

fn publish<K: Kind>(
    ceremony: &Ceremony<K>,
    broadcasts: &[Broadcast],
    transcript: Digest,
) -> Result<(Ring, ShareEpoch), DkgError> {
    let plan = ceremony.plan();
    let (mut publics, mut keys) = (Vec::new(), Vec::new());
    for (place, class) in plan.slots().enumerate() {
        let failed = || DkgError::Failed(class);
        let mut commitments = BTreeMap::new();
        for (index, broadcast) in (1u16..).zip(broadcasts) {
            let package = broadcast.packages().get(place).ok_or_else(failed)?;
            commitments.insert(identifier(index)?, package.commitment());
        }
        let package = PublicKeyPackage::from_dkg_commitments(&commitments).map_err(|_| failed())?;
        let encoded = |bytes: Result<Vec<u8>, frost::Error>| -> Result<[u8; 32], DkgError> {
            bytes.ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(failed)
        };
        publics.push(encoded(package.verifying_key().serialize())?);
        let shares = (1..=plan.n)
            .map(|index| {
                let share = package.verifying_shares().get(&identifier(index)?).ok_or_else(failed)?;
                Ok(EncodedPoint(encoded(share.serialize())?))
            })
            .collect::<Result<_, DkgError>>()?;
        keys.push(EpochKey { class, shares });
    }
    let ring = plan.ring(transcript, false, &publics);
    let epoch = ShareEpoch { v: ShareEpochV1, ring: ring.id(), epoch: 1, keys };
    Ok((ring, epoch))
}

fn read_broadcasts<K: Kind>(ceremony: &Ceremony<K>, broadcasts: &[Vec<u8>]) -> Result<Vec<Broadcast>, DkgError> {
    (1..=ceremony.plan().n)
        .map(|index| {
            let bytes = broadcasts.get(usize::from(index) - 1).ok_or(DkgError::Missing(index))?;
            Broadcast::read(ceremony, index, bytes)
        })
        .collect()
}

/// The packages of the other trustees for the key at `place`.
fn others(broadcasts: &[Broadcast], own: u16, place: usize) -> Result<BTreeMap<Identifier, round1::Package>, DkgError> {
    let mut out = BTreeMap::new();
    for (index, broadcast) in (1u16..).zip(broadcasts).filter(|(index, _)| *index != own) {
        let package = broadcast.packages().get(place).ok_or(DkgError::Malformed(index))?;
        out.insert(identifier(index)?, package.clone());
    }
    Ok(out)
}

fn identifier(index: u16) -> Result<Identifier, DkgError> {
    Identifier::try_from(index).map_err(|_| DkgError::Index(index))
}

fn index_of(wanted: &Identifier, n: u16) -> Option<u16> {
    (1..=n).find(|index| Identifier::try_from(*index).is_ok_and(|own| own == *wanted))
}

fn blame(error: &frost::Error, class: Slot) -> DkgError {
    let culprit = error.culprits().first().and_then(|identifier| index_of(identifier, u16::from(u8::MAX)));
    match (error, culprit) {
        (frost::Error::InvalidProofOfKnowledge { .. }, Some(culprit)) => DkgError::Possession { culprit, class },
        (frost::Error::InvalidSecretShare { .. }, Some(culprit)) => DkgError::Share { culprit, class },
        _ => DkgError::Failed(class),
    }
}

fn state_head<K: Kind>(round: u8, ceremony: &Ceremony<K>, index: u16) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![round]);
    out.extend_from_slice(ceremony.digest().as_bytes());
    out.extend_from_slice(&index.to_le_bytes());
    out
}

fn read_state_head<K: Kind>(round: u8, ceremony: &Ceremony<K>, reader: &mut Reader<'_>) -> Result<u16, DkgError> {
    let state = |_: LayoutError| DkgError::State;
    let found = reader.u8("the round").map_err(state)?;
    let digest: [u8; 32] = reader.array("the ceremony").map_err(state)?;
    let index = reader.u16("the index").map_err(state)?;
    let known = found == round && digest == ceremony.digest().0 && ceremony.party(index).is_some();
    if known { Ok(index) } else { Err(DkgError::State) }
}

fn read_secrets<K: Kind, S>(
    ceremony: &Ceremony<K>,
    reader: &mut Reader<'_>,
    read: impl Fn(&[u8]) -> Result<S, frost::Error>,
) -> Result<Vec<S>, DkgError> {
    ceremony.plan().keys.iter().map(|_| read(get(reader)?).map_err(|_| DkgError::State)).collect()
}

fn put(out: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn get<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], DkgError> {
    let length = reader.u32("a length").map_err(|_| DkgError::State)?;
    reader.slice(length as usize, "a part").map_err(|_| DkgError::State)
}
