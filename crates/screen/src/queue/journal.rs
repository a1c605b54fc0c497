//! The journal of the queue: one JSON document per line, each with the digest of the line before it, on the disk before anything is said.
//!
//! A file and not the custodian's database: screening runs beside the custodian, on machines that hold no share of it, and what has to hold
//! is only an order of events with one writer. The file is locked while it is open. A line that a kill cut off is no event; anything else
//! that does not fit is damage, named with its line, and the queue does not open. Bytes and rules: `docs/formats/alerts.md`.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use countersign_core::digest;
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::queue::{Arrival, Event, Finding, Queue, Refused, SCREENING};

/// One line.
#[derive(Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    by: String,
    /// SHA-256 of the line before without its line break, of nothing for the first.
    before: String,
    #[serde(flatten)]
    event: Event,
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Reading or writing failed.
    #[error("cannot {doing} {path}: {error}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// Somebody else has it open.
    #[error("{0} is open in another countersign: wait until it is done")]
    Busy(String),
    /// It is not as it was written.
    #[error("{path} line {line} is damaged ({reason}): restore the file from its copy")]
    Damaged {
        /// The file.
        path: String,
        /// The line.
        line: usize,
        /// How.
        reason: String,
    },
    /// The rules refuse it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A write failed before: nobody knows how much of it is on the disk.
    #[error("{0} could not be written before: open it again")]
    Broken(String),
}

/// What became of findings that were brought in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// New alerts.
    pub raised: usize,
    /// Of these, pairs that were decided or waiting and of which a side changed.
    pub again: usize,
    /// Waiting or confirmed already.
    pub known: usize,
    /// Silent: found to be false positives, and unchanged.
    pub suppressed: usize,
}

/// What the bytes of a journal say.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The queue after every whole line.
    pub queue: Queue,
    /// Digest of the last whole line, which the next one names.
    pub last: String,
    /// Length of all whole lines; what stands behind was cut off by a kill and is no event.
    pub whole: usize,
}

/// The first line that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is damaged ({reason})")]
pub struct LineFault {
    /// Which, counted from 1.
    pub line: usize,
    /// How.
    pub reason: String,
}

/// Reads a journal.
///
/// # Errors
/// [`LineFault`] at the first line that is none, does not follow the one before, or that the rules of the queue refuse.
pub fn read(bytes: &[u8]) -> Result<Told, LineFault> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let mut told = Told { queue: Queue::default(), last: digest::plain(b"").to_string(), whole };
    let lines = bytes.get(..whole).unwrap_or_default().split_inclusive(|byte| *byte == b'\n');
    for (number, line) in (1..).zip(lines) {
        let fault = |reason: String| LineFault { line: number, reason };
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let entry: Entry = serde_json::from_slice(line).map_err(|error| fault(error.to_string()))?;
        if entry.before != told.last {
            return Err(fault("it does not follow the line before".to_owned()));
        }
        if let Some(member) = unknown_member(&entry.event, line) {
            return Err(fault(format!("`{member}` is no member of this event")));
        }
        told.last = digest::plain(line).to_string();
        told.queue.apply(entry.at, &entry.by, entry.event).map_err(|refused| fault(refused.to_string()))?;
    }
    Ok(told)
}

/// A member of a line that its event does not have. What people decide on must not hold something that is passed over.
fn unknown_member(event: &Event, line: &[u8]) -> Option<String> {
    let own: &[&str] = match event {
        Event::Raised { .. } => &["number", "again", "finding"],
        Event::Proposed { .. } => &["number", "disposition", "reason"],
        Event::Agreed { .. } | Event::Disagreed { .. } | Event::Withdrawn { .. } => &["number", "reason"],
    };
    let members: BTreeMap<String, serde::de::IgnoredAny> = serde_json::from_slice(line).unwrap_or_default();
    members
        .into_keys()
        .find(|name| !["at", "by", "before", "event"].contains(&name.as_str()) && !own.contains(&name.as_str()))
}

/// The queue with its file.
pub struct Journal {
    path: PathBuf,
    file: File,
    before: String,
    queue: Queue,
    broken: bool,
}

