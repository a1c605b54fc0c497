//! Identifiers: fixed-length random bytes, and short names of people and authorities.

use crate::encoding::{hex, unhex};
use std::fmt;

/// Text that is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {expected}")]
pub struct InvalidId {
    expected: &'static str,
    found: String,
}

impl InvalidId {
    /// `found` is not `expected` (a noun phrase saying what to write).
    pub fn not(expected: &'static str, found: &str) -> Self {
        // INVARIANT: foreign text in an error is bounded, so a hostile file cannot fill a log with one line.
        Self { expected, found: found.chars().take(80).collect() }
    }
}

macro_rules! bytes_id {
    ($(#[$meta:meta])* $name:ident, $len:literal, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            #[doc = concat!("Length in bytes: ", $len, ".")]
            pub const LEN: usize = $len;

            /// The raw bytes.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Lower-case hexadecimal.
            pub fn to_hex(&self) -> String {
                hex(&self.0)
            }

            /// Reads lower-case hexadecimal of the exact length.
            ///
            /// # Errors
            /// [`InvalidId`] for any other text.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                unhex(text).map(Self).ok_or_else(|| InvalidId::not($what, text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.to_hex())
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        text_serde!($name);
    };
}

/// Serialises a type as its `Display` text and reads it by `FromStr`.
#[macro_export]
macro_rules! text_serde {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

bytes_id!(
    /// The custodian, named once in genesis: 16 random bytes.
    CustodianId, 16, "a custodian id (32 lower-case hexadecimal digits)"
);
bytes_id!(
    /// One order: 16 random bytes.
    OrderId, 16, "an order id (32 lower-case hexadecimal digits)"
);
bytes_id!(
    /// One case in the custodian's desk: 16 random bytes; never leaves the custodian in clear.
    CaseId, 16, "a case id (32 lower-case hexadecimal digits)"
);
bytes_id!(
    /// 64 bytes that claim to be an Ed25519 signature.
    SignatureBytes, 64, "a signature (128 lower-case hexadecimal digits)"
);
bytes_id!(
    /// A salt: 16 random bytes.
    Salt,
    16,
    "a salt (32 lower-case hexadecimal digits)"
);
bytes_id!(
    /// A handle: 32 random bytes naming a client; never an account number or an e-mail.
    Handle, 32, "a handle (64 lower-case hexadecimal digits)"
);
bytes_id!(
    /// A sealed record: H(label || u), see `docs/formats/seal.md`.
    RecordId, 32, "a record id (64 lower-case hexadecimal digits)"
);
bytes_id!(
    /// A SHA-256 (or SHA-512/256) digest; which one and over what is said where it stands.
    Digest, 32, "a digest (64 lower-case hexadecimal digits)"
);

macro_rules! name_id {
    ($(#[$meta:meta])* $name:ident, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Longest name in bytes.
            pub const MAX_LEN: usize = 64;

            /// Reads a name: 1 to 64 of `a-z`, `0-9` and inner single hyphens.
            ///
            /// # Errors
            /// [`InvalidId`] for any other text.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                if is_name(text, Self::MAX_LEN) { Ok(Self(text.to_owned())) } else { Err(InvalidId::not($what, text)) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        text_serde!($name);
    };
}

name_id!(
    /// A person of the custodian's roster, for example `anna-berg`.
    PersonId, "a person id (1 to 64 of a-z, 0-9 and inner hyphens)"
);
name_id!(
    /// An authority of the directory, for example `xa-district-court`.
    AuthorityId, "an authority id (1 to 64 of a-z, 0-9 and inner hyphens)"
);

fn is_name(text: &str, max: usize) -> bool {
    !text.is_empty()
        && text.len() <= max
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_words() {
        for good in ["a", "anna-berg", "xa-court-1"] {
            assert_eq!(PersonId::parse(good).unwrap().as_str(), good);
        }
        let long = "a".repeat(65);
        for bad in ["", "-a", "a-", "a--b", "Anna", "a b", "a/b", "ä", &long] {
            assert!(PersonId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_names_what_was_expected_and_is_bounded() {
        let error = OrderId::parse(&"x".repeat(10_000)).unwrap_err().to_string();
        assert!(error.contains("an order id"), "{error}");
        assert!(error.len() < 200);
    }

    #[test]
    fn serde_uses_the_text_form() {
        let id = OrderId([7; 16]);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<OrderId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<OrderId>("\"AB\"").is_err());
    }
}
