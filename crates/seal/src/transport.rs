//! Encryption to one recipient: HPKE (RFC 9180) base mode with X-Wing (KEM 0x647a), HKDF-SHA512 (KDF 0x0003) and
//! AES-256-GCM (AEAD 0x0002), signed by the sender's Ed25519 identity.

use crate::hash::{digest, domain, frame};
use crate::identity::{Identity, IdentityKey, Signature};
use countersign_core::id::Digest;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha512;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Bytes of an X-Wing public key.
pub const PUBLIC_LEN: usize = 1216;

/// Bytes of an X-Wing encapsulation.
pub const ENCAPSULATION_LEN: usize = 1120;

/// Bytes that an envelope adds: encapsulation, tag, signature.
pub const OVERHEAD: usize = ENCAPSULATION_LEN + 16 + 64;

/// Why an envelope was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Shorter than its fixed parts.
    #[error("envelope: shorter than encapsulation, tag and signature")]
    Short,
    /// Not signed by the sender, or signed for another context.
    #[error("envelope: the sender's signature does not cover these bytes in this context")]
    Signature,
    /// Signed, but not made for this recipient.
    #[error("envelope: does not open with this recipient's key in this context: the sender is at fault")]
    Sealed,
    /// The recipient's public key is unusable.
    #[error("envelope: the recipient's public key cannot be used")]
    Recipient,
}

/// A recipient's secret key: a 32-byte X-Wing seed. Wiped when dropped; has no `Debug`.
pub struct TransportSecret {
    seed: Zeroizing<[u8; 32]>,
}

impl TransportSecret {
    /// Takes a 32-byte X-Wing private key (the seed of draft-connolly-cfrg-xwing-kem).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed: Zeroizing::new(seed) }
    }

    /// The seed, for the recipient's own encrypted storage and nothing else.
    pub fn expose(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public half.
    pub fn public(&self) -> Result<TransportKey, EnvelopeError> {
        let secret = self.secret()?;
        TransportKey::decode(&XWing::sk_to_pk(&secret).to_bytes())
    }

    fn secret(&self) -> Result<<XWing as Kem>::PrivateKey, EnvelopeError> {
        <XWing as Kem>::PrivateKey::from_bytes(self.seed.as_slice()).map_err(|_| EnvelopeError::Recipient)
    }
}

/// A recipient's public key.
#[derive(Clone, PartialEq, Eq)]
pub struct TransportKey {
    bytes: [u8; PUBLIC_LEN],
    digest: Digest,
}

impl TransportKey {
    /// Reads an X-Wing public key.
    ///
    /// # Errors
    /// [`EnvelopeError::Recipient`] unless `bytes` is a valid key of 1,216 bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let bytes: [u8; PUBLIC_LEN] = bytes.try_into().map_err(|_| EnvelopeError::Recipient)?;
        <XWing as Kem>::PublicKey::from_bytes(&bytes).map_err(|_| EnvelopeError::Recipient)?;
        Ok(Self { bytes, digest: digest(domain!("transport-key"), &[&bytes]) })
    }

    /// The 1,216 bytes.
    pub fn bytes(&self) -> &[u8; PUBLIC_LEN] {
        &self.bytes
    }

    /// The digest that orders and rosters name: SHA-512/256, framed, under `countersign/seal/v1/transport-key`.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl std::fmt::Debug for TransportKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TransportKey({})", self.digest)
    }
}

/// Encrypts to `recipient` and signs: encapsulation || ciphertext || signature over (context, digest of recipient key,
/// H(encapsulation || ciphertext)). `context` is framed and starts with its own domain.
pub(crate) fn seal(
    plaintext: &[u8],
    context: &[u8],
    recipient: &TransportKey,
    sender: &Identity,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, EnvelopeError> {
    let info = info(context, recipient);
    let mut out = seal_body(plaintext, &info, recipient, rng)?;
    let signature = sender.sign(SIGNATURE, &[&info, digest(domain!("envelope"), &[&out]).as_bytes()]);
    out.extend_from_slice(&signature.0);
    Ok(out)
}

/// Encryption alone: encapsulation || ciphertext. For letters whose author signs inside, with a key that need not be an identity.
pub(crate) fn seal_body(
    plaintext: &[u8],
    info: &[u8],
    recipient: &TransportKey,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, EnvelopeError> {
    let key = <XWing as Kem>::PublicKey::from_bytes(&recipient.bytes).map_err(|_| EnvelopeError::Recipient)?;
    let (encapsulation, ciphertext) =
        single_shot_seal_with_rng::<AesGcm256, HkdfSha512, XWing>(&OpModeS::Base, &key, info, plaintext, &[], rng)
            .map_err(|_| EnvelopeError::Recipient)?;
    let mut out = encapsulation.to_bytes().to_vec();
    out.extend_from_slice(&ciphertext);
    Ok(out)
}

/// Opens what [`seal_body`] has made.
pub(crate) fn open_body(
    body: &[u8],
    info: &[u8],
    recipient: &TransportSecret,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let (encapsulation, ciphertext) = body.split_at_checked(ENCAPSULATION_LEN).ok_or(EnvelopeError::Short)?;
    let encapsulation = <XWing as Kem>::EncappedKey::from_bytes(encapsulation).map_err(|_| EnvelopeError::Sealed)?;
    single_shot_open::<AesGcm256, HkdfSha512, XWing>(
        &OpModeR::Base,
        &recipient.secret()?,
        &encapsulation,
        info,
        ciphertext,
        &[],
    )
    .map(Zeroizing::new)
    .map_err(|_| EnvelopeError::Sealed)
}

/// Checks the signature only: relays and auditors can, without opening.
pub(crate) fn check(
    bytes: &[u8],
    context: &[u8],
    recipient: &TransportKey,
    sender: &IdentityKey,
) -> Result<(), EnvelopeError> {
    let (body, signature) = bytes.split_last_chunk::<64>().ok_or(EnvelopeError::Short)?;
    let info = info(context, recipient);
    sender
        .verify(SIGNATURE, &[&info, digest(domain!("envelope"), &[body]).as_bytes()], &Signature(*signature))
        .map_err(|_| EnvelopeError::Signature)
}

/// Checks the signature, then opens.
pub(crate) fn open(
    bytes: &[u8],
    context: &[u8],
    recipient: &TransportSecret,
    sender: &IdentityKey,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    if bytes.len() < OVERHEAD {
        return Err(EnvelopeError::Short);
    }
    let public = recipient.public()?;
    check(bytes, context, &public, sender)?;
    let (body, _) = bytes.split_last_chunk::<64>().ok_or(EnvelopeError::Short)?;
    open_body(body, &info(context, &public), recipient)
}

const SIGNATURE: &str = domain!("envelope-signature");

/// The recipient's digest is always part of the context, so an envelope moved to another recipient fails its signature.
pub(crate) fn info(context: &[u8], recipient: &TransportKey) -> Vec<u8> {
    frame(domain!("envelope-info"), &[context, recipient.digest.as_bytes()])
}
