//! Normal forms: the one spelling of a value under which a client is indexed and looked up.
//!
//! Whoever enrols and whoever looks up must arrive at the same bytes, or the client is not found. The rules follow the
//! standards that define the values and nothing else: they know no provider's habits, and where a spelling is doubtful
//! they refuse it. Byte by byte: `docs/formats/blind-index.md`. Errors never repeat the value: reports leave the custodian.

mod account;
mod base58;
mod bech32;
mod document;
mod email;
mod letters;
mod name;
mod phone;
mod wallet;

pub use document::DocumentType;
pub use name::is_birth_date;
pub use wallet::Chain;

use crate::kind::Attribute;
use crate::oprf::MAX_INPUT;
use zeroize::Zeroizing;

/// Why a value has no normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} {reason}", what = what(*attribute))]
pub struct NormalError {
    /// Which attribute the value was given for.
    pub attribute: Attribute,
    /// What is wrong and what to do.
    pub reason: &'static str,
}

/// A value in its normal form: what is blinded, and what a lookup's leaf commits to. Wiped when dropped; has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Normal {
    attribute: Attribute,
    // INVARIANT: not empty, at most MAX_INPUT bytes, and reading it again gives it again.
    text: Zeroizing<String>,
}

impl Normal {
    /// An account number of the custodian: exactly as given, without white space around it.
    ///
    /// # Errors
    /// [`NormalError`].
    pub fn account(number: &str) -> Result<Self, NormalError> {
        Self::new(Attribute::Account, number.len(), || account::normal(number))
    }

    /// The parts of a name in any order, and the birth date `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`NormalError`]: no letter or digit in the name, or no such day.
    pub fn name_and_birth(names: &[&str], birth: &str) -> Result<Self, NormalError> {
        let length = names.iter().map(|name| name.len() + 1).sum::<usize>() + birth.len();
        Self::new(Attribute::NameBirth, length, || name::normal(names, birth))
    }

    /// An e-mail address (RFC 5321 without quoted local parts, RFC 6531): lower case, domain as UTS #46 ASCII.
    ///
    /// # Errors
    /// [`NormalError`].
    pub fn email(address: &str) -> Result<Self, NormalError> {
        Self::new(Attribute::Email, address.len(), || email::normal(address))
    }

    /// A telephone number with its country code (ITU-T E.164).
    ///
    /// # Errors
    /// [`NormalError`], above all when the number does not begin with `+`.
    pub fn phone(number: &str) -> Result<Self, NormalError> {
        Self::new(Attribute::Phone, number.len(), || phone::normal(number))
    }

    /// An identity document: issuing country (ISO 3166-1 alpha-2), type, number.
    ///
    /// # Errors
    /// [`NormalError`].
    pub fn document(country: &str, kind: &str, number: &str) -> Result<Self, NormalError> {
        let length = country.len() + kind.len() + number.len() + 2;
        Self::new(Attribute::Document, length, || document::normal(country, kind, number))
    }

    /// A wallet address; its chain is told by its form.
    ///
    /// # Errors
    /// [`NormalError`]: not an address of a known chain, or its checksum is wrong.
    pub fn wallet(address: &str) -> Result<Self, NormalError> {
        Self::new(Attribute::Wallet, address.len(), || wallet::normal(address))
    }

    /// Reads a normal form as [`text`](Self::text) gives it; an approver who recomputes a lookup begins here.
    ///
    /// # Errors
    /// [`NormalError`] for any other spelling.
    pub fn read(attribute: Attribute, text: &str) -> Result<Self, NormalError> {
        let lines: Vec<&str> = text.split('\n').collect();
        let normal = match (attribute, lines.as_slice()) {
            (Attribute::Account, [number]) => Self::account(number),
            (Attribute::NameBirth, [name, birth]) => Self::name_and_birth(&[name], birth),
            (Attribute::Email, [address]) => Self::email(address),
            (Attribute::Phone, [number]) => Self::phone(number),
            (Attribute::Document, [country, kind, number]) => Self::document(country, kind, number),
            (Attribute::Wallet, [_, address]) => Self::wallet(address),
            _ => Err(NormalError { attribute, reason: OTHER_SPELLING }),
        }?;
        if normal.text.as_str() == text { Ok(normal) } else { Err(NormalError { attribute, reason: OTHER_SPELLING }) }
    }

    /// The attribute under whose key the value is evaluated.
    pub fn attribute(&self) -> Attribute {
        self.attribute
    }

    /// The normal form; its parts are lines.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes that are blinded.
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    fn new(
        attribute: Attribute,
        given: usize,
        normal: impl FnOnce() -> Result<Zeroizing<String>, &'static str>,
    ) -> Result<Self, NormalError> {
        let refuse = |reason| NormalError { attribute, reason };
        if given > MAX_INPUT {
            return Err(refuse(TOO_LONG));
        }
        let text = normal().map_err(refuse)?;
        if text.len() > MAX_INPUT {
            return Err(refuse(TOO_LONG));
        }
        Ok(Self { attribute, text })
    }
}

const TOO_LONG: &str = "is longer than 1024 bytes";
const OTHER_SPELLING: &str = "is not in its normal form";
/// Of every attribute: nothing is left.
const EMPTY: &str = "is empty";
const CONTROL: &str = "has a control character";

fn what(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::NameBirth => "the name with the birth date",
        Attribute::Email => "the e-mail address",
        Attribute::Phone => "the telephone number",
        Attribute::Document => "the document",
        Attribute::Wallet => "the wallet address",
        Attribute::Account => "the account number",
    }
}

/// Characters that are not seen and mean nothing in a name or a number: soft hyphen, joiners, direction marks, variation
/// selectors. Named by range, so that no two versions of Unicode disagree.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

/// Accents and vowel points that stand on a letter of Latin, Greek, Cyrillic, Hebrew or Arabic once it is decomposed.
fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
            | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
    )
}

/// Dashes of any length.
fn is_dash(character: char) -> bool {
    matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}
