//! The own log as everybody reads it: a folder in the layout of C2SP tlog-tiles, which any file server can serve.

use crate::database::Database;
use crate::error::{Result, TrusteeError};
use crate::files::{self, Existing, Readers};
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::note::VerifierKey;
use countersign_tlog::tile::{TileKind, TilePath, TileReader, decode_bundle, encode_bundle};
use std::io;
use std::path::{Path, PathBuf};

/// The folder. Calls block.
#[derive(Debug, Clone)]
pub(crate) struct LogFolder {
    folder: PathBuf,
    key: VerifierKey,
}

/// The published checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// The log's key, as a convenience.
pub(crate) const VKEY: &str = "vkey";
/// The log's key under the trustee's identity.
pub(crate) const KEY: &str = "key";

impl LogFolder {
    /// `log` in the trustee's folder.
    pub(crate) fn new(trustee: &Path, key: VerifierKey) -> Self {
        Self { folder: trustee.join("log"), key }
    }

    /// The checkpoint that was published last.
    pub(crate) fn published(&self) -> Result<Option<SignedCheckpoint>> {
        let read = files::read(&self.folder.join(CHECKPOINT));
        let Some(bytes) = read.map_err(|error| TrusteeError::storage("read the published checkpoint", error))? else {
            return Ok(None);
        };
        let damaged = |error| TrusteeError::damaged("the published checkpoint of the own log", error);
        let signed = SignedCheckpoint::parse(&bytes).map_err(damaged)?;
        signed.verify_log(&self.key).map_err(damaged)?;
        Ok(Some(signed))
    }

    /// Refuses a database that holds fewer entries than were published: it is an older copy, and has forgotten counters and answers.
    pub(crate) async fn check_not_ahead(&self, database: &Database) -> Result<()> {
        let (published, kept) = (self.published()?, database.own_size().await?);
        match published.map(|signed| signed.checkpoint().size).filter(|size| *size > kept) {
            None => Ok(()),
            Some(size) => Err(TrusteeError::damaged(
                "journal.db",
                format!(
                    "it keeps {kept} entries of the trustee's own log and {size} are published: it is an older copy"
                ),
            )),
        }
    }

    /// A file beside the tiles.
    pub(crate) fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        files::read(&self.folder.join(name))
    }

    /// Replaces a file beside the tiles, whole or not at all.
    pub(crate) fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        files::public_folder(&self.folder)?;
        files::place_for(&self.folder.join(name), bytes, Existing::Replace, Readers::Everybody)
    }

    /// Bytes of a tile. A partial tile that is no longer there is the beginning of the full one.
    pub(crate) fn tile(&self, path: &TilePath) -> io::Result<Option<Vec<u8>>> {
        let there = files::read(&self.at(path))?;
        if there.is_some() || !path.is_partial() {
            return Ok(there);
        }
        Ok(files::read(&self.at(&path.to_full()))?.and_then(|full| beginning(path, &full)))
    }

    /// Keeps a tile. Tiles never change: other bytes at its place are an error. A full tile replaces its partial ones.
    pub(crate) fn write_tile(&self, path: &TilePath, bytes: &[u8]) -> io::Result<()> {
        let at = self.at(path);
        match files::read(&at)? {
            Some(there) if there == bytes => {}
            Some(_) => return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{path} holds other bytes"))),
            None => {
                let parent = at.parent().unwrap_or(&self.folder);
                files::public_folder(parent)?;
                files::place_for(&at, bytes, Existing::Replace, Readers::Everybody)?;
            }
        }
        if !path.is_partial() {
            let mut partial = at.into_os_string();
            partial.push(".p");
            match std::fs::remove_dir_all(&partial) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn at(&self, path: &TilePath) -> PathBuf {
        self.folder.join(path.to_string())
    }
}

/// A partial tile from the full one at its place; `None` when that is damaged.
fn beginning(path: &TilePath, full: &[u8]) -> Option<Vec<u8>> {
    let width = usize::from(path.width());
    match path.kind() {
        TileKind::Hashes(_) => full.get(..width * 32).map(<[u8]>::to_vec),
        TileKind::Entries => {
            let entries = decode_bundle(full, 256).ok()?;
            encode_bundle(entries.into_iter().take(width)).ok()
        }
    }
}

impl TileReader for &LogFolder {
    type Error = String;

    fn read(&mut self, path: &TilePath) -> std::result::Result<Vec<u8>, String> {
        let bytes = self.tile(path).map_err(|error| error.to_string())?;
        bytes.ok_or_else(|| "not found".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own_log::LogKeys;
    use countersign_core::id::Digest;

    #[test]
    fn a_full_tile_replaces_its_partial_ones_and_still_gives_them() {
        let place = tempfile::tempdir().unwrap();
        let keys = LogKeys::new(1, &Digest([1; 32]), &[2; 32]).unwrap();
        let folder = LogFolder::new(place.path(), keys.verifier().clone());
        let tile = |kind, width| TilePath::new(kind, 0, width).unwrap();
        let entries: Vec<Vec<u8>> = (0..=255_u8).map(|byte| vec![byte; 3]).collect();
        let hashes: Vec<u8> = (0..=255_u8).flat_map(|byte| [byte; 32]).collect();
        folder.write_tile(&tile(TileKind::Hashes(0), 8), &hashes[..256]).unwrap();
        let error = folder.write_tile(&tile(TileKind::Hashes(0), 8), &hashes[32..288]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        folder.write_tile(&tile(TileKind::Hashes(0), 256), &hashes).unwrap();
        folder.write_tile(&tile(TileKind::Entries, 256), &encode_bundle(&entries).unwrap()).unwrap();
        assert!(!place.path().join("log/tile/0/000.p").exists());
        assert_eq!(folder.tile(&tile(TileKind::Hashes(0), 8)).unwrap().unwrap(), &hashes[..256]);
        let bundle = folder.tile(&tile(TileKind::Entries, 9)).unwrap().unwrap();
        assert_eq!(bundle, encode_bundle(&entries[..9]).unwrap());
        assert_eq!(folder.tile(&TilePath::new(TileKind::Entries, 1, 9).unwrap()).unwrap(), None);
    }
}
