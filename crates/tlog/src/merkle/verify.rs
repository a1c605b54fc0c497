use crate::hash::{Hash, empty_root, node_hash};

/// A Merkle proof that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// The index is not in a tree of that size, or the old tree is larger than the new one.
    #[error("position {position} does not fit a tree of {size}")]
    Position {
        /// Leaf index or old size.
        position: u64,
        /// Tree size.
        size: u64,
    },
    /// Too few or too many hashes for these sizes.
    #[error("proof has the wrong number of hashes ({found})")]
    Length {
        /// Hashes given.
        found: usize,
    },
    /// The hashes lead to another root.
    #[error("proof leads to root {computed}, expected {expected}")]
    Root {
        /// Root the proof leads to.
        computed: Hash,
        /// Root it had to lead to.
        expected: Hash,
    },
}

/// Checks that the leaf with `leaf` as its leaf hash is number `index` of the tree `size`, `root`.
/// RFC 9162 section 2.1.3.2.
///
/// # Errors
/// [`MerkleError`] when it does not hold.
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, root: Hash, proof: &[Hash]) -> Result<(), MerkleError> {
    same_root(root_from_inclusion(leaf, index, size, proof)?, root)
}

/// Root of the tree of `size` leaves that has `leaf` at `index`, given the inclusion proof.
///
/// # Errors
/// [`MerkleError::Position`] or [`MerkleError::Length`].
pub fn root_from_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Result<Hash, MerkleError> {
    if index >= size {
        return Err(MerkleError::Position { position: index, size });
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in proof {
        if last == 0 {
            return Err(MerkleError::Length { found: proof.len() });
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A right-most node without a left sibling is its own parent on the levels in between.
            let skipped = if node & 1 == 1 { 0 } else { node.trailing_zeros().min(63) };
            node >>= skipped;
            last >>= skipped;
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(MerkleError::Length { found: proof.len() });
    }
    Ok(hash)
}

/// Checks that the tree (`old_size`, `old_root`) is a prefix of (`new_size`, `new_root`). RFC 9162 section 2.1.4.2,
/// with the conventions of tlog-witness: the proof is empty from size 0 and between equal sizes.
///
/// # Errors
/// [`MerkleError`] when it does not hold.
pub fn verify_consistency(
    old_size: u64,
    old_root: Hash,
    new_size: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), MerkleError> {
    let wrong_length = MerkleError::Length { found: proof.len() };
    if old_size > new_size {
        return Err(MerkleError::Position { position: old_size, size: new_size });
    }
    if old_size == 0 {
        same_root(old_root, empty_root())?;
    }
    if old_size == new_size {
        same_root(new_root, old_root)?;
    }
    if old_size == 0 || old_size == new_size {
        return if proof.is_empty() { Ok(()) } else { Err(wrong_length) };
    }

    let shared = (old_size - 1).trailing_ones();
    let (mut node, mut last) = ((old_size - 1) >> shared, (new_size - 1) >> shared);
    let mut hashes = proof.iter();
    // When the old tree is complete its root is the seed and is left out of the proof.
    let seed = if node == 0 { old_root } else { *hashes.next().ok_or(wrong_length.clone())? };
    let (mut old, mut new) = (seed, seed);
    for hash in hashes {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
            let skipped = if node & 1 == 1 { 0 } else { node.trailing_zeros().min(63) };
            node >>= skipped;
            last >>= skipped;
        } else {
            new = node_hash(&new, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    same_root(old, old_root)?;
    same_root(new, new_root)
}

fn same_root(computed: Hash, expected: Hash) -> Result<(), MerkleError> {
    if computed == expected { Ok(()) } else { Err(MerkleError::Root { computed, expected }) }
}
