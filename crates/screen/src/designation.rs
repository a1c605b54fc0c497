//! Who lists whom: one issuer's designation of one entity, under one act, in force for a time and seen by us for a time.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::date::PartialDate;
use crate::programme;

/// On what the issuer rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The Security Council, or an act that carries its list out.
    UnMandate,
    /// The issuer's own decision.
    Autonomous,
    /// An answer to somebody else's sanctions.
    Counter,
    /// A criminal or terrorism list of one state.
    Criminal,
    /// A notice to find a wanted person.
    RedNotice,
}

impl Basis {
    /// Whether it may only go to a queue of its own, where people decide, and never to an automatic restriction.
    pub fn needs_people(self) -> bool {
        matches!(self, Self::Counter | Self::Criminal | Self::RedNotice)
    }
}

/// One listing. Two times run in it: what the issuer says (`listed_on` to `delisted_on`), and when we saw it (`seen_from` to `seen_to`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Designation {
    /// Key of the issuer in the table of issuers, such as `us_ofac`.
    pub issuer: String,
    /// Its territory: a lower-case code, `eu`, or `zz` for bodies above states.
    pub jurisdiction: String,
    /// Key of the programme, such as `EU-LBY`, or the source's own code where the table has none.
    pub programme: String,
    /// The act: a CELEX number, an executive order, a resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// Annex or section of the act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annex: Option<String>,
    /// Number of the entry in the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// `Asset freeze`, `Travel ban` and so on, in the source's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<String>,
    /// On what it rests.
    pub basis: Basis,
    /// The day the issuer gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed_on: Option<PartialDate>,
    /// The day on which it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delisted_on: Option<PartialDate>,
    /// Why, in the issuer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The issuer whose listing this one only carries out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transposes: Option<Transposed>,
    /// The update in which we first saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_from: Option<Timestamp>,
    /// The update in which it was gone or different.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_to: Option<Timestamp>,
}

/// The listing that another one carries out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Transposed {
    /// Issuer of the first listing.
    pub issuer: String,
    /// Its entity.
    pub entity: String,
}

impl Designation {
    /// A designation of a programme, with issuer and basis from the table; a code that no table knows belongs to `issuer`.
    pub fn of_programme(code: &str, issuer: &str) -> Self {
        let row = programme::find(code, issuer);
        let issuer = row.map_or(issuer, |row| row.issuer);
        Self {
            issuer: issuer.to_owned(),
            jurisdiction: programme::territory_of(issuer).to_owned(),
            programme: row.map_or_else(|| code.to_owned(), |row| row.key.to_owned()),
            act: None,
            annex: None,
            entry: None,
            measures: Vec::new(),
            basis: row.map_or(Basis::Autonomous, programme::Programme::basis),
            listed_on: None,
            delisted_on: None,
            reason: None,
            transposes: None,
            seen_from: None,
            seen_to: None,
        }
    }

    /// Whether it has effect: not delisted, and standing in the list we saw last.
    pub fn is_live(&self) -> bool {
        self.delisted_on.is_none() && self.seen_to.is_none()
    }

    /// Whether we held it for true at `time`.
    pub fn was_seen_at(&self, time: Timestamp) -> bool {
        self.seen_from.is_none_or(|from| from <= time) && self.seen_to.is_none_or(|to| time < to)
    }

    /// The texts that it holds.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &String> {
        let root = self.transposes.iter().flat_map(|root| [&root.issuer, &root.entity]);
        let optional = [&self.act, &self.annex, &self.entry, &self.reason].into_iter().flatten();
        [&self.issuer, &self.jurisdiction, &self.programme]
            .into_iter()
            .chain(optional)
            .chain(&self.measures)
            .chain(root)
    }

    /// Gives back the room for more that reading left behind.
    pub(crate) fn shrink(&mut self) {
        let root = self.transposes.iter_mut().flat_map(|root| [&mut root.issuer, &mut root.entity]);
        let optional = [&mut self.act, &mut self.annex, &mut self.entry, &mut self.reason].into_iter().flatten();
        [&mut self.issuer, &mut self.jurisdiction, &mut self.programme]
            .into_iter()
            .chain(optional)
            .chain(&mut self.measures)
            .chain(root)
            .for_each(String::shrink_to_fit);
        self.measures.shrink_to_fit();
    }

    /// Equal in everything the issuer says.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let Self {
            issuer,
            jurisdiction,
            programme,
            act,
            annex,
            entry,
            measures,
            basis,
            listed_on,
            delisted_on,
            reason,
            transposes: _,
            seen_from: _,
            seen_to: _,
        } = self;
        (issuer, jurisdiction, programme) == (&other.issuer, &other.jurisdiction, &other.programme)
            && (act, annex, entry) == (&other.act, &other.annex, &other.entry)
            && (measures, basis, reason) == (&other.measures, &other.basis, &other.reason)
            && (listed_on, delisted_on) == (&other.listed_on, &other.delisted_on)
    }
}

/// The issuers that decided for themselves: a listing that carries out another issuer's counts as that issuer's.
pub fn independent_issuers<'a>(designations: impl IntoIterator<Item = &'a Designation>) -> BTreeSet<&'a str> {
    designations
        .into_iter()
        .filter(|designation| designation.is_live())
        .map(|designation| {
            designation.transposes.as_ref().map_or(designation.issuer.as_str(), |root| root.issuer.as_str())
        })
        .collect()
}

/// How many live listings rest on what.
pub fn by_basis<'a>(designations: impl IntoIterator<Item = &'a Designation>) -> BTreeMap<Basis, usize> {
    designations.into_iter().filter(|designation| designation.is_live()).fold(
        BTreeMap::new(),
        |mut counts, designation| {
            *counts.entry(designation.basis).or_default() += 1;
            counts
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposition_adds_no_issuer() {
        let un = Designation::of_programme("UN-SCISIL", "zz_unsc");
        let mut eu = Designation::of_programme("EU-TAQA-EUAQ", "eu_council");
        let us = Designation::of_programme("SDGT", "us_ofac");
        assert_eq!((us.issuer.as_str(), us.jurisdiction.as_str(), us.programme.as_str()), ("us_ofac", "us", "US-TERR"));
        assert_eq!(independent_issuers([&un, &eu, &us]).len(), 3);
        eu.transposes = Some(Transposed { issuer: "zz_unsc".into(), entity: "un-1".into() });
        assert_eq!(independent_issuers([&un, &eu, &us]), BTreeSet::from(["us_ofac", "zz_unsc"]));
    }

    #[test]
    fn a_delisting_ends_the_effect_and_keeps_the_record() {
        let mut listing = Designation::of_programme("EU-LBY", "eu_council");
        assert!(listing.is_live());
        let (before, after) = (Timestamp::from_unix(100).unwrap(), Timestamp::from_unix(200).unwrap());
        listing.seen_from = Some(before);
        listing.seen_to = Some(after);
        assert!(!listing.is_live());
        assert!(listing.was_seen_at(before) && !listing.was_seen_at(after));
        assert!(independent_issuers([&listing]).is_empty());
    }

    #[test]
    fn counter_sanctions_and_notices_go_to_people() {
        assert_eq!(Designation::of_programme("CN-CML", "cn_mfa").basis, Basis::Counter);
        assert_eq!(Designation::of_programme("INTERPOL-RN", "zz_icpo_interpol").basis, Basis::RedNotice);
        assert_eq!(Designation::of_programme("UN-SC1718", "zz_unsc").basis, Basis::UnMandate);
        assert!(Basis::Counter.needs_people() && Basis::RedNotice.needs_people() && !Basis::Autonomous.needs_people());
    }
}
