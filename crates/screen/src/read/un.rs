//! The consolidated list of the United Nations Security Council as XML (`https://scsanctions.un.org/resources/xml/en/consolidated.xml`).

use std::collections::HashSet;

use crate::date::{PartialDate, StatedDate};
use crate::designation::Designation;
use crate::entity::{Entity, Gender, Kind, Name, NameQuality};
use crate::identifier::IdentifierKind;
use crate::read::xml::{self, Element};
use crate::read::{Notes, ReadError, Reading, add_name, quoted};
use crate::territory::Territory;
use crate::text::clean;

const ISSUER: &str = "zz_unsc";
const ROOT: &str = "CONSOLIDATED_LIST";

/// Reads the list whole.
///
/// # Errors
/// [`ReadError`] when it is another document, not well formed, or ends before its outermost element does.
pub fn read(file: &str, bytes: &[u8]) -> Result<Reading, ReadError> {
    let mut notes = Notes::new(file);
    let mut reading = Reading::default();
    let mut seen = HashSet::new();
    xml::records(file, bytes, ROOT, "consolidated list of the Security Council", |record| {
        reading.rows += 1;
        notes.line = record.line;
        if let Some(entity) = entity(&record.element, &mut notes) {
            if seen.insert(entity.id.clone()) {
                reading.entities.push(entity);
            } else {
                notes.row(format!("reference number {} stands here twice", quoted(&entity.id)));
            }
        }
    })?;
    reading.faults = notes.into_faults();
    Ok(reading)
}

/// Programmes by the list's own short names.
fn programme(list: &str) -> &str {
    match list.trim() {
        "Al-Qaida" | "ISIL" => "UN-SCISIL",
        "CAR" => "UN-SC2127",
        "DPRK" => "UN-SC1718",
        "DRC" => "UN-SC1533",
        "GB" => "UN-SC2048",
        "Haiti" => "UN-SC2653",
        "Iran" => "UN-SC1737",
        "Iraq" => "UN-SC1518",
        "Libya" => "UN-SC1970",
        "Somalia" => "UN-SC2713",
        "SouthSudan" | "South Sudan" => "UN-SC2206",
        "Sudan" => "UN-SC1591",
        "Taliban" => "UN-SC1988",
        "Yemen" => "UN-SC2140",
        other => other,
    }
}

fn entity(record: &Element, notes: &mut Notes<'_>) -> Option<Entity> {
    let (kind, alias) = match record.name.as_str() {
        "INDIVIDUAL" => (Kind::Person, "INDIVIDUAL_ALIAS"),
        "ENTITY" => (Kind::Organisation, "ENTITY_ALIAS"),
        other => {
            notes.row(format!("element {} is neither INDIVIDUAL nor ENTITY", quoted(other)));
            return None;
        }
    };
    let number = record.text_of("REFERENCE_NUMBER");
    let id = if number.is_empty() { record.text_of("DATAID") } else { number };
    if id.is_empty() {
        notes.row("has neither REFERENCE_NUMBER nor DATAID");
        return None;
    }
    let full: Vec<&str> = ["FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"]
        .into_iter()
        .map(|part| record.text_of(part))
        .filter(|part| !part.is_empty())
        .collect();
    let mut names: Vec<Name> = Vec::new();
    match notes.name("name", &full.join(" "), NameQuality::Primary) {
        Some(name) => add_name(&mut names, name, kind),
        None => {
            notes.row("has no name that can be used");
            return None;
        }
    }
    let original = notes.name("NAME_ORIGINAL_SCRIPT", record.text_of("NAME_ORIGINAL_SCRIPT"), NameQuality::Alias);
    let aliases = record.all(alias).filter_map(|alias| {
        let quality = match alias.text_of("QUALITY") {
            "Low" => NameQuality::Weak,
            "f.k.a." => NameQuality::Previous,
            _ => NameQuality::Alias,
        };
        notes.name("ALIAS_NAME", alias.text_of("ALIAS_NAME"), quality)
    });
    let aliases: Vec<Name> = aliases.collect();
    for name in original.into_iter().chain(aliases) {
        add_name(&mut names, name, kind);
    }
    let mut territories = Vec::new();
    for value in values(record, "NATIONALITY") {
        territories.extend(
            Territory::read_all(value)
                .into_iter()
                .filter(|territory| !territories.contains(territory))
                .collect::<Vec<_>>(),
        );
    }
    let mut designation = Designation::of_programme(programme(record.text_of("UN_LIST_TYPE")), ISSUER);
    designation.entry = Some(id.to_owned());
    designation.measures = vec!["Asset freeze".to_owned()];
    designation.listed_on = record.text_of("LISTED_ON").get(..10).and_then(PartialDate::parse);
    if designation.listed_on.is_none() && !record.text_of("LISTED_ON").is_empty() {
        notes.value(format!("LISTED_ON {}: is no date", quoted(record.text_of("LISTED_ON"))));
    }
    designation.reason = clean(record.text_of("COMMENTS1")).ok().filter(|reason| !reason.is_empty());
    Some(Entity {
        id: format!("un-{id}"),
        kind,
        names,
        dates: dates(record, notes),
        territories,
        gender: Gender::read(record.text_of("GENDER")),
        identifiers: record
            .all("INDIVIDUAL_DOCUMENT")
            .filter_map(|paper| {
                let kind = if paper.text_of("TYPE_OF_DOCUMENT").starts_with("National") {
                    IdentifierKind::National
                } else {
                    IdentifierKind::Passport
                };
                notes.identifier("NUMBER", kind, paper.text_of("NUMBER"))
            })
            .collect(),
        designations: vec![designation],
    })
}

