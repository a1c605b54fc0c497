//! Cases in memory.

use super::{Event as KeptEvent, MemoryStore, State};
use crate::cases::{Novelty, novelty, read_case};
use crate::{
    AppendEvent, CaseLeaf, CaseSummary, Cases, Disclosures, LeafKey, NewLeaf, OrderEntry, Result, StoreError,
    StoredDocument,
};
use async_trait::async_trait;
use countersign_core::case::{Event, EventRecord};
use countersign_core::id::{CaseId, Digest};
use countersign_core::json::Exact;
use std::ops::Bound;

#[async_trait]
impl Cases for MemoryStore {
    async fn append(&self, event: AppendEvent) -> Result<()> {
        event.check()?;
        let mut state = self.lock();
        if state.novelty(&event)? == Novelty::Present {
            return Ok(());
        }
        state.accept_event(&event)?;
        state.keep_event(event);
        Ok(())
    }

    async fn append_leaves(&self, documents: Vec<StoredDocument>, leaves: Vec<NewLeaf>) -> Result<()> {
        let mut state = self.lock();
        state.accept(&documents, &leaves)?;
        state.keep(documents, leaves);
        Ok(())
    }

    async fn case(&self, case: &CaseId) -> Result<Option<Vec<Exact<EventRecord>>>> {
        let state = self.lock();
        state.events.get(case).map(|events| read_case(case, events.iter().map(|event| event.bytes.clone()))).transpose()
    }

    async fn cases(&self) -> Result<Vec<CaseSummary>> {
        let state = self.lock();
        let mut found: Vec<CaseSummary> = state.summaries().collect();
        found.sort_by_key(|summary| (std::cmp::Reverse(summary.last_at), summary.case));
        Ok(found)
    }

    async fn leaves_of(&self, case: &CaseId) -> Result<Vec<CaseLeaf>> {
        Ok(self.lock().case_leaves.get(case).cloned().unwrap_or_default())
    }

    async fn document(&self, digest: &Digest) -> Result<Option<StoredDocument>> {
        Ok(self.lock().documents.get(digest).cloned())
    }

    async fn disclosures_of(&self, key: &LeafKey) -> Result<Option<Disclosures>> {
        Ok(self.lock().leaves.get(key).and_then(disclosures))
    }

    async fn disclosures(&self, after: Option<LeafKey>, limit: u32) -> Result<Vec<Disclosures>> {
        let state = self.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let found = state.leaves.range((from, Bound::Unbounded)).filter_map(|(_, leaf)| disclosures(leaf));
        Ok(found.take(limit as usize).collect())
    }
}

pub(super) fn disclosures(leaf: &NewLeaf) -> Option<Disclosures> {
    (!leaf.disclosures.is_empty()).then(|| Disclosures {
        key: leaf.key,
        kind: leaf.kind.clone(),
        list: leaf.disclosures.clone(),
    })
}

impl State {
    fn novelty(&self, event: &AppendEvent) -> Result<Novelty> {
        let record = event.record.value();
        let events = self.events.get(&record.case).map(Vec::as_slice).unwrap_or_default();
        let same_number = usize::try_from(record.number).ok().and_then(|number| events.get(number));
        let last = events.last().and_then(|last| Some((u32::try_from(events.len() - 1).ok()?, last.digest)));
        novelty(event, same_number.map(|event| event.digest), last)
    }

    fn accept_event(&self, event: &AppendEvent) -> Result<()> {
        for (place, leaf) in event.leaves.iter().enumerate() {
            let elsewhere = self.case_leaves.values().flatten().any(|kept| kept.key == leaf.key);
            if elsewhere || event.leaves.iter().take(place).any(|before| before.key == leaf.key) {
                return Err(StoreError::conflict(leaf.what(), "belongs to another event"));
            }
        }
        let record = event.record.value();
        if let Some(order) = &event.order {
            let taken = |kept: &OrderEntry| {
                kept.digest == order.digest
                    || kept.id == order.id
                    || (kept.case == record.case && kept.decision == order.decision)
            };
            if self.orders.values().any(taken) {
                return Err(order.taken());
            }
        }
        if let Event::Signed { order, approval } = &record.event {
            match self.orders.get(order) {
                None => {
                    return Err(StoreError::refused(
                        format!("approval {approval}"),
                        "is for an order that was never proposed",
                    ));
                }
                Some(kept) if kept.approvals.contains(approval) => {
                    return Err(StoreError::conflict(format!("approval {approval}"), "is under this order already"));
                }
                Some(_) => {}
            }
        }
        if let Some(answered) = &event.answered {
            if !self.orders.contains_key(&answered.order) {
                return Err(answered.unknown());
            }
            for (place, counter) in answered.counters.iter().enumerate() {
                let (dimension, key) = counter.parts();
                if self.answered.contains_key(&(dimension, key.to_vec(), answered.order))
                    || answered.counters.iter().take(place).any(|before| before == counter)
                {
                    return Err(answered.counted());
                }
            }
        }
        self.accept(&event.documents, &event.leaves)
    }

    fn keep_event(&mut self, event: AppendEvent) {
        let record = event.record.value();
        let kept = KeptEvent { digest: event.record.digest(), at: record.at, bytes: event.record.bytes().to_vec() };
        self.events.entry(record.case).or_default().push(kept);
        self.case_leaves.entry(record.case).or_default().extend(event.leaves.iter().map(|leaf| CaseLeaf {
            event: record.number,
            key: leaf.key,
            kind: leaf.kind.clone(),
        }));
        if let Some(order) = event.order {
            self.orders.insert(
                order.digest,
                OrderEntry {
                    id: order.id,
                    digest: order.digest,
                    case: record.case,
                    decision: order.decision,
                    authority: order.authority,
                    proposed: record.number,
                    approvals: Vec::new(),
                },
            );
        }
        if let Event::Signed { order, approval } = &record.event
            && let Some(kept) = self.orders.get_mut(order)
        {
            kept.approvals.push(*approval);
        }
        if let Some(answered) = event.answered {
            for counter in &answered.counters {
                let (dimension, key) = counter.parts();
                self.answered.insert((dimension, key.to_vec(), answered.order), (record.at, answered.people));
            }
        }
        self.keep(event.documents, event.leaves);
    }
}
