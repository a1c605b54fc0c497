//! The lists of the US Office of Foreign Assets Control in their old CSV form: `sdn.csv`, `alt.csv`, `add.csv`, `sdn_comments.csv` (and the
//! same with `cons_`). No header; `-0-` stands for nothing; a control character 26 may end the file.
//! Layout: `https://ofac.treasury.gov/media/29976/download` (`dat_spec.txt`).

use std::collections::HashMap;

use crate::designation::Designation;
use crate::entity::{Entity, Gender, Kind, Name, NameQuality};
use crate::identifier::{Identifier, IdentifierKind};
use crate::read::{Fault, Notes, ReadError, Reading, add_name, broken, check_size, quoted};
use crate::territory::Territory;

const ISSUER: &str = "us_ofac";

/// The files of one list. Only the first must be there.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfacFiles<'a> {
    /// `sdn.csv` or `cons_prim.csv`: name in errors, bytes.
    pub primary: (&'a str, &'a [u8]),
    /// `alt.csv`.
    pub aliases: Option<(&'a str, &'a [u8])>,
    /// `add.csv`.
    pub addresses: Option<(&'a str, &'a [u8])>,
    /// `sdn_comments.csv`.
    pub comments: Option<(&'a str, &'a [u8])>,
}

struct Row {
    line: u64,
    number: String,
    cells: Vec<String>,
}

/// Reads the list whole.
///
/// # Errors
/// [`ReadError`] when a file cannot be read as CSV, or the first holds no row of this layout.
pub fn read(files: OfacFiles<'_>) -> Result<Reading, ReadError> {
    let mut reading = Reading::default();
    let file = files.primary.0;
    let primary = rows(files.primary, 12, &mut reading.faults)?;
    let aliases = by_number(files.aliases, 5, &mut reading.faults)?;
    let addresses = by_number(files.addresses, 6, &mut reading.faults)?;
    let comments = by_number(files.comments, 2, &mut reading.faults)?;
    let mut seen = std::collections::HashSet::new();
    let mut notes = Notes::new(file);
    for row in primary {
        reading.rows += 1;
        notes.line = row.line;
        if !seen.insert(row.number.clone()) {
            notes.row(format!("number {} stands here twice", quoted(&row.number)));
            continue;
        }
        let related = |map: &HashMap<String, Vec<Row>>| {
            map.get(&row.number)
                .map(|rows| rows.iter().map(|row| row.cells.clone()).collect::<Vec<_>>())
                .unwrap_or_default()
        };
        if let Some(entity) = entity(&row, &related(&aliases), &related(&addresses), &related(&comments), &mut notes) {
            reading.entities.push(entity);
        }
    }
    reading.faults.extend(notes.into_faults());
    let known: std::collections::HashSet<&str> = seen.iter().map(String::as_str).collect();
    for (file, map) in [(files.aliases, &aliases), (files.addresses, &addresses)] {
        let Some((file, _)) = file else { continue };
        let mut notes = Notes::new(file);
        let mut orphans: Vec<&Row> =
            map.iter().filter(|(number, _)| !known.contains(number.as_str())).flat_map(|(_, rows)| rows).collect();
        orphans.sort_by_key(|row| row.line);
        for row in orphans {
            notes.line = row.line;
            notes.row(format!("belongs to number {}, which the list does not have", quoted(&row.number)));
        }
        reading.faults.extend(notes.into_faults());
    }
    if reading.rows == 0 || reading.entities.is_empty() {
        return Err(ReadError::Nothing { file: file.to_owned(), faults: reading.faults.len() });
    }
    Ok(reading)
}

fn by_number(
    file: Option<(&str, &[u8])>,
    columns: usize,
    faults: &mut Vec<Fault>,
) -> Result<HashMap<String, Vec<Row>>, ReadError> {
    let mut map: HashMap<String, Vec<Row>> = HashMap::new();
    if let Some(file) = file {
        for row in rows(file, columns, faults)? {
            map.entry(row.number.clone()).or_default().push(row);
        }
    }
    Ok(map)
}

fn rows((file, bytes): (&str, &[u8]), columns: usize, faults: &mut Vec<Fault>) -> Result<Vec<Row>, ReadError> {
    check_size(file, bytes)?;
    let mut notes = Notes::new(file);
    let mut rows = Vec::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    for record in reader.byte_records() {
        let record = record.map_err(|error| broken(file, &error))?;
        if record.len() == 1 && record.get(0) == Some(&[26]) {
            continue;
        }
        let Some(mut cells) = notes.cells(&record, columns) else { continue };
        for cell in &mut cells {
            if cell == "-0-" {
                cell.clear();
            }
        }
        let number = cells.remove(0);
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            notes.row(format!("starts with {} instead of a number", quoted(&number)));
            continue;
        }
        rows.push(Row { line: notes.line, number, cells });
    }
    faults.extend(notes.into_faults());
    Ok(rows)
}

