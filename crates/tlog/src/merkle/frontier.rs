use std::fmt;

use crate::hash::{Hash, empty_root, leaf_hash, node_hash};
use crate::merkle::MAX_TREE_SIZE;

/// Right edge of a tree: the roots of its complete subtrees, largest first. Enough to append leaves and to give
/// the root, at most 63 hashes.
///
/// Bytes: size as u64 big endian, then 32 bytes for every one bit of the size, highest bit first.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    // INVARIANT: exactly `size.count_ones()` hashes.
    peaks: Vec<Hash>,
}

/// Stored frontier bytes that cannot be read, or a tree that cannot grow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// Too short for the size field, or the number of hashes does not fit the size.
    #[error("a frontier of {size} leaves has {expected} bytes, found {found}")]
    Length {
        /// Size read from the first eight bytes (0 if there are not eight).
        size: u64,
        /// Bytes such a frontier has.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The size is above [`MAX_TREE_SIZE`].
    #[error("tree size {0} is above 2^63 - 1")]
    TooLarge(u64),
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its bytes.
    ///
    /// # Errors
    /// [`FrontierError::TooLarge`] when the tree is full.
    pub fn push_leaf(&mut self, leaf: &[u8]) -> Result<Hash, FrontierError> {
        let hash = leaf_hash(leaf);
        self.push(hash)?;
        Ok(hash)
    }

    /// Appends a leaf by its leaf hash.
    ///
    /// # Errors
    /// [`FrontierError::TooLarge`] when the tree is full.
    pub fn push(&mut self, hash: Hash) -> Result<(), FrontierError> {
        if self.size >= MAX_TREE_SIZE {
            return Err(FrontierError::TooLarge(self.size));
        }
        let mut right = hash;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                right = node_hash(&left, &right);
            }
        }
        self.peaks.push(right);
        self.size += 1;
        Ok(())
    }

    /// Root of the tree of [`Frontier::size`] leaves.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => empty_root(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// The bytes described at the type.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        self.peaks.iter().for_each(|peak| bytes.extend_from_slice(peak.as_bytes()));
        bytes
    }

    /// Parses the bytes described at the type.
    ///
    /// # Errors
    /// [`FrontierError`] when the length does not fit the size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let Some((head, rest)) = bytes.split_first_chunk::<8>() else {
            return Err(FrontierError::Length { size: 0, expected: 8, found: bytes.len() });
        };
        let size = u64::from_be_bytes(*head);
        if size > MAX_TREE_SIZE {
            return Err(FrontierError::TooLarge(size));
        }
        let (peaks, left_over) = rest.as_chunks::<32>();
        if !left_over.is_empty() || peaks.len() != size.count_ones() as usize {
            let expected = 8 + 32 * size.count_ones() as usize;
            return Err(FrontierError::Length { size, expected, found: bytes.len() });
        }
        Ok(Self { size, peaks: peaks.iter().copied().map(Hash).collect() })
    }
}

impl fmt::Debug for Frontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frontier of {} leaves, root {}", self.size, self.root())
    }
}
