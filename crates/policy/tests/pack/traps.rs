//! Cedar's traps, one test each: what the engine would let through, this crate refuses.

use crate::corpus::{corpus, decisions};
use countersign_core::finding::{Answers, Question};
use countersign_policy::{Bundle, BundleError, Decision, File, Prepared, Variant, propose, release};
use countersign_review::Case;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The built-in pack with other policies; sources in pack.json are kept in step.
pub(crate) fn pack_with(edit: impl Fn(&str) -> String) -> Result<Bundle, BundleError> {
    let mut files = Bundle::builtin_eea_custodian().unwrap().files().to_vec();
    let policies = edit(&files[1].text);
    let mut pack: Value = serde_json::from_str(&files[0].text).unwrap();
    let ids: BTreeSet<&str> = policies
        .lines()
        .filter_map(|line| line.strip_prefix("@id(\"").and_then(|rest| rest.strip_suffix("\")")))
        .collect();
    pack["rules"] = ids
        .into_iter()
        .map(|id| json!({"policy": id, "source": "test", "verified": false, "date": "2026-11-20"}))
        .collect();
    files[0].text = pack.to_string();
    files[1].text = policies;
    Bundle::parse(files)
}

fn added(policy: &str) -> Result<Bundle, BundleError> {
    pack_with(|text| format!("{text}\n{policy}"))
}

fn case(name: &str) -> Case {
    corpus().cases.into_iter().find(|case| case.name == name).unwrap()
}

/// The plain home court order, released with two approvers.
fn plain_release(bundle: &Bundle) -> Decision {
    let case = case("home-court-plain");
    release(bundle, &case.facts, &case.authority, case.seat, &case.releases[0].context)
}

fn refused_as_error(decision: &Decision) -> bool {
    !decision.allowed && decision.has("POLICY_ERROR") && !decision.errors.is_empty() && decision.escalate
}

#[test]
fn the_plain_order_is_released() {
    let decision = plain_release(&Bundle::builtin_eea_custodian().unwrap());
    assert!(decision.allowed && decision.reasons.is_empty() && decision.errors.is_empty(), "{decision:?}");
}

/// Cedar skips an erroring forbid and allows; overflow of a Long is such an error and validates.
#[test]
fn an_erroring_gate_refuses() {
    for action in ["classify", "limit", "delay", "propose", "release"] {
        let bundle = added(&format!(
            r#"
@id("f-overflow")
@reason("DRAGNET")
@outcome("refuse")
forbid (principal, action == Action::"{action}", resource)
when {{ resource.asked_subjects * 9223372036854775807 * 2 > 7 }};"#
        ))
        .unwrap();
        let decision = plain_release(&bundle);
        assert!(refused_as_error(&decision), "{action}: {decision:?}");
        assert!(decision.errors[0].contains("overflow"), "{:?}", decision.errors);
    }
}

#[test]
fn an_erroring_permit_refuses_too() {
    let bundle = added(
        r#"
@id("p-overflow")
permit (principal, action == Action::"release", resource)
when { context.approvals * 9223372036854775807 == 7 };"#,
    )
    .unwrap();
    assert!(refused_as_error(&plain_release(&bundle)));
}

/// Conditions that must hold stand in the permits: without any gate, nothing more than a named few is released.
#[test]
fn the_permits_alone_hold() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let permits = Variant::permits_alone(&bundle).unwrap();
    let corpus = corpus();
    for case in &corpus.cases {
        let prepared = Prepared::new(&bundle, &case.facts, &case.authority, case.seat).unwrap();
        let attempts = case.releases.iter().map(|step| (Some(&step.context), &step.expect));
        for (context, expected) in attempts.chain([(None, &case.propose)]) {
            let decision = prepared.decide_under(&permits, context);
            assert!(expected.allowed || !decision.allowed, "{}", case.name);
        }
    }
}

