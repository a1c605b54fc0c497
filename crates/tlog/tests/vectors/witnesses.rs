use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::cosignature::cosign;
use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::consistency_proof;
use countersign_tlog::note::{KeyKind, Note};
use countersign_tlog::witness::{
    AddCheckpoint, Refusal, cosignature_body, decide, monitoring_path, parse_conflict, parse_cosignature, verify_latest,
};
use serde_json::json;

use super::{Cases, T, changed};
use crate::kit;

fn request(old: u64, new: u64) -> String {
    let proof = consistency_proof(old, new, &mut kit::tree(new)).unwrap();
    AddCheckpoint { old_size: old, proof, checkpoint: kit::checkpoint(new) }.to_body()
}

/// The log's checkpoint of this text, whatever it says.
fn sign(text: &str) -> String {
    Note::sign(text, &[&kit::log_key()]).unwrap().to_string()
}

#[test]
fn requests() {
    let mut cases = Cases::new(
        "add-checkpoint: what a witness that follows this log answers, given what it cosigned last (null: nothing)",
    );
    let log = kit::log_key().verifier().clone();
    let latest = kit::checkpoint(5);
    let mut add = |name: &str, latest: Option<&SignedCheckpoint>, body: &str, status: u16| {
        let logs = [log.clone()];
        let found = AddCheckpoint::parse(body.as_bytes()).and_then(|request| decide(&request, &logs, |_| latest));
        let answer = found.as_ref().err().map(Refusal::response);
        assert_eq!(answer.as_ref().map_or(200, |answer| answer.status), status, "{name}");
        let conflict = answer.filter(|answer| answer.status == 409).map(|answer| answer.body);
        let given = json!({"log_vkey": log.to_string(), "latest": latest.map(ToString::to_string), "request": body,
            "status": status, "conflict_body": conflict, "kept": found.as_ref().ok().map(ToString::to_string)});
        cases.add(name, status == 200, &found, given);
    };
    let good = request(5, 9);
    let origin = kit::ORIGIN;
    add("first checkpoint", None, &request(0, 5), 200);
    add("growth", Some(&latest), &good, 200);
    add("the same again", Some(&latest), &request(5, 5), 200);
    add("an empty tree first", None, &request(0, 0), 200);
    add("from an empty tree", Some(&kit::checkpoint(0)), &request(0, 9), 200);
    let cosigned = kit::cosigned(9, &[T]).to_string();
    add("a cosignature besides is ignored", None, &format!("old 0\n\n{cosigned}"), 200);

    add("another old size", Some(&latest), &request(3, 9), 409);
    add("old size 0", Some(&latest), &request(0, 9), 409);
    add("an older checkpoint", Some(&latest), &request(3, 4), 409);
    add("nothing cosigned yet", None, &good, 409);
    add("an old size that was never cosigned", Some(&latest), &request(6, 9), 409);

    let root = leaf_hash(b"x").to_string();
    let fork = sign(&format!("{origin}\n5\n{root}\n"));
    add("fork at the same size", Some(&latest), &format!("old 5\n\n{fork}"), 422);
    let hash = consistency_proof(5, 9, &mut kit::tree(9)).unwrap()[0].to_string();
    add("no proof", Some(&latest), &format!("old 5\n\n{}", kit::checkpoint(9)), 422);
    add("a hash too few", Some(&latest), &good.replace(&format!("{hash}\n"), ""), 422);
    add("a hash too many", Some(&latest), &good.replace(&hash, &format!("{hash}\n{root}")), 422);
    add("another hash", Some(&latest), &good.replace(&hash, &root), 422);
    let fork = sign(&format!("{origin}\n9\n{root}\n"));
    add("another root", Some(&latest), &good.replace(&kit::checkpoint(9).to_string(), &fork), 422);
    add("a proof from size 0", None, &format!("old 0\n{root}\n\n{}", kit::checkpoint(9)), 422);
    add("a proof between equal sizes", Some(&latest), &format!("old 5\n{root}\n\n{latest}"), 422);
    add("an empty tree with a root", None, &format!("old 0\n\n{}", sign(&format!("{origin}\n0\n{root}\n"))), 422);

    add("old size above the new", Some(&latest), &good.replace("old 5", "old 10"), 400);
    for (name, body) in [
        ("empty", String::new()),
        ("no old size", good.split_once('\n').unwrap().1.to_owned()),
        ("leading zero", good.replace("old 5", "old 05")),
        ("negative", good.replace("old 5", "old -5")),
        ("two spaces", good.replace("old 5", "old  5")),
        ("a word in upper case", good.replace("old 5", "Old 5")),
        ("an old size of 2^64", good.replace("old 5", "old 18446744073709551616")),
        ("a proof line that is no hash", good.replace(&hash, "AAAA")),
        ("a proof line without padding", good.replace(&hash, hash.trim_end_matches('='))),
        ("64 proof lines", good.replace(&hash, &vec![hash.as_str(); 62].join("\n"))),
        ("no blank line", good.replace("\n\n", "\n")),
        ("carriage returns", good.replace('\n', "\r\n")),
        ("no final newline", good.trim_end().to_owned()),
        ("no checkpoint", good.split_once("\n\n").unwrap().0.to_owned() + "\n\n"),
        ("checkpoint of two lines", format!("old 5\n\n{}", sign(&format!("{origin}\n9\n")))),
        ("checkpoint with an extension line", format!("old 5\n\n{}", sign(&format!("{origin}\n9\n{root}\nmore\n")))),
        ("checkpoint without signatures", good.split("\n\n").take(2).collect::<Vec<_>>().join("\n\n") + "\n"),
    ] {
        add(name, Some(&latest), &body, 400);
    }

    add("unknown log", Some(&latest), &good.replace(origin, "log.example/xb"), 404);
    let changed_root = good.replace(&kit::checkpoint(9).checkpoint().root.to_string(), &root);
    add("not what the log signed", Some(&latest), &changed_root, 403);
    let impostor = kit::checkpoint(9).checkpoint().sign(&kit::key(origin, KeyKind::Ed25519, 8)).unwrap();
    add(
        "signed by another key",
        Some(&latest),
        &good.replace(&kit::checkpoint(9).to_string(), &impostor.to_string()),
        403,
    );
    let line = kit::checkpoint(9).note().signatures()[0].clone();
    add("a right and a wrong signature", Some(&latest), &format!("{good}{}\n", changed(&line, 3)), 403);
    add("wrong signature before wrong size", Some(&latest), &changed_root.replace("old 5", "old 10"), 403);
    add("unknown log before wrong size", Some(&latest), &request(3, 9).replace(origin, "log.example/xb"), 404);
    add(
        "wrong size before wrong proof",
        Some(&latest),
        &request(3, 9).replace(&hash, &root).replace("old 3", "old 4"),
        409,
    );
    cases.keep("witness.json");
}

