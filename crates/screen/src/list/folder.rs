//! The folder of lists: `SOURCE/DIGEST.jsonl` for each version, `SOURCE/current` with the digest of the one in effect,
//! `SOURCE/incidents.jsonl` with every update that was held back, and `SOURCE/checked` with the time at which the publisher's files were
//! last found to be those in effect.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Lines, Write};
use std::path::{Path, PathBuf};

use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entity::Entity;
use crate::list::{Head, Version};

/// An update that changed nothing, and why: people have to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// When it was tried.
    pub at: Timestamp,
    /// Digest of the files.
    pub digest: String,
    /// Digest of the version that stays in effect, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_effect: Option<String>,
    /// Why.
    pub reason: String,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
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
    /// A version is not as it was written.
    #[error(
        "{path} line {line} is damaged ({reason}): restore the folder from its copy, or read the list anew into an empty folder"
    )]
    Damaged {
        /// The file.
        path: String,
        /// The line.
        line: usize,
        /// How.
        reason: String,
    },
    /// A name that is no source or digest.
    #[error("`{0}` is no name of a source: small letters, digits and `-`")]
    Name(String),
}

/// A folder of lists.
#[derive(Clone, Debug)]
pub struct Lists {
    folder: PathBuf,
}

fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> FolderError {
    let path = path.display().to_string();
    move |error| FolderError::Io { doing, path, error }
}

