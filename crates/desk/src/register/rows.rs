//! Rows of a CSV file, read one by one within limits, and what is wrong with them.

use super::columns::{Column, ColumnError, Columns};
use countersign_core::class::Class;
use countersign_core::id::Digest;
use countersign_seal::sealer::SealError;
use countersign_store::StoreError;
use csv::{ByteRecord, ReaderBuilder};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

/// Most bytes of one row; a quotation mark that is never closed ends here and not with the memory.
const MAX_ROW: u64 = 256 * 1024;

/// Most bad rows that are described; the others are counted.
pub const MOST_REPORTED: usize = 100;

/// How a file is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// Pairs (column of the file, known column).
    pub map: Vec<(String, String)>,
    /// Columns of the file to leave out.
    pub ignore: Vec<String>,
    /// What separates fields.
    pub delimiter: u8,
    /// What to do when rows are bad.
    pub bad_rows: BadRows,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { map: Vec::new(), ignore: Vec::new(), delimiter: b',', bad_rows: BadRows::Refuse }
    }
}

/// What to do when rows are bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRows {
    /// Store nothing.
    Refuse,
    /// Store the good ones and say which ones were left out.
    Skip,
}

/// One bad row. It never repeats a value: reports travel further than files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Line of the file on which the row begins; the first line is 1.
    pub line: u64,
    /// The column by its known name; none when the row as a whole is bad.
    pub column: Option<&'static str>,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "line {}, `{column}`: {}", self.line, self.reason),
            None => write!(f, "line {}: {}", self.line, self.reason),
        }
    }
}

/// The bad rows of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejected {
    /// How many rows are bad.
    pub count: u64,
    /// The first of them, at most [`MOST_REPORTED`].
    pub first: Vec<BadRow>,
}

impl Rejected {
    pub(crate) fn push(&mut self, bad: BadRow) {
        self.count += 1;
        if self.first.len() < MOST_REPORTED {
            self.first.push(bad);
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bad rows", self.count)?;
        for bad in &self.first {
            write!(f, "\n  {bad}")?;
        }
        let more = self.count.saturating_sub(self.first.len() as u64);
        if more > 0 { write!(f, "\n  and {more} more") } else { Ok(()) }
    }
}

/// Why an import did not happen. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The file is not what it should be, as a whole.
    #[error("the file {0}")]
    File(&'static str),
    /// The first line.
    #[error(transparent)]
    Columns(#[from] ColumnError),
    /// Bad rows.
    #[error("nothing was stored: {0}\nmend them, or import the others with `--skip-bad-rows`")]
    Rows(Rejected),
    /// A row without end.
    #[error("the row that begins on line {line} is longer than {MAX_ROW} bytes: is a quotation mark missing?")]
    LongRow {
        /// Where it begins.
        line: u64,
    },
    /// A column that the ring has no key for.
    #[error(
        "column `{column}` is sealed in class `{class}`, for which the ring has no key: leave it out with `--ignore`"
    )]
    NoKey {
        /// The column.
        column: &'static str,
        /// Its class.
        class: Class,
    },
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something inside is not as it must be.
    #[error("stopped: {0}")]
    Internal(String),
}

/// One row: trimmed values of the known columns, in their order.
pub(crate) struct Row {
    /// Place among the rows, from 0.
    pub(crate) number: u64,
    /// Line of the file.
    pub(crate) line: u64,
    values: Vec<(&'static Column, String)>,
}

impl Row {
    /// The value of a column; empty when the file has no such column.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(column, _)| column.name == name).map_or("", |(_, value)| value)
    }

    /// Columns and values, in the order of the table of known columns.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&'static Column, &str)> {
        self.values.iter().map(|(column, value)| (*column, value.as_str()))
    }

    /// The row as a bad one.
    pub(crate) fn bad(&self, column: &'static str, reason: impl Into<String>) -> BadRow {
        BadRow { line: self.line, column: Some(column), reason: reason.into() }
    }
}

