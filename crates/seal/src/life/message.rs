//! The two kinds of messages that all exchanges use: signed broadcasts, and envelopes of scalars.

use super::LifeError;
use crate::group::{Element, decode_scalar};
use crate::hash::{digest, frame};
use crate::identity::{Identity, IdentityKey, Signature};
use crate::kind::Slot;
use crate::read::{LayoutError, Reader};
use crate::transport::{self, EnvelopeError, PUBLIC_LEN, TransportKey, TransportSecret};
use countersign_core::id::Digest;
use curve25519_dalek::scalar::Scalar;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// A broadcast that was read and whose signature holds.
pub(super) struct Broadcast {
    bytes: Vec<u8>,
    key: TransportKey,
    elements: Vec<Element>,
}

impl Broadcast {
    /// Length of a broadcast with so many elements.
    pub(super) fn length(elements: usize) -> usize {
        32 + 2 + PUBLIC_LEN + 32 * elements + 64
    }

    /// Digest of the exchange, index u16 LE, the key of the exchange, the elements; then the signature over all of it.
    pub(super) fn write(
        domain: &str,
        exchange: &Digest,
        index: u16,
        key: &TransportKey,
        elements: &[[u8; 32]],
        identity: &Identity,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::length(elements.len()));
        out.extend_from_slice(exchange.as_bytes());
        out.extend_from_slice(&index.to_le_bytes());
        out.extend_from_slice(key.bytes());
        elements.iter().for_each(|element| out.extend_from_slice(element));
        let signature = identity.sign(domain, &[&out]);
        out.extend_from_slice(&signature.0);
        out
    }

    /// Reads the broadcast of trustee `index`, which must have exactly `count` elements.
    pub(super) fn read(
        domain: &str,
        exchange: &Digest,
        index: u16,
        identity: &IdentityKey,
        count: usize,
        bytes: &[u8],
    ) -> Result<Self, LifeError> {
        let (content, signature) = bytes.split_last_chunk::<64>().ok_or(LifeError::Malformed(index))?;
        identity.verify(domain, &[content], &Signature(*signature)).map_err(|_| LifeError::Signature(index))?;
        let (key, encoded) = read_content(exchange, index, count, content).map_err(|_| LifeError::Malformed(index))?;
        let elements = encoded
            .iter()
            .map(|element| Element::decode(element).map_err(|reason| LifeError::Element { culprit: index, reason }))
            .collect::<Result<_, _>>()?;
        Ok(Self { bytes: bytes.to_vec(), key, elements })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The part that is hashed into the transcript: everything but the signature.
    pub(super) fn content(&self) -> &[u8] {
        self.bytes.split_last_chunk::<64>().map_or(&[], |(content, _)| content)
    }

    /// The key to which the sender's messages of this exchange are sealed.
    pub(super) fn key(&self) -> &TransportKey {
        &self.key
    }

    /// The elements of the key at `place`, when every key has `each`.
    pub(super) fn elements(&self, place: usize, each: usize) -> &[Element] {
        self.elements.get(place * each..(place + 1) * each).unwrap_or_default()
    }
}

struct Malformed;

impl From<LayoutError> for Malformed {
    fn from(_: LayoutError) -> Self {
        Self
    }
}

impl From<EnvelopeError> for Malformed {
    fn from(_: EnvelopeError) -> Self {
        Self
    }
}

fn read_content<'a>(
    exchange: &Digest,
    index: u16,
    count: usize,
    content: &'a [u8],
) -> Result<(TransportKey, &'a [[u8; 32]]), Malformed> {
    let mut reader = Reader::new(content);
    if reader.array::<32>("the exchange")? != exchange.0 || reader.u16("the index")? != index {
        return Err(Malformed);
    }
    let key = TransportKey::decode(reader.slice(PUBLIC_LEN, "the key of the exchange")?)?;
    let (elements, _) = reader.slice(count * 32, "the elements")?.as_chunks::<32>();
    reader.end()?;
    Ok((key, elements))
}

/// Digest of the exchange and the contents of all its broadcasts in order.
pub(super) fn transcript<'a>(
    domain: &str,
    exchange: &'a Digest,
    broadcasts: impl Iterator<Item = &'a Broadcast>,
) -> Digest {
    let mut parts: Vec<&[u8]> = vec![exchange.as_bytes()];
    parts.extend(broadcasts.map(Broadcast::content));
    digest(domain, &parts)
}

/// From whom to whom an envelope goes, in which part of which exchange.
pub(super) struct Way<'a> {
    pub(super) domain: &'static str,
    pub(super) exchange: &'a Digest,
    pub(super) transcript: &'a Digest,
    pub(super) sender: u16,
    pub(super) recipient: u16,
}

impl Way<'_> {
    fn context(&self) -> Vec<u8> {
        let indices = (self.sender.to_le_bytes(), self.recipient.to_le_bytes());
        frame(self.domain, &[self.exchange.as_bytes(), self.transcript.as_bytes(), &indices.0, &indices.1])
    }

    /// Seals scalars, one per key.
    pub(super) fn seal(
        &self,
        scalars: &[Scalar],
        key: &TransportKey,
        identity: &Identity,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, LifeError> {
        let mut plaintext = Zeroizing::new(Vec::with_capacity(scalars.len() * 32));
        scalars.iter().for_each(|scalar| plaintext.extend_from_slice(scalar.as_bytes()));
        transport::seal(&plaintext, &self.context(), key, identity, rng)
            .map_err(|reason| LifeError::Envelope { culprit: self.recipient, reason })
    }

    /// Opens exactly one scalar per key.
    pub(super) fn open(
        &self,
        bytes: &[u8],
        slots: &[Slot],
        secret: &TransportSecret,
        identity: &IdentityKey,
    ) -> Result<Zeroizing<Vec<Scalar>>, LifeError> {
        let culprit = self.sender;
        let fault = |reason| LifeError::Envelope { culprit, reason };
        let plaintext = transport::open(bytes, &self.context(), secret, identity).map_err(fault)?;
        let (encoded, rest) = plaintext.as_chunks::<32>();
        if !rest.is_empty() || encoded.len() != slots.len() {
            return Err(fault(EnvelopeError::Sealed));
        }
        let mut scalars = Zeroizing::new(Vec::with_capacity(slots.len()));
        for (bytes, class) in encoded.iter().zip(slots) {
            scalars.push(decode_scalar(bytes).ok_or(LifeError::Value { culprit, class: *class })?);
        }
        Ok(scalars)
    }
}

/// A key for one exchange; its seed is part of the stored states.
pub(super) fn exchange_key(rng: &mut impl CryptoRng) -> Result<(TransportSecret, TransportKey), LifeError> {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(seed.as_mut_slice());
    let secret = TransportSecret::from_seed(*seed);
    let key = secret.public().map_err(|_| LifeError::Plan("the generator gave no usable transport key"))?;
    Ok((secret, key))
}

/// The message of a party.
pub(super) fn from(messages: &[super::Addressed], sender: u16) -> Result<&[u8], LifeError> {
    let found = messages.iter().find(|(from, _)| *from == sender);
    found.map(|(_, bytes)| bytes.as_slice()).ok_or(LifeError::Missing(sender))
}
