//! A disk that can lose power: what programs see, what is sure to be there afterwards, and every state in between.
//!
//! The model of a POSIX file system, on the strict side. A file's bytes last after the file was synced, its name after its folder was:
//! the one says nothing about the other, and nothing about any other file. Until then a loss of power keeps each change or drops it,
//! whatever became of those before and after it; a write may be kept in part, by sectors of 512 bytes in any order or cut at any byte,
//! and a file that was grown may have its new length with zeros. Only a rename within one folder is whole or not at all, and bytes
//! beside those written stay as they are. A sync that fails loses: what it was to write stays visible, and no later sync repairs that
//! (as Linux does since 4.13: pages count as clean after the error).
//!
//! Not modelled: links, permissions, sparse files, memory maps, stale data of other files in grown ones, disks that lie about syncs.

mod call;
mod choices;
mod crash;
pub mod strace;
#[cfg(test)]
mod tests;

pub use call::{Call, Event};
pub use choices::{Choices, Everything, Exhaustive, Nothing, Random};
pub use crash::SECTOR;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// A file system on one disk. Paths are absolute.
#[derive(Debug, Clone)]
pub struct Disk {
    nodes: Vec<Node>,
    /// In the order of the calls.
    pending: Vec<Pending>,
    calls: usize,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name alone.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

type Names = BTreeMap<String, usize>;

/// A file or a folder, as programs see it and as a loss of power leaves it at least.
#[derive(Debug, Clone)]
enum Node {
    File { seen: Vec<u8>, kept: Vec<u8> },
    Folder { seen: Names, kept: Names },
}

/// A change that no sync has made sure.
#[derive(Debug, Clone)]
struct Pending {
    node: usize,
    change: Change,
    /// Number of the call that made it.
    call: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A sync will make it sure.
    Open,
    /// A failed sync: kept or lost, and no later sync helps.
    Doubtful,
    /// Synced, and waiting in line behind a doubtful one.
    Sure,
}

#[derive(Debug, Clone)]
enum Change {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    Length(usize),
    /// Of a folder: the name stands for this node, or for none.
    Name {
        name: String,
        node: Option<usize>,
    },
    /// Of a folder: at once, one name goes and another stands for the node.
    Rename {
        from: String,
        to: String,
        node: usize,
    },
}

impl Default for Disk {
    fn default() -> Self {
        Self::new()
    }
}

impl Disk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self { nodes: vec![Node::folder()], pending: Vec::new(), calls: 0 }
    }

    /// How many calls were made.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// How many changes a loss of power could drop.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.pending.iter().filter(|pending| pending.state != State::Sure).count()
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::IsADirectory`].
    pub fn read(&self, path: &Path) -> io::Result<&[u8]> {
        match &self.nodes[self.find(path)?] {
            Node::File { seen, .. } => Ok(seen),
            Node::Folder { .. } => Err(ErrorKind::IsADirectory.into()),
        }
    }

    /// The names in a folder, sorted.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::NotADirectory`].
    pub fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let names = self.names(self.find(path)?)?;
        let is_folder = |node: usize| matches!(self.nodes[node], Node::Folder { .. });
        Ok(names.iter().map(|(name, node)| Entry { name: name.clone(), is_folder: is_folder(*node) }).collect())
    }

    /// Whether there is a folder at this path.
    #[must_use]
    pub fn is_folder(&self, path: &Path) -> bool {
        self.find(path).is_ok_and(|node| matches!(self.nodes[node], Node::Folder { .. }))
    }

    /// Every file with its bytes, and every folder with `None`, without the root.
    #[must_use]
    pub fn all(&self) -> Vec<(PathBuf, Option<&[u8]>)> {
        let (mut all, mut open) = (Vec::new(), vec![(PathBuf::from("/"), 0)]);
        while let Some((path, node)) = open.pop() {
            let Node::Folder { seen, .. } = &self.nodes[node] else { continue };
            for (name, node) in seen {
                let path = path.join(name);
                match &self.nodes[*node] {
                    Node::File { seen, .. } => all.push((path, Some(seen.as_slice()))),
                    Node::Folder { .. } => {
                        all.push((path.clone(), None));
                        open.push((path, *node));
                    }
                }
            }
        }
        all.sort_unstable();
        all
    }

    /// Makes a call.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::AlreadyExists`], [`ErrorKind::IsADirectory`], [`ErrorKind::NotADirectory`]; the call did
    /// nothing then and is not counted.
    pub fn apply(&mut self, call: &Call) -> io::Result<()> {
        match call {
            Call::Create { path, truncate } => self.create(path, *truncate),
            Call::Write { path, at, bytes } => self.change_file(path, Change::Write { at: *at, bytes: bytes.clone() }),
            Call::Length { path, length } => self.change_file(path, Change::Length(*length)),
            Call::Sync { path, before } => self.sync(path, *before),
            Call::FailedSync { path } => self.fail_to_sync(path),
            Call::Rename { from, to } => self.rename(from, to),
            Call::Remove { path } => self.remove(path),
            Call::CreateFolder { path } => self.create_folder(path),
        }?;
        self.calls += 1;
        Ok(())
    }

    fn create(&mut self, path: &Path, truncate: bool) -> io::Result<()> {
        match self.find(path) {
            Ok(node) => {
                let Node::File { seen, .. } = &self.nodes[node] else { return Err(ErrorKind::IsADirectory.into()) };
                if truncate && !seen.is_empty() {
                    self.change(node, Change::Length(0));
                }
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.add(path, Node::File { seen: Vec::new(), kept: Vec::new() })
            }
            Err(error) => Err(error),
        }
    }

    fn change_file(&mut self, path: &Path, change: Change) -> io::Result<()> {
        let node = self.file(path)?;
        self.change(node, change);
        Ok(())
    }

    fn create_folder(&mut self, path: &Path) -> io::Result<()> {
        if self.find(path).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.add(path, Node::folder())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.file(from)?;
        if self.is_folder(to) {
            return Err(ErrorKind::IsADirectory.into());
        }
        let ((old_folder, from), (new_folder, to)) = (self.place(from)?, self.place(to)?);
        if old_folder == new_folder {
            self.change(old_folder, Change::Rename { from, to, node });
        } else {
            self.names(new_folder)?;
            self.change(new_folder, Change::Name { name: to, node: Some(node) });
            self.change(old_folder, Change::Name { name: from, node: None });
        }
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.file(path)?;
        let (folder, name) = self.place(path)?;
        self.change(folder, Change::Name { name, node: None });
        Ok(())
    }

    fn sync(&mut self, path: &Path, before: usize) -> io::Result<()> {
        let node = self.find(path)?;
        for pending in self.pending.iter_mut().filter(|one| one.node == node && one.call < before) {
            if pending.state == State::Open {
                pending.state = State::Sure;
            }
        }
        self.settle(node);
        Ok(())
    }

    /// A folder's names are tried again by the next sync: a file system that cannot write those does not go on at all.
    fn fail_to_sync(&mut self, path: &Path) -> io::Result<()> {
        let node = self.find(path)?;
        if let Node::File { .. } = self.nodes[node] {
            for pending in self.pending.iter_mut().filter(|one| one.node == node && one.state == State::Open) {
                pending.state = State::Doubtful;
            }
        }
        Ok(())
    }

    /// Applies what is sure and has no doubtful change before it.
    fn settle(&mut self, node: usize) {
        let mut waiting = false;
        let (nodes, mut left) = (&mut self.nodes, Vec::with_capacity(self.pending.len()));
        for pending in self.pending.drain(..) {
            if pending.node != node {
                left.push(pending);
                continue;
            }
            waiting |= pending.state == State::Doubtful;
            if pending.state == State::Sure && !waiting {
                nodes[node].keep(&pending.change);
            } else {
                left.push(pending);
            }
        }
        self.pending = left;
    }

    fn change(&mut self, node: usize, change: Change) {
        self.nodes[node].see(&change);
        self.pending.push(Pending { node, change, call: self.calls, state: State::Open });
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<()> {
        let (folder, name) = self.place(path)?;
        self.names(folder)?;
        self.nodes.push(node);
        let node = Some(self.nodes.len() - 1);
        self.change(folder, Change::Name { name, node });
        Ok(())
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        let node = self.find(path)?;
        match self.nodes[node] {
            Node::File { .. } => Ok(node),
            Node::Folder { .. } => Err(ErrorKind::IsADirectory.into()),
        }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        let mut node = 0;
        for part in path.components() {
            match part {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    let name = name.to_str().ok_or(ErrorKind::InvalidInput)?;
                    node = *self.names(node)?.get(name).ok_or(ErrorKind::NotFound)?;
                }
                Component::ParentDir | Component::Prefix(_) => return Err(ErrorKind::InvalidInput.into()),
            }
        }
        Ok(node)
    }

    /// The folder a path lies in, and its name there.
    fn place(&self, path: &Path) -> io::Result<(usize, String)> {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(ErrorKind::InvalidInput)?;
        Ok((self.find(path.parent().unwrap_or(Path::new("/")))?, name.to_owned()))
    }

    fn names(&self, node: usize) -> io::Result<&Names> {
        match &self.nodes[node] {
            Node::Folder { seen, .. } => Ok(seen),
            Node::File { .. } => Err(ErrorKind::NotADirectory.into()),
        }
    }
}

impl Node {
    fn folder() -> Self {
        Self::Folder { seen: Names::new(), kept: Names::new() }
    }

    fn see(&mut self, change: &Change) {
        match self {
            Self::File { seen, .. } => change.apply_to_file(seen),
            Self::Folder { seen, .. } => change.apply_to_folder(seen),
        }
    }

    fn keep(&mut self, change: &Change) {
        match self {
            Self::File { kept, .. } => change.apply_to_file(kept),
            Self::Folder { kept, .. } => change.apply_to_folder(kept),
        }
    }
}

impl Change {
    fn apply_to_file(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                if file.len() < at + bytes.len() {
                    file.resize(at + bytes.len(), 0);
                }
                file[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Self::Length(length) => file.resize(*length, 0),
            Self::Name { .. } | Self::Rename { .. } => unreachable!("a change of a folder"),
        }
    }

    fn apply_to_folder(&self, names: &mut Names) {
        match self {
            Self::Name { name, node: Some(node) } => drop(names.insert(name.clone(), *node)),
            Self::Name { name, node: None } => drop(names.remove(name)),
            Self::Rename { from, to, node } => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
            Self::Write { .. } | Self::Length(_) => unreachable!("a change of a file"),
        }
    }
}
