//! The blind index at the desk: clients are found through the trustees and never through a readable list.
//!
//! [`enrol`] brings the values of an imported file into the index, [`find`] looks one value up for a case, [`opening`] is what an approver
//! recomputes a lookup from. What trustees check: `docs/formats/lookup.md`; values and lists: `docs/formats/blind-index.md`.

mod ask;
mod batch;
pub mod enrol;
pub mod find;
pub mod opening;
mod values;

use crate::desk::{Desk, RingFiles};
use crate::error::{DeskError, Result};
use countersign_seal::kind::{Attribute, Index};

pub use values::{LINES, normal_of_lines};

/// The attributes under which clients are enrolled where nothing else is configured, if the index ring has keys for them.
pub const DEFAULT_ATTRIBUTES: [Attribute; 4] =
    [Attribute::NameBirth, Attribute::Email, Attribute::Phone, Attribute::Document];

impl Desk {
    /// The index ring in force.
    pub(crate) fn index_ring(&self) -> Result<&RingFiles<Index>> {
        self.custodian.index.as_ref().ok_or_else(|| {
            DeskError::Input(
                "this custodian has no index ring: clients are found by account number only; `change` can bring one into force".into(),
            )
        })
    }

    /// The index ring in force, if it has a key for the attribute.
    pub(crate) fn index_key(&self, attribute: Attribute) -> Result<&RingFiles<Index>> {
        let index = self.index_ring()?;
        if index.ring.has(attribute) {
            return Ok(index);
        }
        let known: Vec<String> = index.ring.keys().map(|key| key.to_string()).collect();
        Err(DeskError::Input(format!("the index ring has no key for `{attribute}`; it has {}", known.join(", "))))
    }
}

#[cfg(test)]
mod tests;
