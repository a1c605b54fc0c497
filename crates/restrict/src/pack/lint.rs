//! The lint: what a pack cannot mean, and what its reader must know.
//!
//! Faults make a pack unusable. Reachability is decided by a complete search (`satisfy`), not by a pattern: a group is reported exactly
//! when no client can exist whom it changes something for.

use core::fmt;

use countersign_core::time::{DAY, Date};

use super::satisfy::possible;
use super::{Clause, Document, Rule, Version, count};

/// One thing the lint found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    place: String,
    problem: Problem,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Fault: two versions of the rule are in force on the same day.
    Overlap {
        /// The other version.
        with: String,
        /// The first such day.
        on: Date,
    },
    /// Fault: the rule lapses before this version, and nobody says why.
    Gap {
        /// First day without the rule.
        from: Date,
        /// Last day without the rule.
        to: Date,
    },
    /// Fault: `after_gap` where the versions follow without a gap.
    NoGap,
    /// Fault: nobody the rule covers can decide by this exemption: it meets nobody, or only people whom others spare.
    UselessExemption(String),
    /// Fault: everybody of this group is spared, or belongs to another group as well.
    UselessGroup(String),
    /// Remark: the version was not compared with the official journal.
    Unverified(String),
    /// Remark: questions that the sources leave open.
    OpenQuestions(Vec<String>),
    /// Remark: a source that no version names.
    UnusedSource(String),
}

impl Finding {
    /// Whether it makes the pack unusable.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        !matches!(self.problem, Problem::Unverified(_) | Problem::OpenQuestions(_) | Problem::UnusedSource(_))
    }

    /// Where: a version, or the pack.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What it is.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match &self.problem {
            Problem::Overlap { with, on } => write!(f, "is in force together with `{with}` on {on}"),
            Problem::Gap { from, to } => {
                write!(
                    f,
                    "leaves the rule out of force from {from} to {to}; say why with `after_gap`, or mend the days"
                )
            }
            Problem::NoGap => f.write_str("has `after_gap`, but there is no gap before it"),
            Problem::UselessExemption(clause) => {
                write!(f, "the exemption `{clause}` spares nobody whom the rule covers and no other exemption spares")
            }
            Problem::UselessGroup(clause) => {
                write!(f, "the group `{clause}` adds nobody: everybody in it is exempt or in another group")
            }
            Problem::Unverified(certainty) => {
                write!(f, "not verified against the official journal (wording: {certainty})")
            }
            Problem::OpenQuestions(questions) => {
                write!(f, "{}: {}", count(questions.len(), "open question"), questions.join("; "))
            }
            Problem::UnusedSource(source) => write!(f, "the source `{source}` is named by no version"),
        }
    }
}

/// Everything the lint finds, in the order of the document.
#[must_use]
pub fn findings(document: &Document) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in &document.rules {
        in_time(rule, &mut found);
        for version in &rule.versions {
            groups(version, &mut found);
            remarks(version, &mut found);
        }
    }
    for (source, _) in &document.sources {
        if !document.versions().any(|(_, version)| version.sources.contains(source)) {
            found.push(Finding { place: document.name.clone(), problem: Problem::UnusedSource(source.clone()) });
        }
    }
    found
}

/// Overlaps and gaps between the versions of one rule.
fn in_time(rule: &Rule, found: &mut Vec<Finding>) {
    let mut versions: Vec<&Version> = rule.versions.iter().collect();
    versions.sort_by_key(|version| version.valid_from);
    // The last day of the rule so far; `None` before the first version, `Some(None)` when it never ends.
    let mut until: Option<Option<Date>> = None;
    for (at, version) in versions.iter().enumerate() {
        for earlier in versions.iter().take(at).filter(|earlier| earlier.covers(version.valid_from)) {
            let problem = Problem::Overlap { with: earlier.id.clone(), on: version.valid_from };
            found.push(Finding { place: version.id.clone(), problem });
        }
        let gap = until.flatten().map(next_day).filter(|first| *first < version.valid_from);
        let problem = match (gap, &version.after_gap) {
            (Some(from), None) => Some(Problem::Gap { from, to: day_before(version.valid_from) }),
            (None, Some(_)) => Some(Problem::NoGap),
            _ => None,
        };
        found.extend(problem.map(|problem| Finding { place: version.id.clone(), problem }));
        until = Some(match (until, version.valid_to) {
            (Some(None), _) | (_, None) => None,
            (Some(Some(last)), Some(own)) => Some(last.max(own)),
            (None, own) => own,
        });
    }
}

/// Groups and exemptions that can never matter.
fn groups(version: &Version, found: &mut Vec<Finding>) {
    let (who, exempt) = (refs(&version.who), refs(&version.exempt));
    for (at, clause) in exempt.iter().enumerate() {
        let others = except(&exempt, at);
        if !who.iter().any(|group| possible(&[group, clause], &others)) {
            found.push(Finding { place: version.id.clone(), problem: Problem::UselessExemption(clause.to_string()) });
        }
    }
    for (at, clause) in who.iter().enumerate() {
        let others: Vec<&Clause> = except(&who, at).into_iter().chain(exempt.iter().copied()).collect();
        if !possible(&[clause], &others) {
            found.push(Finding { place: version.id.clone(), problem: Problem::UselessGroup(clause.to_string()) });
        }
    }
}

fn remarks(version: &Version, found: &mut Vec<Finding>) {
    let mut remark = |problem| found.push(Finding { place: version.id.clone(), problem });
    if version.verified_against_official_journal.is_none() {
        let mut certainty = version.certainty.to_string();
        for part in &version.uncertain {
            certainty.push_str("; ");
            certainty.push_str(part);
        }
        remark(Problem::Unverified(certainty));
    }
    if !version.open_questions.is_empty() {
        remark(Problem::OpenQuestions(version.open_questions.clone()));
    }
}

fn refs(clauses: &[Clause]) -> Vec<&Clause> {
    clauses.iter().collect()
}

fn except<'p>(clauses: &[&'p Clause], left_out: usize) -> Vec<&'p Clause> {
    clauses.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, clause)| *clause).collect()
}

fn next_day(day: Date) -> Date {
    day.start().plus(DAY).date()
}

fn day_before(day: Date) -> Date {
    day.start().plus(-DAY).date()
}
