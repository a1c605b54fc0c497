//! The clients to be screened: CSV with a header line, or one JSON object per line.
//!
//! Columns (and keys): `id` and `name` are needed; `kind` (`person`, `organisation`, `vessel`; without it a person), `family_name`,
//! `birth_date`, `nationality`, `gender`, `passport`, `national_id`, `tax_number`, `registration_number`, `lei`, `imo`, `bic`, `wallet`.
//! `alias` and every column whose values may be several are separated by `;`; in JSON a list of texts does as well.

use std::collections::BTreeMap;
use std::io::BufRead;

use crate::entity::{Gender, Kind, Name, NameQuality};
use crate::identifier::IdentifierKind;
use crate::read::{Fault, Notes, add_name, quoted, values};
use crate::screen::Query;
use crate::territory::Territory;
use crate::text::{clean, clean_name};

/// Longest line of a JSON file, in bytes.
pub const MAX_LINE_BYTES: u64 = 64 << 10;

/// The known columns.
pub const COLUMNS: [&str; 15] = [
    "id",
    "name",
    "alias",
    "kind",
    "family_name",
    "birth_date",
    "nationality",
    "gender",
    "passport",
    "national_id",
    "tax_number",
    "registration_number",
    "lei",
    "imo",
    "wallet",
];

const NUMBERS: [(&str, IdentifierKind); 7] = [
    ("passport", IdentifierKind::Passport),
    ("national_id", IdentifierKind::National),
    ("tax_number", IdentifierKind::Tax),
    ("registration_number", IdentifierKind::Registration),
    ("lei", IdentifierKind::Lei),
    ("imo", IdentifierKind::Imo),
    ("wallet", IdentifierKind::Wallet),
];

/// Why a file of clients cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ClientsError {
    /// The header lacks a column or has one that is not known.
    #[error("{0}; known columns: {known}", known = COLUMNS.join(", "))]
    Header(String),
    /// Reading failed.
    #[error("cannot read the clients: {0}")]
    Io(#[from] std::io::Error),
}

/// A row that became a query, or did not, with what was left out of it.
#[derive(Debug)]
pub struct Row {
    /// The query, when the row can be screened.
    pub query: Option<Query>,
    /// What was wrong with it.
    pub faults: Vec<Fault>,
}

/// Reads rows one by one.
pub struct Clients<R: BufRead> {
    file: String,
    form: Form<R>,
}

enum Form<R: BufRead> {
    Csv { reader: Box<csv::Reader<R>>, columns: Vec<&'static str> },
    Json { reader: R, line: u64 },
}

impl<R: BufRead> Clients<R> {
    /// Reads CSV.
    ///
    /// # Errors
    /// [`ClientsError`] when the header is not of known columns or lacks `id` or `name`.
    pub fn csv(file: &str, reader: R) -> Result<Self, ClientsError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
        let header = reader.byte_headers().map_err(|error| ClientsError::Header(error.to_string()))?.clone();
        let mut columns = Vec::new();
        for cell in &header {
            let name = String::from_utf8_lossy(cell).trim().trim_start_matches('\u{feff}').to_ascii_lowercase();
            let column = COLUMNS
                .into_iter()
                .find(|column| *column == name)
                .ok_or_else(|| ClientsError::Header(format!("column {} is not known", quoted(&name))))?;
            if columns.contains(&column) {
                return Err(ClientsError::Header(format!("column `{column}` stands there twice")));
            }
            columns.push(column);
        }
        for needed in ["id", "name"] {
            if !columns.contains(&needed) {
                return Err(ClientsError::Header(format!("column `{needed}` is missing")));
            }
        }
        Ok(Self { file: file.to_owned(), form: Form::Csv { reader: Box::new(reader), columns } })
    }

    /// Reads one JSON object per line.
    pub fn json(file: &str, reader: R) -> Self {
        Self { file: file.to_owned(), form: Form::Json { reader, line: 0 } }
    }

