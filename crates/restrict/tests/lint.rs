//! The lint against clients counted out one by one.

use proptest::prelude::*;

use countersign_core::country::Country;
use countersign_restrict::client::{Fact, Facts, Issuer, Listings, Person};
use countersign_restrict::countries::Countries;
use countersign_restrict::pack::lint::{Problem, findings};
use countersign_restrict::pack::{Clause, Document, Pack, PackError};

use crate::kit::{day, shipped_bytes};
use crate::naive::every_condition;

/// A pack of one rule with these versions, as JSON, which is YAML.
fn pack(versions: &[String]) -> String {
    format!(
        r#"{{"format":"countersign/restrict-pack/v1","name":"t","title":"t","kind":"law","notice":"n","licence":"l","generator":"g",
        "sources":{{"s":"x"}},"rules":[{{"id":"r","act":"a","obliged":"o","versions":[{}]}}]}}"#,
        versions.join(",")
    )
}

fn version(id: &str, from: &str, rest: &str) -> String {
    format!(
        r#"{{"id":"{id}","valid_from":"{from}","prohibits":"p","sources":["s"],"certainty":"memory",
        "verified_against_official_journal":"false","effect":"freeze",{rest}}}"#
    )
}

fn faults(text: &str) -> Vec<String> {
    let document = Document::read(text.as_bytes()).unwrap();
    findings(&document).iter().filter(|finding| finding.is_fault()).map(ToString::to_string).collect()
}

const WHO: &str = r#""who":[{"nationality":["RU"]}]"#;

