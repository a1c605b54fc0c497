//! Entities of FollowTheMoney as JSON lines (`entities.ftm.json`, and `targets.nested.json` in which sanctions stand inside their entity).
//! Who lists an entity stands in entities of schema `Sanction` that refer to it. What nobody lists (relatives, addresses, people in office)
//! is no listing and is passed over without a fault.
//!
//! Unverified: written from the published model; no whole file was at hand.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use countersign_core::time::Date;

use crate::date::PartialDate;
use crate::designation::Designation;
use crate::entity::{Entity, Gender, Kind, Name, NameQuality};
use crate::identifier::IdentifierKind;
use crate::programme;
use crate::read::{MAX_ENTITIES, Notes, ReadError, Reading, add_name, check_size, quoted};
use crate::territory::Territory;
use crate::text::clean;

/// Longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 8 << 20;
/// Longest id.
const MAX_ID_BYTES: usize = 255;

#[derive(Deserialize)]
struct Line {
    id: String,
    schema: String,
    #[serde(default)]
    properties: HashMap<String, Vec<Value>>,
}

impl Line {
    fn texts<'a>(&'a self, property: &str) -> impl Iterator<Item = &'a str> {
        self.properties.get(property).into_iter().flatten().filter_map(Value::as_str)
    }

    fn first(&self, property: &str) -> Option<&str> {
        self.texts(property).next()
    }
}

/// Reads the lines of one file; `prefix` goes before every id, so that two sources cannot share one. `today` tells which sanctions have
/// ended.
///
/// # Errors
/// [`ReadError`] when the file is too large, holds too many entities, or nothing that can be used.
pub fn read(prefix: &str, file: &str, bytes: &[u8], today: Date) -> Result<Reading, ReadError> {
    check_size(file, bytes)?;
    let mut notes = Notes::new(file);
    let mut reading = Reading::default();
    let mut things: Vec<(u64, Line)> = Vec::new();
    let mut sanctions: HashMap<String, Vec<(u64, Line)>> = HashMap::new();
    let mut seen = HashSet::new();
    for (number, bytes) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        notes.line = number;
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        reading.rows += 1;
        if bytes.len() > MAX_LINE_BYTES {
            notes.row(format!("is longer than {MAX_LINE_BYTES} bytes"));
            continue;
        }
        let mut line: Line = match serde_json::from_slice(bytes) {
            Ok(line) => line,
            Err(error) => {
                notes.row(format!("is no entity: {error}"));
                continue;
            }
        };
        if line.id.is_empty() || line.id.len() > MAX_ID_BYTES || line.id.chars().any(char::is_control) {
            notes.row(format!("id {}: is empty, too long or has control characters", quoted(&line.id)));
            continue;
        }
        if !seen.insert(line.id.clone()) {
            notes.row(format!("id {} stands here twice", quoted(&line.id)));
            continue;
        }
        if seen.len() > MAX_ENTITIES {
            let reason = format!("more than {MAX_ENTITIES} entities");
            return Err(ReadError::Broken { file: file.to_owned(), line: number, reason });
        }
        if line.schema == "Sanction" {
            for of in line.texts("entity").map(str::to_owned).collect::<Vec<_>>() {
                sanctions.entry(of).or_default().push((
                    number,
                    Line { id: line.id.clone(), schema: String::new(), properties: line.properties.clone() },
                ));
            }
        } else if Kind::from_schema(&line.schema).is_some() {
            for nested in line.properties.remove("sanctions").unwrap_or_default() {
                match serde_json::from_value::<Line>(nested) {
                    Ok(nested) => sanctions.entry(line.id.clone()).or_default().push((number, nested)),
                    Err(error) => notes.value(format!("sanctions: holds something that is no entity: {error}")),
                }
            }
            things.push((number, line));
        }
    }
    let known: HashSet<&str> = things.iter().map(|(_, line)| line.id.as_str()).collect();
    for (of, orphans) in sanctions.iter().filter(|(of, _)| !known.contains(of.as_str())) {
        for (number, _) in orphans {
            notes.line = *number;
            notes.row(format!("is of entity {}, which the file does not have", quoted(of)));
        }
    }
    for (number, line) in &things {
        let Some(listings) = sanctions.get(&line.id) else { continue };
        notes.line = *number;
        reading.entities.extend(entity(prefix, line, listings, today, &mut notes));
    }
    reading.faults = notes.into_faults();
    reading.faults.sort_by_key(|fault| fault.line);
    if reading.entities.is_empty() {
        return Err(ReadError::Nothing { file: file.to_owned(), faults: reading.faults.len() });
    }
    Ok(reading)
}

