//! The log in a folder.

use crate::TileStore;
use crate::durable::{UNFINISHED, place, replace, sync_folders};
use crate::tiles::{MAX_FILE_BYTES, most_bytes, other_bytes, reads_back_differently, stray, too_large};
use countersign_tlog::tile::TilePath;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// Threads that write tiles.
const WRITERS: usize = 8;

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

    fn read_bounded(&self, name: &str, most: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = found(File::open(self.folder.join(name)))? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(most as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > most { Err(too_large(name, most)) } else { Ok(Some(bytes)) }
    }
}

impl TileStore for FolderTiles {
    fn read(&self, path: &TilePath) -> io::Result<Option<Vec<u8>>> {
        self.read_bounded(&path.to_string(), most_bytes(path))
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
                Some(_) => return Err(other_bytes(path)),
                None => new.push((file, bytes)),
            }
        }
        folders.extend(place_all(&new)?);
        sync_folders(&folders)?;
        for (path, bytes) in tiles {
            if self.read(path)?.as_ref() != Some(bytes) {
                return Err(reads_back_differently(path));
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
                    tiles.push(name.parse().map_err(stray)?);
                }
            }
        }
        tiles.sort_unstable();
        Ok(tiles)
    }

    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.read_bounded(name, MAX_FILE_BYTES)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::Place;
    use tempfile::TempDir;

    impl Place for TempDir {
        fn store(&self) -> Box<dyn TileStore> {
            Box::new(FolderTiles::new(self.path().join("log")))
        }

        fn plant(&self, path: &str, bytes: &[u8]) -> bool {
            let path = self.path().join("log").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).is_ok()
        }

        fn remove(&self, path: &str) {
            let path = self.path().join("log").join(path);
            fs::remove_file(&path).unwrap();
        }
    }

    crate::tile_store_conformance!(Some(tempfile::tempdir().unwrap()));
}
