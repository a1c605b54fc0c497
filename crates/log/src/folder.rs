//! The log in a folder.

use crate::TileStore;
use crate::durable::{Durable, is_unfinished};
use crate::files::{Files, SystemFiles};
use crate::tiles::{MAX_FILE_BYTES, most_bytes, other_bytes, reads_back_differently, stray, too_large};
use countersign_tlog::tile::TilePath;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Threads that write tiles, unless told otherwise.
const WRITERS: usize = 8;

/// Where damaged tiles are kept: beside `tile`, so that no reader takes them for tiles.
const DAMAGED: &str = "damaged";

/// A folder that any file server can serve as the log: `checkpoint`, `vkey`, `tile/...`. Clones are the same folder.
#[derive(Clone)]
pub struct FolderTiles<F = SystemFiles> {
    folder: Arc<Durable<F>>,
    writers: usize,
}

impl FolderTiles {
    /// Tiles under this folder, which is created with the first file.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::on(SystemFiles, folder)
    }
}

impl<F: Files> FolderTiles<F> {
    /// Tiles under this folder of another file system.
    pub fn on(files: F, folder: impl Into<PathBuf>) -> Self {
        Self { folder: Arc::new(Durable::new(files, folder.into())), writers: WRITERS }
    }

    /// Writes at most so many files at once; with one, in an order that repeats.
    #[must_use]
    pub fn writers(self, most: usize) -> Self {
        Self { writers: most.max(1), ..self }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.root()
    }

    fn at(&self, path: &TilePath) -> PathBuf {
        self.folder().join(path.to_string())
    }

    fn read_bounded(&self, name: &str, most: usize) -> io::Result<Option<Vec<u8>>> {
        match self.folder.read(&self.folder().join(name), most)? {
            Some(bytes) if bytes.len() > most => Err(too_large(name, most)),
            bytes => Ok(bytes),
        }
    }

    /// Places files on several threads: the disk syncs many at once in the time of a few.
    fn place_all(&self, files: &[(PathBuf, &Vec<u8>)]) -> io::Result<()> {
        let place_some =
            |files: &[(PathBuf, &Vec<u8>)]| files.iter().try_for_each(|(path, bytes)| self.folder.place(path, bytes));
        if self.writers == 1 {
            return place_some(files);
        }
        std::thread::scope(|scope| {
            let share = files.len().div_ceil(self.writers).max(1);
            let writers: Vec<_> = files.chunks(share).map(|files| scope.spawn(move || place_some(files))).collect();
            // Every writer is waited for, also after one has failed.
            let placed: Vec<io::Result<()>> = writers
                .into_iter()
                .map(|writer| writer.join().unwrap_or_else(|_| Err(io::Error::other("a writer of tiles died"))))
                .collect();
            placed.into_iter().collect()
        })
    }
}

impl<F> fmt::Debug for FolderTiles<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderTiles").field("folder", &self.folder.root()).field("writers", &self.writers).finish()
    }
}

impl<F: Files> TileStore for FolderTiles<F> {
    fn read(&self, path: &TilePath) -> io::Result<Option<Vec<u8>>> {
        self.read_bounded(&path.to_string(), most_bytes(path))
    }

    fn write(&self, tiles: &[(TilePath, Vec<u8>)]) -> io::Result<()> {
        let mut new = Vec::new();
        for (path, bytes) in tiles {
            match self.read(path)? {
                Some(there) if there == *bytes => {}
                Some(_) => return Err(other_bytes(path)),
                None => new.push((self.at(path), bytes)),
            }
        }
        self.place_all(&new)?;
        self.folder.sync()?;
        for (path, bytes) in tiles {
            if self.read(path)?.as_ref() != Some(bytes) {
                return Err(reads_back_differently(path));
            }
        }
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<TilePath>> {
        let mut files = Vec::new();
        self.folder.walk_files(&self.folder().join("tile"), |path| files.push(path))?;
        let mut tiles = Vec::with_capacity(files.len());
        for path in files.iter().filter(|path| !is_unfinished(path)) {
            let name = path.strip_prefix(self.folder()).ok().and_then(Path::to_str).unwrap_or_default();
            tiles.push(name.parse().map_err(stray)?);
        }
        tiles.sort_unstable();
        Ok(tiles)
    }

    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.read_bounded(name, MAX_FILE_BYTES)
    }

    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.folder.replace(&self.folder().join(name), bytes)
    }

    fn set_aside(&self, path: &TilePath) -> io::Result<String> {
        // Nothing that was set aside earlier is overwritten.
        let name = path.to_string().replace('/', "-");
        let free = |number: usize| format!("{DAMAGED}/{name}.{number}");
        let mut number = 1;
        while self.folder.read(&self.folder().join(free(number)), 0)?.is_some() {
            number += 1;
        }
        self.folder.move_to(&self.at(path), &self.folder().join(free(number)))?;
        Ok(free(number))
    }

    fn remove_unfinished(&self) -> io::Result<Vec<String>> {
        let removed = self.folder.remove_unfinished()?;
        Ok(removed.into_iter().map(|path| path.display().to_string()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::Place;
    use std::fs;
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
