use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::leaf_hash;
use countersign_tlog::note::{KeyKind, Note, SignatureLine, SigningKey};
use serde_json::json;

use super::{Cases, T, changed, malleated};
use crate::kit::{self, ORIGIN};

#[test]
fn checkpoints() {
    let mut cases = Cases::new("checkpoints of the log with this key");
    let log = kit::log_key();
    let mut add = |name: &str, text: &str, ok: bool| {
        let found =
            SignedCheckpoint::parse(text.as_bytes()).and_then(|signed| signed.verify_log(log.verifier()).cloned());
        let given = json!({"log_vkey": log.verifier().to_string(), "checkpoint": text});
        cases.add(name, ok, &found, given);
    };
    let signed = kit::cosigned(5, &[T]);
    let good = signed.to_string();
    let root = signed.checkpoint().root.to_string();
    let largest = format!("{ORIGIN}\n9223372036854775807\n{root}\n");
    add("signed and cosigned", &good, true);
    add("signed alone", &kit::checkpoint(5).to_string(), true);
    add("empty tree", &kit::checkpoint(0).to_string(), true);
    add("largest size", &sign(&largest), true);
    add("largest size, one more", &sign(&largest.replace("807\n", "808\n")), false);
    add("empty tree with a root", &sign(&format!("{ORIGIN}\n0\n{root}\n")), false);
    for (name, size) in [
        ("leading zero", "05"),
        ("two zeroes", "00"),
        ("plus sign", "+5"),
        ("negative", "-5"),
        ("a space before the size", " 5"),
        ("a space behind the size", "5 "),
        ("a group separator", "5_0"),
        ("a fraction", "5.0"),
        ("hexadecimal", "0x5"),
        ("digits of another script", "\u{665}"),
        ("no size", ""),
        ("2^64 + 5", "18446744073709551621"),
    ] {
        add(&format!("size: {name}"), &sign(&format!("{ORIGIN}\n{size}\n{root}\n")), false);
    }
    for (name, root) in [
        ("no root", String::new()),
        ("31 bytes", "A".repeat(41) + "A=="),
        ("33 bytes", "A".repeat(44)),
        ("no padding", root.trim_end_matches('=').to_owned()),
        ("URL alphabet", root.replace(['+', '/'], "-").replacen('A', "_", 1)),
        ("unused bits set", "A".repeat(42) + "B="),
        ("hexadecimal", "0".repeat(64)),
        ("a space behind the root", format!("{root} ")),
    ] {
        add(&format!("root: {name}"), &sign(&format!("{ORIGIN}\n5\n{root}\n")), false);
    }
    add("one line", &sign(&format!("{ORIGIN}\n")), false);
    add("two lines", &sign(&format!("{ORIGIN}\n5\n")), false);
    add("an extension line", &sign(&format!("{ORIGIN}\n5\n{root}\nmore\n")), false);
    add("an empty fourth line", &sign(&format!("{ORIGIN}\n5\n{root}\n\n")), false);
    add("an empty first line", &sign(&format!("\n{ORIGIN}\n5\n{root}\n")), false);
    add("another origin", &sign(&format!("log.example/xb\n5\n{root}\n")), false);
    add("no origin", &sign(&format!("\n5\n{root}\n")), false);
    add("a space in the origin", &sign(&format!("{ORIGIN} \n5\n{root}\n")), false);
    add("a plus in the origin", &sign(&format!("{ORIGIN}+\n5\n{root}\n")), false);
    add("changed size", &good.replace("\n5\n", "\n6\n"), false);
    add("changed root", &good.replace(&root, &leaf_hash(b"x").to_string()), false);
    let line = &signed.note().signatures()[0];
    let instead = |line: SignatureLine| {
        let mut other = signed.clone();
        other.retain(|line| !line.is_by(kit::log_key().verifier()));
        other.add(line).unwrap();
        other.to_string()
    };
    add("a bit of the signature", &instead(changed(line, 9)), false);
    add("S above the order of the group", &instead(malleated(line)), false);
    let stranger = |kind, seed| kit::key(ORIGIN, kind, seed);
    let by = |key: &SigningKey| Note::sign(signed.note().text(), &[key]).unwrap().signatures()[0].clone();
    add("signed by another key of the same name", &instead(by(&stranger(KeyKind::Ed25519, 8))), false);
    let mut alone = signed.clone();
    alone.retain(|line| !line.is_by(log.verifier()));
    add("cosigned, not signed by the log", &alone.to_string(), false);
    cases.keep("checkpoint.json");
}

