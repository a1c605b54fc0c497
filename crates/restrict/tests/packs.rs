//! The shipped packs against the fixtures that came with their facts.

use countersign_restrict::client::FactName;
use countersign_restrict::evaluate::{Decision, InForce, Verdict};
use countersign_restrict::explain::explain;
use countersign_restrict::pack::{Effect, Kind, Pack};
use countersign_testkit::require::workspace_root;

use crate::kit::{client, day, shipped};

const EU: &str = "eu-833-2014-art5b";

fn verdict(pack: &str, on: &str, rule: &str, columns: &[(&str, &str)]) -> Option<Verdict> {
    let pack = shipped(pack);
    let rules = InForce::on(&pack, day(on)).unwrap();
    let judged = rules.judge(&client(columns)).find(|judgement| judgement.version.id.starts_with(&format!("{rule}/")));
    judged.map(|judgement| judgement.verdict)
}

/// A client of the fixtures: uses a wallet, holds no residence permit unless one is given.
fn fixture(on: &str, nationality: &str, residence: &str, permit: &str, crypto: &str) -> Option<Verdict> {
    let columns = [
        ("nationality", nationality),
        ("residence", residence),
        ("permit", permit),
        ("crypto", crypto),
        ("activity", "wallet"),
    ];
    verdict(EU, on, "eu.5b.2", &columns)
}

const CLOSE: Option<Verdict> = Some(Verdict::Restrict(Effect::CloseAndReturn));

#[test]
fn the_fixtures_of_the_facts_hold() {
    assert_eq!(fixture("2022-04-01", "RU", "RU", "none", "50000"), None, "paragraph 2 did not exist");
    assert_eq!(fixture("2022-04-21", "RU", "RU", "none", "10000.00"), Some(Verdict::NotAbove));
    assert_eq!(fixture("2022-04-21", "RU", "RU", "none", "10000.01"), CLOSE);
    assert_eq!(fixture("2022-04-21", "RU", "TR", "none", "50000"), CLOSE, "an address is no exemption");
    assert_eq!(fixture("2022-04-21", "RU", "DE", "DE", "50000"), Some(Verdict::Exempt(1)));
    assert_eq!(fixture("2022-04-21", "RU LT", "RU", "none", "50000"), Some(Verdict::Exempt(0)));
    assert_eq!(fixture("2022-04-21", "KZ", "RU", "none", "50000"), CLOSE);
    assert_eq!(fixture("2022-10-10", "RU", "RU", "none", "5"), CLOSE, "closed and returned, not frozen");
    let trading = [
        ("nationality", "RU"),
        ("residence", "RS"),
        ("permit", "none"),
        ("crypto", "0"),
        ("activity", "crypto_service"),
    ];
    assert_eq!(verdict(EU, "2025-12-01", "eu.5b.2", &trading), CLOSE);
    assert_eq!(verdict(EU, "2025-11-24", "eu.5b.2", &trading), Some(Verdict::OtherActivity));
    let Some(Verdict::Ask(missing)) = fixture("2025-12-01", "", "", "none", "") else { panic!("unknown is not a no") };
    let asked: Vec<FactName> = missing.iter().collect();
    assert_eq!(asked, [FactName::Person, FactName::Nationality, FactName::Residence, FactName::Establishment]);
}

#[test]
fn the_exemption_grew_and_deposits_have_their_own_threshold() {
    let swiss = [
        ("nationality", "RU CH"),
        ("residence", "RU"),
        ("permit", "none"),
        ("activity", "deposit"),
        ("deposits", "100000.01"),
    ];
    let deny = Some(Verdict::Restrict(Effect::DenyNew));
    assert_eq!(verdict(EU, "2022-03-09", "eu.5b.1", &swiss), deny);
    assert_eq!(verdict(EU, "2022-03-10", "eu.5b.1", &swiss), Some(Verdict::Exempt(0)));
    let owned =
        [("establishment", "XR"), ("majority_owners", "RU"), ("activity", "deposit"), ("deposits", "100000.01")];
    assert_eq!(verdict(EU, "2022-07-21", "eu.5b.1", &owned), Some(Verdict::NotCovered));
    assert_eq!(verdict(EU, "2022-07-22", "eu.5b.1", &owned), deny);
    let inside =
        [("establishment", "DE"), ("majority_owners", "RU"), ("activity", "deposit"), ("deposits", "100000.01")];
    assert_eq!(verdict(EU, "2022-07-22", "eu.5b.1", &inside), Some(Verdict::NotCovered));
}

