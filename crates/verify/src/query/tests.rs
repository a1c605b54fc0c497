//! The shared vectors (`vectors/trace/query.json`), which are made here.

use super::*;
use countersign_core::band::Band;
use countersign_core::id::{AuthorityId, CustodianId, OrderId, PersonId, Salt};
use countersign_core::json::Document;
use countersign_core::query::{Asked, Exposed, Fall, Narrower, QueryV1, Rule, THRESHOLDS, TraceOrderV1};
use countersign_core::time::{DAY, Timestamp};
use countersign_tlog::leaf::{LeafId, seal_fields};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::json;

const FILE: &str = include_str!("../../../../vectors/trace/query.json");

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn order() -> TraceOrder {
    let now = at("2026-11-20T12:00:00Z");
    TraceOrder {
        v: TraceOrderV1,
        id: OrderId([1; 16]),
        custodian: CustodianId([2; 16]),
        authority: AuthorityId::parse("xr-agency").unwrap(),
        matter: Digest([5; 32]),
        officer: PersonId::parse("lena-ohm").unwrap(),
        roots: vec![Digest([1; 32]), Digest([9; 32])],
        hops: 2,
        questions: 5,
        not_before: now,
        expires: now.plus(DAY),
    }
}

fn query(order: &TraceOrder, hops: u8) -> Query {
    let bands = [Band::of(1_900), Band::of(2_600)];
    let exposed =
        |rule: &Rule| Exposed { rule: *rule, by_hops: bands.iter().take(usize::from(hops)).copied().collect() };
    Query {
        v: QueryV1,
        salt: Salt([3; 16]),
        order: Exact::write(order.clone()).unwrap().digest(),
        asked: Asked { roots: vec![Digest([1; 32])], hops, from: None, to: None, min_satoshi: 0, covers: Vec::new() },
        payments: Band::of(3_000),
        clients: Rule::ALL.iter().map(exposed).collect(),
        falls: THRESHOLDS.into_iter().skip(1).map(|min_satoshi| Fall { min_satoshi, clients: Band::of(7) }).collect(),
        narrower: None,
        looks_like_donors: true,
        at: at("2026-11-20T13:00:00Z"),
    }
}

