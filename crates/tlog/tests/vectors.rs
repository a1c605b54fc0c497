//! The vectors under `vectors/tlog`: made here from fixed keys, checked here, read by every other implementation.
//! `COUNTERSIGN_WRITE_VECTORS=1` writes them again.

use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::leaf::{
    ControlLeaf, ControlSignature, Leaf, LeafId, Opened, OpeningLeaf, check_disclosures, seal_fields,
};
use countersign_tlog::merkle::{consistency_proof, inclusion_proof, root_at, verify_consistency, verify_inclusion};
use countersign_tlog::note::{KeyKind, Note, VerifierKey};
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::proof::verify_proof;
use countersign_tlog::tile::{TilePath, decode_bundle, encode_bundle, tiles_to_write};
use countersign_tlog::witness::{AddCheckpoint, decide};
use countersign_tlog::{Hash, leaf_hash};
use serde_json::{Value, json};
use std::path::PathBuf;

use crate::kit;

const T: u64 = 1_800_000_000;

/// Compares with the file, or writes it; every file must hold more bad cases than good ones.
fn keep(name: &str, about: &str, cases: Vec<Value>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/tlog").join(name);
    let bad = cases.iter().filter(|case| case["ok"] == false).count();
    assert!(bad * 2 >= cases.len(), "{name}: {bad} of {} cases are bad", cases.len());
    if std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some() {
        let cases = cases.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("{{\"about\":{},\"cases\":[\n{cases}\n]}}\n", json!(about))).unwrap();
    }
    let kept = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert!(kept == json!({"about": about, "cases": cases}), "{name} differs from what the code makes");
}

#[test]
fn merkle() {
    let mut cases = Vec::new();
    let mut add = |name: String, leaf: Hash, index: u64, size: u64, root: Hash, proof: Vec<Hash>, ok: bool| {
        assert_eq!(verify_inclusion(leaf, index, size, root, &proof).is_ok(), ok, "{name}");
        let proof: Vec<String> = proof.iter().map(ToString::to_string).collect();
        cases.push(json!({"name": name, "ok": ok, "kind": "inclusion", "leaf_hash": leaf.to_string(), "index": index, "size": size,
            "root": root.to_string(), "proof": proof}));
    };
    for (index, size) in [(0, 1), (0, 2), (4, 5), (6, 7), (3, 8), (130, 257)] {
        let mut tree = kit::tree(size);
        let (leaf, root) = (leaf_hash(&kit::leaf(index)), root_at(size, &mut tree).unwrap());
        let proof = inclusion_proof(index, size, &mut tree).unwrap();
        let of = format!("leaf {index} of {size}");
        add(of.clone(), leaf, index, size, root, proof.clone(), true);
        add(format!("{of}: index out of the tree"), leaf, size, size, root, proof.clone(), false);
        add(format!("{of}: another root"), leaf, index, size, leaf_hash(b"x"), proof.clone(), false);
        add(format!("{of}: a hash too many"), leaf, index, size, root, [proof.clone(), vec![leaf]].concat(), false);
        if size > 1 {
            add(format!("{of}: a hash too few"), leaf, index, size, root, proof[1..].to_vec(), false);
            add(format!("{of}: another leaf"), leaf_hash(b"x"), index, size, root, proof, false);
        }
    }
    let mut add = |name: String, old: (u64, Hash), new: (u64, Hash), proof: Vec<Hash>, ok: bool| {
        assert_eq!(verify_consistency(old.0, old.1, new.0, new.1, &proof).is_ok(), ok, "{name}");
        let proof: Vec<String> = proof.iter().map(ToString::to_string).collect();
        cases.push(json!({"name": name, "ok": ok, "kind": "consistency", "old_size": old.0, "old_root": old.1.to_string(), "new_size": new.0,
            "new_root": new.1.to_string(), "proof": proof}));
    };
    for (old, new) in [(0, 5), (1, 2), (3, 7), (4, 8), (6, 8), (8, 8), (200, 300)] {
        let mut tree = kit::tree(new);
        let at = |size: u64| (size, root_at(size, &mut kit::tree(size)).unwrap());
        let proof = consistency_proof(old, new, &mut tree).unwrap();
        let of = format!("{old} to {new}");
        add(of.clone(), at(old), at(new), proof.clone(), true);
        add(format!("{of}: another old root"), (old, leaf_hash(b"x")), at(new), proof.clone(), false);
        add(format!("{of}: a hash too many"), at(old), at(new), [proof.clone(), vec![leaf_hash(b"x")]].concat(), false);
        if old != 0 && old != new {
            add(format!("{of}: another new root"), at(old), (new, leaf_hash(b"x")), proof.clone(), false);
            add(format!("{of}: no proof"), at(old), at(new), vec![], false);
            add(format!("{of}: backwards"), at(new), at(old), proof, false);
        }
    }
    keep("merkle.json", "leaf n is the text `leaf n`; hashes in base64", cases);
}

