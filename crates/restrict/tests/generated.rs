//! Generated clients: the product against the plain evaluator, and what must hold of any verdict.

use proptest::prelude::*;

use countersign_core::country::Country;
use countersign_core::time::Date;
use countersign_restrict::amount::Amount;
use countersign_restrict::client::{Activity, Fact, FactName, Facts, Issuer, Listings, Person};
use countersign_restrict::countries::Countries;
use countersign_restrict::evaluate::{Decision, InForce, Outcome, Verdict};

use crate::kit::{SHIPPED, day, shipped};
use crate::naive;

const CODES: [&str; 8] = ["RU", "LT", "DE", "IS", "CH", "XR", "XG", "US"];

fn country() -> impl Strategy<Value = Country> {
    prop::sample::select(&CODES[..]).prop_map(|code| Country::parse(code).unwrap())
}

fn set(most: usize) -> impl Strategy<Value = Countries> {
    prop::collection::vec(country(), 0..=most).prop_map(|countries| countries.into_iter().collect())
}

fn one() -> impl Strategy<Value = Countries> {
    country().prop_map(|country| [country].into_iter().collect())
}

/// Known three times out of four.
fn fact<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Fact<T>> {
    (value, 0..4).prop_map(|(value, draw)| if draw == 0 { Fact::Unknown } else { Fact::Known(value) })
}

/// Amounts at the thresholds of the packs and around them.
fn amount() -> impl Strategy<Value = Amount> {
    let text = prop_oneof![
        prop::sample::select(
            &["0", "9999.99", "10000", "10000.01", "10000.000000000000000001", "100000", "100000.01"][..]
        )
        .prop_map(str::to_owned),
        (0u64..30_000_000).prop_map(|cents| format!("{}.{:02}", cents / 100, cents % 100)),
    ];
    text.prop_map(|text| Amount::parse(&text).unwrap())
}

fn listings() -> impl Strategy<Value = Listings> {
    let days = prop::option::of(prop::sample::select(
        &["1999-01-01", "2014-03-17", "2022-04-21", "2022-04-22", "2026-01-01"][..],
    ));
    prop::collection::vec(days, 3).prop_map(|days| {
        let mut listings = Listings::default();
        for (issuer, since) in Issuer::ALL.iter().zip(days) {
            since.map(|since| listings.insert(*issuer, day(since)));
        }
        listings
    })
}

pub(crate) fn facts() -> impl Strategy<Value = Facts> {
    let person = fact(prop::sample::select(Person::ALL));
    let countries =
        (fact(set(3)), fact(one()), fact(set(2)), fact(one()), fact(set(2)), fact(prop_oneof![one(), set(0)]));
    let activity = fact(
        prop::collection::vec(prop::sample::select(Activity::ALL), 0..3).prop_map(|all| all.into_iter().collect()),
    );
    (person, countries, fact(listings()), activity, fact(amount()), fact(amount())).prop_map(
        |(
            person,
            (nationality, residence, permit, establishment, majority_owners, address_proof),
            listed,
            activity,
            crypto,
            deposits,
        )| {
            Facts {
                person,
                nationality,
                residence,
                permit,
                establishment,
                majority_owners,
                address_proof,
                listed,
                activity,
                crypto,
                deposits,
            }
        },
    )
}

/// Days at which a version of a shipped pack begins or ends, and around.
fn days() -> impl Strategy<Value = Date> {
    let texts = [
        "1999-11-14",
        "2014-03-17",
        "2021-04-15",
        "2022-02-26",
        "2022-03-09",
        "2022-03-10",
        "2022-04-08",
        "2022-04-09",
        "2022-04-21",
        "2022-07-21",
        "2022-07-22",
        "2022-10-06",
        "2022-10-07",
        "2024-01-17",
        "2024-01-18",
        "2025-11-24",
        "2025-11-25",
        "2026-11-21",
    ];
    (0..texts.len()).prop_map(move |at| day(texts[at]))
}

/// `facts`, where unknown, filled from `other`; only the facts that `fill` names.
fn filled(facts: &Facts, other: &Facts, fill: impl Fn(FactName) -> bool) -> Facts {
    fn pick<T: Copy>(own: Fact<T>, other: Fact<T>, fill: bool) -> Fact<T> {
        if fill && own.known().is_none() { other } else { own }
    }
    Facts {
        person: pick(facts.person, other.person, fill(FactName::Person)),
        nationality: pick(facts.nationality, other.nationality, fill(FactName::Nationality)),
        residence: pick(facts.residence, other.residence, fill(FactName::Residence)),
        permit: pick(facts.permit, other.permit, fill(FactName::Permit)),
        establishment: pick(facts.establishment, other.establishment, fill(FactName::Establishment)),
        majority_owners: pick(facts.majority_owners, other.majority_owners, fill(FactName::MajorityOwners)),
        address_proof: pick(facts.address_proof, other.address_proof, fill(FactName::AddressProof)),
        listed: pick(facts.listed, other.listed, fill(FactName::Listed)),
        activity: pick(facts.activity, other.activity, fill(FactName::Activity)),
        crypto: pick(facts.crypto, other.crypto, fill(FactName::Crypto)),
        deposits: pick(facts.deposits, other.deposits, fill(FactName::Deposits)),
    }
}

