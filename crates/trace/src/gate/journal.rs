//! What was asked and answered: the same question under the same order gets the same answer, and questions are counted.

use super::answer::BlastAnswer;
use super::{Basis, Refusal};
use crate::address::Lock;
use countersign_core::digest;
use countersign_core::id::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const ROOT: &str = "countersign/trace/root/v1";
/// Largest accepted journal.
const MAX_LEN: usize = 64 * 1024 * 1024;
/// Different questions about one address, under all orders together: slices of one crowd add up, and so do their counts.
pub const MAX_PER_ROOT: usize = 24;

countersign_core::version_tag!(
    /// Version of the journal.
    JournalV1 = "countersign/trace/journal/v1"
);

/// The answers so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    v: JournalV1,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    basis: Digest,
    roots: BTreeSet<Digest>,
    answer: BlastAnswer,
}

/// A journal that is damaged.
#[derive(Debug, thiserror::Error)]
#[error("the journal of answers cannot be read: {0}")]
pub struct JournalError(String);

impl Journal {
    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// [`JournalError`]; without its journal the gate stays shut.
    pub fn parse(bytes: &[u8]) -> Result<Self, JournalError> {
        if bytes.len() > MAX_LEN {
            return Err(JournalError(format!("{} bytes, the limit is {MAX_LEN}", bytes.len())));
        }
        serde_json::from_slice(bytes).map_err(|error| JournalError(error.to_string()))
    }

    /// The bytes to keep.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be written as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, JournalError> {
        serde_json::to_vec(self).map_err(|error| JournalError(error.to_string()))
    }

    /// What was answered to this question under this order.
    pub(super) fn answered(&self, basis: &Basis, query: &Digest) -> Option<&BlastAnswer> {
        let same = |entry: &&Entry| entry.basis == basis.name() && entry.answer.query == *query;
        self.entries.iter().find(same).map(|entry| &entry.answer)
    }

    /// Whether one more question may be asked.
    pub(super) fn allows(&self, basis: &Basis, roots: &BTreeSet<Lock>) -> Result<(), Refusal> {
        let asked = self.entries.iter().filter(|entry| entry.basis == basis.name()).count();
        if let Some(budget) = basis.budget().filter(|budget| asked >= *budget as usize) {
            return Err(Refusal::BudgetSpent(budget));
        }
        for root in roots {
            let name = root_name(root);
            if self.entries.iter().filter(|entry| entry.roots.contains(&name)).count() >= MAX_PER_ROOT {
                return Err(Refusal::RootSpent);
            }
        }
        Ok(())
    }

    pub(super) fn keep(&mut self, basis: &Basis, roots: &BTreeSet<Lock>, answer: &BlastAnswer) {
        let roots = roots.iter().map(root_name).collect();
        self.entries.push(Entry { basis: basis.name(), roots, answer: answer.clone() });
    }
}

fn root_name(root: &Lock) -> Digest {
    digest::parts(ROOT, &[&[root.kind() as u8], root.body()])
}
