//! What a monitor says of a log, signed: the checkpoint it has verified, the digest of the totals it has recomputed, what it has found.
//!
//! Bytes and rules: `docs/formats/monitor-report.md`. The report is a C2SP signed note under the monitor's own Ed25519 key (type 0x01).

use countersign_core::digest::plain;
use countersign_core::id::Digest;
use countersign_core::named_enum;
use countersign_core::time::Timestamp;
use countersign_tlog::Hash;
use countersign_tlog::merkle::MAX_TREE_SIZE;
use countersign_tlog::note::{KeyName, MAX_KEY_NAME_BYTES, Note, NoteError, SigningKey, VerifierKey};
use std::fmt;

/// First line of the note's text. No checkpoint begins so: the second line of a checkpoint is a number.
pub const FIRST_LINE: &str = "countersign/monitor-report/v1";

/// Most findings in one report.
pub const MAX_FINDINGS: usize = 64;

/// Longest code of a finding in bytes.
pub const MAX_CODE: usize = 40;

named_enum!(
    /// How bad a finding is.
    Severity, "a severity (notice, warning, alarm)" {
        /// Worth knowing, nothing is wrong.
        Notice = "notice",
        /// Wrong, and may become right by itself.
        Warning = "warning",
        /// Wrong, and waiting does not mend it.
        Alarm = "alarm",
    }
);

/// What a monitor says of one log at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorReport {
    /// Origin of the log.
    pub origin: KeyName,
    /// When the monitor looked, by its own clock.
    pub time: Timestamp,
    /// The checkpoint that was verified; `None` if none was.
    pub checkpoint: Option<Reported>,
    /// SHA-256 of the file of recomputed outside totals; `None` if they could not be recomputed.
    pub totals: Option<Digest>,
    /// SHA-256 of the file with the findings in words.
    pub details: Digest,
    /// Findings, strictly ascending.
    pub findings: Vec<ReportedFinding>,
}

/// A checkpoint that was verified: signed by the log, cosigned by the quorum, consistent with all that the monitor verified before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// A time by which the quorum had cosigned.
    pub witnessed: Timestamp,
}

/// One finding: severity and code, as `alarm fork`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportedFinding {
    /// How bad.
    pub severity: Severity,
    /// Which: 1 to 40 of `a` to `z` and `-`.
    pub code: String,
}

/// Bytes that are no report, or not this monitor's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The note is malformed or not signed by the monitor's key.
    #[error("monitor report: {0}")]
    Note(#[from] NoteError),
    /// The text is not that of a report.
    #[error("monitor report line {line}: expected {expected}")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What it must be.
        expected: &'static str,
    },
    /// The key is the log's own.
    #[error("monitor report: `{0}` reports on itself")]
    OwnLog(KeyName),
    /// A file beside the report has another digest.
    #[error("the {what} are not the ones that were signed: SHA-256 is {found}, the report says {said}")]
    OtherFile {
        /// Which file.
        what: &'static str,
        /// Digest of the bytes.
        found: Digest,
        /// Digest in the report, or `none`.
        said: String,
    },
}

impl MonitorReport {
    /// Signs the report.
    ///
    /// # Errors
    /// [`ReportError`] when the report breaks a rule of the format or the key is of another kind.
    pub fn sign(&self, key: &SigningKey) -> Result<Note, ReportError> {
        let text = self.to_string();
        // What this program would not read must not leave it.
        Self::parse(&text)?.not_by(key.verifier())?;
        Ok(Note::sign(&text, &[key])?)
    }

