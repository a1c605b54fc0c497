//! What a trustee knows of the journal it has folded.

use countersign_tlog::Hash;
use std::collections::BTreeMap;

/// Size and root of the folded journal, and the roots at recent sizes: enough to say whether a checkpoint is of the same
/// journal, older or newer.
#[derive(Debug, Clone, Default)]
pub struct JournalView {
    size: u64,
    roots: BTreeMap<u64, Hash>,
}

/// How many sizes back a checkpoint is still recognised.
pub const REMEMBERED_SIZES: u64 = 16_384;

impl JournalView {
    /// Records the root at `size`, which is larger than every size before.
    pub fn grew(&mut self, size: u64, root: Hash) {
        self.size = self.size.max(size);
        self.roots.insert(size, root);
        let oldest = self.size.saturating_sub(REMEMBERED_SIZES);
        self.roots = self.roots.split_off(&oldest);
    }

    /// Leaves folded.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of everything folded.
    pub fn root(&self) -> Option<Hash> {
        self.roots.get(&self.size).copied()
    }

    /// Root at an earlier size, when it is recent enough to be remembered.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        self.roots.get(&size).copied()
    }
}
