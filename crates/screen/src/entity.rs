//! A listed person, firm or ship, as the lists describe it.

use serde::{Deserialize, Serialize};

use crate::date::StatedDate;
use crate::designation::Designation;
use crate::territory::Territory;

/// What kind of thing is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A natural person.
    Person,
    /// A firm, organisation or body.
    Organisation,
    /// A ship.
    Vessel,
    /// An aircraft.
    Aircraft,
    /// A crypto wallet, security or other asset.
    Asset,
    /// The source does not say.
    Unknown,
}

impl Kind {
    /// Whether a client of kind `self` can be a listed thing of kind `other`. Lists file firms under "entity" and ships under "asset", so
    /// only a person is kept apart from what cannot be one.
    pub fn may_be(self, other: Self) -> bool {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => true,
            (Self::Person, other) | (other, Self::Person) => other == Self::Person,
            (Self::Vessel | Self::Aircraft | Self::Asset, Self::Organisation)
            | (Self::Organisation, Self::Vessel | Self::Aircraft) => false,
            _ => true,
        }
    }

    /// The schema of FollowTheMoney nearest to it.
    pub fn schema(self) -> &'static str {
        match self {
            Self::Person => "Person",
            Self::Organisation => "Organization",
            Self::Vessel => "Vessel",
            Self::Aircraft => "Airplane",
            Self::Asset => "Asset",
            Self::Unknown => "LegalEntity",
        }
    }

    /// The kind of a FollowTheMoney schema.
    pub fn from_schema(schema: &str) -> Option<Self> {
        Some(match schema {
            "Person" => Self::Person,
            "Organization" | "Company" | "PublicBody" => Self::Organisation,
            "Vessel" => Self::Vessel,
            "Airplane" => Self::Aircraft,
            "Asset" | "CryptoWallet" | "Security" | "Vehicle" => Self::Asset,
            "LegalEntity" | "Thing" => Self::Unknown,
            _ => return None,
        })
    }
}

/// How much a source says that a name identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameQuality {
    /// The name under which it is listed.
    Primary,
    /// A name also used.
    Alias,
    /// A name used before.
    Previous,
    /// A name the source itself calls of low quality: nicknames, noms de guerre.
    Weak,
}

/// One name of an entity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    /// As printed, cleaned of invisible characters; `LAST, First` of OFAC is turned to `First LAST`.
    pub text: String,
    /// The source's word on it.
    pub quality: NameQuality,
    /// The words of `text` that the source says are the family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
}

impl Name {
    /// A name without known parts.
    pub fn new(text: String, quality: NameQuality) -> Self {
        Self { text, quality, family: None }
    }
}

/// Male or female, as stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    /// Male.
    Male,
    /// Female.
    Female,
}

impl Gender {
    /// Reads `male`, `Female`, `m`, `f`.
    pub fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "male" | "m" | "man" => Some(Self::Male),
            "female" | "f" | "woman" => Some(Self::Female),
            _ => None,
        }
    }
}

/// One listed entity with everything one source says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Unique within the source, made from the source's own id.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// All names; the first is the primary one.
    pub names: Vec<Name>,
    /// Birth dates, or days of founding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<StatedDate>,
    /// Nationalities and other territories it is tied to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub territories: Vec<Territory>,
    /// Stated gender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// Passports, tax numbers, wallets and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<crate::identifier::Identifier>,
    /// Who listed it, under which act.
    pub designations: Vec<Designation>,
}

impl Entity {
    /// Gives back the room for more that reading left behind, before it is kept for long.
    pub(crate) fn shrink(&mut self) {
        let Self { id, kind: _, names, dates, territories, gender: _, identifiers, designations } = self;
        id.shrink_to_fit();
        for Name { text, quality: _, family } in &mut *names {
            text.shrink_to_fit();
            family.iter_mut().for_each(String::shrink_to_fit);
        }
        identifiers.iter_mut().for_each(|identifier| identifier.value.shrink_to_fit());
        designations.iter_mut().for_each(Designation::shrink);
        names.shrink_to_fit();
        dates.shrink_to_fit();
        territories.shrink_to_fit();
        identifiers.shrink_to_fit();
        designations.shrink_to_fit();
    }

    /// The name to print.
    pub fn caption(&self) -> &str {
        self.names.first().map_or("(no name)", |name| &name.text)
    }
}
