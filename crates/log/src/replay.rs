//! The whole log again from the store: what start-up and `fsck` compare everything with.

use crate::{LogError, Result};
use countersign_store::journal::{Entry, Journal};
use countersign_tlog::merkle::{Frontier, Tree};
use countersign_tlog::tile::{BundleEdge, HashEdge, TilePath};

/// Leaves read at a time; a multiple of the width of a tile. A bucket is asked for all their tiles at once.
const CHUNK: u32 = 4_096;

/// A tile with its bytes.
pub(crate) type Tile = (TilePath, Vec<u8>);

/// The first leaves of the journal, read in order.
pub(crate) struct Replay<'j> {
    journal: &'j dyn Journal,
    size: u64,
    pub(crate) tree: Tree,
    pub(crate) frontier: Frontier,
    pub(crate) edges: Edges,
    done: bool,
}

/// The unfinished tiles of a log: hashes and entries of one size.
#[derive(Clone, Default)]
pub(crate) struct Edges {
    hashes: HashEdge,
    bundles: BundleEdge,
}

impl Edges {
    pub(crate) fn size(&self) -> u64 {
        self.hashes.size()
    }

    /// Bundles and hash tiles to write when these leaves come.
    pub(crate) fn append(&mut self, entries: &[Entry]) -> Result<Vec<Tile>> {
        let leaves: Vec<&[u8]> = entries.iter().map(|entry| entry.leaf.as_slice()).collect();
        let hashes: Vec<_> = entries.iter().map(|entry| entry.hash).collect();
        let mut tiles = self.bundles.append(&leaves).map_err(LogError::stopped)?;
        tiles.extend(self.hashes.append(&hashes));
        Ok(tiles)
    }

    /// The partial tiles of this size.
    pub(crate) fn partial(&self) -> Vec<Tile> {
        self.bundles.partial().into_iter().chain(self.hashes.partial()).collect()
    }
}

impl<'j> Replay<'j> {
    pub(crate) fn new(journal: &'j dyn Journal, size: u64) -> Self {
        Self { journal, size, tree: Tree::new(), frontier: Frontier::new(), edges: Edges::default(), done: false }
    }

    /// The next tiles of the log: full ones as they fill up, at the end the partial ones. `None` after those.
    pub(crate) async fn step(&mut self) -> Result<Option<Vec<Tile>>> {
        if self.done {
            return Ok(None);
        }
        let next = self.frontier.size();
        if next == self.size {
            self.done = true;
            return Ok(Some(self.edges.partial()));
        }
        let limit = (self.size - next).min(u64::from(CHUNK)) as u32;
        let entries = self.journal.entries(next, limit).await?;
        if entries.is_empty() {
            return Err(LogError::stopped(format!("the head covers {} leaves, the store has {next}", self.size)));
        }
        for entry in &entries {
            self.frontier.push(entry.hash).map_err(LogError::stopped)?;
            self.tree.push(entry.hash);
        }
        let tiles = self.edges.append(&entries)?;
        Ok(Some(tiles.into_iter().filter(|(path, _)| !path.is_partial()).collect()))
    }
}
