//! The workspace of counsel: notes sealed to counsel, in a folder of its own. Nothing of the custodian opens it, and nothing here opens the
//! custodian: no store, no lock, no log.
//!
//! Layout: `recipients.txt` (age recipients, one in a line), `CASE/NNNNNN.age` (each note). Format: `docs/formats/counsel-note.md`.

use crate::files;
use anyhow::{Context, Result, bail, ensure};
use countersign_approve::{PublicKey, verify_signature};
use countersign_core::case::note::{CounselNote, CounselNoteV1, NOTE_NAMESPACE, note_message};
use countersign_core::digest;
use countersign_core::id::{CaseId, Digest, PersonId};
use countersign_core::json::{Document as _, Exact};
use countersign_core::time::Timestamp;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

use crate::signer::Signer;

/// Longest list of recipients in bytes.
const MAX_RECIPIENTS: usize = 64 * 1024;
/// Longest sealed note in bytes: the document, its signature, and what age adds for each recipient.
const MAX_SEALED: usize = CounselNote::MAX_LEN + 128 * 1024;
/// Longest signature in bytes.
const MAX_SIGNATURE: usize = 12 * 1024;

/// A workspace.
pub(crate) struct Workspace(PathBuf);

/// A note, opened, with its signature checked.
pub(crate) struct OpenedNote {
    pub(crate) note: Exact<CounselNote>,
}

impl Workspace {
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Those who can read what is written from now on.
    pub(crate) fn recipients(&self) -> Result<Vec<age::x25519::Recipient>> {
        let path = self.0.join("recipients.txt");
        let text = files::read_text(&path, MAX_RECIPIENTS).context(
            "counsel keeps the list of those who may read notes: make a key with `countersign counsel key` and write what it prints there",
        )?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let found: Vec<age::x25519::Recipient> = lines
            .map(|line| line.parse().map_err(|error| anyhow::anyhow!("{}: `{line}`: {error}", path.display())))
            .collect::<Result<_>>()?;
        ensure!(!found.is_empty(), "{} names nobody: a note would be read by nobody", path.display());
        Ok(found)
    }

    /// Seals a note and puts it behind those there are. It is there whole or not at all, and never in the place of another one.
    pub(crate) fn add(&self, case: CaseId, text: &str, by: &PersonId, signer: &Signer, at: Timestamp) -> Result<u32> {
        let recipients = self.recipients()?;
        let last = self.numbers(&case)?.last().copied();
        let previous = last.map(|last| self.sealed(&case, last)).transpose()?.map(|sealed| digest::plain(&sealed));
        let number = last.map_or(1, |last| last.saturating_add(1));
        let note = CounselNote {
            v: CounselNoteV1,
            case,
            number,
            previous,
            by: by.clone(),
            key: signer.public(),
            at,
            text: text.to_owned(),
        };
        let note = Exact::write(note)?;
        let signature = signer.sign(NOTE_NAMESPACE, &note_message(&note))?;
        let clear = Zeroizing::new(format!("{signature}\n{}", note.text()));
        self.put(&case, number, &seal(&recipients, clear.as_bytes())?)?;
        Ok(number)
    }

    /// The cases with notes, and how many each has.
    pub(crate) fn cases(&self) -> Result<Vec<(CaseId, usize)>> {
        let mut found = Vec::new();
        for name in names(&self.0)? {
            if let Ok(case) = CaseId::parse(&name) {
                found.push((case, self.numbers(&case)?.len()));
            }
        }
        Ok(found)
    }

    /// Every note about a case, the oldest first, with a key of counsel.
    ///
    /// # Errors
    /// When one is missing, was exchanged, moved or not signed by the key that it names.
    pub(crate) fn read(&self, case: &CaseId, identity: &age::x25519::Identity) -> Result<Vec<OpenedNote>> {
        let mut notes = Vec::new();
        let mut before: Option<Digest> = None;
        for (number, expected) in self.numbers(case)?.into_iter().zip(1..) {
            ensure!(number == expected, "note {expected} about case {case} is missing, a later one is there");
            let sealed = self.sealed(case, number)?;
            let opened = open(&sealed, identity).with_context(|| format!("note {number} about case {case}"))?;
            let note = opened.note.value();
            ensure!(
                (note.case, note.number, note.previous) == (*case, number, before),
                "note {number} about case {case} is not the one that was written there: it, or the one before it, was exchanged"
            );
            before = Some(digest::plain(&sealed));
            notes.push(opened);
        }
        Ok(notes)
    }

    fn folder(&self, case: &CaseId) -> PathBuf {
        self.0.join(case.to_hex())
    }

