//! What a worker gives back of records that it sealed anew: which record took the place of which.
//!
//! Bytes: `docs/formats/resealed.md`. The sealed records themselves lie beside it.

use crate::id::{CustodianId, Digest, RecordId};
use crate::json::Document;
use crate::order::MAX_RECORDS;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

version_tag!(
    /// Version of the format.
    ResealedV1 = "countersign/resealed/v1"
);

/// One record and the one that takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// The record that was opened.
    pub old: RecordId,
    /// The record sealed anew.
    pub new: RecordId,
}

/// A worker's signed word that it opened these records and sealed what was in them anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resealed {
    /// Format version.
    pub v: ResealedV1,
    /// The custodian.
    pub custodian: CustodianId,
    /// Digest of the run's order.
    pub order: Digest,
    /// Digest of the worker's identity document.
    pub worker: Digest,
    /// The ring to which the new records are sealed.
    pub ring: Digest,
    /// Every record of the run's manifest, in its order.
    pub records: Vec<Replaced>,
}

impl Document for Resealed {
    const WHAT: &'static str = "list of resealed records";
    const DOMAIN: &'static str = ResealedV1::TEXT;
    const MAX_LEN: usize = 2 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let old: BTreeSet<&RecordId> = self.records.iter().map(|one| &one.old).collect();
        let new: BTreeSet<&RecordId> = self.records.iter().map(|one| &one.new).collect();
        let rules = [
            (!self.records.is_empty(), "no records"),
            (self.records.len() <= MAX_RECORDS as usize, "more records than one order may name"),
            (
                self.records.is_sorted_by(|left, right| left.old < right.old),
                "`records` are not sorted by `old`, or repeat one",
            ),
            (new.len() == self.records.len(), "two records are replaced by one"),
            (old.is_disjoint(&new), "a record takes the place of another one of the list"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