#[test]
fn tiles() {
    let mut cases = Vec::new();
    for (path, ok) in [
        ("tile/0/000", true),
        ("tile/0/x001/x234/067", true),
        ("tile/7/999.p/255", true),
        ("tile/63/000", true),
        ("tile/entries/x001/000.p/1", true),
        ("tile/00/000", false),
        ("tile/64/000", false),
        ("tile/0/0", false),
        ("tile/0/x000/001", false),
        ("tile/0/000.p/256", false),
        ("tile/0/000.p/0", false),
        ("tile/0/000.p/01", false),
        ("/tile/0/000", false),
        ("tile/0/000/", false),
        ("tile/entries/../000", false),
        ("tile/data/000", false),
        ("tile/8/0/000", false),
        ("tile/0/x001", false),
        ("tile/0/+00", false),
    ] {
        assert_eq!(path.parse::<TilePath>().is_ok(), ok, "{path}");
        cases.push(json!({"name": format!("path {path}"), "ok": ok, "kind": "path", "path": path}));
    }
    for (from, to) in [(0, 1), (0, 256), (255, 257), (0, 70_000), (5, 5)] {
        let paths: Vec<String> = tiles_to_write(from, to)
            .iter()
            .map(ToString::to_string)
            .filter(|path| to < 1_000 || path.contains(".p/"))
            .collect();
        cases.push(
            json!({"name": format!("growth from {from} to {to}"), "ok": true, "kind": "growth", "from": from, "to": to,
            "partial_only": to >= 1_000, "paths": paths}),
        );
    }
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let good = encode_bundle([b"a".as_slice(), b"", b"bcd"]).unwrap();
    for (name, bytes, width, ok) in [
        ("three entries", good.clone(), 3, true),
        ("fewer than promised", good.clone(), 4, false),
        ("more than promised", good.clone(), 2, false),
        ("cut in an entry", good[..good.len() - 1].to_vec(), 3, false),
        ("cut in a length", good[..4].to_vec(), 2, false),
        ("empty", vec![], 1, false),
    ] {
        assert_eq!(decode_bundle(&bytes, width).is_ok(), ok, "{name}");
        cases.push(
            json!({"name": format!("bundle: {name}"), "ok": ok, "kind": "bundle", "hex": hex(&bytes), "width": width}),
        );
    }
    keep("tiles.json", "paths of tiles, tiles to write when a log grows, entry bundles", cases);
}

