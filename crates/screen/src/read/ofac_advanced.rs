//! The lists of the US Office of Foreign Assets Control in their advanced XML form (`SDN_ADVANCED.XML`, `CONS_ADVANCED.XML`; schema
//! `ADVANCED_XML.xsd` of the sanctions list service). Parties, locations, documents and entries stand apart and refer to one another by
//! number; what the numbers of types mean stands in the file itself, and nothing here guesses them.
//!
//! Unverified: written from the published schema and from public descriptions; no whole file of the service was at hand.

use std::collections::{HashMap, HashSet};

use crate::date::{PartialDate, StatedDate};
use crate::designation::Designation;
use crate::entity::{Entity, Gender, Kind, Name, NameQuality};
use crate::identifier::IdentifierKind;
use crate::read::xml::{self, Element, Record};
use crate::read::{Fault, Notes, ReadError, Reading, add_name, quoted};
use crate::territory::Territory;

const ISSUER: &str = "us_ofac";

/// Number to text, by the name of the table.
type Tables = HashMap<(String, String), String>;

/// A party with its references, to be resolved when the whole file is read.
struct Party {
    line: u64,
    element: Element,
}

/// What stands elsewhere about a party.
#[derive(Default)]
struct Elsewhere {
    tables: Tables,
    /// Type of party by its subtype.
    party_types: HashMap<String, String>,
    /// Country of a location.
    locations: HashMap<String, String>,
    /// Type and number of documents, by identity.
    documents: HashMap<String, Vec<(String, String)>>,
    /// Designations, by profile.
    entries: HashMap<String, Vec<Designation>>,
}

/// Reads the list whole.
///
/// # Errors
/// [`ReadError`] when it is another document, not well formed, ends too early, or holds no party that can be used.
pub fn read(file: &str, bytes: &[u8]) -> Result<Reading, ReadError> {
    let mut reading = Reading::default();
    let mut elsewhere = Elsewhere::default();
    let mut parties = Vec::new();
    let mut entries = Vec::new();
    xml::records(file, bytes, "Sanctions", "list of OFAC in its advanced form", |record| {
        match record.section.as_str() {
            "ReferenceValueSets" => elsewhere.add_table(&record.element),
            "Locations" => elsewhere.add_location(&record.element),
            "IDRegDocuments" => elsewhere.add_document(&record.element),
            "DistinctParties" => parties.push(Party { line: record.line, element: record.element }),
            "SanctionsEntries" => entries.push(record),
            _ => {}
        }
    })?;
    elsewhere.add_entries(file, &entries, &mut reading.faults);
    drop(entries);
    let mut notes = Notes::new(file);
    let mut seen = HashSet::new();
    for party in parties {
        reading.rows += 1;
        notes.line = party.line;
        let number = party.element.attribute("FixedRef");
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            notes.row(format!("FixedRef {} is no number", quoted(number)));
        } else if !seen.insert(number.to_owned()) {
            notes.row(format!("number {} stands here twice", quoted(number)));
        } else {
            reading.entities.extend(elsewhere.entity(number, &party.element, &mut notes));
        }
    }
    reading.faults.extend(notes.into_faults());
    if reading.entities.is_empty() {
        return Err(ReadError::Nothing { file: file.to_owned(), faults: reading.faults.len() });
    }
    Ok(reading)
}

impl Elsewhere {
    fn add_table(&mut self, table: &Element) {
        for row in &table.children {
            let number = row.attribute("ID");
            self.tables.insert((row.name.clone(), number.to_owned()), row.text.trim().to_owned());
            if row.name == "PartySubType" {
                self.party_types.insert(number.to_owned(), row.attribute("PartyTypeID").to_owned());
            }
        }
    }

    /// What a number of a table means, empty when the table lacks it.
    fn meaning(&self, table: &str, number: &str) -> &str {
        self.tables.get(&(table.to_owned(), number.to_owned())).map_or("", String::as_str)
    }

    fn add_location(&mut self, location: &Element) {
        if let Some(country) = location.child("LocationCountry") {
            self.locations.insert(location.attribute("ID").to_owned(), country.attribute("CountryID").to_owned());
        }
    }