/// Signed by the log, whatever the text.
fn sign(text: &str) -> String {
    Note::sign(text, &[&kit::log_key()]).unwrap().to_string()
}

#[test]
fn cosignatures() {
    let mut cases = Cases::new("cosignature/v1 of this witness on a checkpoint");
    let key = kit::witness(1);
    let mut add = |name: &str, text: &str, ok: bool| {
        let found = SignedCheckpoint::parse(text.as_bytes())
            .and_then(|signed| Ok(signed.note().verify([key.verifier()])?))
            .map(|found| found.iter().filter_map(|one| one.timestamp).max());
        let time = found.as_ref().ok().copied().flatten();
        let given = json!({"witness_vkey": key.verifier().to_string(), "checkpoint": text, "timestamp": time});
        cases.add(name, ok, &found, given);
    };
    let good = kit::cosigned(5, &[T]);
    let line = good.note().signatures()[1].clone();
    let with = |line: &SignatureLine| {
        let mut signed = kit::checkpoint(5);
        signed.add(line.clone()).unwrap();
        signed.to_string()
    };
    let cosigned = |time| countersign_tlog::cosignature::cosign(&good, &key, time).unwrap();
    let bytes = |signature: Vec<u8>| SignatureLine { signature, ..line.clone() };
    // The right time before a right Ed25519 signature of the wrong message.
    let over = |time: u64, message: String| {
        use ed25519_dalek::Signer as _;
        let signature = ed25519_dalek::SigningKey::from_bytes(&[11; 32]).sign(message.as_bytes()).to_bytes();
        bytes([time.to_be_bytes().as_slice(), &signature].concat())
    };
    let text = good.note().text();
    assert_eq!(over(T, format!("cosignature/v1\ntime {T}\n{text}")), line);

    add("a cosignature", &good.to_string(), true);
    add("time 1", &with(&cosigned(1)), true);
    add("time 2^63 - 1", &with(&cosigned((1 << 63) - 1)), true);
    add("two cosignatures of one witness", &(good.to_string() + &format!("{}\n", cosigned(T + 1))), true);
    add("not there", &kit::checkpoint(5).to_string(), false);
    add("another time", &with(&changed(&line, 7)), false);
    add("time 0", &with(&over(0, format!("cosignature/v1\ntime 0\n{text}"))), false);
    add("time 2^63", &with(&over(1 << 63, format!("cosignature/v1\ntime {}\n{text}", 1_u64 << 63))), false);
    add("a bit of R", &with(&changed(&line, 8)), false);
    add("a bit of S", &with(&changed(&line, 40)), false);
    add("S above the order of the group", &with(&malleated(&line)), false);
    add("no time", &with(&bytes(line.signature[8..].to_vec())), false);
    add("a byte too few", &with(&bytes(line.signature[..71].to_vec())), false);
    add("a byte too many", &with(&bytes([line.signature.as_slice(), &[0]].concat())), false);
    let mut little = line.signature.clone();
    little[..8].reverse();
    add("time in little endian", &with(&bytes(little)), false);
    add("over the text alone", &with(&over(T, text.to_owned())), false);
    add("over another header", &with(&over(T, format!("cosignature/v2\ntime {T}\n{text}"))), false);
    add("over no header", &with(&over(T, format!("time {T}\n{text}"))), false);
    add("over a time with a leading zero", &with(&over(T, format!("cosignature/v1\ntime 0{T}\n{text}"))), false);
    add("over a blank line before the text", &with(&over(T, format!("cosignature/v1\ntime {T}\n\n{text}"))), false);
    let other = kit::cosigned(6, &[T]).note().signatures()[1].clone();
    add("over another tree", &with(&other), false);
    add("a right one and a wrong one", &(good.to_string() + &format!("{}\n", changed(&line, 9))), false);
    let log = Checkpoint::parse(text).unwrap();
    let plain = Note::sign(&log.to_string(), &[&kit::key("witness.example/w1", KeyKind::Ed25519, 11)]).unwrap();
    add("the same key as type 0x01", &with(&plain.signatures()[0]), false);
    cases.keep("cosignature.json");
}