/// The texts of `VALUE` below elements of a name.
fn values<'a>(record: &'a Element, name: &'a str) -> impl Iterator<Item = &'a str> {
    record
        .all(name)
        .flat_map(|child| child.all("VALUE"))
        .map(|value| value.text.trim())
        .filter(|value| !value.is_empty())
}

fn dates(record: &Element, notes: &mut Notes<'_>) -> Vec<StatedDate> {
    let mut found = Vec::new();
    for stated in record.all("INDIVIDUAL_DATE_OF_BIRTH") {
        let years = (stated.text_of("FROM_YEAR"), stated.text_of("TO_YEAR"));
        let cell = match (stated.text_of("DATE"), years) {
            ("", ("", "")) => stated.text_of("YEAR").to_owned(),
            ("", (from, to)) => format!("{from} to {to}"),
            // `1957-03-01Z` and `1957-03-01T00:00:00` occur.
            (date, _) => date.get(..10).unwrap_or(date).to_owned(),
        };
        let approximate = stated.text_of("TYPE_OF_DATE") == "APPROXIMATELY";
        for date in notes.dates("INDIVIDUAL_DATE_OF_BIRTH", &cell) {
            let date = StatedDate { approximate, ..date };
            if !found.contains(&date) {
                found.push(date);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Lost;

    const PERSON: &str = "<INDIVIDUAL>\n<DATAID>1</DATAID><FIRST_NAME>ARUN</FIRST_NAME><SECOND_NAME>BELSO</SECOND_NAME><UN_LIST_TYPE>Libya</UN_LIST_TYPE>\
        <REFERENCE_NUMBER>XAi.001</REFERENCE_NUMBER><LISTED_ON>2012-12-31</LISTED_ON><NATIONALITY><VALUE>Libya</VALUE></NATIONALITY>\
        <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The &quot;Bel&quot; &#x41;run</ALIAS_NAME></INDIVIDUAL_ALIAS>\
        <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1970</FROM_YEAR><TO_YEAR>1972</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>\
        <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>AB 850901</NUMBER></INDIVIDUAL_DOCUMENT><SORT_KEY/></INDIVIDUAL>\n";

    fn list(records: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CONSOLIDATED_LIST dateGenerated=\"x\">\n<INDIVIDUALS>\n{records}</INDIVIDUALS></CONSOLIDATED_LIST>\n"
        )
    }

    #[test]
    fn a_record_becomes_an_entity() {
        let reading = read("un.xml", list(PERSON).as_bytes()).unwrap();
        assert_eq!(reading.faults, []);
        let [entity] = reading.entities.as_slice() else { panic!() };
        assert_eq!((entity.id.as_str(), entity.caption()), ("un-XAi.001", "ARUN BELSO"));
        assert_eq!(entity.names[1], Name::new("The \"Bel\" Arun".into(), NameQuality::Weak));
        assert_eq!(entity.dates[0].years(), (1970, 1972));
        assert_eq!(entity.identifiers[0].value, "AB850901");
        assert_eq!(entity.designations[0].programme, "UN-SC1970");
        assert_eq!(entity.designations[0].listed_on.map(|date| date.to_string()).as_deref(), Some("2012-12-31"));
    }

    #[test]
    fn every_cut_of_the_list_is_refused_whole() {
        let whole = list(&PERSON.repeat(2));
        let end = whole.trim_end().len();
        for cut in (0..end).filter(|cut| whole.is_char_boundary(*cut)) {
            assert!(read("un.xml", &whole.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn faults_of_records_have_their_line() {
        let nameless = "<INDIVIDUAL><DATAID>2</DATAID></INDIVIDUAL>\n";
        let reading = read("un.xml", list(&format!("{PERSON}{nameless}{PERSON}")).as_bytes()).unwrap();
        assert_eq!(reading.entities.len(), 1);
        let faults: Vec<_> = reading.faults.iter().map(|fault| (fault.line, fault.lost)).collect();
        assert_eq!(faults, [(6, Lost::Row), (7, Lost::Row)], "{:?}", reading.faults);
    }

    #[test]
    fn what_is_not_the_list_is_refused() {
        for text in [
            "<html><body/></html>",
            "",
            "plain words",
            "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><CONSOLIDATED_LIST></CONSOLIDATED_LIST>",
            "<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><A>&lol;</A></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>",
            "<CONSOLIDATED_LIST><INDIVIDUALS></CONSOLIDATED_LIST>",
        ] {
            assert!(read("un.xml", text.as_bytes()).is_err(), "{text}");
        }
        assert!(read("un.xml", &[b'<', 0xff, 0xfe]).is_err());
        let deep = "<A>".repeat(20_000);
        assert!(read("un.xml", format!("<CONSOLIDATED_LIST>{deep}").as_bytes()).is_err());
    }
}
