//! British lists as CSV: the consolidated list of the Office of Financial Sanctions Implementation (`ConList.csv`, to January 2026) and the
//! UK Sanctions List of the Foreign Office that took its place. Both give one row per name; rows of one number are one entity.
//!
//! Unverified: written from the published headers and descriptions; no whole file of either was at hand.

use std::collections::HashMap;

use crate::date::{PartialDate, StatedDate};
use crate::designation::{Designation, Transposed};
use crate::entity::{Entity, Gender, Kind, Name, NameQuality};
use crate::identifier::IdentifierKind;
use crate::read::{MAX_ENTITIES, Notes, ReadError, Reading, add_name, broken, check_size, quoted};
use crate::territory::Territory;
use crate::text::clean_bytes;

const ISSUER: &str = "gb_fcdo";

/// Columns by what they hold, in the spelling of either list, lower case.
const COLUMNS: [(&str, Column); 31] = [
    ("group id", Column::Group),
    ("ofsi group id", Column::Group),
    ("unique id", Column::Unique),
    ("un reference number", Column::UnReference),
    ("name 1", Column::Given),
    ("name 2", Column::Given),
    ("name 3", Column::Given),
    ("name 4", Column::Given),
    ("name 5", Column::Given),
    ("name 6", Column::Family),
    ("alias type", Column::NameType),
    ("name type", Column::NameType),
    ("alias quality", Column::Strength),
    ("alias strength", Column::Strength),
    ("name non-latin script", Column::Original),
    ("regime", Column::Regime),
    ("regime name", Column::Regime),
    ("group type", Column::Kind),
    ("designation type", Column::Kind),
    ("designation source", Column::Source),
    ("sanctions imposed", Column::Measures),
    ("uk statement of reasons", Column::Reason),
    ("listed on", Column::ListedOn),
    ("date designated", Column::ListedOn),
    ("dob", Column::Birth),
    ("d.o.b", Column::Birth),
    ("nationality", Column::Nationality),
    ("nationality(/ies)", Column::Nationality),
    ("gender", Column::Gender),
    ("current believed flag of ship", Column::Flag),
    ("country", Column::Address),
];

/// Columns with numbers.
const NUMBERS: [(&str, IdentifierKind); 6] = [
    ("passport number", IdentifierKind::Passport),
    ("national identification number", IdentifierKind::National),
    ("national identifier number", IdentifierKind::National),
    ("business registration number (s)", IdentifierKind::Registration),
    ("business registration number", IdentifierKind::Registration),
    ("imo number", IdentifierKind::Imo),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Group,
    Unique,
    UnReference,
    Given,
    Family,
    NameType,
    Strength,
    Original,
    Regime,
    Kind,
    Source,
    Measures,
    Reason,
    ListedOn,
    Birth,
    Nationality,
    Gender,
    Flag,
    Address,
    Number(IdentifierKind),
    Other,
}

struct Row {
    line: u64,
    cells: Vec<(Column, String)>,
}

impl Row {
    fn first(&self, column: Column) -> &str {
        self.cells.iter().find(|(known, _)| *known == column).map_or("", |(_, text)| text)
    }

    fn all(&self, column: Column) -> Vec<&str> {
        self.cells.iter().filter(|(known, _)| *known == column).map(|(_, text)| text.as_str()).collect()
    }
}

