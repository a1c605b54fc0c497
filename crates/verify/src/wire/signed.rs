//! One document and one Ed25519 signature over its digest.

use countersign_core::approval::signed_line;
use countersign_core::digest;
use countersign_core::encoding::{hex, unhex};
use countersign_core::id::Digest;
use countersign_core::json::{Document, DocumentError, Exact};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// A document whose signature has been checked.
///
/// Bytes: 128 lower-case hexadecimal digits (the Ed25519 signature), a line feed, the canonical JSON of the document
/// without a line feed at the end. The signature is over ASCII `<domain> <64 hexadecimal digits of the digest>` and a line feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<T> {
    document: Exact<T>,
    text: String,
}

/// Why bytes are not a signed document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// No signature line in front.
    #[error("{what}: the first line is not a signature of 128 hexadecimal digits")]
    NoSignature {
        /// Name of the format.
        what: &'static str,
    },
    /// The document behind the signature line is not well formed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The signature is not of this key over these bytes.
    #[error("{what}: the signature is not of the expected key over these bytes")]
    WrongSignature {
        /// Name of the format.
        what: &'static str,
    },
}

impl<T: Document> Signed<T> {
    /// Reads and checks a message under `key`.
    ///
    /// # Errors
    /// [`SignedError`] unless the message is well formed and its signature is `key`'s (strict verification, RFC 8032
    /// with small-order points refused).
    pub fn open(bytes: &[u8], key: &Digest) -> Result<Self, SignedError> {
        let (signature, body) = split::<T>(bytes)?;
        // The signature is over a digest of the bytes, so it is checked before anything is parsed: parsing costs more
        // time and memory than hashing, and a stranger must not be able to ask for it.
        let digest = digest::document(T::DOMAIN, body);
        check(T::WHAT, Some(*key), &signed_line(T::DOMAIN, &digest), &signature)?;
        Ok(Self::known(Exact::parse(body)?, &signature))
    }

    /// As [`open`](Self::open), where the key depends on what the document claims; `None` is an unknown signer.
    ///
    /// # Errors
    /// [`SignedError`]; an unknown signer is a wrong signature.
    pub fn open_by(bytes: &[u8], key_of: impl FnOnce(&T) -> Option<Digest>) -> Result<Self, SignedError> {
        let (signature, body) = split::<T>(bytes)?;
        let document = Exact::<T>::parse(body)?;
        check(T::WHAT, key_of(document.value()), &message(&document), &signature)?;
        Ok(Self::known(document, &signature))
    }

    /// Signs a document.
    ///
    /// # Errors
    /// [`DocumentError`] when the value breaks a rule of its format.
    pub fn sign(value: T, key: &SigningKey) -> Result<Self, DocumentError> {
        let document = Exact::write(value)?;
        let signature = key.sign(&message(&document)).to_bytes();
        Ok(Self::known(document, &signature))
    }

    fn known(document: Exact<T>, signature: &[u8; 64]) -> Self {
        let text = format!("{}\n{}", hex(signature), document.text());
        Self { document, text }
    }

    /// The document.
    pub fn document(&self) -> &Exact<T> {
        &self.document
    }

    /// The parsed value.
    pub fn value(&self) -> &T {
        self.document.value()
    }

    /// The exact message, signature line first.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn message<T: Document>(document: &Exact<T>) -> Vec<u8> {
    signed_line(T::DOMAIN, &document.digest())
}

fn check(what: &'static str, key: Option<Digest>, message: &[u8], signature: &[u8; 64]) -> Result<(), SignedError> {
    key.and_then(|key| VerifyingKey::from_bytes(key.as_bytes()).ok())
        .and_then(|key| key.verify_strict(message, &Signature::from_bytes(signature)).ok())
        .ok_or(SignedError::WrongSignature { what })
}

/// Signature and document; a document above its limit is refused before it is hashed or parsed.
fn split<T: Document>(bytes: &[u8]) -> Result<([u8; 64], &[u8]), SignedError> {
    let what = T::WHAT;
    let none = SignedError::NoSignature { what };
    let (line, rest) = bytes.split_at_checked(128).ok_or(none.clone())?;
    let body = rest.strip_prefix(b"\n").ok_or(none.clone())?;
    if body.len() > T::MAX_LEN {
        return Err(DocumentError::TooLong { what, length: body.len(), limit: T::MAX_LEN }.into());
    }
    let signature = std::str::from_utf8(line).ok().and_then(unhex).ok_or(none)?;
    Ok((signature, body))
}
