//! What goes to the journal with a use case, and what stays behind until an opening.

use countersign_core::id::Digest;

/// Idempotency key of a leaf: 8 bytes of coarse time, big endian, then 24 random bytes.
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
