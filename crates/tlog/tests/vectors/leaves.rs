use base64ct::{Base64UrlUnpadded, Encoding};
use countersign_tlog::leaf::{
    ControlLeaf, ControlSignature, DIGESTS_PER_LEAF, Disclosure, LARGE_LEAF_BYTES, Leaf, LeafError, LeafId, Opened,
    OpeningLeaf, SEALED_LEAF_BYTES, check_disclosures, seal_fields,
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Cases;
use crate::kit;

const ID: LeafId = LeafId([0xab; 16]);
const TICK: u64 = 6_000_000;

/// Any members, padded to a size: what the rules named in a case are broken with.
fn leaf(kind: &str, members: &str, size: usize) -> String {
    let text = format!(r#"{{"v":1,"kind":"{kind}","id":"{}","tick":{TICK},{members},"pad":""#, "ab".repeat(16));
    format!("{text}{}\"}}", "0".repeat(size - text.len() - 2))
}

fn sealed(digests: &[String]) -> String {
    leaf("sealed", &format!("\"_sd\":[\"{}\"]", digests.join("\",\"")), SEALED_LEAF_BYTES)
}

/// Sixteen digests in their order, that of `disclosure` among them.
fn digests(disclosure: &str) -> Vec<String> {
    let decoys = (1..16).map(|number| format!("decoy {number}"));
    let mut digests: Vec<_> = decoys.chain([disclosure.to_owned()]).map(|text| url(&Sha256::digest(text))).collect();
    digests.sort();
    digests
}

fn url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn padded_again(text: &str, size: usize) -> String {
    let bare = text.trim_end_matches("\"}").trim_end_matches('0');
    format!("{bare}{}\"}}", "0".repeat(size - bare.len() - 2))
}

fn add(cases: &mut Cases, name: &str, leaf: &str, disclosures: &[&str], ok: bool) {
    let found = Leaf::parse(leaf.as_bytes()).and_then(|_| match disclosures {
        [] => Ok(None),
        some => check_disclosures(leaf.as_bytes(), some).map(Some),
    });
    let fields = found.as_ref().ok().cloned().flatten();
    cases.add(name, ok, &found, json!({"leaf": leaf, "disclosures": disclosures, "fields": fields}));
}

#[test]
fn leaves() {
    let mut cases = Cases::new("leaves, and disclosures that must belong to them");
    sealed_leaves(&mut cases);
    disclosures(&mut cases);
    control_leaves(&mut cases);
    opening_leaves(&mut cases);
    cases.keep("leaf.json");
}

fn sealed_leaves(cases: &mut Cases) {
    let fields = [("kind", json!("order")), ("people", json!(3)), ("scope", json!({"a": ["x", null], "b": -1}))];
    let (bytes, disclosures) = seal_fields(ID, TICK, &fields, &mut kit::rng(1)).unwrap();
    let (_, foreign) = seal_fields(ID, TICK, &fields, &mut kit::rng(2)).unwrap();
    let texts: Vec<&str> = disclosures.iter().map(|one| one.as_str()).collect();
    let good = String::from_utf8(bytes).unwrap();
    add(cases, "sealed, all opened", &good, &texts, true);
    add(cases, "sealed, one opened", &good, &texts[1..2], true);
    add(cases, "sealed, none opened", &sealed(&digests("x")), &[], true);
    add(cases, "a disclosure of another leaf", &good, &[foreign[0].as_str()], false);
    add(cases, "a disclosure twice", &good, &[texts[0], texts[0]], false);

    let ascending = digests("x");
    let mut fewer = ascending.clone();
    fewer.pop();
    let more = [ascending.clone(), vec!["z".repeat(42) + "w"]].concat();
    let mut equal = ascending.clone();
    equal[1] = equal[0].clone();
    let mut swapped = ascending.clone();
    swapped.swap(3, 4);
    let last = |text: &str| [&ascending[..DIGESTS_PER_LEAF - 1], &[text.to_owned()]].concat();
    for (name, text) in [
        ("fifteen digests", sealed(&fewer)),
        ("seventeen digests", sealed(&more)),
        ("a digest twice", sealed(&equal)),
        ("digests out of order", sealed(&swapped)),
        ("a digest of 31 bytes", sealed(&last(&("z".repeat(41) + "w")))),
        ("a digest with padding", sealed(&last(&("z".repeat(42) + "w=")))),
        ("a digest with unused bits set", sealed(&last(&"z".repeat(43)))),
        ("a digest in the other alphabet", sealed(&last(&("z".repeat(41) + "/w")))),
        ("version 2", good.replace("\"v\":1", "\"v\":2")),
        ("another kind", good.replace("sealed", "opened")),
        ("upper-case id", good.replace("abab", "ABAB")),
        ("id of 15 bytes", padded_again(&good.replacen("abab", "ab", 1), SEALED_LEAF_BYTES)),
        ("leading zero in the tick", good.replace("6000000", "0600000")),
        ("tick as a text", good.replace("6000000", "\"60000\"")),
        ("tick with a fraction", good.replace("6000000", "60000.0")),
        ("tick above 2^53 - 1", padded_again(&good.replace("6000000", "9007199254740992"), SEALED_LEAF_BYTES)),
        ("a space", padded_again(&good.replacen(':', ": ", 1), SEALED_LEAF_BYTES)),
        ("other padding", good.replacen("0\"}", "1\"}", 1)),
        ("a byte short", good.replacen("0\"}", "\"}", 1)),
        ("a byte long", good.replacen("0\"}", "00\"}", 1)),
        ("a newline", format!("{good}\n")),
        ("a newline within its size", good.replacen("0\"}", "\"}\n", 1)),
        ("a byte order mark", format!("\u{feff}{}", good.replacen("000\"}", "\"}", 1))),
        ("empty", String::new()),
        ("no id", padded_again(&good.replace(&format!("\"id\":\"{ID}\","), ""), SEALED_LEAF_BYTES)),
        ("an id twice", leaf("sealed", &format!("\"id\":\"{ID}\",{}", members(&good)), SEALED_LEAF_BYTES)),
        ("an unknown member", leaf("sealed", &format!("\"x\":1,{}", members(&good)), SEALED_LEAF_BYTES)),
        ("members in another order", good.replace(r#"{"v":1,"kind":"sealed""#, r#"{"kind":"sealed","v":1"#)),
        ("sealed in the large size", leaf("sealed", members(&good), LARGE_LEAF_BYTES)),
    ] {
        add(cases, name, &text, &[], false);
    }
}

/// What stands between tick and padding.
fn members(leaf: &str) -> &str {
    let from = leaf.find("\"tick\":").unwrap();
    let from = from + leaf[from..].find(',').unwrap() + 1;
    &leaf[from..leaf.rfind(",\"pad\"").unwrap()]
}

/// Each in a leaf that holds its digest, so that only the disclosure itself can be wrong.
fn disclosures(cases: &mut Cases) {
    let mut check = |name: &str, text: &str, ok: bool| {
        add(cases, &format!("disclosure: {name}"), &sealed(&digests(text)), &[text], ok);
    };
    let salt = "A".repeat(22);
    let of = |json: &str| url(json.as_bytes());
    let value = |value: &str| of(&format!("[\"{salt}\",\"name\",{value}]"));
    let named = |name: &str| of(&format!("[\"{salt}\",\"{name}\",1]"));
    let levels = |depth: usize| value(&("[".repeat(depth) + &"]".repeat(depth)));
    check("largest integer", &value("9007199254740991"), true);
    check("smallest integer", &value("-9007199254740991"), true);
    check("sixteen levels", &levels(16), true);
    check("a name of 64 characters", &named(&"n".repeat(64)), true);
    check("16,000 characters", &value(&format!("\"{}\"", "x".repeat(11_964))), true);
    check("every escape", &value(r#""\"\\\b\t\n\f\r\u0001é/""#), true);
    for (name, text) in [
        ("not base64url", "AA==".to_owned()),
        ("with padding", of(&format!("[\"{salt}\",\"name\",10]")) + "="),
        ("in the other alphabet", value("\"???>>>\"").replace('_', "/").replace('-', "+")),
        ("not JSON", of("x")),
        ("two elements", of(&format!("[\"{salt}\",\"name\"]"))),
        ("four elements", of(&format!("[\"{salt}\",\"name\",1,2]"))),
        ("an object", of("{}")),
        ("a space", of(&format!("[\"{salt}\", \"name\",1]"))),
        ("a newline at the end", of(&format!("[\"{salt}\",\"name\",1]\n"))),
        ("a salt of 15 bytes", of(&format!("[\"{}\",\"name\",1]", "A".repeat(20)))),
        ("a salt of 17 bytes", of(&format!("[\"{}\",\"name\",1]", "A".repeat(23)))),
        ("a salt with unused bits set", of(&format!("[\"{}B\",\"name\",1]", "A".repeat(21)))),
        ("no name", named("")),
        ("a name of 65 characters", named(&"n".repeat(65))),
        ("a name in upper case", named("Name")),
        ("a name that begins with a digit", named("1name")),
        ("a name with a hyphen", named("a-name")),
        ("a fraction", value("1.5")),
        ("a fraction of nothing", value("1.0")),
        ("an exponent", value("1e3")),
        ("minus zero", value("-0")),
        ("a leading zero", value("01")),
        ("2^53", value("9007199254740992")),
        ("-2^53", value("-9007199254740992")),
        ("seventeen levels", levels(17)),
        ("names out of order", value("{\"b\":1,\"a\":1}")),
        ("a name twice", value("{\"a\":1,\"a\":1}")),
        ("an escape that is not needed", value("\"\\u0041\"")),
        ("an escaped slash", value("\"\\/\"")),
        ("an escape in upper case", value("\"\\u001F\"")),
        ("a long escape for a short one", value("\"\\u000a\"")),
        ("a character that must be escaped", value("\"\u{1}\"")),
        ("16,002 characters", value(&format!("\"{}\"", "x".repeat(11_965)))),
    ] {
        check(name, &text, false);
    }
}

fn control_leaves(cases: &mut Cases) {
    let signature = ControlSignature { by: "trustee-1".into(), sig: "s".into() };
    let made = ControlLeaf::new(ID, TICK, "{\"a\":1}\n".into(), vec![signature]).unwrap().to_bytes().unwrap();
    let good = String::from_utf8(made).unwrap();
    let of = |members: &str| leaf("control", members, LARGE_LEAF_BYTES);
    let sigs = r#""sigs":[{"by":"trustee-1","sig":"s"}]"#;
    assert_eq!(of(&format!(r#""body":"{{\"a\":1}}\n",{sigs}"#)), good);
    add(cases, "control", &good, &[], true);
    add(cases, "control without signatures", &of(r#""body":"","sigs":[]"#), &[], true);
    for (name, text) in [
        ("control: an escape that is not needed", of(&format!(r#""body":"\u0041",{sigs}"#))),
        ("control: a character that must be escaped", of(&format!("\"body\":\"\t\",{sigs}"))),
        ("control: no body", of(sigs)),
        ("control: no signatures", of(r#""body":"""#)),
        ("control: a body that is no text", of(&format!(r#""body":{{}},{sigs}"#))),
        ("control: signatures first", of(&format!(r#"{sigs},"body":"""#))),
        ("control: an unknown member", of(&format!(r#""body":"",{sigs},"x":1"#))),
        ("control: an unknown member of a signature", of(r#""body":"","sigs":[{"by":"","sig":"","x":1}]"#)),
        ("control: a signature without a name", of(r#""body":"","sigs":[{"sig":"s"}]"#)),
        ("control: members of a signature in another order", of(r#""body":"","sigs":[{"sig":"s","by":"b"}]"#)),
        ("control: in the small size", leaf("control", r#""body":"","sigs":[]"#, SEALED_LEAF_BYTES)),
        ("control: a byte long", good.replacen("0\"}", "00\"}", 1)),
        ("control: with a disclosure", good.clone()),
    ] {
        let disclosed = kit_disclosure();
        let shown = [disclosed.as_str()];
        add(cases, name, &text, if name.ends_with("disclosure") { &shown } else { &[] }, false);
    }
    let body = "x".repeat(LARGE_LEAF_BYTES);
    let large = ControlLeaf::new(ID, TICK, body, vec![]).unwrap().to_bytes();
    assert!(matches!(large, Err(LeafError::TooLarge(_))));
}

fn kit_disclosure() -> Disclosure {
    Disclosure::with_salt(&[0; 16], "kind", json!("dummy")).unwrap()
}

fn opening_leaves(cases: &mut Cases) {
    let disclosure = kit_disclosure();
    let opened = |index| Opened { index, disclosures: vec![disclosure.clone()] };
    let made = OpeningLeaf::new(ID, TICK, vec![opened(7), opened(9)]).unwrap().to_bytes().unwrap();
    let good = String::from_utf8(made).unwrap();
    let item = |index: &str, disclosures: &[&str]| {
        format!(r#"{{"index":{index},"disclosures":["{}"]}}"#, disclosures.join("\",\""))
    };
    let of = |items: &[String]| leaf("opening", &format!("\"openings\":[{}]", items.join(",")), LARGE_LEAF_BYTES);
    let text = disclosure.as_str();
    assert_eq!(of(&[item("7", &[text]), item("9", &[text])]), good);
    add(cases, "opening", &good, &[], true);
    add(cases, "opening of sixteen", &of(&[item("0", &[text; 16])]), &[], true);
    for (name, text) in [
        ("opening: nothing", of(&[])),
        ("opening: no disclosures", leaf("opening", r#""openings":[{"index":7,"disclosures":[]}]"#, LARGE_LEAF_BYTES)),
        ("opening: seventeen disclosures", of(&[item("7", &[text; 17])])),
        ("opening: indices out of order", of(&[item("9", &[text]), item("7", &[text])])),
        ("opening: an index twice", of(&[item("7", &[text]), item("7", &[text])])),
        ("opening: an index with a leading zero", of(&[item("07", &[text])])),
        ("opening: a negative index", of(&[item("-7", &[text])])),
        ("opening: an index above 2^53 - 1", of(&[item("9007199254740992", &[text])])),
        ("opening: a broken disclosure", of(&[item("7", &[&text.replacen('W', "X", 1)])])),
        ("opening: an unknown member", good.replace("\"index\":7", "\"indey\":7")),
        ("opening: as control", good.replace("opening\"", "control\"")),
        ("opening: in the small size", leaf("opening", &members(&good).replace("000", "0"), SEALED_LEAF_BYTES)),
    ] {
        add(cases, name, &text, &[], false);
    }
}
