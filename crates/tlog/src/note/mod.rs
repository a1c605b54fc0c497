//! Signed notes and their keys. C2SP signed-note, v1.0.0.

mod keys;
mod signed;

pub use keys::{KeyError, KeyId, KeyKind, KeyName, SigningKey, VerifierKey};
pub use signed::{Note, NoteError, SignatureLine, Verified};

/// Largest note read, in bytes. Room for the 16 post-quantum signatures every verifier has to accept.
pub const MAX_NOTE_BYTES: usize = 128 * 1024;

/// Largest number of signature lines read, as in Go's `note` package. More than a policy can list witnesses.
pub const MAX_SIGNATURES: usize = 100;

/// Largest name in bytes of a key that is used (the limit of the ML-DSA-44 cosignature message).
pub const MAX_KEY_NAME_BYTES: usize = 255;