#[test]
fn notes() {
    let (a, b) = (kit::key("a.example", KeyKind::Ed25519, 1), kit::key("b.example", KeyKind::Ed25519, 2));
    let keys = [a.verifier().to_string(), b.verifier().to_string()];
    let good = Note::sign("one\n\ntwo\n", &[&a]).unwrap().to_string();
    let both = Note::sign("one\n", &[&a, &b]).unwrap().to_string();
    let stranger = kit::key("c.example", KeyKind::Ed25519, 3);
    let mixed = Note::sign("one\n", &[&stranger, &a]).unwrap().to_string();
    let alone = Note::sign("one\n", &[&stranger]).unwrap().to_string();
    let line = good.lines().last().unwrap();
    let mut cases = Vec::new();
    for (name, note, ok) in [
        ("the last blank line separates", good.clone(), true),
        ("two known keys", both.clone(), true),
        ("an unknown key is ignored", mixed, true),
        ("only unknown keys", alone, false),
        ("another text", good.replace("two", "too"), false),
        ("a known name with the id of another key is ignored", both.replace("— b.example", "— a.example"), true),
        ("no final newline", good.trim_end().to_owned(), false),
        ("no signature", "one\n\n".to_owned(), false),
        ("no blank line", format!("one\n{line}\n"), false),
        ("carriage return", good.replace("one\n", "one\r\n"), false),
        ("a hyphen for the dash", good.replace('—', "-"), false),
        ("two spaces", good.replace("a.example ", "a.example  "), false),
        ("base64 without padding", good.replace('=', ""), false),
        ("text after the signatures", format!("{good}more\n"), false),
        ("a blank line after the signatures", format!("{good}\n"), false),
        (
            "wrong signature of a known key beside a right one",
            {
                let other = Note::sign("other\n", &[&b]).unwrap().to_string();
                both.lines()
                    .filter(|line| !line.contains("b.example"))
                    .chain(other.lines().filter(|line| line.contains("b.example")))
                    .fold(String::new(), |text, line| text + line + "\n")
            },
            false,
        ),
    ] {
        let known: Vec<VerifierKey> = keys.iter().map(|key| VerifierKey::parse(key).unwrap()).collect();
        let found = Note::parse(note.as_bytes()).and_then(|note| note.verify(&known)).is_ok();
        assert_eq!(found, ok, "{name}");
        cases.push(json!({"name": name, "ok": ok, "kind": "note", "vkeys": keys, "note": note}));
    }
    let key = a.verifier().to_string();
    for (name, key, ok) in [
        ("a key", key.clone(), true),
        ("a witness key", kit::witness(1).verifier().to_string(), true),
        ("another id", key.replacen('+', "+0", 1), false),
        ("upper case", key.to_uppercase(), false),
        ("no id", key.splitn(3, '+').step_by(2).collect::<Vec<_>>().join("+"), false),
        ("a space in the name", key.replacen("a.e", "a e", 1), false),
        ("cut", key[..key.len() - 2].to_owned(), false),
        ("empty", String::new(), false),
    ] {
        assert_eq!(VerifierKey::parse(&key).is_ok(), ok, "{name}");
        cases.push(json!({"name": format!("vkey: {name}"), "ok": ok, "kind": "vkey", "vkey": key}));
    }
    keep(
        "signed-note.json",
        "notes are right if at least one of `vkeys` signed and no signature of them is wrong",
        cases,
    );
}

#[test]
fn checkpoints() {
    let signed = kit::cosigned(5, &[T]);
    let log = kit::log_key().verifier().to_string();
    let root = signed.checkpoint().root.to_string();
    let sign = |text: &str| Note::sign(text, &[&kit::log_key()]).unwrap().to_string();
    let good = signed.to_string();
    let mut cases = Vec::new();
    for (name, text, ok) in [
        ("signed and cosigned", good.clone(), true),
        ("largest size", sign(&format!("{}\n9223372036854775807\n{root}\n", kit::ORIGIN)), true),
        ("empty tree", kit::checkpoint(0).to_string(), true),
        ("empty tree with a root", sign(&format!("{}\n0\n{root}\n", kit::ORIGIN)), false),
        ("size 2^63", sign(&format!("{}\n9223372036854775808\n{root}\n", kit::ORIGIN)), false),
        ("leading zero", sign(&format!("{}\n05\n{root}\n", kit::ORIGIN)), false),
        ("another origin", sign(&format!("log.example/xb\n5\n{root}\n")), false),
        ("an extension line", sign(&format!("{}\n5\n{root}\nmore\n", kit::ORIGIN)), false),
        ("short root", sign(&format!("{}\n5\nAAAA\n", kit::ORIGIN)), false),
        ("two lines", sign(&format!("{}\n5\n", kit::ORIGIN)), false),
        ("changed size", good.replace("\n5\n", "\n6\n"), false),
        (
            "no log signature",
            {
                let mut bare = signed.clone();
                bare.retain(|line| !line.is_by(kit::log_key().verifier()));
                bare.to_string()
            },
            false,
        ),
    ] {
        let found = SignedCheckpoint::parse(text.as_bytes())
            .and_then(|signed| signed.verify_log(kit::log_key().verifier()).cloned());
        assert_eq!(found.is_ok(), ok, "{name}");
        cases.push(json!({"name": name, "ok": ok, "log_vkey": log, "checkpoint": text}));
    }
    keep("checkpoint.json", "checkpoints of the log with this key", cases);
}

