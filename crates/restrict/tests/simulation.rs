//! Simulations: what is counted, compared and drawn.

use countersign_restrict::demo;
use countersign_restrict::evaluate::{Decision, InForce};
use countersign_restrict::pack::{Currency, Effect, Pack};
use countersign_restrict::population::{Read, csv};
use countersign_restrict::prices::Valuation;
use countersign_restrict::simulate::{CannotSimulate, Report, Simulation};

use crate::kit::{day, shipped};

fn simulate(first: &Pack, other: Option<(&Pack, &str)>, on: &str, population: &str) -> Report {
    let rules = InForce::on(first, day(on)).unwrap();
    let other = other.map(|(pack, on)| InForce::on(pack, day(on)).unwrap());
    let mut simulation = Simulation::new(rules, other, demo::valuation()).unwrap();
    csv(population.as_bytes(), None, |read| simulation.take(read)).unwrap();
    simulation.report()
}

#[test]
fn the_demo_shows_hits_spared_and_the_difference_to_the_notice() {
    let (law, notice) = (shipped("eu-833-2014-art5b"), shipped("firm-notice-sample"));
    let report = simulate(&law, Some((&notice, "2022-04-21")), "2022-04-21", &demo::csv());
    let tally = report.tally();
    assert_eq!(tally.clients, demo::CLIENTS);
    assert_eq!(tally.decisions.iter().sum::<u64>(), demo::CLIENTS);
    assert_eq!(tally.countries.values().flatten().sum::<u64>(), demo::CLIENTS);
    assert_eq!(tally.bands.values().flatten().sum::<u64>(), demo::CLIENTS);
    assert!(tally.restricted() > 0 && tally.restricted() < tally.blanket && tally.spared > 0);
    let (only_law, only_notice) = report.differences();
    assert!(only_law.count > 0 && only_notice.count > 0);
    let all = Decision::ALL;
    let both: u64 = all.iter().flat_map(|first| all.iter().map(|other| report.both(*first, *other))).sum();
    assert_eq!(both, demo::CLIENTS);
    let restricted = |restricted: bool| all.iter().filter(move |decision| decision.is_restricted() == restricted);
    let only: u64 = restricted(true).flat_map(|first| restricted(false).map(|other| report.both(*first, *other))).sum();
    assert_eq!(only, only_law.count);
    let text = report.to_string();
    for part in [
        "a blanket rule would hit",
        "spared by the exact rule",
        "notice versus law",
        "NOT verified",
        "nothing was applied",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(report.svg().starts_with("<svg") && report.bad_rows().count == 0);
}

#[test]
fn every_client_is_counted_once_and_by_the_right_rule() {
    let law = shipped("eu-833-2014-art5b");
    let rows = "account,nationality,residence,permit,activity,crypto\n\
                a,RU,RU,none,wallet,10000.01\n\
                b,RU,RU,none,wallet,10000.00\n\
                c,RU LT,RU,none,wallet,50000\n\
                d,XR,XR,none,wallet,50000\n\
                e,,,,wallet,50000\n\
                f,RU,RU,,wallet,50000\n\
                g,XQQ,RU,none,wallet,50000\n";
    let report = simulate(&law, None, "2022-04-21", rows);
    let tally = report.tally();
    let count =
        |decision: Decision| Decision::ALL.iter().zip(tally.decisions).find(|(one, _)| **one == decision).unwrap().1;
    assert_eq!(count(Decision::Restricted(Effect::CloseAndReturn)), 1);
    assert_eq!((count(Decision::Free), count(Decision::Exempt), count(Decision::Ask)), (2, 1, 2));
    assert_eq!((tally.clients, tally.blanket, tally.spared), (6, 4, 2));
    assert_eq!(
        tally.asked.first,
        ["line 6, `e`: ask for person, nationality, residence, permit, establishment", "line 7, `f`: ask for permit"]
    );
    assert!(report.bad_rows().first[0].starts_with("line 8, `nationality`: `XQQ` is not a country"));
    let (id, counts) = &tally.versions[1];
    assert_eq!(id, "eu.5b.2/v1");
    assert_eq!((counts.restricted, counts.ask, counts.exempt, counts.not_above, counts.not_covered), (1, 2, 1, 1, 1));
}

#[test]
fn contradictions_are_reported_with_the_row() {
    let (law, freeze) = (shipped("eu-833-2014-art5b"), shipped("asset-freeze"));
    let rows = "account,nationality,residence,permit,activity,crypto,listed\na,RU,RU,none,wallet,1,un@2020-01-01\n";
    let report = simulate(&law, Some((&freeze, "2023-01-01")), "2023-01-01", rows);
    assert_eq!(report.contradictions().count, 1);
    assert!(report.contradictions().first[0].starts_with("line 2, `a`: "), "{:?}", report.contradictions());
}

#[test]
fn the_same_population_gives_the_same_bytes_and_memory_does_not_grow() {
    let (law, notice) = (shipped("eu-833-2014-art5b"), shipped("firm-notice-sample"));
    let run = || simulate(&law, Some((&notice, "2022-04-21")), "2022-04-21", &demo::csv());
    let (one, two) = (run(), run());
    assert_eq!((one.to_string(), one.svg()), (two.to_string(), two.svg()));
    let most = one.tally().asked.first.len().max(one.differences().0.first.len());
    assert!(most <= 100 && one.tally().asked.count > 0);
}

#[test]
fn values_of_unknown_origin_or_of_another_currency_are_refused() {
    let law = shipped("eu-833-2014-art5b");
    let rules = || InForce::on(&law, day("2022-04-21")).unwrap();
    let refused = |valuation: Option<Valuation>, other: Option<InForce<'_>>| {
        Simulation::new(rules(), other, valuation).unwrap_err()
    };
    assert!(matches!(refused(None, None), CannotSimulate::NoValuation { .. }));
    let dollars = Valuation { currency: Currency::parse("USD").unwrap(), ..demo::valuation().unwrap() };
    assert!(matches!(refused(Some(dollars), None), CannotSimulate::Currency { .. }));
    assert_eq!(refused(demo::valuation(), Some(rules())), CannotSimulate::SamePack);
    // A version without a threshold asks for no values.
    let freeze = shipped("asset-freeze");
    assert!(Simulation::new(InForce::on(&freeze, day("2022-04-21")).unwrap(), None, None).is_ok());
}

#[test]
fn two_days_of_one_pack_can_be_compared() {
    let law = shipped("eu-833-2014-art5b");
    let report = simulate(&law, Some((&law, "2022-10-07")), "2022-10-06", &demo::csv());
    let (only_before, only_after) = report.differences();
    assert_eq!(only_before.count, 0);
    assert!(only_after.count > report.tally().restricted());
    assert!(report.to_string().contains("the two packs compared"));
}

#[test]
fn a_bad_row_is_named_by_its_line() {
    let text = "account,crypto\na,-1\n";
    let mut lines = Vec::new();
    csv(text.as_bytes(), None, |read| {
        if let Read::Bad(bad) = read {
            lines.push(bad.to_string());
        }
    })
    .unwrap();
    assert_eq!(lines, ["line 2, `crypto`: is negative"]);
}
