//! Does a checkpoint continue the one that was verified last? Either it is shown, or the contrary is shown, or neither can be.

use countersign_tlog::Hash;
use countersign_tlog::checkpoint::Checkpoint;
use countersign_tlog::merkle::{Frontier, consistency_proof, verify_consistency};
use countersign_tlog::tile::{TileHashes, TileReader, read_entries};

/// What could be shown about two checkpoints of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// The new one continues the old one.
    Holds,
    /// The new one is smaller, and the old one continues it.
    Earlier,
    /// They cannot both be true.
    Forked(String),
    /// Neither; the tiles do not allow it.
    Unknown(String),
}

/// Compares two checkpoints that the log has signed. Only what is proven speaks for or against the log: a damaged tile is no fork.
/// `most` is how many entries may be read for it.
pub(crate) fn compare<R: TileReader<Error = String>>(
    old: &Checkpoint,
    new: &Checkpoint,
    most: u64,
    reader: &mut R,
) -> Consistency {
    let both = format!("sizes {} and {}", old.size, new.size);
    if old.size == new.size {
        return if old.root == new.root {
            Consistency::Holds
        } else {
            Consistency::Forked(format!("two roots for one size, {}", old.size))
        };
    }
    let (small, large) = if old.size < new.size { (old, new) } else { (new, old) };
    let agreed = if old.size < new.size { Consistency::Holds } else { Consistency::Earlier };
    if proven(small, large, reader) {
        return agreed;
    }
    // The proof comes from hash tiles that nobody has checked. The entries decide.
    if large.size > most {
        return Consistency::Unknown(format!("{both}: there are more entries than this monitor is set to read"));
    }
    match roots(small.size, large.size, reader) {
        Err(reason) => Consistency::Unknown(format!("{both}: {reason}")),
        Ok((_, root)) if root != large.root => {
            Consistency::Unknown(format!("{both}: the entries served lead to neither"))
        }
        Ok((root, _)) if root == small.root => agreed,
        Ok(_) => Consistency::Forked(format!(
            "{both}: the first {} entries of the larger tree have another root than the smaller one",
            small.size
        )),
    }
}

fn proven<R: TileReader>(small: &Checkpoint, large: &Checkpoint, reader: &mut R) -> bool {
    let mut tiles = TileHashes::new(large.size, reader);
    let proof = consistency_proof(small.size, large.size, &mut tiles);
    proof.is_ok_and(|proof| verify_consistency(small.size, small.root, large.size, large.root, &proof).is_ok())
}

/// Roots of the first `small` and of all `large` entries.
fn roots<R: TileReader<Error = String>>(small: u64, large: u64, reader: &mut R) -> Result<(Hash, Hash), String> {
    let mut frontier = Frontier::new();
    let mut at_small = frontier.root();
    let mut too_large = None;
    read_entries(0, large, large, reader, |index, entry| {
        too_large = frontier.push_leaf(entry).err().or(too_large.take());
        if index + 1 == small {
            at_small = frontier.root();
        }
    })
    .map_err(|error| error.to_string())?;
    match too_large {
        Some(error) => Err(error.to_string()),
        None => Ok((at_small, frontier.root())),
    }
}