#[test]
fn cosignatures() {
    let key = kit::witness(1);
    let good = kit::cosigned(5, &[T]);
    let line = good.note().signatures()[1].clone();
    let changed = |at: usize| {
        let mut changed = line.clone();
        changed.signature[at] ^= 1;
        changed
    };
    let with = |line: countersign_tlog::note::SignatureLine, size: u64| {
        let mut signed = kit::checkpoint(size);
        signed.add(line).unwrap();
        signed.to_string()
    };
    let mut short = line.clone();
    short.signature.drain(..8);
    let mut zero = line.clone();
    zero.signature[..8].fill(0);
    let mut high = line.clone();
    high.signature[0] = 0x80;
    let mut cases = Vec::new();
    for (name, text, ok) in [
        ("a cosignature", good.to_string(), true),
        ("another time", with(changed(7), 5), false),
        ("another signature", with(changed(8), 5), false),
        ("another tree", with(line.clone(), 6), false),
        ("no time", with(short, 5), false),
        ("time 0", with(zero, 5), false),
        ("time above 2^63 - 1", with(high, 5), false),
        ("not there", kit::checkpoint(5).to_string(), false),
    ] {
        let found = Note::parse(text.as_bytes()).and_then(|note| note.verify([key.verifier()]));
        assert_eq!(found.is_ok(), ok, "{name}");
        let time = found.ok().and_then(|found| found[0].timestamp);
        cases.push(json!({"name": name, "ok": ok, "witness_vkey": key.verifier().to_string(), "checkpoint": text, "timestamp": time}));
    }
    keep("cosignature.json", "cosignature/v1 of this witness on a checkpoint", cases);
}

#[test]
fn proofs() {
    let policy = kit::policy_text(2);
    let good = kit::proof(3, 7, &[T, T + 1]);
    let text = good.to_string();
    let window = TimeWindow { min: T - 60, max: T + 60 };
    let mut extra = good.clone();
    extra.extra = Some(b"anything".to_vec());
    let mut cases = Vec::new();
    for (name, leaf, text, ok) in [
        ("two of three witnesses", 3, text.clone(), true),
        ("with extra data", 3, extra.to_string(), true),
        ("three witnesses", 3, kit::proof(3, 7, &[T; 3]).to_string(), true),
        ("a tree of one", 0, kit::proof(0, 1, &[T, T]).to_string(), true),
        ("another leaf", 4, text.clone(), false),
        ("another index", 3, text.replace("index 3", "index 2"), false),
        ("one witness", 3, kit::proof(3, 7, &[T]).to_string(), false),
        ("too old", 3, kit::proof(3, 7, &[T, T - 61]).to_string(), false),
        ("too new", 3, kit::proof(3, 7, &[T, T + 61]).to_string(), false),
        ("another version", 3, text.replace("@v1", "@v2"), false),
        ("leading zero", 3, text.replace("index 3", "index 03"), false),
        ("extra after the index", 3, text.replace("index 3", "index 3\nextra AA=="), false),
        ("a wrong cosignature", 3, text.replace("witness.example/w1 ", "witness.example/w2 "), false),
        ("no blank line", 3, text.replacen("\n\n", "\n", 1), false),
        ("carriage returns", 3, text.replace('\n', "\r\n"), false),
    ] {
        let leaf = kit::leaf(leaf);
        let found = verify_proof(&leaf, text.as_bytes(), &Policy::parse(policy.as_bytes()).unwrap(), window);
        assert_eq!(found.is_ok(), ok, "{name}: {found:?}");
        cases.push(
            json!({"name": name, "ok": ok, "leaf": String::from_utf8(leaf).unwrap(), "proof": text, "policy": policy,
            "min_time": window.min, "max_time": window.max, "index": found.ok().map(|found| found.index)}),
        );
    }
    keep("tlog-proof.json", "a leaf, a proof and a policy; cosignatures count from min_time to max_time", cases);
}