impl Lists {
    /// The lists in a folder, which need not exist.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Sources with a version in effect, by name.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn sources(&self) -> Result<Vec<String>, FolderError> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&self.folder).map_err(io("read", &self.folder))?;
        let mut sources = Vec::new();
        for entry in entries {
            let path = entry.map_err(io("read", &self.folder))?.path();
            if let Some(name) =
                path.file_name().and_then(|name| name.to_str()).filter(|_| path.join("current").is_file())
            {
                sources.push(name.to_owned());
            }
        }
        sources.sort();
        Ok(sources)
    }

    /// The version in effect.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn current(&self, source: &str) -> Result<Option<Version>, FolderError> {
        self.current_digest(source)?.map(|digest| self.version(source, &digest)).transpose()
    }

    /// The head of the version in effect; its entities are not read.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn current_head(&self, source: &str) -> Result<Option<Head>, FolderError> {
        self.current_digest(source)?.map(|digest| self.head(source, &digest)).transpose()
    }

    fn current_digest(&self, source: &str) -> Result<Option<String>, FolderError> {
        Ok(read_if_there(&self.source(source)?.join("current"))?.map(|text| text.trim().to_owned()))
    }

    /// Source and digest of every version in effect, without reading the versions.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn digests(&self) -> Result<Vec<(String, String)>, FolderError> {
        let mut digests = Vec::new();
        for source in self.sources()? {
            let path = self.source(&source)?.join("current");
            let digest = fs::read_to_string(&path).map_err(io("read", &path))?;
            digests.push((source, digest.trim().to_owned()));
        }
        Ok(digests)
    }

    /// A version by its digest.
    ///
    /// # Errors
    /// [`FolderError`] also when the file is not whole.
    pub fn version(&self, source: &str, digest: &str) -> Result<Version, FolderError> {
        let (head, mut lines, path) = self.begin(source, digest)?;
        let damaged =
            |line: usize, reason: String| FolderError::Damaged { path: path.display().to_string(), line, reason };
        let mut next = |line: usize| {
            lines
                .next()
                .transpose()
                .map_err(io("read", &path))?
                .ok_or_else(|| damaged(line, "it ends too early".to_owned()))
        };
        let mut entities: Vec<Entity> = Vec::with_capacity(head.entities.min(1 << 20));
        for number in 0..head.entities {
            entities.push(
                serde_json::from_str(&next(number + 2)?).map_err(|error| damaged(number + 2, error.to_string()))?,
            );
        }
        Ok(Version { head, entities })
    }

    /// The head of a version by its digest; its entities are not read.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn head(&self, source: &str, digest: &str) -> Result<Head, FolderError> {
        Ok(self.begin(source, digest)?.0)
    }

    /// The head of a version, and the lines behind it.
    fn begin(&self, source: &str, digest: &str) -> Result<(Head, Lines<BufReader<File>>, PathBuf), FolderError> {
        let path = self.source(source)?.join(format!("{}.jsonl", name(digest)?));
        let damaged = |reason: String| FolderError::Damaged { path: path.display().to_string(), line: 1, reason };
        let mut lines = BufReader::new(File::open(&path).map_err(io("read", &path))?).lines();
        let first = lines.next().transpose().map_err(io("read", &path))?;
        let first = first.ok_or_else(|| damaged("it ends too early".to_owned()))?;
        let head: Head = serde_json::from_str(&first).map_err(|error| damaged(error.to_string()))?;
        if head.format != "countersign-list/1" || head.digest != digest || head.source != source {
            return Err(damaged("it is of another format, source or digest".to_owned()));
        }
        Ok((head, lines, path))
    }

    /// When the publisher's files were last read and found to be those in effect: by the update itself, or later without a change.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn last_checked(&self, source: &str) -> Result<Option<Timestamp>, FolderError> {
        let Some(head) = self.current_head(source)? else { return Ok(None) };
        let path = self.source(source)?.join("checked");
        let Some(text) = read_if_there(&path)? else { return Ok(Some(head.read_at)) };
        let checked = Timestamp::parse(text.trim()).map_err(|error| FolderError::Damaged {
            path: path.display().to_string(),
            line: 1,
            reason: error.to_string(),
        })?;
        Ok(Some(checked.max(head.read_at)))
    }

    /// Notes that the publisher's files are those in effect.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn note_checked(&self, source: &str, at: Timestamp) -> Result<(), FolderError> {
        whole(&self.source(source)?.join("checked"), |file| writeln!(file, "{at}"))
    }

    /// Digests of all versions of a source with their heads, in the order in which they were read.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn history(&self, source: &str) -> Result<Vec<Head>, FolderError> {
        let mut heads = Vec::new();
        let mut next = self.current_head(source)?;
        while let Some(head) = next {
            next = match &head.before {
                Some(before) if heads.len() < 10_000 => Some(self.head(source, before)?),
                _ => None,
            };
            heads.push(head);
        }
        heads.reverse();
        Ok(heads)
    }

    /// Writes a version and makes it the one in effect. Killed at any moment, either the version before or this one is in effect.
    ///
    /// # Errors
    /// [`FolderError`]; the version before stays in effect.
    pub fn put(&self, version: &Version) -> Result<(), FolderError> {
        let folder = self.source(&version.head.source)?;
        fs::create_dir_all(&folder).map_err(io("create", &folder))?;
        let path = folder.join(format!("{}.jsonl", name(&version.head.digest)?));
        whole(&path, |file| {
            serde_json::to_writer(&mut *file, &version.head)?;
            file.write_all(b"\n")?;
            for entity in &version.entities {
                serde_json::to_writer(&mut *file, entity)?;
                file.write_all(b"\n")?;
            }
            Ok(())
        })?;
        whole(&folder.join("current"), |file| writeln!(file, "{}", version.head.digest))
    }

    /// Records an update that was held back. The version in effect stays.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn hold_back(&self, source: &str, incident: &Incident) -> Result<(), FolderError> {
        let folder = self.source(source)?;
        fs::create_dir_all(&folder).map_err(io("create", &folder))?;
        let path = folder.join("incidents.jsonl");
        let go = || {
            let mut line = serde_json::to_vec(incident)?;
            line.push(b'\n');
            let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
            // A line that a kill cut off must not swallow this one.
            if file.metadata()?.len() > 0 && fs::read(&path)?.last() != Some(&b'\n') {
                line.insert(0, b'\n');
            }
            file.write_all(&line)?;
            file.sync_all()
        };
        go().map_err(io("write", &path))
    }

    /// The updates of a source that were held back, oldest first; a line cut off by a kill is none.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn incidents(&self, source: &str) -> Result<Vec<Incident>, FolderError> {
        let path = self.source(source)?.join("incidents.jsonl");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(io("read", &path)(error)),
        }
    }

    fn source(&self, source: &str) -> Result<PathBuf, FolderError> {
        Ok(self.folder.join(name(source)?))
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>, FolderError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io("read", path)(error)),
    }
}

/// Names become parts of paths.
fn name(name: &str) -> Result<&str, FolderError> {
    let sound = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    sound.then_some(name).ok_or_else(|| FolderError::Name(name.to_owned()))
}

