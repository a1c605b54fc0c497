//! Port: the blind index. Encrypted lists under names that only the trustees can make, the batches by which clients enter it, and
//! what was looked up for which case. Nothing here says what any value was.

use crate::cases::Novelty;
use crate::{HEADER_LEN, LeafKey, NewLeaf, Result, StoreError};
use async_trait::async_trait;
use countersign_core::id::{CaseId, Digest, Handle, RecordId};
use countersign_core::time::Timestamp;
use std::ops::Range;

/// Name of a posting list: the first bytes of its token.
pub type ListName = [u8; 16];

/// Registry number of an attribute.
pub type AttributeNumber = u8;

/// One batch of records entering the index under one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Digest of the enrolment's document.
    pub lookup: Digest,
    /// Under which attribute.
    pub attribute: AttributeNumber,
    /// The import that the records came with.
    pub import: Digest,
    /// Exact bytes of the enrolment's document.
    pub document: Vec<u8>,
    /// Key of its leaf.
    pub leaf: LeafKey,
    /// The records, in the order of the blinded values.
    pub records: Vec<RecordId>,
}

/// A record with the row that it came of, as an enrolment needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRecord {
    /// The row, from 0.
    pub row: u64,
    /// The record.
    pub record: RecordId,
    /// Whose.
    pub handle: Handle,
    /// The label's exact bytes.
    pub label: Vec<u8>,
    /// The header's exact bytes.
    pub header: [u8; HEADER_LEN],
    /// The batch by which it enters under the attribute asked, finished or not.
    pub batch: Option<Digest>,
}

/// A posting list as it is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPosting {
    /// Its name.
    pub name: ListName,
    /// What was kept under this name when the new list was made; none for a new name.
    pub before: Option<Vec<u8>>,
    /// The new list, sealed.
    pub sealed: Vec<u8>,
}

/// An import whose values are all in the index under one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// The import.
    pub import: Digest,
    /// The attribute.
    pub attribute: AttributeNumber,
    /// Values that entered the index.
    pub values: u64,
    /// Values without a normal form: these clients are not found under this attribute.
    pub left_out: u64,
    /// When.
    pub at: Timestamp,
}

/// One lookup for a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLookup {
    /// Digest of its document.
    pub lookup: Digest,
    /// The case.
    pub case: CaseId,
    /// Exact bytes of its document.
    pub document: Vec<u8>,
    /// Exact bytes of the officer's approval.
    pub approval: Vec<u8>,
    /// Value and salt, encrypted to the case officers.
    pub opening: Vec<u8>,
    /// Its leaf.
    pub leaf: NewLeaf,
    /// When.
    pub at: Timestamp,
}

/// One lookup as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Digest of its document.
    pub lookup: Digest,
    /// The case.
    pub case: CaseId,
    /// Exact bytes of its document.
    pub document: Vec<u8>,
    /// Exact bytes of the officer's approval.
    pub approval: Vec<u8>,
    /// Value and salt, encrypted to the case officers.
    pub opening: Vec<u8>,
    /// Key of its leaf.
    pub leaf: LeafKey,
    /// When it was begun.
    pub at: Timestamp,
    /// The clients found, ascending; none when the lookup has no outcome.
    pub found: Option<Vec<Handle>>,
}

/// A trustee's signed answer or refusal to a lookup or an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupReceipt {
    /// The lookup or enrolment.
    pub lookup: Digest,
    /// The trustee.
    pub trustee: u16,
    /// Digest of the receipt.
    pub digest: Digest,
    /// The exact bytes.
    pub bytes: Vec<u8>,
    /// When it arrived.
    pub at: Timestamp,
}

/// How much the index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IndexCounts {
    /// Posting lists.
    pub lists: u64,
    /// Records in finished batches, once per attribute.
    pub values: u64,
    /// Batches that are not finished.
    pub open: u64,
}

/// The blind index.
#[async_trait]
pub trait BlindIndex: Send + Sync {
    /// The records that came of these rows of an imported file, ascending by row; rows that were left out are missing.
    async fn records_of_rows(
        &self,
        import: &Digest,
        rows: Range<u64>,
        attribute: AttributeNumber,
    ) -> Result<Vec<ImportedRecord>>;

    /// Enters a batch with its leaf, before any trustee is asked. The same batch again is `Ok`.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when a record is in another batch under this attribute.
    async fn begin_batch(&self, batch: Batch, leaf: NewLeaf, at: Timestamp) -> Result<()>;

    /// Batches that are not finished, the oldest first.
    async fn open_batches(&self) -> Result<Vec<Batch>>;

    /// The batch that was finished last, whose blinds may still be kept.
    async fn last_finished(&self) -> Result<Option<Digest>>;

    /// Gives a batch up: its records may enter the index with another. Unknown batches are `Ok`.
    ///
    /// # Errors
    /// [`Refused`](StoreError::Refused) when it is finished.
    async fn give_up(&self, lookup: &Digest) -> Result<()>;

