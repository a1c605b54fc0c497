//! Parties of a transfer in the data model IVMS101 (interVASP Messaging Standard, 2020 and 2023) as JSON: originators, beneficiaries and
//! the firms between which it goes. Unverified: written from the published model and public examples.

use serde_json::{Map, Value};

use crate::date::{PartialDate, StatedDate};
use crate::entity::{Kind, Name, NameQuality};
use crate::identifier::{Identifier, IdentifierKind};
use crate::onboarding::paper;
use crate::read::add_name;
use crate::screen::Query;
use crate::served::{Asked, Stated};
use crate::territory::Territory;
use crate::text::{TextFault, clean_name};

/// Most parties of one transfer.
const MAX_PARTIES: usize = 64;
/// Deepest path from the top to a person.
const MAX_DEPTH: usize = 6;

/// The parties with a key each: `originator-1`, `beneficiary-1`, `originatingVASP-1` and so on.
///
/// # Errors
/// What is wrong, without any value of the transfer.
pub(super) fn read(body: &[u8]) -> Result<Vec<Asked>, String> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| format!("the body is no JSON (line {}, column {})", error.line(), error.column()))?;
    let top = value.as_object().ok_or("the body is no object")?;
    let top = ["ivms101", "IVMS101", "identity"].iter().find_map(|key| top.get(*key)?.as_object()).unwrap_or(top);
    let mut parties = Vec::new();
    for (role, value) in top {
        let label = match role.to_ascii_lowercase().as_str() {
            "originator" => "originator",
            "beneficiary" => "beneficiary",
            "originatingvasp" => "originatingVASP",
            "beneficiaryvasp" => "beneficiaryVASP",
            "intermediaryvasp" | "transferpath" => "intermediaryVASP",
            "payloadmetadata" => continue,
            _ => return Err(format!("member `{}` is none of IVMS101", super::shown(role))),
        };
        let mut persons = Vec::new();
        gather(value, 0, &mut persons);
        for (number, (kind, person)) in (1..).zip(persons) {
            let key = format!("{label}-{number}");
            let read = party(&key, kind, person).map_err(|fault| format!("{key}: {fault}"))?;
            parties.push((key, read));
            if parties.len() > MAX_PARTIES {
                return Err(format!("more than {MAX_PARTIES} parties"));
            }
        }
    }
    if parties.is_empty() {
        return Err("no `naturalPerson` or `legalPerson` is there".to_owned());
    }
    Ok(parties)
}

/// Every natural and legal person below a value; the standard's versions put them under different names.
fn gather<'a>(value: &'a Value, depth: usize, found: &mut Vec<(Kind, &'a Map<String, Value>)>) {
    if depth > MAX_DEPTH || found.len() > MAX_PARTIES {
        return;
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| gather(value, depth + 1, found)),
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value.as_object()) {
                    ("naturalPerson", Some(person)) => found.push((Kind::Person, person)),
                    ("legalPerson", Some(person)) => found.push((Kind::Organisation, person)),
                    _ => gather(value, depth + 1, found),
                }
            }
        }
        _ => {}
    }
}

/// One object or a list of them.
fn objects(value: Option<&Value>) -> Vec<&Map<String, Value>> {
    match value {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_object).collect(),
        Some(Value::Object(one)) => vec![one],
        _ => Vec::new(),
    }
}