#[test]
fn a_permit_nobody_asked_for_is_asked_for() {
    let Some(Verdict::Ask(missing)) = fixture("2022-04-21", "RU", "RU", "", "10000.01") else { panic!() };
    assert_eq!(missing.to_string(), "permit");
    assert_eq!(
        fixture("2022-04-21", "RU", "RU", "", "10000"),
        Some(Verdict::NotAbove),
        "nobody is asked for what cannot matter"
    );
}

#[test]
fn the_notice_spares_nationals_abroad_and_the_law_does_not() {
    let abroad = [
        ("nationality", "RU"),
        ("residence", "TR"),
        ("permit", "none"),
        ("address_proof", "TR"),
        ("crypto", "50000"),
        ("activity", "wallet"),
    ];
    assert_eq!(verdict(EU, "2022-04-21", "eu.5b.2", &abroad), CLOSE);
    assert_eq!(verdict("firm-notice-sample", "2022-04-21", "notice", &abroad), Some(Verdict::Exempt(0)));
    let citizen = [
        ("nationality", "RU LT"),
        ("residence", "RU"),
        ("permit", "none"),
        ("address_proof", "RU"),
        ("crypto", "50000"),
        ("activity", "wallet"),
    ];
    assert_eq!(verdict(EU, "2022-04-21", "eu.5b.2", &citizen), Some(Verdict::Exempt(0)));
    assert_eq!(
        verdict("firm-notice-sample", "2022-04-21", "notice", &citizen),
        Some(Verdict::Restrict(Effect::WithdrawOnly))
    );
    assert_eq!(shipped("firm-notice-sample").document().kind, Kind::Notice);
}

#[test]
fn confirmed_listings_freeze_from_their_own_day_on() {
    let pack = shipped("asset-freeze");
    let listed = client(&[("listed", "eu@2022-04-21")]);
    let outcome = |on: &str| InForce::on(&pack, day(on)).unwrap().outcome(&listed).decision;
    assert_eq!(outcome("2022-04-20"), Decision::Free);
    assert_eq!(outcome("2022-04-21"), Decision::Restricted(Effect::Freeze));
    let open = InForce::on(&pack, day("2022-04-21")).unwrap().outcome(&client(&[("listed", "")]));
    assert_eq!((open.decision, open.missing.to_string().as_str()), (Decision::Ask, "listed"));
}

#[test]
fn a_freeze_beside_a_return_is_a_contradiction_for_a_person() {
    let (eu, freeze) = (shipped(EU), shipped("asset-freeze"));
    let facts = client(&[
        ("nationality", "RU"),
        ("residence", "RU"),
        ("permit", "none"),
        ("activity", "wallet"),
        ("crypto", "1"),
        ("listed", "un@2020-01-01"),
    ]);
    let on = day("2023-01-01");
    let both = [InForce::on(&eu, on).unwrap(), InForce::on(&freeze, on).unwrap()];
    let outcome = countersign_restrict::evaluate::Outcome::of(both.iter().flat_map(|rules| rules.judge(&facts)));
    assert!(outcome.contradiction);
    assert_eq!(outcome.decision, Decision::Restricted(Effect::Freeze));
}

#[test]
fn a_day_before_all_versions_is_an_error_and_not_an_empty_answer() {
    let pack = shipped(EU);
    let error = InForce::on(&pack, day("2022-02-25")).unwrap_err().to_string();
    assert_eq!(
        error,
        "no version of `eu-833-2014-art5b` is in force on 2022-02-25: the first begins on 2022-02-26, the last ends never"
    );
}

#[test]
fn an_explanation_names_rule_facts_and_what_would_change_it() {
    let pack = shipped(EU);
    let rules = InForce::on(&pack, day("2022-04-21")).unwrap();
    let columns = [
        ("nationality", "RU"),
        ("residence", "XR"),
        ("permit", "none"),
        ("crypto", "10000.01"),
        ("activity", "wallet"),
    ];
    let explained = explain(&rules, &client(&columns));
    let second = &explained[1];
    assert_eq!(second.headline, "eu.5b.2/v1 (from 2022-04-09 to 2022-10-06): close_and_return");
    assert_eq!(
        second.reasons,
        [
            "covered by `nationality in {RU}`: nationality RU",
            "10000.01 EUR is more than 10000.00 EUR of crypto",
            "not exempt: nationality RU, permit none",
        ]
    );
    assert_eq!(
        second.would_change,
        ["evidence of: nationality in {eu, eea_efta, CH}", "evidence of: permit in {eu, eea_efta, CH}"]
    );
}

#[test]
fn the_example_of_the_format_page_is_a_pack() {
    let page = std::fs::read_to_string(workspace_root().join("docs/formats/restrict-pack.md")).unwrap();
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let pack = Pack::parse(example.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(pack.document().versions().count(), 1);
}
