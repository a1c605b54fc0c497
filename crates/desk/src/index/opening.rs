//! What an approver needs to see for herself what was looked up: value and salt, from which commitment and blinded element follow again.

use crate::error::{DeskError, Result};
use countersign_core::encoding::{hex, unhex};
use countersign_core::json::Exact;
use countersign_core::lookup::{Lookup, Purpose, blinded_digest};
use countersign_seal::kind::Attribute;
use countersign_seal::normal::Normal;
use countersign_seal::oprf::{Blind, blind, lookup_commitment};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Longest opening in bytes: the longest value as JSON, and the rest.
pub const MAX_OPENING: usize = 16 * 1024;

/// Value and salt of one lookup. It is kept encrypted to the case officers, who show it to the approvers. Wiped when dropped; has no
/// `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct LookupOpening {
    /// Name of the attribute.
    attribute: String,
    /// The normal form.
    value: String,
    /// 32 bytes in hexadecimal.
    salt: String,
}

/// What was found wrong with an opening; never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotLookedUp {
    /// The lookup does not ask for a value.
    #[error("this is an enrolment: it looks nothing up")]
    Enrolment,
    /// No attribute, no normal form, or no salt.
    #[error("the opening holds no value in its normal form with its salt")]
    Malformed,
    /// Another attribute.
    #[error("the lookup was made under another attribute")]
    Attribute,
    /// Another value or salt.
    #[error("the lookup commits to another value, or the salt is another's")]
    Commitment,
    /// The value was committed to, and something else was evaluated.
    #[error("the lookup commits to this value, but another element was evaluated: somebody else was looked up")]
    Blinded,
}

impl LookupOpening {
    pub(crate) fn new(salt: &[u8; 32], value: &Normal) -> Self {
        let attribute = value.attribute().as_str().to_owned();
        Self { attribute, value: value.text().to_owned(), salt: hex(salt) }
    }

    /// As text.
    ///
    /// # Errors
    /// [`DeskError::Internal`] when it cannot be written.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>> {
        serde_json::to_vec(self).map(Zeroizing::new).map_err(DeskError::internal)
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`DeskError::Input`]; the text never repeats what was read.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_OPENING {
            return Err(DeskError::Input("this is no opening of a lookup: it is too long".into()));
        }
        serde_json::from_slice(bytes).map_err(|_| {
            DeskError::Input("this is no opening of a lookup: an object with `attribute`, `value` and `salt`".into())
        })
    }

    /// Recomputes the lookup: that it commits to this value, and that this value and nothing else was evaluated.
    ///
    /// # Errors
    /// [`NotLookedUp`].
    pub fn check(&self, lookup: &Exact<Lookup>) -> std::result::Result<Normal, NotLookedUp> {
        let Purpose::Find { value: committed, .. } = &lookup.value().purpose else {
            return Err(NotLookedUp::Enrolment);
        };
        let attribute = Attribute::parse(&self.attribute).map_err(|_| NotLookedUp::Malformed)?;
        let value = Normal::read(attribute, &self.value).map_err(|_| NotLookedUp::Malformed)?;
        let salt: [u8; 32] = unhex(&self.salt).ok_or(NotLookedUp::Malformed)?;
        if lookup.value().attribute != self.attribute {
            return Err(NotLookedUp::Attribute);
        }
        if lookup_commitment(&salt, &value) != *committed {
            return Err(NotLookedUp::Commitment);
        }
        let element = Blind::of_lookup(&salt, &value).and_then(|secret| blind(&value, &secret).ok());
        let element = element.ok_or(NotLookedUp::Malformed)?;
        if blinded_digest([element.bytes()]) == lookup.value().blinded { Ok(value) } else { Err(NotLookedUp::Blinded) }
    }
}