    /// The next row, or `None` after the last.
    ///
    /// # Errors
    /// [`ClientsError::Io`].
    pub fn next_row(&mut self) -> Result<Option<Row>, ClientsError> {
        let mut notes = Notes::new(&self.file);
        let cells = match &mut self.form {
            Form::Csv { reader, columns } => {
                let mut record = csv::ByteRecord::new();
                match reader.read_byte_record(&mut record) {
                    Ok(false) => return Ok(None),
                    Ok(true) => {}
                    Err(error) => return Err(ClientsError::Io(std::io::Error::other(error))),
                }
                notes.line = record.position().map_or(0, csv::Position::line);
                if record.len() == columns.len() {
                    crate::read::row_text(&record, columns)
                } else {
                    Err(format!("has {} cells instead of {}", record.len(), columns.len()))
                }
            }
            Form::Json { reader, line } => {
                let mut bytes = Vec::new();
                loop {
                    bytes.clear();
                    if std::io::Read::take(&mut *reader, MAX_LINE_BYTES).read_until(b'\n', &mut bytes)? == 0 {
                        return Ok(None);
                    }
                    *line += 1;
                    if !bytes.trim_ascii().is_empty() {
                        break;
                    }
                }
                notes.line = *line;
                if bytes.last() != Some(&b'\n') && bytes.len() as u64 == MAX_LINE_BYTES {
                    skip_line(reader)?;
                    Err(format!("is longer than {MAX_LINE_BYTES} bytes"))
                } else {
                    json_cells(&bytes)
                }
            }
        };
        let query = match cells {
            Ok(cells) => query(&cells, &mut notes),
            Err(fault) => {
                notes.row(fault);
                None
            }
        };
        Ok(Some(Row { query, faults: notes.into_faults() }))
    }
}

fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let (used, done) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        if done {
            return Ok(());
        }
    }
}

fn json_cells(bytes: &[u8]) -> Result<BTreeMap<&'static str, String>, String> {
    let object: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(bytes).map_err(|error| format!("is no JSON object: {error}"))?;
    let mut cells = BTreeMap::new();
    for (key, value) in object {
        let column = COLUMNS
            .into_iter()
            .find(|column| **column == key)
            .ok_or_else(|| format!("key {} is not known", quoted(&key)))?;
        let text = match value {
            serde_json::Value::Null => continue,
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Array(items) => {
                let texts: Option<Vec<String>> = items
                    .iter()
                    .map(|item| item.as_str().map(|text| format!("\"{}\"", text.replace('"', "\"\""))))
                    .collect();
                texts.ok_or_else(|| format!("`{column}` holds something that is no text"))?.join(";")
            }
            _ => return Err(format!("`{column}` is neither a text nor a list of texts")),
        };
        let text = clean(&text).map_err(|fault| format!("`{column}` {fault}"))?;
        if !text.is_empty() {
            cells.insert(column, text);
        }
    }
    Ok(cells)
}

