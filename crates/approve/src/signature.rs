//! One signature over one message, whatever the form of the key.

use crate::key::{CurveKey, Form, PublicKey};
use crate::{base64, passkey, sshsig};
use countersign_core::control::{CONTROL_NAMESPACE, control_message};

/// Longest signature text in bytes; a passkey assertion is the longest form.
pub const MAX_SIGNATURE_LEN: usize = 12 * 1024;

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The text is not in the form that the key demands; nothing was verified.
    #[error("signature is not {expected}: {reason}")]
    Malformed {
        /// The form that the key demands.
        expected: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// Well formed, but made for something else: another key, namespace, origin, message or without the person.
    #[error("signature was made for something else: {reason}")]
    Mismatch {
        /// What differs.
        reason: &'static str,
    },
    /// The signature does not verify under the key.
    #[error("signature does not verify under the key")]
    Wrong,
}

/// Checks `signature` by `key` over `message`.
///
/// `namespace` binds SSHSIG signatures to their purpose. `message` is the line that people sign
/// ([`signed_line`](countersign_core::approval::signed_line)): a passkey's challenge is the digest in that line.
///
/// # Errors
/// [`SignatureError`]; see its variants.
pub fn verify_signature(
    key: &PublicKey,
    namespace: &str,
    message: &[u8],
    signature: &str,
) -> Result<(), SignatureError> {
    if signature.len() > MAX_SIGNATURE_LEN {
        return Err(SignatureError::Malformed { expected: "at most 12 KiB", reason: "too long" });
    }
    match &key.0 {
        Form::Ed25519(key) => {
            let bytes = base64::padded(signature).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok()).ok_or(
                SignatureError::Malformed { expected: "plain Ed25519", reason: "not 64 bytes in base64 with padding" },
            )?;
            verify_ed25519(key, message, &bytes)
        }
        Form::Ssh(key) => sshsig::verify(key, namespace, message, signature),
        Form::Passkey(key) => passkey::verify(key, message, signature),
    }
}

/// Checks the signature of a party under a control body (genesis or a change), by a key in the spelling of a roster.
///
/// # Errors
/// [`SignatureError`]; see its variants.
pub fn verify_control_signature(body: &str, key: &PublicKey, signature: &str) -> Result<(), SignatureError> {
    verify_signature(key, CONTROL_NAMESPACE, &control_message(body), signature)
}

pub(crate) fn verify_ed25519(
    key: &ed25519_dalek::VerifyingKey,
    message: &[u8],
    signature: &[u8; 64],
) -> Result<(), SignatureError> {
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    key.verify_strict(message, &signature).map_err(|_| SignatureError::Wrong)
}

pub(crate) fn verify_p256(
    key: &p256::ecdsa::VerifyingKey,
    message: &[u8],
    signature: &p256::ecdsa::Signature,
) -> Result<(), SignatureError> {
    use p256::ecdsa::signature::Verifier as _;
    key.verify(message, signature).map_err(|_| SignatureError::Wrong)
}

/// A signature as raw bytes of its curve.
pub(crate) enum CurveSignature {
    Ed25519([u8; 64]),
    P256(p256::ecdsa::Signature),
}

pub(crate) fn verify_curve(key: &CurveKey, message: &[u8], signature: &CurveSignature) -> Result<(), SignatureError> {
    match (key, signature) {
        (CurveKey::Ed25519(key), CurveSignature::Ed25519(signature)) => verify_ed25519(key, message, signature),
        (CurveKey::P256(key), CurveSignature::P256(signature)) => verify_p256(key, message, signature),
        _ => Err(SignatureError::Wrong),
    }
}
