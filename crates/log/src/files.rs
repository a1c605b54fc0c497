//! The calls that log and witness make of a file system, as a port: tests put a disk under it that loses what was not synced.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// A file system. Every method is one call of the system, so that a crash can come between any two.
pub trait Files: Clone + Send + Sync + 'static {
    /// A file open for writing.
    type File;
    /// Keeps other processes out until it is dropped.
    type Lock;

    /// Bytes of a file, at most one more than `most`: whoever gets that one knows that it is too long.
    ///
    /// # Errors
    /// Those of the system; [`io::ErrorKind::NotFound`] when it is not there.
    fn read(&self, path: &Path, most: usize) -> io::Result<Vec<u8>>;

    /// Names in a folder, and which of them are folders themselves.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>>;

    /// Whether there is a folder at this path.
    fn is_folder(&self, path: &Path) -> bool;

    /// An empty file, in the place of one that is there.
    ///
    /// # Errors
    /// Those of the system.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Writes bytes at the end of what was written.
    ///
    /// # Errors
    /// Those of the system; part of the bytes may be written.
    fn write(&self, file: &mut Self::File, bytes: &[u8]) -> io::Result<()>;

    /// Makes a file's bytes outlast a loss of power; its name is another matter.
    ///
    /// # Errors
    /// Those of the system; what was written before may be lost then, even if a later call succeeds.
    fn sync(&self, file: &mut Self::File) -> io::Result<()>;

    /// Gives a file another name, in the place of a file that has it.
    ///
    /// # Errors
    /// Those of the system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Those of the system.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder in one that is there.
    ///
    /// # Errors
    /// Those of the system; [`io::ErrorKind::AlreadyExists`] when it is there.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes the bytes of a file, or the names in a folder, outlast a loss of power.
    ///
    /// # Errors
    /// Those of the system.
    fn sync_path(&self, path: &Path) -> io::Result<()>;

    /// Waits until no other process holds the file locked, and locks it; makes it when it is not there.
    ///
    /// # Errors
    /// Those of the system.
    fn lock(&self, path: &Path) -> io::Result<Self::Lock>;
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name alone.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    type File = File;
    type Lock = File;

    fn read(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take((most as u64).saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        fs::read_dir(folder)?
            .map(|entry| {
                let entry = entry?;
                let name = entry.file_name().into_string();
                let name = name.map_err(|name| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("{name:?} is not the name of a file of the log"))
                })?;
                Ok(Listed { name, is_folder: entry.file_type()?.is_dir() })
            })
            .collect()
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        File::create(path)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&self, file: &mut File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn sync_path(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn lock(&self, path: &Path) -> io::Result<File> {
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        file.lock()?;
        Ok(file)
    }
}