/// Gates override any permit, also one that somebody adds later.
#[test]
fn the_gates_alone_hold() {
    let bundle = added(
        r#"
@id("p-everything")
permit (principal, action in [Action::"propose", Action::"release"], resource);"#,
    )
    .unwrap();
    let opened: Vec<String> = decisions(&bundle, &corpus())
        .into_iter()
        .filter(|(_, decision, expected)| decision.allowed && !expected.allowed)
        .map(|(name, _, _)| name)
        .collect();
    assert_eq!(opened, Vec::<String>::new());
}

#[test]
fn policies_are_known_by_their_annotation() {
    let decision = plain_release(&Bundle::builtin_eea_custodian().unwrap());
    assert_eq!(decision.policies, ["l-court", "p-propose-court", "p-release-court"]);
    let gate =
        |head: &str| format!("\n{head}\nforbid (principal, action, resource) when {{ resource.asked_subjects == 7 }};");
    for (head, part) in [
        ("@reason(\"DRAGNET\")\n@outcome(\"refuse\")", "no `@id`"),
        ("@id(\"f-dragnet\")\n@reason(\"DRAGNET\")\n@outcome(\"refuse\")", "two policies have this `@id`"),
        ("@id(\"f-x\")\n@outcome(\"refuse\")", "no `@reason`"),
        ("@id(\"f-x\")\n@reason(\"DRAGNETT\")\n@outcome(\"refuse\")", "reason `DRAGNETT` is not in pack.json"),
        ("@id(\"f-x\")\n@reason(\"DRAGNET\")\n@outcome(\"refused\")", "an outcome"),
        ("@id(\"f-x\")\n@reason(\"DRAGNET\")\n@outcome(\"refuse\")\n@escalate(\"yes\")", "`@escalate` is `yes`"),
        ("@id(\"f-x\")\n@reason(\"DRAGNET\")\n@outcome(\"refuse\")\n@requires(\"D99\")", "D99"),
        ("@id(\"f-x\")\n@resaon(\"DRAGNET\")\n@outcome(\"refuse\")", "`@resaon` is not known"),
    ] {
        let error = added(&gate(head)).unwrap_err().to_string();
        assert!(error.contains(part), "{head}: {error}");
    }
    let error = added("\n@id(\"l-x\")\n@lane(\"curt\")\npermit (principal, action == Action::\"classify\", resource);");
    assert!(error.unwrap_err().to_string().contains("lane `curt`"));
}

/// Enumerations are entity types: a misspelt word, or a word of another question, does not validate.
#[test]
fn typing_errors_do_not_validate() {
    for condition in [
        r#"resource.instrument == Instrument::"cort_order""#,
        r#"resource.political == YesNo::"yes""#,
        r#"resource.political == Political::"dragnet""#,
        r#"resource.authority.kind == "court""#,
        r#"resource.authority.state in Bloc::"EU""#,
        r#"context.lane == Lane::"courts""#,
        r#"resource.politcal == Political::"yes""#,
        r#"resource.uninvolved > 20"#,
    ] {
        let result = added(&format!(
            "\n@id(\"f-x\")\n@reason(\"DRAGNET\")\n@outcome(\"refuse\")\nforbid (principal, action == Action::\"propose\", resource) when {{ {condition} }};"
        ));
        assert!(matches!(result, Err(BundleError::Policies(_))), "{condition}: {result:?}");
    }
}

/// A gate that can never close is a mistake; Cedar only warns.
#[test]
fn an_impossible_policy_is_refused() {
    let result = added(
        "\n@id(\"f-x\")\n@reason(\"DRAGNET\")\n@outcome(\"refuse\")\nforbid (principal, action == Action::\"propose\", resource) when { resource.asked_subjects > 3 && false };",
    );
    assert!(matches!(result, Err(BundleError::Policies(_))), "{result:?}");
}

#[test]
fn templates_are_refused() {
    let result = added("\n@id(\"p-x\")\npermit (principal == ?principal, action, resource);");
    assert!(result.is_err());
}

