//! The sealed register in memory.

use super::{MemoryStore, State};
use crate::register::{HEADER_LEN, Imported, record_taken, reference_taken};
use crate::{
    ImportStart, ImportSummary, ImportWriter, NewRecord, Register, RegisterCounts, Result, SealedRecord, StoreError,
    Tag,
};
use async_trait::async_trait;
use countersign_core::id::{Digest, Handle, RecordId};
use countersign_core::time::Timestamp;
use std::collections::BTreeSet;

#[async_trait]
impl Register for MemoryStore {
    async fn begin_import(&self, digest: &Digest) -> Result<ImportStart> {
        if let Some(before) = self.lock().imports.get(digest) {
            return Ok(ImportStart::AlreadyImported(before.clone()));
        }
        let imported = Imported::new(*digest, "clients");
        Ok(ImportStart::Open(Box::new(Writer { store: self.clone(), added: State::default(), imported })))
    }

    async fn imports(&self) -> Result<Vec<ImportSummary>> {
        let mut found: Vec<ImportSummary> = self.lock().imports.values().cloned().collect();
        found.sort_by_key(|summary| (std::cmp::Reverse(summary.at), summary.digest));
        Ok(found)
    }

    async fn records_of(&self, handle: &Handle) -> Result<Vec<SealedRecord>> {
        let state = self.lock();
        let own = state.revisions.range((*handle, 0, 0)..=(*handle, u32::MAX, u64::MAX));
        Ok(own.filter_map(|(_, record)| state.records.get(record)).cloned().collect())
    }

    async fn record(&self, record: &RecordId) -> Result<Option<SealedRecord>> {
        Ok(self.lock().records.get(record).cloned())
    }

    async fn headers(&self, records: &[RecordId]) -> Result<Vec<Option<[u8; HEADER_LEN]>>> {
        let state = self.lock();
        Ok(records.iter().map(|record| state.records.get(record).map(|kept| kept.header)).collect())
    }

    async fn handle_of(&self, reference: &Tag) -> Result<Option<Handle>> {
        Ok(self.lock().references.get(reference).copied())
    }

    async fn known_references(&self, references: &[Tag]) -> Result<Vec<usize>> {
        let state = self.lock();
        let known = references.iter().enumerate().filter(|(_, tag)| state.references.contains_key(*tag));
        Ok(known.map(|(position, _)| position).collect())
    }

    async fn view_of(&self, handle: &Handle) -> Result<Option<Vec<u8>>> {
        Ok(self.lock().views.get(handle).cloned())
    }

    async fn counts(&self) -> Result<RegisterCounts> {
        let state = self.lock();
        let clients: BTreeSet<Handle> = state.records.values().map(|record| record.handle).collect();
        Ok(RegisterCounts {
            clients: clients.len() as u64,
            records: state.records.len() as u64,
            entries: state.records.values().map(|record| record.entries.len() as u64).sum(),
        })
    }
}

/// The register's part of a state that is not yet the store's.
struct Writer {
    store: MemoryStore,
    added: State,
    imported: Imported,
}

#[async_trait]
impl ImportWriter for Writer {
    async fn add(&mut self, records: Vec<NewRecord>) -> Result<()> {
        records.iter().try_for_each(NewRecord::check)?;
        self.imported.add(records.len());
        for record in records {
            {
                let state = self.store.lock();
                state.admit_record(&record)?;
            }
            self.added.admit_record(&record)?;
            self.added.keep_record(self.imported.digest(), record);
        }
        Ok(())
    }

    async fn add_views(&mut self, views: Vec<(Handle, Vec<u8>)>) -> Result<()> {
        self.added.views.extend(views);
        Ok(())
    }

    async fn commit(self: Box<Self>, skipped: u64, at: Timestamp) -> Result<ImportSummary> {
        let summary = self.imported.summary(skipped, at);
        let mut state = self.store.lock();
        // Unlike a database this store let others write since `add`, so it checks once more.
        let meanwhile = state.imports.contains_key(&summary.digest)
            || self.added.records.keys().any(|record| state.records.contains_key(record))
            || self.added.revisions.keys().any(|revision| state.revisions.contains_key(revision))
            || self
                .added
                .references
                .iter()
                .any(|(tag, handle)| state.references.get(tag).is_some_and(|kept| kept != handle));
        if meanwhile {
            return Err(StoreError::conflict(
                format!("import {}", summary.digest),
                "met another import of the same clients",
            ));
        }
        state.imports.insert(summary.digest, summary.clone());
        state.records.extend(self.added.records);
        state.revisions.extend(self.added.revisions);
        state.references.extend(self.added.references);
        state.views.extend(self.added.views);
        state.index.rows.extend(self.added.index.rows);
        Ok(summary)
    }
}

impl State {
    fn admit_record(&self, record: &NewRecord) -> Result<()> {
        let sealed = &record.sealed;
        if self.records.contains_key(&sealed.record)
            || self.revisions.contains_key(&(sealed.handle, sealed.period, sealed.revision))
        {
            return Err(record_taken());
        }
        let taken = |tag: &Tag| self.references.get(tag).is_some_and(|handle| *handle != sealed.handle);
        if record.references.iter().any(taken) { Err(reference_taken()) } else { Ok(()) }
    }

    fn keep_record(&mut self, import: Digest, record: NewRecord) {
        let sealed = record.sealed;
        self.revisions.insert((sealed.handle, sealed.period, sealed.revision), sealed.record);
        self.references.extend(record.references.iter().map(|tag| (*tag, sealed.handle)));
        if let Some(row) = record.row {
            self.index.rows.insert((import, row), sealed.record);
        }
        self.records.insert(sealed.record, sealed);
    }
}
