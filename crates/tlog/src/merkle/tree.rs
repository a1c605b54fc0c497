use crate::hash::{Hash, node_hash};
use crate::merkle::{HashReader, NodeId};

/// A whole tree in memory, about 64 bytes a leaf: for tests, small logs and provers.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    // INVARIANT: level h holds the roots of all complete subtrees of height h.
    levels: Vec<Vec<Hash>>,
}

/// The tree does not hold that node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("node {} of height {} is not in the tree", .0.index, .0.height)]
pub struct Missing(pub NodeId);

impl Tree {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Appends a leaf by its leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut height = 0;
        loop {
            if self.levels.len() <= height {
                self.levels.push(Vec::new());
            }
            let Some(level) = self.levels.get_mut(height) else { return };
            level.push(hash);
            match level.as_slice() {
                [.., left, right] if level.len().is_multiple_of(2) => hash = node_hash(left, right),
                _ => return,
            }
            height += 1;
        }
    }
}

impl Extend<Hash> for Tree {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

impl FromIterator<Hash> for Tree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut tree = Self::new();
        tree.extend(leaves);
        tree
    }
}

impl HashReader for Tree {
    type Error = Missing;

    fn read(&mut self, node: NodeId) -> Result<Hash, Missing> {
        (&*self).read(node)
    }
}

impl HashReader for &Tree {
    type Error = Missing;

    fn read(&mut self, node: NodeId) -> Result<Hash, Missing> {
        let index = usize::try_from(node.index).map_err(|_| Missing(node))?;
        self.levels.get(usize::from(node.height)).and_then(|level| level.get(index)).copied().ok_or(Missing(node))
    }
}