    fn add_document(&mut self, document: &Element) {
        let number = document.text_of("IDRegistrationNo");
        if !number.is_empty() {
            self.documents
                .entry(document.attribute("IdentityID").to_owned())
                .or_default()
                .push((document.attribute("IDRegDocTypeID").to_owned(), number.to_owned()));
        }
    }

    /// Each measure of type `Program` is a designation; the other measures are what it does.
    fn add_entries(&mut self, file: &str, entries: &[Record], faults: &mut Vec<Fault>) {
        let mut notes = Notes::new(file);
        for Record { line, element: entry, .. } in entries {
            notes.line = *line;
            let event = entry.child("EntryEvent");
            let listed_on = event.and_then(|event| event.child("Date")).and_then(|date| part(date, &mut notes));
            let act = event.map(|event| self.meaning("LegalBasis", event.attribute("LegalBasisID")).to_owned());
            let kind =
                |measure: &Element| self.meaning("SanctionsType", measure.attribute("SanctionsTypeID")).to_owned();
            let measures: Vec<String> = entry
                .all("SanctionsMeasure")
                .map(kind)
                .filter(|kind| !kind.is_empty() && !kind.starts_with("Program"))
                .collect();
            let programmes = entry.all("SanctionsMeasure").filter(|measure| kind(measure).starts_with("Program"));
            let mut designations: Vec<Designation> = programmes
                .map(|measure| measure.text_of("Comment"))
                .filter(|code| !code.is_empty())
                .map(|code| Designation::of_programme(code, ISSUER))
                .collect();
            if designations.is_empty() {
                designations.push(Designation::of_programme("OFAC", ISSUER));
                notes.value("SanctionsEntry: names no programme");
            }
            for designation in &mut designations {
                designation.act = act.clone().filter(|act| !act.is_empty());
                designation.entry = Some(entry.attribute("ProfileID").to_owned());
                designation.measures.clone_from(&measures);
                designation.listed_on = listed_on;
            }
            self.entries.entry(entry.attribute("ProfileID").to_owned()).or_default().extend(designations);
        }
        faults.extend(notes.into_faults());
    }

    fn entity(&self, number: &str, party: &Element, notes: &mut Notes<'_>) -> Option<Entity> {
        let Some(profile) = party.child("Profile") else {
            notes.row("has no Profile");
            return None;
        };
        let subtype = profile.attribute("PartySubTypeID");
        let party_type = self.party_types.get(subtype).map_or("", |number| self.meaning("PartyType", number));
        let kind = match (party_type, self.meaning("PartySubType", subtype)) {
            ("Individual", _) => Kind::Person,
            ("Entity", _) => Kind::Organisation,
            (_, "Vessel") => Kind::Vessel,
            (_, "Aircraft") => Kind::Aircraft,
            (other, _) => {
                notes.row(format!("party type {} of subtype {} is none we know", quoted(other), quoted(subtype)));
                return None;
            }
        };
        let mut names: Vec<Name> = Vec::new();
        let mut identities = profile.children.iter().filter(|child| child.name == "Identity").collect::<Vec<_>>();
        identities.sort_by_key(|identity| identity.attribute("Primary") != "true");
        for identity in &identities {
            // An identity that OFAC itself calls false is still a name somebody goes by.
            self.add_names(identity, kind, &mut names, notes);
        }
        if names.is_empty() {
            notes.row("has no name that can be used");
            return None;
        }
        let mut entity = Entity {
            id: format!("ofac-{number}"),
            kind,
            names,
            dates: Vec::new(),
            territories: Vec::new(),
            gender: None,
            identifiers: Vec::new(),
            designations: self.entries.get(profile.attribute("ID")).cloned().unwrap_or_default(),
        };
        if entity.designations.is_empty() {
            notes.row("no SanctionsEntry refers to its profile: nothing says that it is listed");
            return None;
        }
        let mut addresses = Vec::new();
        for feature in party.below("Feature") {
            self.add_feature(feature, &mut entity, &mut addresses, notes);
        }
        if entity.territories.is_empty() {
            entity.territories = addresses;
        }
        for identity in identities {
            for (kind, number) in self.documents.get(identity.attribute("ID")).map_or(&[][..], Vec::as_slice) {
                let label = self.meaning("IDRegDocType", kind);
                let kind = document_kind(label, number);
                push(&mut entity.identifiers, notes.identifier(label, kind, number));
            }
        }
        Some(entity)
    }

