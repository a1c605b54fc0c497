//! The port to where tiles, bundles and the checkpoint are kept for everybody to read, and what every such place shares.

use countersign_tlog::note::MAX_NOTE_BYTES;
use countersign_tlog::tile::{FULL_TILE_BYTES, MAX_BUNDLE_BYTES, TileKind, TilePath};
use std::fmt::Display;
use std::io::{self, ErrorKind};

/// Most bytes of a file beside the tiles.
pub(crate) const MAX_FILE_BYTES: usize = MAX_NOTE_BYTES;

/// What caches are told of tiles. A partial tile is as final as a full one: its width is in its name.
pub(crate) const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A place for tiles. Calls block; the log makes them on threads for blocking work. A value belongs to one log that writes: what it
/// reads is what it expects to replace.
///
/// Every place keeps the promises of the suite `conformance`.
pub trait TileStore: Send + Sync {
    /// Bytes of a tile; `None` if it is not there.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] when more bytes are there than any tile has, otherwise those of the system.
    fn read(&self, path: &TilePath) -> io::Result<Option<Vec<u8>>>;

    /// Bytes of several tiles, in the order of their paths.
    ///
    /// # Errors
    /// Those of [`TileStore::read`].
    fn read_all(&self, paths: &[TilePath]) -> io::Result<Vec<Option<Vec<u8>>>> {
        paths.iter().map(|path| self.read(path)).collect()
    }

    /// Keeps tiles so that they are there after a crash, and reads them back. Tiles never change: one that is there with the same
    /// bytes stays as it is. After the first call of a process, which may bring no tile, what an earlier process wrote lasts too.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when one is there with other bytes, [`ErrorKind::InvalidData`] when one reads back
    /// differently, otherwise those of the system.
    fn write(&self, tiles: &[(TilePath, Vec<u8>)]) -> io::Result<()>;

    /// Addresses of all tiles there, sorted.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] when something among the tiles is not a tile, otherwise those of the system.
    fn list(&self) -> io::Result<Vec<TilePath>>;

    /// A file beside the tiles: `checkpoint` or `vkey`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] when it is longer than a signed note, otherwise those of the system.
    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Replaces a file beside the tiles, whole or not at all.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when another process has replaced it since this value read it (where the place can tell),
    /// otherwise those of the system.
    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Moves a damaged tile to where nobody reads tiles, so that it can be written again, and returns where it is kept.
    ///
    /// # Errors
    /// Those of the system; [`ErrorKind::Unsupported`] for a place that cannot.
    fn set_aside(&self, path: &TilePath) -> io::Result<String> {
        Err(io::Error::new(ErrorKind::Unsupported, format!("{path} cannot be set aside here: move it by hand")))
    }

    /// Removes what crashes left of unfinished writes, and returns its names. Only while nobody else writes.
    ///
    /// # Errors
    /// Those of the system.
    fn remove_unfinished(&self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Most bytes that a tile of this address has.
pub(crate) fn most_bytes(path: &TilePath) -> usize {
    let of_full = match path.kind() {
        TileKind::Hashes(_) => FULL_TILE_BYTES,
        TileKind::Entries => MAX_BUNDLE_BYTES,
    };
    of_full / 256 * usize::from(path.width())
}

/// Stops the log: a tile never changes.
pub(crate) fn other_bytes(what: impl Display) -> io::Error {
    io::Error::new(ErrorKind::AlreadyExists, format!("{what} is there with other bytes"))
}

/// Stops the log: what is kept is not what was given.
pub(crate) fn reads_back_differently(what: impl Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("{what} reads back differently"))
}

/// Stops the log: nothing that it wrote is so large.
pub(crate) fn too_large(what: impl Display, most: usize) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("{what} is longer than the {most} bytes that can stand there"))
}

/// Stops the log: something is among the tiles that it did not write.
pub(crate) fn stray(what: impl Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_string())
}
