use base64ct::{Base64, Encoding};
use countersign_tlog::note::{KeyId, KeyKind, KeyName, Note, SignatureLine, SigningKey, VerifierKey};
use ed25519_dalek::Signer;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Cases, changed, hex, malleated};
use crate::kit;
use crate::notes::{SPEC_KEY, SPEC_NOTE};

#[test]
fn notes() {
    let mut cases = Cases::new(
        "a note is right if at least one of `vkeys` signed and no signature of them is wrong; bytes that are not UTF-8 stand in \
         `note_hex` instead of `note`",
    );
    texts(&mut cases);
    signatures(&mut cases);
    lines(&mut cases);
    keys(&mut cases);
    cases.keep("signed-note.json");
}

fn check(cases: &mut Cases, known: &[&SigningKey], name: &str, note: &[u8], ok: bool) {
    let keys: Vec<String> = known.iter().map(|key| key.verifier().to_string()).collect();
    let found = Note::parse(note).and_then(|note| note.verify(known.iter().map(|key| key.verifier())));
    let given = match std::str::from_utf8(note) {
        Ok(note) => json!({"kind": "note", "vkeys": keys, "note": note}),
        Err(_) => json!({"kind": "note", "vkeys": keys, "note_hex": hex(note)}),
    };
    cases.add(name, ok, &found, given);
}

fn a() -> SigningKey {
    kit::key("a.example", KeyKind::Ed25519, 1)
}

fn b() -> SigningKey {
    kit::key("b.example", KeyKind::Ed25519, 2)
}

fn signed(text: &str, keys: &[&SigningKey]) -> String {
    Note::sign(text, keys).unwrap().to_string()
}

/// Signed over any bytes, so that the text is the only thing wrong.
fn signed_anyway(text: &[u8], key: &SigningKey) -> Vec<u8> {
    // The seed of `a`.
    let signature = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).sign(text).to_bytes().to_vec();
    let line = SignatureLine { name: key.verifier().name().clone(), id: key.verifier().id(), signature };
    [text, format!("\n{line}\n").as_bytes()].concat()
}

fn texts(cases: &mut Cases) {
    let a = a();
    let mut add = |name: &str, note: &[u8], ok: bool| check(cases, &[&a], name, note, ok);
    let good = signed("one\n\ntwo\n", &[&a]);
    let line = good.lines().last().unwrap();
    assert_eq!(signed_anyway(b"one\n\ntwo\n", &a), good.as_bytes());
    add("the last blank line separates", good.as_bytes(), true);
    add("a text of one empty line", signed("\n", &[&a]).as_bytes(), true);
    add("a text that ends in an empty line", signed("one\n\n", &[&a]).as_bytes(), true);
    add("U+007F is no control character here", signed("one\x7f\n", &[&a]).as_bytes(), true);
    add("another text", good.replace("two", "too").as_bytes(), false);
    add("a tab in the text", &signed_anyway(b"o\tne\n", &a), false);
    add("a carriage return in the text", &signed_anyway(b"one\r\n", &a), false);
    add("a zero byte in the text", &signed_anyway(b"o\0ne\n", &a), false);
    add("a text that is not UTF-8", &signed_anyway(b"o\xffne\n", &a), false);
    add("a text in overlong UTF-8", &signed_anyway(b"o\xc0\xaene\n", &a), false);
    add("empty", b"", false);
    add("no text", format!("\n{line}\n").as_bytes(), false);
    add("no blank line", format!("one\n{line}\n").as_bytes(), false);
    add("no signature", b"one\n\n", false);
    add("no final newline", good.trim_end().as_bytes(), false);
    add("carriage returns", good.replace('\n', "\r\n").as_bytes(), false);
    add("text after the signatures", format!("{good}more\n").as_bytes(), false);
    add("a blank line after the signatures", format!("{good}\n").as_bytes(), false);
    add("a blank line between the signatures", good.replace(line, &format!("{line}\n\n{line}x")).as_bytes(), false);
    let spec = VerifierKey::parse(SPEC_KEY).unwrap();
    let found = Note::parse(SPEC_NOTE.as_bytes()).and_then(|note| note.verify([&spec]));
    let given = json!({"kind": "note", "vkeys": [SPEC_KEY], "note": SPEC_NOTE});
    cases.add("the specification's example", true, &found, given);
}

