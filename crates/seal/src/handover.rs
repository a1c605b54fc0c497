//! Sigmas on their way to a worker that seals records anew: it needs a client's whole sigma, because the new record has
//! another u. They are encrypted to the key that the worker made for the one order, and are lost with it; nothing that lies
//! about afterwards could make an erasure undone.

use crate::hash::{domain, frame};
use crate::identity::{Identity, IdentityKey};
use crate::sigma::Sigma;
use crate::transport::{self, EnvelopeError, TransportKey, TransportSecret};
use countersign_core::id::{Digest, Handle};
use rand_core::CryptoRng;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Why sigmas were not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandoverError {
    /// The envelope.
    #[error("sigmas: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Its content.
    #[error("sigmas: not one 32-byte secret for each client, by ascending handle")]
    Layout,
}

/// Encrypts the sigmas of these clients to the worker's key for the order. `sender` signs for the custodian.
///
/// # Errors
/// [`HandoverError::Envelope`] when the recipient's key cannot be used.
pub fn seal(
    sigmas: &BTreeMap<Handle, Sigma>,
    order: &Digest,
    recipient: &TransportKey,
    sender: &Identity,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, HandoverError> {
    // Reserved at once: a buffer that grows leaves copies of secrets behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(sigmas.len() * 64));
    for (handle, sigma) in sigmas {
        plaintext.extend_from_slice(handle.as_bytes());
        plaintext.extend_from_slice(sigma.expose());
    }
    Ok(transport::seal(&plaintext, &context(order), recipient, sender, rng)?)
}

/// Checks the custodian's signature first, then opens and reads the sigmas.
///
/// # Errors
/// [`HandoverError`].
pub fn open(
    bytes: &[u8],
    order: &Digest,
    recipient: &TransportSecret,
    sender: &IdentityKey,
) -> Result<BTreeMap<Handle, Sigma>, HandoverError> {
    let plaintext = transport::open(bytes, &context(order), recipient, sender)?;
    let (pairs, rest) = plaintext.as_chunks::<64>();
    let mut sigmas = BTreeMap::new();
    let mut last = None;
    for pair in pairs {
        let (handle, sigma) = pair.split_first_chunk::<32>().ok_or(HandoverError::Layout)?;
        let sigma: [u8; 32] = sigma.try_into().map_err(|_| HandoverError::Layout)?;
        if last.is_some_and(|last| last >= Handle(*handle)) {
            return Err(HandoverError::Layout);
        }
        last = Some(Handle(*handle));
        sigmas.insert(Handle(*handle), Sigma::from_bytes(sigma));
    }
    if rest.is_empty() { Ok(sigmas) } else { Err(HandoverError::Layout) }
}

fn context(order: &Digest) -> Vec<u8> {
    frame(domain!("handover"), &[order.as_bytes()])
}
