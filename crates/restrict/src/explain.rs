//! A verdict in words: which rule, which facts, and what evidence would change it.

use core::fmt::Write as _;

use crate::client::{Fact, FactName, Facts};
use crate::countries::Countries;
use crate::evaluate::{self, InForce, Judgement, Truth, Verdict};
use crate::pack::{About, Clause, Condition, Version};

/// One rule's verdict, as lines for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Rule, version and verdict.
    pub headline: String,
    /// The facts that led to it.
    pub reasons: Vec<String>,
    /// The evidence that would change it.
    pub would_change: Vec<String>,
}

/// Explains what each rule in force says about a client.
#[must_use]
pub fn explain(rules: &InForce<'_>, facts: &Facts) -> Vec<Explanation> {
    rules.judge(facts).map(|judgement| one(rules, &judgement, facts)).collect()
}

fn one(rules: &InForce<'_>, judgement: &Judgement<'_>, facts: &Facts) -> Explanation {
    let version = judgement.version;
    let mut reasons = Vec::new();
    let mut would_change = Vec::new();
    match judgement.verdict {
        Verdict::NotCovered => {
            reasons.push(format!("not covered: {}", none_of(&version.who, facts)));
        }
        Verdict::OtherActivity => {
            reasons.push(format!(
                "the rule concerns {}; the client: {}",
                version.activity,
                shown(FactName::Activity, facts)
            ));
        }
        Verdict::NotAbove => reasons.push(threshold(version, facts)),
        Verdict::Exempt(at) => {
            if let Some(clause) = version.exempt.get(at) {
                reasons.push(format!("exempt by `{clause}`: {}", has(clause, facts)));
            }
        }
        Verdict::Ask(missing) => {
            reasons.push("nobody is restricted and nobody passes before this is known".into());
            would_change.extend(missing.iter().map(|fact| question(fact).to_owned()));
        }
        Verdict::Restrict(_) => {
            for clause in version.who.iter().filter(|clause| evaluate::all(clause, facts, rules.day()) == Truth::Yes) {
                reasons.push(format!("covered by `{clause}`: {}", has(clause, facts)));
            }
            if version.threshold.is_some() {
                reasons.push(threshold(version, facts));
            }
            if !version.exempt.is_empty() {
                reasons.push(format!("not exempt: {}", none_of(&version.exempt, facts)));
            }
            would_change.extend(version.exempt.iter().map(|clause| format!("evidence of: {clause}")));
            would_change.extend(version.derogation.iter().map(|text| format!("a decision: {text}")));
        }
    }
    let until = version.valid_to.map_or_else(|| "on".into(), |last| format!("to {last}"));
    let headline = format!("{} (from {} {until}): {}", version.id, version.valid_from, judgement.verdict.as_str());
    Explanation { headline, reasons, would_change }
}

fn threshold(version: &Version, facts: &Facts) -> String {
    let Some(threshold) = &version.threshold else { return String::new() };
    let value = evaluate::value(threshold.of, facts).known();
    let relation = if evaluate::exceeds(threshold, facts) == Truth::Yes { "is more than" } else { "is not more than" };
    let value = value.map_or_else(|| "an unknown value".into(), ToString::to_string);
    format!("{value} {} {relation} {threshold}", threshold.currency)
}

/// The client's facts that the conditions of a group speak of.
fn has(clause: &Clause, facts: &Facts) -> String {
    let named = clause.conditions.iter().map(|condition| fact_of(condition, facts));
    named.collect::<Vec<_>>().join(", ")
}

/// The client's facts that several groups speak of, each once.
fn none_of(clauses: &[Clause], facts: &Facts) -> String {
    let mut seen: Vec<String> = Vec::new();
    for text in clauses.iter().flat_map(|clause| &clause.conditions).map(|condition| fact_of(condition, facts)) {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen.join(", ")
}

fn fact_of(condition: &Condition, facts: &Facts) -> String {
    match condition {
        Condition::Country { about, .. } => format!("{about} {}", countries(*about, facts)),
        Condition::Listed(_) => format!("listed {}", shown(FactName::Listed, facts)),
    }
}

fn countries(about: About, facts: &Facts) -> String {
    if let (Some(only), Fact::Known(person)) = (about.only_of(), facts.person)
        && only != person
    {
        return format!("does not apply to a {person} person");
    }
    match evaluate::countries(about, facts) {
        Fact::Unknown => "unknown".into(),
        Fact::Known(countries) => list(countries),
    }
}

fn list(countries: &Countries) -> String {
    if countries.is_empty() {
        return "none".into();
    }
    countries.iter().map(|country| country.to_string()).collect::<Vec<_>>().join(" ")
}

fn shown(fact: FactName, facts: &Facts) -> String {
    match fact {
        FactName::Activity => match facts.activity {
            Fact::Known(activities) if activities.is_empty() => "none".into(),
            Fact::Known(activities) => activities.to_string(),
            Fact::Unknown => "unknown".into(),
        },
        FactName::Listed => match &facts.listed {
            Fact::Known(listings) => {
                let mut text = String::new();
                for issuer in crate::client::Issuer::ALL {
                    if let Some(since) = listings.since(*issuer) {
                        let _ = write!(text, "{}{issuer} since {since}", if text.is_empty() { "" } else { ", " });
                    }
                }
                if text.is_empty() { "none".into() } else { text }
            }
            Fact::Unknown => "unknown".into(),
        },
        FactName::Person => facts.person.known().map_or("unknown", |person| person.as_str()).into(),
        FactName::Crypto => amount(&facts.crypto),
        FactName::Deposits => amount(&facts.deposits),
        FactName::Nationality => countries(About::Nationality, facts),
        FactName::Residence => countries(About::Residence, facts),
        FactName::Permit => countries(About::Permit, facts),
        FactName::Establishment => countries(About::Establishment, facts),
        FactName::MajorityOwners => countries(About::MajorityOwners, facts),
        FactName::AddressProof => countries(About::AddressProof, facts),
    }
}

fn amount(value: &Fact<crate::amount::Amount>) -> String {
    value.known().map_or_else(|| "unknown".into(), ToString::to_string)
}

/// Every fact of a client as `name value`, in the order of the table.
#[must_use]
pub fn facts_shown(facts: &Facts) -> Vec<String> {
    FactName::ALL.iter().map(|fact| format!("{fact} {}", shown(*fact, facts))).collect()
}

/// What to ask the client, or whom.
fn question(fact: FactName) -> &'static str {
    match fact {
        FactName::Person => "whether the client is a natural or a legal person",
        FactName::Nationality => "the nationalities: passport or identity card, all of them",
        FactName::Residence => "the country of residence",
        FactName::Permit => "residence permits: the document, or the statement that there is none",
        FactName::Establishment => "where the company is established: extract of the register",
        FactName::MajorityOwners => "who owns more than half: extract of the register of owners",
        FactName::AddressProof => "a proof of address",
        FactName::Listed => "the result of screening: an open match must be confirmed or dismissed",
        FactName::Activity => "what the client does with the custodian",
        FactName::Crypto => "the value of all crypto-assets, with source and time of the prices",
        FactName::Deposits => "the value of all deposits",
    }
}
