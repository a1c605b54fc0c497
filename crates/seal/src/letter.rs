//! Letters to one trustee: a fixed number of bytes, encrypted to its transport key. Who wrote a letter is signed inside
//! (`docs/formats/duress.md`): whoever carries it learns neither the author nor, by its length, what it says.

use crate::hash::{domain, frame};
use crate::transport::{ENCAPSULATION_LEN, EnvelopeError, TransportKey, TransportSecret, info, open_body, seal_body};
use countersign_core::id::Digest;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Bytes of a letter's content.
pub const CONTENT_LEN: usize = 4_096;

/// Bytes of a sealed letter: encapsulation, content, tag.
pub const LETTER_LEN: usize = ENCAPSULATION_LEN + CONTENT_LEN + 16;

/// Encrypts a letter to the trustees of the custodian with this genesis.
///
/// # Errors
/// [`EnvelopeError::Recipient`] when the key cannot be used.
pub fn seal(
    content: &[u8; CONTENT_LEN],
    genesis: &Digest,
    recipient: &TransportKey,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, EnvelopeError> {
    seal_body(content, &info(&context(genesis), recipient), recipient, rng)
}

/// Opens a letter.
///
/// # Errors
/// [`EnvelopeError`] for whatever was not sealed to this key for this genesis.
pub fn open(sealed: &[u8], genesis: &Digest, recipient: &TransportSecret) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    if sealed.len() != LETTER_LEN {
        return Err(EnvelopeError::Short);
    }
    open_body(sealed, &info(&context(genesis), &recipient.public()?), recipient)
}

fn context(genesis: &Digest) -> Vec<u8> {
    frame(domain!("duress-letter"), &[genesis.as_bytes()])
}
