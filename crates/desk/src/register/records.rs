//! Between a sealed record and its rows in the store.

use countersign_core::id::RecordId;
use countersign_seal::header::{Capsule, Header, HeaderError};
use countersign_seal::label::{Label, LabelError, Period};
use countersign_seal::record::{RecordError, SealedEntry, SealedRecord as Sealed};
use countersign_store::{NewEntry, SealedRecord};

/// What the store holds is not the record it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {record} in the register is damaged: {reason}")]
pub struct StoredRecordError {
    record: RecordId,
    reason: String,
}

/// A sealed record as the store keeps it.
pub fn stored_record(sealed: &Sealed) -> SealedRecord {
    let head = sealed.label().head();
    SealedRecord {
        record: sealed.id(),
        handle: head.handle,
        ring: sealed.ring(),
        period: head.period.map_or(0, Period::number),
        revision: head.revision,
        label: sealed.label().encode(),
        header: *sealed.capsule().header.bytes(),
        entries: sealed
            .entries()
            .iter()
            .map(|entry| NewEntry {
                class: entry.class,
                commitment: entry.commitment,
                ciphertext: entry.ciphertext.clone(),
            })
            .collect(),
    }
}

/// A record of the store as a sealed record: label, header and entries are read again and must agree with one another and with the
/// columns beside them. Whether the header's proof holds is checked by `countersign_seal::header`.
///
/// # Errors
/// [`StoredRecordError`] with what does not agree.
pub fn opened_record(stored: &SealedRecord) -> Result<Sealed, StoredRecordError> {
    let damaged = |reason: String| StoredRecordError { record: stored.record, reason };
    let label = Label::decode(&stored.label).map_err(|error: LabelError| damaged(error.to_string()))?;
    let header = Header::decode(&stored.header).map_err(|error: HeaderError| damaged(error.to_string()))?;
    let entries = stored
        .entries
        .iter()
        .map(|entry| SealedEntry {
            class: entry.class,
            commitment: entry.commitment,
            ciphertext: entry.ciphertext.clone(),
        })
        .collect();
    let sealed = Sealed::new(stored.ring, Capsule { label, header }, entries)
        .map_err(|error: RecordError| damaged(error.to_string()))?;
    let head = sealed.label().head();
    let beside = (stored.record, stored.handle, stored.period, stored.revision);
    if beside != (sealed.id(), head.handle, head.period.map_or(0, Period::number), head.revision) {
        return Err(damaged("its label says another id, handle, period or revision".to_owned()));
    }
    Ok(sealed)
}