fn whole(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<(), FolderError> {
    let temporary = path.with_extension("part");
    let go = || {
        let mut file = BufWriter::new(File::create(&temporary)?);
        write(&mut file)?;
        file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    go().map_err(io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::update;
    use crate::read::un;
    use countersign_core::time::Timestamp;

    fn version(name: &str, digest: &str, before: Option<&Version>) -> Version {
        let text = format!(
            "<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>{name}</FIRST_NAME><LISTED_ON>2020-01-01</LISTED_ON></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>"
        );
        let reading = un::read("un.xml", text.as_bytes()).unwrap();
        update("un", digest, before, reading, Timestamp::from_unix(1_000).unwrap(), 0).unwrap().0
    }

    #[test]
    fn a_version_comes_back_as_it_was_put() {
        let folder = tempfile::tempdir().unwrap();
        let lists = Lists::at(folder.path().join("lists"));
        assert_eq!((lists.sources().unwrap(), lists.current("un").unwrap()), (vec![], None));
        let first = version("ARUN BELSO", "aa", None);
        lists.put(&first).unwrap();
        let second = version("ARUN BELSOV", "bb", Some(&first));
        lists.put(&second).unwrap();
        assert_eq!(lists.current("un").unwrap().as_ref(), Some(&second));
        assert_eq!(lists.version("un", "aa").unwrap(), first);
        assert_eq!(
            lists.history("un").unwrap().iter().map(|head| head.digest.as_str()).collect::<Vec<_>>(),
            ["aa", "bb"]
        );
        assert_eq!(lists.sources().unwrap(), ["un"]);
    }

    #[test]
    fn an_unchanged_list_is_known_to_be_fresh() {
        let folder = tempfile::tempdir().unwrap();
        let lists = Lists::at(folder.path().to_owned());
        let at = |seconds| Some(Timestamp::from_unix(seconds).unwrap());
        assert_eq!(lists.last_checked("un").unwrap(), None);
        lists.put(&version("ARUN BELSO", "aa", None)).unwrap();
        assert_eq!(lists.last_checked("un").unwrap(), at(1_000));
        lists.note_checked("un", at(5_000).unwrap()).unwrap();
        assert_eq!(lists.last_checked("un").unwrap(), at(5_000));
        lists.note_checked("un", at(500).unwrap()).unwrap();
        assert_eq!(lists.last_checked("un").unwrap(), at(1_000), "a clock that went back makes nothing older");
        fs::write(folder.path().join("un/checked"), "yesterday").unwrap();
        assert!(matches!(lists.last_checked("un"), Err(FolderError::Damaged { .. })));
        assert_eq!(lists.current_head("un").unwrap().unwrap().digest, "aa");
    }

    #[test]
    fn what_a_killed_update_leaves_behind_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let lists = Lists::at(folder.path().to_owned());
        let first = version("ARUN BELSO", "aa", None);
        lists.put(&first).unwrap();
        fs::write(folder.path().join("un/bb.part"), "{\"format\":").unwrap();
        fs::write(folder.path().join("un/bb.jsonl"), "half").unwrap();
        fs::write(folder.path().join("un/current.part"), "b").unwrap();
        assert_eq!(lists.current("un").unwrap().as_ref(), Some(&first));
        let second = version("ARUN BELSOV", "bb", Some(&first));
        lists.put(&second).unwrap();
        assert_eq!(lists.current("un").unwrap(), Some(second));
    }

    #[test]
    fn updates_held_back_are_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        let lists = Lists::at(folder.path().to_owned());
        let first = version("ARUN BELSO", "aa", None);
        lists.put(&first).unwrap();
        assert_eq!(lists.incidents("un").unwrap(), []);
        let incident = |digest: &str| Incident {
            at: Timestamp::from_unix(2_000).unwrap(),
            digest: digest.to_owned(),
            in_effect: Some("aa".to_owned()),
            reason: "it shrank".to_owned(),
        };
        lists.hold_back("un", &incident("bb")).unwrap();
        let path = folder.path().join("un/incidents.jsonl");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [whole.as_slice(), b"{\"at\":\"20"].concat()).unwrap();
        lists.hold_back("un", &incident("cc")).unwrap();
        assert_eq!(lists.incidents("un").unwrap(), [incident("bb"), incident("cc")]);
        assert_eq!(lists.current("un").unwrap(), Some(first));
        assert!(matches!(lists.hold_back("../x", &incident("d")), Err(FolderError::Name(_))));
    }

    #[test]
    fn damage_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let lists = Lists::at(folder.path().to_owned());
        lists.put(&version("ARUN BELSO", "aa", None)).unwrap();
        let path = folder.path().join("un/aa.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        for cut in 0..text.trim_end().len() {
            fs::write(&path, &text[..cut]).unwrap();
            assert!(matches!(lists.current("un"), Err(FolderError::Damaged { .. })), "cut at {cut}");
        }
        assert!(matches!(lists.version("un", "../un"), Err(FolderError::Name(_))));
        assert!(matches!(lists.current("../etc"), Err(FolderError::Name(_))));
    }
}