    fn add_names(&self, identity: &Element, kind: Kind, names: &mut Vec<Name>, notes: &mut Notes<'_>) {
        let parts: HashMap<&str, &str> = identity
            .below("NamePartGroup")
            .into_iter()
            .map(|group| (group.attribute("ID"), self.meaning("NamePartType", group.attribute("NamePartTypeID"))))
            .collect();
        let mut aliases: Vec<&Element> = identity.all("Alias").collect();
        aliases.sort_by_key(|alias| alias.attribute("Primary") != "true");
        for alias in aliases {
            let quality = match self.meaning("AliasType", alias.attribute("AliasTypeID")) {
                _ if alias.attribute("LowQuality") == "true" => NameQuality::Weak,
                _ if names.is_empty() => NameQuality::Primary,
                "F.K.A." => NameQuality::Previous,
                _ => NameQuality::Alias,
            };
            for documented in alias.all("DocumentedName") {
                let (mut family, mut rest) = (Vec::new(), Vec::new());
                for value in documented.below("NamePartValue") {
                    let text = value.text.trim();
                    match parts.get(value.attribute("NamePartGroupID")) {
                        Some(&"Last Name") if kind == Kind::Person => family.push(text),
                        _ => rest.push(text),
                    }
                }
                let whole = rest.iter().chain(&family).copied().collect::<Vec<_>>().join(" ");
                if let Some(mut name) = notes.name("name", &whole, quality) {
                    name.family = Some(family.join(" ")).filter(|family| !family.is_empty() && !rest.is_empty());
                    add_name(names, name, kind);
                }
            }
        }
    }

    fn add_feature(
        &self,
        feature: &Element,
        entity: &mut Entity,
        addresses: &mut Vec<Territory>,
        notes: &mut Notes<'_>,
    ) {
        let label = self.meaning("FeatureType", feature.attribute("FeatureTypeID"));
        let territories = || -> Vec<Territory> {
            let places = feature.below("VersionLocation");
            let countries = places.iter().filter_map(|place| self.locations.get(place.attribute("LocationID")));
            countries.flat_map(|country| Territory::read_all(self.meaning("Country", country))).collect()
        };
        let details = feature.below("VersionDetail");
        let texts = || details.iter().map(|detail| detail.text.trim()).filter(|text| !text.is_empty());
        match label {
            "Birthdate" => {
                for period in feature.below("DatePeriod") {
                    match stated(period) {
                        Some(date) => push(&mut entity.dates, Some(date)),
                        None => notes.value("Birthdate: is no date of the calendar that we can read"),
                    }
                }
            }
            "Gender" => {
                let stated = details.iter().find_map(|detail| {
                    Gender::read(self.meaning("DetailReference", detail.attribute("DetailReferenceID")))
                });
                entity.gender = entity.gender.or(stated).or_else(|| texts().find_map(Gender::read));
            }
            "Nationality Country" | "Citizenship Country" | "Nationality of Registration" | "Registration Country" => {
                for territory in territories() {
                    push(&mut entity.territories, Some(territory));
                }
            }
            "Location" => {
                for territory in territories() {
                    push(addresses, Some(territory));
                }
            }
            "SWIFT/BIC" => {
                for text in texts() {
                    push(&mut entity.identifiers, notes.identifier(label, IdentifierKind::Bic, text));
                }
            }
            _ if label.starts_with("Digital Currency Address") => {
                for text in texts() {
                    push(&mut entity.identifiers, notes.identifier(label, IdentifierKind::Wallet, text));
                }
            }
            _ => {}
        }
    }
}

fn push<T: PartialEq>(all: &mut Vec<T>, one: Option<T>) {
    all.extend(one.filter(|one| !all.contains(one)));
}

fn document_kind(label: &str, number: &str) -> IdentifierKind {
    match label {
        _ if number.trim().starts_with("IMO ") => IdentifierKind::Imo,
        "Passport" | "Stateless Person Passport" | "Diplomatic Passport" => IdentifierKind::Passport,
        "Tax ID No." | "NIT #" | "R.F.C." | "RUC #" | "C.U.I.T." | "Italian Fiscal Code" => IdentifierKind::Tax,
        "Registration Number"
        | "Company Number"
        | "Commercial Registry Number"
        | "Registration ID"
        | "Business Registration Number"
        | "Folio Mercantil No."
        | "Matricula Mercantil No" => IdentifierKind::Registration,
        "Legal Entity Number" => IdentifierKind::Other,
        "SWIFT/BIC" => IdentifierKind::Bic,
        "National ID No."
        | "Cedula No."
        | "D.N.I."
        | "C.U.R.P."
        | "Identification Number"
        | "National Foreign ID Number"
        | "Citizen's Card Number"
        | "Personal ID Card"
        | "C.U.I." => IdentifierKind::National,
        _ => IdentifierKind::Other,
    }
}

