//! The store in memory, for tests and for trying things out. It keeps the same promises as the others, except durability.

mod cases;
mod exposures;
mod index;
mod listing;
mod openings;
mod orders;
mod payments;
mod queries;
mod register;
mod restrictions;
mod settings;
mod sigmas;

use crate::journal::MemoryJournal;
use crate::{
    CaseLeaf, CaseStanding, ImportSummary, LeafKey, NewLeaf, OrderEntry, Payment, Receipt, Result, SealedRecord,
    StoreError, Tag,
};
use crate::{EffectKey, StoredDocument};
use countersign_core::id::{CaseId, Digest, Handle, RecordId};
use countersign_core::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use sigmas::MemorySigmas;

/// The store in memory. A clone is the same store; `default` has a journal that nobody reads.
#[derive(Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

impl MemoryStore {
    /// An empty store whose leaves go to this journal.
    pub fn new(journal: MemoryJournal) -> Self {
        Self { state: Arc::new(Mutex::new(State { journal, ..State::default() })) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // INVARIANT: every use case checks first and writes afterwards without failing, so a poisoned state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    journal: MemoryJournal,
    documents: BTreeMap<Digest, StoredDocument>,
    events: BTreeMap<CaseId, Vec<Event>>,
    case_leaves: BTreeMap<CaseId, Vec<CaseLeaf>>,
    places: BTreeMap<CaseId, CaseStanding>,
    leaves: BTreeMap<LeafKey, NewLeaf>,
    opened: BTreeMap<LeafKey, LeafKey>,
    orders: BTreeMap<Digest, OrderEntry>,
    answered: BTreeMap<(&'static str, Vec<u8>, Digest), (Timestamp, u32)>,
    effects: BTreeMap<EffectKey, Effect>,
    receipts: BTreeMap<Digest, Receipt>,
    settings: BTreeMap<String, Vec<u8>>,
    imports: BTreeMap<Digest, ImportSummary>,
    records: BTreeMap<RecordId, SealedRecord>,
    revisions: BTreeMap<(Handle, u32, u64), RecordId>,
    references: BTreeMap<Tag, Handle>,
    views: BTreeMap<Handle, Vec<u8>>,
    index: index::State,
    payments: Vec<Payment>,
    restrictions: restrictions::State,
    queries: Vec<queries::Kept>,
    exposures: Vec<exposures::Kept>,
}

struct Event {
    digest: Digest,
    at: Timestamp,
    bytes: Vec<u8>,
}

struct Effect {
    at: Timestamp,
    intent: LeafKey,
    outcome: Option<LeafKey>,
}

impl State {
    /// Checks that documents and leaves can be kept and hands the leaves to the journal: the last step that can fail.
    fn accept(&self, documents: &[StoredDocument], leaves: &[NewLeaf]) -> Result<()> {
        self.admit(documents, leaves)?;
        self.journal.accept(leaves)
    }

    /// Checks that documents and leaves can be kept; writes nothing.
    fn admit(&self, documents: &[StoredDocument], leaves: &[NewLeaf]) -> Result<()> {
        for (place, document) in documents.iter().enumerate() {
            let before = documents.iter().take(place).find(|before| before.digest == document.digest);
            if before.or_else(|| self.documents.get(&document.digest)).is_some_and(|kept| kept.bytes != document.bytes)
            {
                return Err(StoreError::conflict(
                    format!("document {}", document.digest),
                    "is there with other bytes under the same digest",
                ));
            }
        }
        for (place, leaf) in leaves.iter().enumerate() {
            leaf.check()?;
            let before = leaves.iter().take(place).find(|before| before.key == leaf.key);
            if before.or_else(|| self.leaves.get(&leaf.key)).is_some_and(|kept| kept != leaf) {
                return Err(StoreError::conflict(leaf.what(), "is there with other bytes or disclosures"));
            }
        }
        Ok(())
    }

    /// Writes what [`accept`](Self::accept) took.
    fn keep(&mut self, documents: Vec<StoredDocument>, leaves: Vec<NewLeaf>) {
        for document in documents {
            self.documents.entry(document.digest).or_insert(document);
        }
        for leaf in leaves {
            self.leaves.entry(leaf.key).or_insert(leaf);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    crate::desk_store_conformance!(async { (MemoryStore::default(), ()) });
    #[tokio::test]
    async fn leaves_reach_the_journal() {
        let journal = MemoryJournal::new();
        conformance::cases::leaves_reach_the_journal(&MemoryStore::new(journal.clone()), &journal).await;
    }

    crate::sigmas_conformance!(async { (MemorySigmas::default(), ()) });
}
