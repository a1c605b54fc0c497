//! The two messages of a ceremony.

use super::DkgError;
use crate::ceremony::Ceremony;
use crate::hash::{digest, domain, frame};
use crate::identity::{Identity, Signature};
use crate::kind::Kind;
use crate::read::{LayoutError, Reader};
use crate::transport::{self, EnvelopeError, TransportSecret};
use countersign_core::id::Digest;
use frost::keys::VerifiableSecretSharingCommitment;
use frost::keys::dkg::round1;
use frost_ristretto255 as frost;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// A round-1 broadcast that was read and whose signature holds.
pub(super) struct Broadcast {
    bytes: Vec<u8>,
    packages: Vec<round1::Package>,
}

const SIGNATURE: &str = domain!("ceremony-round1");

impl Broadcast {
    /// Ceremony digest, index u16 LE, per key t commitments of 32 bytes and a proof of 64 bytes, then the signature.
    pub(super) fn write<K: Kind>(
        ceremony: &Ceremony<K>,
        index: u16,
        packages: &[round1::Package],
        identity: &Identity,
    ) -> Result<Vec<u8>, DkgError> {
        let mut out = ceremony.digest().0.to_vec();
        out.extend_from_slice(&index.to_le_bytes());
        for (package, class) in packages.iter().zip(ceremony.plan().slots()) {
            let commitment = package.commitment().serialize().map_err(|_| DkgError::Failed(class))?;
            commitment.iter().for_each(|element| out.extend_from_slice(element));
            let proof = package.proof_of_knowledge().serialize().map_err(|_| DkgError::Failed(class))?;
            out.extend_from_slice(&proof);
        }
        let signature = identity.sign(SIGNATURE, &[&out]);
        out.extend_from_slice(&signature.0);
        Ok(out)
    }

    pub(super) fn read<K: Kind>(ceremony: &Ceremony<K>, index: u16, bytes: &[u8]) -> Result<Self, DkgError> {
        let party = ceremony.party(index).ok_or(DkgError::Index(index))?;
        let (content, signature) = bytes.split_last_chunk::<64>().ok_or(DkgError::Malformed(index))?;
        party.identity.verify(SIGNATURE, &[content], &Signature(*signature)).map_err(|_| DkgError::Signature(index))?;
        let packages = read_content(ceremony, index, content).map_err(|_| DkgError::Malformed(index))?;
        Ok(Self { bytes: bytes.to_vec(), packages })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The part that is hashed into the transcript: everything but the signature.
    fn content(&self) -> &[u8] {
        self.bytes.split_last_chunk::<64>().map_or(&[], |(content, _)| content)
    }

    pub(super) fn packages(&self) -> &[round1::Package] {
        &self.packages
    }
}

struct Malformed;

impl From<LayoutError> for Malformed {
    fn from(_: LayoutError) -> Self {
        Self
    }
}

impl From<frost::Error> for Malformed {
    fn from(_: frost::Error) -> Self {
        Self
    }
}

fn read_content<K: Kind>(
    ceremony: &Ceremony<K>,
    index: u16,
    content: &[u8],
) -> Result<Vec<round1::Package>, Malformed> {
    let mut reader = Reader::new(content);
    if reader.array::<32>("the ceremony")? != ceremony.digest().0 || reader.u16("the index")? != index {
        return Err(Malformed);
    }
    let plan = ceremony.plan();
    let mut packages = Vec::with_capacity(plan.keys.len());
    for _ in &plan.keys {
        let (elements, _) = reader.slice(usize::from(plan.t) * 32, "the commitments")?.as_chunks::<32>();
        let commitment = VerifiableSecretSharingCommitment::deserialize(elements)?;
        let proof = frost::Signature::deserialize(reader.slice(64, "a proof")?)?;
        packages.push(round1::Package::new(commitment, proof));
    }
    reader.end()?;
    Ok(packages)
}

/// Digest of the ceremony and the contents of all broadcasts in order.
pub(super) fn transcript<K: Kind>(ceremony: &Ceremony<K>, broadcasts: &[Broadcast]) -> Digest {
    let own = ceremony.digest();
    let mut parts: Vec<&[u8]> = vec![own.as_bytes()];
    parts.extend(broadcasts.iter().map(Broadcast::content));
    digest(domain!("ceremony-transcript"), &parts)
}

fn context<K: Kind>(ceremony: &Ceremony<K>, transcript: &Digest, sender: u16, recipient: u16) -> Vec<u8> {
    frame(
        domain!("ceremony-round2"),
        &[ceremony.digest().as_bytes(), transcript.as_bytes(), &sender.to_le_bytes(), &recipient.to_le_bytes()],
    )
}

/// One scalar of 32 bytes per key, in the order of the plan.
pub(super) fn seal_shares<K: Kind>(
    ceremony: &Ceremony<K>,
    transcript: &Digest,
    sender: u16,
    recipient: u16,
    shares: &[u8],
    identity: &Identity,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, DkgError> {
    let party = ceremony.party(recipient).ok_or(DkgError::Index(recipient))?;
    transport::seal(shares, &context(ceremony, transcript, sender, recipient), &party.transport, identity, rng)
        .map_err(|reason| DkgError::Envelope { culprit: recipient, reason })
}

/// Checks the sender's signature only.
pub(super) fn check_shares<K: Kind>(
    ceremony: &Ceremony<K>,
    transcript: &Digest,
    sender: u16,
    recipient: u16,
    bytes: &[u8],
) -> Result<(), DkgError> {
    let from = ceremony.party(sender).ok_or(DkgError::Index(sender))?;
    let to = ceremony.party(recipient).ok_or(DkgError::Index(recipient))?;
    if sender == recipient {
        return Err(DkgError::Index(recipient));
    }
    let length = transport::OVERHEAD + 32 * ceremony.plan().keys.len();
    let fault = |reason| DkgError::Envelope { culprit: sender, reason };
    if bytes.len() != length {
        return Err(fault(EnvelopeError::Sealed));
    }
    transport::check(bytes, &context(ceremony, transcript, sender, recipient), &to.transport, &from.identity)
        .map_err(fault)
}

pub(super) fn open_shares<K: Kind>(
    ceremony: &Ceremony<K>,
    transcript: &Digest,
    sender: u16,
    recipient: u16,
    bytes: &[u8],
    secret: &TransportSecret,
) -> Result<Vec<Zeroizing<[u8; 32]>>, DkgError> {
    let party = ceremony.party(sender).ok_or(DkgError::Index(sender))?;
    let fault = |reason| DkgError::Envelope { culprit: sender, reason };
    let plaintext = transport::open(bytes, &context(ceremony, transcript, sender, recipient), secret, &party.identity)
        .map_err(fault)?;
    let (shares, rest) = plaintext.as_chunks::<32>();
    if !rest.is_empty() || shares.len() != ceremony.plan().keys.len() {
        return Err(fault(EnvelopeError::Sealed));
    }
    Ok(shares.iter().map(|share| Zeroizing::new(*share)).collect())
}

/// FROST takes generators of an older rand_core.
pub(super) struct OldRng<'a, R>(pub(super) &'a mut R);

impl<R: CryptoRng> frost::rand_core::RngCore for OldRng<'_, R> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), frost::rand_core::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl<R: CryptoRng> frost::rand_core::CryptoRng for OldRng<'_, R> {}
