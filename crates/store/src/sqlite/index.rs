//! The blind index on SQLite.

use super::SqliteStore;
use super::outbox::keep_leaves;
use super::rows::{blob, bytes, kept, number, time, unavailable};
use crate::cases::Novelty;
use crate::index::{finished, in_another_batch, list_changed, no_batch, outcome_novelty};
use crate::sql::{self, ManyRows};
use crate::{
    AttributeNumber, Batch, BlindIndex, ImportedRecord, IndexCounts, Indexed, ListName, Lookup, LookupReceipt, NewLeaf,
    NewLookup, NewPosting, Result, StoreError,
};
use async_trait::async_trait;
use countersign_core::id::{CaseId, Digest, Handle, RecordId};
use countersign_core::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};
use std::collections::BTreeMap;
use std::ops::Range;

const BATCH: &str = "an enrolment";
const LOOKUP: &str = "a lookup";

#[async_trait]
impl BlindIndex for SqliteStore {
    async fn records_of_rows(
        &self,
        import: &Digest,
        rows: Range<u64>,
        attribute: AttributeNumber,
    ) -> Result<Vec<ImportedRecord>> {
        let mut transaction = self.file.read().await?;
        sqlx::query(sql::RECORDS_OF_ROWS)
            .bind(import.as_bytes().as_slice())
            .bind(kept(rows.start, "row")?)
            .bind(kept(rows.end, "row")?)
            .bind(i64::from(attribute))
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("read which records the rows became", error))?
            .iter()
            .map(read_imported)
            .collect()
    }

    async fn begin_batch(&self, batch: Batch, leaf: NewLeaf, at: Timestamp) -> Result<()> {
        let mut transaction = self.file.write().await?;
        if let Some((_, kept)) = find_batch(&mut transaction, &batch.lookup).await? {
            return if kept == batch { Ok(()) } else { Err(in_another_batch(&batch.lookup)) };
        }
        keep_leaves(&mut transaction, std::slice::from_ref(&leaf)).await?;
        let inserted = sqlx::query(sql::ENROLMENT_INSERT)
            .bind(batch.lookup.as_bytes().as_slice())
            .bind(i64::from(batch.attribute))
            .bind(batch.import.as_bytes().as_slice())
            .bind(batch.document.as_slice())
            .bind(batch.leaf.as_slice())
            .bind(at.unix())
            .execute(&mut *transaction)
            .await
            .map_err(|error| unavailable("begin an enrolment", error))?;
        let number = inserted.last_insert_rowid();
        for (chunk, records) in batch.records.chunks(ManyRows::MOST).enumerate() {
            let mut query = sqlx::query(AssertSqlSafe(sql::ENROLLED_INSERT.text(records.len())));
            for (place, record) in records.iter().enumerate() {
                query = query
                    .bind(i64::from(batch.attribute))
                    .bind(record.as_bytes().as_slice())
                    .bind(number)
                    .bind(kept((chunk * ManyRows::MOST + place) as u64, "place")?);
            }
            query.execute(&mut *transaction).await.map_err(|error| match error.as_database_error() {
                Some(found) if found.is_unique_violation() => in_another_batch(&batch.lookup),
                _ => unavailable("begin an enrolment", error),
            })?;
        }
        transaction.commit().await.map_err(|error| unavailable("begin an enrolment", error))
    }

    async fn open_batches(&self) -> Result<Vec<Batch>> {
        let mut transaction = self.file.read().await?;
        let rows = sqlx::query(sql::ENROLMENTS_OPEN).fetch_all(&mut *transaction).await;
        let mut open = Vec::new();
        for row in rows.map_err(|error| unavailable("list enrolments", error))? {
            open.push(read_batch(&mut transaction, &row).await?.1);
        }
        Ok(open)
    }

    async fn last_finished(&self) -> Result<Option<Digest>> {
        let mut transaction = self.file.read().await?;
        let row = sqlx::query(sql::ENROLMENT_LAST_FINISHED).fetch_optional(&mut *transaction).await;
        let row = row.map_err(|error| unavailable("read an enrolment", error))?;
        row.map(|row| bytes(&row, 0, BATCH).map(Digest)).transpose()
    }

    async fn give_up(&self, lookup: &Digest) -> Result<()> {
        let mut transaction = self.file.write().await?;
        let Some(number) = open_number(&mut transaction, lookup).await? else { return Ok(()) };
        let number = number.ok_or_else(|| finished(lookup))?;
        for statement in [sql::ENROLLED_DELETE, sql::ENROLMENT_DELETE] {
            sqlx::query(statement)
                .bind(number)
                .execute(&mut *transaction)
                .await
                .map_err(|error| unavailable("give an enrolment up", error))?;
        }
        transaction.commit().await.map_err(|error| unavailable("give an enrolment up", error))
    }

    async fn finish_batch(&self, lookup: &Digest, postings: Vec<NewPosting>, at: Timestamp) -> Result<()> {
        let mut transaction = self.file.write().await?;
        let Some(number) = open_number(&mut transaction, lookup).await?.ok_or_else(|| no_batch(lookup))? else {
            return Ok(());
        };
        for chunk in postings.chunks(ManyRows::MOST) {
            let names: Vec<ListName> = chunk.iter().map(|posting| posting.name).collect();
            let kept = find_postings(&mut transaction, &names).await?;
            if chunk.iter().any(|posting| kept.get(&posting.name) != posting.before.as_ref()) {
                return Err(list_changed(lookup));
            }
            let mut query = sqlx::query(AssertSqlSafe(sql::POSTINGS_SET.text(chunk.len())));
            for posting in chunk {
                query = query.bind(posting.name.as_slice()).bind(posting.sealed.as_slice());
            }
            query.execute(&mut *transaction).await.map_err(|error| unavailable("keep posting lists", error))?;
        }
        sqlx::query(sql::ENROLMENT_FINISH)
            .bind(number)
            .bind(at.unix())
            .execute(&mut *transaction)
            .await
            .map_err(|error| unavailable("finish an enrolment", error))?;
        transaction.commit().await.map_err(|error| unavailable("finish an enrolment", error))
    }

    async fn postings(&self, names: &[ListName]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut transaction = self.file.read().await?;
        let mut found = Vec::with_capacity(names.len());
        for chunk in names.chunks(ManyRows::MOST) {
            let kept = find_postings(&mut transaction, chunk).await?;
            found.extend(chunk.iter().map(|name| kept.get(name).cloned()));
        }
        Ok(found)
    }

    async fn note_indexed(&self, indexed: Indexed) -> Result<()> {
        let mut transaction = self.file.write().await?;
        sqlx::query(sql::INDEXED_INSERT)
            .bind(indexed.import.as_bytes().as_slice())
            .bind(i64::from(indexed.attribute))
            .bind(kept(indexed.values, "count")?)
            .bind(kept(indexed.left_out, "count")?)
            .bind(indexed.at.unix())
            .execute(&mut *transaction)
            .await
            .map_err(|error| unavailable("note an import as indexed", error))?;
        transaction.commit().await.map_err(|error| unavailable("note an import as indexed", error))
    }

    async fn indexed(&self) -> Result<Vec<Indexed>> {
        const WHAT: &str = "an indexed import";
        let mut transaction = self.file.read().await?;
        let rows = sqlx::query(sql::INDEXED).fetch_all(&mut *transaction).await;
        let read = |row: &SqliteRow| {
            Ok(Indexed {
                import: Digest(bytes(row, 0, WHAT)?),
                attribute: number(row, 1, WHAT)?,
                values: number(row, 2, WHAT)?,
                left_out: number(row, 3, WHAT)?,
                at: time(row, 4, WHAT)?,
            })
        };
        rows.map_err(|error| unavailable("list indexed imports", error))?.iter().map(read).collect()
    }

    async fn begin_lookup(&self, lookup: NewLookup) -> Result<()> {
        let mut transaction = self.file.write().await?;
        let before = find_lookup(&mut transaction, &lookup.lookup).await?;
        if matches!(lookup.novelty(before.as_ref())?, Novelty::Present) {
            return Ok(());
        }
        keep_leaves(&mut transaction, std::slice::from_ref(&lookup.leaf)).await?;
        sqlx::query(sql::LOOKUP_INSERT)
            .bind(lookup.lookup.as_bytes().as_slice())
            .bind(lookup.case.as_bytes().as_slice())
            .bind(lookup.document.as_slice())
            .bind(lookup.approval.as_slice())
            .bind(lookup.opening.as_slice())
            .bind(lookup.leaf.key.as_slice())
            .bind(lookup.at.unix())
            .execute(&mut *transaction)
            .await
            .map_err(|error| unavailable("begin a lookup", error))?;
        transaction.commit().await.map_err(|error| unavailable("begin a lookup", error))
    }

    async fn finish_lookup(&self, lookup: &Digest, found: &[Handle], outcome: NewLeaf) -> Result<()> {
        let mut transaction = self.file.write().await?;
        let before = find_lookup(&mut transaction, lookup).await?;
        if matches!(outcome_novelty(lookup, before.as_ref(), found)?, Novelty::Present) {
            return Ok(());
        }
        keep_leaves(&mut transaction, std::slice::from_ref(&outcome)).await?;
        let handles: Vec<u8> = found.iter().flat_map(|handle| *handle.as_bytes()).collect();
        sqlx::query(sql::LOOKUP_FINISH)
            .bind(lookup.as_bytes().as_slice())
            .bind(handles)
            .execute(&mut *transaction)
            .await
            .map_err(|error| unavailable("finish a lookup", error))?;
        transaction.commit().await.map_err(|error| unavailable("finish a lookup", error))
    }

    async fn lookup(&self, lookup: &Digest) -> Result<Option<Lookup>> {
        let mut transaction = self.file.read().await?;
        find_lookup(&mut transaction, lookup).await
    }

    async fn lookups_of(&self, case: &CaseId) -> Result<Vec<Lookup>> {
        let mut transaction = self.file.read().await?;
        sqlx::query(sql::LOOKUPS_OF_CASE)
            .bind(case.as_bytes().as_slice())
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("list the lookups of a case", error))?
            .iter()
            .map(read_lookup)
            .collect()
    }

    async fn add_lookup_receipt(&self, receipt: LookupReceipt, leaf: NewLeaf) -> Result<()> {
        let mut transaction = self.file.write().await?;
        let before = sqlx::query(sql::LOOKUP_RECEIPT_BY_DIGEST)
            .bind(receipt.digest.as_bytes().as_slice())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(|error| unavailable("read a receipt", error))?;
        if let Some(row) = before {
            return if read_receipt(&row)?.same(&receipt) { Ok(()) } else { Err(receipt.taken()) };
        }
        keep_leaves(&mut transaction, std::slice::from_ref(&leaf)).await?;
        sqlx::query(sql::LOOKUP_RECEIPT_INSERT)
            .bind(receipt.digest.as_bytes().as_slice())
            .bind(receipt.lookup.as_bytes().as_slice())
            .bind(i64::from(receipt.trustee))
            .bind(receipt.bytes.as_slice())
            .bind(receipt.at.unix())
            .execute(&mut *transaction)
            .await
            .map_err(|error| unavailable("keep a receipt", error))?;
        transaction.commit().await.map_err(|error| unavailable("keep a receipt", error))
    }

    async fn lookup_receipts(&self, lookup: &Digest) -> Result<Vec<LookupReceipt>> {
        let mut transaction = self.file.read().await?;
        sqlx::query(sql::LOOKUP_RECEIPTS)
            .bind(lookup.as_bytes().as_slice())
            .fetch_all(&mut *transaction)
            .await
            .map_err(|error| unavailable("list receipts", error))?
            .iter()
            .map(read_receipt)
            .collect()
    }

    async fn index_counts(&self) -> Result<IndexCounts> {
        let mut transaction = self.file.read().await?;
        let mut counts = IndexCounts::default();
        for (statement, count) in [
            (sql::COUNT_LISTS, &mut counts.lists),
            (sql::COUNT_ENROLLED, &mut counts.values),
            (sql::COUNT_OPEN_ENROLMENTS, &mut counts.open),
        ] {
            let row = sqlx::query(statement).fetch_one(&mut *transaction).await;
            *count = number(&row.map_err(|error| unavailable("count the index", error))?, 0, "a count of the index")?;
        }
        Ok(counts)
    }
}

