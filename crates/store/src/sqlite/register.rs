//! The sealed register on SQLite.

use super::SqliteStore;
use super::rows::{blob, bytes, kept, number, text, time, unavailable};
use crate::register::{HEADER_LEN, Imported, record_taken, reference_taken};
use crate::sql::{self, ManyRows};
use crate::{
    ImportStart, ImportSummary, ImportWriter, NewEntry, NewRecord, Register, RegisterCounts, Result, SealedRecord,
    StoreError, Tag,
};
use async_trait::async_trait;
use countersign_core::class::Class;
use countersign_core::id::{Digest, Handle, RecordId};
use countersign_core::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, Transaction};
use std::collections::BTreeMap;

#[async_trait]
impl Register for SqliteStore {
    async fn begin_import(&self, digest: &Digest) -> Result<ImportStart> {
        let mut transaction = self.file.write().await?;
        if let Some(before) = find_import(&mut transaction, digest).await? {
            return Ok(ImportStart::AlreadyImported(before));
        }
        let row = sqlx::query(sql::RECORD_LAST_NUMBER)
            .fetch_one(&mut *transaction)
            .await
            .map_err(|error| unavailable("begin an import", error))?;
        let last = number(&row, 0, "a record's number")?;
        Ok(ImportStart::Open(Box::new(Writer { transaction, last, imported: Imported::new(*digest, "clients") })))
    }

    async fn imports(&self) -> Result<Vec<ImportSummary>> {
        let mut transaction = self.file.read().await?;
        sqlx::query(sql::IMPORTS)
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("list imports", error))?
            .iter()
            .map(read_import)
            .collect()
    }

    async fn records_of(&self, handle: &Handle) -> Result<Vec<SealedRecord>> {
        self.records(sql::RECORDS_OF_HANDLE, handle.as_bytes()).await
    }

    async fn record(&self, record: &RecordId) -> Result<Option<SealedRecord>> {
        self.records(sql::RECORD_BY_ID, record.as_bytes()).await.map(|mut found| found.pop())
    }

    async fn headers(&self, records: &[RecordId]) -> Result<Vec<Option<[u8; HEADER_LEN]>>> {
        const WHAT: &str = "a record's header";
        let mut transaction = self.file.read().await?;
        let mut found: BTreeMap<RecordId, [u8; HEADER_LEN]> = BTreeMap::new();
        for chunk in records.chunks(ManyRows::MOST) {
            let mut query = sqlx::query(AssertSqlSafe(sql::HEADERS_BY_ID.text(chunk.len())));
            for record in chunk {
                query = query.bind(record.as_bytes().as_slice());
            }
            let rows = query.fetch_all(&mut *transaction).await;
            for row in rows.map_err(|error| unavailable("read headers of records", error))? {
                found.insert(RecordId(bytes(&row, 0, WHAT)?), bytes(&row, 1, WHAT)?);
            }
        }
        Ok(records.iter().map(|record| found.get(record).copied()).collect())
    }

    async fn handle_of(&self, reference: &Tag) -> Result<Option<Handle>> {
        let mut transaction = self.file.read().await?;
        find_reference(&mut transaction, reference).await
    }

    async fn known_references(&self, references: &[Tag]) -> Result<Vec<usize>> {
        let mut transaction = self.file.read().await?;
        let known = find_references(&mut transaction, references).await?;
        let positions = references.iter().enumerate().filter(|(_, reference)| known.contains_key(*reference));
        Ok(positions.map(|(position, _)| position).collect())
    }

    async fn view_of(&self, handle: &Handle) -> Result<Option<Vec<u8>>> {
        let mut transaction = self.file.read().await?;
        sqlx::query(sql::VIEW_BY_HANDLE)
            .bind(handle.as_bytes().as_slice())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(|error| unavailable("read a view", error))?
            .map(|row| blob(&row, 0, "a view"))
            .transpose()
    }

    async fn counts(&self) -> Result<RegisterCounts> {
        let mut transaction = self.file.read().await?;
        let mut counts = RegisterCounts::default();
        for (statement, count) in [
            (sql::COUNT_CLIENTS, &mut counts.clients),
            (sql::COUNT_RECORDS, &mut counts.records),
            (sql::COUNT_ENTRIES, &mut counts.entries),
        ] {
            let row = sqlx::query(statement)
                .fetch_one(&mut *transaction)
                .await
                .map_err(|error| unavailable("count the register", error))?;
            *count = number(&row, 0, "a count of the register")?;
        }
        Ok(counts)
    }
}

