//! Files that are there, whole, after a crash: written beside, synced, renamed, and their folder synced.

use crate::files::Files;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Ending of files that are being written; what a crash leaves of them means nothing.
pub(crate) const UNFINISHED: &str = "unfinished";

const NOT_OURS: [ErrorKind; 4] =
    [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem, ErrorKind::InvalidInput, ErrorKind::Unsupported];

/// A folder whose files are replaced whole or not at all.
pub struct Durable<F> {
    pub(crate) files: F,
    root: PathBuf,
    unsynced: Mutex<Unsynced>,
}

/// Folders whose names may not outlast a loss of power.
#[derive(Default)]
struct Unsynced {
    folders: BTreeSet<PathBuf>,
    /// Whether the folders that another process left are known to be synced.
    settled: bool,
    /// The same of the folders above the root, which change only once.
    above: bool,
}

impl<F> Durable<F> {
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

impl<F: Files> Durable<F> {
    /// The folder `root`, which is made with the first file.
    pub fn new(files: F, root: PathBuf) -> Self {
        Self { files, root, unsynced: Mutex::default() }
    }

    /// Bytes of a file, at most one more than `most`; `None` if it is not there.
    pub(crate) fn read(&self, path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
        found(self.files.read(path, most))
    }

    /// Puts `bytes` at `path` below the root, whole or not at all, in the place of whatever was there. Missing folders are made.
    ///
    /// # Errors
    /// Those of the system.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.place(path, bytes)?;
        self.sync()
    }

    /// As [`Durable::replace`], but it lasts only after [`Durable::sync`].
    pub(crate) fn place(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let parent = path.parent().ok_or_else(|| io::Error::other("a file needs a folder"))?;
        self.create_folder(parent)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(UNFINISHED);
        let unfinished = path.with_file_name(name);
        let mut file = self.files.create(&unfinished)?;
        self.files.write(&mut file, bytes)?;
        self.files.sync(&mut file)?;
        drop(file);
        self.rename(&unfinished, path)
    }

    /// Moves a file to a name that is free.
    pub(crate) fn move_to(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.create_folder(to.parent().ok_or_else(|| io::Error::other("a file needs a folder"))?)?;
        self.rename(from, to)?;
        self.sync()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        // Noted before the call: one that fails may have happened all the same.
        let folders = [from, to].into_iter().filter_map(Path::parent).map(|folder| named(folder).to_owned());
        self.unsynced().folders.extend(folders);
        self.files.rename(from, to)
    }

    /// Makes everything that is there outlast a loss of power.
    ///
    /// The first call of a process syncs every folder: a process that was killed may have left names that nobody synced, and what is
    /// built on them must not vanish.
    pub(crate) fn sync(&self) -> io::Result<()> {
        // INVARIANT: held until the folders are synced, so that nobody else takes an empty list for synced folders.
        let mut unsynced = self.unsynced();
        if !unsynced.settled {
            self.walk(|folder| {
                unsynced.folders.insert(folder);
            })?;
            unsynced.settled = true;
        }
        if !unsynced.above {
            self.sync_above()?;
            unsynced.above = true;
        }
        while let Some(folder) = unsynced.folders.pop_last() {
            if let Err(error) = self.files.sync_path(&folder) {
                // One that is gone would fail for ever; whoever needs a file in it makes it anew.
                if error.kind() != ErrorKind::NotFound {
                    unsynced.folders.insert(folder);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn sync_above(&self) -> io::Result<()> {
        for folder in self.root.ancestors().skip(1) {
            match self.files.sync_path(named(folder)) {
                // No process of ours made a folder in one that may not be opened or cannot be synced at all.
                Err(error) if NOT_OURS.contains(&error.kind()) => return Ok(()),
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes a file that was found, and the folders it stands in, outlast a loss of power, whoever put it there.
    pub(crate) fn settle(&self, path: &Path) -> io::Result<()> {
        self.files.sync_path(path)?;
        self.unsynced().settled = false;
        self.sync()
    }

    /// Locks a file directly under the root.
    pub(crate) fn lock(&self, path: &Path) -> io::Result<F::Lock> {
        self.create_folder(&self.root)?;
        self.files.lock(path)
    }

    /// Removes what crashes left unfinished, and returns its paths under the root.
    pub(crate) fn remove_unfinished(&self) -> io::Result<Vec<PathBuf>> {
        let mut left = Vec::new();
        self.walk_files(&self.root, |path| {
            if is_unfinished(&path) {
                left.push(path);
            }
        })?;
        for path in &left {
            self.files.remove(path)?;
        }
        Ok(left.into_iter().map(|path| path.strip_prefix(&self.root).unwrap_or(&path).to_owned()).collect())
    }

    /// Every file below a folder.
    pub(crate) fn walk_files(&self, folder: &Path, mut visit: impl FnMut(PathBuf)) -> io::Result<()> {
        self.walk_both(folder, &mut visit, &mut |_| {})
    }

    /// The root and every folder below it.
    fn walk(&self, mut visit: impl FnMut(PathBuf)) -> io::Result<()> {
        self.walk_both(&self.root, &mut |_| {}, &mut visit)
    }

    fn walk_both(
        &self,
        folder: &Path,
        file: &mut impl FnMut(PathBuf),
        visit: &mut impl FnMut(PathBuf),
    ) -> io::Result<()> {
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let Some(entries) = found(self.files.list(&folder))? else { continue };
            for entry in entries {
                let path = folder.join(&entry.name);
                if entry.is_folder { open.push(path) } else { file(path) }
            }
            visit(folder);
        }
        Ok(())
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        if self.files.is_folder(named(folder)) {
            return Ok(());
        }
        let parent = folder.parent().ok_or_else(|| io::Error::other("there is no folder at all"))?;
        self.create_folder(parent)?;
        self.unsynced().folders.insert(named(parent).to_owned());
        match self.files.create_folder(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    fn unsynced(&self) -> MutexGuard<'_, Unsynced> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn is_unfinished(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == UNFINISHED)
}

/// The parent of a relative name is where the process stands.
fn named(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

pub(crate) fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}
