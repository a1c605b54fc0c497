//! The blind index in memory.

use super::MemoryStore;
use crate::cases::Novelty;
use crate::index::{finished, in_another_batch, list_changed, no_batch, outcome_novelty};
use crate::{
    AttributeNumber, Batch, BlindIndex, ImportedRecord, IndexCounts, Indexed, ListName, Lookup, LookupReceipt, NewLeaf,
    NewLookup, NewPosting, Result,
};
use async_trait::async_trait;
use countersign_core::id::{CaseId, Digest, Handle, RecordId};
use countersign_core::time::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;

/// The index's part of the state.
#[derive(Default)]
pub(super) struct State {
    pub(super) rows: BTreeMap<(Digest, u64), RecordId>,
    lists: BTreeMap<ListName, Vec<u8>>,
    /// In the order in which they were begun.
    batches: Vec<Kept>,
    indexed: BTreeMap<(Digest, AttributeNumber), Indexed>,
    lookups: Vec<Lookup>,
    receipts: Vec<LookupReceipt>,
}

struct Kept {
    batch: Batch,
    finished: Option<Timestamp>,
}

impl State {
    fn batch(&mut self, lookup: &Digest) -> Option<&mut Kept> {
        self.batches.iter_mut().find(|kept| kept.batch.lookup == *lookup)
    }

    fn lookup(&self, lookup: &Digest) -> Option<&Lookup> {
        self.lookups.iter().find(|kept| kept.lookup == *lookup)
    }

    fn enrolled(&self, attribute: AttributeNumber) -> impl Iterator<Item = &RecordId> {
        let batches = self.batches.iter().map(|kept| &kept.batch).filter(move |batch| batch.attribute == attribute);
        batches.flat_map(|batch| &batch.records)
    }
}

#[async_trait]
impl BlindIndex for MemoryStore {
    async fn records_of_rows(
        &self,
        import: &Digest,
        rows: Range<u64>,
        attribute: AttributeNumber,
    ) -> Result<Vec<ImportedRecord>> {
        let state = self.lock();
        let batches = state.index.batches.iter().map(|kept| &kept.batch).filter(|batch| batch.attribute == attribute);
        let entered: BTreeMap<&RecordId, Digest> =
            batches.flat_map(|batch| batch.records.iter().map(|record| (record, batch.lookup))).collect();
        let of_import = state.index.rows.range((*import, rows.start)..(*import, rows.end));
        let records = of_import.filter_map(|((_, row), record)| Some((*row, state.records.get(record)?)));
        let imported = records.map(|(row, record)| ImportedRecord {
            row,
            record: record.record,
            handle: record.handle,
            label: record.label.clone(),
            header: record.header,
            batch: entered.get(&record.record).copied(),
        });
        Ok(imported.collect())
    }

    async fn begin_batch(&self, batch: Batch, leaf: NewLeaf, _at: Timestamp) -> Result<()> {
        let mut state = self.lock();
        if let Some(kept) = state.index.batch(&batch.lookup) {
            return if kept.batch == batch { Ok(()) } else { Err(in_another_batch(&batch.lookup)) };
        }
        let mut records = batch.records.clone();
        records.sort_unstable();
        if records.iter().zip(records.iter().skip(1)).any(|(left, right)| left == right)
            || state.index.enrolled(batch.attribute).any(|record| records.binary_search(record).is_ok())
        {
            return Err(in_another_batch(&batch.lookup));
        }
        let leaves = vec![leaf];
        state.accept(&[], &leaves)?;
        state.keep(Vec::new(), leaves);
        state.index.batches.push(Kept { batch, finished: None });
        Ok(())
    }

    async fn open_batches(&self) -> Result<Vec<Batch>> {
        let state = self.lock();
        let open = state.index.batches.iter().filter(|kept| kept.finished.is_none());
        Ok(open.map(|kept| kept.batch.clone()).collect())
    }

    async fn last_finished(&self) -> Result<Option<Digest>> {
        let state = self.lock();
        let finished = state.index.batches.iter().rev().find(|kept| kept.finished.is_some());
        Ok(finished.map(|kept| kept.batch.lookup))
    }