    /// Reads a report that this monitor has signed.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn open(note: &[u8], monitor: &VerifierKey) -> Result<Self, ReportError> {
        let note = Note::parse(note)?;
        // A key for cosignatures signs another message than the text, and never a report.
        if note.verify([monitor])?.iter().any(|line| line.timestamp.is_some()) {
            return Err(NoteError::Unsigned.into());
        }
        let report = Self::parse(note.text())?;
        report.not_by(monitor)?;
        Ok(report)
    }

    /// Checks the file of recomputed totals that lies beside the report.
    ///
    /// # Errors
    /// [`ReportError::OtherFile`].
    pub fn check_totals(&self, file: &[u8]) -> Result<(), ReportError> {
        same("totals", plain(file), self.totals)
    }

    /// Checks the file with the findings in words that lies beside the report.
    ///
    /// # Errors
    /// [`ReportError::OtherFile`].
    pub fn check_details(&self, file: &[u8]) -> Result<(), ReportError> {
        same("details", plain(file), Some(self.details))
    }

    /// Reads the text of a report: the one spelling of it, or nothing.
    ///
    /// # Errors
    /// [`ReportError::Line`].
    pub fn parse(text: &str) -> Result<Self, ReportError> {
        let mut lines = Lines { lines: text.split_terminator('\n'), line: 0 };
        lines.next(FIRST_LINE, |line| (line == FIRST_LINE).then_some(()))?;
        let origin = lines.field("log ", "`log <origin>`, at most 255 bytes", |value| {
            KeyName::new(value).ok().filter(|name| name.as_str().len() <= MAX_KEY_NAME_BYTES)
        })?;
        let time = lines.field("time ", "`time <UTC time>`", |value| Timestamp::parse(value).ok())?;
        let tree = lines.field("checkpoint ", "`checkpoint <size> <root>` or `checkpoint none`", |value| {
            or_none(value, |value| {
                let (size, root) = value.split_once(' ')?;
                let number: u64 = size.parse().ok()?;
                let spelled = number.to_string() == size && number <= MAX_TREE_SIZE;
                Some((number, Hash::from_base64(root).filter(|_| spelled)?))
            })
        })?;
        let checkpoint = lines.field(
            "witnessed ",
            "`witnessed <UTC time>`, or `witnessed none` exactly when there is no checkpoint",
            |value| {
                let witnessed = or_none(value, |value| Timestamp::parse(value).ok())?;
                match (tree, witnessed) {
                    (Some((size, root)), Some(witnessed)) => Some(Some(Reported { size, root, witnessed })),
                    (None, None) => Some(None),
                    _ => None,
                }
            },
        )?;
        let totals = lines.field(
            "totals ",
            "`totals <SHA-256>` or `totals none`, and `none` when there is no checkpoint",
            |value| {
                let totals = or_none(value, |value| Digest::parse(value).ok())?;
                (checkpoint.is_some() || totals.is_none()).then_some(totals)
            },
        )?;
        let details = lines.field("details ", "`details <SHA-256>`", |value| Digest::parse(value).ok())?;
        let mut findings: Vec<ReportedFinding> = Vec::new();
        while !lines.at_end() {
            let finding = lines.field(
                "finding ",
                "`finding <severity> <code>`, at most 64, strictly ascending by severity and code",
                |value| {
                    let (severity, code) = value.split_once(' ')?;
                    let finding = ReportedFinding { severity: Severity::parse(severity).ok()?, code: code.to_owned() };
                    let follows = findings.last().is_none_or(|last| *last < finding);
                    (is_code(code) && follows && findings.len() < MAX_FINDINGS).then_some(finding)
                },
            )?;
            findings.push(finding);
        }
        if !text.ends_with('\n') {
            return Err(ReportError::Line { line: lines.line, expected: "a newline at the end" });
        }
        Ok(Self { origin, time, checkpoint, totals, details, findings })
    }

    /// A log that watches itself shows nothing.
    fn not_by(&self, monitor: &VerifierKey) -> Result<(), ReportError> {
        if monitor.name() == &self.origin { Err(ReportError::OwnLog(self.origin.clone())) } else { Ok(()) }
    }
}

/// The text of the note.
impl fmt::Display for MonitorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nlog {}\ntime {}", self.origin, self.time)?;
        match &self.checkpoint {
            Some(Reported { size, root, witnessed }) => {
                writeln!(f, "checkpoint {size} {root}\nwitnessed {witnessed}")?;
            }
            None => writeln!(f, "checkpoint none\nwitnessed none")?,
        }
        match &self.totals {
            Some(totals) => writeln!(f, "totals {totals}")?,
            None => writeln!(f, "totals none")?,
        }
        writeln!(f, "details {}", self.details)?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "finding {finding}"))
    }
}

impl fmt::Display for ReportedFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.severity, self.code)
    }
}

struct Lines<'t> {
    lines: std::str::SplitTerminator<'t, char>,
    line: usize,
}

impl<'t> Lines<'t> {
    fn next<T>(&mut self, expected: &'static str, read: impl FnOnce(&'t str) -> Option<T>) -> Result<T, ReportError> {
        self.line += 1;
        self.lines.next().and_then(read).ok_or(ReportError::Line { line: self.line, expected })
    }

    fn field<T>(
        &mut self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&'t str) -> Option<T>,
    ) -> Result<T, ReportError> {
        self.next(expected, |line| read(line.strip_prefix(name)?))
    }

    fn at_end(&self) -> bool {
        self.lines.clone().next().is_none()
    }
}

/// `none`, or what `read` makes of it.
fn or_none<T>(value: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if value == "none" { Some(None) } else { read(value).map(Some) }
}

fn is_code(code: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(allowed) && !code.starts_with('-') && !code.ends_with('-')
}

fn same(what: &'static str, found: Digest, said: Option<Digest>) -> Result<(), ReportError> {
    if said == Some(found) {
        return Ok(());
    }
    Err(ReportError::OtherFile { what, found, said: said.map_or_else(|| "none".to_owned(), |said| said.to_string()) })
}
