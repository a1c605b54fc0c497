//! "Are these the records of this run, sealed anew?": what a custodian asks before it takes a worker's file.
//!
//! That the contents are the same cannot be seen from outside: that is what the program named in the duty stands for. That
//! no record takes the place of another client's, of another month's or of a later revision, and none is left out, can.

use crate::manifest::Manifest;
use crate::wire::{Signed, SignedError};
use countersign_core::id::{Digest, RecordId};
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_core::resealed::Resealed;
use countersign_core::worker::Worker;
use countersign_seal::header::check_batch;
use countersign_seal::label::{Head, Label};
use countersign_seal::record::SealedRecord;
use std::collections::BTreeMap;

/// Name of the signed list in a worker's file; the sealed records lie beside it as `sealed/<record id>.bin`.
pub const RESEALED: &str = "resealed.signed";

/// Why nothing of a worker's file is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResealedError {
    /// Not signed by the worker, or no such list.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// A list for something else.
    #[error("the list is for another {0}")]
    Other(&'static str),
    /// Not exactly the records of the run.
    #[error("the list does not name exactly the records of the run's manifest")]
    Records,
    /// One record.
    #[error("record {record}: {reason}")]
    Record {
        /// The record that was opened.
        record: RecordId,
        /// What is wrong with the one that would take its place.
        reason: String,
    },
}

/// What a run was to be sealed anew as.
pub struct Expected<'e> {
    /// The run's order.
    pub order: &'e Exact<Order>,
    /// Its manifest.
    pub manifest: &'e Manifest,
    /// The worker in force that it names.
    pub worker: &'e Worker,
    /// The ring in force.
    pub ring: Digest,
}

/// The new records, in the order of the manifest. `signed` is the worker's list, `files` the sealed records by their ids.
/// `seed` are 32 fresh bytes for the batch check of headers.
///
/// # Errors
/// [`ResealedError`] with the first thing that does not hold.
pub fn check_resealed(
    expected: &Expected<'_>,
    signed: &[u8],
    files: &BTreeMap<RecordId, Vec<u8>>,
    seed: &[u8; 32],
) -> Result<Vec<SealedRecord>, ResealedError> {
    let list = Signed::<Resealed>::open(signed, &expected.worker.identity)?;
    let list = list.value();
    let named = [
        (list.custodian == expected.order.value().custodian, "custodian"),
        (list.order == expected.order.digest(), "order"),
        (list.worker == expected.worker.digest(), "worker"),
        (list.ring == expected.ring, "ring"),
    ];
    if let Some((_, what)) = named.into_iter().find(|(holds, _)| !holds) {
        return Err(ResealedError::Other(what));
    }
    let entries = &expected.manifest.entries;
    if !list.records.iter().map(|one| one.old).eq(entries.iter().map(|entry| entry.record))
        || files.len() != entries.len()
    {
        return Err(ResealedError::Records);
    }
    let mut records = Vec::with_capacity(entries.len());
    for (entry, one) in entries.iter().zip(&list.records) {
        let wrong = |reason: String| ResealedError::Record { record: one.old, reason };
        let bytes = files.get(&one.new).ok_or_else(|| wrong(format!("{} is not there", one.new)))?;
        let record = SealedRecord::decode(bytes).map_err(|error| wrong(error.to_string()))?;
        let old = Label::decode(&entry.label.0).map_err(|error| wrong(error.to_string()))?;
        if (record.id(), record.ring()) != (one.new, expected.ring) {
            return Err(wrong("the file holds another record, or one that is sealed to another ring".into()));
        }
        follows(&old, record.label()).map_err(|reason| wrong(reason.into()))?;
        records.push(record);
    }
    let capsules = records.iter().map(|record| record.capsule().clone()).collect();
    check_batch(expected.ring, capsules, seed).map_err(|bad| {
        let record = bad.0.first().and_then(|at| entries.get(*at)).map(|entry| entry.record);
        ResealedError::Record {
            record: record.unwrap_or(RecordId([0; 32])),
            reason: "the header's proof does not hold".into(),
        }
    })?;
    Ok(records)
}

/// The same client, client key, month, schema and classes, and the next revision.
fn follows(old: &Label, new: &Label) -> Result<(), &'static str> {
    let revision = old.head().revision.checked_add(1).ok_or("there is no next revision")?;
    let head = Head { revision, ..old.head().clone() };
    if *new.head() != head {
        return Err("is of another client, key, month or schema, or not the next revision");
    }
    if new.classes() == old.classes() { Ok(()) } else { Err("does not hold the same classes") }
}