fn query(cells: &BTreeMap<&'static str, String>, notes: &mut Notes<'_>) -> Option<Query> {
    let cell = |column: &str| cells.get(column).map(String::as_str).unwrap_or_default();
    if cell("id").is_empty() {
        notes.row("has no id");
        return None;
    }
    let kind = match cell("kind").to_ascii_lowercase().as_str() {
        "" | "person" | "individual" => Kind::Person,
        "organisation" | "organization" | "company" | "entity" => Kind::Organisation,
        "vessel" => Kind::Vessel,
        "unknown" => Kind::Unknown,
        other => {
            notes.row(format!("kind {} is none of person, organisation, vessel, unknown", quoted(other)));
            return None;
        }
    };
    let mut names: Vec<Name> = Vec::new();
    match clean_name(cell("name")) {
        Ok(text) => {
            let family = Some(cell("family_name")).filter(|family| !family.is_empty()).map(str::to_owned);
            add_name(&mut names, Name { text, quality: NameQuality::Primary, family }, kind);
        }
        Err(fault) => {
            notes.row(format!("name {}: {fault}", quoted(cell("name"))));
            return None;
        }
    }
    for alias in values(cell("alias")) {
        if let Some(name) = notes.name("alias", &alias, NameQuality::Alias) {
            add_name(&mut names, name, kind);
        }
    }
    let mut territories = Vec::new();
    for value in values(cell("nationality")) {
        let found = Territory::read_all(&value);
        if found.is_empty() {
            notes.value(format!("nationality {}: is no territory we know", quoted(&value)));
        }
        territories.extend(found);
    }
    let gender = Gender::read(cell("gender"));
    if gender.is_none() && !cell("gender").is_empty() {
        notes.value(format!("gender {}: is neither male nor female", quoted(cell("gender"))));
    }
    let identifiers = NUMBERS
        .into_iter()
        .flat_map(|(column, kind)| values(cell(column)).into_iter().map(move |value| (column, kind, value)));
    Some(Query {
        id: cell("id").to_owned(),
        kind,
        names,
        dates: notes.dates("birth_date", cell("birth_date")),
        territories,
        gender,
        identifiers: identifiers.filter_map(|(column, kind, value)| notes.identifier(column, kind, &value)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Lost;

    fn all<R: BufRead>(mut clients: Clients<R>) -> (Vec<Query>, Vec<Fault>) {
        let (mut queries, mut faults) = (Vec::new(), Vec::new());
        while let Some(row) = clients.next_row().unwrap() {
            queries.extend(row.query);
            faults.extend(row.faults);
        }
        (queries, faults)
    }

    #[test]
    fn rows_of_both_forms_become_the_same_queries() {
        let csv = "id,name,alias,birth_date,nationality,passport\n1,Vera Orlando,Vera Orlan; V. O.,1980-02-03,it; fr,AB 123456\n";
        let json = "{\"id\":\"1\",\"name\":\"Vera Orlando\",\"alias\":[\"Vera Orlan\",\"V. O.\"],\"birth_date\":\"1980-02-03\",\"nationality\":[\"it\",\"fr\"],\"passport\":\"AB 123456\"}\n\n";
        let (queries, faults) = all(Clients::csv("c.csv", csv.as_bytes()).unwrap());
        assert_eq!(faults, []);
        assert_eq!(queries, all(Clients::json("c.jsonl", json.as_bytes())).0);
        assert_eq!((queries[0].names.len(), queries[0].territories.len(), queries[0].identifiers.len()), (3, 2, 1));
    }

    #[test]
    fn bad_rows_are_named_and_the_others_screened() {
        let mut csv = b"id,name,kind,birth_date\n1,Vera Orlando,person,31.2.1980\n2,,person,\n,No Number,person,\n4,Ghost,spirit,\n5,only\n6,Jos\xe9,person,\n7,".to_vec();
        csv.extend("x".repeat(10_240).bytes());
        csv.extend("\n".bytes().chain(",\n".bytes()));
        csv.extend("8,\u{202e}\u{200b},person,\n9,Tomas Quill,,\n".bytes());
        let (queries, faults) = all(Clients::csv("c.csv", csv.as_slice()).unwrap());
        assert_eq!(queries.iter().map(|query| query.id.as_str()).collect::<Vec<_>>(), ["1", "9"]);
        let rows: Vec<u64> = faults.iter().filter(|fault| fault.lost == Lost::Row).map(|fault| fault.line).collect();
        assert_eq!(rows, [3, 4, 5, 6, 7, 8, 9, 10], "{faults:#?}");
    }

    #[test]
    fn json_lines_that_are_none_are_named() {
        let long = format!("{{\"id\":\"3\",\"name\":\"{}\"}}", "x".repeat(100_000));
        let text = format!(
            "[]\n{{\"id\":\"2\",\"nom\":\"x\"}}\n{long}\n{{\"id\":4,\"name\":\"Tomas Quill\"}}\n{{\"id\":\"5\",\"na"
        );
        let (queries, faults) = all(Clients::json("c.jsonl", text.as_bytes()));
        assert_eq!(queries.iter().map(|query| query.id.as_str()).collect::<Vec<_>>(), ["4"]);
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [1, 2, 3, 5], "{faults:#?}");
    }

    #[test]
    fn a_header_that_is_not_known_is_refused() {
        for header in ["id,title\n", "name\n", "id,name,name\n", ""] {
            assert!(Clients::csv("c.csv", header.as_bytes()).is_err(), "{header}");
        }
    }
}
