//! Golden requests and answers of the HTTP interface: `vectors/screen/served.json`. With `COUNTERSIGN_WRITE_VECTORS` set the answers are
//! written anew; a change of an answer has to be meant.

use std::path::PathBuf;

use countersign_core::time::Timestamp;
use countersign_screen::catalogue::Catalogue;
use countersign_screen::list::update;
use countersign_screen::read::{ftm, un};
use countersign_screen::served::{Parameters, Refusal};
use serde_json::{Value, json};

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/screen/served.json")
}

fn catalogue(vectors: &Value) -> Catalogue {
    let at = Timestamp::parse("2026-11-22T10:00:00Z").unwrap();
    let text = |key: &str| vectors["lists"][key].as_str().unwrap().as_bytes().to_vec();
    let versions = [
        ("ports", ftm::read("ports", "ports.json", &text("ports"), at.date()).unwrap()),
        ("un", un::read("un.xml", &text("un")).unwrap()),
    ];
    let version = |(source, reading)| update(source, &"ab".repeat(32), None, reading, at, 0).unwrap().0;
    Catalogue::new(versions.into_iter().map(version).collect())
}

fn answer(catalogue: &Catalogue, case: &Value) -> Value {
    let of = |key: &str| case[key].as_str().unwrap_or_default();
    let body = match &case["body"] {
        Value::String(text) => text.clone().into_bytes(),
        body => serde_json::to_vec(body).unwrap(),
    };
    let told = |refusal: Refusal| match refusal {
        Refusal::NotFound(detail) => json!({ "status": 404, "detail": detail }),
        Refusal::Invalid(detail) => json!({ "status": 400, "detail": detail }),
    };
    let value = |answer: Result<Value, Refusal>| answer.unwrap_or_else(told);
    let (dataset, query) = (of("dataset"), of("query"));
    value(match of("endpoint") {
        "match" => Parameters::of_match(query)
            .and_then(|parameters| catalogue.match_examples(dataset, &parameters, &body))
            .map(|answer| serde_json::to_value(answer).unwrap()),
        "ivms101" => Parameters::of_match(query)
            .and_then(|parameters| catalogue.match_parties(dataset, &parameters, &body))
            .map(|answer| serde_json::to_value(answer).unwrap()),
        "search" => Parameters::of_search(query)
            .and_then(|parameters| catalogue.search(dataset, &parameters))
            .map(|answer| serde_json::to_value(answer).unwrap()),
        "entities" => catalogue.entity(dataset).map(|answer| serde_json::to_value(answer).unwrap()),
        other => panic!("`{other}` is no endpoint"),
    })
}

/// Equal, with numbers up to the rounding of another machine's exponential function.
fn near(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= 1e-4 * one.abs().max(1.0)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| near(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| near(one, other)))
        }
        (one, other) => one == other,
    }
}

#[test]
fn golden_requests_have_their_answers() {
    let mut vectors: Value = serde_json::from_slice(&std::fs::read(file()).unwrap()).unwrap();
    let catalogue = catalogue(&vectors);
    let write = std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some();
    for part in ["good", "bad"] {
        for case in vectors[part].as_array_mut().unwrap() {
            let found = answer(&catalogue, case);
            assert_eq!(found.get("status").is_some(), part == "bad", "{}: {found}", case["name"]);
            if write {
                case["answer"] = found;
            } else {
                assert!(near(&found, &case["answer"]), "{}: {found}", case["name"]);
            }
        }
    }
    if write {
        let mut text = serde_json::to_string_pretty(&vectors).unwrap();
        text.push('\n');
        std::fs::write(file(), text).unwrap();
    }
}

#[test]
fn no_refusal_repeats_a_value_of_the_query() {
    let vectors: Value = serde_json::from_slice(&std::fs::read(file()).unwrap()).unwrap();
    let catalogue = catalogue(&vectors);
    for body in [
        r#"{"queries":{"q":{"schema":"Secret","properties":{"name":["Secret"]}}}}"#,
        r#"{"queries":{"q":{"schema":"Person","properties":{"name":["Sec\ufffdret"]}}}}"#,
        r#"{"queries":{"q":{"schema":"Person","properties":{"name":[{"Secret":1}]}}}}"#,
        r#"{"queries":{"q":{"schema":"Person","properties":{"birthDate":["Secret"]}}}}"#,
        r#"{"queries":"Secret"}"#,
    ] {
        let refused = catalogue.match_examples("default", &Parameters::of_match("").unwrap(), body.as_bytes());
        let text = refused.map(|_| ()).unwrap_err().to_string();
        assert!(!text.contains("Sec"), "{text}");
    }
}
