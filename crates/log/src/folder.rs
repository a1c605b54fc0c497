//! Where tiles, bundles and the checkpoint are kept for everybody to read.

use crate::durable::{UNFINISHED, place, replace, sync_folders};
use countersign_tlog::tile::TilePath;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Threads that write tiles.
const WRITERS: usize = 8;

/// A place for tiles. Calls block; the log makes them on threads for blocking work.
pub trait TileStore: Send + Sync {
    /// Bytes of a tile; `None` if it is not there.
    ///
    /// # Errors
    /// Those of the system.
    fn read(&self, path: &TilePath) -> io::Result<Option<Vec<u8>>>;

    /// Keeps tiles so that they are there after a crash, and reads them back. Tiles never change: one that is there with the same
    /// bytes stays as it is.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when one is there with other bytes, [`ErrorKind::InvalidData`] when one reads back
    /// differently, otherwise those of the system.
    fn write(&self, tiles: &[(TilePath, Vec<u8>)]) -> io::Result<()>;

    /// Addresses of all tiles there.
    ///
    /// # Errors
    /// Those of the system.
    fn list(&self) -> io::Result<Vec<TilePath>>;

    /// A file beside the tiles: `checkpoint` or `vkey`.
    ///
    /// # Errors
    /// Those of the system.
    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Replaces a file beside the tiles, whole or not at all.
    ///
    /// # Errors
    /// Those of the system.
    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()>;
}

/// A folder that any file server can serve as the log: `checkpoint`, `vkey`, `tile/...`.
#[derive(Debug, Clone)]
pub struct FolderTiles {
    folder: PathBuf,
}

impl FolderTiles {
    /// Tiles under this folder, which is created with the first file.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl TileStore for FolderTiles {
    fn read(&self, path: &TilePath) -> io::Result<Option<Vec<u8>>> {
        found(fs::read(self.folder.join(path.to_string())))
    }

    fn write(&self, tiles: &[(TilePath, Vec<u8>)]) -> io::Result<()> {
        let mut folders = BTreeSet::new();
        let mut new = Vec::new();
        for (path, bytes) in tiles {
            let file = self.folder.join(path.to_string());
            match self.read(path)? {
                Some(there) if there == *bytes => {
                    // It may be there by a write whose folder was never synced.
                    folders.extend(file.parent().map(Path::to_owned));
                }
                Some(_) => {
                    return Err(io::Error::new(ErrorKind::AlreadyExists, format!("{path} is there with other bytes")));
                }
                None => new.push((file, bytes)),
            }
        }
        folders.extend(place_all(&new)?);
        sync_folders(&folders)?;
        for (path, bytes) in tiles {
            if self.read(path)?.as_ref() != Some(bytes) {
                return Err(io::Error::new(ErrorKind::InvalidData, format!("{path} reads back differently")));
            }
        }
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<TilePath>> {
        let mut tiles = Vec::new();
        let mut open = vec![self.folder.join("tile")];
        while let Some(folder) = open.pop() {
            let Some(entries) = found(fs::read_dir(&folder))? else { continue };
            for entry in entries {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    open.push(entry.path());
                } else if entry.path().extension().is_none_or(|ending| ending != UNFINISHED) {
                    let path = entry.path();
                    let name = path.strip_prefix(&self.folder).ok().and_then(Path::to_str).unwrap_or_default();
                    let stray =
                        |_| io::Error::new(ErrorKind::InvalidData, format!("`{name}` is not the path of a tile"));
                    tiles.push(name.parse().map_err(stray)?);
                }
            }
        }
        tiles.sort_unstable();
        Ok(tiles)
    }

    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        found(fs::read(self.folder.join(name)))
    }

    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        replace(&self.folder.join(name), bytes)
    }
}

/// Places files on several threads: the disk syncs many at once in the time of a few. Returns the folders still to be synced.
fn place_all(files: &[(PathBuf, &Vec<u8>)]) -> io::Result<BTreeSet<PathBuf>> {
    let place_some = |files: &[(PathBuf, &Vec<u8>)]| {
        let mut folders = BTreeSet::new();
        files.iter().try_for_each(|(path, bytes)| place(path, bytes, &mut folders))?;
        Ok(folders)
    };
    std::thread::scope(|scope| {
        let share = files.len().div_ceil(WRITERS).max(1);
        let writers: Vec<_> = files.chunks(share).map(|files| scope.spawn(move || place_some(files))).collect();
        let mut folders = BTreeSet::new();
        for writer in writers {
            let placed: io::Result<BTreeSet<PathBuf>> =
                writer.join().unwrap_or_else(|_| Err(io::Error::other("a writer of tiles died")));
            folders.extend(placed?);
        }
        Ok(folders)
    })
}

pub(crate) fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}