/// Reads a file row by row.
pub(crate) struct Rows<R: Read> {
    reader: csv::Reader<Metered<R>>,
    columns: Columns,
    record: ByteRecord,
    next: u64,
}

impl<R: Read + Seek> Rows<R> {
    /// Begins at the start of the file, whatever was read before.
    pub(crate) fn open(mut file: R, known: &'static [Column], options: &CsvOptions) -> Result<Self, ImportError> {
        refuse_other_encodings(&mut file)?;
        let mut reader = ReaderBuilder::new()
            .delimiter(options.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(Metered::new(file));
        let mut record = ByteRecord::new();
        if !read(&mut reader, &mut record)? {
            return Err(ImportError::File("is empty"));
        }
        let names: Vec<&str> = record.iter().map(std::str::from_utf8).collect::<Result<_, _>>().map_err(|_| {
            ImportError::File(
                "has a first line that is not UTF-8: convert it, for example with `iconv -f WINDOWS-1252 -t UTF-8`",
            )
        })?;
        let columns = Columns::read(known, names.into_iter(), &options.map, &options.ignore)?;
        Ok(Self { reader, columns, record, next: 0 })
    }
}

impl<R: Read> Rows<R> {
    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The next row, good or bad; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Result<Row, BadRow>>, ImportError> {
        if !read(&mut self.reader, &mut self.record)? {
            return Ok(None);
        }
        let number = self.next;
        self.next += 1;
        let line = self.record.position().map_or(0, csv::Position::line);
        if self.record.len() != self.columns.width() {
            let reason = format!("has {} fields, the first line has {}", self.record.len(), self.columns.width());
            return Ok(Some(Err(BadRow { line, column: None, reason })));
        }
        let mut values = Vec::new();
        for (place, column) in self.columns.iter() {
            let bytes = self.record.get(place).unwrap_or_default();
            let bad = |reason| BadRow { line, column: Some(column.name), reason };
            let value = match std::str::from_utf8(bytes) {
                Ok(value) => value.trim(),
                Err(error) => {
                    let at = error.valid_up_to();
                    return Ok(Some(Err(bad(format!(
                        "is not UTF-8 from byte {at} on; the file may be in an older encoding"
                    )))));
                }
            };
            if let Some(reason) = column.problem(value) {
                return Ok(Some(Err(bad(reason))));
            }
            values.push((column, value.to_owned()));
        }
        Ok(Some(Ok(Row { number, line, values })))
    }

    /// Digest of everything that was read: of the whole file after [`next`](Self::next) gave `None`.
    pub(crate) fn digest(self) -> Digest {
        Digest(self.reader.into_inner().hash.finalize().into())
    }
}

fn read<R: Read>(reader: &mut csv::Reader<Metered<R>>, record: &mut ByteRecord) -> Result<bool, ImportError> {
    let line = reader.position().line();
    reader.get_mut().left = MAX_ROW;
    reader.read_byte_record(record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(_) if reader.get_ref().left == 0 => ImportError::LongRow { line },
        csv::ErrorKind::Io(error) => ImportError::Read(error),
        other => ImportError::Internal(format!("{other:?}")),
    })
}

fn refuse_other_encodings<R: Read + Seek>(file: &mut R) -> Result<(), ImportError> {
    file.seek(SeekFrom::Start(0))?;
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Err(ImportError::File("is UTF-16: save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8`"));
    }
    if start.starts_with(b"PK\x03\x04") {
        return Err(ImportError::File("is a spreadsheet or archive: save the sheet as CSV in UTF-8"));
    }
    Ok(())
}

/// Counts what one row takes and hashes what is read.
struct Metered<R> {
    file: R,
    hash: Sha256,
    left: u64,
}

impl<R> Metered<R> {
    fn new(file: R) -> Self {
        Self { file, hash: Sha256::new(), left: MAX_ROW }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        if read > 0 {
            self.left = self.left.saturating_sub(read as u64);
            if self.left == 0 {
                return Err(io::Error::other("a row without end"));
            }
        }
        Ok(read)
    }
}
