//! The report of a simulation, as text and as a drawing.

use core::fmt::{self, Write as _};

use super::svg;
use super::tally::{Decisions, Noted, Tally};
use super::{Counted, index};
use crate::evaluate::{Decision, InForce};
use crate::prices::Valuation;

/// Most examples that the text shows of one kind.
const MOST_SHOWN: usize = 5;
/// Most bad rows that the text shows.
const MOST_BAD_SHOWN: usize = 100;

/// What a simulation found. Its text has no clock in it: the same population and packs give the same bytes.
#[derive(Clone, Debug)]
pub struct Report {
    first: Heading,
    other: Option<Heading>,
    valuation: Option<String>,
    counted: Counted,
}

/// Which pack on which day.
#[derive(Clone, Debug)]
struct Heading {
    title: String,
    name: String,
    kind: &'static str,
    day: String,
    digest: String,
    verified: bool,
}

impl Heading {
    fn of(rules: &InForce<'_>) -> Self {
        let document = rules.pack().document();
        Self {
            title: document.title.clone(),
            name: document.name.clone(),
            kind: document.kind.as_str(),
            day: rules.day().to_string(),
            digest: rules.pack().digest().to_hex(),
            verified: rules.versions().iter().all(|version| version.verified_against_official_journal.is_some()),
        }
    }
}

impl Report {
    pub(super) fn new(
        rules: &InForce<'_>,
        other: Option<&InForce<'_>>,
        valuation: Option<&Valuation>,
        counted: Counted,
    ) -> Self {
        let valuation = valuation.map(ToString::to_string);
        Self { first: Heading::of(rules), other: other.map(Heading::of), valuation, counted }
    }

    /// What the first pack came to.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.counted.tally
    }

    /// What the other pack came to.
    #[must_use]
    pub fn other(&self) -> Option<&Tally> {
        self.counted.other.as_ref()
    }

    /// Rows that were judged by nobody.
    #[must_use]
    pub fn bad_rows(&self) -> &Noted {
        &self.counted.bad
    }

    /// Clients that one rule freezes and another, of either pack, closes and returns.
    #[must_use]
    pub fn contradictions(&self) -> &Noted {
        &self.counted.contradictions
    }

    /// Clients restricted by the first pack and not by the other, and the other way round.
    #[must_use]
    pub fn differences(&self) -> (&Noted, &Noted) {
        (&self.counted.only_first, &self.counted.only_other)
    }

    /// Clients by decision of the first pack and decision of the other.
    #[must_use]
    pub fn both(&self, first: Decision, other: Decision) -> u64 {
        self.counted.matrix.get(index(first)).and_then(|row| row.get(index(other))).copied().unwrap_or_default()
    }

    /// Bars for each decision, under one pack or two: a drawing that needs no colours.
    #[must_use]
    pub fn svg(&self) -> String {
        let title = |heading: &Heading| format!("{} on {}", heading.name, heading.day);
        let second = self.other.as_ref().zip(self.counted.other.as_ref());
        let mut series = vec![(title(&self.first), self.counted.tally.decisions)];
        series.extend(second.map(|(heading, tally)| (title(heading), tally.decisions)));
        svg::draw(&series, &Decision::ALL.map(Decision::as_str))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = &self.counted;
        heading(f, "pack", &self.first)?;
        if let Some(other) = &self.other {
            heading(f, "against", other)?;
        }
        if let Some(valuation) = &self.valuation {
            writeln!(f, "values   {valuation}")?;
        }
        writeln!(f, "clients  {} judged, {} rows not usable\n", counted.tally.clients, counted.bad.count)?;
        tally(f, &self.first.name, &counted.tally)?;
        if let (Some(heading), Some(other)) = (&self.other, &counted.other) {
            writeln!(f)?;
            tally(f, &heading.name, other)?;
            writeln!(f)?;
            self.differ(f, heading)?;
        }
        writeln!(f)?;
        table(
            f,
            "by country of residence",
            counted.tally.countries.iter().map(|(country, decisions)| {
                (country.map_or_else(|| "unknown".into(), |country| country.to_string()), decisions)
            }),
        )?;
        writeln!(f)?;
        table(
            f,
            "by value of crypto-assets",
            counted.tally.bands.iter().map(|(band, decisions)| (band.to_string(), decisions)),
        )?;
        noted(f, "contradictions", &counted.contradictions, MOST_SHOWN)?;
        noted(f, "facts are missing", &counted.tally.asked, MOST_SHOWN)?;
        noted(f, "rows not usable", &counted.bad, MOST_BAD_SHOWN)?;
        writeln!(f, "\nnothing was applied")
    }
}

