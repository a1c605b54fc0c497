use super::*;
use crate::json::Exact;
use proptest::prelude::*;

/// Breaks one rule.
type Edit = fn(&mut Query);

fn asked() -> Asked {
    Asked { roots: vec![Digest([1; 32])], hops: 2, from: None, to: None, min_satoshi: 0, covers: Vec::new() }
}

fn query() -> Query {
    let clients = |direct, two| vec![Band::of(direct), Band::of(two)];
    let exposed =
        |rule: &Rule| Exposed { rule: *rule, by_hops: clients(12, if *rule == Rule::Fifo { 30 } else { 60 }) };
    let fall = |min_satoshi| Fall { min_satoshi, clients: Band::of(if min_satoshi > 100_000 { 0 } else { 11 }) };
    Query {
        v: QueryV1,
        salt: Salt([3; 16]),
        order: Digest([4; 32]),
        asked: asked(),
        payments: Band::of(70),
        clients: Rule::ALL.iter().map(exposed).collect(),
        falls: THRESHOLDS.into_iter().skip(1).map(fall).collect(),
        narrower: None,
        looks_like_donors: true,
        at: Timestamp::parse("2026-11-20T13:00:00Z").unwrap(),
    }
}

fn order() -> TraceOrder {
    let now = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
    TraceOrder {
        v: TraceOrderV1,
        id: OrderId([1; 16]),
        custodian: CustodianId([2; 16]),
        authority: AuthorityId::parse("xr-agency").unwrap(),
        matter: Digest([5; 32]),
        officer: PersonId::parse("lena-ohm").unwrap(),
        roots: vec![Digest([1; 32]), Digest([2; 32])],
        hops: 2,
        questions: 5,
        not_before: now,
        expires: now.plus(DAY),
    }
}

#[test]
fn answers_are_summed_up_by_the_widest_and_the_narrowest_rule() {
    let query = Exact::write(query()).unwrap();
    assert_eq!(Exact::<Query>::parse(query.bytes()).unwrap(), query);
    let texts = |bands: Vec<Band>| bands.iter().map(Band::to_string).collect::<Vec<_>>();
    assert_eq!(texts(query.value().by_hops()), ["10 to 24", "50 to 99"]);
    assert_eq!(texts(query.value().least_by_hops()), ["10 to 24", "25 to 49"]);
    assert!(query.value().asked.is_whole());
}

#[test]
fn an_answer_that_cannot_be_one_is_refused() {
    let broken: [(&str, Edit); 9] = [
        ("every rule", |query| drop(query.clients.pop())),
        ("every rule", |query| query.clients.swap(0, 1)),
        ("one band for each payment", |query| {
            query.clients[0].by_hops.pop();
        }),
        ("or falls", |query| query.clients[2].by_hops.reverse()),
        ("every higher threshold", |query| {
            query.falls.pop();
        }),
        ("a higher threshold", |query| query.falls[4].clients = Band::of(12)),
        ("than without", |query| query.falls[0].clients = Band::of(500)),
        ("exposes no fewer", |query| {
            query.asked.covers.push("00:0".into());
            query.narrower = Some(narrower(60));
        }),
        ("nothing to cover", |query| query.narrower = Some(narrower(12))),
    ];
    for (rule, edit) in broken {
        let mut query = query();
        edit(&mut query);
        let refused = Exact::write(query).unwrap_err().to_string();
        assert!(refused.contains(rule), "{rule}: {refused}");
    }
}

fn narrower(clients: usize) -> Narrower {
    let at = Timestamp::parse("2026-11-20T13:00:00Z").unwrap();
    Narrower { from: at, to: at, min_satoshi: 0, hops: 1, clients: Band::of(clients) }
}

#[test]
fn questions_stand_far_apart() {
    let midnight = Timestamp::parse("2026-11-01T00:00:00Z").unwrap();
    let wide = Asked { from: Some(midnight), to: Some(midnight.plus(LEAST_WINDOW * DAY)), ..asked() };
    assert_eq!((wide.check(), asked().check()), (Ok(()), Ok(())));
    for bad in [
        Asked { from: Some(midnight.plus(1)), ..asked() },
        Asked { to: Some(midnight.plus(-1)), ..asked() },
        Asked { to: wide.to.map(|to| to.plus(-DAY)), ..wide.clone() },
        Asked { to: wide.from, from: wide.to, ..wide.clone() },
        Asked { min_satoshi: 1, ..asked() },
        Asked { min_satoshi: 100_001, ..asked() },
        Asked { hops: 0, ..asked() },
        Asked { hops: MAX_HOPS + 1, ..asked() },
        Asked { roots: Vec::new(), ..asked() },
        Asked { roots: vec![Digest([2; 32]), Digest([1; 32])], ..asked() },
        Asked { covers: vec!["b".into(), "a".into()], ..asked() },
    ] {
        assert!(bad.check().is_err(), "{bad:?}");
    }
}

#[test]
fn an_order_allows_what_it_says() {
    let (order, query) = (order(), query());
    assert!(Exact::write(order.clone()).is_ok());
    assert_eq!(query.check_order(&Digest([4; 32]), &order), Ok(()));
    assert!(query.check_order(&Digest([5; 32]), &order).is_err());
    for edit in [
        (|order: &mut TraceOrder| order.roots = vec![Digest([2; 32])]) as fn(&mut TraceOrder),
        |order| order.hops = 1,
        |order| order.expires = order.not_before.plus(60),
        |order| order.not_before = order.expires.plus(-60),
    ] {
        let mut less = order.clone();
        edit(&mut less);
        assert!(query.check_order(&Digest([4; 32]), &less).is_err(), "{less:?}");
    }
    for edit in [
        (|order: &mut TraceOrder| order.roots.clear()) as fn(&mut TraceOrder),
        |order| order.roots.reverse(),
        |order| order.hops = 7,
        |order| order.questions = 0,
        |order| order.questions = MAX_QUESTIONS + 1,
        |order| order.expires = order.not_before,
        |order| order.expires = order.not_before.plus(DAY + 1),
    ] {
        let mut bad = order.clone();
        edit(&mut bad);
        assert!(Exact::write(bad).is_err());
    }
}

proptest! {
    /// Two questions have one name only when they are one question.
    #[test]
    fn a_question_has_one_name(hops in 1u8..3, more in 1u8..3, least in 0usize..6, other in 0usize..6, day in 0i64..3, another in 0i64..3) {
        let at = |day: i64| (day > 0).then(|| Timestamp::MIN.plus(day * DAY));
        let one = Asked { hops, min_satoshi: THRESHOLDS[least], from: at(day), ..asked() };
        let two = Asked { hops: more, min_satoshi: THRESHOLDS[other], from: at(another), ..asked() };
        prop_assert_eq!(one == two, one.digest() == two.digest());
        let shifted = Asked { to: one.from, from: None, ..one.clone() };
        prop_assert_eq!(one.from.is_none(), one.digest() == shifted.digest());
    }
}