fn signatures(cases: &mut Cases) {
    let (a, b) = (a(), b());
    let mut add = |name: &str, note: &str, ok: bool| check(cases, &[&a, &b], name, note.as_bytes(), ok);
    let stranger = kit::key("c.example", KeyKind::Ed25519, 3);
    let good = Note::sign("one\n", &[&a]).unwrap();
    let both = signed("one\n", &[&a, &b]);
    let line = good.signatures()[0].clone();
    let with = |line: &SignatureLine| format!("{good}{line}\n");
    let only = |line: &SignatureLine| format!("one\n\n{line}\n");
    let unknown = |name: &str, id: KeyId, length: usize| SignatureLine {
        name: KeyName::new(name).unwrap(),
        id,
        signature: vec![7; length],
    };
    let id = KeyId([1, 2, 3, 4]);

    add("two known keys", &both, true);
    add("the same line twice", &with(&line), true);
    add("an unknown key is ignored", &signed("one\n", &[&stranger, &a]), true);
    add("an unknown key of one byte is ignored", &with(&unknown("x", id, 1)), true);
    add("an unknown key of post-quantum length is ignored", &with(&unknown("x", id, 4_700)), true);
    add("an unknown key with a name of 300 bytes is ignored", &with(&unknown(&"x".repeat(300), id, 64)), true);
    add("an unknown key with U+007F in its name is ignored", &with(&unknown("x\x7f", id, 64)), true);
    add("a known name with another id is ignored", &with(&unknown("a.example", id, 64)), true);
    add("a known id under another name is ignored", &with(&unknown("c.example", line.id, 64)), true);
    add("a known name with the id of another key is ignored", &both.replace("— b.example", "— a.example"), true);
    add("100 signatures", &format!("one\n\n{}", format!("{line}\n").repeat(100)), true);
    add("101 signatures", &format!("one\n\n{}", format!("{line}\n").repeat(101)), false);
    add("only unknown keys", &signed("one\n", &[&stranger]), false);
    add("only a known name with another id", &only(&unknown("a.example", id, 64)), false);
    add("only a known id under another name", &only(&unknown("c.example", line.id, 64)), false);
    let other = Note::sign("other\n", &[&b]).unwrap().signatures()[0].clone();
    add("a wrong signature of a known key beside a right one", &with(&other), false);
    add("a wrong line of a known key beside its right one", &with(&changed(&line, 5)), false);
    add("a bit of R", &only(&changed(&line, 0)), false);
    add("a bit of S", &only(&changed(&line, 32)), false);
    add("S above the order of the group", &only(&malleated(&line)), false);
    for (name, signature) in [
        ("63 bytes of signature", line.signature[..63].to_vec()),
        ("65 bytes of signature", [line.signature.as_slice(), &[0]].concat()),
        ("a signature of zeroes", vec![0; 64]),
    ] {
        add(name, &only(&SignatureLine { signature, ..line.clone() }), false);
    }
    let witness = kit::key("a.example", KeyKind::CosignatureV1, 1);
    let plain = SignatureLine { id: witness.verifier().id(), ..line };
    check(cases, &[&witness], "a plain signature under a cosignature key", only(&plain).as_bytes(), false);
}

/// Each fault in a line of an unknown key, beside a right signature: a malformed line refuses the note.
fn lines(cases: &mut Cases) {
    let a = a();
    let good = signed("one\n", &[&a]);
    for (name, line) in [
        ("a hyphen for the dash", "- c.example AAAAAAA="),
        ("an en dash for the dash", "– c.example AAAAAAA="),
        ("no dash", "c.example AAAAAAA="),
        ("no space behind the dash", "—c.example AAAAAAA="),
        ("two spaces behind the dash", "—  c.example AAAAAAA="),
        ("two spaces behind the name", "— c.example  AAAAAAA="),
        ("a space before the dash", " — c.example AAAAAAA="),
        ("a space at the end", "— c.example AAAAAAA= "),
        ("a tab behind the name", "— c.example\tAAAAAAA="),
        ("no name", "—  AAAAAAA="),
        ("no base64", "— c.example "),
        ("a name only", "— c.example"),
        ("a plus in the name", "— c+example AAAAAAA="),
        ("U+00A0 in the name", "— c\u{a0}example AAAAAAA="),
        ("U+3000 in the name", "— c\u{3000}example AAAAAAA="),
        ("U+0085 in the name", "— c\u{85}example AAAAAAA="),
        ("U+0001 in the name", "— c\u{1}example AAAAAAA="),
        ("an id and no signature", "— c.example AAAAAA=="),
        ("three bytes", "— c.example AAAA"),
        ("base64 without padding", "— c.example AAAAAAA"),
        ("base64 with too much padding", "— c.example AAAAAAA=="),
        ("base64 in the URL alphabet", "— c.example AAAAA_-="),
        ("base64 with unused bits set", "— c.example AAAAAAB="),
        ("base64 with a space", "— c.example AAAA AAA="),
        ("base64 with a carriage return", "— c.example AAAAAAA=\r"),
        ("hexadecimal for base64", "— c.example 0000000000"),
    ] {
        check(cases, &[&a], &format!("line: {name}"), format!("{good}{line}\n").as_bytes(), false);
    }
    check(cases, &[&a], "line: well formed", format!("{good}— c.example AAAAAAA=\n").as_bytes(), true);
}

