//! What a corpus must be, so that a pack that passes it was really examined.

use crate::corpus::{Case, Corpus};
use crate::judge::{Judged, Report};
use countersign_core::facts::Facts;
use countersign_core::id::Digest;
use countersign_policy::{Bundle, Outcome, ReasonCode};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Fewest cases of a corpus.
const FEWEST: usize = 150;
/// Fewest cases of a corpus about what a derived pack changed.
const FEWEST_DERIVED: usize = 40;

/// The laws that a corpus breaks, one sentence each.
///
/// At least 150 cases (40 of a derived pack, which then is about what that pack changed); at least half of them answered, each with an attempt that releases; every reason somewhere the
/// only one, every policy somewhere decisive, or excused with a reason; no two cases with the same facts; and every gate asks
/// back the questions whose absence closes it.
pub fn broken_laws(bundle: &Bundle, corpus: &Corpus, report: &Report<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let cases = &corpus.cases;
    let derived = corpus.cast.derived.as_ref();
    let fewest = if derived.is_some() { FEWEST_DERIVED } else { FEWEST };
    if cases.len() < fewest {
        broken.push(format!("{} cases are fewer than {fewest}", cases.len()));
    }
    let answered = |case: &&Case| case.propose.allowed && case.releases.iter().any(|step| step.expect.allowed);
    let count = cases.iter().filter(answered).count();
    if count * 2 < cases.len() {
        broken.push(format!("{count} of {} cases are answered, fewer than half", cases.len()));
    }
    for case in cases.iter().filter(|case| case.propose.allowed && !answered(case)) {
        broken.push(format!("`{}` is proposed, and no attempt releases it", case.name));
    }
    broken.extend(repeated(cases));
    let structures = bundle.rules().iter().filter_map(|rule| Some((&rule.policy, bundle.structure(&rule.policy)?)));
    broken.extend(
        structures.filter(|(_, structure)| !asks_back_what_it_needs(structure)).map(|(policy, _)| {
            format!("policy `{policy}` asks back other questions than those whose absence closes it")
        }),
    );
    let (mut never, mut idle) = (never_alone(bundle, corpus, report), idle(bundle, report));
    if let Some(derived) = derived {
        never.retain(|code| derived.reasons.contains(code));
        idle.retain(|policy| derived.policies.contains(policy));
    }
    broken.extend(excuses(bundle, corpus, &never, &idle));
    broken
}

/// Whether `@requires` of a gate names the questions whose absence closes it: those of `!answered.containsAll([...])`.
pub(crate) fn asks_back_what_it_needs(structure: &Value) -> bool {
    fn needed(expression: &Value, found: &mut BTreeSet<String>) {
        if expression["containsAll"]["left"]["."]["attr"] == "answered" {
            let members = expression["containsAll"]["right"]["Set"].as_array();
            let ids = members.into_iter().flatten().filter_map(|member| member["Value"]["__entity"]["id"].as_str());
            found.extend(ids.map(str::to_owned));
        }
        match expression {
            Value::Object(parts) => parts.values().for_each(|part| needed(part, found)),
            Value::Array(members) => members.iter().for_each(|member| needed(member, found)),
            _ => {}
        }
    }
    let mut questions = BTreeSet::new();
    needed(&structure["conditions"], &mut questions);
    let annotation = structure["annotations"]["requires"].as_str();
    let asked: BTreeSet<String> = annotation.into_iter().flat_map(|list| list.split(' ')).map(str::to_owned).collect();
    structure["effect"] != "forbid" || asked == questions
}

/// Cases that ask the policies the same.
fn repeated(cases: &[Case]) -> Vec<String> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut broken = Vec::new();
    for case in cases {
        let facts = Facts { case: Digest([0; 32]), ..case.facts.clone() };
        let tuple = format!("{} {}", case.seat, serde_json::to_string(&facts).unwrap_or_default());
        if let Some(other) = seen.insert(tuple, &case.name) {
            broken.push(format!("`{other}` and `{}` have the same facts", case.name));
        }
    }
    broken
}

/// Reasons that stand nowhere alone: the gates behind them could be lost, and no case would notice.
fn never_alone(bundle: &Bundle, corpus: &Corpus, report: &Report<'_>) -> BTreeSet<String> {
    let mark = |reason: &&ReasonCode| corpus.cast.marks.iter().any(|mark| mark == reason.as_str());
    let sole = |judged: &Judged<'_>| {
        let reasons = &judged.decision.reasons;
        if let [only] = reasons.as_slice() {
            return Some(only.to_string());
        }
        let mut rest = reasons.iter().filter(|reason| !mark(reason));
        let first = rest.next()?;
        rest.next().is_none().then(|| first.to_string())
    };
    let alone: BTreeSet<String> = report.decisions.iter().filter_map(sole).collect();
    let codes = bundle.reasons().iter().map(|reason| reason.code.clone());
    codes.filter(|code| !alone.contains(code) && !ReasonCode::OF_THE_ENGINE.contains(&code.as_str())).collect()
}

/// Policies that are decisive nowhere: without them no decision of the corpus would be another.
fn idle(bundle: &Bundle, report: &Report<'_>) -> BTreeSet<String> {
    let decisive = |policy: &str, judged: &Judged<'_>| {
        let decision = &judged.decision;
        let rest = || decision.policies.iter().filter(|id| *id != policy).filter_map(|id| bundle.gate_of(id));
        decision.policies.iter().any(|id| id == policy)
            && bundle.gate_of(policy).is_none_or(|(reason, _)| {
                let outcome = rest().map(|(_, outcome)| outcome).min().unwrap_or(Outcome::Comply);
                rest().all(|(other, _)| other != reason) || outcome != decision.outcome
            })
    };
    let policies = bundle.rules().iter().map(|rule| &rule.policy);
    policies.filter(|policy| !report.decisions.iter().any(|judged| decisive(policy, judged))).cloned().collect()
}

/// Every gap is excused with a reason, and no excuse stands without a gap.
fn excuses(bundle: &Bundle, corpus: &Corpus, never: &BTreeSet<String>, idle: &BTreeSet<String>) -> Vec<String> {
    let excused = |name: &str| corpus.cast.excused.iter().any(|excuse| excuse.name == name);
    let mut broken = Vec::new();
    broken
        .extend(never.iter().filter(|code| !excused(code)).map(|code| format!("`{code}` is nowhere the only reason")));
    broken.extend(
        idle.iter().filter(|policy| !excused(policy)).map(|policy| format!("policy `{policy}` decides nothing")),
    );
    for excuse in &corpus.cast.excused {
        if excuse.because.trim().is_empty() {
            broken.push(format!("the excuse of `{}` gives no reason", excuse.name));
        }
        if !never.contains(&excuse.name) && !idle.contains(&excuse.name) {
            broken.push(format!("`{}` needs no excuse", excuse.name));
        }
    }
    for mark in &corpus.cast.marks {
        if !bundle.reasons().iter().any(|reason| reason.code == *mark) {
            broken.push(format!("the mark `{mark}` is no reason of the pack"));
        }
    }
    broken
}
