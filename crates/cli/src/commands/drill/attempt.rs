//! One attempt: who, what, and what must come of it.

use crate::demo::report::Report;
use anyhow::Result;
use serde_json::{Map, Value};
use std::fmt::Display;

/// What must come of an attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Must {
    /// A party refuses.
    BeRefused,
    /// Everything goes well: a control, without which the refusals would prove nothing.
    Succeed,
    /// Nothing stops it, and the drill says so.
    Happen,
}

/// An attempt.
pub(super) struct Attempt {
    /// Stable name.
    pub(super) name: &'static str,
    /// Who tries.
    pub(super) adversary: &'static str,
    /// What is tried.
    pub(super) tries: &'static str,
    /// What stops it.
    pub(super) stopped_by: &'static str,
    pub(super) must: Must,
}

/// Something that must be refused.
pub(super) const fn refused(
    name: &'static str,
    adversary: &'static str,
    tries: &'static str,
    stopped_by: &'static str,
) -> Attempt {
    Attempt { name, adversary, tries, stopped_by, must: Must::BeRefused }
}

/// Something that must go well.
pub(super) const fn control(name: &'static str, tries: &'static str) -> Attempt {
    Attempt { name, adversary: "nobody", tries, stopped_by: "nothing: this is the control", must: Must::Succeed }
}

impl Attempt {
    /// Makes the attempt. One that must be refused is `ok` only when a party said that it refuses.
    pub(super) async fn make(&self, step: u8, part: &str, work: impl AsyncFnOnce(&mut Report) -> Result<()>) -> Report {
        let mut report = Report::run(step, self.name, self.tries, work).await;
        report.set("part", part);
        report.set("adversary", self.adversary);
        report.set("stopped_by", self.stopped_by);
        if self.must == Must::BeRefused {
            let refused = report.evidence.get("refused_by").and_then(Value::as_array);
            let refused = refused.is_some_and(|parties| !parties.is_empty());
            report.expect("a party refused", refused);
        }
        report
    }
}

/// What a party other than a trustee says: it must refuse, with these words among its own.
pub(super) fn refuses<T>(
    report: &mut Report,
    party: &str,
    attempt: &str,
    outcome: std::result::Result<T, impl Display>,
    words: &str,
) {
    let said = match outcome {
        Ok(_) => String::new(),
        Err(error) => format!("{error:#}"),
    };
    let refused = !said.is_empty() && said.contains(words);
    report.expect(&format!("{attempt}: refused by the {party} with `{words}`"), refused);
    if refused {
        report.push("refused_by", party);
    }
    report.set(attempt, if said.is_empty() { "accepted".to_owned() } else { said });
}

/// The last line: everything added up.
pub(super) fn summary(reports: &[Report], planned: usize) -> Report {
    let ok = reports.len() == planned && reports.iter().all(|report| report.ok);
    let means = if ok { "every attempt came to what it must" } else { "an attempt came to something else" };
    let millis = reports.iter().map(|report| report.millis).sum();
    let mut all = Report { step: 0, name: "summary".into(), ok, means: means.into(), millis, evidence: Map::new() };
    all.set("attempts", reports.len());
    all.set("ok_attempts", reports.iter().filter(|report| report.ok).count());
    for report in reports {
        if !report.ok {
            all.push("failed", &report.name);
        }
        for name in ["refusal_codes", "refused_by"] {
            for text in report.evidence.get(name).and_then(Value::as_array).into_iter().flatten() {
                all.push(name, text.as_str().unwrap_or_default());
            }
        }
        all.add("partials_refused", report.number("partials_refused"));
    }
    all
}
