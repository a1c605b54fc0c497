//! Annexes of the Official Journal of the European Union as CSV, in the two forms that OpenSanctions keeps (consolidated and amendments):
//! `datasets/eu/journal_sanctions/data/FORMAT.md` of its repository.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::date::PartialDate;
use crate::designation::Designation;
use crate::entity::{Entity, Gender, Kind, Name, NameQuality};
use crate::identifier::IdentifierKind;
use crate::read::{
    Fault, Notes, ReadError, Reading, add_name, broken, check_size, family_in_capitals, quoted, row_text, values,
};
use crate::territory::Territory;

const ENTITY_COLUMNS: [&str; 43] = [
    "recordId",
    "programKey",
    "annex",
    "measure",
    "startDate",
    "reason",
    "schema",
    "name",
    "alias",
    "weakAlias",
    "previousName",
    "country",
    "nationality",
    "jurisdiction",
    "birthDate",
    "birthPlace",
    "position",
    "passportNumber",
    "gender",
    "appearance",
    "ethnicity",
    "fatherName",
    "motherName",
    "incorporationDate",
    "legalForm",
    "sector",
    "registrationNumber",
    "taxNumber",
    "idNumber",
    "innCode",
    "ogrnCode",
    "kppCode",
    "okpoCode",
    "leiCode",
    "swiftBic",
    "ticker",
    "imoNumber",
    "mmsi",
    "flag",
    "address",
    "phone",
    "email",
    "website",
];

type Cells = BTreeMap<&'static str, String>;

/// Collects the files of the source; amendments may come before or after what they amend.
#[derive(Default)]
pub struct EuReader {
    consolidated: Vec<Row>,
    amended: Vec<Row>,
    faults: Vec<Fault>,
    rows: u64,
}

struct Row {
    framework: String,
    act: String,
    line: u64,
    file: String,
    cells: Cells,
}

impl EuReader {
    /// Reads one file whole.
    ///
    /// # Errors
    /// [`ReadError`] when its first line is that of neither form, or it cannot be read as CSV.
    pub fn add(&mut self, file: &str, bytes: &[u8]) -> Result<(), ReadError> {
        check_size(file, bytes)?;
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let header: Vec<String> =
            reader.headers().map_err(|error| broken(file, &error))?.iter().map(str::to_owned).collect();
        let leading: &[&str] = match header.first().map(String::as_str) {
            Some("celex") => &["celex"],
            Some("amendedCelex") => &["amendedCelex", "amendmentCelex"],
            _ => &[],
        };
        let columns: Vec<&'static str> = ["celex", "amendedCelex", "amendmentCelex"]
            .into_iter()
            .filter(|column| leading.contains(column))
            .chain(ENTITY_COLUMNS)
            .chain(["notes"])
            .collect();
        if leading.is_empty() || header != columns {
            let found = header.join(",");
            return Err(ReadError::NotThis {
                file: file.to_owned(),
                expected: "table of annexes of the Official Journal",
                found: quoted(&found),
            });
        }
        let mut notes = Notes::new(file);
        let mut seen = HashSet::new();
        let mut records = HashSet::new();
        let mut rows = Vec::new();
        for record in reader.byte_records() {
            let record = record.map_err(|error| broken(file, &error))?;
            self.rows += 1;
            notes.line = record.position().map_or(0, csv::Position::line);
            if record.len() != columns.len() {
                notes.row(format!("has {} cells instead of {}", record.len(), columns.len()));
                continue;
            }
            if !seen.insert(record.iter().map(<[u8]>::to_vec).collect::<Vec<_>>()) {
                notes.row("repeats an earlier row letter by letter");
                continue;
            }
            let cells = match row_text(&record, &columns) {
                Ok(cells) => cells,
                Err(fault) => {
                    notes.row(fault);
                    continue;
                }
            };
            let cell = |column: &str| cells.get(column).map(String::as_str).unwrap_or_default();
            let framework = if cell("celex").is_empty() { cell("amendedCelex") } else { cell("celex") };
            let act = if cell("amendmentCelex").is_empty() { framework } else { cell("amendmentCelex") };
            let key = [framework, cell("annex"), cell("programKey"), cell("measure"), cell("schema"), cell("recordId")]
                .map(str::to_owned);
            if !cell("recordId").is_empty() && !records.insert(key) {
                notes.row(format!("recordId {} stands here twice for one annex and measure", quoted(cell("recordId"))));
                continue;
            }
            rows.push(Row {
                framework: framework.to_owned(),
                act: act.to_owned(),
                line: notes.line,
                file: file.to_owned(),
                cells,
            });
        }
        self.faults.extend(notes.into_faults());
        if leading.len() == 2 {
            self.amended.extend(rows)
        } else {
            self.consolidated.extend(rows)
        }
        Ok(())
    }