/// Nobody is nowhere: an empty set passes `containsAll`, and still nothing is released.
#[test]
fn empty_sets_open_nothing() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let case = case("home-court-plain");
    let mut context = case.releases[0].context.clone();
    context.classes = Default::default();
    assert!(!release(&bundle, &case.facts, &case.authority, case.seat, &context).allowed);
    let mut empty = case.facts.clone();
    empty.findings.clear();
    empty.factors.clear();
    let decision = propose(&bundle, &empty, &case.authority, case.seat);
    assert!(!decision.allowed && decision.missing.len() == 6, "{decision:?}");
}

/// Every word that a question takes stands in the schema, and nothing else but `unknown`.
#[test]
fn the_schema_knows_every_answer() {
    let schema = &Bundle::builtin_eea_custodian().unwrap().files()[2].text.clone();
    let words_of = |kind: &str| -> Vec<String> {
        let start = schema.find(&format!("entity {kind} enum [")).unwrap_or_else(|| panic!("{kind}"));
        let list = schema[start..].split_once('[').unwrap().1.split_once(']').unwrap().0;
        list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let attributes: Vec<(&str, Question)> = schema
        .lines()
        .filter_map(|line| {
            let (left, question) = line.split_once("// D")?;
            let (_, kind) = left.split_once(':')?;
            Some((kind.trim().trim_end_matches(','), Question::parse(&format!("D{}", &question[..2])).ok()?))
        })
        .filter(|(kind, _)| *kind != "Long")
        .collect();
    assert_eq!(attributes.len(), 25);
    for (kind, question) in attributes {
        let Answers::Words(words) = question.answers() else { panic!("{question} takes a number") };
        let known = words_of(kind);
        assert!(known.iter().any(|word| word == "unknown"), "{kind}");
        for word in words {
            assert!(known.iter().any(|known| known == word), "{question}: {word} is not in {kind}");
        }
        // YesNo is shared; every other type has exactly the words of its question.
        if kind != "YesNo" {
            assert!(known.iter().all(|known| known == "unknown" || words.contains(&known.as_str())), "{kind}");
        }
    }
    assert_eq!(words_of("Question").len(), Question::ALL.len());
}

#[test]
fn facts_that_contradict_the_directory_or_the_order_are_refused() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let case = case("home-court-plain");
    let facts = case.facts.clone();
    let mut weaker = case.authority.clone();
    weaker.id = corpus().cast.authorities[0].id.clone();
    assert!(propose(&bundle, &facts, &weaker, case.seat).has("FACTS_MISMATCH"));
    let mut context = case.releases[0].context.clone();
    context.kind = countersign_core::order::Kind::Answer;
    let decision = release(&bundle, &facts, &case.authority, case.seat, &context);
    assert!(!decision.allowed && decision.has("FACTS_MISMATCH"), "{decision:?}");
    context.kind = facts.kind;
    context.instrument = countersign_core::order::Instrument::Warrant;
    assert!(release(&bundle, &facts, &case.authority, case.seat, &context).has("FACTS_MISMATCH"));
}

#[test]
fn a_seat_outside_the_bloc_is_not_covered() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let case = case("home-court-plain");
    let seat = countersign_core::country::Country::parse("XG").unwrap();
    let decision = propose(&bundle, &case.facts, &case.authority, seat);
    assert!(!decision.allowed && decision.has("SEAT_NOT_COVERED"), "{decision:?}");
}

