//! The same rules once more, as slowly and plainly as they read: sets of texts, `Option<bool>`, no bits, no shortcuts.

use std::collections::BTreeSet;

use countersign_core::time::Date;
use countersign_restrict::client::{Fact, Facts, Issuer, Person};
use countersign_restrict::countries::Countries;
use countersign_restrict::evaluate::Verdict;
use countersign_restrict::pack::{About, Clause, Condition, Holding, Version};

/// The verdict in words; `ask` without the facts.
pub(crate) fn verdict(version: &Version, facts: &Facts, on: Date) -> String {
    let covered = some_clause(&version.who, facts, on);
    let exempt = some_clause(&version.exempt, facts, on);
    let active = if version.activity.is_empty() {
        Some(true)
    } else {
        option(&facts.activity).map(|has| has.iter().any(|one| version.activity.iter().any(|other| other == one)))
    };
    let above = match &version.threshold {
        None => Some(true),
        Some(threshold) => {
            let value = match threshold.of {
                Holding::Crypto => option(&facts.crypto),
                Holding::Deposits => option(&facts.deposits),
            };
            value.map(|value| value.to_string()).map(|value| more(&value, &threshold.more_than.to_string()))
        }
    };
    for (part, name) in [(covered, "not covered"), (active, "other activity"), (above, "not above the threshold")] {
        if part == Some(false) {
            return name.into();
        }
    }
    match (exempt, covered, active, above) {
        (Some(true), ..) => "exempt".into(),
        (Some(false), Some(true), Some(true), Some(true)) => version.effect.to_string(),
        _ => "ask".into(),
    }
}

/// The verdict of the product in the same words.
pub(crate) fn words(verdict: Verdict) -> String {
    verdict.as_str().into()
}

fn some_clause(clauses: &[Clause], facts: &Facts, on: Date) -> Option<bool> {
    let all: Vec<Option<bool>> = clauses.iter().map(|clause| every_condition(clause, facts, on)).collect();
    if all.contains(&Some(true)) {
        Some(true)
    } else if all.contains(&None) {
        None
    } else {
        Some(false)
    }
}

pub(crate) fn every_condition(clause: &Clause, facts: &Facts, on: Date) -> Option<bool> {
    let all: Vec<Option<bool>> = clause.conditions.iter().map(|condition| holds(condition, facts, on)).collect();
    if all.contains(&Some(false)) {
        Some(false)
    } else if all.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn holds(condition: &Condition, facts: &Facts, on: Date) -> Option<bool> {
    match condition {
        Condition::Listed(issuers) => option(&facts.listed).map(|listings| {
            Issuer::ALL
                .iter()
                .filter(|issuer| issuers.iter().any(|one| one == **issuer))
                .any(|issuer| listings.since(*issuer).is_some_and(|since| since.to_string() <= on.to_string()))
        }),
        Condition::Country { about, outside, countries, .. } => {
            let (value, owner) = match about {
                About::Nationality => (&facts.nationality, Some(Person::Natural)),
                About::Residence => (&facts.residence, Some(Person::Natural)),
                About::Permit => (&facts.permit, Some(Person::Natural)),
                About::Establishment => (&facts.establishment, Some(Person::Legal)),
                About::MajorityOwners => (&facts.majority_owners, Some(Person::Legal)),
                About::AddressProof => (&facts.address_proof, None),
            };
            let person = option(&facts.person);
            if owner.is_some() && person.is_some() && owner != person {
                return Some(false);
            }
            let wanted = codes(countries);
            let fits = option(value).map(|has| {
                let has = codes(&has);
                if *outside { !has.is_empty() && has.is_disjoint(&wanted) } else { !has.is_disjoint(&wanted) }
            });
            if owner.is_some() && person.is_none() && fits == Some(true) { None } else { fits }
        }
    }
}

fn codes(countries: &Countries) -> BTreeSet<String> {
    countries.iter().map(|country| country.to_string()).collect()
}

fn option<T: Copy>(fact: &Fact<T>) -> Option<T> {
    fact.known().copied()
}

/// Whether one written number is more than another: digits compared as texts of the same length.
fn more(left: &str, right: &str) -> bool {
    let padded = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole:0>40}.{fraction:0<40}")
    };
    padded(left) > padded(right)
}
