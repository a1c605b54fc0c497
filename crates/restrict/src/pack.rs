//! Packs: rules as dated data, read strictly, kept with their digest.
//!
//! A [`Pack`] is a proof that the document is well formed and that its lint found no fault: no two versions of a rule on one day, no gap that
//! nobody declared, no exemption and no group of people that can never matter.

pub mod lint;
mod read;
mod satisfy;
mod yaml;

use core::fmt;

use countersign_core::digest;
use countersign_core::id::Digest;
use countersign_core::named_enum;
use countersign_core::time::Date;

pub use countersign_core::restriction::Effect;

use crate::amount::Amount;
use crate::client::{Activities, FactName, Issuers, Person};
use crate::countries::Countries;

/// Longest pack in bytes.
pub const MAX_LEN: usize = 256 * 1024;
/// Domain of a pack's digest, and the value of its member `format`.
pub const FORMAT: &str = "countersign/restrict-pack/v1";

/// A pack without faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    document: Document,
    digest: Digest,
}

/// What a pack says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Short name.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// Law, or what a firm announced.
    pub kind: Kind,
    /// What a reader must know before using it.
    pub notice: String,
    /// Licence of the pack's own words.
    pub licence: String,
    /// How the pack came about.
    pub generator: String,
    /// Sources by the names that versions use.
    pub sources: Vec<(String, String)>,
    /// Rules in the order of the document.
    pub rules: Vec<Rule>,
    /// What belongs to the subject and is not in the pack, with the reason.
    pub not_included: Vec<String>,
}

/// One rule through time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Such as `eu.5b.2`.
    pub id: String,
    /// Where it stands.
    pub act: String,
    /// Whom it binds.
    pub obliged: String,
    /// Versions in the order of the document.
    pub versions: Vec<Version>,
}

/// One version of a rule: in force from a day on, until a day or until further notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Rule and version, such as `eu.5b.2/v1`.
    pub id: String,
    /// First day.
    pub valid_from: Date,
    /// Last day.
    pub valid_to: Option<Date>,
    /// Why the rule was not in force before this version although an earlier one existed.
    pub after_gap: Option<String>,
    /// Day of adoption.
    pub adopted: Option<Date>,
    /// The act that brought this version.
    pub amending_act: Option<String>,
    /// What is prohibited, in words.
    pub prohibits: String,
    /// Names of sources.
    pub sources: Vec<String>,
    /// How sure the wording is.
    pub certainty: Certainty,
    /// What is less sure than that.
    pub uncertain: Vec<String>,
    /// Day on which a person compared it with the official journal; `None`: nobody did.
    pub verified_against_official_journal: Option<Date>,
    /// The groups of people it covers.
    pub who: Vec<Clause>,
    /// The groups it spares.
    pub exempt: Vec<Clause>,
    /// The activities it concerns; empty: every client, whatever they do.
    pub activity: Activities,
    /// Only above this value.
    pub threshold: Option<Threshold>,
    /// What becomes of the account.
    pub effect: Effect,
    /// What older positions keep, in words: for people, not evaluated.
    pub grandfathering: Option<String>,
    /// What an authority may allow, in words: for people, not evaluated.
    pub derogation: Option<String>,
    /// What the sources leave open.
    pub open_questions: Vec<String>,
}

/// A group of people: whoever meets all conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// At least one; about different facts.
    pub conditions: Vec<Condition>,
}

/// One condition on one fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// On a fact that is a set of countries.
    Country {
        /// The fact.
        about: About,
        /// `false`: one of them is among `countries`; `true`: there is one, and it is not.
        outside: bool,
        /// The countries, groups resolved.
        countries: Countries,
        /// As written: codes and names of groups.
        written: String,
    },
    /// Listed by one of them on the day.
    Listed(Issuers),
}

named_enum! {
    /// Facts that are sets of countries.
    About, "a fact about countries" {
        /// Of natural persons.
        Nationality = "nationality",
        /// Of natural persons, one.
        Residence = "residence",
        /// Of natural persons.
        Permit = "permit",
        /// Of legal persons, one.
        Establishment = "establishment",
        /// Of legal persons.
        MajorityOwners = "majority_owners",
        /// Of anybody, at most one.
        AddressProof = "address_proof",
    }
}

/// A value that must be exceeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// Strictly more than this.
    pub more_than: Amount,
    /// Three capital letters of ISO 4217.
    pub currency: Currency,
    /// Of which value.
    pub of: Holding,
}