fn entity(
    row: &Row,
    aliases: &[Vec<String>],
    addresses: &[Vec<String>],
    comments: &[Vec<String>],
    notes: &mut Notes<'_>,
) -> Option<Entity> {
    let cell = |at: usize| row.cells.get(at).map(String::as_str).unwrap_or_default();
    let kind = match cell(1) {
        "individual" => Kind::Person,
        "vessel" => Kind::Vessel,
        "aircraft" => Kind::Aircraft,
        "" => Kind::Organisation,
        other => {
            notes.row(format!("type {} is none we know", quoted(other)));
            return None;
        }
    };
    let mut names: Vec<Name> = Vec::new();
    let Some(primary) = notes.name("name", cell(0), NameQuality::Primary) else {
        notes.row("has no name that can be used");
        return None;
    };
    add_name(&mut names, turned(primary, kind), kind);
    for alias in aliases {
        let quality =
            if alias.get(1).is_some_and(|label| label == "fka") { NameQuality::Previous } else { NameQuality::Alias };
        if let Some(name) = notes.name("alias", alias.get(2).map(String::as_str).unwrap_or_default(), quality) {
            add_name(&mut names, turned(name, kind), kind);
        }
    }
    let mut entity = Entity {
        id: format!("ofac-{}", row.number),
        kind,
        names,
        dates: Vec::new(),
        territories: Vec::new(),
        gender: None,
        identifiers: Vec::new(),
        designations: cell(2)
            .split("] [")
            .filter(|code| !code.is_empty())
            .map(|code| designation(code, &row.number))
            .collect(),
    };
    if entity.designations.is_empty() {
        entity.designations.push(designation("OFAC", &row.number));
    }
    entity.territories.extend(Territory::read_all(cell(7)));
    let remarks =
        comments.iter().filter_map(|comment| comment.first()).fold(cell(10).to_owned(), |all, more| all + more);
    read_remarks(&remarks, &mut entity, notes);
    if entity.territories.is_empty() {
        for address in addresses {
            for territory in Territory::read_all(address.get(3).map(String::as_str).unwrap_or_default()) {
                if !entity.territories.contains(&territory) {
                    entity.territories.push(territory);
                }
            }
        }
    }
    Some(entity)
}

fn designation(code: &str, number: &str) -> Designation {
    let mut designation = Designation::of_programme(code, ISSUER);
    designation.act = code.split_once("-EO").map(|(_, order)| format!("EO {order}"));
    designation.entry = Some(number.to_owned());
    designation.measures = vec!["Asset freeze".to_owned()];
    designation
}

/// `ROE GARCIA, Ana Maria` as `Ana Maria ROE GARCIA`.
fn turned(name: Name, kind: Kind) -> Name {
    if kind != Kind::Person {
        return name;
    }
    match name.text.split_once(", ") {
        Some((family, given)) if !given.is_empty() => {
            Name { text: format!("{given} {family}"), family: Some(family.to_owned()), ..name }
        }
        _ => name,
    }
}

/// Labels in the remarks, and what the number after them is.
const NUMBERS: [(&str, IdentifierKind); 15] = [
    ("Passport ", IdentifierKind::Passport),
    ("National ID No. ", IdentifierKind::National),
    ("National Foreign ID Number ", IdentifierKind::National),
    ("Cedula No. ", IdentifierKind::National),
    ("Identification Number IMO ", IdentifierKind::Imo),
    ("Identification Number ", IdentifierKind::National),
    ("Tax ID No. ", IdentifierKind::Tax),
    ("R.F.C. ", IdentifierKind::Tax),
    ("NIT # ", IdentifierKind::Tax),
    ("Registration Number ", IdentifierKind::Registration),
    ("Company Number ", IdentifierKind::Registration),
    ("Commercial Registry Number ", IdentifierKind::Registration),
    ("Registration ID ", IdentifierKind::Registration),
    ("SWIFT/BIC ", IdentifierKind::Bic),
    ("Vessel Registration Identification IMO ", IdentifierKind::Imo),
];

