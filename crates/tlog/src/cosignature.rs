//! Witness cosignatures `cosignature/v1` with Ed25519, signature type 0x04. C2SP tlog-cosignature.

use crate::checkpoint::SignedCheckpoint;
use crate::note::{KeyKind, SignatureLine, SigningKey};

/// Largest timestamp in a cosignature: 2^63 - 1.
pub const MAX_TIMESTAMP: u64 = (1 << 63) - 1;

/// No cosignature can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignError {
    /// The key is not of kind [`KeyKind::CosignatureV1`].
    #[error("key `{0}` is not a cosignature key (type 0x04)")]
    Kind(String),
    /// The time is 0 or above 2^63 - 1.
    #[error("cosignature time {0} is 0 or above 2^63 - 1")]
    Time(u64),
}

/// Cosigns a checkpoint at `timestamp` (POSIX seconds). The caller has checked the log's signature and consistency.
///
/// # Errors
/// [`CosignError`].
pub fn cosign(checkpoint: &SignedCheckpoint, key: &SigningKey, timestamp: u64) -> Result<SignatureLine, CosignError> {
    let verifier = key.verifier();
    if verifier.kind() != KeyKind::CosignatureV1 {
        return Err(CosignError::Kind(verifier.name().to_string()));
    }
    if timestamp == 0 || timestamp > MAX_TIMESTAMP {
        return Err(CosignError::Time(timestamp));
    }
    let message = message(timestamp, checkpoint.note().text());
    let signature = [timestamp.to_be_bytes().as_slice(), &key.sign_bytes(message.as_bytes())].concat();
    Ok(SignatureLine { name: verifier.name().clone(), id: verifier.id(), signature })
}

/// The signed message: header line, time line, checkpoint text.
pub(crate) fn message(timestamp: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {timestamp}\n{text}")
}

/// Timestamp and Ed25519 signature of a `timestamped_signature`; `None` for another length or a time out of range.
pub(crate) fn split(signature: &[u8]) -> Option<(u64, &[u8; 64])> {
    let (time, signature) = signature.split_first_chunk::<8>()?;
    let timestamp = u64::from_be_bytes(*time);
    if timestamp == 0 || timestamp > MAX_TIMESTAMP {
        return None;
    }
    Some((timestamp, signature.try_into().ok()?))
}