/// A currency by its code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
// INVARIANT: three capital ASCII letters.
pub struct Currency([u8; 3]);

named_enum! {
    /// The values that thresholds speak of.
    Holding, "`crypto` or `deposits`" {
        /// All crypto-assets of the client with the custodian.
        Crypto = "crypto",
        /// All deposits of the client with the custodian.
        Deposits = "deposits",
    }
}

named_enum! {
    /// What a pack is.
    Kind, "`law` or `notice`" {
        /// Rules of law, in our own words.
        Law = "law",
        /// What a firm announced.
        Notice = "notice",
    }
}

named_enum! {
    /// How sure the wording of a version is.
    Certainty, "`primary-text`, `secondary` or `memory`" {
        /// A consolidated legal text was read.
        PrimaryText = "primary-text",
        /// A law firm, an authority's question list or the press quotes the text.
        Secondary = "secondary",
        /// No text was at hand.
        Memory = "memory",
    }
}

/// Why bytes are no pack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Not the format.
    #[error("line {line}: {path}{reason}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Where in the document, with a colon, or nothing.
        path: String,
        /// What is wrong, and what to write.
        reason: String,
    },
    /// The format, but rules that cannot be meant so.
    #[error("{} found by the lint; the first: {}", count(.0.len(), "fault"), .0.first().map_or_else(String::new, ToString::to_string))]
    Faulty(Vec<lint::Finding>),
}

impl Pack {
    /// Reads a pack and refuses one with faults.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PackError> {
        let document = Document::read(bytes)?;
        let faults: Vec<_> = lint::findings(&document).into_iter().filter(lint::Finding::is_fault).collect();
        if faults.is_empty() {
            Ok(Self { document, digest: pack_digest(bytes) })
        } else {
            Err(PackError::Faulty(faults))
        }
    }

    /// What it says.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The digest of its exact bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl Document {
    /// Reads a document without asking whether its rules can be meant so.
    ///
    /// # Errors
    /// [`PackError::Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, PackError> {
        read::document(bytes)
    }

    /// All versions with their rules, in the order of the document.
    pub fn versions(&self) -> impl Iterator<Item = (&Rule, &Version)> {
        self.rules.iter().flat_map(|rule| rule.versions.iter().map(move |version| (rule, version)))
    }
}

/// Digest of the exact bytes of a pack.
#[must_use]
pub fn pack_digest(bytes: &[u8]) -> Digest {
    digest::parts(FORMAT, &[bytes])
}

impl Version {
    /// Whether the version is in force on that day.
    #[must_use]
    pub fn covers(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }
}

impl About {
    /// The kind of person that alone can have this fact.
    #[must_use]
    pub fn only_of(self) -> Option<Person> {
        match self {
            Self::Nationality | Self::Residence | Self::Permit => Some(Person::Natural),
            Self::Establishment | Self::MajorityOwners => Some(Person::Legal),
            Self::AddressProof => None,
        }
    }

    /// Whether a client has at most one of it.
    #[must_use]
    pub fn is_single(self) -> bool {
        matches!(self, Self::Residence | Self::Establishment | Self::AddressProof)
    }

    /// The fact's name.
    #[must_use]
    pub fn fact(self) -> FactName {
        match self {
            Self::Nationality => FactName::Nationality,
            Self::Residence => FactName::Residence,
            Self::Permit => FactName::Permit,
            Self::Establishment => FactName::Establishment,
            Self::MajorityOwners => FactName::MajorityOwners,
            Self::AddressProof => FactName::AddressProof,
        }
    }
}

impl Holding {
    /// The fact's name.
    #[must_use]
    pub fn fact(self) -> FactName {
        match self {
            Self::Crypto => FactName::Crypto,
            Self::Deposits => FactName::Deposits,
        }
    }
}

impl Currency {
    /// Reads three capital letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        <[u8; 3]>::try_from(text.as_bytes()).ok().filter(|code| code.iter().all(u8::is_ascii_uppercase)).map(Self)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country { about, outside, written, .. } => {
                write!(f, "{about} {} {{{written}}}", if *outside { "outside" } else { "in" })
            }
            Self::Listed(issuers) => write!(f, "listed by {{{issuers}}}"),
        }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, condition) in self.conditions.iter().enumerate() {
            write!(f, "{}{condition}", if at == 0 { "" } else { " and " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {}", self.more_than, self.currency, self.of)
    }
}

/// `1 fault`, `2 faults`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
