//! The vectors that verifiers in other languages share: packs, and verdicts on clients.

use std::collections::BTreeMap;
use std::fs;

use countersign_restrict::evaluate::{InForce, Verdict};
use countersign_restrict::pack::{Document, Pack, pack_digest};
use countersign_testkit::require::workspace_root;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::kit::{SHIPPED, day, row, shipped, shipped_bytes};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Packs {
    good: Vec<GoodPack>,
    bad: Vec<BadPack>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoodPack {
    name: String,
    /// JSON, which is YAML.
    pack: String,
    digest: String,
    /// The shipped pack with the same content, and the digest of its bytes.
    shipped: Option<String>,
    shipped_digest: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BadPack {
    name: String,
    pack: String,
    error: String,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clients {
    good: Vec<Judged>,
    bad: Vec<Refused>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    name: String,
    /// Name of a good pack.
    pack: String,
    on: String,
    client: BTreeMap<String, String>,
    verdicts: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    name: String,
    client: BTreeMap<String, String>,
    column: Option<String>,
    error: String,
}

fn load<T: DeserializeOwned>(name: &str) -> T {
    let text = fs::read_to_string(workspace_root().join("vectors/restrict").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn good_packs_are_read_and_have_their_digest() {
    let packs: Packs = load("packs.json");
    assert!(packs.bad.len() > packs.good.len());
    for case in &packs.good {
        let pack = Pack::parse(case.pack.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(pack.digest().to_hex(), case.digest, "{}", case.name);
        if let Some(name) = &case.shipped {
            assert_eq!(
                pack.document(),
                shipped(name).document(),
                "{name}: the JSON of the vectors and the YAML differ"
            );
            assert_eq!(Some(pack_digest(&shipped_bytes(name)).to_hex()), case.shipped_digest, "{name}");
        }
    }
    for name in SHIPPED {
        assert!(packs.good.iter().any(|case| case.shipped.as_deref() == Some(name)), "{name} is not among the vectors");
    }
}

#[test]
fn bad_packs_are_refused_for_their_reason() {
    for case in load::<Packs>("packs.json").bad {
        let error = Pack::parse(case.pack.as_bytes()).expect_err(&case.name).to_string();
        assert!(error.contains(&case.error), "{}: {error}", case.name);
        // What the lint alone refuses is well formed.
        assert_eq!(Document::read(case.pack.as_bytes()).is_ok(), error.contains("found by the lint"), "{}", case.name);
    }
}

#[test]
fn clients_are_judged_and_refused_as_written() {
    let packs: BTreeMap<String, Pack> = load::<Packs>("packs.json")
        .good
        .into_iter()
        .map(|case| (case.name, Pack::parse(case.pack.as_bytes()).unwrap()))
        .collect();
    let clients: Clients = load("clients.json");
    assert!(clients.bad.len() > clients.good.len());
    let columns = |client: &BTreeMap<String, String>| -> Vec<(String, String)> {
        client.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    for case in clients.good {
        let given = columns(&case.client);
        let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let facts = row(&given).unwrap().unwrap_or_else(|bad| panic!("{}: {bad}", case.name));
        let rules = InForce::on(&packs[&case.pack], day(&case.on)).unwrap();
        let verdicts: BTreeMap<String, String> = rules
            .judge(&facts)
            .map(|judgement| {
                let verdict = match judgement.verdict {
                    Verdict::Ask(missing) => format!("ask: {missing}"),
                    verdict => verdict.as_str().to_owned(),
                };
                (judgement.version.id.clone(), verdict)
            })
            .collect();
        assert_eq!(verdicts, case.verdicts, "{}", case.name);
    }
    for case in clients.bad {
        let given = columns(&case.client);
        let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (column, error) = match row(&given) {
            Ok(Err(bad)) => (bad.column.map(|column| column.to_string()), bad.reason),
            Err(error) => (None, error.to_string()),
            Ok(Ok(_)) => panic!("{}: not refused", case.name),
        };
        assert_eq!(column, case.column, "{}", case.name);
        assert!(error.contains(&case.error), "{}: {error}", case.name);
    }
}
