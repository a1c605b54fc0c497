use std::collections::BTreeMap;

use countersign_tlog::leaf::{
    ControlLeaf, ControlSignature, DIGESTS_PER_LEAF, Disclosure, DisclosureError, LARGE_LEAF_BYTES, Leaf, LeafError,
    LeafId, LeafKind, MAX_TICK, Opened, OpeningLeaf, SEALED_LEAF_BYTES, check_disclosures, holds_disclosure,
    seal_dummy, seal_fields, tick_of,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::kit;

const ID: LeafId = LeafId([0xab; 16]);
const TICK: u64 = 6_000_000;

fn sealed(fields: &[(&str, Value)], seed: u64) -> (Vec<u8>, Vec<Disclosure>) {
    seal_fields(ID, TICK, fields, &mut kit::rng(seed)).unwrap()
}

fn texts(disclosures: &[Disclosure]) -> Vec<&str> {
    disclosures.iter().map(Disclosure::as_str).collect()
}

#[test]
fn a_sealed_leaf_opens_to_its_fields() {
    let fields =
        [("kind", json!("order")), ("people", json!(3)), ("scope", json!({"b": [1, -2, null], "a": "ü\u{1}\""}))];
    let (leaf, disclosures) = sealed(&fields, 1);
    assert_eq!(leaf.len(), SEALED_LEAF_BYTES);
    let opened = check_disclosures(&leaf, &texts(&disclosures)).unwrap();
    assert_eq!(
        opened,
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<BTreeMap<_, _>>()
    );
    assert_eq!(check_disclosures(&leaf, &texts(&disclosures[1..])).unwrap().len(), 2);
    assert!(holds_disclosure(&leaf, disclosures[0].as_str()).unwrap());
    assert!(!holds_disclosure(&leaf, "anything").unwrap());
    let Leaf::Sealed(parsed) = Leaf::parse(&leaf).unwrap() else { panic!("not sealed") };
    assert_eq!((parsed.id(), parsed.tick(), parsed.digests().len()), (ID, TICK, DIGESTS_PER_LEAF));
    assert_eq!(parsed.to_bytes().unwrap(), leaf);
}

#[test]
fn the_bytes_of_a_leaf_do_not_change() {
    let (leaf, disclosures) = sealed(&[("kind", json!("dummy"))], 7);
    let text = String::from_utf8(leaf).unwrap();
    assert!(
        text.starts_with(
            "{\"v\":1,\"kind\":\"sealed\",\"id\":\"abababababababababababababababab\",\"tick\":6000000,\"_sd\":[\""
        ),
        "{text}"
    );
    assert!(text.ends_with("000\"}"), "{text}");
    let fixed = Disclosure::with_salt(&[0; 16], "kind", json!("dummy")).unwrap();
    assert_eq!(fixed.as_str(), "WyJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIiwia2luZCIsImR1bW15Il0");
    assert_ne!(disclosures[0], fixed);
    assert_eq!(tick_of(1_800_000_299), 6_000_000);
}

#[test]
fn disclosures_that_do_not_belong_are_refused() {
    let (leaf, own) = sealed(&[("kind", json!("order"))], 1);
    let (_, other) = sealed(&[("kind", json!("order"))], 2);
    assert_eq!(check_disclosures(&leaf, &texts(&other)).unwrap_err(), DisclosureError::NotInLeaf("kind".into()).into());
    let twice = [own[0].as_str(), own[0].as_str()];
    assert_eq!(check_disclosures(&leaf, &twice).unwrap_err(), DisclosureError::Twice("kind".into()).into());
    let fields = [("a", json!(1)), ("a", json!(2))];
    assert_eq!(
        seal_fields(ID, TICK, &fields, &mut kit::rng(1)).unwrap_err(),
        DisclosureError::Twice("a".into()).into()
    );
    let many: Vec<String> = (0..17).map(|n| format!("f{n}")).collect();
    let many: Vec<(&str, Value)> = many.iter().map(|name| (name.as_str(), json!(0))).collect();
    assert_eq!(seal_fields(ID, TICK, &many, &mut kit::rng(1)).unwrap_err(), LeafError::TooManyFields(17));
    let (full, all) = seal_fields(ID, TICK, &many[..16], &mut kit::rng(1)).unwrap();
    assert_eq!(check_disclosures(&full, &texts(&all)).unwrap().len(), 16);
}

#[test]
fn disclosures_have_one_spelling() {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let salt = "AAAAAAAAAAAAAAAAAAAAAA";
    let encode = |json: &str| Base64UrlUnpadded::encode_string(json.as_bytes());
    for good in
        [r#"["S","a",1]"#, r#"["S","a",{"a":1,"b":[]}]"#, r#"["S","a_1","é\n"]"#, r#"["S","a",-9007199254740991]"#]
    {
        let text = encode(&good.replace('S', salt));
        assert_eq!(Disclosure::parse(&text).unwrap().as_str(), text);
    }
    for bad in [
        r#"["S","a",1 ]"#,
        r#"["S", "a",1]"#,
        r#"["S","a"]"#,
        r#"["S","a",1,2]"#,
        r#"["S","a",1.0]"#,
        r#"["S","a",1e2]"#,
        r#"["S","a",1.5]"#,
        r#"["S","a",9007199254740992]"#,
        r#"["S","a",-0]"#,
        r#"["S","a",{"b":1,"a":1}]"#,
        r#"["S","a",{"a":1,"a":1}]"#,
        r#"["S","","x"]"#,
        r#"["S","_sd","x"]"#,
        r#"["S","...","x"]"#,
        r#"["S","A","x"]"#,
        r#"["S","a","\u0041"]"#,
        r#"["S","a","\/"]"#,
        r#"["S","a","\u000A"]"#,
        r#"["S","a","\u001F"]"#,
        r#"["SA","a",1]"#,
        r#"["AAAAAAAAAAAAAAAAAAAAAB","a",1]"#,
        r#"["","a",1]"#,
        r#"{"a":1}"#,
        r#"[1,"a",1]"#,
        r#"["S","a",1]["S","a",1]"#,
        "",
        "null",
    ] {
        assert!(Disclosure::parse(&encode(&bad.replace('S', salt))).is_err(), "{bad}");
    }
    let good = encode(&r#"["S","a",12]"#.replace('S', salt));
    for bad in [format!("{good}="), format!("{good} "), good.replace('W', "+"), "A".repeat(20_000)] {
        assert!(Disclosure::parse(&bad).is_err(), "{bad}");
    }
    let deep = (0..17).fold(json!(0), |value, _| json!([value]));
    assert!(matches!(Disclosure::new("a", deep, &mut kit::rng(0)), Err(DisclosureError::Value(_))));
    let long = json!("x".repeat(12_000));
    assert_eq!(Disclosure::new("a", long, &mut kit::rng(0)).unwrap_err(), DisclosureError::TooLong);
}

#[test]
fn control_leaves_keep_their_body() {
    let body = "{\"type\":\"genesis\",\"note\":\"a\\\\b\"}\n";
    let signatures = vec![ControlSignature { by: "trustee-1".into(), sig: "—sig\n".into() }; 2];
    let leaf = ControlLeaf::new(ID, TICK, body.into(), signatures).unwrap();
    let bytes = leaf.to_bytes().unwrap();
    assert_eq!(bytes.len(), LARGE_LEAF_BYTES);
    assert_eq!(Leaf::parse(&bytes).unwrap(), Leaf::Control(leaf));
    let unsigned = ControlLeaf::new(ID, TICK, String::new(), vec![]).unwrap();
    assert_eq!(ControlLeaf::parse(&unsigned.to_bytes().unwrap()).unwrap(), unsigned);
    let large = ControlLeaf::new(ID, TICK, "x".repeat(16_400), vec![]).unwrap();
    assert!(matches!(large.to_bytes(), Err(LeafError::TooLarge(_))));
    assert!(ControlLeaf::new(ID, MAX_TICK + 1, String::new(), vec![]).is_err());
}

#[test]
fn opening_leaves_hold_disclosures() {
    let (_, disclosures) = sealed(&[("kind", json!("order")), ("n", json!(1))], 3);
    let opened = |index| Opened { index, disclosures: disclosures.clone() };
    let leaf = OpeningLeaf::new(ID, TICK, vec![opened(4), opened(9)]).unwrap();
    let bytes = leaf.to_bytes().unwrap();
    assert_eq!(bytes.len(), LARGE_LEAF_BYTES);
    assert_eq!(Leaf::parse(&bytes).unwrap(), Leaf::Opening(leaf));
    for bad in [
        vec![],
        vec![opened(9), opened(4)],
        vec![opened(4), opened(4)],
        vec![opened(1 << 53)],
        vec![Opened { index: 1, disclosures: vec![] }],
    ] {
        assert!(OpeningLeaf::new(ID, TICK, bad).is_err());
    }
    let largest = Disclosure::with_salt(&[1; 16], "a", json!("x".repeat(11_960))).unwrap();
    let alone =
        OpeningLeaf::new(ID, MAX_TICK, vec![Opened { index: (1 << 53) - 1, disclosures: vec![largest] }]).unwrap();
    assert_eq!(alone.to_bytes().unwrap().len(), LARGE_LEAF_BYTES);
}

#[test]
fn leaves_have_one_spelling() {
    let (leaf, disclosures) = sealed(&[("kind", json!("order"))], 1);
    let text = String::from_utf8(leaf.clone()).unwrap();
    let refit = |text: String| {
        let (start, _) = text.split_once("\"pad\":\"").unwrap();
        let size = if text.contains("\"_sd\"") { SEALED_LEAF_BYTES } else { LARGE_LEAF_BYTES };
        let start = format!("{start}\"pad\":\"");
        let pad = "0".repeat(size.saturating_sub(start.len() + 2));
        format!("{start}{pad}\"}}").into_bytes()
    };
    assert_eq!(refit(text.clone()), leaf);
    let digest = disclosures[0].digest();
    let changed = |from: &str, to: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        refit(changed)
    };
    let first = text.split("[\"").nth(1).unwrap()[..43].to_owned();
    let last = text.split("\"]").next().unwrap().rsplit('"').next().unwrap().to_owned();
    for bad in [
        changed("\"v\":1", "\"v\":2"),
        changed("\"v\":1", "\"v\":01"),
        changed("\"v\":1", "\"v\":1.0"),
        changed("\"sealed\"", "\"Sealed\""),
        changed("\"sealed\"", "\"control\""),
        changed("abab", "ABAB"),
        changed("abababab", "abababa"),
        changed("6000000", "06000000"),
        changed("6000000", "-1"),
        changed("6000000", "9007199254740992"),
        changed("\"tick\":", "\"tick\": "),
        changed("\"tick\":6000000,", ""),
        changed("\"tick\":6000000,", "\"tick\":6000000,\"tick\":6000000,"),
        changed("\"tick\":6000000,", "\"tick\":6000000,\"x\":0,"),
        changed(&format!("\"{digest}\""), ""),
        changed(&first, &last),
        changed(&first, &last.replace(|_| true, "A")),
        changed(&format!("\"{first}\","), &format!("\"{first}\",\"{first}\",")),
        changed(&format!("\"{first}\","), ""),
        changed("\"v\":1,\"kind\":\"sealed\"", "\"kind\":\"sealed\",\"v\":1"),
        text.replace("00\"}", "01\"}").into_bytes(),
        text.replace("00\"}", "0\"} ").into_bytes(),
        text.replace("00\"}", "\"}\n0").into_bytes(),
        text.replace("0\"}", "\"}").into_bytes(),
        text.replace("0\"}", "00\"}").into_bytes(),
        Vec::new(),
        vec![b'0'; 1024],
        vec![b'0'; 16_384],
    ] {
        assert!(Leaf::parse(&bad).is_err(), "{}", String::from_utf8_lossy(&bad));
    }
    let control = ControlLeaf::new(ID, TICK, "body".into(), vec![]).unwrap().to_bytes().unwrap();
    let control = String::from_utf8(control).unwrap();
    for (from, to) in [
        ("\"body\":\"body\"", "\"body\":\"b\\u006fdy\""),
        ("\"sigs\":[]", "\"sigs\":[ ]"),
        ("\"sigs\":[]", "\"sigs\":[{\"by\":\"a\"}]"),
        ("\"sigs\":[]", "\"sigs\":[{\"sig\":\"b\",\"by\":\"a\"}]"),
        ("\"sigs\":[]", "\"sigs\":[{\"by\":\"a\",\"sig\":\"b\",\"x\":1}]"),
        ("\"control\"", "\"opening\""),
    ] {
        let changed = control.replace(from, to);
        assert_ne!(changed, control);
        assert!(Leaf::parse(&refit(changed)).is_err(), "{to}");
    }
}

#[test]
fn real_and_dummy_leaves_have_the_same_shape() {
    let shape = |leaf: &[u8]| -> String {
        let text = std::str::from_utf8(leaf).unwrap();
        let digests = text.split("\"_sd\":[").nth(1).unwrap().split(']').next().unwrap();
        text.replace(digests, &digests.split(',').map(|digest| digest.len().to_string()).collect::<Vec<_>>().join(","))
    };
    let mut shapes = std::collections::BTreeSet::new();
    // How often each bit of the sixteen digests is set, for leaves full of fields and for dummies.
    let mut ones = [[0_u32; 256]; 2];
    // Where, among the sixteen, the digest of the only disclosure of a dummy stands.
    let mut places = [0_u32; 16];
    let rounds = 400;
    let names: Vec<String> = (0..16).map(|n| format!("field_{n}")).collect();
    let full: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), json!("value"))).collect();
    let mut rng = kit::rng(42);
    for _ in 0..rounds {
        let (real, _) = seal_fields(ID, TICK, &full, &mut rng).unwrap();
        let (dummy, disclosures) = seal_dummy(ID, TICK, &mut rng).unwrap();
        for (which, leaf) in [&real, &dummy].into_iter().enumerate() {
            assert_eq!(leaf.len(), SEALED_LEAF_BYTES);
            shapes.insert(shape(leaf));
            let Leaf::Sealed(parsed) = Leaf::parse(leaf).unwrap() else { panic!("not sealed") };
            for digest in parsed.digests() {
                use base64ct::{Base64UrlUnpadded, Encoding};
                let bytes = Base64UrlUnpadded::decode_vec(digest).unwrap();
                (0..256).for_each(|bit| ones[which][bit] += u32::from(bytes[bit / 8] >> (bit % 8) & 1));
            }
            if which == 1 {
                places[parsed.digests().iter().position(|digest| *digest == disclosures[0].digest()).unwrap()] += 1;
            }
        }
    }
    assert_eq!(shapes.len(), 1);
    let samples = f64::from(rounds * 16);
    for ones in ones.iter().flatten() {
        let deviation = (f64::from(*ones) - samples / 2.0).abs() / (samples / 4.0).sqrt();
        assert!(deviation < 5.0, "a bit of the digests is {deviation} standard deviations off");
    }
    let expected = f64::from(rounds) / 16.0;
    let chi: f64 = places.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    assert!(chi < 44.3, "the dummy's digest has a favourite place: chi-square {chi} with 15 degrees of freedom");
}

