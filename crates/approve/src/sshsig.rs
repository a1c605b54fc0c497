//! SSHSIG version 1 (OpenSSH `PROTOCOL.sshsig`), read strictly: one signature, no trailing bytes, empty reserved field.

use crate::base64;
use crate::key::{SshAlgorithm, SshKey};
use crate::signature::{CurveSignature, SignatureError, verify_curve};
use crate::wire::{Reader, put_string};
use sha2::{Digest as _, Sha256, Sha512};

const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;

/// User presence: somebody touched the security key.
const FLAG_PRESENT: u8 = 0x01;
/// User verification: the security key asked for a PIN or a fingerprint.
const FLAG_VERIFIED: u8 = 0x04;
/// Attested credential data and extensions: they change what is signed, and OpenSSH never asks for them.
const FLAGS_REFUSED: u8 = 0xc0;

/// Why a text is not an armoured SSH signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArmorError {
    /// First or last line is missing, or something stands around them.
    #[error(
        "not one SSH signature: the first line must be `-----BEGIN SSH SIGNATURE-----` and the last \
         `-----END SSH SIGNATURE-----`; give the file that `ssh-keygen -Y sign` wrote, unchanged"
    )]
    Frame,
    /// The lines between are not base64 as ssh-keygen writes it.
    #[error("the SSH signature is damaged: its lines are not base64 in lines of 70 characters; sign again")]
    Body,
}

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----";
const LINE: usize = 70;
/// Longest armoured text in bytes.
const MAX_ARMOR: usize = 16 * 1024;

/// Converts the text that `ssh-keygen -Y sign` writes into the `signature` member of an approval: base64 with padding of
/// the SSHSIG blob, on one line without armour.
///
/// # Errors
/// [`ArmorError`] unless the text is exactly one armoured block in ssh-keygen's layout (line feeds, lines of 70).
pub fn from_armor(text: &str) -> Result<String, ArmorError> {
    if text.len() > MAX_ARMOR {
        return Err(ArmorError::Frame);
    }
    let rest = text.strip_prefix(BEGIN).ok_or(ArmorError::Frame)?;
    let rest = rest.strip_suffix('\n').unwrap_or(rest);
    let body = rest.strip_suffix(END).and_then(|body| body.strip_suffix('\n')).ok_or(ArmorError::Frame)?;
    let mut lines = body.split('\n').peekable();
    let mut out = String::with_capacity(body.len());
    while let Some(line) = lines.next() {
        let fits = if lines.peek().is_some() { line.len() == LINE } else { (1..=LINE).contains(&line.len()) };
        if !fits {
            return Err(ArmorError::Body);
        }
        out.push_str(line);
    }
    if base64::padded(&out).is_none() {
        return Err(ArmorError::Body);
    }
    Ok(out)
}

/// Checks an SSHSIG blob in base64.
pub(crate) fn verify(key: &SshKey, namespace: &str, message: &[u8], signature: &str) -> Result<(), SignatureError> {
    let malformed = |reason| SignatureError::Malformed { expected: "an SSHSIG blob", reason };
    let mismatch = |reason| SignatureError::Mismatch { reason };
    let blob = base64::padded(signature).ok_or(malformed("not base64 with padding on one line"))?;
    let parsed =
        Blob::parse(&blob).ok_or(malformed("truncated, trailing bytes, another version or a reserved field"))?;
    if parsed.public_key != key.blob() {
        return Err(mismatch("it was made by another key"));
    }
    if parsed.namespace != namespace.as_bytes() {
        return Err(mismatch("its namespace is another"));
    }
    let hash = match parsed.hash_algorithm {
        b"sha512" => Sha512::digest(message).to_vec(),
        b"sha256" => Sha256::digest(message).to_vec(),
        _ => return Err(malformed("its hash is neither sha512 nor sha256")),
    };
    let signed = parsed.signed_data(&hash);
    let inner = Inner::parse(key.algorithm, parsed.signature)
        .ok_or(malformed("its inner signature is not exactly one signature of the key's algorithm"))?;
    let signed = match (&key.application, inner.security_key) {
        (None, None) => signed,
        (Some(application), Some(SecurityKey { flags, counter })) => {
            if flags & FLAG_PRESENT == 0 || flags & FLAG_VERIFIED == 0 {
                return Err(mismatch("the security key did not verify its user (sign with -O verify-required)"));
            }
            if flags & FLAGS_REFUSED != 0 {
                return Err(malformed("the security key added data"));
            }
            let mut wrapped = Sha256::digest(application).to_vec();
            wrapped.push(flags);
            wrapped.extend_from_slice(&counter.to_be_bytes());
            wrapped.extend_from_slice(&Sha256::digest(&signed));
            wrapped
        }
        _ => return Err(malformed("security-key data do not match the key")),
    };
    verify_curve(&key.curve, &signed, &inner.signature)
}

struct Blob<'a> {
    public_key: &'a [u8],
    namespace: &'a [u8],
    hash_algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Blob<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let framed = reader.take(MAGIC.len())? == MAGIC && reader.u32()? == VERSION;
        let public_key = reader.string()?;
        let namespace = reader.string()?;
        let reserved = reader.string()?;
        let hash_algorithm = reader.string()?;
        let signature = reader.string()?;
        reader.end()?;
        (framed && reserved.is_empty()).then_some(Self { public_key, namespace, hash_algorithm, signature })
    }

    /// What is signed: magic, namespace, empty reserved field, hash algorithm, hash of the message.
    fn signed_data(&self, hash: &[u8]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for part in [self.namespace, b"", self.hash_algorithm, hash] {
            put_string(&mut out, part);
        }
        out
    }
}

struct SecurityKey {
    flags: u8,
    counter: u32,
}

struct Inner {
    signature: CurveSignature,
    security_key: Option<SecurityKey>,
}

impl Inner {
    fn parse(algorithm: SshAlgorithm, bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if reader.string()? != algorithm.as_str().as_bytes() {
            return None;
        }
        let raw = reader.string()?;
        let signature = match algorithm {
            SshAlgorithm::Ed25519 | SshAlgorithm::SkEd25519 => CurveSignature::Ed25519(raw.try_into().ok()?),
            SshAlgorithm::P256 | SshAlgorithm::SkP256 => {
                let mut numbers = Reader::new(raw);
                let (r, s) = (numbers.scalar()?, numbers.scalar()?);
                numbers.end()?;
                CurveSignature::P256(p256::ecdsa::Signature::from_scalars(r, s).ok()?)
            }
        };
        let security_key = match algorithm {
            SshAlgorithm::Ed25519 | SshAlgorithm::P256 => None,
            SshAlgorithm::SkEd25519 | SshAlgorithm::SkP256 => {
                Some(SecurityKey { flags: reader.byte()?, counter: reader.u32()? })
            }
        };
        reader.end()?;
        Some(Self { signature, security_key })
    }
}