    fn file(&self, case: &CaseId, number: u32) -> PathBuf {
        self.folder(case).join(format!("{number:06}.age"))
    }

    fn sealed(&self, case: &CaseId, number: u32) -> Result<Vec<u8>> {
        files::read(&self.file(case, number), MAX_SEALED)
    }

    /// The numbers of the notes, ascending. What a killed writer left is none.
    fn numbers(&self, case: &CaseId) -> Result<Vec<u32>> {
        let names = names(&self.folder(case))?;
        let number = |name: &String| {
            let digits = name.strip_suffix(".age").filter(|digits| digits.len() == 6)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let mut numbers: Vec<u32> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn put(&self, case: &CaseId, number: u32, sealed: &[u8]) -> Result<()> {
        let (folder, path) = (self.folder(case), self.file(case, number));
        let go = || -> std::io::Result<bool> {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            let temporary = folder.join(format!("{number:06}.{}.part", std::process::id()));
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
            file.write_all(sealed)?;
            file.sync_all()?;
            // A link never takes the place of a file: of two writers the second finds the first.
            let linked = match fs::hard_link(&temporary, &path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
                done => done.map(|()| true)?,
            };
            fs::remove_file(&temporary)?;
            File::open(&folder)?.sync_all()?;
            File::open(&self.0)?.sync_all()?;
            Ok(linked)
        };
        if !go().with_context(|| format!("cannot write {}", path.display()))? {
            bail!("somebody else wrote note {number} about this case meanwhile: read it, then say this again");
        }
        Ok(())
    }
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", folder.display()))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.with_context(|| format!("cannot read {}", folder.display()))?.file_name();
        found.extend(name.into_string().ok());
    }
    found.sort_unstable();
    Ok(found)
}

fn seal(recipients: &[age::x25519::Recipient], clear: &[u8]) -> Result<Vec<u8>> {
    let recipients = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients)?;
    let mut sealed = Vec::with_capacity(clear.len() + 4096);
    let mut writer = encryptor.wrap_output(&mut sealed)?;
    writer.write_all(clear)?;
    writer.finish()?;
    Ok(sealed)
}