impl Report {
    fn differ(&self, f: &mut fmt::Formatter<'_>, other: &Heading) -> fmt::Result {
        let counted = &self.counted;
        let words = match (self.first.kind, other.kind) {
            ("law", "notice") => "notice versus law",
            ("notice", "law") => "law versus notice",
            _ => "the two packs compared",
        };
        let both = || {
            let restricted = || Decision::ALL.into_iter().filter(|decision| decision.is_restricted());
            restricted().flat_map(move |first| restricted().map(move |other| (first, other)))
        };
        let together: u64 = both().map(|(first, other)| self.both(first, other)).sum();
        let harder: u64 =
            both().filter(|(first, other)| other > first).map(|(first, other)| self.both(first, other)).sum();
        let softer: u64 =
            both().filter(|(first, other)| other < first).map(|(first, other)| self.both(first, other)).sum();
        writeln!(f, "{words}")?;
        writeln!(
            f,
            "  restricted by both           {together:>9}   of these harder under {}: {harder}, softer: {softer}",
            other.name
        )?;
        writeln!(f, "  only by {:<20} {:>9}", self.first.name, counted.only_first.count)?;
        examples(f, &counted.only_first, MOST_SHOWN)?;
        writeln!(f, "  only by {:<20} {:>9}", other.name, counted.only_other.count)?;
        examples(f, &counted.only_other, MOST_SHOWN)
    }
}

fn heading(f: &mut fmt::Formatter<'_>, label: &str, heading: &Heading) -> fmt::Result {
    writeln!(f, "{label:<8} {} ({}), on {}", heading.title, heading.kind, heading.day)?;
    let verified = if heading.verified { "" } else { "; NOT verified against the official journal" };
    writeln!(f, "         {} {}{verified}", heading.name, heading.digest)
}

fn tally(f: &mut fmt::Formatter<'_>, name: &str, tally: &Tally) -> fmt::Result {
    writeln!(f, "{name}")?;
    writeln!(f, "  restricted                   {:>9}", tally.restricted())?;
    for (decision, count) in Decision::ALL.iter().zip(&tally.decisions).filter(|(_, count)| **count > 0) {
        let indent = if decision.is_restricted() { "    " } else { "  " };
        writeln!(f, "{:<31}{count:>9}", format!("{indent}{}", decision.as_str()))?;
    }
    writeln!(f, "  a blanket rule would hit     {:>9}", tally.blanket)?;
    writeln!(f, "  spared by the exact rule     {:>9}", tally.spared)?;
    if tally.restricted_and_asked > 0 {
        writeln!(f, "  restricted, and facts missing{:>9}", tally.restricted_and_asked)?;
    }
    writeln!(f, "  rule version                restricted    ask  exempt  not above  other activity  not covered")?;
    for (id, counts) in &tally.versions {
        writeln!(
            f,
            "  {id:<28}{:>10}{:>7}{:>8}{:>11}{:>16}{:>13}",
            counts.restricted, counts.ask, counts.exempt, counts.not_above, counts.other_activity, counts.not_covered
        )?;
    }
    Ok(())
}

fn table<'t>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    rows: impl Iterator<Item = (String, &'t Decisions)>,
) -> fmt::Result {
    let mut head = format!("{title:<28}");
    for decision in Decision::ALL {
        write!(head, "{:>18}", decision.as_str())?;
    }
    writeln!(f, "{head}")?;
    for (name, decisions) in rows {
        write!(f, "  {name:<26}")?;
        for count in decisions {
            write!(f, "{count:>18}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}

fn noted(f: &mut fmt::Formatter<'_>, title: &str, noted: &Noted, most: usize) -> fmt::Result {
    if noted.count == 0 {
        return Ok(());
    }
    writeln!(f, "\n{title}: {}", noted.count)?;
    examples(f, noted, most)
}

fn examples(f: &mut fmt::Formatter<'_>, noted: &Noted, most: usize) -> fmt::Result {
    for text in noted.first.iter().take(most) {
        writeln!(f, "    {text}")?;
    }
    let left = noted.count.saturating_sub(noted.first.len().min(most) as u64);
    if left > 0 { writeln!(f, "    and {left} more") } else { Ok(()) }
}