fn text<'a>(of: &'a Map<String, Value>, member: &str) -> &'a str {
    of.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn party(key: &str, kind: Kind, person: &Map<String, Value>) -> Result<(Query, Stated), String> {
    let mut stated =
        Stated { schema: if kind == Kind::Person { "Person" } else { "Organization" }.to_owned(), ..Stated::default() };
    let mut names: Vec<Name> = Vec::new();
    for name in objects(person.get("name")) {
        let spelled = [
            "nameIdentifier",
            "nameIdentifiers",
            "localNameIdentifier",
            "localNameIdentifiers",
            "phoneticNameIdentifier",
            "phoneticNameIdentifiers",
        ];
        for identifier in spelled.iter().flat_map(|member| objects(name.get(*member))) {
            let (family, given) = (text(identifier, "primaryIdentifier"), text(identifier, "secondaryIdentifier"));
            let whole = match kind {
                Kind::Person => format!("{given} {family}"),
                _ => text(identifier, "legalPersonName").to_owned(),
            };
            let quality = if names.is_empty() { NameQuality::Primary } else { NameQuality::Alias };
            match clean_name(&whole) {
                Ok(text) => {
                    stated.used(if quality == NameQuality::Primary { "name" } else { "alias" }, [text.clone()]);
                    let family = Some(family.to_owned()).filter(|_| !family.is_empty() && !given.is_empty());
                    add_name(&mut names, Name { text, quality, family }, kind);
                }
                Err(TextFault::Empty) => {}
                Err(fault) => return Err(format!("a name {fault}")),
            }
        }
    }
    let mut dates = Vec::new();
    for birth in objects(person.get("dateAndPlaceOfBirth")) {
        match PartialDate::parse(text(birth, "dateOfBirth")) {
            Some(date) => {
                stated.used("birthDate", [date.to_string()]);
                dates.push(StatedDate::exact(date));
            }
            None => stated.faults.push("dateOfBirth: is no date of the calendar".to_owned()),
        }
    }
    let (mut identifiers, mut territories) = (Vec::new(), Vec::new());
    let mut papers = Vec::new();
    for national in objects(person.get("nationalIdentification")) {
        papers.push((text(national, "nationalIdentifier"), text(national, "nationalIdentifierType")));
        // Where a person lives is not what lists call a nationality; who gave the paper nearly always is.
        territories.extend(Territory::from_code(text(national, "countryOfIssue")));
    }
    if kind == Kind::Organisation {
        territories.extend(Territory::from_code(text(person, "countryOfRegistration")));
    }
    territories.dedup();
    stated.used("country", territories.iter().map(|territory| territory.code().to_ascii_lowercase()));
    for (number, code) in papers {
        let kind = paper(code);
        let property = match kind {
            IdentifierKind::Passport => "passportNumber",
            IdentifierKind::Tax => "taxNumber",
            IdentifierKind::Lei => "leiCode",
            IdentifierKind::Registration => "registrationNumber",
            _ => "idNumber",
        };
        match Identifier::new(kind, number) {
            Some(found) => {
                stated.used(property, [found.value.clone()]);
                identifiers.push(found);
            }
            None => stated.faults.push("nationalIdentifier: is no such number (length or checksum)".to_owned()),
        }
    }
    if names.is_empty() && identifiers.is_empty() {
        return Err("it has neither a name nor a number that can be compared".to_owned());
    }
    Ok((Query { id: key.to_owned(), kind, names, dates, territories, gender: None, identifiers }, stated))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSFER: &str = r#"{"originator":{"originatorPersons":[{"naturalPerson":{"name":{"nameIdentifier":[{"primaryIdentifier":"Zemlinov",
        "secondaryIdentifier":"Ilya","nameIdentifierType":"LEGL"}],"localNameIdentifier":[{"primaryIdentifier":"Землинов","secondaryIdentifier":"Илья"}]},
        "dateAndPlaceOfBirth":{"dateOfBirth":"1960-08-11","placeOfBirth":"Port"},"nationalIdentification":{"nationalIdentifier":"AB850901",
        "nationalIdentifierType":"CCPT","countryOfIssue":"LY"},"countryOfResidence":"DE"}}],"accountNumber":["x"]},
        "Beneficiary":{"beneficiaryPersons":[{"legalPerson":{"name":{"nameIdentifiers":[{"legalPersonName":"Belso Lines Ltd"}]},"countryOfRegistration":"CY"}}]}}"#;

    #[test]
    fn parties_of_either_version_become_queries() {
        let parties = read(TRANSFER.as_bytes()).unwrap();
        let keys: Vec<&str> = parties.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys.len(), 2);
        let of = |key: &str| &parties.iter().find(|(known, _)| known == key).unwrap().1.0;
        let person = of("originator-1");
        assert_eq!(
            person.names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>(),
            ["Ilya Zemlinov", "Илья Землинов"]
        );
        assert_eq!(person.names[0].family.as_deref(), Some("Zemlinov"));
        assert_eq!((person.dates.len(), person.identifiers[0].kind), (1, IdentifierKind::Passport));
        assert_eq!(
            person.territories.iter().map(Territory::code).collect::<Vec<_>>(),
            ["LY"],
            "residence is no nationality"
        );
        let firm = of("beneficiary-1");
        assert_eq!((firm.kind, firm.names[0].text.as_str()), (Kind::Organisation, "Belso Lines Ltd"));
    }

    #[test]
    fn what_cannot_be_compared_is_refused_without_its_values() {
        for text in [
            "",
            "[]",
            "{}",
            "{\"originator\":{}}",
            "{\"payer\":{\"naturalPerson\":{}}}",
            "{\"originator\":{\"naturalPerson\":{\"name\":{\"nameIdentifier\":[{\"primaryIdentifier\":\"Secret\u{fffd}Person\"}]}}}}",
            "{\"originator\":{\"naturalPerson\":{\"countryOfResidence\":\"Secret\"}}}",
        ] {
            let fault = read(text.as_bytes()).unwrap_err();
            assert!(!fault.contains("Secret"), "{fault}");
        }
        let deep = format!("{{\"originator\":{}1{}}}", "[".repeat(100), "]".repeat(100));
        assert!(read(deep.as_bytes()).is_err());
    }
}
