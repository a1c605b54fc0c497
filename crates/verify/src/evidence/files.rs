//! A folder of files as bytes, and the list of their SHA-512 digests that `sha512sum -c` also reads.

use countersign_core::encoding::hex;
use sha2::{Digest as _, Sha512};
use std::collections::BTreeMap;

/// The list's own name.
pub const SUMS: &str = "manifest-sha512.txt";

/// Files by path relative to the folder, `/` between parts.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What is wrong, and in which file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct Fault {
    /// Path of the file.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Fault {
    /// A fault in `file`.
    pub fn new(file: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self { file: file.into(), reason: reason.to_string() }
    }
}

/// The list for `files`: `<128 hexadecimal digits>  <path>` per line, sorted by path.
pub fn sums(files: &Files) -> String {
    let lines = files.iter().filter(|(path, _)| path.as_str() != SUMS);
    lines.map(|(path, bytes)| format!("{}  {path}\n", hex(&Sha512::digest(bytes)))).collect()
}

/// Checks that the list is exactly that of the files: nothing missing, nothing besides, nothing changed.
///
/// # Errors
/// [`Fault`] naming the first file that differs.
pub fn check_sums(files: &Files) -> Result<(), Fault> {
    let listed = files.get(SUMS).ok_or_else(|| Fault::new(SUMS, "is missing"))?;
    let listed = std::str::from_utf8(listed).map_err(|error| Fault::new(SUMS, error))?;
    let mut expected = BTreeMap::new();
    for (number, line) in (1u32..).zip(listed.lines()) {
        let (digest, path) = line
            .split_once("  ")
            .ok_or_else(|| Fault::new(SUMS, format!("line {number} is not a digest, two spaces and a path")))?;
        if expected.insert(path, digest).is_some() {
            return Err(Fault::new(SUMS, format!("line {number} repeats `{path}`")));
        }
    }
    for (path, bytes) in files.iter().filter(|(path, _)| path.as_str() != SUMS) {
        let found = hex(&Sha512::digest(bytes));
        match expected.remove(path.as_str()) {
            Some(digest) if digest == found => {}
            // A changed file gets an unrelated digest, in which 120 of 128 digits differ; one that is nearly right shows
            // that the list was changed.
            Some(digest) if is_near(digest, &found) => {
                return Err(Fault::new(SUMS, format!("the digest of `{path}` was changed in the list")));
            }
            Some(_) => {
                return Err(Fault::new(path, "does not have the SHA-512 digest of the list: the file was changed"));
            }
            None => {
                let renamed = expected.iter().any(|(other, digest)| **digest == found && !files.contains_key(*other));
                let (at, reason) = if renamed {
                    (SUMS, format!("has the digest of `{path}` under another name"))
                } else {
                    (path.as_str(), "is not in the list of digests".to_owned())
                };
                return Err(Fault::new(at, reason));
            }
        }
    }
    if let Some(missing) = expected.into_keys().next() {
        return Err(Fault::new(missing, "is in the list of digests and missing"));
    }
    if sums(files) != listed {
        return Err(Fault::new(SUMS, "is not sorted by path, or not written exactly as it must be"));
    }
    Ok(())
}

/// Whether fewer than half of the digits differ.
fn is_near(listed: &str, found: &str) -> bool {
    let differing = listed.bytes().zip(found.bytes()).filter(|(left, right)| left != right).count();
    listed.len() == found.len() && differing < found.len() / 2
}

/// A file that must be there.
pub(super) fn file<'f>(files: &'f Files, path: &str) -> Result<&'f [u8], Fault> {
    files.get(path).map(Vec::as_slice).ok_or_else(|| Fault::new(path, "is missing"))
}

/// Files under `folder/`, by their full path.
pub(super) fn under<'f>(files: &'f Files, folder: &str) -> impl Iterator<Item = (&'f str, &'f [u8])> {
    let prefix = format!("{folder}/");
    files
        .range(prefix.clone()..)
        .take_while(move |(path, _)| path.starts_with(&prefix))
        .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> Files {
        let mut files = Files::from([("a.json".into(), b"{}".to_vec()), ("b/c.leaf".into(), b"x".to_vec())]);
        files.insert(SUMS.into(), sums(&files).into_bytes());
        files
    }

    #[test]
    fn every_change_of_one_byte_is_named() {
        let good = folder();
        check_sums(&good).unwrap();
        for (path, bytes) in &good {
            for place in 0..bytes.len() {
                let mut bad = good.clone();
                bad.get_mut(path).unwrap()[place] ^= 1;
                assert_eq!(check_sums(&bad).unwrap_err().file, *path, "byte {place}");
            }
        }
    }

    #[test]
    fn nothing_may_be_missing_or_added() {
        let mut files = folder();
        files.insert("d".into(), vec![]);
        assert_eq!(check_sums(&files).unwrap_err().file, "d");
        let mut files = folder();
        files.remove("a.json");
        assert_eq!(check_sums(&files).unwrap_err().file, "a.json");
        let mut files = folder();
        files.remove(SUMS);
        assert_eq!(check_sums(&files).unwrap_err().file, SUMS);
    }
}
