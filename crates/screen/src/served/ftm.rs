//! Entities of FollowTheMoney as examples, and ours in that form.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::date::{PartialDate, StatedDate, read_dates};
use crate::designation::Basis;
use crate::entity::{Entity, Gender, Kind, Name, NameQuality};
use crate::identifier::{Identifier, IdentifierKind};
use crate::read::add_name;
use crate::read::ftm::{DATES, NAMES, NUMBERS, TERRITORIES};
use crate::screen::Query;
use crate::served::{Example, Stated};
use crate::territory::Territory;
use crate::text::{TextFault, clean_name};

/// Most values of one property.
const MAX_VALUES: usize = 100;

/// Schemas that an example may have beside those that lists use.
fn kind_of(schema: &str) -> Option<Kind> {
    Kind::from_schema(schema)
}

/// What is asked, and what was read of the example: a name that cannot be compared is a fault, any other value that cannot is left out of
/// `properties` of the answer and named in its `faults`.
pub(super) fn read(key: &str, example: &Example) -> Result<(Query, Stated), String> {
    let kind = kind_of(&example.schema).ok_or("its schema is none that can be on a list")?;
    let mut properties: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (property, value) in &example.properties {
        properties
            .insert(property, texts(value).map_err(|fault| format!("property `{}` {fault}", super::shown(property)))?);
    }
    let mut stated = Stated { id: example.id.clone(), schema: example.schema.clone(), ..Stated::default() };
    let of = |property: &str| properties.get(property).map_or(&[][..], Vec::as_slice);
    let mut names = Vec::new();
    for (property, quality) in NAMES {
        for text in of(property) {
            add(&mut names, &mut stated, property, text, quality, kind)?;
        }
    }
    let family = of("lastName").first().cloned();
    if names.is_empty() {
        let parts = ["firstName", "secondName", "middleName", "fatherName", "lastName"];
        let whole = parts.iter().flat_map(|part| of(part)).map(String::as_str).collect::<Vec<_>>().join(" ");
        if !whole.is_empty() {
            add(&mut names, &mut stated, "name", &whole, NameQuality::Primary, kind)?;
        }
    }
    if let Some(family) = family.filter(|_| kind == Kind::Person) {
        for name in names.iter_mut().filter(|name| name.text.contains(&family)) {
            name.family = Some(family.clone());
        }
    }
    let mut dates: Vec<StatedDate> = Vec::new();
    for property in DATES {
        for text in of(property) {
            let (read, unread) = match PartialDate::parse(text.get(..10).unwrap_or(text)) {
                Some(date) => (vec![StatedDate::exact(date)], vec![]),
                None => read_dates(text),
            };
            if !unread.is_empty() || read.is_empty() {
                stated.faults.push(format!("{property}: a value is no date of the calendar"));
            }
            stated.used(property, read.iter().map(ToString::to_string));
            dates.extend(read);
        }
    }
    let mut territories = Vec::new();
    for property in TERRITORIES {
        for text in of(property) {
            let read = Territory::read_all(text);
            if read.is_empty() {
                stated.faults.push(format!("{property}: a value is no territory of the table"));
            }
            stated.used(property, read.iter().map(|territory| territory.code().to_ascii_lowercase()));
            territories.extend(read.into_iter().filter(|found| !territories.contains(found)).collect::<Vec<_>>());
        }
    }
    let mut gender = None;
    for text in of("gender") {
        match Gender::read(text) {
            Some(found) => {
                gender = Some(found);
                stated.used("gender", [text.clone()]);
            }
            None => stated.faults.push("gender: a value is neither male nor female".to_owned()),
        }
    }
    let mut identifiers = Vec::new();
    for (property, kind) in NUMBERS {
        for text in of(property) {
            match Identifier::new(kind, text) {
                Some(found) => {
                    stated.used(property, [text.clone()]);
                    identifiers.push(found);
                }
                None => stated.faults.push(format!("{property}: a value is no such number (length or checksum)")),
            }
        }
    }
    if names.is_empty() && identifiers.is_empty() {
        return Err("it has neither a name nor a number that can be compared".to_owned());
    }
    Ok((Query { id: key.to_owned(), kind, names, dates, territories, gender, identifiers }, stated))
}

fn add(
    names: &mut Vec<Name>,
    stated: &mut Stated,
    property: &'static str,
    text: &str,
    quality: NameQuality,
    kind: Kind,
) -> Result<(), String> {
    match clean_name(text) {
        Ok(text) => {
            stated.used(property, [text.clone()]);
            add_name(names, Name::new(text, quality), kind);
            Ok(())
        }
        Err(TextFault::Empty) => Ok(()),
        // Not to compare a name would be to say that nobody is listed under it.
        Err(fault) => Err(format!("property `{property}`: a name {fault}")),
    }
}

/// A text or a list of texts and numbers.
fn texts(value: &Value) -> Result<Vec<String>, &'static str> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Null => Ok(None),
        _ => Err("holds something that is neither a text nor a number"),
    };
    match value {
        Value::Array(values) if values.len() > MAX_VALUES => Err("has more than 100 values"),
        Value::Array(values) => values.iter().filter_map(|value| one(value).transpose()).collect(),
        value => Ok(one(value)?.into_iter().collect()),
    }
}

/// Topics that FollowTheMoney has for what a listing rests on.
fn topic(basis: Basis) -> &'static str {
    match basis {
        Basis::UnMandate | Basis::Autonomous => "sanction",
        Basis::Counter => "sanction.counter",
        Basis::Criminal => "crime.terror",
        Basis::RedNotice => "wanted",
    }
}

/// What an entity's listings are about.
pub(super) fn topics(entity: &Entity) -> Vec<&'static str> {
    let mut topics: Vec<&str> =
        entity.designations.iter().filter(|listing| listing.is_live()).map(|listing| topic(listing.basis)).collect();
    topics.sort_unstable();
    topics.dedup();
    topics
}

/// An entity's properties.
pub(crate) fn properties(entity: &Entity) -> BTreeMap<&'static str, Vec<String>> {
    let mut properties: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut put = |property: &'static str, value: String| {
        let values = properties.entry(property).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    };
    for name in &entity.names {
        let property =
            NAMES.iter().find(|(_, quality)| *quality == name.quality).map_or("alias", |(property, _)| property);
        put(property, name.text.clone());
    }
    for stated in &entity.dates {
        let property = if entity.kind == Kind::Person { "birthDate" } else { "incorporationDate" };
        // A range has no form in FollowTheMoney but that of its years.
        let years = stated.date.year()..=stated.to_year.unwrap_or(stated.date.year());
        match stated.to_year {
            None => put(property, stated.date.to_string()),
            Some(_) => years.for_each(|year| put(property, year.to_string())),
        }
    }
    for territory in &entity.territories {
        let property = match entity.kind {
            Kind::Person => "nationality",
            Kind::Vessel => "flag",
            _ => "country",
        };
        put(property, territory.code().to_ascii_lowercase());
    }
    if let Some(gender) = entity.gender {
        put("gender", if gender == Gender::Male { "male" } else { "female" }.to_owned());
    }
    for number in &entity.identifiers {
        let property = match number.kind {
            IdentifierKind::Other => "idNumber",
            kind => NUMBERS.iter().find(|(_, known)| *known == kind).map_or("idNumber", |(property, _)| property),
        };
        put(property, number.value.clone());
    }
    for topic in topics(entity) {
        put("topics", topic.to_owned());
    }
    for listing in entity.designations.iter().filter(|listing| listing.is_live()) {
        put("programId", listing.programme.clone());
    }
    properties
}
