//! Strict JSON documents: one line, canonical, kept as the exact bytes that were signed and hashed.
//!
//! Canonical form: UTF-8, no white space between tokens, members in the order of the format's page, no unknown and no
//! repeated member, strings escaped only where RFC 8259 demands it (`\"`, `\\`, `\b`, `\f`, `\n`, `\r`, `\t`,
//! other control characters as `\u00xx`), integers only. A document in any other spelling is refused, so two readers
//! can never see two documents in the same bytes.

use crate::digest;
use crate::id::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why bytes are not the document they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Longer than the format allows.
    #[error("{what}: {length} bytes, the limit is {limit}")]
    TooLong {
        /// Name of the format.
        what: &'static str,
        /// Length found.
        length: usize,
        /// The format's limit.
        limit: usize,
    },
    /// Not UTF-8, not JSON, not the format's members, or a value out of its type.
    #[error("{what}: {reason}")]
    Malformed {
        /// Name of the format.
        what: &'static str,
        /// Parser's reason, with line and column.
        reason: String,
    },
    /// The same content in a spelling other than the canonical one.
    #[error("{what}: not in canonical form from byte {at} on (white space, member order or escapes)")]
    NotCanonical {
        /// Name of the format.
        what: &'static str,
        /// First byte that differs.
        at: usize,
    },
    /// Members that contradict one another.
    #[error("{what}: {reason}")]
    Inconsistent {
        /// Name of the format.
        what: &'static str,
        /// Which rule is broken.
        reason: &'static str,
    },
}

/// A format: its name, its domain for digests, its size limit and its rules across members.
pub trait Document: Serialize + DeserializeOwned {
    /// Name used in errors.
    const WHAT: &'static str;
    /// Domain of the digest; also the value of the document's `v` member.
    const DOMAIN: &'static str;
    /// Longest accepted document in bytes.
    const MAX_LEN: usize;

    /// Rules that types alone cannot state.
    ///
    /// # Errors
    /// The rule that is broken.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

/// A document together with the exact bytes it was read from or written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exact<T> {
    value: T,
    text: String,
    digest: Digest,
}

impl<T: Document> Exact<T> {
    /// Reads a document.
    ///
    /// # Errors
    /// [`DocumentError`] unless `bytes` is the canonical form of a consistent document within the limit.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > T::MAX_LEN {
            return Err(DocumentError::TooLong { what: T::WHAT, length: bytes.len(), limit: T::MAX_LEN });
        }
        let malformed = |reason: String| DocumentError::Malformed { what: T::WHAT, reason };
        let text = std::str::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
        let value: T = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        let exact = Self::write(value)?;
        if exact.text != text {
            let at = exact.text.bytes().zip(text.bytes()).take_while(|(left, right)| left == right).count();
            return Err(DocumentError::NotCanonical { what: T::WHAT, at });
        }
        Ok(exact)
    }

    /// Writes a document in canonical form.
    ///
    /// # Errors
    /// [`DocumentError`] when the value breaks a rule or the limit.
    pub fn write(value: T) -> Result<Self, DocumentError> {
        value.check().map_err(|reason| DocumentError::Inconsistent { what: T::WHAT, reason })?;
        let text = serde_json::to_string(&value)
            .map_err(|error| DocumentError::Malformed { what: T::WHAT, reason: error.to_string() })?;
        if text.len() > T::MAX_LEN {
            return Err(DocumentError::TooLong { what: T::WHAT, length: text.len(), limit: T::MAX_LEN });
        }
        let digest = digest::document(T::DOMAIN, text.as_bytes());
        Ok(Self { value, text, digest })
    }

    /// The parsed document.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The exact text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// SHA-256(domain || bytes).
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Declares the type of a document's `v` member: it serialises as the given constant and refuses any other text.
#[macro_export]
macro_rules! version_tag {
    ($(#[$meta:meta])* $name:ident = $text:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
        pub struct $name;

        impl $name {
            /// The version text.
            pub const TEXT: &'static str = $text;
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($text)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                if text == $text { Ok(Self) } else { Err(serde::de::Error::custom(concat!("version is not ", $text))) }
            }
        }
    };
}
