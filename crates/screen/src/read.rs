//! Readers of published lists. Each reads one source whole: a row that cannot be used is rejected with its place and reason, a file that is
//! not what it should be is refused, and nothing of it is used.

pub mod eu;
pub mod ftm;
pub mod ofac;
pub mod ofac_advanced;
pub mod uk;
pub mod un;
mod xml;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, Kind, Name, NameQuality};
use crate::identifier::{Identifier, IdentifierKind};
use crate::text::{TextFault, clean, clean_bytes, clean_name};

/// Longest file that is read.
pub const MAX_FILE_BYTES: usize = 256 << 20;
/// Most entities of one source.
pub const MAX_ENTITIES: usize = 2_000_000;
/// Most names of one entity.
pub const MAX_NAMES: usize = 400;

/// What a source gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The entities, in the order of the source.
    pub entities: Vec<Entity>,
    /// What was not used, in the order of the source.
    pub faults: Vec<Fault>,
    /// How many rows or records were read.
    pub rows: u64,
}

/// One thing that was not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The file, as it was called.
    pub file: String,
    /// The line on which the row starts.
    pub line: u64,
    /// The whole row or one value of it.
    pub lost: Lost,
    /// Which field, and why.
    pub reason: String,
}

/// How much a fault cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// The row.
    Row,
    /// One value; the rest of the row is used.
    Value,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = match self.lost {
            Lost::Row => "row rejected",
            Lost::Value => "value left out",
        };
        write!(f, "{} line {}: {lost}: {}", self.file, self.line, self.reason)
    }
}

/// Why a source is refused whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is too large to be what it says.
    #[error("`{file}` has {bytes} bytes; a list has at most {MAX_FILE_BYTES}")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        bytes: usize,
    },
    /// Its first line or outermost element is another.
    #[error("`{file}` is no {expected}: {found}")]
    NotThis {
        /// The file.
        file: String,
        /// What it should be.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// It ends too early or is not well formed.
    #[error("`{file}` is broken at line {line}: {reason}; nothing of it is used, fetch it again")]
    Broken {
        /// The file.
        file: String,
        /// Where.
        line: u64,
        /// How.
        reason: String,
    },
    /// Nothing in it can be used.
    #[error("`{file}` holds no entity that can be used ({faults} rows rejected)")]
    Nothing {
        /// The file.
        file: String,
        /// How many rows were rejected.
        faults: usize,
    },
}

/// Collects faults of one file.
pub(crate) struct Notes<'a> {
    file: &'a str,
    pub(crate) line: u64,
    faults: Vec<Fault>,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(file: &'a str) -> Self {
        Self { file, line: 0, faults: Vec::new() }
    }

    pub(crate) fn row(&mut self, reason: impl Into<String>) {
        self.push(Lost::Row, reason.into());
    }

    pub(crate) fn value(&mut self, reason: impl Into<String>) {
        self.push(Lost::Value, reason.into());
    }

    fn push(&mut self, lost: Lost, reason: String) {
        self.faults.push(Fault { file: self.file.to_owned(), line: self.line, lost, reason });
    }

    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// The cells of a row as clean text, and the row's line from now on; a row of another length, or that is not text, is noted.
    pub(crate) fn cells(&mut self, record: &csv::ByteRecord, columns: usize) -> Option<Vec<String>> {
        self.line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns {
            self.row(format!("has {} cells instead of {columns}", record.len()));
            return None;
        }
        let cells: Result<Vec<String>, _> = record.iter().map(clean_bytes).collect();
        cells.map_err(|fault| self.row(format!("a cell {fault}"))).ok()
    }

    /// A name that can be used, or a note why not.
    pub(crate) fn name(&mut self, field: &str, text: &str, quality: NameQuality) -> Option<Name> {
        match clean_name(text) {
            Ok(text) => Some(Name::new(text, quality)),
            Err(TextFault::Empty) => None,
            Err(fault) => {
                self.value(format!("{field} {}: {fault}", quoted(text)));
                None
            }
        }
    }

    /// Dates of a cell; what cannot be read is noted.
    pub(crate) fn dates(&mut self, field: &str, cell: &str) -> Vec<crate::date::StatedDate> {
        let (dates, unread) = crate::date::read_dates(cell);
        for text in unread {
            self.value(format!("{field} {}: is no date of the calendar that we can read", quoted(&text)));
        }
        dates
    }

    /// A number; what has a wrong checksum or is too short to name anybody is noted.
    pub(crate) fn identifier(&mut self, field: &str, kind: IdentifierKind, text: &str) -> Option<Identifier> {
        let text = text.trim();
        let found = Identifier::new(kind, text);
        if found.is_none() && !text.is_empty() {
            self.value(format!("{field} {}: is no such number (length or checksum)", quoted(text)));
        }
        found
    }
}

