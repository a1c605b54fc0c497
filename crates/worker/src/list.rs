//! The list of a screening: who is looked for.

use crate::error::WorkerError;
use countersign_core::digest;
use countersign_core::id::Digest;
use countersign_seal::normal::Normal;
use std::collections::BTreeMap;

/// Entries by the normal form of name and birth date (`docs/formats/blind-index.md`, "Normal forms").
pub struct List {
    entries: BTreeMap<Vec<u8>, String>,
}

impl List {
    /// Most lines of a list.
    pub const MAX_ENTRIES: usize = 1_000_000;

    /// Largest list in bytes.
    pub const MAX_BYTES: usize = 256 * 1024 * 1024;

    /// Reads lines of an entry's id, a tabulator, a name, a tabulator, a birth date (`1970-01-31`), when their SHA-256 is
    /// `expected`.
    ///
    /// # Errors
    /// [`WorkerError::List`] naming the line.
    pub fn read(bytes: &[u8], expected: &Digest) -> Result<Self, WorkerError> {
        let refuse = |reason: String| WorkerError::List(reason);
        let found = digest::plain(bytes);
        if found != *expected {
            return Err(refuse(format!("has the sha256 `{found}`, the duty names `{expected}`")));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| refuse(error.to_string()))?;
        let mut entries = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = |reason: &str| refuse(format!("line {number} {reason}"));
            if number > Self::MAX_ENTRIES {
                return Err(wrong("is more than a list may have"));
            }
            let mut parts = line.split('\t');
            let (Some(id), Some(name), Some(birth), None) = (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return Err(wrong("is not an id, a name and a birth date between tabulators"));
            };
            let normal = Normal::name_and_birth(&[name], birth).map_err(|error| wrong(&error.to_string()))?;
            entries.entry(normal.bytes().to_vec()).or_insert_with(|| id.to_owned());
        }
        Ok(Self { entries })
    }

    /// The entry with this name, in whatever order of its parts, and birth date.
    ///
    /// # Errors
    /// [`WorkerError::Content`] when they have no normal form: such a client was not compared with anything.
    pub fn entry(&self, names: &[&str], birth: &str) -> Result<Option<&str>, WorkerError> {
        let normal = Normal::name_and_birth(names, birth)
            .map_err(|error| WorkerError::Content(format!("a client's name or birth date: {error}")))?;
        Ok(self.entries.get(normal.bytes()).map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "un-1\tOrlando Mill\t1970-01-31\nun-2\tVera Holz\t1981-12-01\n";

    fn list(text: &str) -> Result<List, WorkerError> {
        List::read(text.as_bytes(), &digest::plain(text.as_bytes()))
    }

    #[test]
    fn people_are_found_by_all_parts_of_their_name_and_their_birth_date() {
        let list = list(LINES).unwrap();
        assert_eq!(list.entry(&["MILL", "Orlando"], "1970-01-31").unwrap(), Some("un-1"));
        assert_eq!(list.entry(&["Orlando"], "1970-01-31").unwrap(), None);
        assert_eq!(list.entry(&["Orlando", "Mill"], "1970-01-30").unwrap(), None);
        assert!(list.entry(&["Orlando", "Mill"], "long ago").is_err());
        assert!(list.entry(&[], "1970-01-31").is_err());
    }

    #[test]
    fn another_list_and_lines_that_are_none_are_refused() {
        assert!(List::read(LINES.as_bytes(), &Digest([1; 32])).is_err());
        for line in
            ["un-1", "un-1\tOrlando Mill", "un-1\tOrlando Mill\t31.1.1970", "un-1\t\t1970-01-31", "a\tb\t1970-01-31\td"]
        {
            assert!(list(&format!("{LINES}{line}\n")).err().unwrap().to_string().contains("line 3"), "{line}");
        }
    }
}
