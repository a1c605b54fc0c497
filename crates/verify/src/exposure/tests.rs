//! The shared vectors (`vectors/trace/exposure.json`), which are made here.

use super::*;
use countersign_core::exposure::{
    DepositAnswer, ExposureOrderV1, ExposureRunV1, ListAnswer, Listing, OwnAddresses, RuleShare, ShareBand, Verdict,
};
use countersign_core::id::{AuthorityId, CustodianId, OrderId, PersonId, Salt};
use countersign_core::json::Document;
use countersign_core::query::Rule;
use countersign_core::time::{DAY, Timestamp};
use countersign_tlog::leaf::{LeafId, seal_fields};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::json;

const FILE: &str = include_str!("../../../../vectors/trace/exposure.json");

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn listing(name: &str, byte: u8) -> Listing {
    Listing {
        name: name.into(),
        issuers: vec![format!("{name} office")],
        addresses: 300,
        left_out: 2,
        digest: Digest([byte; 32]),
    }
}

fn order() -> ExposureOrder {
    let now = at("2026-11-20T12:00:00Z");
    ExposureOrder {
        v: ExposureOrderV1,
        id: OrderId([1; 16]),
        custodian: CustodianId([2; 16]),
        authority: AuthorityId::parse("xa-supervisor").unwrap(),
        basis: "Sanctions Act, section 12".into(),
        author: PersonId::parse("lena-ohm").unwrap(),
        lists: vec![listing("XA", 5), listing("XB", 6)],
        own: OwnAddresses { addresses: 12_000, digest: Digest([7; 32]) },
        payments: 4,
        threshold: ShareBand::Hundredth,
        run: 3,
        day: 10,
        total: 100,
        graph_hours: 6,
        not_before: now,
        expires: now.plus(90 * DAY),
    }
}

fn on(list: &str, shares: [ShareBand; 4], payments: Option<u8>, verdict: Verdict) -> ListAnswer {
    let shares = Rule::ALL.iter().zip(shares).map(|(rule, share)| RuleShare { rule: *rule, share }).collect();
    ListAnswer { list: list.into(), shares, payments, verdict }
}

fn run(order: &ExposureOrder) -> ExposureRun {
    use ShareBand::{Half, Nothing, Tenth, Trace, Whole};
    let nothing = |list: &str, verdict| on(list, [Nothing; 4], None, verdict);
    let deposits = [
        ("0a", on("XA", [Whole, Tenth, Half, Nothing], Some(2), Verdict::Above), nothing("XB", Verdict::None)),
        ("0b", nothing("XA", Verdict::None), nothing("XB", Verdict::None)),
        ("0c", on("XA", [Whole, Trace, Nothing, Nothing], Some(4), Verdict::Below), nothing("XB", Verdict::Unknown)),
    ];
    let answer = |(byte, one, two): (&str, ListAnswer, ListAnswer)| DepositAnswer {
        deposit: format!("{}:0", byte.repeat(32)),
        lists: vec![one, two],
    };
    ExposureRun {
        v: ExposureRunV1,
        salt: Salt([3; 16]),
        order: Exact::write(order.clone()).unwrap().digest(),
        number: 1,
        previous: None,
        height: 921_000,
        deposits: deposits.map(answer).into(),
        at: at("2026-11-21T13:00:00Z"),
    }
}

