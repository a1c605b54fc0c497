//! What would happen if: a population counted under one pack, or under two. Nothing is applied.

mod report;
mod svg;
mod tally;

pub use report::Report;
pub use tally::{Band, Decisions, Noted, Tally, VersionCounts};

use crate::evaluate::{Decision, InForce, Outcome};
use crate::population::{BadRow, Client, Read};
use crate::prices::Valuation;

/// A simulation that takes one row after another, in memory that does not grow with them.
#[derive(Clone, Debug)]
pub struct Simulation<'p> {
    rules: InForce<'p>,
    other: Option<InForce<'p>>,
    valuation: Option<Valuation>,
    counted: Counted,
}

/// What was counted.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    pub(crate) tally: Tally,
    pub(crate) other: Option<Tally>,
    /// Clients by decision of the first pack, then of the other.
    pub(crate) matrix: [[u64; Decision::ALL.len()]; Decision::ALL.len()],
    pub(crate) only_first: Noted,
    pub(crate) only_other: Noted,
    /// Clients that a rule of one pack freezes and one of the other closes and returns.
    pub(crate) contradictions: Noted,
    pub(crate) bad: Noted,
}

/// Why packs and population do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSimulate {
    /// A threshold needs values whose origin is declared.
    #[error("`{version}` has a threshold: say by whose prices the values were found, and of which moment")]
    NoValuation {
        /// The version with the threshold.
        version: String,
    },
    /// Values and threshold are in different currencies.
    #[error("`{version}` has a threshold in {threshold}, the values are in {values}")]
    Currency {
        /// The version with the threshold.
        version: String,
        /// Its currency.
        threshold: String,
        /// The currency of the values.
        values: String,
    },
    /// The same pack twice on the same day.
    #[error("the two packs are the same on the same day")]
    SamePack,
}

/// Whether values found like this can be held against the thresholds in force.
///
/// # Errors
/// [`CannotSimulate`] when a threshold needs values and nobody said where they come from, or they are in another currency.
pub fn check_valuation(rules: &InForce<'_>, valuation: Option<&Valuation>) -> Result<(), CannotSimulate> {
    for version in rules.versions() {
        let Some(threshold) = &version.threshold else { continue };
        let version = version.id.clone();
        match valuation {
            None => return Err(CannotSimulate::NoValuation { version }),
            Some(valuation) if valuation.currency != threshold.currency => {
                let (threshold, values) = (threshold.currency.to_string(), valuation.currency.to_string());
                return Err(CannotSimulate::Currency { version, threshold, values });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

impl<'p> Simulation<'p> {
    /// Begins to count under `rules`, and beside it under `other`.
    ///
    /// # Errors
    /// [`CannotSimulate`].
    pub fn new(
        rules: InForce<'p>,
        other: Option<InForce<'p>>,
        valuation: Option<Valuation>,
    ) -> Result<Self, CannotSimulate> {
        for rules in other.iter().chain([&rules]) {
            check_valuation(rules, valuation.as_ref())?;
        }
        if other
            .as_ref()
            .is_some_and(|other| other.day() == rules.day() && other.pack().digest() == rules.pack().digest())
        {
            return Err(CannotSimulate::SamePack);
        }
        let counted = Counted {
            tally: Tally::of(&rules),
            other: other.as_ref().map(Tally::of),
            matrix: Default::default(),
            only_first: Noted::default(),
            only_other: Noted::default(),
            contradictions: Noted::default(),
            bad: Noted::default(),
        };
        Ok(Self { rules, other, valuation, counted })
    }

    /// Counts one row.
    pub fn take(&mut self, read: Read<'_>) {
        match read {
            Read::Client(client) => self.client(&client),
            Read::Bad(bad) => self.bad(&bad),
        }
    }

    fn client(&mut self, client: &Client<'_>) {
        let outcome = self.counted.tally.count(&self.rules, client);
        let by_other =
            self.other.as_ref().zip(self.counted.other.as_mut()).map(|(other, tally)| tally.count(other, client));
        if outcome.decision.is_restricted() || by_other.is_some_and(|other| other.decision.is_restricted()) {
            self.contradiction(client);
        }
        let Some(by_other) = by_other else { return };
        let cell =
            self.counted.matrix.get_mut(index(outcome.decision)).and_then(|row| row.get_mut(index(by_other.decision)));
        if let Some(cell) = cell {
            *cell += 1;
        }
        let place = |mine: Outcome, theirs: Outcome| {
            let missing =
                if theirs.missing.is_empty() { String::new() } else { format!(" (missing: {})", theirs.missing) };
            format!(
                "line {}, `{}`: {} here, {} there{missing}",
                client.line,
                client.account,
                mine.decision.as_str(),
                theirs.decision.as_str()
            )
        };
        match (outcome.decision.is_restricted(), by_other.decision.is_restricted()) {
            (true, false) => self.counted.only_first.note(|| place(outcome, by_other)),
            (false, true) => self.counted.only_other.note(|| place(by_other, outcome)),
            _ => {}
        }
    }

    /// Whether the two packs, or two rules of one, demand what cannot both be done.
    fn contradiction(&mut self, client: &Client<'_>) {
        let others = self.other.iter().filter(|other| other.pack().digest() != self.rules.pack().digest());
        let all = others.chain([&self.rules]).flat_map(|rules| rules.judge(&client.facts));
        if Outcome::of(all).contradiction {
            self.counted.contradictions.note(|| {
                let what =
                    "one rule freezes, another closes and returns; a person decides, and nothing is returned before";
                format!("line {}, `{}`: {what}", client.line, client.account)
            });
        }
    }

    fn bad(&mut self, bad: &BadRow) {
        self.counted.bad.note(|| bad.to_string());
    }

    /// The report on what was counted so far.
    #[must_use]
    pub fn report(self) -> Report {
        Report::new(&self.rules, self.other.as_ref(), self.valuation.as_ref(), self.counted)
    }
}

/// Position of a decision in tables.
pub(crate) fn index(decision: Decision) -> usize {
    Decision::ALL.iter().position(|known| *known == decision).unwrap_or_default()
}
