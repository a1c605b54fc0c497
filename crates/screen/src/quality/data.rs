//! The folder of public data on which figures are measured, found by its layout:
//!
//! ```text
//! un/UN_consolidated.xml          list of the Security Council
//! eu/consolidated/*.csv           annexes of the Official Journal
//! eu/amendments/*.csv             their amendments
//! ofac/sdn.csv                    OFAC's list, with alt.csv, add.csv and sdn_comments.csv
//! people/negatives_us.csv         people who are on no list
//! pairs/name_pairs.csv            labelled pairs of names
//! ```
//!
//! All of it is needed: figures from a part would look like figures from the whole. What else lies there is not read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::entity::Entity;
use crate::quality::pairs::LabelledPair;
use crate::quality::report::read_people;
use crate::read::{Lost, ReadError, Reading, eu::EuReader, ofac, un};
use crate::screen::Query;

/// Largest file that is read.
const MAX_BYTES: u64 = 256 << 20;

const UN: &str = "un/UN_consolidated.xml";
const EU: [&str; 2] = ["eu/consolidated", "eu/amendments"];
const OFAC: [&str; 4] = ["sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv"];
const PEOPLE: &str = "people/negatives_us.csv";
const PAIRS: &str = "pairs/name_pairs.csv";

/// What the folder holds.
#[derive(Debug)]
pub struct Data {
    /// Everything listed: Council, Union, OFAC.
    pub entities: Vec<Entity>,
    /// What each list came to.
    pub lists: Vec<ListRead>,
    /// People who are on no list.
    pub clean: Vec<Query>,
    /// Pairs of names of which people said whether they name the same.
    pub pairs: Vec<LabelledPair>,
}

/// One list, as far as it was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRead {
    /// Name of the source, with which the ids of its entities start.
    pub source: &'static str,
    /// Entities.
    pub entities: usize,
    /// Rows that were rejected.
    pub rejected: usize,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Files or folders are not there.
    #[error("{folder} lacks {}; screening data has the layout of docs/screening.md, \"Quality\"", missing.join(", "))]
    Missing {
        /// The folder.
        folder: String,
        /// What is not there, relative to it.
        missing: Vec<String>,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    Io {
        /// Which one.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// A list is not of its form.
    #[error(transparent)]
    List(#[from] ReadError),
    /// A table is not of its form.
    #[error("{path}: {reason}")]
    Table {
        /// Which one.
        path: String,
        /// Why.
        reason: String,
    },
}

impl Data {
    /// Reads all of it.
    ///
    /// # Errors
    /// [`DataError`], naming everything that is missing at once.
    pub fn read(folder: &Path) -> Result<Self, DataError> {
        let ofac_files = OFAC.map(|name| format!("ofac/{name}"));
        let mut annexes = Vec::new();
        let mut missing = Vec::new();
        for part in EU {
            match tables_in(&folder.join(part))? {
                tables if tables.is_empty() => missing.push(format!("{part}/*.csv")),
                tables => annexes.extend(tables),
            }
        }
        let single = [UN, PEOPLE, PAIRS].map(str::to_owned).into_iter().chain(ofac_files.clone());
        missing.extend(single.filter(|name| !folder.join(name).is_file()));
        if !missing.is_empty() {
            missing.sort();
            return Err(DataError::Missing { folder: folder.display().to_string(), missing });
        }
        let read = |name: &str| bytes(&folder.join(name));
        let council = un::read(UN, &read(UN)?)?;
        let mut europe = EuReader::default();
        for path in annexes {
            europe.add(&path.file_name().unwrap_or_default().to_string_lossy(), &bytes(&path)?)?;
        }
        let [primary, aliases, addresses, comments] = ofac_files;
        let (primary, aliases, addresses, comments) =
            (read(&primary)?, read(&aliases)?, read(&addresses)?, read(&comments)?);
        let america = ofac::read(ofac::OfacFiles {
            primary: (OFAC[0], &primary),
            aliases: Some((OFAC[1], &aliases)),
            addresses: Some((OFAC[2], &addresses)),
            comments: Some((OFAC[3], &comments)),
        })?;
        let table =
            |path: &str, reason: String| DataError::Table { path: folder.join(path).display().to_string(), reason };
        let clean = read_people(&read(PEOPLE)?).map_err(|reason| table(PEOPLE, reason))?;
        let pairs = LabelledPair::read_all(&read(PAIRS)?).map_err(|reason| table(PAIRS, reason))?;
        let mut data = Self { entities: Vec::new(), lists: Vec::new(), clean, pairs };
        for (source, reading) in [("un", council), ("eu", europe.finish()), ("ofac", america)] {
            data.lists.push(ListRead::of(source, &reading));
            data.entities.extend(reading.entities);
        }
        Ok(data)
    }
}

impl ListRead {
    fn of(source: &'static str, reading: &Reading) -> Self {
        let rejected = reading.faults.iter().filter(|fault| fault.lost == Lost::Row).count();
        Self { source, entities: reading.entities.len(), rejected }
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> DataError {
    let path = path.display().to_string();
    move |error| DataError::Io { path, error }
}

/// The tables of a folder in the order of their names, which is that of their dates; none when it is not there.
fn tables_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries: Result<Vec<PathBuf>, io::Error> =
        fs::read_dir(folder).map_err(failed(folder))?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut tables = entries.map_err(failed(folder))?;
    tables.retain(|path| path.extension().is_some_and(|end| end == "csv"));
    tables.sort();
    Ok(tables)
}

fn bytes(path: &Path) -> Result<Vec<u8>, DataError> {
    let length = fs::metadata(path).map_err(failed(path))?.len();
    if length > MAX_BYTES {
        let reason = format!("has {length} bytes; at most {MAX_BYTES} are read");
        return Err(DataError::Table { path: path.display().to_string(), reason });
    }
    fs::read(path).map_err(failed(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_at_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("eu/amendments")).unwrap();
        fs::create_dir_all(folder.path().join("ofac")).unwrap();
        fs::write(folder.path().join("ofac/sdn.csv"), "").unwrap();
        fs::write(folder.path().join("eu/amendments/README.md"), "").unwrap();
        let told = Data::read(folder.path()).unwrap_err().to_string();
        let lacks = "lacks eu/amendments/*.csv, eu/consolidated/*.csv, ofac/add.csv, ofac/alt.csv, ofac/sdn_comments.csv, \
                     pairs/name_pairs.csv, people/negatives_us.csv, un/UN_consolidated.xml;";
        assert!(told.contains(lacks), "{told}");
    }
}
