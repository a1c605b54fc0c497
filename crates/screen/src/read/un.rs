//! The consolidated list of the United Nations Security Council as XML (`https://scsanctions.un.org/resources/xml/en/consolidated.xml`).

use std::collections::HashSet;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::date::{PartialDate, StatedDate};
use crate::designation::Designation;
use crate::entity::{Entity, Gender, Kind, Name, NameQuality};
use crate::identifier::IdentifierKind;
use crate::read::{MAX_ENTITIES, Notes, ReadError, Reading, add_name, check_size, quoted};
use crate::territory::Territory;
use crate::text::clean;

/// Deepest nesting of elements; the list has four.
const MAX_DEPTH: usize = 12;
/// Longest text of one record, in bytes.
const MAX_RECORD_BYTES: usize = 1 << 20;
const ISSUER: &str = "zz_unsc";
const ROOT: &str = "CONSOLIDATED_LIST";

/// One element with its own text.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn text_of(&self, name: &str) -> &str {
        self.children.iter().find(|child| child.name == name).map_or("", |child| child.text.trim())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name)
            .flat_map(|child| child.all("VALUE"))
            .map(|value| value.text.trim())
            .filter(|value| !value.is_empty())
    }
}

/// Reads the list whole.
///
/// # Errors
/// [`ReadError`] when it is another document, not well formed, or ends before its outermost element does.
pub fn read(file: &str, bytes: &[u8]) -> Result<Reading, ReadError> {
    check_size(file, bytes)?;
    let mut notes = Notes::new(file);
    let mut reading = Reading::default();
    let mut seen = HashSet::new();
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError::Broken {
        file: file.to_owned(),
        line: line_at(bytes, error.valid_up_to()),
        reason: "the bytes are not UTF-8".to_owned(),
    })?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut record_bytes = 0;
    let (mut line, mut counted) = (1, 0);
    let mut closed = false;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(bytes.len());
        line += line_breaks(bytes.get(counted..at).unwrap_or_default());
        counted = at;
        let broken = |reason: String| ReadError::Broken { file: file.to_owned(), line, reason };
        match reader.read_event().map_err(|error| broken(error.to_string()))? {
            Event::Start(start) => {
                let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
                if open.is_empty() && (name != ROOT || closed) {
                    return Err(ReadError::NotThis {
                        file: file.to_owned(),
                        expected: "consolidated list of the Security Council",
                        found: format!("its outermost element is {}", quoted(&name)),
                    });
                }
                if open.len() >= MAX_DEPTH {
                    return Err(broken(format!("elements are nested deeper than {MAX_DEPTH}")));
                }
                if open.len() == 2 {
                    record_bytes = 0;
                    notes.line = line;
                }
                open.push(Element { name, ..Element::default() });
            }
            Event::Empty(start) => {
                let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
                if let Some(parent) = open.last_mut() {
                    parent.children.push(Element { name, ..Element::default() });
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else {
                    return Err(broken("an element ends that did not start".to_owned()));
                };
                match open.len() {
                    0 => closed = true,
                    2 => {
                        reading.rows += 1;
                        if reading.entities.len() >= MAX_ENTITIES {
                            return Err(broken(format!("more than {MAX_ENTITIES} records")));
                        }
                        if let Some(entity) = entity(&element, &mut notes) {
                            if seen.insert(entity.id.clone()) {
                                reading.entities.push(entity);
                            } else {
                                notes.row(format!("reference number {} stands here twice", quoted(&entity.id)));
                            }
                        }
                    }
                    1 => {}
                    _ => {
                        if let Some(parent) = open.last_mut() {
                            parent.children.push(element);
                        }
                    }
                }
            }
            Event::Text(text) => {
                add_text(&mut open, &mut record_bytes, &text.decode().map_err(|error| broken(error.to_string()))?)
                    .map_err(broken)?
            }
            Event::CData(text) => {
                add_text(&mut open, &mut record_bytes, &text.decode().map_err(|error| broken(error.to_string()))?)
                    .map_err(broken)?
            }
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|error| broken(error.to_string()))?;
                let char = reference.resolve_char_ref().map_err(|error| broken(error.to_string()))?.map(String::from);
                let text = char.or_else(|| quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned));
                let text = text.ok_or_else(|| broken(format!("`&{name};` is no entity of XML itself")))?;
                add_text(&mut open, &mut record_bytes, &text).map_err(broken)?;
            }
            Event::Eof if closed && open.is_empty() => break,
            Event::Eof => {
                return Err(broken(format!(
                    "it ends inside `{}`",
                    open.last().map_or(ROOT, |element| element.name.as_str())
                )));
            }
            Event::DocType(_) => return Err(broken("it has a document type; the list has none".to_owned())),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    reading.faults = notes.into_faults();
    Ok(reading)
}

fn line_breaks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn line_at(bytes: &[u8], at: usize) -> u64 {
    1 + line_breaks(bytes.get(..at).unwrap_or_default())
}

fn add_text(open: &mut [Element], record_bytes: &mut usize, text: &str) -> Result<(), String> {
    *record_bytes += text.len();
    if open.len() > 2 && *record_bytes > MAX_RECORD_BYTES {
        return Err(format!("one record has more than {MAX_RECORD_BYTES} bytes"));
    }
    if let Some(element) = open.last_mut().filter(|element| !text.trim().is_empty() || !element.text.is_empty()) {
        element.text.push_str(text);
    }
    Ok(())
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
    for value in record.values("NATIONALITY") {
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
