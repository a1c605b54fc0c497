//! The golden cases of the built-in pack: worked requests with their complete expected decisions.

use crate::corpus::corpus;
use countersign_policy::Bundle;
use countersign_review::{Corpus, CorpusError, Expected, Fault, broken_laws, judge};

#[test]
fn every_case_is_decided_as_written() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let corpus = corpus();
    let report = judge(&bundle, &corpus);
    let wrong: Vec<String> = report
        .decisions
        .iter()
        .filter_map(|judged| Some((judged.fault()?, judged)))
        .map(|(fault, judged)| {
            let (found, errors) = (Expected::of(&judged.decision), &judged.decision.errors);
            format!("{} {fault:?}\n   expected {:?}\n   found    {found:?} {errors:?}", judged.name(), judged.expected)
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(report.passed(), corpus.cases.len());
}

#[test]
fn the_corpus_obeys_its_laws() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let corpus = corpus();
    assert_eq!(broken_laws(&bundle, &corpus, &judge(&bundle, &corpus)), Vec::<String>::new());
}

/// The laws can be broken: a corpus that lost something is told so.
#[test]
fn a_lesser_corpus_breaks_a_law() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let broken = |change: fn(&mut Corpus)| {
        let mut corpus = corpus();
        change(&mut corpus);
        broken_laws(&bundle, &corpus, &judge(&bundle, &corpus)).join("; ")
    };
    for (change, part) in [
        ((|corpus| corpus.cases.truncate(149)) as fn(&mut Corpus), "149 cases are fewer than 150"),
        (|corpus| corpus.cases.retain(|case| !case.propose.allowed), "0 of 102 cases are answered"),
        (|corpus| corpus.cases[0].releases.clear(), "is proposed, and no attempt releases it"),
        (|corpus| corpus.cases[1].facts = corpus.cases[2].facts.clone(), "have the same facts"),
        (|corpus| corpus.cases.retain(|case| !case.name.ends_with("dragnet")), "`DRAGNET` is nowhere the only reason"),
        (
            |corpus| corpus.cases.retain(|case| !case.name.contains("treaty-in-haste")),
            "policy `f-instrument-emergency` decides nothing",
        ),
        (|corpus| corpus.cast.excused.clear(), "`KIND_NOT_COVERED` is nowhere the only reason"),
        (|corpus| corpus.cast.excused[0].name = "DRAGNET".into(), "`DRAGNET` needs no excuse"),
        (|corpus| corpus.cast.excused[0].because.clear(), "gives no reason"),
        (|corpus| corpus.cast.marks[0] = "LAW".into(), "the mark `LAW` is no reason of the pack"),
    ] {
        let found = broken(change);
        assert!(found.contains(part), "{part}: {found}");
    }
}

/// A wrong release, a false refusal and a wrong reason are told apart.
#[test]
fn faults_are_told_apart() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let mut corpus = corpus();
    let at = |corpus: &Corpus, name: &str| corpus.cases.iter().position(|case| case.name == name).unwrap();
    let (refused, answered, reasoned) =
        (at(&corpus, "home-court-dragnet"), at(&corpus, "home-court-plain"), at(&corpus, "tax-fishing"));
    corpus.cases[refused].propose.allowed = true;
    corpus.cases[answered].releases[0].expect.allowed = false;
    corpus.cases[reasoned].propose.reasons.pop();
    let report = judge(&bundle, &corpus);
    let names = |fault| report.with(fault).iter().map(|judged| judged.name()).collect::<Vec<_>>();
    assert_eq!(names(Fault::FalseRefusal), ["home-court-dragnet"]);
    assert_eq!(names(Fault::WrongRelease), ["home-court-plain / two approvers"]);
    assert_eq!(names(Fault::Different), ["tax-fishing"]);
    assert_eq!(report.passed(), corpus.cases.len() - 3);
}

#[test]
fn what_is_no_corpus_is_refused() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/policy/eea-custodian/golden");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let (cast, cases) = (read("cast.json"), read("compelled.json"));
    let parse = |cast: &str, cases: &str| Corpus::parse(cast, &[("compelled.json".into(), cases.into())]);
    assert_eq!(parse(&cast, &cases).unwrap().cases.len(), 18);
    for (old, new, part) in [
        ("\"story\"", "\"tale\"", "compelled.json: unknown field `tale`"),
        ("\"A court enforces", "\"\\A court", "compelled.json: invalid escape"),
        ("no-entity", "epoc-compelled", "case `epoc-compelled`: the name stands twice"),
        ("xa-supervisor", "xa-nobody", "`xa-nobody` is not in cast.json"),
        ("\"D18\": \"yes\"", "\"D18\": \"maybe\"", "case `court-without-choice`: D18"),
        ("\"D18\": \"yes\"", "\"D99\": \"yes\"", "D99"),
        ("[\"directory\", \"call_back\"]", "[\"call_back\", \"directory\"]", "`factors` are not sorted"),
        ("karl-noor counsel", "karl-nor counsel", "`karl-nor` is not among the people"),
        ("karl-noor counsel", "karl-noor approver", "attempt `three approvers and counsel`"),
        ("karl-noor counsel", "karl-noor", "is not `PERSON ROLE`"),
        ("\"exceeded\": []", "\"exceeded\": [\"adress\"]", "`adress` is no cumulative cap"),
        ("without counsel's opinion", "three approvers and counsel", "stands twice"),
    ] {
        assert!(cases.contains(old), "{old}");
        match parse(&cast, &cases.replace(old, new)) {
            Err(error @ (CorpusError::File { .. } | CorpusError::Case { .. })) => {
                assert!(error.to_string().contains(part), "{part}: {error}");
            }
            Ok(_) => panic!("{old} to {new} is accepted"),
        }
    }
    for (old, new) in
        [("\"marks\"", "\"signs\""), ("\"keys\": []", "\"keys\": [\"ed25519 00\"]"), ("\"XA\"", "\"XK1\"")]
    {
        assert!(parse(&cast.replace(old, new), &cases).is_err(), "{new}");
    }
}