/// Names by property and what they are.
pub(crate) const NAMES: [(&str, NameQuality); 4] = [
    ("name", NameQuality::Primary),
    ("alias", NameQuality::Alias),
    ("previousName", NameQuality::Previous),
    ("weakAlias", NameQuality::Weak),
];

/// Properties with territories.
pub(crate) const TERRITORIES: [&str; 5] = ["nationality", "citizenship", "country", "jurisdiction", "flag"];

/// Properties with dates.
pub(crate) const DATES: [&str; 2] = ["birthDate", "incorporationDate"];

/// Properties with numbers.
pub(crate) const NUMBERS: [(&str, IdentifierKind); 12] = [
    ("passportNumber", IdentifierKind::Passport),
    ("idNumber", IdentifierKind::National),
    ("socialSecurityNumber", IdentifierKind::National),
    ("taxNumber", IdentifierKind::Tax),
    ("innCode", IdentifierKind::Tax),
    ("vatCode", IdentifierKind::Tax),
    ("registrationNumber", IdentifierKind::Registration),
    ("ogrnCode", IdentifierKind::Registration),
    ("leiCode", IdentifierKind::Lei),
    ("imoNumber", IdentifierKind::Imo),
    ("swiftBic", IdentifierKind::Bic),
    ("publicKey", IdentifierKind::Wallet),
];

fn entity(prefix: &str, line: &Line, listings: &[(u64, Line)], today: Date, notes: &mut Notes<'_>) -> Option<Entity> {
    let kind = Kind::from_schema(&line.schema)?;
    let mut names: Vec<Name> = Vec::new();
    for (property, quality) in NAMES {
        for text in line.texts(property) {
            let quality =
                if quality == NameQuality::Primary && !names.is_empty() { NameQuality::Alias } else { quality };
            if let Some(mut name) = notes.name(property, text, quality) {
                name.family = line.first("lastName").filter(|family| name.text.contains(family)).map(str::to_owned);
                add_name(&mut names, name, kind);
            }
        }
    }
    if names.is_empty() {
        notes.row("has no name that can be used");
        return None;
    }
    let mut territories = Vec::new();
    for text in TERRITORIES.iter().flat_map(|property| line.texts(property)) {
        territories.extend(
            Territory::read_all(text).into_iter().filter(|found| !territories.contains(found)).collect::<Vec<_>>(),
        );
    }
    let numbers = NUMBERS
        .into_iter()
        .flat_map(|(property, kind)| line.texts(property).map(move |text| (property, kind, text)).collect::<Vec<_>>());
    let mut identifiers = Vec::new();
    for (property, kind, text) in numbers {
        identifiers.extend(notes.identifier(property, kind, text).filter(|found| !identifiers.contains(found)));
    }
    let mut dates = Vec::new();
    for property in DATES {
        for text in line.texts(property) {
            dates.extend(notes.dates(property, text));
        }
    }
    let place = notes.line;
    let mut designations = Vec::new();
    for (number, listing) in listings {
        notes.line = *number;
        designations.push(designation(listing, today, notes));
    }
    notes.line = place;
    Some(Entity {
        id: format!("{prefix}-{}", line.id),
        kind,
        names,
        dates,
        territories,
        gender: line.first("gender").and_then(Gender::read),
        identifiers,
        designations,
    })
}

fn designation(listing: &Line, today: Date, notes: &mut Notes<'_>) -> Designation {
    let authority = listing.first("authority").unwrap_or_default();
    let issuer = programme::issuer_called(authority).map_or_else(|| slug(authority), str::to_owned);
    let code = ["programId", "program"].into_iter().find_map(|property| listing.first(property)).unwrap_or("unknown");
    let mut designation = Designation::of_programme(code, &issuer);
    designation.entry = listing.first("authorityId").or_else(|| listing.first("unscId")).map(str::to_owned);
    designation.measures = listing.texts("provisions").map(str::to_owned).collect();
    designation.reason = listing.first("reason").and_then(|reason| clean(reason).ok()).filter(|text| !text.is_empty());
    let mut day = |property: &str| {
        let text = listing.first(property)?;
        let read = text.get(..10).unwrap_or(text);
        let date = PartialDate::parse(read);
        if date.is_none() {
            notes.value(format!("{property} {}: is no date", quoted(text)));
        }
        date
    };
    designation.listed_on = day("listingDate").or_else(|| day("startDate"));
    // A day to come, or one that is known by its month only, ends nothing yet.
    designation.delisted_on =
        day("endDate").filter(|end| Date::parse(&end.to_string()).is_ok_and(|end| end.start() < today.start()));
    designation
}

