//! Port: the sealed register. Records come in by whole imports and are never changed; nothing here can be read without trustees.

use crate::{Result, StoreError};
use async_trait::async_trait;
use countersign_core::class::Class;
use countersign_core::id::{Digest, Handle, RecordId};
use countersign_core::time::Timestamp;

/// Length of a record's header: u, ubar, w, wbar, f.
pub const HEADER_LEN: usize = 160;

/// A keyed digest of something the custodian knows in clear elsewhere (an account number, a chain address).
pub type Tag = [u8; 32];

/// One class of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The class.
    pub class: Class,
    /// Key commitment.
    pub commitment: [u8; 32],
    /// Ciphertext with its authentication tag.
    pub ciphertext: Vec<u8>,
}

/// One sealed record as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    /// H(label || u), unique.
    pub record: RecordId,
    /// Whose.
    pub handle: Handle,
    /// The ring under which it was sealed.
    pub ring: Digest,
    /// 0, or the month of a periodic record.
    pub period: u32,
    /// Revision.
    pub revision: u64,
    /// The label's exact bytes.
    pub label: Vec<u8>,
    /// The header's exact bytes.
    pub header: [u8; HEADER_LEN],
    /// By ascending class.
    pub entries: Vec<NewEntry>,
}

/// One sealed record with the references of its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// The record.
    pub sealed: SealedRecord,
    /// References that name exactly this client: the tag of the account number.
    pub references: Vec<Tag>,
    /// The row of the imported file, from 0, that the record came of: an enrolment in the blind index reads it again.
    pub row: Option<u64>,
}

/// One import as the list of imports shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSummary {
    /// Digest of the imported file.
    pub digest: Digest,
    /// `clients` or `payments`.
    pub kind: String,
    /// Records or payments stored.
    pub stored: u64,
    /// Rows left out because they were bad.
    pub skipped: u64,
    /// When.
    pub at: Timestamp,
}

/// How an import begins.
pub enum ImportStart {
    /// A file of this digest was imported before; nothing is to be done.
    AlreadyImported(ImportSummary),
    /// Records may be added; nothing is kept before `commit`, and dropping the writer keeps nothing.
    Open(Box<dyn ImportWriter>),
}

/// The one transaction of an import.
#[async_trait]
pub trait ImportWriter: Send {
    /// Adds records to the import.
    ///
    /// # Errors
    /// [`Conflict`](crate::StoreError::Conflict) when a record id, or a client's period and revision, is taken, or a reference names
    /// another client.
    async fn add(&mut self, records: Vec<NewRecord>) -> Result<()>;

    /// Adds sealed views of clients; a client's later view takes the place of the earlier one.
    async fn add_views(&mut self, views: Vec<(Handle, Vec<u8>)>) -> Result<()>;

    /// Keeps everything that was added.
    async fn commit(self: Box<Self>, skipped: u64, at: Timestamp) -> Result<ImportSummary>;
}

/// How much the register holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegisterCounts {
    /// Distinct handles.
    pub clients: u64,
    /// Records.
    pub records: u64,
    /// Entries: one per record and class.
    pub entries: u64,
}

/// The sealed register.
#[async_trait]
pub trait Register: Send + Sync {
    /// Begins an import. Until its writer is committed or dropped, other writers wait.
    async fn begin_import(&self, digest: &Digest) -> Result<ImportStart>;

    /// Every import, clients and payments, the latest first.
    async fn imports(&self) -> Result<Vec<ImportSummary>>;

    /// The records of a client, by period and revision; empty for an unknown handle.
    async fn records_of(&self, handle: &Handle) -> Result<Vec<SealedRecord>>;

    /// One record.
    async fn record(&self, record: &RecordId) -> Result<Option<SealedRecord>>;

    /// The headers of these records, in their order; `None` for one that is unknown.
    async fn headers(&self, records: &[RecordId]) -> Result<Vec<Option<[u8; HEADER_LEN]>>>;

    /// The client that a reference names.
    async fn handle_of(&self, reference: &Tag) -> Result<Option<Handle>>;

    /// Which of these references name a client already: positions in `references`.
    async fn known_references(&self, references: &[Tag]) -> Result<Vec<usize>>;

    /// The sealed view of a client.
    async fn view_of(&self, handle: &Handle) -> Result<Option<Vec<u8>>>;

    /// How much the register holds.
    async fn counts(&self) -> Result<RegisterCounts>;
}

/// What an open import has taken in so far.
pub(crate) struct Imported {
    digest: Digest,
    kind: &'static str,
    stored: u64,
}

impl Imported {
    pub(crate) fn new(digest: Digest, kind: &'static str) -> Self {
        Self { digest, kind, stored: 0 }
    }

    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn add(&mut self, rows: usize) {
        self.stored = self.stored.saturating_add(rows as u64);
    }

    pub(crate) fn summary(&self, skipped: u64, at: Timestamp) -> ImportSummary {
        ImportSummary { digest: self.digest, kind: self.kind.to_owned(), stored: self.stored, skipped, at }
    }
}

pub(crate) fn record_taken() -> StoreError {
    StoreError::conflict("a record", "cannot be kept: its id, or its client's period and revision, is taken")
}

pub(crate) fn reference_taken() -> StoreError {
    StoreError::conflict("a reference", "names a client already; leave that row out or revise the client's record")
}

impl NewRecord {
    /// Rules that need nothing of what is kept.
    pub(crate) fn check(&self) -> Result<()> {
        let entries = &self.sealed.entries;
        if !entries.iter().zip(entries.iter().skip(1)).all(|(left, right)| left.class < right.class) {
            return Err(StoreError::refused(
                format!("record {}", self.sealed.record),
                "has entries out of the order of their classes, or a class twice",
            ));
        }
        Ok(())
    }
}
