//! Enrolment: the values of an imported file enter the index, batch by batch.
//!
//! Nothing that is kept can be read, so the values come from the file, now and when an enrolment goes on that was interrupted. Which
//! record came of which row is kept with the import. Everything here may be repeated at any time.

use super::batch::{BATCH, Entering};
use super::values::of_row;
use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::register::{BadRow, COLUMNS, CsvOptions, ImportError, Rejected, Row, Rows, clients_digest};
use countersign_core::id::{Digest, Handle};
use countersign_seal::kind::{Attribute, Slot};
use countersign_store::{Batch, Indexed};
use std::io::{Read, Seek};

/// What came of one attribute of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// The attribute.
    pub attribute: Attribute,
    /// Values in the index from this file.
    pub values: u64,
    /// Values without a normal form, with their lines: these clients are not found under the attribute.
    pub left_out: Rejected,
    /// Everything was in the index before.
    pub before: bool,
}

/// An import that is not wholly in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The import.
    pub import: Digest,
    /// Records that it stored.
    pub stored: u64,
    /// When it was imported.
    pub at: countersign_core::time::Timestamp,
    /// The attributes that are missing.
    pub attributes: Vec<Attribute>,
}

impl Desk {
    /// Brings the values of an imported file of clients into the index. What is in already stays; what was begun is finished.
    ///
    /// # Errors
    /// [`DeskError::Input`] for a file that was not imported, or an attribute without key; [`DeskError::Trustees`] when too few
    /// trustees evaluate. What was done before stays, and the same call goes on.
    pub async fn enrol_clients<R: Read + Seek + Send>(
        &self,
        mut file: R,
        options: &CsvOptions,
        attributes: &[Attribute],
    ) -> Result<Vec<Enrolled>> {
        attributes.iter().try_for_each(|attribute| self.index_key(*attribute).map(drop))?;
        let import = clients_digest(&mut file).map_err(unreadable)?;
        if !self.store.imports().await?.iter().any(|known| known.digest == import && known.kind == "clients") {
            return Err(DeskError::Input("this file was not imported: say `client import` first".into()));
        }
        self.forget_blinds().await?;
        let done = self.store.indexed().await?;
        let mut all = Vec::new();
        for attribute in attributes {
            let number = Slot::Attribute(*attribute).number();
            let noted = done.iter().find(|noted| (noted.import, noted.attribute) == (import, number));
            all.push(match noted {
                Some(noted) => Enrolled {
                    attribute: *attribute,
                    values: noted.values,
                    left_out: Rejected { count: noted.left_out, first: Vec::new() },
                    before: true,
                },
                None => self.enrol_attribute(&mut file, options, &import, *attribute).await?,
            });
        }
        Ok(all)
    }

    /// The imports of clients that are not wholly in the index under these attributes, the latest first.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn pending(&self, attributes: &[Attribute]) -> Result<Vec<Pending>> {
        let done = self.store.indexed().await?;
        let is_done = |import: &Digest, attribute: &Attribute| {
            let number = Slot::Attribute(*attribute).number();
            done.iter().any(|noted| (&noted.import, noted.attribute) == (import, number))
        };
        let imports = self.store.imports().await?.into_iter().filter(|import| import.kind == "clients");
        let pending = imports.filter_map(|import| {
            let missing: Vec<Attribute> =
                attributes.iter().filter(|attribute| !is_done(&import.digest, attribute)).copied().collect();
            let (import, stored, at) = (import.digest, import.stored, import.at);
            (!missing.is_empty()).then_some(Pending { import, stored, at, attributes: missing })
        });
        Ok(pending.collect())
    }

    async fn enrol_attribute<R: Read + Seek + Send>(
        &self,
        file: &mut R,
        options: &CsvOptions,
        import: &Digest,
        attribute: Attribute,
    ) -> Result<Enrolled> {
        let number = Slot::Attribute(attribute).number();
        let open = self.store.open_batches().await?;
        let (mut values, mut crowded) = (0, 0);
        for batch in open.iter().filter(|batch| (batch.import, batch.attribute) == (*import, number)) {
            let entering = self.again(file, options, batch, attribute).await?;
            crowded += self.resume(batch, attribute, entering).await?.unwrap_or(0);
        }
        let mut rows = Rows::open(file, COLUMNS, options).map_err(unreadable)?;
        let mut waiting: Vec<Entering> = Vec::with_capacity(BATCH);
        let mut left_out = Rejected::default();
        loop {
            let chunk = chunk(&mut rows)?;
            let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { break };
            let records = self.store.records_of_rows(import, first.number..last.number + 1, number).await?;
            let clients: Vec<Handle> = records.iter().map(|record| record.handle).collect();
            let there = self.sigmas.have_sigmas(&clients).await?;
            let mut records = records.into_iter().peekable();
            for row in &chunk {
                // Rows that were left out at the import have no record.
                let Some(record) = records.next_if(|record| record.row == row.number) else { continue };
                match of_row(attribute, row) {
                    None => {}
                    Some(Err((column, error))) => {
                        left_out.push(BadRow { line: row.line, column: Some(column), reason: error.reason.to_owned() });
                    }
                    Some(Ok(_)) if record.batch.is_some() => values += 1,
                    // An erased client enters no index.
                    Some(Ok(_)) if !there.contains(&record.handle) => {}
                    Some(Ok(value)) => {
                        values += 1;
                        waiting.push(Entering::new(record, value));
                        if waiting.len() == BATCH {
                            crowded += self.enrol(import, attribute, std::mem::take(&mut waiting)).await?;
                        }
                    }
                }
            }
        }
        if !waiting.is_empty() {
            crowded += self.enrol(import, attribute, waiting).await?;
        }
        left_out.count += crowded;
        let (values, at) = (values - crowded.min(values), self.now());
        let noted = Indexed { import: *import, attribute: number, values, left_out: left_out.count, at };
        self.store.note_indexed(noted).await?;
        Ok(Enrolled { attribute, values, left_out, before: false })
    }

    /// The values of a batch that was begun, in its order, from the file.
    async fn again<R: Read + Seek + Send>(
        &self,
        file: &mut R,
        options: &CsvOptions,
        batch: &Batch,
        attribute: Attribute,
    ) -> Result<Vec<Entering>> {
        let mut rows = Rows::open(file, COLUMNS, options).map_err(unreadable)?;
        let mut found: Vec<Entering> = Vec::with_capacity(batch.records.len());
        loop {
            let chunk = chunk(&mut rows)?;
            let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { break };
            let range = first.number..last.number + 1;
            let records = self.store.records_of_rows(&batch.import, range, batch.attribute).await?;
            for record in records.into_iter().filter(|record| record.batch == Some(batch.lookup)) {
                let row = chunk.iter().find(|row| row.number == record.row);
                if let Some(Some(Ok(value))) = row.map(|row| of_row(attribute, row)) {
                    found.push(Entering::new(record, value));
                }
            }
        }
        let place = |record| batch.records.iter().position(|known| *known == record);
        found.sort_by_key(|one| place(one.record));
        Ok(found)
    }
}

/// The next good rows; empty at the end of the file.
fn chunk<R: Read>(rows: &mut Rows<R>) -> Result<Vec<Row>> {
    let mut chunk = Vec::with_capacity(BATCH);
    while chunk.len() < BATCH {
        match rows.next().map_err(unreadable)? {
            None => break,
            Some(Ok(row)) => chunk.push(row),
            // Was left out at the import, with its reason.
            Some(Err(_)) => {}
        }
    }
    Ok(chunk)
}

fn unreadable(error: ImportError) -> DeskError {
    DeskError::Input(error.to_string())
}
