//! Tiles of one log for one look: fetched once, full ones kept on disk for the next look.

use countersign_log::LogSource;
use countersign_tlog::leaf::LARGE_LEAF_BYTES;
use countersign_tlog::tile::{TileKind, TilePath, TileReader};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Reads tiles on a thread for blocking work.
///
/// The kept tiles are believed as little as those that the log serves: what is read is compared with the checkpoint as a whole. When it
/// does not fit, it is read again with [`Tiles::afresh`], so that damage on the monitor's own disk never speaks against the log.
pub(crate) struct Tiles {
    source: Arc<dyn LogSource>,
    runtime: Handle,
    kept: PathBuf,
    /// Whether kept tiles may be used.
    use_kept: bool,
    /// Whether any was.
    used_kept: bool,
    /// Partial tiles of this look: they are not kept, and must not change between two readings.
    partial: BTreeMap<TilePath, Vec<u8>>,
    stop: watch::Receiver<bool>,
}

impl Tiles {
    /// Tiles of `source`; `kept` is a folder of the monitor. Nothing is waited for any more once `stop` shows true.
    pub(crate) fn new(source: Arc<dyn LogSource>, runtime: Handle, kept: PathBuf, stop: watch::Receiver<bool>) -> Self {
        Self { source, runtime, kept, use_kept: true, used_kept: false, partial: BTreeMap::new(), stop }
    }

    /// The same without what was kept, if any of that was used.
    pub(crate) fn afresh(&mut self) -> bool {
        let again = self.used_kept;
        self.use_kept = false;
        self.used_kept = false;
        self.partial.clear();
        again
    }

    /// A file beside the tiles.
    pub(crate) fn file(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        let mut stop = self.stop.clone();
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => Err("no more time for this look".to_owned()),
                bytes = self.source.get(path, most) => bytes,
            }
        })
    }

    fn keep(&self, path: &TilePath, bytes: &[u8]) {
        // Not synced: a tile that a power cut spoils is found when it is used, and fetched again.
        let place = || -> std::io::Result<()> {
            let file = self.kept.join(path.to_string());
            fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
            let unfinished = file.with_extension("unfinished");
            fs::write(&unfinished, bytes)?;
            fs::rename(&unfinished, file)
        };
        if let Err(error) = place() {
            tracing::warn!(%path, %error, "a tile cannot be kept and will be fetched again");
        }
    }
}

impl TileReader for Tiles {
    type Error = String;

    fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, String> {
        if let Some(bytes) = self.partial.get(path) {
            return Ok(bytes.clone());
        }
        if self.use_kept
            && !path.is_partial()
            && let Ok(bytes) = fs::read(self.kept.join(path.to_string()))
        {
            self.used_kept = true;
            return Ok(bytes);
        }
        let bytes = match self.file(&path.to_string(), most_bytes(path))? {
            Some(bytes) => bytes,
            // A log may remove a partial tile once the full one is there.
            None if path.is_partial() => {
                let full = self.read(&path.to_full())?;
                beginning(&full, path).ok_or("not found, and the full tile is shorter")?
            }
            None => return Err("not found".to_owned()),
        };
        if path.is_partial() {
            self.partial.insert(*path, bytes.clone());
        } else {
            self.keep(path, &bytes);
        }
        Ok(bytes)
    }
}

/// A longer bundle holds something that is no leaf of a journal.
fn most_bytes(path: &TilePath) -> usize {
    let each = match path.kind() {
        TileKind::Hashes(_) => 32,
        TileKind::Entries => 2 + LARGE_LEAF_BYTES,
    };
    usize::from(path.width()) * each
}

/// The partial tile that a full one began as.
fn beginning(full: &[u8], path: &TilePath) -> Option<Vec<u8>> {
    let end = match path.kind() {
        TileKind::Hashes(_) => usize::from(path.width()) * 32,
        TileKind::Entries => (0..path.width()).try_fold(0, |at, _| {
            let length = full.get(at..)?.first_chunk::<2>()?;
            Some(at + 2 + usize::from(u16::from_be_bytes(*length)))
        })?,
    };
    full.get(..end).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_tlog::tile::encode_bundle;

    #[test]
    fn a_full_tile_begins_with_its_partial_ones() {
        let entries: Vec<Vec<u8>> = (0..256_u16).map(|number| vec![7; usize::from(number % 5)]).collect();
        let full = encode_bundle(&entries).unwrap();
        for width in [1_u16, 2, 255] {
            let path = TilePath::new(TileKind::Entries, 0, width).unwrap();
            let expected = encode_bundle(&entries[..usize::from(width)]).unwrap();
            assert_eq!(beginning(&full, &path), Some(expected), "{width}");
            let hashes = TilePath::new(TileKind::Hashes(0), 0, width).unwrap();
            assert_eq!(beginning(&[3; 8_192], &hashes).map(|bytes| bytes.len()), Some(usize::from(width) * 32));
            assert_eq!(beginning(&[3; 31], &hashes), None);
        }
        let path = TilePath::new(TileKind::Entries, 0, 255).unwrap();
        for end in [0, 1, full.len() / 2] {
            assert_eq!(beginning(&full[..end], &path), None, "{end}");
        }
    }
}