    /// The entities of all files. A row of an amendment takes the place of the consolidated row with the same number in the same annex.
    pub fn finish(self) -> Reading {
        let record = |row: &Row| {
            let cell = |column| row.cells.get(column).cloned();
            cell("recordId").map(|id| {
                (row.framework.clone(), cell("programKey"), cell("annex"), cell("measure"), cell("schema"), id)
            })
        };
        let newer: HashSet<_> = self.amended.iter().filter_map(record).collect();
        let older =
            self.consolidated.into_iter().filter(|row| record(row).is_none_or(|record| !newer.contains(&record)));
        let mut reading = Reading { faults: self.faults, rows: self.rows, ..Reading::default() };
        let mut places: HashMap<[String; 5], usize> = HashMap::new();
        let mut ids: HashMap<String, u32> = HashMap::new();
        for row in older.chain(self.amended) {
            let mut notes = Notes::new(&row.file);
            notes.line = row.line;
            if let Some(mut entity) = entity(&row, &mut notes) {
                let same = ["schema", "name", "birthDate", "registrationNumber", "imoNumber"]
                    .map(|column| row.cells.get(column).cloned().unwrap_or_default());
                if let Some(place) = places.get(&same) {
                    merge(&mut reading.entities[*place], entity);
                } else {
                    let copies = ids.entry(entity.id.clone()).or_default();
                    *copies += 1;
                    if *copies > 1 {
                        entity.id = format!("{}-{copies}", entity.id);
                    }
                    places.insert(same, reading.entities.len());
                    reading.entities.push(entity);
                }
            }
            reading.faults.extend(notes.into_faults());
        }
        reading
    }
}

fn merge(known: &mut Entity, more: Entity) {
    for name in more.names {
        add_name(&mut known.names, name, known.kind);
    }
    known.designations.extend(more.designations);
    known.dates.extend(more.dates.into_iter().filter(|date| !known.dates.contains(date)).collect::<Vec<_>>());
    known.territories.extend(
        more.territories.into_iter().filter(|territory| !known.territories.contains(territory)).collect::<Vec<_>>(),
    );
    known.identifiers.extend(
        more.identifiers.into_iter().filter(|identifier| !known.identifiers.contains(identifier)).collect::<Vec<_>>(),
    );
    known.gender = known.gender.or(more.gender);
}

fn entity(row: &Row, notes: &mut Notes<'_>) -> Option<Entity> {
    let cell = |column: &str| row.cells.get(column).map(String::as_str).unwrap_or_default();
    let kind = match cell("schema") {
        "LegalEntity" => Kind::Organisation,
        schema => match Kind::from_schema(schema) {
            Some(kind) => kind,
            None => {
                notes.row(format!("schema {} is none we know", quoted(schema)));
                return None;
            }
        },
    };
    let mut names: Vec<Name> = Vec::new();
    let Some(primary) = notes.name("name", cell("name"), NameQuality::Primary) else {
        notes.row("has no name that can be used");
        return None;
    };
    add_name(&mut names, with_family(primary, kind), kind);
    for (column, quality) in
        [("alias", NameQuality::Alias), ("previousName", NameQuality::Previous), ("weakAlias", NameQuality::Weak)]
    {
        for value in values(cell(column)) {
            if let Some(name) = notes.name(column, &value, quality) {
                add_name(&mut names, with_family(name, kind), kind);
            }
        }
    }
    let dates = ["birthDate", "incorporationDate"]
        .into_iter()
        .flat_map(|column| {
            values(cell(column)).into_iter().flat_map(|value| notes.dates(column, &value)).collect::<Vec<_>>()
        })
        .collect();
    let mut territories = Vec::new();
    for column in ["nationality", "country", "jurisdiction", "flag"] {
        for territory in Territory::read_all(cell(column)) {
            if !territories.contains(&territory) {
                territories.push(territory);
            }
        }
    }
    let mut designation = Designation::of_programme(cell("programKey"), "eu_council");
    designation.act = Some(row.act.clone());
    designation.annex = row.cells.get("annex").cloned();
    designation.entry = row.cells.get("recordId").cloned();
    designation.measures = vec![cell("measure").to_owned()];
    designation.reason = row.cells.get("reason").cloned();
    designation.listed_on =
        notes.dates("startDate", cell("startDate")).first().map(|stated| stated.date).filter(|date| sensible(*date));
    let number = if cell("recordId").is_empty() {
        crate::name::analyse(cell("name"), None, kind)
            .iter()
            .map(|token| token.text.as_str())
            .collect::<Vec<_>>()
            .join("_")
    } else {
        cell("recordId").to_owned()
    };
    Some(Entity {
        id: format!("eu-{}-{}-{}-{number}", row.framework, cell("annex"), kind.schema()),
        kind,
        names,
        dates,
        territories,
        gender: Gender::read(cell("gender")),
        identifiers: identifiers(row, notes),
        designations: vec![designation],
    })
}

