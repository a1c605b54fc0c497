//! Key types as types: a sealing share can never reach a function of the index, and the other way round.

use countersign_core::class::Class;
use countersign_core::id::InvalidId;
use std::fmt;

countersign_core::named_enum!(
    /// What the keys of a ring are for. One ring holds keys of one type only.
    KeyType, "a key type" {
        /// Keys of field classes; their shares answer partial decryptions.
        Sealing = "sealing",
        /// Keys of the blind index; their shares answer OPRF evaluations.
        Index = "index",
        /// Threshold signature keys.
        Signing = "signing",
    }
);

impl KeyType {
    /// The number used in binary formats and hashes.
    pub fn number(self) -> u8 {
        match self {
            KeyType::Sealing => 1,
            KeyType::Index => 2,
            KeyType::Signing => 3,
        }
    }

    /// Reads the number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.number() == number)
    }
}

countersign_core::named_enum!(
    /// An attribute of the blind index; each has its own key.
    Attribute, "an attribute of the index" {
        /// Normalised name with the birth date.
        NameBirth = "lookup_name_birth",
        /// E-mail address.
        Email = "lookup_email",
        /// Telephone number.
        Phone = "lookup_phone",
        /// Country, type and number of a document.
        Document = "lookup_document",
        /// Chain and normal form of a wallet address.
        Wallet = "lookup_wallet",
        /// The custodian's account number.
        Account = "lookup_account",
    }
);

/// Which key of a ring: one number space for all key types, so that numbers of two types never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Key of a field class: numbers 1 to 127.
    Class(Class),
    /// Key of an attribute: numbers 129 to 191.
    Attribute(Attribute),
    /// The key of a signing ring: number 255.
    Signature,
}

impl Slot {
    /// The registry number.
    pub fn number(self) -> u8 {
        match self {
            Slot::Class(class) => class.number(),
            Slot::Attribute(Attribute::NameBirth) => 129,
            Slot::Attribute(Attribute::Email) => 130,
            Slot::Attribute(Attribute::Phone) => 131,
            Slot::Attribute(Attribute::Document) => 132,
            Slot::Attribute(Attribute::Wallet) => 133,
            Slot::Attribute(Attribute::Account) => 134,
            Slot::Signature => 255,
        }
    }

    /// Reads a registry number.
    pub fn from_number(number: u8) -> Option<Self> {
        let attributes = Attribute::ALL.iter().map(|attribute| Slot::Attribute(*attribute));
        let classes = Class::ALL.iter().map(|class| Slot::Class(*class));
        classes.chain(attributes).chain([Slot::Signature]).find(|slot| slot.number() == number)
    }

    /// The only key type that may hold this key.
    pub fn key_type(self) -> KeyType {
        match self {
            Slot::Class(_) => KeyType::Sealing,
            Slot::Attribute(_) => KeyType::Index,
            Slot::Signature => KeyType::Signing,
        }
    }

    /// The name used in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Slot::Class(class) => class.as_str(),
            Slot::Attribute(attribute) => attribute.as_str(),
            Slot::Signature => "signature",
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Slot {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Class::parse(text).map(Slot::Class).or_else(|_| Attribute::parse(text).map(Slot::Attribute)).or_else(|_| {
            if text == Slot::Signature.as_str() {
                Ok(Slot::Signature)
            } else {
                Err(InvalidId::not("a field class, an attribute of the index, or `signature`", text))
            }
        })
    }
}

countersign_core::text_serde!(Slot);

/// A key type at compile time. Only [`Sealing`] and [`Index`] exist.
pub trait Kind: sealed::Sealed + Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// The name of one key: a field class or an attribute.
    type Key: Copy + Ord + fmt::Debug + fmt::Display;
    /// The same at run time.
    const TYPE: KeyType;
    /// The place of a key in the registry.
    fn slot(key: Self::Key) -> Slot;
    /// The key of a place, when the place belongs to this key type.
    fn key(slot: Slot) -> Option<Self::Key>;
}

/// Keys of field classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {}

/// Keys of the blind index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {}

impl Kind for Sealing {
    type Key = Class;
    const TYPE: KeyType = KeyType::Sealing;
    fn slot(key: Class) -> Slot {
        Slot::Class(key)
    }
    fn key(slot: Slot) -> Option<Class> {
        match slot {
            Slot::Class(class) => Some(class),
            _ => None,
        }
    }
}

impl Kind for Index {
    type Key = Attribute;
    const TYPE: KeyType = KeyType::Index;
    fn slot(key: Attribute) -> Slot {
        Slot::Attribute(key)
    }
    fn key(slot: Slot) -> Option<Attribute> {
        match slot {
            Slot::Attribute(attribute) => Some(attribute),
            _ => None,
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Sealing {}
    impl Sealed for super::Index {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_of_slots_are_a_bijection() {
        let all: Vec<Slot> = (0..=255).filter_map(Slot::from_number).collect();
        assert_eq!(all.len(), 12 + 6 + 1);
        for slot in all {
            assert_eq!(slot.as_str().parse(), Ok(slot));
            assert_eq!(Slot::from_number(slot.number()), Some(slot));
        }
    }
}