fn keys(cases: &mut Cases) {
    let mut add = |name: &str, key: &str, ok: bool| {
        let given = json!({"kind": "vkey", "vkey": key});
        cases.add(format!("vkey: {name}"), ok, &VerifierKey::parse(key), given);
    };
    let key = a().verifier().to_string();
    let plus = (0..=255)
        .map(|seed| kit::key("a.example", KeyKind::Ed25519, seed).verifier().to_string())
        .find(|key| key.matches('+').count() > 2)
        .unwrap();
    add("the specification's example", SPEC_KEY, true);
    add("a witness key", &kit::witness(1).verifier().to_string(), true);
    add("a plus in the base64", &plus, true);
    add("a name of 255 bytes", &kit::key(&"n".repeat(255), KeyKind::Ed25519, 1).verifier().to_string(), true);
    add("empty", "", false);
    add("no id", &key.splitn(3, '+').step_by(2).collect::<Vec<_>>().join("+"), false);
    add("no base64", key.rsplit_once('+').unwrap().0, false);
    add("another id", &key.replacen(&key[10..18], "00000000", 1), false);
    add("id in upper case", &key.replacen(&key[10..18], &key[10..18].to_uppercase(), 1), false);
    add("id of seven digits", &key.replacen(&key[10..18], &key[10..17], 1), false);
    add("id of nine digits", &key.replacen('+', "+0", 1), false);
    add("id with a sign", &key.replacen(&key[10..18], &format!("-{}", &key[11..18]), 1), false);
    add("another name", &key.replacen("a.example", "b.example", 1), false);
    add("a space in front", &format!(" {key}"), false);
    add("a newline behind", &format!("{key}\n"), false);
    add("base64 cut", &key[..key.len() - 2], false);
    add("base64 in the URL alphabet", &plus.replacen('+', " ", 2).replace('+', "-").replacen(' ', "+", 2), false);
    add("padding too much", &format!("{key}=="), false);

    // From here on the id fits, so that only the rule named is broken.
    let made = |name: &str, material: &[u8]| {
        let id = Sha256::digest([name.as_bytes(), b"\n", material].concat());
        format!("{name}+{}+{}", hex(&id[..4]), Base64::encode_string(material))
    };
    let public = *a().verifier().public_bytes();
    let typed = |kind: u8, public: &[u8]| [&[kind], public].concat();
    assert_eq!(made("a.example", &typed(1, &public)), key);
    add("type 0x00", &made("a.example", &typed(0, &public)), false);
    add("type 0x02 (ECDSA)", &made("a.example", &typed(2, &public)), false);
    add("type 0x05 (RFC 6962)", &made("a.example", &typed(5, &public)), false);
    add("type 0x06 (ML-DSA-44)", &made("a.example", &typed(6, &[7; 1_312])), false);
    add("type 0xff", &made("a.example", &typed(0xff, &public)), false);
    add("type only", &made("a.example", &[1]), false);
    add("nothing", &made("a.example", &[]), false);
    add("31 bytes", &made("a.example", &typed(1, &public[..31])), false);
    add("33 bytes", &made("a.example", &typed(1, &[public.as_slice(), &[0]].concat())), false);
    add("no name", &made("", &typed(1, &public)), false);
    add("a space in the name", &made("a example", &typed(1, &public)), false);
    add("U+2003 in the name", &made("a\u{2003}example", &typed(1, &public)), false);
    add("a tab in the name", &made("a\texample", &typed(1, &public)), false);
    add("a name of 256 bytes", &made(&"n".repeat(256), &typed(1, &public)), false);
    let mut neutral = [0; 32];
    neutral[0] = 1;
    add("the neutral element", &made("a.example", &typed(1, &neutral)), false);
    add("a point of order 4", &made("a.example", &typed(1, &[0; 32])), false);
    let mut off = public;
    while VerifierKey::new(KeyName::new("x").unwrap(), KeyKind::Ed25519, &off).is_ok() {
        off[0] = off[0].wrapping_add(1);
    }
    add("not on the curve", &made("a.example", &typed(1, &off)), false);
    let above = (0xed..=0xff).map(|low| <[u8; 32]>::try_from([&[low][..], &[0xff; 30], &[0x7f]].concat()).unwrap());
    let is_point =
        |bytes: &[u8; 32]| ed25519_dalek::VerifyingKey::from_bytes(bytes).is_ok_and(|point| !point.is_weak());
    let above = above.into_iter().find(is_point).expect("the curve library reads one");
    add("a coordinate above the prime", &made("a.example", &typed(1, &above)), false);
}