fn is_unknown(facts: &Facts, name: FactName) -> bool {
    filled(facts, &Facts::default(), |_| false) == *facts
        && match name {
            FactName::Person => facts.person.known().is_none(),
            FactName::Nationality => facts.nationality.known().is_none(),
            FactName::Residence => facts.residence.known().is_none(),
            FactName::Permit => facts.permit.known().is_none(),
            FactName::Establishment => facts.establishment.known().is_none(),
            FactName::MajorityOwners => facts.majority_owners.known().is_none(),
            FactName::AddressProof => facts.address_proof.known().is_none(),
            FactName::Listed => facts.listed.known().is_none(),
            FactName::Activity => facts.activity.known().is_none(),
            FactName::Crypto => facts.crypto.known().is_none(),
            FactName::Deposits => facts.deposits.known().is_none(),
        }
}

fn complete() -> impl Strategy<Value = Facts> {
    facts().prop_map(|facts| {
        let one: Countries = [Country::parse("XR").unwrap()].into_iter().collect();
        let rest = Facts {
            person: Fact::Known(Person::Natural),
            nationality: Fact::Known(one),
            residence: Fact::Known(one),
            permit: Fact::Known(Countries::NONE),
            establishment: Fact::Known(one),
            majority_owners: Fact::Known(Countries::NONE),
            address_proof: Fact::Known(Countries::NONE),
            listed: Fact::Known(Listings::default()),
            activity: Fact::Known([Activity::Wallet].into_iter().collect()),
            crypto: Fact::Known(Amount::ZERO),
            deposits: Fact::Known(Amount::ZERO),
        };
        filled(&facts, &rest, |_| true)
    })
}

fn decides(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::Ask(_) => None,
        Verdict::Restrict(_) => Some(true),
        _ => Some(false),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn the_product_agrees_with_the_plain_evaluator(facts in facts(), on in days()) {
        for pack in SHIPPED.map(shipped) {
            let Ok(rules) = InForce::on(&pack, on) else { continue };
            for judgement in rules.judge(&facts) {
                prop_assert_eq!(naive::words(judgement.verdict), naive::verdict(judgement.version, &facts, on), "{}", &judgement.version.id);
            }
        }
    }

    /// Whatever turns out about the unknown facts, nobody who was restricted had to be spared and nobody who passed had to be restricted.
    #[test]
    fn no_evidence_overturns_a_verdict(facts in facts(), truth in complete(), on in days()) {
        let whole = filled(&facts, &truth, |_| true);
        for pack in SHIPPED.map(shipped) {
            let Ok(rules) = InForce::on(&pack, on) else { continue };
            for (before, after) in rules.judge(&facts).zip(rules.judge(&whole)) {
                prop_assert!(decides(after.verdict).is_some(), "nothing is unknown, and {} asks", &after.version.id);
                if let Some(restricted) = decides(before.verdict) {
                    prop_assert_eq!(decides(after.verdict), Some(restricted), "{}", &before.version.id);
                }
            }
        }
    }

    /// Only unknown facts are asked for, at least one, and the answers to exactly these settle the verdict.
    #[test]
    fn what_is_asked_for_is_enough(facts in facts(), truth in complete(), on in days()) {
        for pack in SHIPPED.map(shipped) {
            let Ok(rules) = InForce::on(&pack, on) else { continue };
            for (at, judgement) in rules.judge(&facts).enumerate() {
                let Verdict::Ask(missing) = judgement.verdict else { continue };
                prop_assert!(!missing.is_empty());
                prop_assert!(missing.iter().all(|name| is_unknown(&facts, name)), "{missing}");
                let answered = filled(&facts, &truth, |name| missing.iter().any(|one| one == name));
                let after = rules.judge(&answered).nth(at).unwrap();
                prop_assert!(decides(after.verdict).is_some(), "{}: {missing} were answered, then {:?}", &judgement.version.id, after.verdict);
            }
        }
    }

    #[test]
    fn a_rule_more_never_weakens_an_outcome(facts in facts(), on in days()) {
        let packs = SHIPPED.map(shipped);
        let judged: Vec<_> = packs.iter().filter_map(|pack| InForce::on(pack, on).ok()).flat_map(|rules| rules.judge(&facts).collect::<Vec<_>>()).collect();
        let mut before = Decision::Free;
        for upto in 0..=judged.len() {
            let outcome = Outcome::of(judged[..upto].iter().copied());
            prop_assert!(outcome.decision >= before);
            before = outcome.decision;
        }
        // The order of rules does not matter.
        prop_assert_eq!(Outcome::of(judged.iter().copied()), Outcome::of(judged.iter().rev().copied()));
    }
}
