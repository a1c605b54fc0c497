//! A second reading of a log for the leaves that are large and few: control leaves and openings.

use countersign_tlog::Hash;
use countersign_tlog::leaf::{ControlLeaf, LARGE_LEAF_BYTES, Leaf, OpeningLeaf};
use countersign_tlog::merkle::Frontier;
use countersign_tlog::tile::{TileReader, read_entries};

/// The leaves of a log that say something in the clear.
#[derive(Debug, Default)]
pub(crate) struct Clear {
    pub(crate) control: Vec<(u64, ControlLeaf)>,
    pub(crate) openings: Vec<(u64, OpeningLeaf)>,
}

impl Clear {
    /// Reads the first `size` entries; they must lead to `root`, whatever an earlier reading has given.
    pub(crate) fn read<R: TileReader<Error = String>>(size: u64, root: Hash, reader: &mut R) -> Result<Self, String> {
        let mut clear = Self::default();
        let mut frontier = Frontier::new();
        let mut too_large = None;
        read_entries(0, size, size, reader, |index, entry| {
            too_large = frontier.push_leaf(entry).err().or(too_large.take());
            if entry.len() != LARGE_LEAF_BYTES {
                return;
            }
            match Leaf::parse(entry) {
                Ok(Leaf::Control(leaf)) => clear.control.push((index, leaf)),
                Ok(Leaf::Opening(leaf)) => clear.openings.push((index, leaf)),
                // What is no leaf is a fault of the first reading.
                Ok(Leaf::Sealed(_)) | Err(_) => {}
            }
        })
        .map_err(|error| error.to_string())?;
        if let Some(error) = too_large {
            return Err(error.to_string());
        }
        if frontier.root() != root {
            return Err("the entries changed between two readings".to_owned());
        }
        Ok(clear)
    }
}
