//! What is known of one client, and what is not.

use countersign_core::named_enum;
use countersign_core::time::Date;

use crate::amount::Amount;
use crate::countries::Countries;

/// A fact that somebody established, or that nobody did. An unknown is not a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Fact<T> {
    /// Established.
    Known(T),
    /// Not established.
    #[default]
    Unknown,
}

impl<T> Fact<T> {
    /// The value, when it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown => None,
        }
    }
}

named_enum! {
    /// Whether the client is a human being.
    Person, "`natural` or `legal`" {
        /// A human being.
        Natural = "natural",
        /// A company, body or other entity.
        Legal = "legal",
    }
}

named_enum! {
    /// What the client does with the custodian.
    Activity, "an activity: `wallet`, `crypto_service`, `payment`, `e_money`, `deposit` or `governing_post`" {
        /// A crypto-asset wallet, account, or custody.
        Wallet = "wallet",
        /// Another crypto-asset service, such as trading.
        CryptoService = "crypto_service",
        /// Payment instruments, acquiring, payment initiation.
        Payment = "payment",
        /// Electronic money.
        EMoney = "e_money",
        /// A deposit with a credit institution.
        Deposit = "deposit",
        /// Owns, controls, or sits on a governing body of the custodian.
        GoverningPost = "governing_post",
    }
}

named_enum! {
    /// Who lists people and entities whose assets are frozen or blocked.
    Issuer, "an issuer of listings: `un`, `eu` or `ofac`" {
        /// The Security Council and its committees.
        Un = "un",
        /// The European Union.
        Eu = "eu",
        /// The United States' Office of Foreign Assets Control.
        Ofac = "ofac",
    }
}

named_enum! {
    /// The facts that rules ask for.
    FactName, "a fact" {
        /// Natural or legal.
        Person = "person",
        /// Nationalities, all that are known.
        Nationality = "nationality",
        /// Where a natural person resides.
        Residence = "residence",
        /// States that gave a residence permit, temporary or permanent.
        Permit = "permit",
        /// Where a legal person is established.
        Establishment = "establishment",
        /// States of which owners of together more than half are nationals or residents.
        MajorityOwners = "majority_owners",
        /// State of a verified proof of address.
        AddressProof = "address_proof",
        /// Confirmed listings.
        Listed = "listed",
        /// What the client does with the custodian.
        Activity = "activity",
        /// Value of all crypto-assets with the custodian.
        Crypto = "crypto",
        /// Value of all deposits with the custodian.
        Deposits = "deposits",
    }
}

/// Activities of one client, or of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Activities(u8);

/// Facts that are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Missing(u16);

macro_rules! bits {
    ($set:ident, $item:ident, $word:ty) => {
        impl $set {
            /// None.
            pub const NONE: Self = Self(0);

            /// Exactly one.
            pub fn one(item: $item) -> Self {
                Self((1 as $word) << (item as $word))
            }

            /// Those of either.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Whether the two have one in common.
            #[must_use]
            pub fn meets(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// Whether there is none.
            #[must_use]
            pub fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// All, in order of the table.
            pub fn iter(self) -> impl Iterator<Item = $item> {
                $item::ALL.iter().copied().filter(move |item| self.meets(Self::one(*item)))
            }
        }

        impl FromIterator<$item> for $set {
            fn from_iter<I: IntoIterator<Item = $item>>(items: I) -> Self {
                items.into_iter().fold(Self::NONE, |set, item| set.or(Self::one(item)))
            }
        }

        impl core::fmt::Display for $set {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                for (at, item) in self.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    };
}

bits!(Activities, Activity, u8);
bits!(Missing, FactName, u16);

/// Issuers that a rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Issuers(u8);

bits!(Issuers, Issuer, u8);

/// Since when which issuer lists the client: confirmed matches only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Listings {
    un: Option<Date>,
    eu: Option<Date>,
    ofac: Option<Date>,
}

impl Listings {
    /// Takes a listing in; `false` when the issuer has one already.
    pub fn insert(&mut self, issuer: Issuer, since: Date) -> bool {
        let place = match issuer {
            Issuer::Un => &mut self.un,
            Issuer::Eu => &mut self.eu,
            Issuer::Ofac => &mut self.ofac,
        };
        let is_new = place.is_none();
        place.get_or_insert(since);
        is_new
    }

    /// Since when this issuer lists the client.
    #[must_use]
    pub fn since(&self, issuer: Issuer) -> Option<Date> {
        match issuer {
            Issuer::Un => self.un,
            Issuer::Eu => self.eu,
            Issuer::Ofac => self.ofac,
        }
    }

    /// Whether one of these issuers lists the client on that day.
    #[must_use]
    pub fn stands(&self, issuers: Issuers, on: Date) -> bool {
        issuers.iter().any(|issuer| self.since(issuer).is_some_and(|since| since <= on))
    }
}

/// Everything a rule may ask of one client. The default knows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Facts {
    /// Natural or legal.
    pub person: Fact<Person>,
    /// Nationalities; an empty set is a stateless person.
    pub nationality: Fact<Countries>,
    /// Residence of a natural person, one country.
    pub residence: Fact<Countries>,
    /// Residence permits; an empty set is "holds none".
    pub permit: Fact<Countries>,
    /// Establishment of a legal person, one country.
    pub establishment: Fact<Countries>,
    /// Nationality or residence of owners of together more than half; an empty set is "nobody owns so much".
    pub majority_owners: Fact<Countries>,
    /// Verified proof of address, at most one country; an empty set is "gave none".
    pub address_proof: Fact<Countries>,
    /// Confirmed listings.
    pub listed: Fact<Listings>,
    /// What the client does with the custodian.
    pub activity: Fact<Activities>,
    /// Value of all crypto-assets.
    pub crypto: Fact<Amount>,
    /// Value of all deposits.
    pub deposits: Fact<Amount>,
}
