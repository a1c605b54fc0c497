//! Field classes: groups of client fields, each sealed under its own threshold key.

use crate::id::InvalidId;
use std::collections::BTreeSet;
use std::fmt;

macro_rules! classes {
    ($($(#[$meta:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// One field class. The number is its place in the u8 registry and never changes; new classes get new numbers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Class {
            $($(#[$meta])* $name = $number,)*
        }

        impl Class {
            /// Every class, in the order of the registry.
            pub const ALL: &'static [Class] = &[$(Class::$name),*];

            /// The class with this registry number.
            pub fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Class::$name),)* _ => None }
            }

            /// The registry number.
            pub fn number(self) -> u8 {
                self as u8
            }

            /// The name used in documents.
            pub fn as_str(self) -> &'static str {
                match self { $(Class::$name => $text,)* }
            }

            /// Reads a class name.
            ///
            /// # Errors
            /// [`InvalidId`] when the registry has no such name.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                match text { $($text => Ok(Class::$name),)* _ => Err(InvalidId::not("a field class of the registry", text)) }
            }
        }
    };
}

classes! {
    /// Names, in every script they were given in.
    Name = 1, "name";
    /// Date and place of birth.
    Birth = 2, "birth";
    /// Postal address.
    Address = 3, "address";
    /// E-mail addresses.
    Email = 4, "email";
    /// Telephone numbers.
    Phone = 5, "phone";
    /// Numbers of identity documents.
    DocumentNumber = 6, "document_number";
    /// Images of identity documents.
    DocumentScan = 7, "document_scan";
    /// Bank accounts and cards.
    Bank = 8, "bank";
    /// Wallet addresses tied to the client.
    Wallets = 9, "wallets";
    /// Log-ins: times, network addresses, devices. Sealed by month.
    Logins = 10, "logins";
    /// Transfers and trades. Sealed by month.
    Transfers = 11, "transfers";
    /// Staff notes.
    Notes = 12, "notes";
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Class {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

crate::text_serde!(Class);

/// A set of classes; in documents a list sorted by registry number without repetition.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct ClassSet(BTreeSet<Class>);

impl ClassSet {
    /// The set of these classes.
    pub fn new(classes: impl IntoIterator<Item = Class>) -> Self {
        Self(classes.into_iter().collect())
    }

    /// The classes by ascending registry number.
    pub fn iter(&self) -> impl Iterator<Item = Class> + '_ {
        self.0.iter().copied()
    }

    /// Number of classes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `class` is in the set.
    pub fn contains(&self, class: Class) -> bool {
        self.0.contains(&class)
    }

    /// Whether every class of `self` is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// The classes in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// The classes in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }
}

impl FromIterator<Class> for ClassSet {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        Self::new(classes)
    }
}

impl fmt::Display for ClassSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, class) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            f.write_str(class.as_str())?;
        }
        Ok(())
    }
}

impl serde::Serialize for ClassSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> serde::Deserialize<'de> for ClassSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<Class>::deserialize(deserializer)?;
        if !list.iter().zip(list.iter().skip(1)).all(|(left, right)| left < right) {
            return Err(serde::de::Error::custom("classes are not in the order of the registry or are repeated"));
        }
        Ok(Self::new(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_a_bijection() {
        for class in Class::ALL {
            assert_eq!(Class::parse(class.as_str()), Ok(*class));
            assert_eq!(Class::from_number(class.number()), Some(*class));
        }
        assert_eq!(Class::ALL.len(), 12);
        assert_eq!(Class::from_number(0), None);
        assert!(Class::parse("Name").is_err());
    }

    #[test]
    fn a_list_out_of_order_or_repeated_is_refused() {
        assert!(serde_json::from_str::<ClassSet>(r#"["name","address"]"#).is_ok());
        assert!(serde_json::from_str::<ClassSet>(r#"["address","name"]"#).is_err());
        assert!(serde_json::from_str::<ClassSet>(r#"["name","name"]"#).is_err());
    }
}
