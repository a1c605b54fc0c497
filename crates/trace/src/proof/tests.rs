//! The shared vectors (`vectors/trace/path.json`), which are made here, and bytes nobody planned.

use super::*;
use crate::economy::{Draft, Economy, block};
use crate::gate::{Basis, Gate, Journal, OrderTerms};
use crate::graph::Graph;
use crate::labels::{BadAddress, Labels, Role, read_list};
use crate::own::Own;
use crate::taint::Rule;
use countersign_core::id::PersonId;
use countersign_core::order::Kind;
use proptest::prelude::*;
use serde_json::{Value, json};

const FILE: &str = include_str!("../../../../vectors/trace/path.json");

/// A path from the theft to a deposit in the invented economy, proved from its blocks.
fn economy() -> String {
    let economy = Economy::of_seed(1);
    let place = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    let mut graph = Graph::new(Network::Regtest, 0);
    for raw in &economy.blocks {
        bytes.extend(Network::Regtest.magic());
        bytes.extend((raw.len() as u32).to_le_bytes());
        bytes.extend(raw);
        let block = Block::parse(raw).unwrap();
        graph.append(&block.header, &block.transactions, &|_| None).unwrap();
    }
    std::fs::write(place.path().join("blk00000.dat"), bytes).unwrap();
    let files = BlockFiles::open(place.path(), Network::Regtest).unwrap();
    let (mut own, mut labels) = (Own::default(), Labels::default());
    own.add_deposits(economy.deposits.iter().map(|(outpoint, _)| *outpoint));
    let stolen = economy.stolen.unwrap().to_address(Network::Regtest).unwrap();
    labels
        .add_list("stolen", &read_list(&stolen, Network::Regtest, "I", "L", Role::Owner, BadAddress::Refuse).unwrap());
    let gate = Gate::new(&graph, &labels, &own, Journal::default());
    let order = OrderTerms {
        order: Digest([1; 32]),
        kind: Kind::Trace,
        approvers: [PersonId::parse("one").unwrap()].into(),
        quorum: 1,
        court: false,
        budget: 1,
    };
    let basis = Basis::order(&order).unwrap();
    let paths = own.deposits().filter_map(|deposit| gate.path(&basis, deposit, "stolen", Rule::Fifo).unwrap());
    // Deposits come in no order; a few payments show as much as many.
    let paths = paths.filter(|path| path.outputs().len() <= 4);
    let path = paths.max_by_key(|path| (path.outputs().len(), path.outputs().last().copied())).unwrap();
    let proof = prove(&path, &files, Network::Regtest).unwrap();
    let facts = check(proof.bytes()).unwrap();
    assert_eq!((facts.from, facts.to), (path.outputs()[0], *path.outputs().last().unwrap()));
    assert_eq!(facts.owner, economy.stolen);
    assert_eq!(facts.least, path.outputs().iter().map(|out| graph.value(graph.out_id(out).unwrap())).min().unwrap());
    proof.text().to_owned()
}

/// A block with one transaction, which is no coinbase: only the proof's own rules are asked.
fn alone(script: usize) -> String {
    let draft =
        Draft { inputs: vec![Outpoint { txid: Txid([5; 32]), vout: 1 }], outputs: vec![(7, vec![0x51; script])] };
    let tx = draft.bytes(0);
    let (_, bytes) = block(crate::wire::BlockHash([6; 32]), 0, std::slice::from_ref(&tx));
    let step = Step { header: hex(&bytes[..80]), position: 0, siblings: vec![], tx: hex(&tx), vin: None, vout: 0 };
    Exact::write(PathDocument { v: PathV1, network: Network::Main, steps: vec![step] }).unwrap().text().to_owned()
}

fn changed(text: &str, change: impl FnOnce(&mut Vec<Value>)) -> String {
    let mut document: PathDocument = serde_json::from_str(text).unwrap();
    let mut steps: Vec<Value> = document.steps.iter().map(|step| serde_json::to_value(step).unwrap()).collect();
    change(&mut steps);
    document.steps = steps.into_iter().map(|step| serde_json::from_value(step).unwrap()).collect();
    serde_json::to_string(&document).unwrap()
}

