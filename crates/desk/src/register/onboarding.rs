//! The rows of a file of clients before they are sealed, for a comparison in memory.

use super::columns::COLUMNS;
use super::import::import_digest;
use super::rows::{CsvOptions, ImportError, Row, Rows};
use countersign_core::id::Digest;
use std::io::{Read, Seek};

/// A good row, for as long as it is looked at.
pub struct Onboarded<'a>(&'a Row);

impl<'a> Onboarded<'a> {
    /// Line of the file on which it begins.
    pub fn line(&self) -> u64 {
        self.0.line
    }

    /// The value of a known column; empty when there is none.
    pub fn value(&self, column: &str) -> &'a str {
        self.0.value(column)
    }
}

/// Shows every good row of a file. Gives the digest by which an import of exactly these bytes is known, for
/// [`import_these_clients`](super::import_these_clients).
///
/// # Errors
/// [`ImportError`] when the file as a whole cannot be imported. Bad rows are passed over: an import refuses them or leaves them out.
pub fn each_client<R: Read + Seek>(
    file: R,
    options: &CsvOptions,
    mut look: impl FnMut(&Onboarded<'_>),
) -> Result<Digest, ImportError> {
    let mut rows = Rows::open(file, COLUMNS, options)?;
    while let Some(next) = rows.next()? {
        if let Ok(row) = next {
            look(&Onboarded(&row));
        }
    }
    Ok(import_digest("clients", &rows.digest()))
}
