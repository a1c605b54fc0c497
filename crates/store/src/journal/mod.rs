//! The journal's port: the outbox that domain transactions write to, and the signed head that the one sequencer moves on.
//!
//! A leaf is *accepted* when the transaction that brings it commits; it gets its index there, without gaps. It is *durable* when
//! the head's signed checkpoint covers it. The true kind of a leaf and its disclosures are not kept here.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod memory;
mod sqlite;
mod statements;
mod writer;

pub use memory::MemoryJournal;
pub use sqlite::{SqliteJournal, enqueue};

use crate::{LeafKey, NewLeaf, Result, StoreError};
use async_trait::async_trait;
use countersign_tlog::{Hash, leaf_hash};

/// Most leaves read in one call.
pub const MOST_LEAVES: u32 = 4_096;

/// Largest leaf in bytes: what an entry bundle can hold.
pub const MAX_LEAF_BYTES: usize = countersign_tlog::tile::MAX_ENTRY_BYTES;

/// The head of the tree. Its row is also the lock of the log: a store without it belongs to no log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Name of the log: its key's name.
    pub origin: String,
    /// Leaves in the tree.
    pub size: u64,
    /// `countersign_tlog::merkle::Frontier` in its bytes.
    pub frontier: Vec<u8>,
    /// The checkpoint with the log's signature only, as a note.
    pub checkpoint: Vec<u8>,
}

/// One leaf of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Index in the tree, now or once it is sequenced.
    pub index: u64,
    /// Its idempotency key.
    pub key: LeafKey,
    /// The exact bytes that are hashed.
    pub leaf: Vec<u8>,
    /// Leaf hash of exactly these bytes, computed when they were read and equal to the one that was kept.
    pub hash: Hash,
}

/// Where a leaf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Accepted; the index it will have.
    Accepted(u64),
    /// Covered by the signed head.
    Durable(u64),
}

/// What the sequencer needs. Leaves come from domain transactions by [`enqueue`], or by [`Journal::enqueue`] alone.
///
/// What a journal shows outlasts a loss of power: commits that a killed process left unsynced are synced before they are shown.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Makes the head of a new log.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when there is one; [`Refused`](StoreError::Refused) unless its size is 0.
    async fn create(&self, head: Head) -> Result<()>;

    /// The head; `None` is a store without its lock row, which no log may use.
    async fn head(&self) -> Result<Option<Head>>;

    /// Puts the next head in the place of exactly `from`.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when the head is not `from` any more: another sequencer is at work, and this one has to
    /// stop. [`Refused`](StoreError::Refused) when the size falls, the origin changes, or leaves up to it are missing.
    async fn advance(&self, from: &Head, next: Head) -> Result<()>;

    /// Accepts leaves, all or none, in their order. The same leaf under the same key again is `Ok`.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when a key is taken by other bytes; [`Refused`](StoreError::Refused) for a leaf over
    /// [`MAX_LEAF_BYTES`].
    async fn enqueue(&self, leaves: &[NewLeaf]) -> Result<()>;

    /// Leaves from an index on, in order, sequenced or not, at most `limit` and [`MOST_LEAVES`].
    ///
    /// # Errors
    /// [`Corrupt`](StoreError::Corrupt) when a leaf is missing in between or is not the one whose hash was kept.
    async fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>>;

    /// Where the leaf with this key is; `None` if it was never accepted.
    async fn place(&self, key: &LeafKey) -> Result<Option<Place>>;

    /// What is wrong where reading head and leaves does not look, such as the index of keys: one line each, empty when sound. Reads
    /// everything the store holds.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    async fn check_storage(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

fn check(leaf: &NewLeaf) -> Result<()> {
    if leaf.leaf.len() > MAX_LEAF_BYTES {
        return Err(StoreError::refused(leaf.what(), "is longer than 65535 bytes"));
    }
    Ok(())
}

fn taken(leaf: &NewLeaf) -> StoreError {
    StoreError::conflict(leaf.what(), "is there with other bytes under the same key")
}

fn moved_on() -> StoreError {
    StoreError::conflict("the head of the journal", "was moved by another sequencer")
}

/// Rules of a step that need nothing of what is kept.
fn check_step(from: &Head, next: &Head) -> Result<()> {
    if next.size < from.size || next.origin != from.origin {
        return Err(StoreError::refused("the next head of the journal", "is smaller or of another log"));
    }
    Ok(())
}

/// An entry as it was read, if it is the one that was accepted.
fn check_entry(index: u64, key: LeafKey, leaf: Vec<u8>, kept: &[u8], expected: u64) -> Result<Entry> {
    let what = || format!("leaf {expected} of the journal");
    if index != expected {
        return Err(StoreError::corrupt(what(), "it is missing"));
    }
    let hash = leaf_hash(&leaf);
    if hash.0 != kept {
        return Err(StoreError::corrupt(what(), "its bytes are not those that were accepted"));
    }
    Ok(Entry { index, key, leaf, hash })
}