fn edit(step: &mut Value, member: &str, change: impl FnOnce(String) -> String) {
    step[member] = change(step[member].as_str().unwrap().to_owned()).into();
}

/// The vectors as they must stand in the file.
fn vectors() -> Value {
    let sound = economy();
    let one = alone(5);
    let good = |name: &str, text: &str| {
        let facts = check(text.as_bytes()).unwrap();
        let blocks: Vec<String> = facts.blocks.iter().map(|header| header.hash.to_string()).collect();
        json!({"name": name, "text": text, "network": facts.network, "from": facts.from, "to": facts.to, "least": facts.least, "blocks": blocks})
    };
    // The nonce that misses the target: every second does.
    let mut missing = String::new();
    for nonce in 0..=255u8 {
        missing =
            changed(&sound, |steps| edit(&mut steps[0], "header", |text| format!("{}{nonce:02x}000000", &text[..152])));
        if check(missing.as_bytes()) == Err(PathError::Header(1)) {
            break;
        }
    }
    let with_witness = changed(&one, |steps| {
        edit(&mut steps[0], "tx", |text| {
            let (front, back) = (&text[8..text.len() - 8], &text[text.len() - 8..]);
            format!("{}0001{front}0101aa{back}", &text[..8])
        });
    });
    let bad: Vec<(&str, String)> = vec![
        ("nothing", String::new()),
        ("a list", "[]".into()),
        ("another version", sound.replace("path/v1", "path/v2")),
        ("unknown network", sound.replace("\"regtest\"", "\"moon\"")),
        ("unknown member", sound.replace("\"network\"", "\"more\":1,\"network\"")),
        ("a member twice", sound.replace("\"network\"", "\"network\":\"main\",\"network\"")),
        ("a member is missing", sound.replacen("\"position\"", "\"positions\"", 1)),
        ("a sibling is too short", one.replace("[]", "[\"00\"]")),
        ("a number below zero", one.replace("\"vout\":0", "\"vout\":-1")),
        ("a number too large", one.replace("\"vout\":0", "\"vout\":4294967296")),
        ("white space", sound.replacen(':', ": ", 1)),
        ("no steps", changed(&sound, |steps| steps.clear())),
        ("too many steps", changed(&sound, |steps| *steps = vec![steps[0].clone(); MAX_STEPS + 1])),
        ("the first step has an input", changed(&sound, |steps| steps[0]["vin"] = 0.into())),
        ("a later step has none", changed(&sound, |steps| steps[1]["vin"] = Value::Null)),
        ("a header of 79 bytes", changed(&sound, |steps| edit(&mut steps[0], "header", |text| text[2..].into()))),
        ("a header in capitals", changed(&sound, |steps| edit(&mut steps[0], "header", |text| text.to_uppercase()))),
        ("a header that misses its target", missing),
        (
            "a header with a target above all",
            changed(&sound, |steps| {
                edit(&mut steps[0], "header", |text| format!("{}ffffff21{}", &text[..144], &text[152..]))
            }),
        ),
        (
            "a header with a negative target",
            changed(&sound, |steps| {
                edit(&mut steps[0], "header", |text| format!("{}ffffff20{}", &text[..144], &text[152..]))
            }),
        ),
        (
            "a transaction that ends early",
            changed(&sound, |steps| edit(&mut steps[1], "tx", |text| text[..text.len() - 2].into())),
        ),
        ("a byte behind a transaction", changed(&sound, |steps| edit(&mut steps[1], "tx", |text| text + "00"))),
        ("half a byte behind a transaction", changed(&sound, |steps| edit(&mut steps[1], "tx", |text| text + "0"))),
        ("a transaction with witnesses", with_witness),
        ("a transaction of 64 bytes", alone(4)),
        (
            "a count that is not the shortest",
            changed(&one, |steps| edit(&mut steps[0], "tx", |text| format!("{}fd0100{}", &text[..8], &text[10..]))),
        ),
        (
            "an absurd count",
            changed(&one, |steps| edit(&mut steps[0], "tx", |text| format!("{}feffffffff{}", &text[..8], &text[10..]))),
        ),
        (
            "all the money and more",
            changed(&one, |steps| {
                edit(&mut steps[0], "tx", |text| text.replace("0700000000000000", "0140075af0750700"))
            }),
        ),
        (
            "another amount",
            changed(&sound, |steps| {
                edit(&mut steps[1], "tx", |text| {
                    let at = text.len() - 8 - 86;
                    format!("{}{}{}", &text[..at], if &text[at..=at] == "0" { "1" } else { "0" }, &text[at + 1..])
                })
            }),
        ),
        ("another sibling", changed(&sound, |steps| steps[0]["siblings"][0] = "00".repeat(32).into())),
        ("a sibling too few", changed(&sound, |steps| drop(steps[0]["siblings"].as_array_mut().unwrap().pop()))),
        (
            "another position",
            changed(&sound, |steps| steps[0]["position"] = (steps[0]["position"].as_u64().unwrap() ^ 1).into()),
        ),
        (
            "a position beyond the tree",
            changed(&sound, |steps| {
                let depth = steps[0]["siblings"].as_array().unwrap().len();
                steps[0]["position"] = (steps[0]["position"].as_u64().unwrap() + (1 << depth)).into();
            }),
        ),
        ("a branch that is too long", changed(&one, |steps| steps[0]["siblings"] = vec!["00".repeat(32); 18].into())),
        ("the header of another step", changed(&sound, |steps| steps[1]["header"] = steps[0]["header"].clone())),
        ("an input that is not there", changed(&sound, |steps| steps[1]["vin"] = 999.into())),
        (
            "steps in another order",
            changed(&sound, |steps| {
                steps.swap(1, 2);
            }),
        ),
        ("a step is missing", changed(&sound, |steps| drop(steps.remove(1)))),
        (
            "another output of the step before",
            changed(&sound, |steps| steps[0]["vout"] = (steps[0]["vout"].as_u64().unwrap() ^ 1).into()),
        ),
        ("an output that is not there", changed(&sound, |steps| steps.last_mut().unwrap()["vout"] = 999.into())),
    ];
    let bad: Vec<Value> = bad
        .into_iter()
        .map(|(name, text)| json!({"name": name, "text": text, "expect": check(text.as_bytes()).expect_err(name).code()}))
        .collect();
    json!({
        "about": "Paths of payments of docs/formats/payment-path.md. Good ones with what they show, bad ones with the reason.",
        "good": [good("from the theft to a deposit, in the invented economy", &sound), good("one output", &one)],
        "bad": bad,
    })
}

#[test]
fn the_vectors_are_those_that_this_makes() {
    let made = vectors();
    let file: Value = serde_json::from_str(FILE).unwrap();
    if let Some(folder) = std::env::var_os("COUNTERSIGN_WRITE_VECTORS") {
        let text = serde_json::to_string_pretty(&made).unwrap();
        std::fs::write(std::path::Path::new(&folder).join("path.json"), text + "\n").unwrap();
    }
    assert!(made == file, "run this test with COUNTERSIGN_WRITE_VECTORS=FOLDER and compare");
    assert!(made["bad"].as_array().unwrap().len() > 30);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_changed_byte_shows_the_same(at: prop::sample::Index, to in 0x20u8..0x7f, cut: prop::sample::Index) {
        let file: Value = serde_json::from_str(FILE).unwrap();
        let sound = file["good"][0]["text"].as_str().unwrap();
        let mut bad = sound.as_bytes().to_vec();
        let at = at.index(bad.len());
        bad[at] = to;
        prop_assert!(bad == sound.as_bytes() || check(&bad).is_err() || check(&bad) != check(sound.as_bytes()));
        prop_assert!(check(&sound.as_bytes()[..cut.index(sound.len())]).is_err());
    }
}
