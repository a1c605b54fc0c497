//! The golden cases of the built-in pack: worked requests with their complete expected decisions.

use crate::corpus::{Expected, cases, cast, decisions, facts};
use countersign_core::facts::Facts;
use countersign_core::id::Digest;
use countersign_policy::{Bundle, Outcome};
use std::collections::BTreeSet;

#[test]
fn every_case_is_decided_as_written() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let cases = cases();
    let wrong: Vec<String> = decisions(&bundle, &cases)
        .iter()
        .filter(|(_, decision, expected)| Expected::of(decision) != **expected)
        .map(|(name, decision, expected)| {
            format!("{name}\n   expected {expected:?}\n   found    {:?} {:?}", Expected::of(decision), decision.errors)
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_corpus_is_large_mostly_lawful_and_without_repetition() {
    let cases = cases();
    assert!(cases.len() >= 40);
    let answered = cases.iter().filter(|case| case.propose.allowed).count();
    assert!(answered * 2 >= cases.len(), "{answered} of {} answered", cases.len());
    for case in cases.iter().filter(|case| case.propose.allowed) {
        assert!(
            case.releases.is_empty() || case.releases.iter().any(|step| step.expect.allowed),
            "{}: proposed, never released",
            case.name
        );
    }
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len());
    let cast = cast();
    let tuples: BTreeSet<String> = cases
        .iter()
        .map(|case| {
            let facts = Facts { case: Digest([0; 32]), ..facts(&cast, case) };
            serde_json::to_string(&facts).unwrap()
        })
        .collect();
    assert_eq!(tuples.len(), cases.len(), "two cases share their facts");
}

/// Each reason decides somewhere alone; without that a gate could be removed and nothing would be noticed.
#[test]
fn each_reason_is_the_sole_one_somewhere() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let cases = cases();
    let alone: BTreeSet<String> = decisions(&bundle, &cases)
        .iter()
        // A weak requester always carries its own mark beside the reason.
        .map(|(_, decision, _)| decision.reasons.iter().map(ToString::to_string).collect::<Vec<_>>())
        .filter_map(|reasons| {
            let mut rest = reasons.iter().filter(|reason| {
                reasons.len() == 1 || !matches!(reason.as_str(), "WEAK_REQUESTER" | "LAW_LEAVES_NO_CHOICE")
            });
            let first = rest.next().cloned();
            first.filter(|_| rest.next().is_none())
        })
        .collect();
    // By their nature these come with another one, or no sample can reach them (a state in no bloc, a seat elsewhere).
    let implied = ["INTELLIGENCE_WITHOUT_COURT", "KIND_NOT_COVERED", "SEAT_NOT_COVERED", "STATE_UNCLASSIFIED"];
    let never: Vec<&str> = bundle
        .reasons()
        .iter()
        .map(|reason| reason.code.as_str())
        .filter(|code| !alone.contains(*code) && !implied.contains(code))
        .filter(|code| !["POLICY_ERROR", "NOT_PERMITTED", "FACTS_MISMATCH"].contains(code))
        .collect();
    assert_eq!(never, Vec::<&str>::new());
}

/// A policy that no case needs could be removed unnoticed.
#[test]
fn each_policy_decides_somewhere() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let cases = cases();
    let decisions = decisions(&bundle, &cases);
    let unreachable = ["f-seat", "f-state"];
    let idle: Vec<&str> = bundle
        .rules()
        .iter()
        .map(|rule| rule.policy.as_str())
        .filter(|policy| !unreachable.contains(policy))
        .filter(|policy| {
            !decisions.iter().any(|(_, decision, _)| {
                let present = decision.policies.iter().any(|id| id == policy);
                let rest: Vec<&String> = decision.policies.iter().filter(|id| *id != policy).collect();
                let gates = || rest.iter().filter_map(|id| bundle.gate_of(id));
                present
                    && bundle.gate_of(policy).is_none_or(|(reason, _)| {
                        let outcome = gates().map(|(_, outcome)| outcome).min().unwrap_or(Outcome::Comply);
                        gates().all(|(other, _)| other != reason) || outcome != decision.outcome
                    })
            })
        })
        .collect();
    assert_eq!(idle, Vec::<&str>::new());
}
