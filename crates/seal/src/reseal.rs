//! Rotation: a record opened under the old ring is sealed anew under the new one.
//!
//! A new ring has new keys, which no share of the old one opens. Old records stay readable by old shares for as long as
//! copies of both exist; resealing only ends the custodian's need for them.

use crate::cell::Content;
use crate::combine::{CellContent, CellFault, OpenedCell};
use crate::label::Head;
use crate::record::SealedRecord;
use crate::sealer::{Blob, Randomness, SealError, Sealed, Sealer};
use crate::sigma::Sigma;
use countersign_core::class::Class;
use countersign_core::id::RecordId;

/// Why a record is not sealed anew. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResealError {
    /// It is sealed to this ring already.
    #[error("the record is sealed to this ring already")]
    SameRing,
    /// A cell of another record among the contents.
    #[error("an opened cell belongs to record {0}: contents of two records never mix")]
    Record(RecordId),
    /// A class of the record is missing among the opened cells, or was opened twice.
    #[error("`{0}` of the record is not opened exactly once: nothing may be lost or doubled")]
    Incomplete(Class),
    /// A cell did not open.
    #[error("`{class}` of the record: {fault}")]
    Cell {
        /// Which class.
        class: Class,
        /// Why.
        fault: CellFault,
    },
    /// The sealed content of a class that lies outside the record was not given.
    #[error("the blob of `{0}` is missing")]
    Blob(Class),
    /// No revision follows.
    #[error("the record has the last revision there is")]
    Revision,
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Seals the opened cells of `old` under the ring of `sealer`: the same custodian, client, client key, period, schema and
/// classes, the next revision.
///
/// `cells` are what [`crate::combine::open`] gave for this record, every class once; `blobs` the sealed contents beside
/// the record. r is hedged with the new ring's id, so a failed generator does not repeat the r of the old record.
///
/// # Errors
/// [`ResealError`].
pub fn reseal(
    old: &SealedRecord,
    cells: &[OpenedCell],
    blobs: &[Blob],
    sealer: &Sealer,
    sigma: &Sigma,
    randomness: &Randomness,
) -> Result<Sealed, ResealError> {
    if old.ring() == sealer.ring() {
        return Err(ResealError::SameRing);
    }
    if let Some(foreign) = cells.iter().find(|cell| cell.record != old.id()) {
        return Err(ResealError::Record(foreign.record));
    }
    if let Some(foreign) = cells.iter().find(|cell| !old.label().classes().contains(cell.class)) {
        return Err(ResealError::Incomplete(foreign.class));
    }
    let mut contents: Vec<(Class, Content)> = Vec::new();
    for class in old.label().classes().iter() {
        let mut found = cells.iter().filter(|cell| cell.class == class);
        let (Some(cell), None) = (found.next(), found.next()) else { return Err(ResealError::Incomplete(class)) };
        contents.push((class, content(class, cell, blobs)?));
    }
    let contents: Vec<(Class, &[u8])> = contents.iter().map(|(class, content)| (*class, content.as_slice())).collect();
    let head = old.label().head();
    let revision = head.revision.checked_add(1).ok_or(ResealError::Revision)?;
    Ok(sealer.seal(Head { revision, ..head.clone() }, &contents, sigma, randomness)?)
}

fn content(class: Class, cell: &OpenedCell, blobs: &[Blob]) -> Result<Content, ResealError> {
    let failed = |fault: CellFault| ResealError::Cell { class, fault };
    match &cell.content {
        Ok(CellContent::Inline(content)) => Ok(content.clone()),
        Ok(CellContent::Blob(opener)) => {
            let blob = blobs.iter().find(|blob| blob.class == class).ok_or(ResealError::Blob(class))?;
            opener.open(&blob.bytes).map_err(failed)
        }
        Err(fault) => Err(failed(*fault)),
    }
}
