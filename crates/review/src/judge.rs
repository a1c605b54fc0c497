//! A pack decides its golden corpus again; what differs from what counsel wrote is a fault of one of the two.

use crate::corpus::{Case, Corpus, Expected};
use countersign_policy::{Bundle, Decision, propose, release};
use serde::Serialize;

/// How a decision is wrong. The first two are defects of equal weight and are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// What is to be answered is not permitted.
    FalseRefusal,
    /// What must not be released is permitted.
    WrongRelease,
    /// Permitted or not as written, but with another outcome, lane, reason or missing question.
    Different,
}

/// One decision of the corpus.
#[derive(Debug, Clone)]
pub struct Judged<'c> {
    /// The case.
    pub case: &'c Case,
    /// Name of the attempt to release; `None` is whether an order may be proposed.
    pub attempt: Option<&'c str>,
    /// What counsel wrote.
    pub expected: &'c Expected,
    /// What the pack decides.
    pub decision: Decision,
}

impl Judged<'_> {
    /// Name of the case, and of the attempt.
    pub fn name(&self) -> String {
        match self.attempt {
            None => self.case.name.clone(),
            Some(attempt) => format!("{} / {attempt}", self.case.name),
        }
    }

    /// What is wrong, if anything.
    pub fn fault(&self) -> Option<Fault> {
        let found = Expected::of(&self.decision);
        match (self.expected.allowed, found.allowed) {
            (true, false) => Some(Fault::FalseRefusal),
            (false, true) => Some(Fault::WrongRelease),
            _ if found != *self.expected => Some(Fault::Different),
            _ => None,
        }
    }
}

/// Every decision of a corpus.
#[derive(Debug)]
pub struct Report<'c> {
    /// How many cases there are.
    pub cases: usize,
    /// The decisions: each case's proposal, then its attempts to release.
    pub decisions: Vec<Judged<'c>>,
}

impl Report<'_> {
    /// The decisions that are wrong in this way.
    pub fn with(&self, fault: Fault) -> Vec<&Judged<'_>> {
        self.decisions.iter().filter(|judged| judged.fault() == Some(fault)).collect()
    }

    /// Cases of which every decision is as written.
    pub fn passed(&self) -> usize {
        let failed: std::collections::BTreeSet<&str> = self
            .decisions
            .iter()
            .filter(|judged| judged.fault().is_some())
            .map(|judged| judged.case.name.as_str())
            .collect();
        self.cases - failed.len()
    }
}

/// Decides every case of a corpus.
pub fn judge<'c>(bundle: &Bundle, corpus: &'c Corpus) -> Report<'c> {
    let mut decisions = Vec::new();
    for case in &corpus.cases {
        let decision = propose(bundle, &case.facts, &case.authority, case.seat);
        decisions.push(Judged { case, attempt: None, expected: &case.propose, decision });
        for step in &case.releases {
            let decision = release(bundle, &case.facts, &case.authority, case.seat, &step.context);
            decisions.push(Judged { case, attempt: Some(&step.name), expected: &step.expect, decision });
        }
    }
    Report { cases: corpus.cases.len(), decisions }
}