/// The opening with the fields of its leaf changed before they are sealed.
fn opening(
    order: &ExposureOrder,
    run: &ExposureRun,
    edit: impl FnOnce(&mut Vec<(&'static str, Value)>),
) -> ExposureOpening {
    let run = Exact::write(run.clone()).unwrap();
    let mut fields = exposure_leaf_fields(order, &run);
    edit(&mut fields);
    let (leaf, disclosures) =
        seal_fields(LeafId([7; 16]), 5_970_000, &fields, &mut ChaCha20Rng::from_seed([9; 32])).unwrap();
    ExposureOpening {
        v: ExposureOpeningV1,
        leaf: String::from_utf8(leaf).unwrap(),
        disclosures: disclosures.iter().map(|disclosure| disclosure.as_str().to_owned()).collect(),
        order: Exact::write(order.clone()).unwrap().text().to_owned(),
        run: run.text().to_owned(),
    }
}

fn set(fields: &mut [(&'static str, Value)], name: &str, value: Value) {
    fields.iter_mut().find(|(field, _)| *field == name).unwrap().1 = value;
}

/// The name that the vectors have for what is wrong.
fn reason(error: &ExposureError) -> &'static str {
    match error {
        ExposureError::Document(DocumentError::TooLong { .. }) => "too_long",
        ExposureError::Document(DocumentError::Malformed { .. }) => "malformed",
        ExposureError::Document(DocumentError::NotCanonical { .. }) => "not_canonical",
        ExposureError::Document(DocumentError::Inconsistent { .. }) => "inconsistent",
        ExposureError::Leaf(OrderLeafError::Leaf(_)) => "leaf",
        ExposureError::Leaf(OrderLeafError::Disclosure(_)) => "disclosure",
        ExposureError::Leaf(OrderLeafError::Field(_)) => "field",
        ExposureError::Order(_) => "order",
    }
}

fn text(opening: ExposureOpening) -> String {
    Exact::write(opening).unwrap().text().to_owned()
}

/// The documents that stand inside an opening, with a piece of their text changed.
fn inside(member: &str, from: &str, to: &str) -> String {
    let mut changed = opening(&order(), &run(&order()), |_| {});
    let place = if member == "order" { &mut changed.order } else { &mut changed.run };
    assert!(place.contains(from), "{from} in {place}");
    *place = place.replacen(from, to, 1);
    text(changed)
}

/// A run under an order that is changed, and names it.
fn under(edit: impl FnOnce(&mut ExposureOrder)) -> String {
    let mut order = order();
    edit(&mut order);
    let mut run = run(&self::order());
    run.order = Exact::write(order.clone()).unwrap().digest();
    text(opening(&order, &run, |_| {}))
}

fn bad() -> Vec<(&'static str, String)> {
    let (order, plain) = (order(), run(&order()));
    let sound = opening(&order, &plain, |_| {});
    let leaf = |name: &'static str, value: Value| text(opening(&order, &plain, |fields| set(fields, name, value)));
    let edited = |edit: fn(&mut ExposureOpening)| {
        let mut changed = sound.clone();
        edit(&mut changed);
        text(changed)
    };
    let other = ExposureOrder { id: OrderId([8; 16]), ..order.clone() };
    vec![
        ("nothing", String::new()),
        ("a list", "[]".into()),
        ("the opening of a question", text(sound.clone()).replace("exposure-opening/v1", "query-opening/v1")),
        ("another version", text(sound.clone()).replace("exposure-opening/v1", "exposure-opening/v2")),
        ("with white space", text(sound.clone()).replacen("\":\"", "\": \"", 1)),
        ("an unknown member", text(sound.clone()).replacen('{', "{\"w\":1,", 1)),
        ("another order", text(opening(&other, &plain, |_| {}))),
        ("more deposits than a run may have", under(|order| order.run = 2)),
        ("an order of one list only", under(|order| drop(order.lists.pop()))),
        ("an order of another list", under(|order| order.lists[1].name = "XC".into())),
        ("an order for fewer payments", under(|order| order.payments = 3)),
        ("a threshold that two deposits reach", under(|order| order.threshold = ShareBand::Trace)),
        ("a threshold that none reaches", under(|order| order.threshold = ShareBand::Whole)),
        ("an order that had ended", under(|order| order.expires = order.not_before.plus(DAY))),
        ("an order that had not begun", under(|order| order.not_before = at("2026-11-21T13:00:01Z"))),
        ("an order for 91 days", inside("order", "2027-02-18T12:00:00Z", "2027-02-19T12:00:00Z")),
        ("an order without lists", {
            let lists = serde_json::to_string(&order.lists).unwrap();
            inside("order", &lists, "[]")
        }),
        ("an order with lists out of order", {
            let lists = order.lists.iter().map(|list| serde_json::to_string(list).unwrap()).collect::<Vec<_>>();
            inside("order", &lists.join(","), &format!("{},{}", lists[1], lists[0]))
        }),
        ("a list without an issuer", inside("order", "[\"XA office\"]", "[]")),
        ("a list without addresses", inside("order", "\"addresses\":300", "\"addresses\":0")),
        ("an order for nobody's addresses", inside("order", "\"addresses\":12000", "\"addresses\":0")),
        ("an order for 33 payments", inside("order", "\"payments\":4", "\"payments\":33")),
        ("an order without a threshold", inside("order", "\"threshold\":\"1 to 5 %\"", "\"threshold\":\"none\"")),
        ("a threshold in between", inside("order", "\"threshold\":\"1 to 5 %\"", "\"threshold\":\"2 to 5 %\"")),
        ("an order with a larger day than total", inside("order", "\"total\":100", "\"total\":9")),
        ("an order with a larger run than day", inside("order", "\"day\":10", "\"day\":2")),
        ("an order for any old graph", inside("order", "\"graph_hours\":6", "\"graph_hours\":169")),
        ("a law of two lines", inside("order", "section 12", "section\\n12")),
        ("an exact share", inside("run", "\"10 to 25 %\"", "\"12 %\"")),
        (
            "poison in parts",
            inside("run", "{\"rule\":\"poison\",\"share\":\"all\"}", "{\"rule\":\"poison\",\"share\":\"50 to 100 %\"}"),
        ),
        ("a rule left out", inside("run", "{\"rule\":\"poison\",\"share\":\"all\"},", "")),
        (
            "payments without a share",
            inside("run", "\"payments\":null,\"verdict\":\"none\"", "\"payments\":1,\"verdict\":\"none\""),
        ),
        ("a share without payments", inside("run", "\"payments\":2", "\"payments\":null")),
        (
            "above without a share",
            inside("run", "\"payments\":null,\"verdict\":\"none\"", "\"payments\":null,\"verdict\":\"above\""),
        ),
        ("none with a share", inside("run", "\"verdict\":\"above\"", "\"verdict\":\"none\"")),
        ("below above the threshold", inside("run", "\"verdict\":\"above\"", "\"verdict\":\"below\"")),
        ("unknown above the threshold", inside("run", "\"verdict\":\"above\"", "\"verdict\":\"unknown\"")),
        ("a verdict that is none", inside("run", "\"verdict\":\"above\"", "\"verdict\":\"guilty\"")),
        (
            "a first run that follows another",
            inside("run", "\"previous\":null", &format!("\"previous\":\"{}\"", Digest([4; 32]))),
        ),
        ("a second run that follows none", inside("run", "\"number\":1", "\"number\":2")),
        ("run zero", inside("run", "\"number\":1", "\"number\":0")),
        ("a deposit twice", inside("run", &"0b".repeat(32), &"0a".repeat(32))),
        ("deposits out of order", inside("run", &"0a".repeat(32), &"0d".repeat(32))),
        (
            "a deposit that is no output",
            inside("run", &format!("{}:0", "0a".repeat(32)), &format!("{}:00", "0a".repeat(32))),
        ),
        ("a stranger beside a deposit", inside("run", "\"deposit\":", "\"from\":\"bc1q\",\"deposit\":")),
        ("an answer changed afterwards", inside("run", "\"height\":921000", "\"height\":921001")),
        ("another salt", inside("run", "\"salt\":\"03", "\"salt\":\"04")),
        ("a leaf with fewer deposits", leaf("payments", json!("5 to 9"))),
        (
            "a leaf with other verdicts",
            leaf("clients", json!(["fewer than 5", "5 to 9", "fewer than 5", "fewer than 5"])),
        ),
        ("a leaf with three verdicts", leaf("clients", json!(["fewer than 5", "fewer than 5", "fewer than 5"]))),
        ("a leaf with fewer payments", leaf("hops", json!(3))),
        ("a leaf for a request", leaf("purpose", json!("request"))),
        ("a leaf of another order", leaf("order", json!(Digest([6; 32])))),
        ("a leaf of another kind", leaf("kind", json!("finding"))),
        ("a field withheld", edited(|opening| drop(opening.disclosures.pop()))),
        ("a disclosure twice", edited(|opening| opening.disclosures.push(opening.disclosures[0].clone()))),
        (
            "another leaf",
            edited(|opening| opening.leaf = opening.leaf.replacen("\"tick\":5970000", "\"tick\":597000", 1)),
        ),
        ("a leaf that is none", edited(|opening| opening.leaf = "{}".into())),
        ("a field too many", text(opening(&order, &plain, |fields| fields.push(("deposits", json!(3)))))),
    ]
}

fn vectors() -> Value {
    let (order, plain) = (order(), run(&order()));
    let second = {
        let mut run = plain.clone();
        (run.number, run.previous) = (2, Some(Exact::write(plain.clone()).unwrap().digest()));
        run.deposits.truncate(1);
        run
    };
    let many = {
        let order = ExposureOrder { run: 500, day: 500, total: 500, ..order.clone() };
        let mut run = run(&order);
        let clean = run.deposits.remove(1);
        run.deposits =
            (0..12).map(|n| DepositAnswer { deposit: format!("{}:{n}", "0e".repeat(32)), ..clean.clone() }).collect();
        run.deposits.sort_by(|left, right| left.deposit.cmp(&right.deposit));
        opening(&order, &run, |_| {})
    };
    let good = |name: &str, text: String| {
        assert!(is_exposure_opening(text.as_bytes()));
        let facts = check_exposure(text.as_bytes()).unwrap();
        json!({
            "name": name, "text": text, "order": facts.order, "run": facts.run, "number": facts.number, "leaf": facts.leaf,
            "deposits": facts.deposits, "verdicts": facts.verdicts,
        })
    };
    let bad = bad().into_iter().map(|(name, text)| {
        let expect = reason(&check_exposure(text.as_bytes()).expect_err(name));
        json!({"name": name, "text": text, "expect": expect})
    });
    json!({
        "about": "Openings of runs over own deposits of docs/formats/exposure.md. Good ones with what they show, bad ones with the reason.",
        "good": [
            good("three deposits", text(opening(&order, &plain, |_| {}))),
            good("the second run", text(opening(&order, &second, |_| {}))),
            good("twelve clean deposits", text(many)),
        ],
        "bad": bad.collect::<Vec<_>>(),
    })
}

#[test]
fn the_vectors_are_those_that_this_makes() {
    let made = vectors();
    if let Some(folder) = std::env::var_os("COUNTERSIGN_WRITE_VECTORS") {
        let text = serde_json::to_string_pretty(&made).unwrap();
        std::fs::write(std::path::Path::new(&folder).join("trace/exposure.json"), text + "\n").unwrap();
    }
    assert!(made == serde_json::from_str::<Value>(FILE).unwrap(), "vectors/trace/exposure.json is not what this makes");
}

#[test]
fn no_opening_is_read_beyond_its_limit() {
    let long = " ".repeat(ExposureOpening::MAX_LEN + 1);
    assert!(!is_exposure_opening(long.as_bytes()));
    assert!(matches!(check_exposure(long.as_bytes()), Err(ExposureError::Document(DocumentError::TooLong { .. }))));
}
