//! Openings in memory.

use super::MemoryStore;
use super::cases::disclosures;
use crate::openings::{not_sealed, opened_already};
use crate::{ClosedLeaf, LeafKey, NewOpening, Openings, Result, SealedLeaf};
use async_trait::async_trait;
use countersign_core::id::CaseId;
use std::collections::BTreeMap;

#[async_trait]
impl Openings for MemoryStore {
    async fn closed_leaves(&self, from: u64, limit: u32) -> Result<Vec<ClosedLeaf>> {
        let state = self.lock();
        let of_cases = state.case_leaves.iter().flat_map(|(case, leaves)| leaves.iter().map(|leaf| (leaf.key, *case)));
        let of_cases: BTreeMap<LeafKey, CaseId> = of_cases.collect();
        let mut found = Vec::new();
        for (key, leaf) in &state.leaves {
            if leaf.disclosures.is_empty() || state.opened.contains_key(key) {
                continue;
            }
            let Some(index) = state.journal.index(key)?.filter(|index| *index >= from) else { continue };
            found.push(ClosedLeaf { index, key: *key, kind: leaf.kind.clone(), case: of_cases.get(key).copied() });
        }
        found.sort_by_key(|leaf| leaf.index);
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn sealed_leaf(&self, key: &LeafKey) -> Result<Option<SealedLeaf>> {
        let state = self.lock();
        let Some(leaf) = state.leaves.get(key) else { return Ok(None) };
        let (Some(disclosures), Some(index)) = (disclosures(leaf), state.journal.index(key)?) else { return Ok(None) };
        Ok(Some(SealedLeaf { index, leaf: leaf.leaf.clone(), disclosures }))
    }

    async fn append_openings(&self, openings: Vec<NewOpening>) -> Result<()> {
        let mut state = self.lock();
        let mut opened = BTreeMap::new();
        for opening in &openings {
            for key in &opening.opens {
                if state.leaves.get(key).is_none_or(|leaf| leaf.disclosures.is_empty()) {
                    return Err(not_sealed(key));
                }
                let before = state.opened.get(key).or_else(|| opened.get(key));
                if before.is_some_and(|before| *before != opening.leaf.key) {
                    return Err(opened_already(key));
                }
                opened.insert(*key, opening.leaf.key);
            }
        }
        let leaves: Vec<_> = openings.into_iter().map(|opening| opening.leaf).collect();
        state.accept(&[], &leaves)?;
        state.keep(Vec::new(), leaves);
        state.opened.append(&mut opened);
        Ok(())
    }
}
