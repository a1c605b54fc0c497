//! The custodian's folder for tracing: the graph, the labels, what is its own, and the journal of answers. Every file is there whole or not at
//! all, and one program at a time has the folder.

use crate::address::Lock;
use crate::gate::{Journal, JournalError};
use crate::graph::Graph;
use crate::labels::{BadAddress, LabelError, Labels, Pack, Role, read_list, read_tagpack, read_wallets};
use crate::network::Network;
use crate::own::Own;
use crate::wire::{Malformed, Outpoint};
use countersign_core::digest;
use countersign_core::id::{Digest, InvalidId};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

const GRAPH: &str = "graph.bin";
const OWN: &str = "own.json";
const REACH: &str = "reach.json";
const ANSWERS: &str = "answers.json";
const LABELS: &str = "labels";
const LOCK: &str = "lock";

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file cannot be read or written.
    #[error("cannot use {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another program has the folder.
    #[error("{} is in use by another program: wait until it is done", .0.display())]
    InUse(PathBuf),
    /// There is no graph yet.
    #[error("{}: there is no graph yet: `countersign trace ingest` makes one", .0.display())]
    NoGraph(PathBuf),
    /// The stored graph is damaged.
    #[error("{}: {wrong}: ingest the blocks again", file.display())]
    Graph {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        wrong: Malformed,
    },
    /// A stored document is damaged.
    #[error("{}: {reason}", file.display())]
    Document {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The journal is damaged.
    #[error("{}", file.display())]
    Journal {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        #[source]
        source: JournalError,
    },
}

/// How a file of labels is to be read; kept with its text, and read again as strictly every time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelFile {
    /// A TagPack, or a plain list.
    pub form: LabelForm,
    /// The role of its addresses.
    pub role: Role,
    /// The list to measure exposure against that it makes, if any.
    pub list: Option<String>,
    /// Whether entries of other chains are left out instead of refused.
    pub leave_out: bool,
    /// The file itself.
    pub text: String,
}

/// The form of a file of labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum LabelForm {
    /// A TagPack, which names its issuer itself.
    Tagpack,
    /// A list, whose issuer and label are said by whoever adds it.
    Plain {
        /// Who says so.
        issuer: String,
        /// What the addresses are said to be.
        label: String,
    },
    /// Entities of FollowTheMoney with wallets among them; issuer and label as with a list.
    Wallets {
        /// Who says so.
        issuer: String,
        /// What the addresses are said to be.
        label: String,
    },
}

impl LabelFile {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`LabelError`] with the line.
    pub fn read(&self, network: Network) -> Result<Pack, LabelError> {
        let bad = if self.leave_out { BadAddress::LeaveOut } else { BadAddress::Refuse };
        match &self.form {
            LabelForm::Tagpack => read_tagpack(&self.text, network, self.role, bad),
            LabelForm::Plain { issuer, label } => read_list(&self.text, network, issuer, label, self.role, bad),
            LabelForm::Wallets { issuer, label } => read_wallets(&self.text, network, issuer, label, self.role, bad),
        }
    }
}

/// What the custodian says is its own.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnFile {
    /// Addresses of its wallets.
    pub wallets: Vec<String>,
    /// What clients paid in.
    pub deposits: Vec<Outpoint>,
    /// What was paid for clients, as lines `outpoint,account`; empty for none.
    pub withdrawals: String,
}

impl OwnFile {
    /// Reads it for this network.
    ///
    /// # Errors
    /// [`LabelError`] with the line of the withdrawals, or the place of the wallet.
    pub fn read(&self, network: Network) -> Result<Own, LabelError> {
        let mut own = Own::default();
        for (line, wallet) in (1..).zip(&self.wallets) {
            let lock = Lock::parse(wallet, network);
            own.add_wallets([lock.map_err(|error: InvalidId| LabelError { line, reason: error.to_string() })?]);
        }
        own.add_deposits(self.deposits.iter().copied());
        if !self.withdrawals.is_empty() {
            own.add_withdrawals(&self.withdrawals)?;
        }
        Ok(own)
    }
}

/// How far the neighbourhood goes that a graph holds, and around which lists it was made. It names its graph: beside another one it says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Payments onwards from the listed addresses.
    pub hops: u8,
    /// Digests of the lists, sorted.
    pub lists: Vec<Digest>,
    graph: Digest,
}

/// The folder, held by this program.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    // Held until dropped.
    _lock: File,
}

