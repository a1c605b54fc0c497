//! The manifest: which records, under which labels, and which classes of each.
//!
//! Bytes: `docs/formats/manifest.md`.

use crate::wire::HexBytes;
use countersign_core::class::ClassSet;
use countersign_core::id::{Digest, RecordId};
use countersign_core::json::Document;
use countersign_core::order::MAX_RECORDS;
use countersign_core::version_tag;
use countersign_tlog::merkle;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the manifest format.
    ManifestV1 = "countersign/manifest/v1"
);

/// One record of the scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestEntry {
    /// H(label || u).
    pub record: RecordId,
    /// The label's exact bytes.
    pub label: HexBytes,
    /// The record's encapsulation u, 32 bytes.
    pub u: Digest,
    /// Classes to be opened.
    pub classes: ClassSet,
}

/// Every record of one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format version.
    pub v: ManifestV1,
    /// The records, sorted by record id.
    pub entries: Vec<ManifestEntry>,
}

impl Document for Manifest {
    const WHAT: &'static str = "manifest";
    const DOMAIN: &'static str = ManifestV1::TEXT;
    const MAX_LEN: usize = 16 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (!self.entries.is_empty(), "no records"),
            (self.entries.len() <= MAX_RECORDS as usize, "more records than one order may name"),
            (
                self.entries.is_sorted_by(|left, right| left.record < right.record),
                "records are not sorted by id or repeat one",
            ),
            (self.entries.iter().all(|entry| !entry.classes.is_empty()), "a record without classes"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// Why a manifest has no root. No parsed manifest causes it.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// An entry cannot be written.
    #[error("manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// More entries than a tree takes.
    #[error("manifest: {0}")]
    Tree(#[from] merkle::FrontierError),
}

impl Manifest {
    /// RFC 6962 Merkle tree hash over the canonical JSON of each entry, in order; the order names it.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn root(&self) -> Result<Digest, ManifestError> {
        let mut frontier = merkle::Frontier::new();
        for entry in &self.entries {
            frontier.push_leaf(serde_json::to_string(entry)?.as_bytes())?;
        }
        Ok(Digest(*frontier.root().as_bytes()))
    }

    /// Every class that any entry names.
    pub fn classes(&self) -> ClassSet {
        self.entries.iter().flat_map(|entry| entry.classes.iter()).collect()
    }
}