/// The opening with the fields of its leaf changed before they are sealed.
fn opening(order: &TraceOrder, query: &Query, edit: impl FnOnce(&mut Vec<(&'static str, Value)>)) -> QueryOpening {
    let query = Exact::write(query.clone()).unwrap();
    let mut fields = query_leaf_fields(&query);
    edit(&mut fields);
    let (leaf, disclosures) =
        seal_fields(LeafId([7; 16]), 5_970_000, &fields, &mut ChaCha20Rng::from_seed([9; 32])).unwrap();
    QueryOpening {
        v: QueryOpeningV1,
        leaf: String::from_utf8(leaf).unwrap(),
        disclosures: disclosures.iter().map(|disclosure| disclosure.as_str().to_owned()).collect(),
        order: Exact::write(order.clone()).unwrap().text().to_owned(),
        query: query.text().to_owned(),
    }
}

fn set(fields: &mut [(&'static str, Value)], name: &str, value: Value) {
    fields.iter_mut().find(|(field, _)| *field == name).unwrap().1 = value;
}

/// The name that the vectors have for what is wrong.
fn reason(error: &QueryError) -> &'static str {
    match error {
        QueryError::Document(DocumentError::TooLong { .. }) => "too_long",
        QueryError::Document(DocumentError::Malformed { .. }) => "malformed",
        QueryError::Document(DocumentError::NotCanonical { .. }) => "not_canonical",
        QueryError::Document(DocumentError::Inconsistent { .. }) => "inconsistent",
        QueryError::Leaf(OrderLeafError::Leaf(_)) => "leaf",
        QueryError::Leaf(OrderLeafError::Disclosure(_)) => "disclosure",
        QueryError::Leaf(OrderLeafError::Field(_)) => "field",
        QueryError::Order(_) => "order",
    }
}

fn text(opening: QueryOpening) -> String {
    Exact::write(opening).unwrap().text().to_owned()
}

/// The documents that stand inside an opening, with a piece of their text changed.
fn inside(member: &str, from: &str, to: &str) -> String {
    let mut changed = opening(&order(), &query(&order(), 2), |_| {});
    let place = if member == "order" { &mut changed.order } else { &mut changed.query };
    assert!(place.contains(from), "{from} in {place}");
    *place = place.replacen(from, to, 1);
    text(changed)
}

fn vectors() -> Value {
    let (order, plain) = (order(), query(&order(), 2));
    let sound = opening(&order, &plain, |_| {});
    let covering = {
        let mut query = query(&order, 1);
        query.asked.covers = vec![format!("{}:0", "ab".repeat(32))];
        query.asked.min_satoshi = 100_000;
        query.asked.from = Some(at("2026-01-01T00:00:00Z"));
        query.asked.to = Some(at("2026-07-01T00:00:00Z"));
        query.falls.remove(0);
        let window = (at("2026-02-01T10:00:00Z"), at("2026-02-03T10:00:00Z"));
        let (from, to, clients) = (window.0, window.1, Band::of(12));
        query.narrower = Some(Narrower { from, to, min_satoshi: 1_000_000, hops: 1, clients });
        query
    };
    let few = {
        let mut query = query(&order, 1);
        query.clients.iter_mut().for_each(|exposed| exposed.by_hops = vec![Band::of(0)]);
        query.falls.iter_mut().for_each(|fall| fall.clients = Band::of(0));
        query.payments = Band::of(0);
        query.looks_like_donors = false;
        query
    };
    let good = |name: &str, text: String| {
        let facts = check_query(text.as_bytes()).unwrap();
        json!({"name": name, "text": text, "order": facts.order, "query": facts.query, "leaf": facts.leaf, "payments": facts.payments, "clients": facts.clients})
    };
    let other = TraceOrder { id: OrderId([8; 16]), ..order.clone() };
    let named = |edit: fn(&mut TraceOrder)| {
        let mut less = order.clone();
        edit(&mut less);
        let mut query = plain.clone();
        query.order = Exact::write(less.clone()).unwrap().digest();
        text(opening(&less, &query, |_| {}))
    };
    let leaf = |name: &'static str, value: Value| text(opening(&order, &plain, |fields| set(fields, name, value)));
    let edited = |edit: fn(&mut QueryOpening)| {
        let mut changed = sound.clone();
        edit(&mut changed);
        text(changed)
    };
    let bad: Vec<(&str, String)> = vec![
        ("nothing", String::new()),
        ("a list", "[]".into()),
        ("another version", text(sound.clone()).replace("query-opening/v1", "query-opening/v2")),
        ("with white space", text(sound.clone()).replacen("\":\"", "\": \"", 1)),
        ("an unknown member", text(sound.clone()).replacen("{", "{\"w\":1,", 1)),
        ("another order", text(opening(&other, &plain, |_| {}))),
        ("an order that names other addresses", named(|order| order.roots = vec![Digest([9; 32])])),
        ("an order for fewer payments", named(|order| order.hops = 1)),
        ("an order that had ended", named(|order| order.expires = order.not_before.plus(60))),
        ("an order that had not begun", named(|order| order.not_before = at("2026-11-20T13:00:01Z"))),
        ("an order for two days", inside("order", "2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z")),
        ("an order for seven payments", inside("order", "\"hops\":2", "\"hops\":7")),
        ("an order without addresses", {
            let roots = format!("\"{}\",\"{}\"", Digest([1; 32]), Digest([9; 32]));
            inside("order", &roots, "")
        }),
        ("an order with addresses out of order", {
            let roots = [Digest([1; 32]), Digest([9; 32])].map(|root| format!("\"{root}\""));
            inside("order", &roots.join(","), &format!("{},{}", roots[1], roots[0]))
        }),
        ("an order for no question", inside("order", "\"questions\":5", "\"questions\":0")),
        ("bands that are none", inside("query", "2500 to 4999", "2500 to 5000")),
        ("an exact number", inside("query", "\"1000 to 2499\"", "1900")),
        (
            "fewer clients over more payments",
            inside("query", "\"1000 to 2499\",\"2500 to 4999\"", "\"2500 to 4999\",\"1000 to 2499\""),
        ),
        (
            "a rule left out",
            inside("query", "{\"rule\":\"poison\",\"by_hops\":[\"1000 to 2499\",\"2500 to 4999\"]},", ""),
        ),
        ("a threshold in between", inside("query", "\"min_satoshi\":0", "\"min_satoshi\":1")),
        ("a window that begins at noon", inside("query", "\"from\":null", "\"from\":\"2026-01-01T12:00:00Z\"")),
        ("a window of a week", {
            inside(
                "query",
                "\"from\":null,\"to\":null",
                "\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-01-08T00:00:00Z\"",
            )
        }),
        (
            "more above a threshold",
            inside(
                "query",
                "\"min_satoshi\":100000,\"clients\":\"5 to 9\"",
                "\"min_satoshi\":100000,\"clients\":\"5000 to 9999\"",
            ),
        ),
        ("a threshold left out", inside("query", "{\"min_satoshi\":100000,\"clients\":\"5 to 9\"},", "")),
        ("something narrower for nothing", {
            let narrower = "{\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-01-01T00:00:00Z\",\"min_satoshi\":0,\"hops\":1,\"clients\":\"5 to 9\"}";
            inside("query", "\"narrower\":null", &format!("\"narrower\":{narrower}"))
        }),
        ("an answer changed afterwards", inside("query", "\"looks_like_donors\":true", "\"looks_like_donors\":false")),
        ("another salt", inside("query", "\"salt\":\"03", "\"salt\":\"04")),
        ("a leaf with fewer clients", leaf("clients", json!(["1000 to 2499", "1000 to 2499"]))),
        ("a leaf with fewer payments in between", leaf("hops", json!(1))),
        ("a leaf for another purpose", leaf("purpose", json!("sanctions"))),
        ("a leaf of another order", leaf("order", json!(Digest([6; 32])))),
        ("a leaf of another kind", leaf("kind", json!("finding"))),
        ("a field withheld", edited(|opening| drop(opening.disclosures.pop()))),
        ("a disclosure twice", edited(|opening| opening.disclosures.push(opening.disclosures[0].clone()))),
        ("no disclosures", edited(|opening| opening.disclosures.clear())),
        (
            "another leaf",
            edited(|opening| opening.leaf = opening.leaf.replacen("\"tick\":5970000", "\"tick\":597000", 1)),
        ),
        ("a leaf that is none", edited(|opening| opening.leaf = "{}".into())),
        ("a field too many", text(opening(&order, &plain, |fields| fields.push(("roots", json!(1)))))),
    ];
    let bad = bad.into_iter().map(|(name, text)| {
        let expect = reason(&check_query(text.as_bytes()).expect_err(name));
        json!({"name": name, "text": text, "expect": expect})
    });
    json!({
        "about": "Openings of questions of docs/formats/query.md. Good ones with what they show, bad ones with the reason.",
        "good": [
            good("two payments", text(sound.clone())),
            good("a window, a threshold and what must be covered", text(opening(&order, &covering, |_| {}))),
            good("fewer than five", text(opening(&order, &few, |_| {}))),
        ],
        "bad": bad.collect::<Vec<_>>(),
    })
}

#[test]
fn the_vectors_are_those_that_this_makes() {
    let made = vectors();
    if let Some(folder) = std::env::var_os("COUNTERSIGN_WRITE_VECTORS") {
        let text = serde_json::to_string_pretty(&made).unwrap();
        std::fs::write(std::path::Path::new(&folder).join("trace/query.json"), text + "\n").unwrap();
    }
    assert!(made == serde_json::from_str::<Value>(FILE).unwrap(), "vectors/trace/query.json is not what this makes");
}

#[test]
fn no_opening_is_read_beyond_its_limit() {
    let long = " ".repeat(QueryOpening::MAX_LEN + 1);
    assert!(matches!(check_query(long.as_bytes()), Err(QueryError::Document(DocumentError::TooLong { .. }))));
}