/// A point of time with `Year`, `Month`, `Day`; 0 and nothing stand for unknown.
fn numbers(point: &Element) -> Option<PartialDate> {
    let number = |name: &str| match point.text_of(name) {
        "" => Some(0_u16),
        text => text.parse().ok(),
    };
    PartialDate::new(number("Year")?, u8::try_from(number("Month")?).ok()?, u8::try_from(number("Day")?).ok()?)
}

fn part(date: &Element, notes: &mut Notes<'_>) -> Option<PartialDate> {
    let read = numbers(date);
    if read.is_none() {
        notes.value("EntryEvent: its date is no date of the calendar");
    }
    read
}

/// A period runs from the first day of its start to the last day of its end; a whole year and a single day are what they are.
fn stated(period: &Element) -> Option<StatedDate> {
    let (start, end) = (period.child("Start")?, period.child("End"));
    let from = numbers(start.child("From")?)?;
    let last = end.and_then(|end| end.child("To").or_else(|| end.child("From"))).or_else(|| start.child("To"));
    let to = last.map_or(Some(from), numbers)?;
    let approximate =
        start.attribute("Approximate") == "true" || end.is_some_and(|end| end.attribute("Approximate") == "true");
    let whole_years =
        (from.month(), from.day()) == (Some(1), Some(1)) && (to.month(), to.day()) == (Some(12), Some(31));
    if from == to {
        return Some(StatedDate { date: from, to_year: None, approximate });
    }
    let same_month = from.year() == to.year() && from.month() == to.month();
    let month = from.month().filter(|_| same_month && !whole_years).unwrap_or(0);
    let date = PartialDate::new(from.year(), month, 0)?;
    let to_year = (to.year() > from.year()).then_some(to.year());
    (from.first_day() <= to.first_day()).then_some(StatedDate { date, to_year, approximate })
}