impl Folder {
    /// Takes the folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`FolderError`], also when another program has it.
    pub fn take(path: &Path) -> Result<Self, FolderError> {
        let file = path.join(LOCK);
        let io = |source| FolderError::Io { file: file.clone(), source };
        fs::create_dir_all(path.join(LABELS)).map_err(io)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&file).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(FolderError::InUse(path.to_owned())),
            Err(fs::TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// Whether a folder has a graph, good or damaged.
    pub fn has_graph(path: &Path) -> bool {
        path.join(GRAPH).exists()
    }

    /// The graph.
    ///
    /// # Errors
    /// [`FolderError`], also when there is none.
    pub fn graph(&self) -> Result<Graph, FolderError> {
        let (file, bytes) = self.read(GRAPH)?;
        let bytes = bytes.ok_or_else(|| FolderError::NoGraph(self.path.clone()))?;
        Graph::parse(&bytes).map_err(|wrong| FolderError::Graph { file, wrong })
    }

    /// Puts a graph in the place of the one before.
    ///
    /// # Errors
    /// [`FolderError::Io`].
    pub fn keep_graph(&self, graph: &Graph) -> Result<(), FolderError> {
        self.write(Path::new(GRAPH), &graph.to_bytes())
    }

    /// Notes how far the neighbourhood goes that the kept graph holds.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn keep_reach(&self, hops: u8, mut lists: Vec<Digest>) -> Result<(), FolderError> {
        lists.sort_unstable();
        self.write_json(Path::new(REACH), &Reach { hops, lists, graph: self.graph_check()? })
    }