/// A key for an issuer that the table does not know. No policy recognises it until somebody names it there.
fn slug(authority: &str) -> String {
    let words = crate::letters::plain_words(authority).join("_");
    let words: String = words.chars().take(60).collect();
    if words.is_empty() { "unknown".to_owned() } else { format!("other_{words}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::designation::Basis;
    use crate::read::Lost;

    const PERSON: &str = r#"{"id":"Q1","schema":"Person","properties":{"name":["Arun Belso","Арун Белсо"],"weakAlias":["Bel"],"lastName":["Belso"],"birthDate":["1961-02-03"],"nationality":["ru"],"gender":["male"],"innCode":["772815862404"]},"datasets":["x"]}"#;
    const SANCTION: &str = r#"{"id":"S1","schema":"Sanction","properties":{"entity":["Q1"],"authority":["Council of the European Union"],"programId":["EU-RUS"],"listingDate":["2022-03-15"],"provisions":["Asset freeze"]}}"#;

    fn read_text(text: &str) -> Result<Reading, ReadError> {
        read("osn", "entities.ftm.json", text.as_bytes(), Date::parse("2026-11-22").unwrap())
    }

    #[test]
    fn an_entity_has_the_sanctions_that_refer_to_it() {
        let relative = r#"{"id":"Q2","schema":"Person","properties":{"name":["Vera Belso"]}}"#;
        let family = r#"{"id":"F1","schema":"Family","properties":{"person":["Q1"],"relative":["Q2"]}}"#;
        let reading = read_text(&[SANCTION, PERSON, relative, family, ""].join("\n")).unwrap();
        assert_eq!((reading.rows, reading.faults.as_slice()), (4, &[][..]));
        let [entity] = reading.entities.as_slice() else { panic!("who is on no list is no listing") };
        assert_eq!((entity.id.as_str(), entity.caption(), entity.names.len()), ("osn-Q1", "Arun Belso", 3));
        assert_eq!(entity.names[0].family.as_deref(), Some("Belso"));
        assert_eq!(
            (entity.designations[0].issuer.as_str(), entity.designations[0].basis),
            ("eu_council", Basis::Autonomous)
        );
        assert!(entity.designations[0].is_live());
    }

    #[test]
    fn nested_sanctions_ended_ones_and_unknown_issuers() {
        let nested = r#"{"id":"Q1","schema":"Company","properties":{"name":["Belso Lines"],"sanctions":[
            {"id":"a","schema":"Sanction","properties":{"authority":["Port Office of X"],"endDate":["2020-01-01"]}},
            {"id":"b","schema":"Sanction","properties":{"programId":["CN-CML"],"endDate":["2090-01-01"]}}]}}"#;
        let reading = read_text(&nested.replace('\n', "")).unwrap();
        let [ended, counter] = reading.entities[0].designations.as_slice() else { panic!() };
        assert_eq!((ended.issuer.as_str(), ended.is_live()), ("other_port_office_of_x", false));
        assert_eq!((counter.basis, counter.is_live()), (Basis::Counter, true), "a day to come ends nothing");
    }

    #[test]
    fn lines_that_cannot_be_used_are_named() {
        let twice = PERSON.replace("Arun", "Other");
        let nameless = r#"{"id":"Q3","schema":"Person","properties":{"name":["\u200b"],"birthDate":["31.2.1970"]}}"#;
        let of_nameless = SANCTION.replace("\"S1\"", "\"S3\"").replace("Q1", "Q3");
        let orphan = SANCTION.replace("\"S1\"", "\"S4\"").replace("Q1", "Q9");
        let text = [
            PERSON,
            SANCTION,
            &twice,
            nameless,
            &of_nameless,
            &orphan,
            "{\"id\":7}",
            "[]",
            "{\"id\":\"\",\"schema\":\"Person\"}",
            "{\"id\":\"cut",
        ];
        let reading = read_text(&text.join("\n")).unwrap();
        assert_eq!(reading.entities.len(), 1);
        let rows: Vec<u64> =
            reading.faults.iter().filter(|fault| fault.lost == Lost::Row).map(|fault| fault.line).collect();
        assert_eq!(rows, [3, 4, 6, 7, 8, 9, 10], "{:?}", reading.faults);
    }

    #[test]
    fn a_file_without_listings_is_refused() {
        for text in ["", "\n\n", "<html>", PERSON] {
            assert!(matches!(read_text(text), Err(ReadError::Nothing { .. })), "{text}");
        }
    }
}