#[test]
fn kinds_show_by_size_only_where_they_may() {
    let control = ControlLeaf::new(ID, TICK, "b".into(), vec![]).unwrap().to_bytes().unwrap();
    let (dummy, disclosures) = seal_dummy(ID, TICK, &mut kit::rng(1)).unwrap();
    let opening = OpeningLeaf::new(ID, TICK, vec![Opened { index: 0, disclosures }]).unwrap().to_bytes().unwrap();
    let kinds = [control, opening, dummy].map(|leaf| (leaf.len(), Leaf::parse(&leaf).unwrap().kind()));
    assert_eq!(kinds, [(16_384, LeafKind::Control), (16_384, LeafKind::Opening), (1_024, LeafKind::Sealed)]);
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53) + 1..1_i64 << 53).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_value_round_trips(value in value(), seed in any::<u64>()) {
        let disclosure = Disclosure::new("field", value, &mut kit::rng(seed)).unwrap();
        prop_assert_eq!(Disclosure::parse(disclosure.as_str()).unwrap(), disclosure);
    }

    #[test]
    fn any_body_round_trips(body in any::<String>(), by in any::<String>(), sig in any::<String>()) {
        let leaf = ControlLeaf::new(ID, TICK, body, vec![ControlSignature { by, sig }]).unwrap();
        prop_assert_eq!(ControlLeaf::parse(&leaf.to_bytes().unwrap()).unwrap(), leaf);
    }
}
