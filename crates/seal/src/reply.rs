//! A trustee's reply, encrypted to the order's recipient and signed: the custodian relays bytes it cannot read or swap.

use crate::hash::{domain, frame};
use crate::identity::{Identity, IdentityKey};
use crate::partial::{Reply, ReplyContext, ReplyError};
use crate::transport::{self, EnvelopeError, TransportKey, TransportSecret};
use rand_core::CryptoRng;

/// Why a reply was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenReplyError {
    /// The envelope.
    #[error("reply of trustee {trustee}: {reason}")]
    Envelope {
        /// Whose reply.
        trustee: u16,
        /// Why.
        reason: EnvelopeError,
    },
    /// Its content; the trustee signed it and is at fault.
    #[error("reply of trustee {trustee}: {reason}")]
    Content {
        /// Whose reply.
        trustee: u16,
        /// Why.
        reason: ReplyError,
    },
}

/// Encrypts and signs a reply. The context (order digest, ring, trustee, share epoch, recipient digest) is HPKE's info
/// and part of what is signed.
///
/// # Errors
/// [`EnvelopeError::Recipient`] when the recipient's key cannot be used.
pub fn seal(
    reply: &Reply,
    context: &ReplyContext,
    recipient: &TransportKey,
    identity: &Identity,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, EnvelopeError> {
    transport::seal(&zeroize::Zeroizing::new(reply.encode()), &info(context), recipient, identity, rng)
}

/// Checks the trustee's signature over an encrypted reply, as relays and auditors can.
///
/// # Errors
/// [`EnvelopeError`].
pub fn check(
    bytes: &[u8],
    context: &ReplyContext,
    recipient: &TransportKey,
    identity: &IdentityKey,
) -> Result<(), EnvelopeError> {
    transport::check(bytes, &info(context), recipient, identity)
}

/// Checks the signature first, then opens and reads the reply.
///
/// # Errors
/// [`OpenReplyError`], naming the trustee.
pub fn open(
    bytes: &[u8],
    context: &ReplyContext,
    recipient: &TransportSecret,
    identity: &IdentityKey,
) -> Result<Reply, OpenReplyError> {
    let trustee = context.trustee;
    let plaintext = transport::open(bytes, &info(context), recipient, identity)
        .map_err(|reason| OpenReplyError::Envelope { trustee, reason })?;
    Reply::decode(&plaintext).map_err(|reason| OpenReplyError::Content { trustee, reason })
}

fn info(context: &ReplyContext) -> Vec<u8> {
    frame(
        domain!("reply"),
        &[
            context.order.as_bytes(),
            context.ring.as_bytes(),
            &context.trustee.to_le_bytes(),
            &context.share_epoch.to_le_bytes(),
        ],
    )
}
