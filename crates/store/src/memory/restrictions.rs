//! Restrictions and notices in memory.

use super::MemoryStore;
use crate::restrictions::{not_in_state, other_notice};
use crate::{
    LeafKey, NewRestriction, NoticeCounts, QueuedNotice, RestrictionCount, Restrictions, Result, Sent, StoreError,
};
use async_trait::async_trait;
use countersign_core::id::{Digest, Salt};
use countersign_core::json::Exact;
use countersign_core::restriction::{Act, Notice, Record};
use countersign_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

#[derive(Default)]
pub(super) struct State {
    events: Vec<(LeafKey, Exact<Record>)>,
    heads: BTreeMap<(String, String), Exact<Record>>,
    notices: Vec<Kept>,
}

struct Kept {
    queued: QueuedNotice,
    plan: Option<Digest>,
    /// When it is due; none when it does not wait.
    due: Option<Timestamp>,
    dead: bool,
}

impl State {
    /// Whether the notice is new.
    fn is_new(&self, notice: &Exact<Notice>) -> Result<bool> {
        let id = notice.value().id;
        match self.notices.iter().find(|kept| kept.queued.notice.value().id == id) {
            None => Ok(true),
            Some(kept) if kept.queued.notice == *notice => Ok(false),
            Some(_) => Err(other_notice(&id)),
        }
    }

    fn queue(&mut self, notice: Exact<Notice>, plan: Option<Digest>) {
        let due = Some(notice.value().at);
        let queued = QueuedNotice { notice, attempts: 0, said: String::new() };
        self.notices.push(Kept { queued, plan, due, dead: false });
    }
}

#[async_trait]
impl Restrictions for MemoryStore {
    async fn append_restrictions(&self, events: Vec<NewRestriction>) -> Result<()> {
        let mut state = self.lock();
        let mut heads: BTreeMap<(String, String), Exact<Record>> = BTreeMap::new();
        let (mut new, mut ids) = (Vec::new(), BTreeSet::new());
        for event in events {
            let value = event.record.value();
            let place = (value.account.clone(), value.rule.clone());
            if !event.is_new(heads.get(&place).or_else(|| state.restrictions.heads.get(&place)))? {
                continue;
            }
            if let Some(notice) = &event.notice {
                let id = notice.value().id;
                if !ids.insert(id) || !state.restrictions.is_new(notice)? {
                    return Err(other_notice(&id));
                }
            }
            heads.insert(place, event.record.clone());
            new.push(event);
        }
        let documents: Vec<_> = new.iter().flat_map(|event| event.documents.clone()).collect();
        let leaves: Vec<_> = new.iter().map(|event| event.leaf.clone()).collect();
        let mut keys = BTreeSet::new();
        for leaf in &leaves {
            let taken = state.restrictions.events.iter().any(|(key, _)| *key == leaf.key);
            if taken || !keys.insert(leaf.key) {
                return Err(StoreError::conflict(leaf.what(), "belongs to another event"));
            }
        }
        state.accept(&documents, &leaves)?;
        state.keep(documents, leaves);
        state.restrictions.heads.append(&mut heads);
        for event in new {
            let plan = event.record.value().plan;
            state.restrictions.events.push((event.leaf.key, event.record));
            if let Some(notice) = event.notice {
                state.restrictions.queue(notice, plan);
            }
        }
        Ok(())
    }

    async fn restrictions_of(&self, account: &str) -> Result<Vec<Exact<Record>>> {
        let state = self.lock();
        let heads = state.restrictions.heads.iter().filter(|((of, _), _)| of == account);
        Ok(heads.map(|(_, record)| record.clone()).collect())
    }

    async fn restriction_history(&self, account: &str, rule: &str) -> Result<Vec<Exact<Record>>> {
        let state = self.lock();
        let of = |record: &&Exact<Record>| record.value().account == account && record.value().rule == rule;
        Ok(state.restrictions.events.iter().map(|(_, record)| record).filter(of).cloned().collect())
    }

    async fn restriction_heads(&self, after: Option<(String, String)>, limit: u32) -> Result<Vec<Exact<Record>>> {
        let state = self.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let heads = state.restrictions.heads.range((from, Bound::Unbounded));
        Ok(heads.take(limit as usize).map(|(_, record)| record.clone()).collect())
    }

    async fn open_appeals(&self) -> Result<Vec<Exact<Record>>> {
        let state = self.lock();
        let open = state.restrictions.heads.values().filter(|record| record.value().act == Act::Appeal);
        Ok(open.cloned().collect())
    }

    async fn restrictions_by_plan(&self, plan: &Digest, act: Act) -> Result<u64> {
        let state = self.lock();
        let of = |record: &Record| record.plan == Some(*plan) && record.act == act;
        Ok(state.restrictions.events.iter().filter(|(_, record)| of(record.value())).count() as u64)
    }