impl SqliteStore {
    async fn records(&self, statement: &'static str, key: &[u8]) -> Result<Vec<SealedRecord>> {
        let failed = |error| unavailable("read a record", error);
        let mut transaction = self.file.read().await?;
        let rows = sqlx::query(statement).bind(key).fetch_all(&mut *transaction).await.map_err(failed)?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let row_number: i64 = number(row, 0, "a record")?;
            let mut record = read_record(row)?;
            record.entries = sqlx::query(sql::ENTRIES_OF_RECORD)
                .bind(row_number)
                .fetch_all(&mut *transaction)
                .await
                .map_err(failed)?
                .iter()
                .map(read_entry)
                .collect::<Result<_>>()?;
            found.push(record);
        }
        Ok(found)
    }
}

struct Writer {
    transaction: Transaction<'static, Sqlite>,
    last: i64,
    imported: Imported,
}

#[async_trait]
impl ImportWriter for Writer {
    async fn add(&mut self, records: Vec<NewRecord>) -> Result<()> {
        records.iter().try_for_each(NewRecord::check)?;
        self.keep_references(&records).await?;
        for chunk in records.chunks(ManyRows::MOST) {
            self.keep_records(chunk).await?;
        }
        self.keep_rows(&records).await?;
        self.imported.add(records.len());
        Ok(())
    }

    async fn add_views(&mut self, views: Vec<(Handle, Vec<u8>)>) -> Result<()> {
        // One statement cannot set a row twice: of several views of a client the last one counts.
        let views: Vec<(Handle, Vec<u8>)> = views.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
        for chunk in views.chunks(ManyRows::MOST) {
            let mut query = sqlx::query(AssertSqlSafe(sql::VIEWS_SET.text(chunk.len())));
            for (handle, view) in chunk {
                query = query.bind(handle.as_bytes().as_slice()).bind(view.as_slice());
            }
            query.execute(&mut *self.transaction).await.map_err(|error| unavailable("keep views of clients", error))?;
        }
        Ok(())
    }

    async fn commit(mut self: Box<Self>, skipped: u64, at: Timestamp) -> Result<ImportSummary> {
        let summary = self.imported.summary(skipped, at);
        keep_import(&mut self.transaction, &summary).await?;
        self.transaction.commit().await.map_err(|error| unavailable("keep an import", error))?;
        Ok(summary)
    }
}

impl Writer {
    async fn keep_records(&mut self, records: &[NewRecord]) -> Result<()> {
        let mut query = sqlx::query(AssertSqlSafe(sql::RECORDS_INSERT.text(records.len())));
        let mut entries: Vec<(i64, &NewEntry)> = Vec::with_capacity(records.len() * 8);
        for record in records {
            let sealed = &record.sealed;
            self.last += 1;
            entries.extend(sealed.entries.iter().map(|entry| (self.last, entry)));
            query = query
                .bind(self.last)
                .bind(sealed.record.as_bytes().as_slice())
                .bind(sealed.handle.as_bytes().as_slice())
                .bind(sealed.ring.as_bytes().as_slice())
                .bind(i64::from(sealed.period))
                .bind(kept(sealed.revision, "revision")?)
                .bind(sealed.label.as_slice())
                .bind(sealed.header.as_slice());
        }
        query.execute(&mut *self.transaction).await.map_err(|error| match error.as_database_error() {
            Some(found) if found.is_unique_violation() => record_taken(),
            _ => unavailable("keep records", error),
        })?;
        for chunk in entries.chunks(ManyRows::MOST) {
            let mut query = sqlx::query(AssertSqlSafe(sql::ENTRIES_INSERT.text(chunk.len())));
            for (record, entry) in chunk {
                query = query
                    .bind(*record)
                    .bind(i64::from(entry.class.number()))
                    .bind(entry.commitment.as_slice())
                    .bind(entry.ciphertext.as_slice());
            }
            query
                .execute(&mut *self.transaction)
                .await
                .map_err(|error| unavailable("keep entries of records", error))?;
        }
        Ok(())
    }

    /// A client's later records bring the client's own references again; that is no conflict.
    async fn keep_references(&mut self, records: &[NewRecord]) -> Result<()> {
        let tags: Vec<Tag> = records.iter().flat_map(|record| record.references.iter().copied()).collect();
        let known = find_references(&mut self.transaction, &tags).await?;
        let mut new: BTreeMap<Tag, Handle> = BTreeMap::new();
        for record in records {
            let handle = record.sealed.handle;
            for tag in &record.references {
                match new.get(tag).or_else(|| known.get(tag)).copied() {
                    None => drop(new.insert(*tag, handle)),
                    Some(named) if named == handle => {}
                    Some(_) => return Err(reference_taken()),
                }
            }
        }
        let new: Vec<(Tag, Handle)> = new.into_iter().collect();
        for chunk in new.chunks(ManyRows::MOST) {
            let mut query = sqlx::query(AssertSqlSafe(sql::REFERENCES_INSERT.text(chunk.len())));
            for (tag, handle) in chunk {
                query = query.bind(tag.as_slice()).bind(handle.as_bytes().as_slice());
            }
            query
                .execute(&mut *self.transaction)
                .await
                .map_err(|error| unavailable("keep references of clients", error))?;
        }
        Ok(())
    }