#[test]
fn policies() {
    let good = kit::policy_text(2);
    let witness = kit::witness(1).verifier().to_string();
    let mut cases = Vec::new();
    for (name, text, ok) in [
        ("two of three", good.clone(), true),
        (
            "comments, tabs, urls",
            good.replace("log ", "# logs\n\n\tlog\t").replace(&witness, &format!("{witness} https://w.example/ ")),
            true,
        ),
        ("none", good.replace("quorum all-w", "quorum none"), true),
        ("one of three (refused by the linter)", kit::policy_text(1), true),
        ("no quorum", good.replace("quorum all-w\n", ""), false),
        ("two quorums", format!("{good}quorum w1\n"), false),
        ("unknown name", good.replace("quorum all-w", "quorum x"), false),
        (
            "name used before it is defined",
            good.replace("group all-w 2 w1 w2 w3\n", "")
                .replace("quorum all-w\n", "quorum all-w\ngroup all-w 2 w1 w2 w3\n"),
            false,
        ),
        ("member twice", good.replace("w1 w2 w3", "w1 w1 w3"), false),
        ("threshold 0", good.replace("2 w1", "0 w1"), false),
        ("threshold 4 of 3", good.replace("2 w1", "4 w1"), false),
        ("same key twice", format!("{good}witness w4 {witness}\n"), false),
        ("same name twice", good.replace("witness w2", "witness w1"), false),
        (
            "a log key as witness",
            good.replace(&witness, &kit::key("x", KeyKind::Ed25519, 77).verifier().to_string()),
            false,
        ),
        ("carriage return", good.replace('\n', "\r\n"), false),
        ("no final newline", good.trim_end().to_owned(), false),
        ("unknown word", format!("{good}mirror m\n"), false),
    ] {
        let found = Policy::parse(text.as_bytes());
        assert_eq!(found.is_ok(), ok, "{name}: {found:?}");
        cases.push(json!({"name": name, "ok": ok, "policy": text, "refused_by_linter": found.ok().map(|policy| policy.refused().is_some())}));
    }
    keep("tlog-policy.json", "policy files", cases);
}

#[test]
fn witnesses() {
    let latest = kit::checkpoint(5);
    let logs = [kit::log_key().verifier().clone()];
    let request = |old: u64, new: u64| {
        let proof = consistency_proof(old, new, &mut kit::tree(new)).unwrap();
        AddCheckpoint { old_size: old, proof, checkpoint: kit::checkpoint(new) }.to_body()
    };
    let fork = Checkpoint { root: leaf_hash(b"x"), ..latest.checkpoint().clone() }.sign(&kit::log_key()).unwrap();
    let fork = AddCheckpoint { old_size: 5, proof: vec![], checkpoint: fork }.to_body();
    let good = request(5, 9);
    let mut cases = Vec::new();
    for (name, latest, body, status) in [
        ("first checkpoint", None, request(0, 5), 200),
        ("growth", Some(&latest), good.clone(), 200),
        ("the same again", Some(&latest), request(5, 5), 200),
        ("another old size", Some(&latest), request(3, 9), 409),
        ("old size 0", Some(&latest), request(0, 9), 409),
        ("nothing cosigned yet", None, good.clone(), 409),
        ("fork at the same size", Some(&latest), fork, 422),
        (
            "no proof",
            Some(&latest),
            AddCheckpoint { old_size: 5, proof: vec![], checkpoint: kit::checkpoint(9) }.to_body(),
            422,
        ),
        (
            "a proof from size 0",
            None,
            AddCheckpoint { old_size: 0, proof: vec![leaf_hash(b"x")], checkpoint: kit::checkpoint(9) }.to_body(),
            422,
        ),
        ("old size above the new", Some(&latest), request(5, 9).replace("old 5", "old 10"), 400),
        ("leading zero", Some(&latest), good.replace("old 5", "old 05"), 400),
        ("no blank line", Some(&latest), good.replace("\n\n", "\n"), 400),
        ("unknown log", Some(&latest), good.replace(kit::ORIGIN, "log.example/xb"), 404),
        (
            "changed root",
            Some(&latest),
            good.replace(&kit::checkpoint(9).checkpoint().root.to_string(), &leaf_hash(b"x").to_string()),
            403,
        ),
    ] {
        let found = AddCheckpoint::parse(body.as_bytes()).and_then(|request| decide(&request, &logs, |_| latest));
        let answer = found.as_ref().err().map(countersign_tlog::witness::Refusal::response);
        assert_eq!(answer.as_ref().map_or(200, |answer| answer.status), status, "{name}");
        cases.push(json!({"name": name, "ok": status == 200, "log_vkey": logs[0].to_string(), "latest": latest.map(ToString::to_string), "request": body,
            "status": status, "conflict_body": answer.filter(|answer| answer.status == 409).map(|answer| answer.body)}));
    }
    keep(
        "witness.json",
        "add-checkpoint: what a witness that follows this log answers, given what it cosigned last",
        cases,
    );
}