/// Reads either list whole.
///
/// # Errors
/// [`ReadError`] when it is no CSV, its header is neither list's, or nothing in it can be used.
pub fn read(file: &str, bytes: &[u8]) -> Result<Reading, ReadError> {
    check_size(file, bytes)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut notes = Notes::new(file);
    let mut reading = Reading::default();
    let mut header: Option<Vec<Column>> = None;
    let mut groups: Vec<Vec<Row>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (number, record) in reader.byte_records().enumerate() {
        let record = record.map_err(|error| broken(file, &error))?;
        let Some(columns) = &header else {
            // A line with the day of the list stands before the header.
            match columns_of(&record) {
                Some(columns) => header = Some(columns),
                None if number < 2 => {}
                None => break,
            }
            continue;
        };
        reading.rows += 1;
        let Some(cells) = notes.cells(&record, columns.len()) else { continue };
        let cells = columns.iter().copied().zip(cells).filter(|(_, text)| !text.is_empty()).collect();
        let row = Row { line: notes.line, cells };
        // Designations since 2026 have no number of the older list.
        let id = [row.first(Column::Group), row.first(Column::Unique)].into_iter().find(|id| !id.is_empty());
        let Some(id) = id.map(str::to_owned) else {
            notes.row("has neither `Group ID` nor `Unique ID`");
            continue;
        };
        if groups.len() >= MAX_ENTITIES {
            let reason = format!("more than {MAX_ENTITIES} entities");
            return Err(ReadError::Broken { file: file.to_owned(), line: notes.line, reason });
        }
        let place = *places.entry(id).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    if header.is_none() {
        return Err(ReadError::NotThis {
            file: file.to_owned(),
            expected: "British sanctions list",
            found: "none of its first lines is the header (`Name 6`, `Name 1` and so on)".to_owned(),
        });
    }
    for group in groups {
        reading.entities.extend(entity(&group, &mut notes));
    }
    reading.faults = notes.into_faults();
    reading.faults.sort_by_key(|fault| fault.line);
    if reading.entities.is_empty() {
        return Err(ReadError::Nothing { file: file.to_owned(), faults: reading.faults.len() });
    }
    Ok(reading)
}

/// What the columns of a header hold, when it is one.
fn columns_of(record: &csv::ByteRecord) -> Option<Vec<Column>> {
    let columns: Vec<Column> = record
        .iter()
        .map(|cell| {
            let name = clean_bytes(cell).unwrap_or_default().to_lowercase();
            let number = NUMBERS.iter().find(|(known, _)| *known == name).map(|(_, kind)| Column::Number(*kind));
            let other = || COLUMNS.iter().find(|(known, _)| *known == name).map(|(_, column)| *column);
            number.or_else(other).unwrap_or(Column::Other)
        })
        .collect();
    let has = |column| columns.contains(&column);
    let complete = has(Column::Family)
        && has(Column::Given)
        && has(Column::Kind)
        && has(Column::Regime)
        && (has(Column::Group) || has(Column::Unique));
    complete.then_some(columns)
}

fn entity(rows: &[Row], notes: &mut Notes<'_>) -> Option<Entity> {
    let first = rows.first()?;
    notes.line = first.line;
    let kind = match first.first(Column::Kind) {
        "Individual" => Kind::Person,
        "Entity" => Kind::Organisation,
        "Ship" => Kind::Vessel,
        other => {
            notes.row(format!("type {} is none of Individual, Entity, Ship", quoted(other)));
            return None;
        }
    };
    let mut names: Vec<Name> = Vec::new();
    let mut ordered: Vec<&Row> = rows.iter().collect();
    ordered.sort_by_key(|row| !row.first(Column::NameType).eq_ignore_ascii_case("primary name"));
    for row in ordered {
        notes.line = row.line;
        let quality = match row.first(Column::NameType).to_lowercase().as_str() {
            "primary name" if names.is_empty() => NameQuality::Primary,
            _ if row.first(Column::Strength).to_lowercase().starts_with("low") => NameQuality::Weak,
            "fka" | "formerly known as" => NameQuality::Previous,
            _ => NameQuality::Alias,
        };
        let (given, family) = (row.all(Column::Given).join(" "), row.first(Column::Family));
        let whole = if kind == Kind::Person { format!("{given} {family}") } else { format!("{family} {given}") };
        match notes.name("name", &whole, quality) {
            Some(mut name) => {
                let parted = kind == Kind::Person && !given.is_empty() && !family.is_empty();
                name.family = parted.then(|| family.to_owned());
                add_name(&mut names, name, kind);
            }
            None => notes.row("has no name that can be used"),
        }
        if let Some(name) = notes.name("name in another script", row.first(Column::Original), NameQuality::Alias) {
            add_name(&mut names, name, kind);
        }
    }
    // Under which name it is listed decides what is shown; without a primary row the first one stands for it.
    names.first()?;
    let id = [first.first(Column::Group), first.first(Column::Unique)].into_iter().find(|id| !id.is_empty())?;
    let mut entity = Entity {
        id: format!("uk-{id}"),
        kind,
        names,
        dates: Vec::new(),
        territories: Vec::new(),
        gender: None,
        identifiers: Vec::new(),
        designations: Vec::new(),
    };
    let mut addresses = Vec::new();
    for row in rows {
        notes.line = row.line;
        for cell in row.all(Column::Birth) {
            for date in births(cell, notes) {
                push(&mut entity.dates, date);
            }
        }
        for cell in row.all(Column::Nationality).into_iter().chain(row.all(Column::Flag)) {
            let found = Territory::read_all(cell);
            if found.is_empty() {
                notes.value(format!("nationality {}: is no territory of the table", quoted(cell)));
            }
            for territory in found {
                push(&mut entity.territories, territory);
            }
        }
        for territory in row.all(Column::Address).into_iter().flat_map(Territory::read_all) {
            push(&mut addresses, territory);
        }
        entity.gender = entity.gender.or_else(|| Gender::read(row.first(Column::Gender)));
        for (column, cell) in &row.cells {
            if let Column::Number(kind) = column {
                for number in cell.split([';', '|']) {
                    if let Some(found) = notes.identifier("number", *kind, number) {
                        push(&mut entity.identifiers, found);
                    }
                }
            }
        }
        let designation = designation(row, notes);
        if !entity.designations.iter().any(|known| known.programme == designation.programme) {
            entity.designations.push(designation);
        }
    }
    if entity.territories.is_empty() {
        entity.territories = addresses;
    }
    Some(entity)
}

fn push<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

fn designation(row: &Row, notes: &mut Notes<'_>) -> Designation {
    let regime = row.first(Column::Regime);
    let mut designation = Designation::of_programme(regime, ISSUER);
    designation.act = Some(regime.to_owned()).filter(|act| act.contains("Regulations"));
    designation.entry = [row.first(Column::Unique), row.first(Column::Group)]
        .into_iter()
        .find(|entry| !entry.is_empty())
        .map(str::to_owned);
    let measures = row.first(Column::Measures);
    designation.measures = if measures.is_empty() {
        // The older list holds asset freezes only.
        vec!["Asset freeze".to_owned()]
    } else {
        measures.split(['|', ';']).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
    };
    designation.reason = Some(row.first(Column::Reason).to_owned()).filter(|reason| !reason.is_empty());
    let listed = row.first(Column::ListedOn);
    designation.listed_on = day_month_year(listed);
    if designation.listed_on.is_none() && !listed.is_empty() {
        notes.value(format!("listed on {}: is no date", quoted(listed)));
    }
    let reference = row.first(Column::UnReference);
    if row.first(Column::Source).eq_ignore_ascii_case("un") && !reference.is_empty() {
        designation.transposes = Some(Transposed { issuer: "zz_unsc".to_owned(), entity: format!("un-{reference}") });
    }
    designation
}

fn births(cell: &str, notes: &mut Notes<'_>) -> Vec<StatedDate> {
    let mut found = Vec::new();
    for part in cell.split(['|', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        match day_month_year(part) {
            Some(date) => found.push(StatedDate::exact(date)),
            None => found.extend(notes.dates("date of birth", part)),
        }
    }
    found
}

/// `28/06/1960`, with `00`, `dd` or `mm` for what is unknown.
fn day_month_year(text: &str) -> Option<PartialDate> {
    let mut parts = text.trim().split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |part: &str| match part.to_lowercase().as_str() {
        "00" | "dd" | "mm" => Some(0),
        part => (part.len() <= 2).then(|| part.parse::<u8>().ok())?.filter(|number| *number > 0),
    };
    let (day, month) = (number(day)?, number(month)?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    PartialDate::new(year.parse().ok()?, month, if month == 0 { 0 } else { day })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Lost;

    const OLD: &str = "Name 6,Name 1,Name 2,Name 3,Name 4,Name 5,Title,Name Non-Latin Script,Non-Latin Script Type,Non-Latin Script Language,DOB,\
        Town of Birth,Country of Birth,Nationality,Passport Number,Passport Details,National Identification Number,National Identification Details,\
        Position,Address 1,Address 2,Address 3,Address 4,Address 5,Address 6,Post/Zip Code,Country,Other Information,Group Type,Alias Type,\
        Alias Quality,Regime,Listed On,UK Sanctions List Date Designated,Last Updated,Group ID";

    fn old(cells: &[(&str, &str)]) -> String {
        let value = |column: &str| cells.iter().find(|(known, _)| *known == column).map_or("", |(_, value)| *value);
        OLD.split(',').map(|column| value(column.trim())).collect::<Vec<_>>().join(",")
    }

    fn person(more: &[(&str, &str)]) -> String {
        let mut cells = more.to_vec();
        cells.extend([
            ("Name 6", "BELSO"),
            ("Name 1", "Arun"),
            ("Group Type", "Individual"),
            ("Alias Type", "Primary name"),
        ]);
        cells.extend([("Regime", "Russia"), ("Listed On", "15/03/2022"), ("Group ID", "14200")]);
        old(&cells)
    }

    fn list(rows: &[String]) -> String {
        format!("Last Updated,03/06/2025\n{OLD}\n{}\n", rows.join("\n"))
    }

    #[test]
    fn rows_of_one_group_are_one_entity() {
        let rows = [
            person(&[("DOB", "28/06/1960"), ("Nationality", "Russia"), ("Passport Number", "AB850901")]),
            person(&[
                ("Alias Type", "AKA"),
                ("Alias Quality", "Low quality"),
                ("Name 1", "Bel"),
                ("Name 6", "BELLO"),
                ("DOB", "00/00/1961"),
            ]),
        ];
        let reading = read("ConList.csv", list(&rows).as_bytes()).unwrap();
        assert_eq!(reading.faults, []);
        let [entity] = reading.entities.as_slice() else { panic!() };
        assert_eq!((entity.id.as_str(), entity.caption(), entity.kind), ("uk-14200", "Arun BELSO", Kind::Person));
        assert_eq!(
            entity.names[1],
            Name { text: "Bel BELLO".into(), quality: NameQuality::Weak, family: Some("BELLO".into()) }
        );
        assert_eq!(entity.dates.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1960-06-28", "1961"]);
        assert_eq!((entity.territories[0].code(), entity.identifiers.len()), ("RU", 1));
        let listing = &entity.designations[0];
        assert_eq!((listing.programme.as_str(), listing.issuer.as_str()), ("GB-RUS", "gb_fcdo"));
        assert_eq!(listing.listed_on.unwrap().to_string(), "2022-03-15");
    }

    #[test]
    fn the_list_of_the_foreign_office_says_what_carries_out_the_council() {
        let header = "Last Updated,Unique ID,OFSI Group ID,UN Reference Number,Name 6,Name 1,Name 2,Name 3,Name 4,Name 5,Name type,Alias strength,\
            Name non-latin script,Regime Name,Designation Type,Designation source,Sanctions Imposed,Date Designated,D.O.B,Nationality(/ies),Gender,IMO number";
        let row = "16/04/2026,XAF0001,,XAe.010,BELSO MONEY EXCHANGE,,,,,,Primary Name,,بلسو,The Afghanistan (Sanctions) (EU Exit) Regulations 2020,Entity,UN,Asset freeze|Travel Ban,29/06/2012,,,,";
        let reading = read("uk.csv", format!("Report Date: 24-Jun-2026\n{header}\n{row}\n").as_bytes()).unwrap();
        assert_eq!(reading.faults, []);
        let entity = &reading.entities[0];
        assert_eq!((entity.id.as_str(), entity.names.len()), ("uk-XAF0001", 2));
        let listing = &entity.designations[0];
        assert_eq!(listing.programme, "GB-AFG");
        assert_eq!(listing.transposes, Some(Transposed { issuer: "zz_unsc".into(), entity: "un-XAe.010".into() }));
        assert_eq!(listing.measures, ["Asset freeze", "Travel Ban"]);
    }

    #[test]
    fn rows_that_cannot_be_used_are_named() {
        let ghost = old(&[("Name 6", "X"), ("Group Type", "Ghost"), ("Regime", "Russia"), ("Group ID", "7")]);
        let nameless = old(&[("Group Type", "Entity"), ("Regime", "Russia"), ("Group ID", "8")]);
        let numberless = old(&[("Name 6", "X"), ("Group Type", "Entity"), ("Regime", "Russia")]);
        let mut text =
            list(&[person(&[("DOB", "31/02/1960")]), ghost, nameless, numberless, "a,b".to_owned()]).into_bytes();
        text.extend(person(&[("Title", "Se\u{fffd}or")]).bytes());
        text.extend(b"\nJos\xe9");
        text.extend(person(&[]).bytes());
        let reading = read("ConList.csv", &text).unwrap();
        assert_eq!(reading.entities.len(), 1);
        let of =
            |lost| reading.faults.iter().filter(|fault| fault.lost == lost).map(|fault| fault.line).collect::<Vec<_>>();
        assert_eq!((of(Lost::Row), of(Lost::Value)), (vec![4, 5, 6, 7, 8, 9], vec![3]), "{:?}", reading.faults);
    }

    #[test]
    fn what_is_neither_list_is_refused() {
        for text in ["", "<html></html>", "name,type\nx,y\n", "Last Updated,01/01/2025\n"] {
            assert!(matches!(read("x.csv", text.as_bytes()), Err(ReadError::NotThis { .. })), "{text}");
        }
        assert!(matches!(read("x.csv", format!("{OLD}\n").as_bytes()), Err(ReadError::Nothing { .. })));
    }
}