    async fn give_up(&self, lookup: &Digest) -> Result<()> {
        let mut state = self.lock();
        if state.index.batch(lookup).is_some_and(|kept| kept.finished.is_some()) {
            return Err(finished(lookup));
        }
        state.index.batches.retain(|kept| kept.batch.lookup != *lookup);
        Ok(())
    }

    async fn finish_batch(&self, lookup: &Digest, postings: Vec<NewPosting>, at: Timestamp) -> Result<()> {
        let mut state = self.lock();
        let lists = &state.index.lists;
        let changed = postings.iter().any(|posting| lists.get(&posting.name) != posting.before.as_ref());
        let kept = state.index.batch(lookup).ok_or_else(|| no_batch(lookup))?;
        if kept.finished.is_some() {
            return Ok(());
        }
        if changed {
            return Err(list_changed(lookup));
        }
        kept.finished = Some(at);
        state.index.lists.extend(postings.into_iter().map(|posting| (posting.name, posting.sealed)));
        Ok(())
    }

    async fn postings(&self, names: &[ListName]) -> Result<Vec<Option<Vec<u8>>>> {
        let state = self.lock();
        Ok(names.iter().map(|name| state.index.lists.get(name).cloned()).collect())
    }

    async fn note_indexed(&self, indexed: Indexed) -> Result<()> {
        self.lock().index.indexed.entry((indexed.import, indexed.attribute)).or_insert(indexed);
        Ok(())
    }

    async fn indexed(&self) -> Result<Vec<Indexed>> {
        Ok(self.lock().index.indexed.values().cloned().collect())
    }

    async fn begin_lookup(&self, lookup: NewLookup) -> Result<()> {
        let mut state = self.lock();
        if matches!(lookup.novelty(state.index.lookup(&lookup.lookup))?, Novelty::Present) {
            return Ok(());
        }
        let kept = lookup.kept();
        let leaves = vec![lookup.leaf];
        state.accept(&[], &leaves)?;
        state.keep(Vec::new(), leaves);
        state.index.lookups.push(kept);
        Ok(())
    }

    async fn finish_lookup(&self, lookup: &Digest, found: &[Handle], outcome: NewLeaf) -> Result<()> {
        let mut state = self.lock();
        if matches!(outcome_novelty(lookup, state.index.lookup(lookup), found)?, Novelty::Present) {
            return Ok(());
        }
        let leaves = vec![outcome];
        state.accept(&[], &leaves)?;
        state.keep(Vec::new(), leaves);
        if let Some(kept) = state.index.lookups.iter_mut().find(|kept| kept.lookup == *lookup) {
            kept.found = Some(found.to_vec());
        }
        Ok(())
    }

    async fn lookup(&self, lookup: &Digest) -> Result<Option<Lookup>> {
        Ok(self.lock().index.lookup(lookup).cloned())
    }

    async fn lookups_of(&self, case: &CaseId) -> Result<Vec<Lookup>> {
        Ok(self.lock().index.lookups.iter().filter(|kept| kept.case == *case).cloned().collect())
    }

    async fn add_lookup_receipt(&self, receipt: LookupReceipt, leaf: NewLeaf) -> Result<()> {
        let mut state = self.lock();
        if let Some(kept) = state.index.receipts.iter().find(|kept| kept.digest == receipt.digest) {
            return if kept.same(&receipt) { Ok(()) } else { Err(receipt.taken()) };
        }
        let leaves = vec![leaf];
        state.accept(&[], &leaves)?;
        state.keep(Vec::new(), leaves);
        state.index.receipts.push(receipt);
        Ok(())
    }

    async fn lookup_receipts(&self, lookup: &Digest) -> Result<Vec<LookupReceipt>> {
        let state = self.lock();
        let mut found: Vec<LookupReceipt> =
            state.index.receipts.iter().filter(|kept| kept.lookup == *lookup).cloned().collect();
        found.sort_by_key(|receipt| (receipt.at, receipt.trustee));
        Ok(found)
    }

    async fn index_counts(&self) -> Result<IndexCounts> {
        let state = self.lock();
        let (done, open): (Vec<&Kept>, Vec<&Kept>) =
            state.index.batches.iter().partition(|kept| kept.finished.is_some());
        Ok(IndexCounts {
            lists: state.index.lists.len() as u64,
            values: done.iter().map(|kept| kept.batch.records.len() as u64).sum(),
            open: open.len() as u64,
        })
    }
}