/// No listing is older than the sanctions of our time.
fn sensible(date: PartialDate) -> bool {
    date.year() >= 1945
}

fn with_family(name: Name, kind: Kind) -> Name {
    let family = if kind == Kind::Person { family_in_capitals(&name.text) } else { None };
    Name { family, ..name }
}

fn identifiers(row: &Row, notes: &mut Notes<'_>) -> Vec<crate::identifier::Identifier> {
    const COLUMNS: [(&str, IdentifierKind); 11] = [
        ("passportNumber", IdentifierKind::Passport),
        ("idNumber", IdentifierKind::National),
        ("taxNumber", IdentifierKind::Tax),
        ("innCode", IdentifierKind::Tax),
        ("registrationNumber", IdentifierKind::Registration),
        ("ogrnCode", IdentifierKind::Registration),
        ("okpoCode", IdentifierKind::Registration),
        ("leiCode", IdentifierKind::Lei),
        ("swiftBic", IdentifierKind::Bic),
        ("imoNumber", IdentifierKind::Imo),
        ("mmsi", IdentifierKind::Other),
    ];
    let mut found = Vec::new();
    for (column, kind) in COLUMNS {
        for value in values(row.cells.get(column).map(String::as_str).unwrap_or_default()) {
            // The annexes print remarks beside numbers: `7736053886 (Tax ID/INN)`, `A0002987, issued in Iran`.
            let number = value.split(['(', ',']).next().unwrap_or_default().trim();
            // Some lists name the state first or the kind of paper: the number is the last word with a digit.
            let number = if number.split(' ').count() > 3 {
                number.rsplit(' ').find(|word| word.bytes().any(|byte| byte.is_ascii_digit())).unwrap_or(number)
            } else {
                number
            };
            if let Some(identifier) =
                notes.identifier(column, kind, number).filter(|identifier| !found.contains(identifier))
            {
                found.push(identifier);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Lost;

    fn header(leading: &str) -> String {
        format!("{leading},{},notes\n", ENTITY_COLUMNS.join(","))
    }

    fn row(leading: &str, cells: &[(&str, &str)]) -> String {
        let cell = |column: &&str| {
            cells
                .iter()
                .find(|(name, _)| name == column)
                .map_or(String::new(), |(_, value)| format!("\"{}\"", value.replace('"', "\"\"")))
        };
        format!("{leading},{},\n", ENTITY_COLUMNS.iter().map(cell).collect::<Vec<_>>().join(","))
    }

    const PERSON: [(&str, &str); 9] = [
        ("recordId", "7"),
        ("programKey", "EU-LBY"),
        ("annex", "II"),
        ("measure", "Asset freeze"),
        ("startDate", "3.6.2022"),
        ("schema", "Person"),
        ("name", "Ilya Nikolaevich ZEMLIN"),
        ("alias", "Zemlin Ilya; Илья Землин"),
        ("birthDate", "11.8.1960 or 1961"),
    ];

    fn read(text: &str) -> Reading {
        let mut reader = EuReader::default();
        reader.add("32016R0044.csv", text.as_bytes()).unwrap();
        reader.finish()
    }

    #[test]
    fn a_row_becomes_an_entity_with_its_designation() {
        let reading = read(&(header("celex") + &row("32016R0044", &PERSON)));
        assert_eq!(reading.faults, []);
        let [entity] = reading.entities.as_slice() else { panic!("{reading:?}") };
        assert_eq!(entity.id, "eu-32016R0044-II-Person-7");
        assert_eq!(entity.names[0].family.as_deref(), Some("ZEMLIN"));
        assert_eq!(entity.names.len(), 3);
        assert_eq!(entity.dates.len(), 2);
        let designation = &entity.designations[0];
        assert_eq!(
            (designation.issuer.as_str(), designation.act.as_deref(), designation.annex.as_deref()),
            ("eu_council", Some("32016R0044"), Some("II"))
        );
        assert_eq!(designation.listed_on.map(|date| date.to_string()).as_deref(), Some("2022-06-03"));
    }

    #[test]
    fn rows_with_faults_are_named_and_the_others_used() {
        let mut text = (header("celex") + &row("32016R0044", &PERSON)).into_bytes();
        text.extend(row("32016R0044", &[("schema", "Person"), ("name", ""), ("recordId", "8")]).bytes());
        text.extend(row("32016R0044", &[("schema", "Spirit"), ("name", "A Ghost"), ("recordId", "9")]).bytes());
        text.extend(row("32016R0044", &PERSON).bytes());
        text.extend(b"32016R0044,1,2\n");
        text.extend(
            row("32016R0044", &[("schema", "Person"), ("name", "Jos@ Moreno"), ("recordId", "10")])
                .bytes()
                .map(|byte| if byte == b'@' { 0xe9 } else { byte }),
        );
        text.extend(
            row(
                "32016R0044",
                &[("schema", "Person"), ("name", "Ana Moreno"), ("recordId", "11"), ("birthDate", "31.2.1970")],
            )
            .bytes(),
        );
        text.extend(
            row("32016R0044", &[("schema", "Person"), ("name", "\u{202e}Ana\u{200b} Moreno"), ("recordId", "13")])
                .bytes(),
        );
        text.extend(
            row("32016R0044", &[("schema", "Person"), ("name", &"long ".repeat(2_000)), ("recordId", "12")]).bytes(),
        );
        let mut reader = EuReader::default();
        reader.add("32016R0044.csv", &text).unwrap();
        let reading = reader.finish();
        assert_eq!(reading.rows, 9);
        assert_eq!(
            reading.entities.iter().map(Entity::caption).collect::<Vec<_>>(),
            ["Ilya Nikolaevich ZEMLIN", "Ana Moreno", "Ana Moreno"]
        );
        let rows: Vec<u64> =
            reading.faults.iter().filter(|fault| fault.lost == Lost::Row).map(|fault| fault.line).collect();
        assert_eq!(rows, [5, 6, 7, 3, 4, 10], "{:#?}", reading.faults);
        assert!(
            reading
                .faults
                .iter()
                .any(|fault| fault.line == 8 && fault.lost == Lost::Value && fault.reason.contains("31.2.1970"))
        );
    }

    #[test]
    fn an_amendment_takes_the_place_of_what_it_amends() {
        let mut reader = EuReader::default();
        let changed: Vec<_> = PERSON
            .iter()
            .map(|(column, value)| if *column == "name" { ("name", "Ilya ZEMLINOV") } else { (*column, *value) })
            .collect();
        reader
            .add(
                "32026R0001.csv",
                (header("amendedCelex,amendmentCelex") + &row("32016R0044,32026R0001", &changed)).as_bytes(),
            )
            .unwrap();
        reader.add("32016R0044.csv", (header("celex") + &row("32016R0044", &PERSON)).as_bytes()).unwrap();
        let reading = reader.finish();
        assert_eq!(reading.entities.len(), 1);
        assert_eq!(
            (reading.entities[0].caption(), reading.entities[0].designations[0].act.as_deref()),
            ("Ilya ZEMLINOV", Some("32026R0001"))
        );
    }

    #[test]
    fn another_table_is_refused() {
        let mut reader = EuReader::default();
        assert!(matches!(reader.add("x.csv", b"name,born\nA,1\n"), Err(ReadError::NotThis { .. })));
        assert!(matches!(reader.add("x.csv", b""), Err(ReadError::NotThis { .. })));
        assert!(matches!(
            reader.add("x.csv", &[0xff, 0xfe, 0x00]),
            Err(ReadError::NotThis { .. } | ReadError::Broken { .. })
        ));
    }
}