    /// Keeps the lists of a batch and finishes it, all or nothing. A batch that is finished is `Ok` and nothing changes.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when a list is not what it was when the new one was made;
    /// [`Refused`](StoreError::Refused) when the batch was never begun.
    async fn finish_batch(&self, lookup: &Digest, postings: Vec<NewPosting>, at: Timestamp) -> Result<()>;

    /// The lists under these names, by position.
    async fn postings(&self, names: &[ListName]) -> Result<Vec<Option<Vec<u8>>>>;

    /// Notes that all values of an import are in. The same import and attribute again is `Ok`; the first note stays.
    async fn note_indexed(&self, indexed: Indexed) -> Result<()>;

    /// What was noted, by import and attribute.
    async fn indexed(&self) -> Result<Vec<Indexed>>;

    /// Enters a lookup with its leaf. The same lookup again is `Ok`.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when the digest is taken by another.
    async fn begin_lookup(&self, lookup: NewLookup) -> Result<()>;

    /// Enters what was found, with the outcome's leaf. The same again is `Ok`.
    ///
    /// # Errors
    /// [`Refused`](StoreError::Refused) when the lookup was never begun; [`Conflict`](StoreError::Conflict) when it has another outcome.
    async fn finish_lookup(&self, lookup: &Digest, found: &[Handle], outcome: NewLeaf) -> Result<()>;

    /// One lookup.
    async fn lookup(&self, lookup: &Digest) -> Result<Option<Lookup>>;

    /// The lookups of a case, the oldest first.
    async fn lookups_of(&self, case: &CaseId) -> Result<Vec<Lookup>>;

    /// Keeps a receipt with its leaf. The same receipt again is `Ok`.
    ///
    /// # Errors
    /// [`Conflict`](StoreError::Conflict) when the digest is taken by other bytes.
    async fn add_lookup_receipt(&self, receipt: LookupReceipt, leaf: NewLeaf) -> Result<()>;

    /// The receipts for a lookup or an enrolment, by time of arrival.
    async fn lookup_receipts(&self, lookup: &Digest) -> Result<Vec<LookupReceipt>>;

    /// How much there is.
    async fn index_counts(&self) -> Result<IndexCounts>;
}

fn what(lookup: &Digest) -> String {
    format!("enrolment {lookup}")
}

pub(crate) fn in_another_batch(lookup: &Digest) -> StoreError {
    StoreError::conflict(what(lookup), "names a record that is in another enrolment under the same attribute")
}

pub(crate) fn no_batch(lookup: &Digest) -> StoreError {
    StoreError::refused(what(lookup), "was never begun, so it cannot be finished")
}

pub(crate) fn finished(lookup: &Digest) -> StoreError {
    StoreError::refused(what(lookup), "is finished, so it cannot be given up")
}

pub(crate) fn list_changed(lookup: &Digest) -> StoreError {
    StoreError::conflict(what(lookup), "was made over a posting list that has changed since: begin it again")
}

impl NewLookup {
    /// What is to be done, given the lookup that is kept.
    pub(crate) fn novelty(&self, kept: Option<&Lookup>) -> Result<Novelty> {
        match kept {
            None => Ok(Novelty::New),
            Some(kept) if (kept.leaf, kept.case, &kept.document) == (self.leaf.key, self.case, &self.document) => {
                Ok(Novelty::Present)
            }
            Some(_) => Err(StoreError::conflict(format!("lookup {}", self.lookup), "is there with another content")),
        }
    }

    pub(crate) fn kept(&self) -> Lookup {
        Lookup {
            lookup: self.lookup,
            case: self.case,
            document: self.document.clone(),
            approval: self.approval.clone(),
            opening: self.opening.clone(),
            leaf: self.leaf.key,
            at: self.at,
            found: None,
        }
    }
}

/// What is to be done with an outcome, given the lookup that is kept.
pub(crate) fn outcome_novelty(lookup: &Digest, kept: Option<&Lookup>, found: &[Handle]) -> Result<Novelty> {
    let what = format!("lookup {lookup}");
    match kept.map(|kept| &kept.found) {
        None => Err(StoreError::refused(what, "was never begun, so it has no outcome")),
        Some(None) => Ok(Novelty::New),
        Some(Some(before)) if before == found => Ok(Novelty::Present),
        Some(Some(_)) => Err(StoreError::conflict(what, "has another outcome")),
    }
}

impl LookupReceipt {
    /// Whether it is the same receipt, whenever it arrived.
    pub(crate) fn same(&self, other: &Self) -> bool {
        (&self.lookup, self.trustee, &self.bytes) == (&other.lookup, other.trustee, &other.bytes)
    }

    pub(crate) fn taken(&self) -> StoreError {
        StoreError::conflict(format!("receipt {}", self.digest), "is there with another content")
    }
}
