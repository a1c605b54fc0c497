use super::*;
use crate::json::Exact;
use crate::time::DAY;
use proptest::prelude::*;

type EditOrder = fn(&mut ExposureOrder);
type EditRun = fn(&mut ExposureRun);

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn listing(name: &str) -> Listing {
    Listing { name: name.into(), issuers: vec!["OFAC".into()], addresses: 3, left_out: 1, digest: Digest([6; 32]) }
}

fn order() -> ExposureOrder {
    ExposureOrder {
        v: ExposureOrderV1,
        id: OrderId([1; 16]),
        custodian: CustodianId([2; 16]),
        authority: AuthorityId::parse("xa-supervisor").unwrap(),
        basis: "Sanctions Act, section 12".into(),
        author: PersonId::parse("lena-ohm").unwrap(),
        lists: vec![listing("OFAC"), listing("UN")],
        own: OwnAddresses { addresses: 9, digest: Digest([7; 32]) },
        payments: 4,
        threshold: ShareBand::Hundredth,
        run: 2,
        day: 10,
        total: 100,
        graph_hours: 6,
        not_before: at("2026-11-20T12:00:00Z"),
        expires: at("2026-11-20T12:00:00Z").plus(90 * DAY),
    }
}

fn answer(list: &str, haircut: ShareBand, payments: Option<u8>, verdict: Verdict) -> ListAnswer {
    let share = |rule: &Rule| match rule {
        Rule::Poison if payments.is_some() => ShareBand::Whole,
        Rule::Haircut => haircut,
        _ => ShareBand::Nothing,
    };
    let shares = Rule::ALL.iter().map(|rule| RuleShare { rule: *rule, share: share(rule) }).collect();
    ListAnswer { list: list.into(), shares, payments, verdict }
}

fn run() -> ExposureRun {
    let deposit =
        |byte: &str, ofac, un| DepositAnswer { deposit: format!("{}:1", byte.repeat(32)), lists: vec![ofac, un] };
    ExposureRun {
        v: ExposureRunV1,
        salt: Salt([3; 16]),
        order: Exact::write(order()).unwrap().digest(),
        number: 1,
        previous: None,
        height: 800_000,
        deposits: vec![
            deposit(
                "0a",
                answer("OFAC", ShareBand::Quarter, Some(2), Verdict::Above),
                answer("UN", ShareBand::Nothing, None, Verdict::None),
            ),
            deposit(
                "0b",
                answer("OFAC", ShareBand::Trace, Some(4), Verdict::Below),
                answer("UN", ShareBand::Nothing, None, Verdict::Unknown),
            ),
        ],
        at: at("2026-11-21T12:00:00Z"),
    }
}

#[test]
fn a_run_is_summed_up_by_verdict() {
    let (order, run) = (Exact::write(order()).unwrap(), Exact::write(run()).unwrap());
    assert_eq!(Exact::<ExposureOrder>::parse(order.bytes()).unwrap(), order);
    assert_eq!(Exact::<ExposureRun>::parse(run.bytes()).unwrap(), run);
    run.value().check_order(&order.digest(), order.value()).unwrap();
    let verdicts: Vec<Verdict> = run.value().deposits.iter().map(DepositAnswer::verdict).collect();
    assert_eq!(verdicts, [Verdict::Above, Verdict::Unknown]);
    // One of each, or none: nobody can tell.
    assert_eq!(run.value().by_verdict(), [Band::of(0); 4]);
    let range = run.value().deposits[0].lists[0].range();
    assert_eq!(range, Some((ShareBand::Nothing, ShareBand::Quarter)), "poison is no part of the range");
}

