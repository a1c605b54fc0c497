//! Leaves of a folder with all their disclosures: each proved to stand in the journal, each saying exactly what its kind says.

use super::files::{Fault, Files, check_sums, under};
use super::history::{History, prove_in};
use super::plain_json;
use crate::request::publicity::witnessed;
use crate::state::ControlState;
use countersign_core::id::{CustodianId, Digest};
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::{SealedLeaf, TICK_SECONDS};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Folder of the leaves.
pub const LEAVES: &str = "leaves";

/// What a folder of leaves establishes.
pub struct Disclosed {
    /// Digest of genesis: to be compared with the one pinned.
    pub genesis: Digest,
    /// Whose journal it is.
    pub custodian: CustodianId,
    /// The control state by all control leaves of the folder.
    pub control: ControlState,
    /// The leaves, by their place in the journal.
    pub leaves: Vec<DisclosedLeaf>,
}

/// One sealed leaf that was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct DisclosedLeaf {
    /// Its place in the journal.
    pub index: u64,
    /// What it is.
    pub kind: LeafKind,
    /// Every field of its kind.
    pub fields: BTreeMap<String, Value>,
    /// Beginning of the five minutes that it is stamped with.
    pub tick: Timestamp,
    /// Since when at the latest a quorum of witnesses has seen it.
    pub witnessed: Timestamp,
}

impl DisclosedLeaf {
    /// A field that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// A field that is a digest.
    pub fn digest(&self, name: &str) -> Option<Digest> {
        Digest::parse(self.text(name)?).ok()
    }
}

/// Checks the list of digests, `control/` and every leaf under `leaves/`: `IIIIIIIIII.leaf`, `.tlog-proof`, `.disclosures.json`.
///
/// # Errors
/// [`Fault`] naming the first file that does not hold.
pub fn disclosed_leaves(files: &Files, pinned: Option<&Digest>) -> Result<Disclosed, Fault> {
    check_sums(files)?;
    let history = History::read(files, pinned)?;
    let genesis = history.genesis().genesis();
    let state = history.state();
    let mut leaves = Vec::new();
    for (path, bytes) in under(files, LEAVES) {
        let Some(stem) = path.strip_suffix(".leaf") else {
            let stem = path.strip_suffix(".tlog-proof").or_else(|| path.strip_suffix(".disclosures.json"));
            match stem {
                Some(stem) if files.contains_key(&format!("{stem}.leaf")) => continue,
                _ => return Err(Fault::new(path, "belongs to no leaf of the folder")),
            }
        };
        let included = prove_in(LEAVES, files, path, bytes, &state)?;
        let leaf = SealedLeaf::parse(bytes).map_err(|error| Fault::new(path, error))?;
        let list = format!("{stem}.disclosures.json");
        let disclosures: Vec<String> = plain_json(files, &list)?;
        let fields = leaf.check(&disclosures).map_err(|error| Fault::new(&list, error))?;
        let kind = fields.get(KIND_FIELD).and_then(Value::as_str).and_then(|kind| LeafKind::parse(kind).ok());
        let kind = kind.ok_or_else(|| Fault::new(&list, "does not say of which kind the leaf is"))?;
        let expected: BTreeSet<&str> = kind.fields().iter().copied().chain([KIND_FIELD]).collect();
        let found: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
        if let Some(name) = expected.symmetric_difference(&found).next() {
            return Err(Fault::new(
                &list,
                format!("the field `{name}` of a leaf of kind `{kind}` is withheld or strange"),
            ));
        }
        let seconds = i64::try_from(leaf.tick().saturating_mul(TICK_SECONDS)).ok();
        let tick = seconds.and_then(Timestamp::from_unix).ok_or_else(|| Fault::new(path, "its time is none"))?;
        leaves.push(DisclosedLeaf { index: included.index, kind, fields, tick, witnessed: witnessed(&included) });
    }
    let (genesis, custodian) = (genesis.digest(), genesis.value().custodian.id);
    Ok(Disclosed { genesis, custodian, control: state, leaves })
}
