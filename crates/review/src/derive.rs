//! A pack made from another by named edits, so that what both say is written once.
//!
//! `derivation.json` of the derived pack lists the edits; the files that come out are committed like those of any pack, and
//! whoever reads or proves them needs neither the other pack nor this module. An edit says how often its old text stands,
//! so that a change of the other pack that touches it is noticed instead of lost.

use countersign_core::version_tag;
use serde::Deserialize;

version_tag!(
    /// Version of the list of edits.
    DerivationV1 = "countersign/pack-derivation/v1"
);

/// The files of a pack that are derived.
pub const DERIVED: [&str; 4] = ["invariants.json", "pack.json", "policies.cedar", "schema.cedarschema"];

/// From which pack, and with which edits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derivation {
    #[serde(rename = "v")]
    _v: DerivationV1,
    /// Name of the other pack.
    pub from: String,
    edits: Vec<FileEdit>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEdit {
    file: String,
    old: String,
    new: String,
    times: usize,
}

/// Why a pack cannot be derived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeriveError {
    /// Not the format.
    #[error("not a derivation: {0}")]
    Format(String),
    /// The text to replace stands there another number of times.
    #[error("edit {number}: `{old}` stands {found} times in {file}, not {times}")]
    Count {
        /// Which edit, from 1.
        number: usize,
        /// In which file.
        file: String,
        /// What was looked for.
        old: String,
        /// How often it should stand there.
        times: usize,
        /// How often it stands there.
        found: usize,
    },
    /// An edit of a file that is not derived.
    #[error("edit {number}: `{file}` is not derived")]
    File {
        /// Which edit, from 1.
        number: usize,
        /// The file.
        file: String,
    },
}

impl Derivation {
    /// Reads `derivation.json`.
    ///
    /// # Errors
    /// [`DeriveError::Format`]; also for an edit that changes nothing.
    pub fn parse(text: &str) -> Result<Self, DeriveError> {
        let read: Self = serde_json::from_str(text).map_err(|error| DeriveError::Format(error.to_string()))?;
        let idle = |edit: &FileEdit| edit.old.is_empty() || edit.old == edit.new || edit.times == 0;
        match read.edits.iter().position(idle) {
            Some(at) => Err(DeriveError::Format(format!("edit {} changes nothing", at + 1))),
            None => Ok(read),
        }
    }

    /// Makes the edits, in their order. `files` are the other pack's, by name.
    ///
    /// # Errors
    /// [`DeriveError::Count`], [`DeriveError::File`].
    pub fn apply(&self, mut files: Vec<(String, String)>) -> Result<Vec<(String, String)>, DeriveError> {
        for (number, edit) in (1..).zip(&self.edits) {
            let text = files.iter_mut().find(|(name, _)| *name == edit.file).map(|(_, text)| text);
            let text = text.ok_or_else(|| DeriveError::File { number, file: edit.file.clone() })?;
            let found = text.matches(&edit.old).count();
            if found != edit.times {
                let FileEdit { file, old, times, .. } = edit.clone();
                return Err(DeriveError::Count { number, file, old, times, found });
            }
            *text = text.replace(&edit.old, &edit.new);
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derivation(edits: &str) -> Result<Derivation, DeriveError> {
        Derivation::parse(&format!(r#"{{"v":"countersign/pack-derivation/v1","from":"a","edits":[{edits}]}}"#))
    }

    #[test]
    fn edits_are_made_in_their_order_and_counted() {
        let files = || vec![("pack.json".to_owned(), "one two one".to_owned())];
        let made = derivation(
            r#"{"file":"pack.json","old":"one","new":"two","times":2},{"file":"pack.json","old":"two","new":"three","times":3}"#,
        );
        assert_eq!(made.unwrap().apply(files()).unwrap()[0].1, "three three three");
        let error = |edit: &str| derivation(edit).unwrap().apply(files()).unwrap_err().to_string();
        let found = error(r#"{"file":"pack.json","old":"one","new":"two","times":1}"#);
        assert_eq!(found, "edit 1: `one` stands 2 times in pack.json, not 1");
        assert!(error(r#"{"file":"pack.json","old":"four","new":"two","times":1}"#).contains("0 times"));
        assert!(error(r#"{"file":"README.md","old":"a","new":"b","times":1}"#).contains("is not derived"));
    }

    #[test]
    fn what_is_no_derivation_is_refused() {
        for bad in [
            r#"{"file":"pack.json","old":"one","new":"one","times":1}"#,
            r#"{"file":"pack.json","old":"","new":"one","times":1}"#,
            r#"{"file":"pack.json","old":"one","new":"two","times":0}"#,
            r#"{"file":"pack.json","old":"one","new":"two"}"#,
            r#"{"file":"pack.json","old":"one","new":"two","times":1,"why":""}"#,
        ] {
            assert!(derivation(bad).is_err(), "{bad}");
        }
        assert!(Derivation::parse(r#"{"v":"countersign/pack-derivation/v2","from":"a","edits":[]}"#).is_err());
    }
}
