//! What a step reports, and how far the story has come.

use crate::edge::Stopwatch;
use crate::files;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One step's outcome. `ok` means that the expected outcome was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) step: u8,
    pub(crate) name: String,
    pub(crate) ok: bool,
    pub(crate) means: String,
    pub(crate) millis: u64,
    #[serde(flatten)]
    pub(crate) evidence: Map<String, Value>,
}

impl Report {
    /// Runs a step. An error is a step that is not ok.
    pub(crate) async fn run(
        step: u8,
        name: &str,
        means: &str,
        work: impl AsyncFnOnce(&mut Report) -> Result<()>,
    ) -> Self {
        let watch = Stopwatch::start();
        let (name, means) = (name.to_owned(), means.to_owned());
        let mut report = Self { step, name, ok: true, means, millis: 0, evidence: Map::new() };
        if let Err(error) = work(&mut report).await {
            report.ok = false;
            report.set("error", format!("{error:#}"));
        }
        report.millis = watch.millis();
        report
    }

    /// Adds a piece of evidence.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.evidence.insert(name.to_owned(), value.into());
    }

    /// Adds to a number.
    pub(crate) fn add(&mut self, name: &str, value: u64) {
        let before = self.number(name);
        self.set(name, before + value);
    }

    /// Adds a text to a list without repetition.
    pub(crate) fn push(&mut self, name: &str, text: &str) {
        let list = self.evidence.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(items) = list
            && !items.iter().any(|item| item == text)
        {
            items.push(Value::from(text));
        }
    }

    /// Something that must hold for the step to be ok.
    pub(crate) fn expect(&mut self, what: &str, holds: bool) {
        if !holds {
            self.ok = false;
            self.push("not_observed", what);
        }
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.evidence.get(name).and_then(Value::as_u64).unwrap_or(0)
    }

    /// One JSON object, or lines for people.
    pub(crate) fn print(&self, json: bool) {
        if json {
            println!("{}", serde_json::to_string(self).unwrap_or_default());
            return;
        }
        let mark = if self.ok { "ok" } else { "FAILED" };
        println!("\n[{}] {} - {mark} ({:.2} s)\n    {}", self.step, self.name, self.millis as f64 / 1000.0, self.means);
        for (name, value) in &self.evidence {
            println!("      {name}: {}", short(value));
        }
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// The last line: everything added up.
pub(crate) fn summary(reports: &[Report], steps: usize) -> Report {
    let ok = reports.len() == steps && reports.iter().all(|report| report.ok);
    let means = "every step observed what it expected".to_owned();
    let millis = reports.iter().map(|report| report.millis).sum();
    let mut all = Report { step: 0, name: "summary".into(), ok, means, millis, evidence: Map::new() };
    for report in reports {
        for code in report.evidence.get("refusal_codes").and_then(Value::as_array).into_iter().flatten() {
            all.push("refusal_codes", code.as_str().unwrap_or_default());
        }
        for name in ["partials_refused", "people_asked", "cells_granted"] {
            all.add(name, report.number(name));
        }
        for name in ["package_opened_by_age", "bundle_verified_offline", "leaves"] {
            if let Some(value) = report.evidence.get(name) {
                all.set(name, value.clone());
            }
        }
    }
    if !ok {
        let missing: Vec<Value> = super::STEPS.iter().skip(reports.len()).map(|(name, _)| Value::from(*name)).collect();
        all.means = "a step failed; what follows it was not played".into();
        all.set("not_played", missing);
    }
    all
}

/// `demo.json`: the steps played, and what later steps need of earlier ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Progress {
    v: u8,
    /// Clients of the population; the population follows from its number.
    pub(crate) clients: u32,
    steps: Vec<Report>,
    /// Cases by the name the story gives them.
    pub(crate) cases: BTreeMap<String, String>,
}

impl Progress {
    /// Reads how far the story in `dir` is; a new one begins.
    pub(crate) fn load(dir: &Path, clients: u32) -> Result<Self> {
        let path = Self::path(dir);
        if !path.exists() {
            ensure!(
                !dir.join("custodian").exists() || dir.join("custodian/config.json").exists(),
                "{} is not a folder of this demo: name another one",
                dir.display()
            );
            return Ok(Self { v: 1, clients, steps: Vec::new(), cases: BTreeMap::new() });
        }
        Self::read(dir)
    }

    /// Reads `demo.json`.
    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let path = Self::path(dir);
        let bytes = files::read(&path, 16 * 1024 * 1024)?;
        serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))
    }

    fn path(dir: &Path) -> PathBuf {
        dir.join("demo.json")
    }

    /// The report of a step that was played and was ok.
    pub(crate) fn done(&self, step: u8) -> Option<Report> {
        self.steps.iter().find(|report| report.step == step && report.ok).cloned()
    }

    /// The steps played.
    pub(crate) fn steps(&self) -> &[Report] {
        &self.steps
    }

    /// Keeps a step's report.
    pub(crate) fn finish(&mut self, dir: &Path, report: &Report) -> Result<()> {
        self.steps.retain(|before| before.step != report.step);
        self.steps.push(report.clone());
        files::write(&Self::path(dir), &serde_json::to_vec_pretty(self)?)
    }
}
