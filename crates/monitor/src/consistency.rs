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

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_tlog::leaf_hash;
    use countersign_tlog::merkle::{Tree, root_at};
    use countersign_tlog::note::KeyName;
    use countersign_tlog::tile::{BundleEdge, HashEdge, TilePath};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// What a log served that was published at these sizes; entries from `fork` on are those of another history.
    #[derive(Clone)]
    struct Log {
        tiles: BTreeMap<TilePath, Vec<u8>>,
        tree: Tree,
    }

    impl Log {
        fn new(sizes: &[u64], fork: u64) -> Self {
            let (mut hashes, mut bundles, mut tiles, mut tree) =
                (HashEdge::new(), BundleEdge::new(), BTreeMap::new(), Tree::new());
            for size in sizes {
                let name = |number| if number < fork { "entry" } else { "other" };
                let entries: Vec<_> = (tree.size()..*size).map(|number| format!("{} {number}", name(number))).collect();
                let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry.as_bytes())).collect();
                tiles.extend(hashes.append(&leaves));
                tiles.extend(bundles.append(&entries).unwrap());
                leaves.into_iter().for_each(|leaf| tree.push(leaf));
            }
            Self { tiles, tree }
        }

        fn at(&self, size: u64) -> Checkpoint {
            let root = root_at(size, &mut self.tree.clone()).unwrap();
            Checkpoint { origin: KeyName::new("log.example").unwrap(), size, root }
        }
    }

    impl TileReader for Log {
        type Error = String;
        fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, String> {
            self.tiles.get(path).cloned().ok_or_else(|| "not found".to_owned())
        }
    }

    const NONE: u64 = u64::MAX;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

        #[test]
        fn one_history_holds_and_two_are_forked(small in 0_u64..700, more in 0_u64..700, fork in any::<prop::sample::Index>()) {
            let large = small + more;
            let mut log = Log::new(&[small, large], NONE);
            let (old, new) = (log.at(small), log.at(large));
            prop_assert_eq!(compare(&old, &new, NONE, &mut log), Consistency::Holds);
            let backwards = if more == 0 { Consistency::Holds } else { Consistency::Earlier };
            prop_assert_eq!(compare(&new, &old, NONE, &mut log), backwards);
            if small > 0 {
                let mut other = Log::new(&[small, large], fork.index(small as usize) as u64);
                let forked = other.at(large);
                prop_assert!(matches!(compare(&old, &forked, NONE, &mut other), Consistency::Forked(_)));
                prop_assert!(matches!(compare(&forked, &old, NONE, &mut other), Consistency::Forked(_)));
            }
        }

        #[test]
        fn damage_neither_hides_a_fork_nor_makes_one(
            small in 1_u64..600,
            more in 1_u64..600,
            fork in any::<prop::sample::Index>(),
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3), 1..8),
        ) {
            let large = small + more;
            let old = Log::new(&[small], NONE).at(small);
            for (mut log, honest) in
                [(Log::new(&[small, large], NONE), true), (Log::new(&[small, large], fork.index(small as usize) as u64), false)]
            {
                let new = log.at(large);
                for (which, place, how) in &damage {
                    // A first tile that is lost leaves nothing more to damage.
                    let paths: Vec<_> = log.tiles.keys().copied().collect();
                    if paths.is_empty() {
                        break;
                    }
                    let path = *which.get(&paths);
                    let bytes = log.tiles.get_mut(&path).unwrap();
                    match how {
                        0 => { log.tiles.remove(&path); }
                        1 => { let at = place.index(bytes.len()); bytes[at] ^= 1; }
                        _ => { let at = place.index(bytes.len()); bytes.truncate(at); bytes.push(0); }
                    }
                }
                for (one, two) in [(&old, &new), (&new, &old)] {
                    let found = compare(one, two, NONE, &mut log);
                    let wrong = match found {
                        Consistency::Holds | Consistency::Earlier => !honest,
                        Consistency::Forked(_) => honest,
                        Consistency::Unknown(_) => false,
                    };
                    prop_assert!(!wrong, "{small} {large} {honest}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn a_tree_that_is_too_large_is_not_read() {
        let mut log = Log::new(&[30], 5);
        let (old, new) = (Log::new(&[10], NONE).at(10), log.at(30));
        assert!(matches!(compare(&old, &new, 30, &mut log), Consistency::Forked(_)));
        assert!(matches!(compare(&old, &new, 29, &mut log), Consistency::Unknown(_)));
    }
}
