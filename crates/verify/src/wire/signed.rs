//! One document and one Ed25519 signature over its digest.

use countersign_core::approval::signed_line;
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
        Self::open_by(bytes, |_| Some(*key))
    }

    /// As [`open`](Self::open), where the key depends on what the document claims; `None` is an unknown signer.
    ///
    /// # Errors
    /// [`SignedError`]; an unknown signer is a wrong signature.
    pub fn open_by(bytes: &[u8], key_of: impl FnOnce(&T) -> Option<Digest>) -> Result<Self, SignedError> {
        let what = T::WHAT;
        let (signature, body) = split(bytes).ok_or(SignedError::NoSignature { what })?;
        let document = Exact::<T>::parse(body)?;
        let wrong = SignedError::WrongSignature { what };
        let key = key_of(document.value()).ok_or(wrong.clone())?;
        let key = VerifyingKey::from_bytes(key.as_bytes()).map_err(|_| wrong.clone())?;
        key.verify_strict(&message(&document), &Signature::from_bytes(&signature)).map_err(|_| wrong)?;
        let text = format!("{}\n{}", hex(&signature), document.text());
        Ok(Self { document, text })
    }

    /// Signs a document.
    ///
    /// # Errors
    /// [`DocumentError`] when the value breaks a rule of its format.
    pub fn sign(value: T, key: &SigningKey) -> Result<Self, DocumentError> {
        let document = Exact::write(value)?;
        let signature = key.sign(&message(&document)).to_bytes();
        let text = format!("{}\n{}", hex(&signature), document.text());
        Ok(Self { document, text })
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

fn split(bytes: &[u8]) -> Option<([u8; 64], &[u8])> {
    let (line, rest) = bytes.split_at_checked(128)?;
    let body = rest.strip_prefix(b"\n")?;
    Some((unhex(std::str::from_utf8(line).ok()?)?, body))
}
