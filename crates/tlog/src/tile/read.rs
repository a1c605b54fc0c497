use std::collections::BTreeMap;

use crate::hash::{Hash, leaf_hash, node_hash};
use crate::merkle::{Frontier, FrontierError, HashReader, NodeId};
use crate::tile::{BundleError, FULL_TILE_BYTES, LEVELS, TILE_WIDTH, TileKind, TilePath, decode_bundle};

/// Where tiles come from: a folder, HTTP, memory. The bytes are not trusted.
pub trait TileReader {
    /// What can go wrong when fetching.
    type Error;
    /// Bytes of the tile or bundle.
    ///
    /// # Errors
    /// Those of the source; a missing tile is an error.
    fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, Self::Error>;
}

impl<R: TileReader + ?Sized> TileReader for &mut R {
    type Error = R::Error;
    fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, Self::Error> {
        (**self).read(path)
    }
}

/// A tile that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError<E> {
    /// The source failed.
    #[error("{path}: {error}")]
    Read {
        /// Which tile.
        path: TilePath,
        /// What the source says.
        error: E,
    },
    /// The tile has another number of bytes than its path says.
    #[error("{path} has {found} bytes")]
    Length {
        /// Which tile.
        path: TilePath,
        /// Bytes found.
        found: usize,
    },
    /// The bundle cannot be read.
    #[error("{path}: {error}")]
    Bundle {
        /// Which bundle.
        path: TilePath,
        /// What is wrong.
        error: BundleError,
    },
    /// A tile's hashes are not those of the tiles or entries below it.
    #[error("{path} does not agree with the entries")]
    Mismatch {
        /// Which tile.
        path: TilePath,
    },
    /// A node outside the tree was asked for.
    #[error("node {} of height {} is not in the tree", .0.index, .0.height)]
    Outside(NodeId),
    /// The tree is too large.
    #[error(transparent)]
    Frontier(#[from] FrontierError),
}

/// Reads the hashes of a tree of a fixed size from its tiles. Keeps every tile it has read; the hashes are as
/// trustworthy as the proof or root that the caller checks with them.
pub struct TileHashes<R> {
    size: u64,
    reader: R,
    // INVARIANT: row h holds the complete nodes of height h within the tile, row 0 being the tile itself.
    tiles: BTreeMap<(u8, u64), Vec<Vec<Hash>>>,
}

impl<R: TileReader> TileHashes<R> {
    /// Tiles of the log at `size` leaves.
    pub fn new(size: u64, reader: R) -> Self {
        Self { size, reader, tiles: BTreeMap::new() }
    }

    /// The hashes of a tile (1 to 256).
    ///
    /// # Errors
    /// [`TileError`].
    pub fn tile(&mut self, level: u8, index: u64) -> Result<Vec<Hash>, TileError<R::Error>> {
        Ok(self.rows(level, index)?.first().cloned().unwrap_or_default())
    }

    fn rows(&mut self, level: u8, index: u64) -> Result<&[Vec<Hash>], TileError<R::Error>> {
        use std::collections::btree_map::Entry;
        match self.tiles.entry((level, index)) {
            Entry::Occupied(entry) => Ok(entry.into_mut().as_slice()),
            Entry::Vacant(entry) => {
                let path = hash_tile(level, index, self.size)
                    .ok_or(TileError::Outside(NodeId { height: level.saturating_mul(8), index }))?;
                let bytes = self.reader.read(&path).map_err(|error| TileError::Read { path, error })?;
                let row = hashes(&bytes, path)?;
                Ok(entry.insert(pyramid(row)).as_slice())
            }
        }
    }
}

impl<R: TileReader> HashReader for TileHashes<R> {
    type Error = TileError<R::Error>;

    fn read(&mut self, node: NodeId) -> Result<Hash, Self::Error> {
        let (level, row) = (node.height / 8, node.height % 8);
        let per_tile = TILE_WIDTH >> row;
        let rows = self.rows(level, node.index / per_tile)?;
        rows.get(usize::from(row))
            .and_then(|row| row.get((node.index % per_tile) as usize))
            .copied()
            .ok_or(TileError::Outside(node))
    }
}