    /// How far the neighbourhood goes that the kept graph holds; `None` when nobody noted it for this graph.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn reach(&self) -> Result<Option<Reach>, FolderError> {
        let (file, bytes) = self.read(REACH)?;
        let Some(bytes) = bytes else { return Ok(None) };
        let (kept, check): (Reach, Digest) = (document(file, &bytes)?, self.graph_check()?);
        Ok(Some(kept).filter(|kept| kept.graph == check))
    }

    /// The last 32 bytes of the kept graph, which are the SHA-256 of all before.
    fn graph_check(&self) -> Result<Digest, FolderError> {
        let file = self.path.join(GRAPH);
        let mut check = [0; 32];
        let mut read = || -> io::Result<()> {
            let mut opened = File::open(&file)?;
            opened.seek(SeekFrom::End(-32))?;
            opened.read_exact(&mut check)
        };
        read().map_err(|source| FolderError::Io { file: file.clone(), source })?;
        Ok(Digest(check))
    }

    /// What is the custodian's own; nothing if nothing was said.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn own(&self) -> Result<OwnFile, FolderError> {
        let (file, bytes) = self.read(OWN)?;
        bytes.map_or_else(|| Ok(OwnFile::default()), |bytes| document(file, &bytes))
    }

    /// Keeps what is the custodian's own.
    ///
    /// # Errors
    /// [`FolderError::Io`].
    pub fn keep_own(&self, own: &OwnFile) -> Result<(), FolderError> {
        self.write_json(Path::new(OWN), own)
    }

    /// All labels.
    ///
    /// # Errors
    /// [`FolderError`] for a file that cannot be read any more: labels protect, so none is passed over.
    pub fn labels(&self, network: Network) -> Result<Labels, FolderError> {
        let folder = self.path.join(LABELS);
        let io = |source| FolderError::Io { file: folder.clone(), source };
        let entries: Vec<_> = fs::read_dir(&folder).map_err(io)?.collect::<Result<_, _>>().map_err(io)?;
        let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
        files.sort();
        let mut labels = Labels::default();
        for file in files {
            let bytes = fs::read(&file).map_err(|source| FolderError::Io { file: file.clone(), source })?;
            let kept: LabelFile = document(file.clone(), &bytes)?;
            let pack = kept.read(network).map_err(|error| FolderError::Document { file, reason: error.to_string() })?;
            match &kept.list {
                Some(list) => labels.add_list(list, &pack),
                None => labels.add(&pack),
            }
        }
        Ok(labels)
    }

    /// Keeps a file of labels that can be read; the same file twice is one.
    ///
    /// # Errors
    /// [`FolderError::Io`].
    pub fn keep_labels(&self, file: &LabelFile) -> Result<(), FolderError> {
        let name = digest::plain(&json(Path::new(LABELS), file)?).to_hex();
        self.write_json(&Path::new(LABELS).join(format!("{name}.json")), file)
    }

    /// The answers so far.
    ///
    /// # Errors
    /// [`FolderError`]; a damaged journal keeps the gate shut.
    pub fn journal(&self) -> Result<Journal, FolderError> {
        let (file, bytes) = self.read(ANSWERS)?;
        let parsed = bytes.map_or_else(|| Ok(Journal::default()), |bytes| Journal::parse(&bytes));
        parsed.map_err(|source| FolderError::Journal { file, source })
    }

    /// Keeps the answers; before any of them is shown.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn keep_journal(&self, journal: &Journal) -> Result<(), FolderError> {
        let file = || self.path.join(ANSWERS);
        let bytes = journal.to_json().map_err(|source| FolderError::Journal { file: file(), source })?;
        self.write(Path::new(ANSWERS), &bytes)
    }

    fn read(&self, name: &str) -> Result<(PathBuf, Option<Vec<u8>>), FolderError> {
        let file = self.path.join(name);
        match fs::read(&file) {
            Ok(bytes) => Ok((file, Some(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((file, None)),
            Err(source) => Err(FolderError::Io { file, source }),
        }
    }

    fn write_json(&self, name: &Path, value: &impl Serialize) -> Result<(), FolderError> {
        self.write(name, &json(name, value)?)
    }

    fn write(&self, name: &Path, bytes: &[u8]) -> Result<(), FolderError> {
        let file = self.path.join(name);
        let part = file.with_extension("part");
        let go = || -> io::Result<()> {
            let mut opened = File::create(&part)?;
            opened.write_all(bytes)?;
            opened.sync_all()?;
            fs::rename(&part, &file)?;
            File::open(file.parent().unwrap_or(&self.path))?.sync_all()
        };
        go().map_err(|source| FolderError::Io { file: file.clone(), source })
    }
}

fn json(file: &Path, value: &impl Serialize) -> Result<Vec<u8>, FolderError> {
    let reason = |error: serde_json::Error| FolderError::Document { file: file.to_owned(), reason: error.to_string() };
    serde_json::to_vec(value).map_err(reason)
}

fn document<T: for<'d> Deserialize<'d>>(file: PathBuf, bytes: &[u8]) -> Result<T, FolderError> {
    serde_json::from_slice(bytes).map_err(|error| FolderError::Document { file, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::{Chain, lock};

    #[test]
    fn what_is_kept_comes_back_and_damage_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::take(place.path()).unwrap();
        assert!(matches!(Folder::take(place.path()), Err(FolderError::InUse(_))));
        assert!(matches!(folder.graph(), Err(FolderError::NoGraph(_))));
        let mut chain = Chain::new();
        chain.block(1, &[]);
        folder.keep_graph(&chain.graph).unwrap();
        assert_eq!(folder.graph().unwrap().tip(), chain.graph.tip());
        assert_eq!(folder.reach().unwrap(), None);
        folder.keep_reach(4, vec![Digest([2; 32]), Digest([1; 32])]).unwrap();
        let reach = folder.reach().unwrap().unwrap();
        assert_eq!((reach.hops, reach.lists), (4, vec![Digest([1; 32]), Digest([2; 32])]));
        // Of another graph nobody noted how far it goes.
        chain.block(2, &[]);
        folder.keep_graph(&chain.graph).unwrap();
        assert_eq!(folder.reach().unwrap(), None);
        let address = lock(1).to_address(Network::Regtest).unwrap();
        let own = OwnFile { wallets: vec![address.clone()], ..OwnFile::default() };
        folder.keep_own(&own).unwrap();
        assert!(folder.own().unwrap() == own);
        let form = LabelForm::Plain { issuer: "Ruritania".into(), label: "list".into() };
        let list =
            LabelFile { form, role: Role::Owner, list: Some("r".into()), leave_out: false, text: address.clone() };
        folder.keep_labels(&list).unwrap();
        folder.keep_labels(&list).unwrap();
        let labels = folder.labels(Network::Regtest).unwrap();
        assert_eq!(labels.lists().map(|(name, locks)| (name, locks.len())).collect::<Vec<_>>(), [("r", 1)]);
        // Read for another network the addresses are none: refused, not passed over.
        assert!(matches!(folder.labels(Network::Main), Err(FolderError::Document { .. })));
        assert_eq!(folder.journal().unwrap(), Journal::default());
        folder.keep_journal(&Journal::default()).unwrap();
        assert_eq!(folder.journal().unwrap(), Journal::default());
        for name in [GRAPH, OWN, ANSWERS] {
            let file = place.path().join(name);
            let mut bytes = fs::read(&file).unwrap();
            bytes.truncate(bytes.len() - 1);
            fs::write(&file, bytes).unwrap();
        }
        assert!(matches!(folder.graph(), Err(FolderError::Graph { .. })));
        assert!(matches!(folder.own(), Err(FolderError::Document { .. })));
        assert!(matches!(folder.journal(), Err(FolderError::Journal { .. })));
        drop(folder);
        assert!(Folder::take(place.path()).is_ok());
    }
}