impl Journal {
    /// Opens a journal, which is created when it is not there.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let shown = path.display().to_string();
        let io = |doing: &'static str| {
            let path = shown.clone();
            move |error| JournalError::Io { doing, path, error }
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io("create the folder of"))?;
        }
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy(shown)),
            Err(TryLockError::Error(error)) => return Err(io("lock")(error)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io("read"))?;
        let Told { queue, last, whole } = read(&bytes).map_err(|LineFault { line, reason }| JournalError::Damaged {
            path: shown.clone(),
            line,
            reason,
        })?;
        let mut journal = Self { path: path.to_owned(), file, before: last, queue, broken: false };
        // What a kill left of a line nobody was told of.
        journal.file.set_len(whole as u64).map_err(io("shorten"))?;
        journal.file.seek(SeekFrom::End(0)).map_err(io("read"))?;
        Ok(journal)
    }

    /// The queue as it stands.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Somebody acts.
    ///
    /// # Errors
    /// [`JournalError`]; after a failed write the journal has to be opened again.
    pub fn act(&mut self, at: Timestamp, by: &str, event: Event) -> Result<(), JournalError> {
        let line = self.entry(at, by, event)?;
        self.write(&line)
    }

    /// Brings findings in. Killed on the way, the first of them are in, and bringing all in again brings the others.
    ///
    /// # Errors
    /// [`JournalError`]; after a failed write the journal has to be opened again.
    pub fn bring(
        &mut self,
        at: Timestamp,
        findings: impl IntoIterator<Item = Finding>,
    ) -> Result<Brought, JournalError> {
        let mut brought = Brought::default();
        let mut lines = Vec::new();
        for finding in findings {
            match self.queue.arrive(finding) {
                Arrival::Known(_) => brought.known += 1,
                Arrival::Suppressed(_) => brought.suppressed += 1,
                Arrival::New(events) => {
                    for event in events {
                        if let Event::Raised { again, .. } = &event {
                            brought.raised += 1;
                            brought.again += usize::from(again.is_some());
                        }
                        let line = self.entry(at, SCREENING, event);
                        // What came before is applied and not written: the file is what counts.
                        self.broken |= line.is_err();
                        lines.extend(line?);
                    }
                }
            }
        }
        self.write(&lines)?;
        Ok(brought)
    }

    /// Applies an event and gives its line. Until the line is written the queue is ahead of the file, so a failed write breaks the journal.
    fn entry(&mut self, at: Timestamp, by: &str, event: Event) -> Result<Vec<u8>, JournalError> {
        if self.broken {
            return Err(JournalError::Broken(self.path.display().to_string()));
        }
        let entry = Entry { at, by: by.to_owned(), before: self.before.clone(), event: event.clone() };
        let mut line = serde_json::to_vec(&entry).map_err(|error| self.io("write")(error.into()))?;
        self.queue.apply(at, by, event)?;
        self.before = digest::plain(&line).to_string();
        line.push(b'\n');
        Ok(line)
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), JournalError> {
        self.broken = true;
        self.file.write_all(lines).and_then(|()| self.file.sync_data()).map_err(self.io("write"))?;
        self.broken = false;
        Ok(())
    }

    fn io(&self, doing: &'static str) -> impl FnOnce(std::io::Error) -> JournalError + use<> {
        let path = self.path.display().to_string();
        move |error| JournalError::Io { doing, path, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::tests::finding;
    use crate::queue::{Disposition, Lane, Stage};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds).unwrap()
    }

    fn filled(path: &Path) -> Queue {
        let mut journal = Journal::open(path).unwrap();
        let findings = ["a", "b", "a"].map(|client| finding(client, "e", ("1", "1")));
        let brought = journal.bring(at(1), findings).unwrap();
        assert_eq!(brought, Brought { raised: 2, again: 0, known: 1, suppressed: 0 });
        let reason = || "born elsewhere".to_owned();
        journal
            .act(
                at(2),
                "Mara",
                Event::Proposed { number: 1, disposition: Disposition::FalsePositive, reason: reason() },
            )
            .unwrap();
        journal.act(at(3), "Olen", Event::Agreed { number: 1, reason: reason() }).unwrap();
        journal.queue().clone()
    }

    #[test]
    fn what_was_said_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts/journal.jsonl");
        let queue = filled(&path);
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.queue(), &queue);
        let brought = journal.bring(at(9), ["a", "b", "c"].map(|client| finding(client, "e", ("1", "1")))).unwrap();
        assert_eq!(brought, Brought { raised: 1, again: 0, known: 1, suppressed: 1 });
        assert!(matches!(Journal::open(&path), Err(JournalError::Busy(_))), "one writer");
    }

    #[test]
    fn a_refused_act_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        filled(&path);
        let before = fs::read(&path).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        let act = Event::Agreed { number: 2, reason: "seen".into() };
        assert!(matches!(journal.act(at(5), "Mara", act), Err(JournalError::Refused(_))));
        drop(journal);
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn cut_anywhere_it_opens_with_whole_events_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        filled(&path);
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let journal = Journal::open(&path).unwrap();
            let lines = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(journal.queue().cases().count(), lines.min(2), "cut at {cut}");
            let decided = journal.queue().case(1).is_some_and(|case| matches!(case.stage, Stage::Decided { .. }));
            assert_eq!(decided, lines == 4);
        }
    }

    #[test]
    fn what_a_kill_cut_off_is_gone_before_the_next_line_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        filled(&path);
        let whole = fs::read(&path).unwrap();
        for torn in [&b"{"[..], b"{\"at\":\"2026", b"\0\0\0\0", &whole[..whole.len() / 5]] {
            let torn: Vec<u8> = torn.iter().copied().filter(|byte| *byte != b'\n').collect();
            fs::write(&path, [whole.as_slice(), &torn].concat()).unwrap();
            let act = Event::Proposed { number: 2, disposition: Disposition::Confirmed, reason: "passport".into() };
            Journal::open(&path).unwrap().act(at(9), "Mara", act).unwrap();
            let after = fs::read(&path).unwrap();
            assert!(after.starts_with(&whole), "nothing that was told of is touched");
            assert_eq!(read(&after).unwrap().whole, after.len());
            assert!(matches!(Journal::open(&path).unwrap().queue().case(2).unwrap().stage, Stage::Proposed { .. }));
        }
    }

    #[derive(serde::Deserialize)]
    struct Vectors {
        cases: Vec<VectorCase>,
    }

    #[derive(serde::Deserialize)]
    struct VectorCase {
        name: String,
        journal: String,
        damaged: Option<usize>,
        torn: Option<usize>,
        stages: Option<Vec<String>>,
        waiting: Option<[Vec<u64>; 2]>,
    }

    #[test]
    fn journals_are_read_and_refused_as_the_vectors_say() {
        let vectors: Vectors = serde_json::from_str(include_str!("../../../../vectors/screen/alerts.json")).unwrap();
        for case in vectors.cases {
            let found = read(case.journal.as_bytes());
            assert_eq!(found.as_ref().err().map(|fault| fault.line), case.damaged, "{}: {found:?}", case.name);
            let Ok(told) = found else { continue };
            assert_eq!(case.journal.len() - told.whole, case.torn.unwrap(), "{}", case.name);
            let stages: Vec<&str> = told.queue.cases().map(|case| case.stage.label()).collect();
            assert_eq!(stages, case.stages.unwrap(), "{}", case.name);
            let waiting = [Lane::Recognised, Lane::People]
                .map(|lane| told.queue.waiting(lane).iter().map(|case| case.number).collect::<Vec<_>>());
            assert_eq!(waiting, case.waiting.unwrap(), "{}", case.name);
        }
    }

    #[test]
    fn a_line_that_was_changed_taken_out_or_put_elsewhere_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        filled(&path);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let damaged = |text: String| {
            fs::write(&path, text).unwrap();
            matches!(Journal::open(&path), Err(JournalError::Damaged { .. }))
        };
        assert!(damaged(text.replacen("born elsewhere", "born elsewhare", 1)));
        assert!(damaged([lines[0], lines[2], lines[3], ""].join("\n")));
        assert!(damaged([lines[1], lines[0], lines[2], lines[3], ""].join("\n")));
        assert!(damaged(format!("{text}{{}}\n")));
        // Even with a digest that fits, one person does not decide.
        let alone = lines[3].replace("\"Olen\"", "\"Mara\"");
        assert!(damaged([lines[0], lines[1], lines[2], &alone, ""].join("\n")));
    }
}
