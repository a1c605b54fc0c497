//! A note of counsel: privileged reasoning about a case, kept apart from it. Format: `docs/formats/counsel-note.md`.
//!
//! Not in scope: sealing it, keeping it. No event, leaf or document of a case names a note.

use crate::approval::signed_line;
use crate::id::{CaseId, Digest, PersonId};
use crate::json::{Document, Exact};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the note format.
    CounselNoteV1 = "countersign/counsel-note/v1"
);

/// SSHSIG namespace of signatures under notes.
pub const NOTE_NAMESPACE: &str = "note@countersign";

/// One note.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounselNote {
    /// Format version.
    pub v: CounselNoteV1,
    /// The case that it is about.
    pub case: CaseId,
    /// 1 for the first note about the case, rising by one.
    pub number: u32,
    /// SHA-256 of the sealed file of the note before; `None` exactly for the first.
    pub previous: Option<Digest>,
    /// Who wrote it.
    pub by: PersonId,
    /// The author's key, in the spelling of a roster.
    pub key: String,
    /// When.
    pub at: Timestamp,
    /// What counsel thinks.
    pub text: String,
}

impl CounselNote {
    /// Longest text in bytes.
    pub const MAX_TEXT: usize = 32 * 1024;
}

impl Document for CounselNote {
    const WHAT: &'static str = "note of counsel";
    const DOMAIN: &'static str = CounselNoteV1::TEXT;
    // INVARIANT: every character of the text may need an escape of six.
    const MAX_LEN: usize = 6 * Self::MAX_TEXT + 16 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.number >= 1, "`number` is zero: the first note is number 1"),
            ((self.number == 1) == self.previous.is_none(), "`previous` is left out exactly by the first note"),
            (!self.text.trim().is_empty(), "`text` is empty"),
            (self.text.len() <= Self::MAX_TEXT, "`text` is longer than 32 KiB"),
            (!self.key.is_empty() && self.key.len() <= 2048, "`key` is no key"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// The line that the author of a note signs.
pub fn note_message(note: &Exact<CounselNote>) -> Vec<u8> {
    signed_line(CounselNoteV1::TEXT, &note.digest())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_rules_allow_can_be_written() {
        let note = CounselNote {
            v: CounselNoteV1,
            case: CaseId([1; 16]),
            number: u32::MAX,
            previous: Some(Digest([2; 32])),
            by: PersonId::parse("nora-falk").unwrap(),
            key: "\u{1}".repeat(2048),
            at: Timestamp::MAX,
            text: "\u{1}".repeat(CounselNote::MAX_TEXT),
        };
        let text = Exact::write(note.clone()).unwrap().text().to_owned();
        assert!(Exact::<CounselNote>::parse(text.as_bytes()).unwrap().value() == &note);
        assert!(Exact::write(CounselNote { text: format!("{}x", note.text), ..note }).is_err());
    }
}