/// Opens one note and checks that the key it names signed it.
fn open(sealed: &[u8], identity: &age::x25519::Identity) -> Result<OpenedNote> {
    let decryptor = age::Decryptor::new(sealed)?;
    let reader = decryptor.decrypt(std::iter::once(identity as &dyn age::Identity));
    let reader = reader.context("this key does not open it: it is not among those that it was sealed to")?;
    let mut clear = Zeroizing::new(Vec::new());
    reader.take(MAX_SEALED as u64).read_to_end(&mut clear)?;
    let text = std::str::from_utf8(&clear).context("it is not text")?;
    let (signature, document) = text.split_once('\n').context("it has no signature")?;
    ensure!(signature.len() <= MAX_SIGNATURE, "its signature is too long");
    let note = Exact::<CounselNote>::parse(document.as_bytes())?;
    let key = PublicKey::parse(&note.value().key)?;
    verify_signature(&key, NOTE_NAMESPACE, &note_message(&note), signature)
        .context("the key that it names did not sign it")?;
    Ok(OpenedNote { note })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;

    const CASE: CaseId = CaseId([1; 16]);

    struct Room {
        folder: tempfile::TempDir,
        workspace: Workspace,
        identity: age::x25519::Identity,
    }

    fn signer(seed: u8) -> Signer {
        Signer::Plain(SigningKey::from_bytes(&[seed; 32]))
    }

    fn person() -> PersonId {
        PersonId::parse("nora-falk").unwrap()
    }

    fn at() -> Timestamp {
        Timestamp::parse("2026-11-20T13:00:00Z").unwrap()
    }

    impl Room {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let identity = age::x25519::Identity::generate();
            fs::write(folder.path().join("recipients.txt"), format!("# nora\n{}\n", identity.to_public())).unwrap();
            let workspace = Workspace::new(folder.path());
            Self { folder, workspace, identity }
        }

        fn add(&self, text: &str) -> Result<u32> {
            self.workspace.add(CASE, text, &person(), &signer(7), at())
        }

        fn texts(&self) -> Result<Vec<String>> {
            Ok(self.workspace.read(&CASE, &self.identity)?.iter().map(|one| one.note.value().text.clone()).collect())
        }

        fn file(&self, name: &str) -> PathBuf {
            self.folder.path().join(CASE.to_hex()).join(name)
        }
    }

    #[test]
    fn notes_are_read_in_order_and_by_counsel_alone() {
        let room = Room::new();
        assert_eq!(room.texts().unwrap(), Vec::<String>::new());
        assert_eq!((room.add("weak\nbut lawful").unwrap(), room.add("appeal").unwrap()), (1, 2));
        assert_eq!(room.texts().unwrap(), ["weak\nbut lawful", "appeal"]);
        assert_eq!(room.workspace.cases().unwrap(), [(CASE, 2)]);
        let other = age::x25519::Identity::generate();
        assert!(room.workspace.read(&CASE, &other).is_err());
        for name in ["000001.age", "000002.age"] {
            let sealed = fs::read(room.file(name)).unwrap();
            assert!(!sealed.windows(6).any(|part| b"lawful appeal".windows(6).any(|clear| clear == part)));
        }
        assert!(room.add(" \n").is_err() && room.add(&"x".repeat(32 * 1024 + 1)).is_err());
    }

    #[test]
    fn what_was_exchanged_moved_or_taken_away_is_noticed() {
        let room = Room::new();
        for text in ["one", "two", "three"] {
            room.add(text).unwrap();
        }
        let kept: Vec<Vec<u8>> = (1..=3).map(|n| fs::read(room.file(&format!("00000{n}.age"))).unwrap()).collect();
        let restore = || {
            (1..=3).zip(&kept).for_each(|(n, sealed)| fs::write(room.file(&format!("00000{n}.age")), sealed).unwrap())
        };

        fs::remove_file(room.file("000002.age")).unwrap();
        assert!(room.texts().unwrap_err().to_string().contains("note 2"), "taken away");
        restore();
        fs::write(room.file("000002.age"), &kept[0]).unwrap();
        assert!(room.texts().is_err(), "moved");
        restore();
        let (other, first) = (Room::new(), &kept[1]);
        fs::write(other.folder.path().join("recipients.txt"), room.identity.to_public().to_string()).unwrap();
        other.add("ONE").unwrap();
        fs::write(room.file("000001.age"), fs::read(other.file("000001.age")).unwrap()).unwrap();
        assert!(room.texts().unwrap_err().to_string().contains("exchanged"), "another first note");
        restore();
        let mut damaged = first.clone();
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        fs::write(room.file("000002.age"), damaged).unwrap();
        assert!(room.texts().is_err(), "damaged");
        restore();
        assert_eq!(room.texts().unwrap(), ["one", "two", "three"]);

        // Signed by another key than the one it names.
        let note = room.workspace.read(&CASE, &room.identity).unwrap().pop().unwrap().note;
        let signature = signer(8).sign(NOTE_NAMESPACE, &note_message(&note)).unwrap();
        let forged = seal(&[room.identity.to_public()], format!("{signature}\n{}", note.text()).as_bytes()).unwrap();
        fs::write(room.file("000003.age"), forged).unwrap();
        assert!(format!("{:#}", room.texts().unwrap_err()).contains("did not sign"), "signed by somebody else");
    }

    /// Killed before the link nothing is there; killed after it the note is, and what was left beside it is none.
    #[test]
    fn a_killed_writer_leaves_a_whole_note_or_none() {
        let room = Room::new();
        room.add("one").unwrap();
        fs::write(room.file("000002.4711.part"), b"half").unwrap();
        assert_eq!(room.texts().unwrap(), ["one"]);
        assert_eq!(room.add("two").unwrap(), 2);
        fs::copy(room.file("000002.age"), room.file("000002.4712.part")).unwrap();
        assert_eq!(room.texts().unwrap(), ["one", "two"]);
    }

    #[test]
    fn of_two_writers_the_second_is_told() {
        let room = Room::new();
        room.add("one").unwrap();
        let before = fs::read(room.file("000001.age")).unwrap();
        let lost = room.workspace.put(&CASE, 1, b"another").unwrap_err();
        assert!(lost.to_string().contains("meanwhile"), "{lost}");
        assert_eq!(fs::read(room.file("000001.age")).unwrap(), before);
    }

    #[test]
    fn nothing_is_written_that_nobody_could_read() {
        let room = Room::new();
        for list in ["", "# nobody\n", "age1notakey\n"] {
            fs::write(room.folder.path().join("recipients.txt"), list).unwrap();
            assert!(room.add("one").is_err(), "{list:?}");
        }
        fs::remove_file(room.folder.path().join("recipients.txt")).unwrap();
        assert!(format!("{:#}", room.add("one").unwrap_err()).contains("countersign counsel key"));
        assert!(!room.file("000001.age").exists());
    }
}