fn read_imported(row: &SqliteRow) -> Result<ImportedRecord> {
    const WHAT: &str = "a record's row";
    let batch: Option<Vec<u8>> = row.try_get(5).map_err(|error| StoreError::corrupt(WHAT, error))?;
    Ok(ImportedRecord {
        row: number(row, 0, WHAT)?,
        record: RecordId(bytes(row, 1, WHAT)?),
        handle: Handle(bytes(row, 2, WHAT)?),
        label: blob(row, 3, WHAT)?,
        header: bytes(row, 4, WHAT)?,
        batch: batch.map(|_| bytes(row, 5, WHAT).map(Digest)).transpose()?,
    })
}

async fn find_batch(connection: &mut SqliteConnection, lookup: &Digest) -> Result<Option<(i64, Batch)>> {
    let row = sqlx::query(sql::ENROLMENT_BY_LOOKUP)
        .bind(lookup.as_bytes().as_slice())
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| unavailable("read an enrolment", error))?;
    match row {
        None => Ok(None),
        Some(row) => Ok(Some(read_batch(connection, &row).await?)),
    }
}

/// The number of a batch: none inside when it is finished, none at all when it was never begun.
async fn open_number(connection: &mut SqliteConnection, lookup: &Digest) -> Result<Option<Option<i64>>> {
    let row = sqlx::query(sql::ENROLMENT_STATE)
        .bind(lookup.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .map_err(|error| unavailable("read an enrolment", error))?;
    let Some(row) = row else { return Ok(None) };
    let finished: Option<i64> = row.try_get(1).map_err(|error| StoreError::corrupt(BATCH, error))?;
    let number: i64 = number(&row, 0, BATCH)?;
    Ok(Some(finished.is_none().then_some(number)))
}

async fn read_batch(connection: &mut SqliteConnection, row: &SqliteRow) -> Result<(i64, Batch)> {
    let at: i64 = number(row, 0, BATCH)?;
    let records = sqlx::query(sql::RECORDS_OF_ENROLMENT)
        .bind(at)
        .fetch_all(connection)
        .await
        .map_err(|error| unavailable("read an enrolment", error))?;
    let batch = Batch {
        lookup: Digest(bytes(row, 1, BATCH)?),
        attribute: number(row, 2, BATCH)?,
        import: Digest(bytes(row, 3, BATCH)?),
        document: blob(row, 4, BATCH)?,
        leaf: bytes(row, 5, BATCH)?,
        records: records.iter().map(|row| bytes(row, 0, BATCH).map(RecordId)).collect::<Result<_>>()?,
    };
    Ok((at, batch))
}

/// The lists of these names that are kept; at most [`ManyRows::MOST`] names at once.
async fn find_postings(connection: &mut SqliteConnection, names: &[ListName]) -> Result<BTreeMap<ListName, Vec<u8>>> {
    const WHAT: &str = "a posting list";
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut query = sqlx::query(AssertSqlSafe(sql::POSTINGS_BY_NAME.text(names.len())));
    for name in names {
        query = query.bind(name.as_slice());
    }
    let rows = query.fetch_all(connection).await.map_err(|error| unavailable("read posting lists", error))?;
    rows.iter().map(|row| Ok((bytes(row, 0, WHAT)?, blob(row, 1, WHAT)?))).collect()
}

async fn find_lookup(connection: &mut SqliteConnection, lookup: &Digest) -> Result<Option<Lookup>> {
    let row = sqlx::query(sql::LOOKUP_BY_DIGEST)
        .bind(lookup.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .map_err(|error| unavailable("read a lookup", error))?;
    row.as_ref().map(read_lookup).transpose()
}

fn read_lookup(row: &SqliteRow) -> Result<Lookup> {
    let found: Option<Vec<u8>> = row.try_get(7).map_err(|error| StoreError::corrupt(LOOKUP, error))?;
    Ok(Lookup {
        lookup: Digest(bytes(row, 0, LOOKUP)?),
        case: CaseId(bytes(row, 1, LOOKUP)?),
        document: blob(row, 2, LOOKUP)?,
        approval: blob(row, 3, LOOKUP)?,
        opening: blob(row, 4, LOOKUP)?,
        leaf: bytes(row, 5, LOOKUP)?,
        at: time(row, 6, LOOKUP)?,
        found: found.map(|bytes| bytes.as_chunks::<32>().0.iter().map(|handle| Handle(*handle)).collect()),
    })
}

fn read_receipt(row: &SqliteRow) -> Result<LookupReceipt> {
    const WHAT: &str = "a receipt";
    Ok(LookupReceipt {
        digest: Digest(bytes(row, 0, WHAT)?),
        lookup: Digest(bytes(row, 1, WHAT)?),
        trustee: number(row, 2, WHAT)?,
        bytes: blob(row, 3, WHAT)?,
        at: time(row, 4, WHAT)?,
    })
}
