//! What goes to the journal with a use case, and what stays behind until an opening.

use crate::{Result, StoreError};
use countersign_core::encoding::hex;
use countersign_core::id::Digest;

/// Idempotency key of a leaf: 8 bytes of time, big endian, then 24 random bytes.
///
/// The time in front keeps the index of keys growing at one end; a purely random key costs ten times as much.
pub type LeafKey = [u8; 32];

/// One leaf for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLeaf {
    /// The same key with the same bytes is the same leaf; with other bytes a conflict.
    pub key: LeafKey,
    /// True kind: a name of `core::leaf::LeafKind`, or `control` or `opening`.
    pub kind: String,
    /// The exact bytes that are hashed.
    pub leaf: Vec<u8>,
    /// The leaf's disclosures in SD-JWT form, decoys not included; secret until its opening; empty for leaves in clear.
    pub disclosures: Vec<String>,
}

impl NewLeaf {
    /// The leaf's name in errors.
    pub(crate) fn what(&self) -> String {
        format!("leaf {}", hex(&self.key))
    }

    /// Rules that need nothing of what is kept.
    pub(crate) fn check(&self) -> Result<()> {
        let lines = |text: &String| text.is_empty() || text.contains('\n');
        if self.disclosures.iter().any(lines) {
            return Err(StoreError::refused(self.what(), "has a disclosure that is empty or has a line break"));
        }
        Ok(())
    }
}

/// The disclosures of one leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosures {
    /// The leaf.
    pub key: LeafKey,
    /// True kind.
    pub kind: String,
    /// In the order in which they were given.
    pub list: Vec<String>,
}

/// One document: exact bytes under the digest by which events, orders and leaves name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// The digest, as the format of `kind` defines it.
    pub digest: Digest,
    /// What it is, for example `order`, `approval`, `request`, `letter`.
    pub kind: String,
    /// The exact bytes.
    pub bytes: Vec<u8>,
}