#[test]
fn days_that_cannot_be_meant_so_are_found() {
    let with = |more: &str| format!("{WHO},{more}");
    let at = |id: &str, from: &str, to: &str| version(id, from, &with(&format!(r#""valid_to":"{to}""#)));
    let open = version("v2", "2023-01-01", WHO);
    let cases: [(Vec<String>, &[&str]); 7] = [
        (vec![at("v1", "2022-01-01", "2022-12-31"), open.clone()], &[]),
        (vec![open.clone(), at("v1", "2022-01-01", "2022-12-31")], &[]),
        (
            vec![at("v1", "2022-01-01", "2023-01-01"), open.clone()],
            &["r/v2: is in force together with `r/v1` on 2023-01-01"],
        ),
        (
            vec![at("v1", "2022-01-01", "2022-12-30"), open.clone()],
            &[
                "r/v2: leaves the rule out of force from 2022-12-31 to 2022-12-31; say why with `after_gap`, or mend the days",
            ],
        ),
        (
            vec![
                at("v1", "2022-01-01", "2022-12-30"),
                version("v2", "2023-01-01", &with(r#""after_gap":"it lapsed""#)),
            ],
            &[],
        ),
        (
            vec![
                at("v1", "2022-01-01", "2022-12-31"),
                version("v2", "2023-01-01", &with(r#""after_gap":"it lapsed""#)),
            ],
            &["r/v2: has `after_gap`, but there is no gap before it"],
        ),
        // A version inside an older one that never ends: everything after it overlaps as well.
        (
            vec![
                version("v1", "2022-01-01", WHO),
                at("v2", "2022-02-01", "2022-02-28"),
                version("v3", "2022-04-01", WHO),
            ],
            &[
                "r/v2: is in force together with `r/v1` on 2022-02-01",
                "r/v3: is in force together with `r/v1` on 2022-04-01",
            ],
        ),
    ];
    for (versions, expected) in cases {
        assert_eq!(faults(&pack(&versions)), expected);
    }
}

#[test]
fn groups_that_can_never_matter_are_found() {
    for (groups, expected) in [
        (r#""who":[{"nationality":["RU"]}],"exempt":[{"nationality":["LT"]},{"permit":["LT"]}]"#, ""),
        (r#""who":[{"nationality":["RU"]}],"exempt":[{"nationality":["RU","LT"]}]"#, "the group `nationality in {RU}`"),
        (
            r#""who":[{"nationality":["RU"]}],"exempt":[{"establishment":["LT"]}]"#,
            "the exemption `establishment in {LT}`",
        ),
        (r#""who":[{"residence":["RU"]}],"exempt":[{"residence":["LT"]}]"#, "the exemption `residence in {LT}`"),
        (
            r#""who":[{"residence":["RU"]}],"exempt":[{"residence_outside":["RU"]}]"#,
            "the exemption `residence outside {RU}`",
        ),
        (r#""who":[{"listed":["eu"]}],"exempt":[{"listed":["un"]}]"#, ""),
        (r#""who":[{"listed":["eu"]},{"listed":["eu","un"]}]"#, "the group `listed by {eu}`"),
        (
            r#""who":[{"nationality":["RU"]}],"exempt":[{"nationality":["LT"]},{"nationality":["LT"],"residence":["DE"]}]"#,
            "the exemption `nationality in {LT} and residence in {DE}`",
        ),
        // Two exemptions together leave nobody: each alone is useful.
        (
            r#""who":[{"residence":["RU","DE"]}],"exempt":[{"residence":["RU"]},{"residence":["DE"]}]"#,
            "the group `residence in {RU, DE}`",
        ),
    ] {
        let found = faults(&pack(&[version("v1", "2022-01-01", groups)])).join("|");
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{groups}: {found}");
        let parsed = Pack::parse(pack(&[version("v1", "2022-01-01", groups)]).as_bytes());
        assert_eq!(matches!(parsed, Err(PackError::Faulty(_))), !expected.is_empty());
    }
}

#[test]
fn the_shipped_packs_have_no_faults_and_say_what_they_are_not_sure_of() {
    for (name, versions) in [("eu-833-2014-art5b", 7), ("asset-freeze", 3), ("firm-notice-sample", 1)] {
        let document = Document::read(&shipped_bytes(name)).unwrap();
        let found = findings(&document);
        assert!(found.iter().all(|finding| !finding.is_fault()), "{found:?}");
        assert_eq!(
            found.iter().filter(|finding| matches!(finding.problem(), Problem::Unverified(_))).count(),
            versions
        );
        assert!(!found.iter().any(|finding| matches!(finding.problem(), Problem::UnusedSource(_))), "{found:?}");
    }
}

/// Countries that conditions name, and one that stands for all others.
const NAMED: [&str; 3] = ["RU", "DE", "XR"];
const OTHER: &str = "FR";

fn codes() -> impl Strategy<Value = String> {
    prop::collection::btree_set(prop::sample::select(&NAMED[..]), 1..=2)
        .prop_map(|codes| codes.iter().map(|code| format!("\"{code}\"")).collect::<Vec<_>>().join(","))
}

fn condition() -> impl Strategy<Value = (String, String)> {
    let keys = [
        "nationality",
        "residence",
        "residence_outside",
        "address_proof",
        "address_proof_outside",
        "establishment_outside",
        "majority_owners",
    ];
    prop_oneof![
        8 => (prop::sample::select(keys.to_vec()), codes()).prop_map(|(key, codes)| (key.to_owned(), codes)),
        1 => prop::collection::btree_set(prop::sample::select(vec!["\"un\"", "\"eu\""]), 1..=2)
            .prop_map(|issuers| ("listed".to_owned(), issuers.into_iter().collect::<Vec<_>>().join(","))),
    ]
}

/// Groups of one or two conditions on different facts.
fn clauses(least: usize) -> impl Strategy<Value = String> {
    let clause = prop::collection::vec(condition(), 1..=2).prop_map(|conditions| {
        let mut seen = Vec::new();
        let mut written = Vec::new();
        for (key, value) in conditions {
            let fact = key.trim_end_matches("_outside").to_owned();
            if !seen.contains(&fact) {
                written.push(format!("\"{key}\":[{value}]"));
                seen.push(fact);
            }
        }
        format!("{{{}}}", written.join(","))
    });
    prop::collection::vec(clause, least..=3).prop_map(|clauses| clauses.join(","))
}

fn country(code: &str) -> Countries {
    [Country::parse(code).unwrap()].into_iter().collect()
}

/// Everybody who differs in a way that conditions on these facts can see.
fn everybody(mentions: impl Fn(&str) -> bool) -> Vec<Facts> {
    let universe: Vec<Countries> = NAMED.iter().chain([&OTHER]).map(|code| country(code)).collect();
    let sets: Vec<Countries> = (0..16u32)
        .map(|bits| {
            let chosen = universe.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            chosen.fold(Countries::NONE, |all, (_, one)| all.or(one))
        })
        .collect();
    let listings = [[].as_slice(), &[Issuer::Un], &[Issuer::Eu], &[Issuer::Un, Issuer::Eu]].map(|issuers| {
        let mut listings = Listings::default();
        issuers.iter().for_each(|issuer| assert!(listings.insert(*issuer, day("2000-01-01"))));
        Fact::Known(listings)
    });
    // Of a fact that no condition mentions, any one value will do.
    let of = |name: &str, values: &[Countries]| -> Vec<Fact<Countries>> {
        values.iter().take(if mentions(name) { values.len() } else { 1 }).copied().map(Fact::Known).collect()
    };
    let listings = &listings[..if mentions("listed") { listings.len() } else { 1 }];
    let proofs = of("address_proof", &[&universe[..], &[Countries::NONE]].concat());
    let natural = (Person::Natural, of("nationality", &sets), of("residence", &universe));
    let legal = (Person::Legal, of("majority_owners", &sets), of("establishment", &universe));
    let mut all = Vec::new();
    for (person, sets, singles) in [natural, legal] {
        for (listed, proof) in listings.iter().flat_map(|listed| proofs.iter().map(move |proof| (listed, proof))) {
            for (set, single) in sets.iter().flat_map(|set| singles.iter().map(move |single| (set, single))) {
                let both =
                    Facts { person: Fact::Known(person), listed: *listed, address_proof: *proof, ..Facts::default() };
                all.push(match person {
                    Person::Natural => Facts { nationality: *set, residence: *single, ..both },
                    Person::Legal => Facts { majority_owners: *set, establishment: *single, ..both },
                });
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) })]

    /// The search finds a group useless exactly when nobody of all distinguishable people makes it useful.
    #[test]
    fn reachability_is_what_counting_says(who in clauses(1), exempt in clauses(0)) {
        let exempt = if exempt.is_empty() { exempt } else { format!(r#","exempt":[{exempt}]"#) };
        let text = pack(&[version("v1", "2022-01-01", &format!(r#""who":[{who}]{exempt}"#))]);
        let document = Document::read(text.as_bytes()).unwrap();
        let found: Vec<Problem> = findings(&document).iter().filter(|finding| finding.is_fault()).map(|finding| finding.problem().clone()).collect();
        let version = &document.rules[0].versions[0];
        let on = day("2022-06-01");
        let meets = |clause: &Clause, facts: &Facts| every_condition(clause, facts, on) == Some(true);
        let mut useful = (vec![false; version.who.len()], vec![false; version.exempt.len()]);
        for facts in &everybody(|fact| text.contains(fact)) {
            let covered: Vec<usize> = (0..version.who.len()).filter(|at| meets(&version.who[*at], facts)).collect();
            let exempted: Vec<usize> = (0..version.exempt.len()).filter(|at| meets(&version.exempt[*at], facts)).collect();
            if let ([one], []) = (covered.as_slice(), exempted.as_slice()) {
                useful.0[*one] = true;
            }
            if let ([_, ..], [one]) = (covered.as_slice(), exempted.as_slice()) {
                useful.1[*one] = true;
            }
        }
        let useless = |flags: &[bool], clauses: &[Clause]| -> Vec<String> {
            flags.iter().zip(clauses).filter(|(useful, _)| !**useful).map(|(_, clause)| clause.to_string()).collect()
        };
        let expected: Vec<Problem> = useless(&useful.1, &version.exempt).into_iter().map(Problem::UselessExemption)
            .chain(useless(&useful.0, &version.who).into_iter().map(Problem::UselessGroup)).collect();
        prop_assert_eq!(found, expected, "{}", text);
    }
}
