//! Counts by decision, country, band of value and rule version.

use std::collections::BTreeMap;

use countersign_core::country::Country;
use countersign_core::named_enum;

use super::index;
use crate::amount::Amount;
use crate::client::{Fact, Facts};
use crate::countries::Countries;
use crate::evaluate::{Decision, InForce, Judgement, Outcome, Verdict};
use crate::population::Client;

/// Clients by decision, in the order of [`Decision::ALL`].
pub type Decisions = [u64; Decision::ALL.len()];

named_enum! {
    /// Bands of the value of a client's crypto-assets, in the currency of the valuation.
    Band, "a band" {
        /// Nothing.
        Nothing = "0",
        /// More than nothing.
        Hundred = "to 100",
        /// More than 100.
        Thousand = "to 1000",
        /// More than 1,000.
        TenThousand = "to 10000",
        /// More than 10,000.
        HundredThousand = "to 100000",
        /// More than 100,000.
        More = "more",
        /// Not known.
        Unknown = "unknown",
    }
}

/// What was counted under one pack.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Clients judged.
    pub clients: u64,
    /// By decision.
    pub decisions: Decisions,
    /// By country of residence, or of establishment; `None`: unknown.
    pub countries: BTreeMap<Option<Country>, Decisions>,
    /// By band of value.
    pub bands: BTreeMap<Band, Decisions>,
    /// For each version in force, how many clients had which verdict.
    pub versions: Vec<(String, VersionCounts)>,
    /// Clients whom a blanket rule (the groups alone, without exemptions, activities, thresholds) would restrict.
    pub blanket: u64,
    /// Of those, how many the rules neither restrict nor ask.
    pub spared: u64,
    /// Clients of whom facts are missing.
    pub asked: Noted,
    /// Restricted clients of whom another rule still asks something.
    pub restricted_and_asked: u64,
}

/// Verdicts of one version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionCounts {
    /// In none of its groups.
    pub not_covered: u64,
    /// Covered, but doing something else.
    pub other_activity: u64,
    /// Covered, but not above the threshold.
    pub not_above: u64,
    /// Exempt.
    pub exempt: u64,
    /// Facts are missing.
    pub ask: u64,
    /// Restricted.
    pub restricted: u64,
}

/// A count, and the first few things counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// How many.
    pub count: u64,
    /// The first of them, in words.
    pub first: Vec<String>,
}

/// Most examples that are kept.
const MOST_NOTED: usize = 100;

impl Noted {
    pub(crate) fn note(&mut self, text: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < MOST_NOTED {
            self.first.push(text());
        }
    }
}

impl Tally {
    pub(crate) fn of(rules: &InForce<'_>) -> Self {
        Self {
            clients: 0,
            decisions: Decisions::default(),
            countries: BTreeMap::new(),
            bands: BTreeMap::new(),
            versions: rules.versions().iter().map(|version| (version.id.clone(), VersionCounts::default())).collect(),
            blanket: 0,
            spared: 0,
            asked: Noted::default(),
            restricted_and_asked: 0,
        }
    }

    /// Judges and counts one client.
    pub(crate) fn count(&mut self, rules: &InForce<'_>, client: &Client<'_>) -> Outcome {
        let versions = &mut self.versions;
        let counted = rules.judge(&client.facts).zip(versions.iter_mut()).map(|(judgement, (_, counts))| {
            counts.count(&judgement);
            judgement
        });
        let outcome = Outcome::of(counted);
        let at = index(outcome.decision);
        let of_country = self.countries.entry(home(&client.facts)).or_default();
        let of_band = self.bands.entry(Band::of(&client.facts.crypto)).or_default();
        for decisions in [&mut self.decisions, of_country, of_band] {
            if let Some(count) = decisions.get_mut(at) {
                *count += 1;
            }
        }
        self.clients += 1;
        self.blanket += u64::from(outcome.covered);
        self.spared += u64::from(outcome.covered && outcome.decision < Decision::Ask);
        self.restricted_and_asked += u64::from(outcome.decision.is_restricted() && !outcome.missing.is_empty());
        if outcome.decision == Decision::Ask {
            self.asked.note(|| format!("line {}, `{}`: ask for {}", client.line, client.account, outcome.missing));
        }
        outcome
    }

    /// Clients restricted by any effect.
    #[must_use]
    pub fn restricted(&self) -> u64 {
        Decision::ALL
            .iter()
            .zip(&self.decisions)
            .filter(|(decision, _)| decision.is_restricted())
            .map(|(_, count)| count)
            .sum()
    }
}

impl VersionCounts {
    fn count(&mut self, judgement: &Judgement<'_>) {
        let place = match judgement.verdict {
            Verdict::NotCovered => &mut self.not_covered,
            Verdict::OtherActivity => &mut self.other_activity,
            Verdict::NotAbove => &mut self.not_above,
            Verdict::Exempt(_) => &mut self.exempt,
            Verdict::Ask(_) => &mut self.ask,
            Verdict::Restrict(_) => &mut self.restricted,
        };
        *place += 1;
    }
}

impl Band {
    fn of(value: &Fact<Amount>) -> Self {
        let Some(value) = value.known() else { return Self::Unknown };
        let up_to = |limit: u64| Amount::whole(limit).is_some_and(|limit| *value <= limit);
        match () {
            () if up_to(0) => Self::Nothing,
            () if up_to(100) => Self::Hundred,
            () if up_to(1_000) => Self::Thousand,
            () if up_to(10_000) => Self::TenThousand,
            () if up_to(100_000) => Self::HundredThousand,
            () => Self::More,
        }
    }
}

/// Residence, or establishment.
fn home(facts: &Facts) -> Option<Country> {
    let first = |fact: &Fact<Countries>| fact.known().and_then(Countries::first);
    first(&facts.residence).or_else(|| first(&facts.establishment))
}
