use super::{Entry, Head, Journal, MOST_LEAVES, Place, check, check_entry, check_step, moved_on, taken};
use crate::{LeafKey, NewLeaf, Result, StoreError};
use async_trait::async_trait;
use countersign_tlog::leaf_hash;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// The journal in memory: for tests, and for stores in memory that hold a clone. Clones are the same journal.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    head: Option<Head>,
    // INVARIANT: position = index.
    leaves: Vec<(LeafKey, [u8; 32], Vec<u8>)>,
    indices: BTreeMap<LeafKey, usize>,
}

impl MemoryJournal {
    /// An empty store without a head.
    pub fn new() -> Self {
        Self::default()
    }

    /// [`Journal::enqueue`] without waiting, for a domain transaction in memory.
    ///
    /// # Errors
    /// As [`Journal::enqueue`].
    pub fn accept(&self, leaves: &[NewLeaf]) -> Result<()> {
        let mut state = self.lock()?;
        let mut coming: BTreeMap<LeafKey, &[u8]> = BTreeMap::new();
        for leaf in leaves {
            check(leaf)?;
            let kept = state.indices.get(&leaf.key).and_then(|index| state.leaves.get(*index));
            let known = kept.map(|(_, _, bytes)| bytes.as_slice()).or_else(|| coming.get(&leaf.key).copied());
            match known {
                Some(bytes) if bytes == leaf.leaf => {}
                Some(_) => return Err(taken(leaf)),
                None => {
                    coming.insert(leaf.key, &leaf.leaf);
                }
            }
        }
        let State { leaves: kept, indices, .. } = &mut *state;
        for leaf in leaves {
            indices.entry(leaf.key).or_insert_with(|| {
                kept.push((leaf.key, leaf_hash(&leaf.leaf).0, leaf.leaf.clone()));
                kept.len() - 1
            });
        }
        Ok(())
    }

    /// Index of the leaf with this key, now or once it is sequenced.
    pub(crate) fn index(&self, key: &LeafKey) -> Result<Option<u64>> {
        Ok(self.lock()?.indices.get(key).map(|index| *index as u64))
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>> {
        let poisoned = |_| StoreError::Unavailable { doing: "use its memory", reason: "a writer panicked".to_owned() };
        self.0.lock().map_err(poisoned)
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn create(&self, head: Head) -> Result<()> {
        let mut state = self.lock()?;
        if head.size != 0 {
            return Err(StoreError::refused("the first head of a journal", "is not empty"));
        }
        if state.head.is_some() {
            return Err(StoreError::conflict("the head of the journal", "is there already"));
        }
        state.head = Some(head);
        Ok(())
    }

    async fn head(&self) -> Result<Option<Head>> {
        Ok(self.lock()?.head.clone())
    }

    async fn advance(&self, from: &Head, next: Head) -> Result<()> {
        check_step(from, &next)?;
        let mut state = self.lock()?;
        if state.head.as_ref() != Some(from) {
            return Err(moved_on());
        }
        if next.size > state.leaves.len() as u64 {
            return Err(StoreError::refused("the next head of the journal", "covers leaves that are not there"));
        }
        state.head = Some(next);
        Ok(())
    }

    async fn enqueue(&self, leaves: &[NewLeaf]) -> Result<()> {
        self.accept(leaves)
    }

    async fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>> {
        let state = self.lock()?;
        let limit = limit.min(MOST_LEAVES) as usize;
        let mut entries = Vec::new();
        let skipped = usize::try_from(from).unwrap_or(usize::MAX);
        for (index, (key, hash, leaf)) in (from..).zip(state.leaves.iter().skip(skipped)).take(limit) {
            entries.push(check_entry(index, *key, leaf.clone(), hash, index)?);
        }
        Ok(entries)
    }

    async fn place(&self, key: &LeafKey) -> Result<Option<Place>> {
        let state = self.lock()?;
        let Some(index) = state.indices.get(key).map(|index| *index as u64) else { return Ok(None) };
        let size = state.head.as_ref().map_or(0, |head| head.size);
        Ok(Some(if index < size { Place::Durable(index) } else { Place::Accepted(index) }))
    }
}
