use crate::hash::{Hash, node_hash};
use crate::tile::bundle::append;
use crate::tile::{BundleError, LEVELS, TILE_WIDTH, TileError, TileHashes, TileKind, TilePath, TileReader};

/// The hashes of the unfinished tile of every level: what a writer keeps to make the next tiles without reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashEdge {
    size: u64,
    // INVARIANT: level l has (size >> 8l) % 256 hashes.
    levels: [Vec<Hash>; LEVELS as usize],
}

impl HashEdge {
    /// Edge of the empty log.
    pub fn new() -> Self {
        Self { size: 0, levels: Default::default() }
    }

    /// Edge of a log of `size` leaves, from its partial tiles.
    ///
    /// # Errors
    /// [`TileError`] of the reader.
    pub fn read<R: TileReader>(size: u64, reader: R) -> Result<Self, TileError<R::Error>> {
        let mut edge = Self { size, ..Self::new() };
        let mut tiles = TileHashes::new(size, reader);
        for (level, hashes) in edge.levels.iter_mut().enumerate() {
            let count = size >> (8 * level);
            if !count.is_multiple_of(TILE_WIDTH) {
                *hashes = tiles.tile(level as u8, count / TILE_WIDTH)?;
            }
        }
        Ok(edge)
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The partial hash tiles of this size.
    pub fn partial(&self) -> Vec<(TilePath, Vec<u8>)> {
        let partial = |(level, hashes): (usize, &Vec<Hash>)| {
            let index = (self.size >> (8 * level)) / TILE_WIDTH;
            let path = TilePath::new(TileKind::Hashes(level as u8), index, hashes.len() as u16)?;
            Some((path, concat(hashes)))
        };
        self.levels.iter().enumerate().filter_map(partial).collect()
    }

    /// Appends leaf hashes; returns the hash tiles to write: those that became full and the partial ones of the new
    /// size. Nothing for no leaves.
    pub fn append(&mut self, leaves: &[Hash]) -> Vec<(TilePath, Vec<u8>)> {
        let mut tiles = Vec::new();
        let mut coming = leaves.to_vec();
        for (level, hashes) in self.levels.iter_mut().enumerate() {
            if coming.is_empty() {
                break;
            }
            let kind = TileKind::Hashes(level as u8);
            let mut index = (self.size >> (8 * level)) / TILE_WIDTH;
            let mut above = Vec::new();
            for hash in coming {
                hashes.push(hash);
                if hashes.len() as u64 == TILE_WIDTH {
                    tiles.extend(TilePath::new(kind, index, 256).map(|path| (path, concat(hashes))));
                    above.push(fold(hashes));
                    hashes.clear();
                    index += 1;
                }
            }
            // Width 0 is no tile.
            tiles.extend(TilePath::new(kind, index, hashes.len() as u16).map(|path| (path, concat(hashes))));
            coming = above;
        }
        self.size += leaves.len() as u64;
        tiles
    }
}

impl Default for HashEdge {
    fn default() -> Self {
        Self::new()
    }
}

/// The unfinished entry bundle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BundleEdge {
    size: u64,
    // INVARIANT: the encoded entries `size - size % 256 .. size`.
    partial: Vec<u8>,
}

impl BundleEdge {
    /// Edge of the empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Edge of a log of `size` entries, given the entries of its unfinished bundle.
    ///
    /// # Errors
    /// [`BundleError::Count`] when it is not `size % 256` entries, [`BundleError::EntryTooLong`].
    pub fn of<T: AsRef<[u8]>>(size: u64, unfinished: &[T]) -> Result<Self, BundleError> {
        let expected = (size % TILE_WIDTH) as usize;
        if unfinished.len() != expected {
            return Err(BundleError::Count { found: unfinished.len(), expected });
        }
        Ok(Self { size, partial: super::encode_bundle(unfinished)? })
    }

    /// The partial bundle of this size; `None` when the last one is full.
    pub fn partial(&self) -> Option<(TilePath, Vec<u8>)> {
        let (index, width) = (self.size / TILE_WIDTH, (self.size % TILE_WIDTH) as u16);
        TilePath::new(TileKind::Entries, index, width).map(|path| (path, self.partial.clone()))
    }

    /// Appends entries; returns the bundles to write: those that became full and the partial one of the new size.
    ///
    /// # Errors
    /// [`BundleError::EntryTooLong`]; nothing has changed then.
    pub fn append<T: AsRef<[u8]>>(&mut self, entries: &[T]) -> Result<Vec<(TilePath, Vec<u8>)>, BundleError> {
        if let Some(long) = entries.iter().map(|entry| entry.as_ref().len()).find(|len| *len > super::MAX_ENTRY_BYTES) {
            return Err(BundleError::EntryTooLong(long));
        }
        let mut bundles = Vec::new();
        for entry in entries {
            append(&mut self.partial, entry.as_ref())?;
            self.size += 1;
            if self.size.is_multiple_of(TILE_WIDTH) {
                let full = std::mem::take(&mut self.partial);
                let index = self.size / TILE_WIDTH - 1;
                bundles.extend(TilePath::new(TileKind::Entries, index, 256).map(|path| (path, full)));
            }
        }
        if !entries.is_empty() {
            bundles.extend(self.partial());
        }
        Ok(bundles)
    }
}

fn concat(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Root of a power of two of hashes.
fn fold(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    level.first().copied().unwrap_or(Hash([0; 32]))
}