    async fn restriction_counts(&self) -> Result<Vec<RestrictionCount>> {
        let state = self.lock();
        let mut counts: BTreeMap<(String, Digest, Act), u64> = BTreeMap::new();
        for (_, record) in &state.restrictions.events {
            let value = record.value();
            *counts.entry((value.rule.clone(), value.pack, value.act)).or_default() += 1;
        }
        let row = |((rule, pack, act), count)| RestrictionCount { rule, pack, act, count };
        Ok(counts.into_iter().map(row).collect())
    }

    async fn restriction_leaves(&self, from: u64, limit: u32) -> Result<Vec<(LeafKey, Exact<Record>)>> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(self.lock().restrictions.events.iter().skip(from).take(limit as usize).cloned().collect())
    }

    async fn last_restriction_leaf(&self) -> Result<Option<LeafKey>> {
        Ok(self.lock().restrictions.events.last().map(|(key, _)| *key))
    }

    async fn queue_notices(&self, notices: Vec<Exact<Notice>>) -> Result<()> {
        let mut state = self.lock();
        let mut new: Vec<Exact<Notice>> = Vec::new();
        for notice in notices {
            let id = notice.value().id;
            match new.iter().find(|before| before.value().id == id) {
                Some(before) if *before == notice => {}
                Some(_) => return Err(other_notice(&id)),
                None if state.restrictions.is_new(&notice)? => new.push(notice),
                None => {}
            }
        }
        for notice in new {
            state.restrictions.queue(notice, None);
        }
        Ok(())
    }

    async fn notices_due(&self, now: Timestamp, limit: u32) -> Result<Vec<QueuedNotice>> {
        let state = self.lock();
        let mut seen = BTreeSet::new();
        let waiting = state.restrictions.notices.iter().filter(|kept| kept.due.is_some());
        let first = waiting.filter(|kept| seen.insert(kept.queued.notice.value().account.clone()));
        let mut due: Vec<&Kept> = first.filter(|kept| kept.due.is_some_and(|due| due <= now)).collect();
        due.sort_by_key(|kept| kept.due);
        Ok(due.into_iter().take(limit as usize).map(|kept| kept.queued.clone()).collect())
    }

    async fn next_notice(&self) -> Result<Option<Timestamp>> {
        Ok(self.lock().restrictions.notices.iter().filter_map(|kept| kept.due).min())
    }

    async fn note_sent(&self, id: &Salt, sent: Sent, said: &str) -> Result<()> {
        let mut state = self.lock();
        let mut waiting = state.restrictions.notices.iter_mut().filter(|kept| kept.due.is_some());
        let kept = waiting.find(|kept| kept.queued.notice.value().id == *id).ok_or_else(|| not_in_state(id))?;
        kept.queued.attempts = kept.queued.attempts.saturating_add(1);
        said.clone_into(&mut kept.queued.said);
        kept.dead = sent == Sent::GivenUp;
        kept.due = match sent {
            Sent::Again(due) => Some(due),
            Sent::Delivered | Sent::GivenUp => None,
        };
        Ok(())
    }

    async fn dead_notices(&self) -> Result<Vec<QueuedNotice>> {
        let state = self.lock();
        Ok(state.restrictions.notices.iter().filter(|kept| kept.dead).map(|kept| kept.queued.clone()).collect())
    }

    async fn revive_notice(&self, id: &Salt, due: Timestamp) -> Result<()> {
        let mut state = self.lock();
        let mut dead = state.restrictions.notices.iter_mut().filter(|kept| kept.dead);
        let kept = dead.find(|kept| kept.queued.notice.value().id == *id).ok_or_else(|| not_in_state(id))?;
        kept.dead = false;
        kept.due = Some(due);
        kept.queued.attempts = 0;
        Ok(())
    }

    async fn notice_counts(&self, plan: Option<&Digest>) -> Result<NoticeCounts> {
        let state = self.lock();
        let mut counts = NoticeCounts::default();
        for kept in state.restrictions.notices.iter().filter(|kept| plan.is_none() || kept.plan.as_ref() == plan) {
            let count = match (kept.due, kept.dead) {
                (Some(_), _) => &mut counts.waiting,
                (None, true) => &mut counts.dead,
                (None, false) => &mut counts.delivered,
            };
            *count += 1;
        }
        Ok(counts)
    }

    async fn is_notice_open(&self, account: &str) -> Result<bool> {
        let state = self.lock();
        let open = |kept: &Kept| kept.due.is_some() || kept.dead;
        Ok(state.restrictions.notices.iter().any(|kept| open(kept) && kept.queued.notice.value().account == account))
    }
}
