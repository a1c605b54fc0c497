use countersign_tlog::note::KeyKind;
use countersign_tlog::policy::Policy;
use serde_json::json;

use super::{Cases, hex};
use crate::kit;

#[test]
fn policies() {
    let mut cases = Cases::new("policy files; bytes that are not UTF-8 stand in `policy_hex` instead of `policy`");
    let mut add = |name: &str, policy: &[u8], ok: bool| {
        let found = Policy::parse(policy);
        let refused = found.as_ref().ok().map(|policy| policy.refused().is_some());
        let given = match std::str::from_utf8(policy) {
            Ok(policy) => json!({"policy": policy, "refused_by_linter": refused}),
            Err(_) => json!({"policy_hex": hex(policy), "refused_by_linter": refused}),
        };
        cases.add(name, ok, &found, given);
    };
    let good = kit::policy_text(2);
    let w1 = kit::witness(1).verifier().to_string();
    let log = kit::log_key().verifier().to_string();
    let with = |line: &str| good.replace("quorum", &format!("{line}\nquorum"));

    for (name, text) in [
        ("two of three", good.clone()),
        ("comments, tabs, urls", {
            let text = good.replace("log ", "# logs\n\n \t\n  #\tmore\n\tlog\t");
            text.replace(&w1, &format!("{w1} https://w.example/ "))
                .replace(&log, &format!("{log}\thttps://log.example/"))
        }),
        ("none (refused by the linter)", good.replace("quorum all-w", "quorum none")),
        ("one witness", good.replace("quorum all-w", "quorum w1")),
        ("one of three (refused by the linter)", kit::policy_text(1)),
        ("any (refused by the linter)", good.replace("all-w 2", "all-w any")),
        ("all", good.replace("all-w 2", "all-w all")),
        ("two logs", format!("log {}\n{good}", kit::key("log.example/xb", KeyKind::Ed25519, 7).verifier())),
        ("two keys of one log", format!("log {}\n{good}", kit::key(kit::ORIGIN, KeyKind::Ed25519, 7).verifier())),
        ("quorum before a witness that does not count", {
            format!("{good}witness w4 {}\n", kit::witness(4).verifier())
        }),
        ("no log", good.split_once('\n').unwrap().1.to_owned()),
        ("names like words of the format", {
            let text = good
                .replace("all-w", "quorum")
                .replace("witness w2", "witness group")
                .replace("witness w3", "witness #3");
            text.replace("w1 w2 w3", "w1 group #3")
        }),
        ("a group of groups", with("group outer all all-w").replace("quorum all-w", "quorum outer")),
    ] {
        add(name, text.as_bytes(), true);
    }
    let octets = [b"# \xff\n", replaced(&good, "all-w", b"\xff\xfe").as_slice()].concat();
    add("octets that are not UTF-8 in a name and a comment", &octets, true);

    for (name, text) in [
        ("empty", String::new()),
        ("no quorum", good.replace("quorum all-w\n", "")),
        ("two quorums", format!("{good}quorum w1\n")),
        ("the same quorum twice", format!("{good}quorum all-w\n")),
        ("quorum of an unknown name", good.replace("quorum all-w", "quorum x")),
        ("quorum of two names", good.replace("quorum all-w", "quorum w1 w2")),
        ("quorum of no name", good.replace("quorum all-w", "quorum")),
        ("quorum before its group", "quorum all-w\n".to_owned() + &good.replace("quorum all-w\n", "")),
        ("group before its witness", {
            let (rest, witness) = (good.replace(&line(&good, "witness w3"), ""), line(&good, "witness w3"));
            rest + &witness
        }),
        ("a group with itself as a member", good.replace("w1 w2 w3", "w1 w2 all-w")),
        ("none as a member", good.replace("w1 w2 w3", "w1 w2 none")),
        ("a member twice in a group", good.replace("w1 w2 w3", "w1 w1 w3")),
        ("a member in two groups", with("group other any w1")),
        ("a group without members", good.replace("2 w1 w2 w3", "2")),
        ("threshold 0", good.replace("2 w1", "0 w1")),
        ("threshold 4 of 3", good.replace("2 w1", "4 w1")),
        ("threshold with a leading zero", good.replace("2 w1", "02 w1")),
        ("threshold in words", good.replace("2 w1", "most w1")),
        ("no threshold", good.replace("2 w1 w2 w3", "w1 w2 w3")),
        ("the same key for two witnesses", with(&format!("witness w4 {w1}"))),
        ("the same key under another name", {
            with(&format!("witness w4 {}", kit::key("other.example", KeyKind::CosignatureV1, 11).verifier()))
        }),
        ("the same log twice", format!("log {log}\n{good}")),
        ("one key for a log and a witness", {
            with(&format!("witness w4 {}", kit::key(kit::ORIGIN, KeyKind::CosignatureV1, 1).verifier()))
        }),
        ("the same name for two witnesses", good.replace("witness w2", "witness w1")),
        ("the same name for a witness and a group", good.replace("group all-w", "group w1")),
        ("a witness called none", good.replace("witness w1", "witness none").replace("2 w1", "2")),
        ("a group called none", good.replace("all-w", "none")),
        ("a log key as witness", { good.replace(&w1, &kit::key("x", KeyKind::Ed25519, 77).verifier().to_string()) }),
        ("a witness key as log", good.replace(&log, &kit::witness(9).verifier().to_string())),
        ("a key that cannot be read", good.replace(&log, "log.example/xa")),
        ("a witness without a name", good.replace("witness w1 ", "witness ")),
        ("a witness without a key", good.replace(&w1, "")),
        ("a witness with two urls", good.replace(&w1, &format!("{w1} https://a.example https://b.example"))),
        ("a log with two urls", good.replace(&log, &format!("{log} https://a.example https://b.example"))),
        ("a log without a key", good.replace(&log, "")),
        ("an unknown word", with("mirror m")),
        ("a word in upper case", good.replace("log ", "LOG ")),
        ("a comment behind a line", good.replace("quorum all-w", "quorum all-w # ours")),
        ("a no-break space between words", good.replace("quorum all-w", "quorum\u{a0}all-w")),
        ("carriage returns", good.replace('\n', "\r\n")),
        ("a form feed", good.replace("log ", "log \u{c} ")),
        ("U+007F in a comment", format!("# \x7f\n{good}")),
        ("a zero byte in a comment", format!("# \0\n{good}")),
        ("no final newline", good.trim_end().to_owned()),
        ("65 groups", (0..65).fold(good.replace("quorum all-w\n", ""), nest) + "quorum g64\n"),
    ] {
        add(name, text.as_bytes(), false);
    }
    cases.keep("tlog-policy.json");
}

fn line(policy: &str, start: &str) -> String {
    policy.lines().find(|line| line.starts_with(start)).unwrap().to_owned() + "\n"
}

fn nest(policy: String, number: usize) -> String {
    let member = if number == 0 { "all-w".to_owned() } else { format!("g{}", number - 1) };
    policy + &format!("group g{number} all {member}\n")
}

fn replaced(text: &str, from: &str, to: &[u8]) -> Vec<u8> {
    text.split(from).map(str::as_bytes).collect::<Vec<_>>().join(to)
}
