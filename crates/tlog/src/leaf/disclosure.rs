use std::fmt;

use rand_core::CryptoRng;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::encoding;
use crate::leaf::{MAX_DISCLOSURE_CHARS, json};

/// One field with its salt, in the form of RFC 9901 section 4.2.1: base64url without padding of the canonical JSON
/// `["<base64url of 16 bytes>","<name>",<value>]`. Whoever holds it can show what the leaf committed to.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    text: String,
    name: String,
    value: Value,
}

/// A disclosure that is not canonical, or does not belong to the leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// Over [`MAX_DISCLOSURE_CHARS`].
    #[error("disclosure is longer than {MAX_DISCLOSURE_CHARS} characters")]
    TooLong,
    /// Not base64url of canonical JSON of a salt, a name and a value.
    #[error("disclosure is not the canonical form of a 16-byte salt, a name and a value")]
    Form,
    /// Empty, longer than 64 bytes, or not of lower-case letters, digits and underscores after a letter.
    #[error("field name `{0}` is not 1 to 64 of a-z, 0-9 and _, beginning with a letter")]
    Name(String),
    /// A fraction, an integer beyond 2^53 - 1, or nesting deeper than 16.
    #[error("value of field `{0}` has a fraction, an integer beyond 2^53 - 1 or more than 16 levels")]
    Value(String),
    /// The digest is not in the leaf.
    #[error("field `{0}` is not committed to by this leaf")]
    NotInLeaf(String),
    /// Two disclosures with one name, or the same one twice.
    #[error("field `{0}` is disclosed twice")]
    Twice(String),
}

const SALT_BYTES: usize = 16;
const MAX_NAME_BYTES: usize = 64;

impl Disclosure {
    /// A field with a fresh salt from `rng`.
    ///
    /// # Errors
    /// [`DisclosureError::Name`], [`DisclosureError::Value`], [`DisclosureError::TooLong`].
    pub fn new(name: &str, value: Value, rng: &mut impl CryptoRng) -> Result<Self, DisclosureError> {
        let mut salt = [0_u8; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        Self::with_salt(&salt, name, value)
    }

    /// A field with a given salt; the salt must be secret and used once.
    ///
    /// # Errors
    /// As [`Disclosure::new`].
    pub fn with_salt(salt: &[u8; SALT_BYTES], name: &str, value: Value) -> Result<Self, DisclosureError> {
        check_name(name)?;
        let text = encoding::base64url(canonical(&encoding::base64url(salt), name, &value)?.as_bytes());
        if text.len() > MAX_DISCLOSURE_CHARS {
            return Err(DisclosureError::TooLong);
        }
        Ok(Self { text, name: name.to_owned(), value })
    }

    /// Parses a disclosure.
    ///
    /// # Errors
    /// [`DisclosureError::TooLong`], [`DisclosureError::Form`], [`DisclosureError::Name`],
    /// [`DisclosureError::Value`].
    pub fn parse(text: &str) -> Result<Self, DisclosureError> {
        if text.len() > MAX_DISCLOSURE_CHARS {
            return Err(DisclosureError::TooLong);
        }
        let json = encoding::base64url_decode(text).ok_or(DisclosureError::Form)?;
        let (salt, name, value): (String, String, Value) =
            serde_json::from_slice(&json).map_err(|_| DisclosureError::Form)?;
        if encoding::base64url_decode(&salt).is_none_or(|salt| salt.len() != SALT_BYTES) {
            return Err(DisclosureError::Form);
        }
        check_name(&name)?;
        if canonical(&salt, &name, &value)?.as_bytes() != json {
            return Err(DisclosureError::Form);
        }
        Ok(Self { text: text.to_owned(), name, value })
    }

    /// The disclosure's characters. Showing them opens the field.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Name of the field.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Value of the field.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// What stands in the leaf: base64url without padding of SHA-256 of the characters.
    pub fn digest(&self) -> String {
        digest(&self.text)
    }
}

/// The name only: the value and the salt are what is hidden.
impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "disclosure of `{}`", self.name)
    }
}

pub(super) fn digest(text: &str) -> String {
    encoding::base64url(&Sha256::digest(text))
}

fn canonical(salt: &str, name: &str, value: &Value) -> Result<String, DisclosureError> {
    let mut out = format!("[\"{salt}\",\"{name}\",");
    json::value(&mut out, value).ok_or_else(|| DisclosureError::Value(name.to_owned()))?;
    out.push(']');
    Ok(out)
}

fn check_name(name: &str) -> Result<(), DisclosureError> {
    let fits = name.len() <= MAX_NAME_BYTES
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if fits { Ok(()) } else { Err(DisclosureError::Name(encoding::shown(name))) }
}
