use crate::hash::{Hash, empty_root, node_hash};

/// A complete subtree: height 0 is a leaf; it spans leaves `index << height .. (index + 1) << height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Height above the leaves, 0 to 62.
    pub height: u8,
    /// Position among the subtrees of this height.
    pub index: u64,
}

/// Where proofs get the hashes of complete subtrees from: memory, tiles, a database.
pub trait HashReader {
    /// What can go wrong when reading.
    type Error;
    /// Root of the complete subtree `node`.
    ///
    /// # Errors
    /// Those of the source; a node outside the tree must be an error.
    fn read(&mut self, node: NodeId) -> Result<Hash, Self::Error>;
}

impl<R: HashReader + ?Sized> HashReader for &mut R {
    type Error = R::Error;
    fn read(&mut self, node: NodeId) -> Result<Hash, Self::Error> {
        (**self).read(node)
    }
}

/// Why no proof could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// The index is not in the tree.
    #[error("leaf {index} is not in a tree of {size}")]
    Index {
        /// Index asked for.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("a tree of {old} is not older than a tree of {new}")]
    Sizes {
        /// Size called old.
        old: u64,
        /// Size called new.
        new: u64,
    },
    /// The source of hashes failed.
    #[error(transparent)]
    Read(E),
}

/// Inclusion proof of leaf `index` in the tree of `size` leaves, from the leaf's sibling up. RFC 6962 section 2.1.1.
///
/// # Errors
/// [`ProveError::Index`], or what the reader returns.
pub fn inclusion_proof<R: HashReader>(
    index: u64,
    size: u64,
    reader: &mut R,
) -> Result<Vec<Hash>, ProveError<R::Error>> {
    if index >= size {
        return Err(ProveError::Index { index, size });
    }
    hashes(&inclusion_ranges(index, size), reader).map_err(ProveError::Read)
}

/// The nodes [`inclusion_proof`] reads, so that a caller can fetch them beforehand. Empty if `index >= size`.
pub fn inclusion_nodes(index: u64, size: u64) -> Vec<NodeId> {
    if index >= size {
        return Vec::new();
    }
    inclusion_ranges(index, size).into_iter().flat_map(|range| nodes(range.0, range.1)).collect()
}

/// Consistency proof between the trees of `old` and `new` leaves. RFC 6962 section 2.1.2. Empty when the sizes are
/// equal or `old` is 0.
///
/// # Errors
/// [`ProveError::Sizes`], or what the reader returns.
pub fn consistency_proof<R: HashReader>(old: u64, new: u64, reader: &mut R) -> Result<Vec<Hash>, ProveError<R::Error>> {
    if old > new {
        return Err(ProveError::Sizes { old, new });
    }
    hashes(&consistency_ranges(old, new), reader).map_err(ProveError::Read)
}

/// The nodes [`consistency_proof`] reads. Empty if `old > new`.
pub fn consistency_nodes(old: u64, new: u64) -> Vec<NodeId> {
    if old > new {
        return Vec::new();
    }
    consistency_ranges(old, new).into_iter().flat_map(|range| nodes(range.0, range.1)).collect()
}

/// Root of the tree of the first `size` leaves.
///
/// # Errors
/// What the reader returns.
pub fn root_at<R: HashReader>(size: u64, reader: &mut R) -> Result<Hash, R::Error> {
    range_root(0, size, reader)
}

fn hashes<R: HashReader>(ranges: &[(u64, u64)], reader: &mut R) -> Result<Vec<Hash>, R::Error> {
    ranges.iter().map(|(from, to)| range_root(*from, *to, reader)).collect()
}

fn inclusion_ranges(index: u64, size: u64) -> Vec<(u64, u64)> {
    let (mut from, mut to) = (0, size);
    let mut ranges = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            ranges.push((middle, to));
            to = middle;
        } else {
            ranges.push((from, middle));
            from = middle;
        }
    }
    ranges.reverse();
    ranges
}

fn consistency_ranges(old: u64, new: u64) -> Vec<(u64, u64)> {
    let mut ranges = Vec::new();
    if old == 0 {
        return ranges;
    }
    let (mut from, mut to) = (0, new);
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            ranges.push((middle, to));
            to = middle;
        } else {
            ranges.push((from, middle));
            from = middle;
        }
    }
    if from != 0 {
        ranges.push((from, to));
    }
    ranges.reverse();
    ranges
}

/// Largest power of two below `width`, for a width of at least 2.
fn split(width: u64) -> u64 {
    1 << (width.saturating_sub(1) | 1).ilog2()
}

/// The complete subtrees that cover `from..to`, largest first, where `from` is a multiple of the first one's width.
fn nodes(from: u64, to: u64) -> Vec<NodeId> {
    let mut from = from;
    let mut nodes = Vec::new();
    while from < to {
        let height = from.trailing_zeros().min((to - from).ilog2());
        nodes.push(NodeId { height: height as u8, index: from >> height });
        from += 1 << height;
    }
    nodes
}

fn range_root<R: HashReader>(from: u64, to: u64, reader: &mut R) -> Result<Hash, R::Error> {
    let mut nodes = nodes(from, to).into_iter().rev();
    let Some(last) = nodes.next() else { return Ok(empty_root()) };
    let last = reader.read(last)?;
    nodes.try_fold(last, |right, left| Ok(node_hash(&reader.read(left)?, &right)))
}