/// A table that is no CSV from some line on.
pub(crate) fn broken(file: &str, error: &csv::Error) -> ReadError {
    ReadError::Broken {
        file: file.to_owned(),
        line: error.position().map_or(0, csv::Position::line),
        reason: error.to_string(),
    }
}

/// Foreign text for an error, cut.
pub(crate) fn quoted(text: &str) -> String {
    let text = clean(text).unwrap_or_else(|_| text.chars().filter(|char| *char != '\u{fffd}').collect());
    let cut: String = text.chars().take(48).collect();
    if cut.len() < text.len() { format!("`{cut}…`") } else { format!("`{cut}`") }
}

/// Refuses what is too large to be a list.
pub(crate) fn check_size(file: &str, bytes: &[u8]) -> Result<(), ReadError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ReadError::TooLarge { file: file.to_owned(), bytes: bytes.len() });
    }
    Ok(())
}

/// Names that stand in one printed name: `GREAT LAKES BUSINESS COMPANY (GLBC)` is also `GREAT LAKES BUSINESS COMPANY`, and `GLBC`.
pub(crate) fn printed_variants(name: &Name, kind: Kind) -> Vec<Name> {
    let mut variants = Vec::new();
    let mut add = |text: &str, quality| {
        let text = text.trim().trim_matches([',', ';', '"', '“', '”']).trim();
        if text != name.text && text.chars().filter(|char| char.is_alphabetic()).count() >= 3 {
            variants.push(Name::new(text.to_owned(), quality));
        }
    };
    if !name.text.contains(['(', ';']) {
        return variants;
    }
    for part in name.text.split(';') {
        let mut outside = String::new();
        let mut rest = part;
        while let Some((before, after)) = rest.split_once('(') {
            outside.push_str(before);
            let Some((inside, after)) = after.split_once(')') else {
                rest = "";
                break;
            };
            if let Some((quality, text)) = labelled(inside) {
                add(text, quality);
            } else if kind != Kind::Person && inside.len() <= 60 && !inside.contains("and the following") {
                add(inside, NameQuality::Weak);
            }
            rest = after;
        }
        outside.push_str(rest);
        add(&outside, name.quality);
    }
    variants
}

fn labelled(text: &str) -> Option<(NameQuality, &str)> {
    const LABELS: [(&str, NameQuality); 12] = [
        ("formerly known as", NameQuality::Previous),
        ("formerly listed as", NameQuality::Previous),
        ("formerly", NameQuality::Previous),
        ("previously known as", NameQuality::Previous),
        ("f.k.a.", NameQuality::Previous),
        ("also known as", NameQuality::Alias),
        ("alias", NameQuality::Alias),
        ("a.k.a.", NameQuality::Alias),
        ("aka", NameQuality::Alias),
        ("a.k.a", NameQuality::Alias),
        ("previous spelling", NameQuality::Alias),
        ("also spelled", NameQuality::Alias),
    ];
    LABELS.iter().find_map(|(label, quality)| {
        let start = text.get(..label.len())?;
        start.eq_ignore_ascii_case(label).then(|| (*quality, text[label.len()..].trim_start_matches([':', ' '])))
    })
}

/// The words in capitals of a name in mixed case: many lists print the family name so.
pub(crate) fn family_in_capitals(text: &str) -> Option<String> {
    let is_capital = |word: &&str| {
        word.chars().filter(|char| char.is_alphabetic()).count() > 1 && !word.chars().any(char::is_lowercase)
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let family: Vec<&str> = words.iter().copied().filter(is_capital).collect();
    let given = words.iter().filter(|word| word.chars().any(char::is_lowercase)).count();
    (!family.is_empty() && given > 0).then(|| family.join(" "))
}

/// Adds a name that is not there yet, with the variants printed in it.
pub(crate) fn add_name(names: &mut Vec<Name>, name: Name, kind: Kind) {
    let variants = printed_variants(&name, kind);
    for name in std::iter::once(name).chain(variants) {
        if names.len() < MAX_NAMES && !names.iter().any(|known| known.text == name.text) {
            names.push(name);
        }
    }
}

/// The values of a cell in which `;` separates and quotes protect.
pub(crate) fn values(cell: &str) -> Vec<String> {
    if !cell.contains('"') {
        return cell.split(';').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect();
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        .has_headers(false)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(cell.as_bytes());
    let rows = reader.records().filter_map(Result::ok);
    rows.flat_map(|row| row.iter().map(str::to_owned).collect::<Vec<_>>()).filter(|value| !value.is_empty()).collect()
}

/// A row of a table as clean text by column, or the fault of its first cell that is not text.
pub(crate) fn row_text(
    row: &csv::ByteRecord,
    columns: &[&'static str],
) -> Result<BTreeMap<&'static str, String>, String> {
    let mut cells = BTreeMap::new();
    for (column, cell) in columns.iter().zip(row) {
        let text = clean_bytes(cell).map_err(|fault| format!("{column} {fault}"))?;
        if !text.is_empty() {
            cells.insert(*column, text);
        }
    }
    Ok(cells)
}