#[test]
fn leaves() {
    let id = LeafId([0xab; 16]);
    let fields = [("kind", json!("order")), ("people", json!(3)), ("scope", json!({"a": ["x", null], "b": -1}))];
    let (leaf, disclosures) = seal_fields(id, 6_000_000, &fields, &mut kit::rng(1)).unwrap();
    let (_, foreign) = seal_fields(id, 6_000_000, &fields, &mut kit::rng(2)).unwrap();
    let texts: Vec<&str> = disclosures.iter().map(|one| one.as_str()).collect();
    let sealed = String::from_utf8(leaf).unwrap();
    let control = ControlLeaf::new(
        id,
        6_000_000,
        "{\"a\":1}\n".into(),
        vec![ControlSignature { by: "trustee-1".into(), sig: "s".into() }],
    )
    .unwrap();
    let control = String::from_utf8(control.to_bytes().unwrap()).unwrap();
    let opening = OpeningLeaf::new(id, 6_000_001, vec![Opened { index: 7, disclosures: disclosures.clone() }]).unwrap();
    let opening = String::from_utf8(opening.to_bytes().unwrap()).unwrap();
    let first = &sealed[sealed.find("[\"").unwrap() + 2..][..43];
    let none: Vec<&str> = Vec::new();
    let mut cases = Vec::new();
    for (name, leaf, disclosures, ok) in [
        ("sealed, all opened", sealed.clone(), texts.clone(), true),
        ("sealed, one opened", sealed.clone(), texts[1..2].to_vec(), true),
        ("control", control.clone(), none.clone(), true),
        ("opening", opening.clone(), none.clone(), true),
        ("a disclosure of another leaf", sealed.clone(), vec![foreign[0].as_str()], false),
        ("a disclosure twice", sealed.clone(), vec![texts[0], texts[0]], false),
        ("a disclosure that is not base64url", sealed.clone(), vec!["AA=="], false),
        ("version 2", sealed.replace("\"v\":1", "\"v\":2"), none.clone(), false),
        ("another kind", sealed.replace("sealed", "opened"), none.clone(), false),
        ("upper-case id", sealed.replace("abab", "ABAB"), none.clone(), false),
        ("leading zero in the tick", sealed.replace("6000000", "0600000"), none.clone(), false),
        ("a space", sealed.replacen("0\"}", " \"}", 1), none.clone(), false),
        ("other padding", sealed.replacen("0\"}", "1\"}", 1), none.clone(), false),
        ("a byte short", sealed.replacen("0\"}", "\"}", 1), none.clone(), false),
        ("a byte long", sealed.replacen("0\"}", "00\"}", 1), none.clone(), false),
        ("a newline", format!("{sealed}\n"), none.clone(), false),
        ("digests out of order", sealed.replace(first, &"A".repeat(43)).replacen('A', "z", 1), none.clone(), false),
        (
            "members in another order",
            sealed.replace("{\"v\":1,\"kind\":\"sealed\"", "{\"kind\":\"sealed\",\"v\":1"),
            none.clone(),
            false,
        ),
        (
            "control with an escape that is not needed",
            control.replace("{\\\"a", "\\u007b\\\"a").replacen("00000\"}", "\"}", 1),
            none.clone(),
            false,
        ),
        (
            "opening with a broken disclosure",
            opening.replace(texts[0], &texts[0].replacen('W', "X", 1)),
            none.clone(),
            false,
        ),
        ("opening as control", opening.replace("opening\"", "control\""), none.clone(), false),
    ] {
        let found = Leaf::parse(leaf.as_bytes()).is_ok()
            && (disclosures.is_empty() || check_disclosures(leaf.as_bytes(), &disclosures).is_ok());
        assert_eq!(found, ok, "{name}");
        let fields = check_disclosures(leaf.as_bytes(), &disclosures).ok();
        cases.push(json!({"name": name, "ok": ok, "leaf": leaf, "disclosures": disclosures, "fields": if ok { json!(fields) } else { Value::Null }}));
    }
    keep("leaf.json", "leaves, and disclosures that must belong to them", cases);
}