    /// Which rows the records came of.
    async fn keep_rows(&mut self, records: &[NewRecord]) -> Result<()> {
        let import = self.imported.digest();
        let rows: Vec<(u64, &NewRecord)> = records.iter().filter_map(|record| Some((record.row?, record))).collect();
        for chunk in rows.chunks(ManyRows::MOST) {
            let mut query = sqlx::query(AssertSqlSafe(sql::ORIGINS_INSERT.text(chunk.len())));
            for (row, record) in chunk {
                query = query
                    .bind(import.as_bytes().as_slice().to_vec())
                    .bind(kept(*row, "row")?)
                    .bind(record.sealed.record.as_bytes().as_slice());
            }
            query
                .execute(&mut *self.transaction)
                .await
                .map_err(|error| unavailable("keep which rows the records came of", error))?;
        }
        Ok(())
    }
}

pub(super) async fn find_import(connection: &mut SqliteConnection, digest: &Digest) -> Result<Option<ImportSummary>> {
    sqlx::query(sql::IMPORT_BY_DIGEST)
        .bind(digest.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .map_err(|error| unavailable("read an import", error))?
        .map(|row| read_import(&row))
        .transpose()
}

pub(super) async fn keep_import(connection: &mut SqliteConnection, summary: &ImportSummary) -> Result<()> {
    sqlx::query(sql::IMPORT_INSERT)
        .bind(summary.digest.as_bytes().as_slice())
        .bind(summary.kind.as_str())
        .bind(kept(summary.stored, "count")?)
        .bind(kept(summary.skipped, "count")?)
        .bind(summary.at.unix())
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| unavailable("keep an import", error))
}

async fn find_reference(connection: &mut SqliteConnection, tag: &Tag) -> Result<Option<Handle>> {
    sqlx::query(sql::REFERENCE_BY_TAG)
        .bind(tag.as_slice())
        .fetch_optional(connection)
        .await
        .map_err(|error| unavailable("read a reference", error))?
        .map(|row| bytes(&row, 0, "a reference").map(Handle))
        .transpose()
}

async fn find_references(connection: &mut SqliteConnection, tags: &[Tag]) -> Result<BTreeMap<Tag, Handle>> {
    const WHAT: &str = "a reference";
    let mut found = BTreeMap::new();
    for chunk in tags.chunks(ManyRows::MOST) {
        let mut query = sqlx::query(AssertSqlSafe(sql::REFERENCES_BY_TAG.text(chunk.len())));
        for tag in chunk {
            query = query.bind(tag.as_slice());
        }
        let rows = query.fetch_all(&mut *connection).await;
        for row in rows.map_err(|error| unavailable("read references", error))? {
            found.insert(bytes(&row, 0, WHAT)?, Handle(bytes(&row, 1, WHAT)?));
        }
    }
    Ok(found)
}

fn read_import(row: &SqliteRow) -> Result<ImportSummary> {
    const WHAT: &str = "an import";
    Ok(ImportSummary {
        digest: Digest(bytes(row, 0, WHAT)?),
        kind: text(row, 1, WHAT)?,
        stored: number(row, 2, WHAT)?,
        skipped: number(row, 3, WHAT)?,
        at: time(row, 4, WHAT)?,
    })
}

fn read_record(row: &SqliteRow) -> Result<SealedRecord> {
    const WHAT: &str = "a record";
    Ok(SealedRecord {
        record: RecordId(bytes(row, 1, WHAT)?),
        handle: Handle(bytes(row, 2, WHAT)?),
        ring: Digest(bytes(row, 3, WHAT)?),
        period: number(row, 4, WHAT)?,
        revision: number(row, 5, WHAT)?,
        label: blob(row, 6, WHAT)?,
        header: bytes(row, 7, WHAT)?,
        entries: Vec::new(),
    })
}

fn read_entry(row: &SqliteRow) -> Result<NewEntry> {
    const WHAT: &str = "an entry of a record";
    let class: u8 = number(row, 0, WHAT)?;
    Ok(NewEntry {
        class: Class::from_number(class)
            .ok_or_else(|| StoreError::corrupt(WHAT, format!("class {class} is not in the registry")))?,
        commitment: bytes(row, 1, WHAT)?,
        ciphertext: blob(row, 2, WHAT)?,
    })
}