fn read_remarks(remarks: &str, entity: &mut Entity, notes: &mut Notes<'_>) {
    for remark in remarks.trim_end_matches('.').split("; ") {
        let remark = remark.trim();
        let remark = remark.strip_prefix("alt. ").unwrap_or(remark);
        if let Some(date) = remark.strip_prefix("DOB ") {
            let dates = notes.dates("DOB", date);
            entity.dates.extend(dates.into_iter().filter(|date| !entity.dates.contains(date)).collect::<Vec<_>>());
        } else if let Some(state) = remark.strip_prefix("nationality ").or_else(|| remark.strip_prefix("citizen ")) {
            let found = Territory::read_all(state);
            if found.is_empty() {
                notes.value(format!("nationality {}: is no territory of the table", quoted(state)));
            }
            entity.territories.extend(
                found.into_iter().filter(|territory| !entity.territories.contains(territory)).collect::<Vec<_>>(),
            );
        } else if let Some(gender) = remark.strip_prefix("Gender ") {
            entity.gender = Gender::read(gender);
        } else if let Some(alias) = remark.strip_prefix("a.k.a. ") {
            let alias = alias.trim_matches(['\'', '"', '.']);
            if let Some(name) = notes.name("a.k.a.", alias, NameQuality::Weak) {
                add_name(&mut entity.names, turned(name, entity.kind), entity.kind);
            }
        } else if let Some(wallet) = remark.strip_prefix("Digital Currency Address - ") {
            let address = wallet.split_whitespace().nth(1).unwrap_or_default();
            add(entity, notes.identifier("Digital Currency Address", IdentifierKind::Wallet, address));
        } else if let Some((label, kind, number)) =
            NUMBERS.iter().find_map(|(label, kind)| Some((*label, *kind, remark.strip_prefix(label)?)))
        {
            let number = number.split(" (").next().unwrap_or_default();
            let number = number.split(" issued ").next().unwrap_or_default();
            let number = number.split(" expires ").next().unwrap_or_default();
            add(entity, notes.identifier(label.trim(), kind, number));
        }
    }
}

fn add(entity: &mut Entity, identifier: Option<Identifier>) {
    entity.identifiers.extend(identifier.filter(|identifier| !entity.identifiers.contains(identifier)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Lost;

    const SDN: &str = "36,\"BELSO LINES\",-0- ,\"CUBA\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n\
        37,\"ROE GARCIA, Ana\",\"individual\",\"SDGT] [IRAN-EO13902\",\"Director\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 02 Oct 1976; alt. DOB 1977; POB Port X; nationality Mexico; Gender Female; Passport AB123456 (Mexico) issued 01 Oct 2011 expires 29 Sep 2016; Digital Currency Address - XBT 12sjrrhoFEsedNRhtgwvvRqjFTh8fZTDX9; a.k.a. 'LA ROE'.\"\n";

    fn list(primary: &'static str) -> OfacFiles<'static> {
        OfacFiles { primary: ("sdn.csv", primary.as_bytes()), ..OfacFiles::default() }
    }

    #[test]
    fn rows_and_their_remarks_become_entities() {
        let files = OfacFiles {
            aliases: Some(("alt.csv", b"37,1,\"fka\",\"ROY, Anna\",-0- \n99,2,\"aka\",\"NOBODY\",-0- \n\x1a\n")),
            ..list(SDN)
        };
        let reading = read(files).unwrap();
        let [firm, person] = reading.entities.as_slice() else { panic!() };
        assert_eq!(
            (firm.kind, firm.caption(), firm.designations[0].programme.as_str()),
            (Kind::Organisation, "BELSO LINES", "US-CUBA")
        );
        let names: Vec<_> = person.names.iter().map(|name| (name.text.as_str(), name.quality)).collect();
        assert_eq!(
            names,
            [
                ("Ana ROE GARCIA", NameQuality::Primary),
                ("Anna ROY", NameQuality::Previous),
                ("LA ROE", NameQuality::Weak)
            ]
        );
        assert_eq!(person.names[0].family.as_deref(), Some("ROE GARCIA"));
        assert_eq!(person.dates.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1976-10-02", "1977"]);
        assert_eq!(
            person.identifiers.iter().map(|id| id.value.as_str()).collect::<Vec<_>>(),
            ["AB123456", "12sjrrhoFEsedNRhtgwvvRqjFTh8fZTDX9"]
        );
        assert_eq!(person.gender, Some(Gender::Female));
        assert_eq!(
            person.designations.iter().map(|listing| listing.programme.as_str()).collect::<Vec<_>>(),
            ["US-TERR", "US-IRAN"]
        );
        assert_eq!(person.designations[1].act.as_deref(), Some("EO 13902"));
        assert_eq!(reading.faults.len(), 1);
        assert_eq!((reading.faults[0].file.as_str(), reading.faults[0].line), ("alt.csv", 2));
    }

    #[test]
    fn bad_rows_are_named() {
        let text = format!(
            "{SDN}37,\"TWICE\",-0- ,\"CUBA\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \nabc,1\n38,-0- ,-0- ,\"CUBA\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n"
        );
        let reading = read(OfacFiles { primary: ("sdn.csv", text.as_bytes()), ..OfacFiles::default() }).unwrap();
        assert_eq!(reading.entities.len(), 2);
        let lines: Vec<u64> =
            reading.faults.iter().filter(|fault| fault.lost == Lost::Row).map(|fault| fault.line).collect();
        assert_eq!(lines, [4, 3, 5]);
    }

    #[test]
    fn what_holds_no_row_is_refused() {
        for text in ["", "<html>", "a,b,c\n1,2,3\n", "\u{1a}\n"] {
            assert!(
                matches!(
                    read(OfacFiles { primary: ("sdn.csv", text.as_bytes()), ..OfacFiles::default() }),
                    Err(ReadError::Nothing { .. })
                ),
                "{text}"
            );
        }
    }
}