#[test]
fn an_answer_outside_the_schema_is_an_error() {
    let files = Bundle::builtin_eea_custodian().unwrap().files().to_vec();
    let edit = |at: usize, from: &str, to: &str| {
        let mut files: Vec<File> = files.clone();
        assert!(files[at].text.contains(from));
        files[at].text = files[at].text.replace(from, to);
        Bundle::parse(files)
    };
    // A schema without `unknown` for one question: an unanswered question must not become an error or a silent no.
    let threat = r#"entity Threat enum ["yes", "no", "doubt", "unknown"]"#;
    assert!(edit(2, threat, r#"entity Threat enum ["yes", "no", "doubt"]"#).is_err());
    // Without `enum` any misspelling would validate.
    assert!(edit(2, threat, "entity Threat").is_err());
    // A schema without a type that the engine uses.
    assert!(edit(2, "entity Threat enum", "entity Danger enum").is_err());
}

/// Policies are split by action, so a group of actions could hide a gate; there are none.
#[test]
fn action_groups_are_refused() {
    let mut files = Bundle::builtin_eea_custodian().unwrap().files().to_vec();
    files[2].text = files[2].text.replace("action release appliesTo", "action release in [propose] appliesTo");
    assert!(matches!(Bundle::parse(files), Err(BundleError::Schema(_) | BundleError::Policies(_))));
}

/// A gate without an action holds for every action.
#[test]
fn a_gate_for_all_actions_is_asked_everywhere() {
    let bundle = added(
        "\n@id(\"f-all\")\n@reason(\"DURESS\")\n@outcome(\"refuse\")\nforbid (principal, action, resource) when { resource.asked_subjects == 1 };",
    )
    .unwrap();
    assert!(refused_as_error(&plain_release(&bundle)), "it also forbids to classify");
    let bundle = added(
        "\n@id(\"f-all\")\n@reason(\"DURESS\")\n@outcome(\"refuse\")\nforbid (principal, action in [Action::\"release\", Action::\"limit\"], resource);",
    )
    .unwrap();
    let decision = plain_release(&bundle);
    assert!(!decision.allowed && decision.has("DURESS"), "{decision:?}");
}

/// A state in neither bloc would close no gate: every code that can be written belongs to exactly one, and is decided.
#[test]
fn the_classification_of_states_is_total() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let case = case("third-mla-fraud");
    let mut seen = 0;
    for first in 'A'..='Z' {
        for second in 'A'..='Z' {
            let Ok(state) = countersign_core::country::Country::parse(&format!("{first}{second}")) else { continue };
            seen += 1;
            let authority = countersign_core::directory::Authority { state, ..case.authority.clone() };
            let decision = propose(&bundle, &case.facts, &authority, case.seat);
            assert!(decision.lane.is_some() && decision.errors.is_empty(), "{state}: {decision:?}");
            assert!(!decision.has("STATE_UNCLASSIFIED"), "{state}");
        }
    }
    assert!(seen > 240, "{seen}");
}

/// Arithmetic overflows, and overflow is an error: counts are made before policies are asked.
#[test]
fn no_policy_calculates() {
    fn operators(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(parts) => parts.iter().for_each(|(name, part)| {
                found.insert(name.clone());
                operators(part, found);
            }),
            Value::Array(members) => members.iter().for_each(|member| operators(member, found)),
            _ => {}
        }
    }
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let mut found = BTreeSet::new();
    for rule in bundle.rules() {
        operators(&bundle.structure(&rule.policy).unwrap()["conditions"], &mut found);
    }
    assert!(found.contains("&&") && found.contains(">="));
    for operator in ["+", "-", "*", "neg"] {
        assert!(!found.contains(operator), "{operator}");
    }
}

/// The table of traps in the documentation names tests that exist.
#[test]
fn every_trap_has_a_test() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).unwrap();
    let page = read("docs/operations/policy.md");
    let table = page.split("## Traps of the engine").nth(1).unwrap().split("\n## ").next().unwrap();
    let sources = ["tests/pack/traps.rs", "tests/pack/quorum.rs", "tests/pack/agreement.rs", "src/slice.rs"]
        .map(|path| read(&format!("crates/policy/{path}")))
        .concat();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    assert!(rows.len() >= 12, "{} rows", rows.len());
    for row in rows {
        let tests: Vec<&str> = row.split('|').nth(3).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{row}");
        for test in tests {
            assert!(sources.contains(&format!("fn {test}(")), "`{test}` is no test: {row}");
        }
    }
}