#[test]
fn an_order_that_breaks_a_rule_is_refused() {
    let broken: [(&str, EditOrder); 19] = [
        ("`basis`", |order| order.basis.clear()),
        ("`basis`", |order| order.basis = "two\nlines".into()),
        ("`lists`", |order| order.lists.clear()),
        ("`lists`", |order| order.lists.reverse()),
        ("`lists`", |order| order.lists = (10..21).map(|n| listing(&n.to_string())).collect()),
        ("a list without", |order| order.lists[0].addresses = 0),
        ("a list without", |order| order.lists[1].issuers.clear()),
        ("a list without", |order| order.lists[1].name = "UN ".into()),
        ("own addresses", |order| order.own.addresses = 0),
        ("`payments`", |order| order.payments = 0),
        ("`payments`", |order| order.payments = 33),
        ("`threshold`", |order| order.threshold = ShareBand::Nothing),
        ("`run` is not", |order| order.run = 0),
        ("`run` is not", |order| order.run = 501),
        ("fall", |order| order.day = 1),
        ("fall", |order| order.total = 9),
        ("`graph_hours`", |order| order.graph_hours = 169),
        ("90 days", |order| order.expires = order.expires.plus(1)),
        ("90 days", |order| order.expires = order.not_before),
    ];
    for (rule, edit) in broken {
        let mut order = order();
        edit(&mut order);
        let reason = order.check().expect_err(rule);
        assert!(reason.contains(rule), "{reason}");
    }
}

#[test]
fn a_run_that_cannot_be_one_is_refused() {
    let broken: [(&str, EditRun); 15] = [
        ("`number`", |run| run.number = 0),
        ("the one before", |run| run.number = 2),
        ("the one before", |run| run.previous = Some(Digest([1; 32]))),
        ("not 1 to 500", |run| run.deposits.clear()),
        ("sorted", |run| run.deposits.reverse()),
        ("<transaction id>", |run| run.deposits[0].deposit = "0a:1".into()),
        ("<transaction id>", |run| run.deposits[0].deposit = format!("{}:01", "0a".repeat(32))),
        ("without lists", |run| run.deposits[0].lists.clear()),
        ("every rule", |run| run.deposits[0].lists[0].shares.truncate(3)),
        ("every rule", |run| run.deposits[0].lists[0].shares.swap(0, 1)),
        ("poison", |run| run.deposits[0].lists[0].shares[0].share = ShareBand::Half),
        ("`payments`", |run| run.deposits[0].lists[0].payments = None),
        ("`payments`", |run| run.deposits[0].lists[1].payments = Some(1)),
        ("`verdict`", |run| run.deposits[0].lists[0].verdict = Verdict::None),
        ("`verdict`", |run| run.deposits[0].lists[1].verdict = Verdict::Below),
    ];
    for (rule, edit) in broken {
        let mut run = run();
        edit(&mut run);
        let reason = run.check().expect_err(rule);
        assert!(reason.contains(rule), "{rule}: {reason}");
    }
}

#[test]
fn a_run_belongs_to_one_order() {
    let digest = run().order;
    let broken: [(&str, EditOrder); 6] = [
        ("more deposits", |order| order.run = 1),
        ("lists are not", |order| drop(order.lists.pop())),
        ("more payments", |order| order.payments = 3),
        ("threshold", |order| order.threshold = ShareBand::Half),
        ("threshold", |order| order.threshold = ShareBand::Trace),
        ("not in force", |order| order.expires = at("2026-11-21T12:00:00Z")),
    ];
    for (rule, edit) in broken {
        let mut order = order();
        edit(&mut order);
        let reason = run().check_order(&digest, &order).expect_err(rule);
        assert!(reason.contains(rule), "{reason}");
    }
    assert!(run().check_order(&Digest([9; 32]), &order()).is_err());
}

proptest! {
    #[test]
    fn a_share_is_in_the_highest_band_that_it_reaches(millionths in 0u32..=1_000_000) {
        let band = ShareBand::of(millionths);
        prop_assert!(band != ShareBand::Nothing && band.least() <= millionths);
        let higher = ShareBand::ALL.iter().filter(|other| **other > band);
        prop_assert!(higher.into_iter().all(|other| other.least() > millionths));
    }
}
