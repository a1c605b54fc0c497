use countersign_tlog::note::KeyKind;
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::proof::{LogProof, verify_proof};
use serde_json::json;

use super::{Cases, T, changed};
use crate::kit;

const WINDOW: TimeWindow = TimeWindow { min: T - 60, max: T + 60 };

#[test]
fn proofs() {
    let mut cases = Cases::new("a leaf, a proof and a policy; cosignatures count from min_time to max_time");
    let two_of_three = kit::policy_text(2);
    let mut add = |name: &str, leaf: u64, text: &str, policy: &str, ok: bool| {
        let leaf = kit::leaf(leaf);
        let found = verify_proof(&leaf, text.as_bytes(), &Policy::parse(policy.as_bytes()).unwrap(), WINDOW);
        let index = found.as_ref().ok().map(|found| found.index);
        let extra = LogProof::parse(text.as_bytes()).ok().and_then(|proof| proof.extra);
        let extra = extra.filter(|_| ok).map(|extra| String::from_utf8(extra).unwrap());
        let given = json!({"leaf": String::from_utf8(leaf).unwrap(), "proof": text, "policy": policy, "min_time": WINDOW.min,
            "max_time": WINDOW.max, "index": index, "extra": extra});
        cases.add(name, ok, &found, given);
    };
    let good = kit::proof(3, 7, &[T, T + 1]);
    let text = good.to_string();
    let with_extra = |extra: &str| LogProof { extra: Some(extra.into()), ..good.clone() }.to_string();

    let mut plain = |name: &str, leaf: u64, text: &str, ok: bool| add(name, leaf, text, &two_of_three, ok);
    plain("two of three witnesses", 3, &text, true);
    plain("three witnesses", 3, &kit::proof(3, 7, &[T; 3]).to_string(), true);
    plain("a tree of one: no hashes", 0, &kit::proof(0, 1, &[T, T]).to_string(), true);
    plain("at the ends of the times", 3, &kit::proof(3, 7, &[T - 60, T + 60]).to_string(), true);
    plain("extra data", 3, &with_extra("anything"), true);
    plain("other extra data: nobody signs it", 3, &with_extra("anything else"), true);
    plain("extra data of no bytes", 3, &with_extra(""), true);
    plain("a line of an unknown witness", 3, &(text.clone() + "— witness.example/w9 AAAAAAA=\n"), true);

    let first = good.hashes[0].to_string();
    let (head, checkpoint) = text.split_once("\n\n").unwrap();
    for (name, text) in [
        ("empty", String::new()),
        ("no first line", text.split_once('\n').unwrap().1.to_owned()),
        ("another version", text.replace("@v1", "@v2")),
        ("a space behind the first line", text.replace("@v1", "@v1 ")),
        ("a byte order mark", format!("\u{feff}{text}")),
        ("no index", text.replace("index 3\n", "")),
        ("index with a leading zero", text.replace("index 3", "index 03")),
        ("negative index", text.replace("index 3", "index -3")),
        ("index with two spaces", text.replace("index 3", "index  3")),
        ("index of 2^64", text.replace("index 3", "index 18446744073709551616")),
        ("index twice", text.replace("index 3", "index 3\nindex 3")),
        ("extra behind the index", text.replace("index 3", "index 3\nextra AA==")),
        ("extra twice", text.replace("index 3", "extra AA==\nextra AA==\nindex 3")),
        ("extra without a space", text.replace("index 3", "extra\nindex 3")),
        ("extra that is not base64", text.replace("index 3", "extra !\nindex 3")),
        ("extra without padding", text.replace("index 3", "extra AA\nindex 3")),
        ("extra with unused bits set", text.replace("index 3", "extra AB==\nindex 3")),
        ("an unknown line", text.replace("index 3", "note x\nindex 3")),
        ("hash of 31 bytes", text.replace(&first, &("A".repeat(41) + "A=="))),
        ("hash without padding", text.replace(&first, first.trim_end_matches('='))),
        ("64 hashes", text.replace(&first, &vec![first.as_str(); 62].join("\n"))),
        ("no blank line", text.replacen("\n\n", "\n", 1)),
        ("two blank lines", text.replacen("\n\n", "\n\n\n", 1)),
        ("carriage returns", text.replace('\n', "\r\n")),
        ("no checkpoint", format!("{head}\n\n")),
        ("checkpoint without signatures", text.split("\n\n").take(2).collect::<Vec<_>>().join("\n\n") + "\n"),
        ("checkpoint without its final newline", text.trim_end().to_owned()),
        ("a line behind the checkpoint", text.clone() + "more\n"),
        ("checkpoint alone", checkpoint.to_owned()),
    ] {
        plain(name, 3, &text, false);
    }
    plain("another leaf", 4, &text, false);
    plain("another index", 3, &text.replace("index 3", "index 2"), false);
    plain("index out of the tree", 3, &text.replace("index 3", "index 7"), false);
    plain("a hash too few", 3, &text.replace(&format!("{first}\n"), ""), false);
    plain("a hash too many", 3, &text.replace(&first, &format!("{first}\n{first}")), false);
    let swapped = LogProof { hashes: good.hashes.iter().rev().copied().collect(), ..good.clone() };
    plain("hashes from the root down", 3, &swapped.to_string(), false);
    let larger = LogProof { checkpoint: kit::cosigned(8, &[T, T]), ..good.clone() };
    plain("checkpoint of another tree", 3, &larger.to_string(), false);

    plain("one witness", 3, &kit::proof(3, 7, &[T]).to_string(), false);
    plain("no witness", 3, &kit::proof(3, 7, &[]).to_string(), false);
    plain("one of two too old", 3, &kit::proof(3, 7, &[T, T - 61]).to_string(), false);
    plain("one of two too new", 3, &kit::proof(3, 7, &[T, T + 61]).to_string(), false);
    let damaged = |which: usize| {
        let lines = kit::cosigned(7, &[T; 3]).note().signatures().to_vec();
        let mut proof = kit::proof(3, 7, &[T; 3]);
        proof.checkpoint.retain(|_| false);
        for (at, line) in lines.iter().enumerate() {
            proof.checkpoint.add(if at == which { changed(line, 20) } else { line.clone() }).unwrap();
        }
        proof.to_string()
    };
    plain("the log's signature wrong", 3, &damaged(0), false);
    plain("a cosignature wrong beside a quorum", 3, &damaged(3), false);
    plain("one witness twice", 3, &twice(), false);
    plain(
        "a cosignature under another witness's name",
        3,
        &text.replace("witness.example/w1 ", "witness.example/w2 "),
        false,
    );
    let mut unsigned = good.clone();
    unsigned.checkpoint.retain(|line| !line.is_by(kit::log_key().verifier()));
    plain("no signature of the log", 3, &unsigned.to_string(), false);

    let log = kit::log_key().verifier().to_string();
    let foreign = kit::key("log.example/xb", KeyKind::Ed25519, 1).verifier().to_string();
    add("a policy of another log", 3, &text, &two_of_three.replace(&log, &foreign), false);
    let other = kit::key(kit::ORIGIN, KeyKind::Ed25519, 9).verifier().to_string();
    add("a policy with another key of this log", 3, &text, &two_of_three.replace(&log, &other), false);
    add("a policy of no log", 3, &text, two_of_three.split_once('\n').unwrap().1, false);
    add("a policy of three witnesses", 3, &text, &kit::policy_text(3), false);
    add("a policy with an old and a new key of this log", 3, &text, &format!("log {other}\n{two_of_three}"), true);
    add(
        "a policy without witnesses",
        3,
        &kit::proof(3, 7, &[]).to_string(),
        &format!("log {log}\nquorum none\n"),
        true,
    );
    cases.keep("tlog-proof.json");
}

/// Two right cosignatures, both of the first witness.
fn twice() -> String {
    let mut proof = kit::proof(3, 7, &[T]);
    proof.checkpoint.add(kit::cosigned(7, &[T + 1]).note().signatures()[1].clone()).unwrap();
    proof.to_string()
}