#[test]
fn answers() {
    let mut cases = Cases::new(
        "what a log makes of a witness's answer: `cosigned` is the line it takes from a 200 over `checkpoint`, `size` the size in a \
         409, `latest` the checkpoint served for this log",
    );
    let (log, w1, w2) = (kit::log_key(), kit::witness(1), kit::witness(2));
    let signed = kit::checkpoint(5);
    let line = cosign(&signed, &w1, T).unwrap();
    let other = cosign(&signed, &w2, T).unwrap();
    let keys = json!({"log_vkey": log.verifier().to_string(), "witness_vkey": w1.verifier().to_string()});
    let given = |kind: &str, body: &str, more: serde_json::Value| {
        let mut given = keys.as_object().unwrap().clone();
        given.extend([("kind".to_owned(), json!(kind)), ("body".to_owned(), json!(body))]);
        given.extend(more.as_object().unwrap().clone());
        serde_json::Value::from(given)
    };

    let good = cosignature_body(std::slice::from_ref(&line));
    let shown = |line| cosignature_body(&[line]);
    for (name, body, ok) in [
        ("one line", good.clone(), true),
        ("a line of another witness besides", cosignature_body(&[other.clone(), line.clone()]), true),
        ("two lines: the later one", cosignature_body(&[cosign(&signed, &w1, T + 1).unwrap(), line.clone()]), true),
        ("empty", String::new(), false),
        ("a blank line", "\n".to_owned(), false),
        ("no final newline", good.trim_end().to_owned(), false),
        ("a blank line behind", format!("{good}\n"), false),
        ("a blank line before", format!("\n{good}"), false),
        ("carriage return", good.replace('\n', "\r\n"), false),
        ("only another witness", shown(other), false),
        ("over another tree", shown(cosign(&kit::checkpoint(6), &w1, T).unwrap()), false),
        ("a bit of the signature", shown(changed(&line, 20)), false),
        ("a bit of the time", shown(changed(&line, 7)), false),
        ("a right and a wrong line", cosignature_body(&[line.clone(), changed(&line, 20)]), false),
        ("a right line and one that is none", format!("{good}ok\n"), false),
        ("a whole checkpoint", kit::cosigned(5, &[T]).to_string(), false),
        ("101 lines", good.repeat(101), false),
    ] {
        let found = parse_cosignature(body.as_bytes(), &signed, w1.verifier());
        let taken = found.as_ref().ok().map(ToString::to_string);
        let more = json!({"checkpoint": signed.to_string(), "cosigned": taken});
        cases.add(format!("200: {name}"), ok, &found, given("cosignatures", &body, more));
    }
    for (name, body, ok) in [
        ("a size", "12\n", true),
        ("zero", "0\n", true),
        ("empty", "", false),
        ("no newline", "12", false),
        ("two newlines", "12\n\n", false),
        ("leading zero", "012\n", false),
        ("a sign", "+12\n", false),
        ("a space", " 12\n", false),
        ("words", "size 12\n", false),
        ("carriage return", "12\r\n", false),
        ("2^64", "18446744073709551616\n", false),
    ] {
        let found = parse_conflict(body.as_bytes());
        let size = found.as_ref().ok().copied();
        cases.add(format!("409: {name}"), ok, &found, given("conflict", body, json!({"size": size})));
    }
    let served = kit::cosigned(5, &[T]);
    let mut alone = served.clone();
    alone.retain(|line| line.is_by(w1.verifier()));
    let foreign = kit::key("log.example/xb", KeyKind::Ed25519, 1);
    let foreign =
        Checkpoint { origin: foreign.verifier().name().clone(), ..signed.checkpoint().clone() }.sign(&foreign);
    for (name, body, ok) in [
        ("signed and cosigned", served.to_string(), true),
        ("not cosigned", signed.to_string(), false),
        ("not signed by the log", alone.to_string(), false),
        ("another log's", foreign.unwrap().to_string(), false),
        ("changed", served.to_string().replace("\n5\n", "\n6\n"), false),
        ("empty", String::new(), false),
    ] {
        let found = verify_latest(body.as_bytes(), log.verifier(), w1.verifier());
        let more = json!({"path": monitoring_path(kit::ORIGIN)});
        cases.add(format!("latest: {name}"), ok, &found, given("latest", &body, more));
    }
    cases.keep("witness-answers.json");
}
