//! `countersign policy golden`.

use super::{MAX_BUNDLE, read};
use crate::files;
use anyhow::{Context, Result, bail};
use countersign_policy::Bundle;
use countersign_review::{Corpus, Expected, Fault, Judged, Report, broken_laws, judge};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Folder of a pack's worked requests.
const FOLDER: &str = "golden";
/// Who appears in them.
const CAST: &str = "cast.json";

/// Decides the corpus of a pack; success only when nothing is wrong with either.
pub(super) fn golden(pack: &Path, json: bool) -> Result<ExitCode> {
    let bundle = read(pack)?;
    let corpus = corpus(pack)?;
    let report = judge(&bundle, &corpus);
    let found = Found::new(&bundle, &corpus, &report);
    if json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        found.print();
    }
    Ok(if found.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The corpus in the folder of a pack.
pub(super) fn corpus(pack: &Path) -> Result<Corpus> {
    let folder = pack.join(FOLDER);
    let listed = std::fs::read_dir(&folder).with_context(|| {
        format!("cannot read {}: a pack's worked requests lie in its folder `{FOLDER}`", folder.display())
    })?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in listed {
        let path = entry.with_context(|| folder.display().to_string())?.path();
        if path.extension().is_some_and(|end| end == "json") && !path.ends_with(CAST) {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        bail!("{} holds no worked requests", folder.display());
    }
    let text = |path: &Path| files::read_text(path, MAX_BUNDLE);
    let named = paths.iter().map(|path| Ok((path.display().to_string(), text(path)?))).collect::<Result<Vec<_>>>()?;
    Corpus::parse(&text(&folder.join(CAST))?, &named).with_context(|| format!("{} is no corpus", folder.display()))
}

#[derive(Serialize)]
struct Found {
    ok: bool,
    pack: String,
    version: String,
    policy: String,
    cases: usize,
    answered: usize,
    decisions: usize,
    passed: usize,
    false_refusals: Vec<Wrong>,
    wrong_releases: Vec<Wrong>,
    different: Vec<Wrong>,
    broken_laws: Vec<String>,
}

#[derive(Serialize)]
struct Wrong {
    name: String,
    story: String,
    expected: Expected,
    found: Expected,
    errors: Vec<String>,
}

impl Wrong {
    fn of(judged: &Judged<'_>) -> Self {
        Self {
            name: judged.name(),
            story: judged.case.story.clone(),
            expected: judged.expected.clone(),
            found: Expected::of(&judged.decision),
            errors: judged.decision.errors.clone(),
        }
    }
}

impl Found {
    fn new(bundle: &Bundle, corpus: &Corpus, report: &Report<'_>) -> Self {
        let wrong = |fault| report.with(fault).into_iter().map(Wrong::of).collect::<Vec<_>>();
        let (false_refusals, wrong_releases) = (wrong(Fault::FalseRefusal), wrong(Fault::WrongRelease));
        let (different, broken_laws) = (wrong(Fault::Different), broken_laws(bundle, corpus, report));
        Self {
            ok: [&false_refusals, &wrong_releases, &different].iter().all(|list| list.is_empty())
                && broken_laws.is_empty(),
            pack: bundle.name().to_owned(),
            version: bundle.version().to_owned(),
            policy: bundle.digest().to_string(),
            cases: corpus.cases.len(),
            answered: corpus.cases.iter().filter(|case| case.propose.allowed).count(),
            decisions: report.decisions.len(),
            passed: report.passed(),
            false_refusals,
            wrong_releases,
            different,
            broken_laws,
        }
    }

    fn print(&self) {
        println!("{} {}: policy {}", self.pack, self.version, self.policy);
        println!(
            "{} worked requests, {} of them to be answered; {} decisions",
            self.cases, self.answered, self.decisions
        );
        println!("passed          {}", self.passed);
        println!("false refusals  {}", self.false_refusals.len());
        println!("wrong releases  {}", self.wrong_releases.len());
        println!("otherwise wrong {}", self.different.len());
        for (what, list) in [
            ("FALSE REFUSAL", &self.false_refusals),
            ("WRONG RELEASE", &self.wrong_releases),
            ("OTHERWISE WRONG", &self.different),
        ] {
            for wrong in list {
                println!("{what}  {}: {}", wrong.name, wrong.story);
                println!("  written: {}", in_words(&wrong.expected));
                println!("  decided: {}", in_words(&wrong.found));
                for error in &wrong.errors {
                    println!("  error: {error}");
                }
            }
        }
        for law in &self.broken_laws {
            println!("BROKEN LAW  {law}");
        }
    }
}

/// A decision on one line.
pub(super) fn in_words(decision: &Expected) -> String {
    let mut words = vec![
        if decision.allowed { "permitted" } else { "not permitted" }.to_owned(),
        decision.outcome.to_string(),
        format!("lane {}", decision.lane.as_deref().unwrap_or("none")),
    ];
    if decision.escalate {
        words.push("escalated".to_owned());
    }
    if !decision.reasons.is_empty() {
        words.push(format!("reasons {}", decision.reasons.join(" ")));
    }
    if !decision.missing.is_empty() {
        let missing: Vec<&str> = decision.missing.iter().map(|question| question.as_str()).collect();
        words.push(format!("not answered {}", missing.join(" ")));
    }
    if decision.delay_lawful {
        words.push("notice may be delayed".to_owned());
    }
    words.join(", ")
}