/// Address of the hash tile `index` at `level` in a tree of `size`; `None` if there is none.
fn hash_tile(level: u8, index: u64, size: u64) -> Option<TilePath> {
    if level >= LEVELS {
        return None;
    }
    let width = (size >> (8 * level)).checked_sub(index.checked_mul(TILE_WIDTH)?)?.min(TILE_WIDTH);
    TilePath::new(TileKind::Hashes(level), index, width as u16)
}

fn hashes<E>(bytes: &[u8], path: TilePath) -> Result<Vec<Hash>, TileError<E>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() != usize::from(path.width()) || bytes.len() > FULL_TILE_BYTES {
        return Err(TileError::Length { path, found: bytes.len() });
    }
    Ok(hashes.iter().copied().map(Hash).collect())
}

fn pyramid(row: Vec<Hash>) -> Vec<Vec<Hash>> {
    let mut rows = vec![row];
    while let Some(last) = rows.last().filter(|last| last.len() > 1 && rows.len() < 8) {
        let above = last.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
        rows.push(above);
    }
    rows
}

/// Reads the entries `from..to` of a log of `size` entries from its bundles and passes each with its index to `visit`.
/// Nothing is verified: compare the root of the leaf hashes with a checkpoint before believing an entry.
///
/// # Errors
/// [`TileError::Read`], [`TileError::Bundle`].
pub fn read_entries<R: TileReader>(
    from: u64,
    to: u64,
    size: u64,
    reader: &mut R,
    mut visit: impl FnMut(u64, &[u8]),
) -> Result<(), TileError<R::Error>> {
    let to = to.min(size);
    let mut next = from;
    while next < to {
        let index = next / TILE_WIDTH;
        let first = index * TILE_WIDTH;
        let width = (size - first).min(TILE_WIDTH) as u16;
        let Some(path) = TilePath::new(TileKind::Entries, index, width) else { return Ok(()) };
        let bytes = reader.read(&path).map_err(|error| TileError::Read { path, error })?;
        let entries = decode_bundle(&bytes, width).map_err(|error| TileError::Bundle { path, error })?;
        for (position, entry) in (first..to).zip(entries).skip((next - first) as usize) {
            visit(position, entry);
        }
        next = first + u64::from(width);
    }
    Ok(())
}

/// Reads a whole log of `size` leaves, checks that every hash tile agrees with the entries, and returns the frontier
/// to compare with a checkpoint. `visit` gets every entry with its index, before anything is verified.
///
/// # Errors
/// [`TileError`].
pub fn recompute<R: TileReader>(
    size: u64,
    reader: &mut R,
    mut visit: impl FnMut(u64, &[u8]),
) -> Result<Frontier, TileError<R::Error>> {
    let mut frontier = Frontier::new();
    let mut edge = super::HashEdge::new();
    let mut first = 0;
    while first < size {
        let last = size.min(first + TILE_WIDTH);
        let mut leaves = Vec::with_capacity(TILE_WIDTH as usize);
        read_entries(first, last, size, reader, |index, entry| {
            leaves.push(leaf_hash(entry));
            visit(index, entry);
        })?;
        for leaf in &leaves {
            frontier.push(*leaf)?;
        }
        for (path, expected) in edge.append(&leaves).into_iter().filter(|(path, _)| !path.is_partial()) {
            same(reader, path, &expected)?;
        }
        first = last;
    }
    for (path, expected) in edge.partial() {
        same(reader, path, &expected)?;
    }
    Ok(frontier)
}

fn same<R: TileReader>(reader: &mut R, path: TilePath, expected: &[u8]) -> Result<(), TileError<R::Error>> {
    let found = reader.read(&path).map_err(|error| TileError::Read { path, error })?;
    if found == expected { Ok(()) } else { Err(TileError::Mismatch { path }) }
}