/// Whether bytes look like a list of this form, by their first kilobytes.
pub fn looks_so(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(bytes.get(..4_096).unwrap_or(bytes)).into_owned();
    start.trim_start_matches('\u{feff}').trim_start().starts_with('<') && start.contains("Sanctions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Lost;

    const TABLES: &str = "<ReferenceValueSets>\
        <PartyTypeValues><PartyType ID=\"1\">Individual</PartyType><PartyType ID=\"2\">Entity</PartyType><PartyType ID=\"4\">Transport</PartyType></PartyTypeValues>\
        <PartySubTypeValues><PartySubType ID=\"1\" PartyTypeID=\"4\">Vessel</PartySubType><PartySubType ID=\"3\" PartyTypeID=\"2\">Unknown</PartySubType>\
        <PartySubType ID=\"4\" PartyTypeID=\"1\">Unknown</PartySubType></PartySubTypeValues>\
        <NamePartTypeValues><NamePartType ID=\"1520\">Last Name</NamePartType><NamePartType ID=\"1521\">First Name</NamePartType></NamePartTypeValues>\
        <AliasTypeValues><AliasType ID=\"1400\">A.K.A.</AliasType><AliasType ID=\"1401\">F.K.A.</AliasType><AliasType ID=\"1403\">Name</AliasType></AliasTypeValues>\
        <FeatureTypeValues><FeatureType ID=\"8\">Birthdate</FeatureType><FeatureType ID=\"10\">Nationality Country</FeatureType>\
        <FeatureType ID=\"224\">Gender</FeatureType><FeatureType ID=\"344\">Digital Currency Address - XBT</FeatureType></FeatureTypeValues>\
        <DetailReferenceValues><DetailReference ID=\"91526\">Male</DetailReference></DetailReferenceValues>\
        <CountryValues><Country ID=\"11\">Cuba</Country></CountryValues>\
        <IDRegDocTypeValues><IDRegDocType ID=\"1571\">Passport</IDRegDocType></IDRegDocTypeValues>\
        <SanctionsTypeValues><SanctionsType ID=\"1\">Program</SanctionsType><SanctionsType ID=\"1705\">Block</SanctionsType></SanctionsTypeValues>\
        <LegalBasisValues><LegalBasis ID=\"1822\">Executive Order 13224 (Terrorism)</LegalBasis></LegalBasisValues></ReferenceValueSets>\
        <Locations><Location ID=\"25\"><LocationCountry CountryID=\"11\"/></Location></Locations>\
        <IDRegDocuments><IDRegDocument ID=\"2\" IDRegDocTypeID=\"1571\" IdentityID=\"70\"><IDRegistrationNo>AB 850901</IDRegistrationNo></IDRegDocument></IDRegDocuments>";

    fn person(number: &str, name: &str) -> String {
        format!(
            "\n<DistinctParty FixedRef=\"{number}\"><Profile ID=\"{number}\" PartySubTypeID=\"4\"><Identity ID=\"70\" Primary=\"true\">\
             <Alias AliasTypeID=\"1401\" Primary=\"false\" LowQuality=\"false\"><DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID=\"1\">OLDOV</NamePartValue></DocumentedNamePart></DocumentedName></Alias>\
             <Alias AliasTypeID=\"1403\" Primary=\"true\" LowQuality=\"false\"><DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID=\"1\">{name}</NamePartValue></DocumentedNamePart>\
             <DocumentedNamePart><NamePartValue NamePartGroupID=\"2\">Ilya</NamePartValue></DocumentedNamePart></DocumentedName></Alias>\
             <Alias AliasTypeID=\"1400\" Primary=\"false\" LowQuality=\"true\"><DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID=\"2\">Bel</NamePartValue></DocumentedNamePart></DocumentedName></Alias>\
             <NamePartGroups><MasterNamePartGroup><NamePartGroup ID=\"1\" NamePartTypeID=\"1520\"/></MasterNamePartGroup><MasterNamePartGroup><NamePartGroup ID=\"2\" NamePartTypeID=\"1521\"/></MasterNamePartGroup></NamePartGroups></Identity>\
             <Feature FeatureTypeID=\"8\"><FeatureVersion><DatePeriod><Start Approximate=\"false\"><From><Year>1961</Year><Month>1</Month><Day>1</Day></From><To><Year>1961</Year><Month>1</Month><Day>1</Day></To></Start>\
             <End Approximate=\"false\"><From><Year>1961</Year><Month>12</Month><Day>31</Day></From><To><Year>1961</Year><Month>12</Month><Day>31</Day></To></End></DatePeriod></FeatureVersion></Feature>\
             <Feature FeatureTypeID=\"10\"><FeatureVersion><VersionLocation LocationID=\"25\"/></FeatureVersion></Feature>\
             <Feature FeatureTypeID=\"224\"><FeatureVersion><VersionDetail DetailReferenceID=\"91526\"/></FeatureVersion></Feature>\
             <Feature FeatureTypeID=\"344\"><FeatureVersion><VersionDetail>12sjrrhoFEsedNRhtgwvvRqjFTh8fZTDX9</VersionDetail></FeatureVersion></Feature>\
             </Profile></DistinctParty>"
        )
    }

    fn entry(number: &str) -> String {
        format!(
            "<SanctionsEntry ProfileID=\"{number}\"><EntryEvent LegalBasisID=\"1822\"><Date><Year>2018</Year><Month>3</Month><Day>4</Day></Date></EntryEvent>\
             <SanctionsMeasure SanctionsTypeID=\"1705\"/><SanctionsMeasure SanctionsTypeID=\"1\"><Comment>SDGT</Comment></SanctionsMeasure></SanctionsEntry>"
        )
    }

    fn list(parties: &str, entries: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><Sanctions xmlns=\"https://example.invalid/ADVANCED_XML\"><DateOfIssue><Year>2026</Year></DateOfIssue>{TABLES}\
             <DistinctParties>{parties}</DistinctParties><SanctionsEntries>{entries}</SanctionsEntries></Sanctions>"
        )
    }

    #[test]
    fn a_party_becomes_an_entity() {
        let text = list(&person("36", "ZEMLINOV"), &entry("36"));
        assert!(looks_so(text.as_bytes()));
        let reading = read("sdn_advanced.xml", text.as_bytes()).unwrap();
        assert_eq!(reading.faults, []);
        let [entity] = reading.entities.as_slice() else { panic!() };
        assert_eq!((entity.id.as_str(), entity.caption(), entity.kind), ("ofac-36", "Ilya ZEMLINOV", Kind::Person));
        assert_eq!(entity.names[0].family.as_deref(), Some("ZEMLINOV"));
        let qualities: Vec<NameQuality> = entity.names.iter().map(|name| name.quality).collect();
        assert_eq!(qualities, [NameQuality::Primary, NameQuality::Previous, NameQuality::Weak]);
        assert_eq!(entity.dates[0].to_string(), "1961", "a whole year is a year");
        assert_eq!(entity.territories[0].code(), "CU");
        assert_eq!(entity.gender, Some(Gender::Male));
        assert_eq!(
            entity.identifiers.iter().map(|found| found.kind).collect::<Vec<_>>(),
            [IdentifierKind::Wallet, IdentifierKind::Passport]
        );
        let listing = &entity.designations[0];
        assert_eq!((listing.programme.as_str(), listing.issuer.as_str()), ("US-TERR", "us_ofac"));
        assert_eq!(listing.act.as_deref(), Some("Executive Order 13224 (Terrorism)"));
        assert_eq!(
            (listing.measures.as_slice(), listing.listed_on.unwrap().to_string()),
            (&["Block".to_owned()][..], "2018-03-04".to_owned())
        );
    }

    #[test]
    fn parties_that_cannot_be_used_are_named_with_their_line() {
        let other_type = person("38", "OTHER").replace("PartySubTypeID=\"4\"", "PartySubTypeID=\"99\"");
        let empty = "\n<DistinctParty FixedRef=\"39\"><Profile ID=\"39\" PartySubTypeID=\"4\"/></DistinctParty>";
        let parties = format!(
            "{}{}{}{other_type}{empty}{}",
            person("36", "ZEMLINOV"),
            person("36", "TWICE"),
            person("37", "NOBODY"),
            person("x", "NONUMBER")
        );
        let reading =
            read("a.xml", list(&parties, &format!("{}{}{}", entry("36"), entry("38"), entry("39"))).as_bytes())
                .unwrap();
        assert_eq!(reading.entities.len(), 1);
        let rows: Vec<u64> =
            reading.faults.iter().filter(|fault| fault.lost == Lost::Row).map(|fault| fault.line).collect();
        assert_eq!(rows, [3, 4, 5, 6, 7], "{:?}", reading.faults);
    }

    #[test]
    fn periods_are_days_months_years_and_ranges() {
        let point = |tag: &str, (year, month, day): (u16, u8, u8)| {
            format!("<{tag}><Year>{year}</Year><Month>{month}</Month><Day>{day}</Day></{tag}>")
        };
        let shown = |from, to, approximate: &str| {
            let text = format!(
                "<L><S><DatePeriod><Start Approximate=\"{approximate}\">{}</Start><End>{}</End></DatePeriod></S></L>",
                point("From", from),
                point("To", to)
            );
            let mut found = None;
            xml::records("x", text.as_bytes(), "L", "list", |record| found = stated(&record.element)).unwrap();
            found.map(|date| date.to_string())
        };
        assert_eq!(shown((1962, 11, 23), (1962, 11, 23), "false").as_deref(), Some("1962-11-23"));
        assert_eq!(shown((1962, 11, 1), (1962, 11, 30), "false").as_deref(), Some("1962-11"));
        assert_eq!(shown((1962, 1, 1), (1962, 12, 31), "true").as_deref(), Some("about 1962"));
        assert_eq!(shown((1960, 1, 1), (1962, 12, 31), "false").as_deref(), Some("1960/1962"));
        assert_eq!(shown((1962, 13, 1), (1962, 13, 1), "false"), None);
        assert_eq!(shown((1962, 2, 30), (1962, 2, 30), "false"), None);
        assert_eq!(shown((1963, 1, 1), (1962, 1, 1), "false"), None);
    }

    #[test]
    fn every_cut_of_the_list_is_refused_whole() {
        let whole = list(&person("36", "ZEMLINOV"), &entry("36"));
        for cut in 0..whole.len() {
            assert!(read("a.xml", &whole.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }
}
