//! Locks that seem to have one owner, because one transaction spent from several of them (Nakamoto 2008, section 10).
//!
//! Mixes do not count. Every merge keeps the transaction that caused it. Two large clusters are not merged: the merge waits for a person.
//! Guesses about change are not made.

use super::{Graph, Join, LockId, NO_LOCK, TxId};
use crate::wire::Txid;
use std::collections::{BTreeMap, VecDeque};

/// From this size on, each, two clusters are merged by a person only: one wrong merge of services would join all their clients.
pub const QUARANTINE: u32 = 1_000;

/// Two locks that one transaction spent from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    left: LockId,
    right: LockId,
    /// The transaction.
    pub cause: Txid,
}

/// The clusters of a graph.
#[derive(Clone)]
pub struct Clusters {
    parents: Vec<LockId>,
    sizes: Vec<u32>,
    merges: Vec<Merge>,
    quarantined: Vec<Merge>,
    limit: u32,
}

impl Clusters {
    /// Clusters all locks of a graph, quarantining merges of clusters that both have at least `limit` locks ([`QUARANTINE`] unless there is a
    /// reason).
    pub fn of(graph: &Graph, limit: u32) -> Self {
        let count = graph.lock_count();
        let parents = (0..LockId::try_from(count).unwrap_or(NO_LOCK)).collect();
        let mut clusters = Self { parents, sizes: vec![1; count], merges: vec![], quarantined: vec![], limit };
        for tx in 0..graph.tx_count() {
            clusters.learn(graph, tx);
        }
        clusters
    }

    fn learn(&mut self, graph: &Graph, tx: TxId) {
        let Some(cause) = graph.txid(tx) else { return };
        let mut locks = graph.inputs_of(tx).map(|out| graph.lock(out)).filter(|lock| *lock != NO_LOCK);
        let Some(left) = locks.next() else { return };
        let others: Vec<LockId> = locks.filter(|lock| *lock != left).collect();
        if !others.is_empty() && Join::of(graph, tx).is_none() {
            for right in others {
                self.merge(Merge { left, right, cause });
            }
        }
    }

    fn merge(&mut self, merge: Merge) {
        let (left, right) = (self.find(merge.left), self.find(merge.right));
        if left == right {
            return;
        }
        let (small, large) = if self.size(left) < self.size(right) { (left, right) } else { (right, left) };
        if self.size(small) >= self.limit {
            self.quarantined.push(merge);
            return;
        }
        let sum = self.size(small).saturating_add(self.size(large));
        if let Some(parent) = self.parents.get_mut(small as usize) {
            *parent = large;
        }
        if let Some(size) = self.sizes.get_mut(large as usize) {
            *size = sum;
        }
        self.merges.push(merge);
    }

    fn find(&mut self, mut lock: LockId) -> LockId {
        while let Some(parent) = self.parents.get(lock as usize).copied().filter(|parent| *parent != lock) {
            let above = self.parents.get(parent as usize).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(lock as usize) {
                *slot = above;
            }
            lock = above;
        }
        lock
    }

    fn size(&self, root: LockId) -> u32 {
        self.sizes.get(root as usize).copied().unwrap_or(0)
    }

    /// One lock that stands for the whole cluster. Without compression, so that readers can share it.
    pub(crate) fn root(&self, mut lock: LockId) -> LockId {
        while let Some(parent) = self.parents.get(lock as usize).copied().filter(|parent| *parent != lock) {
            lock = parent;
        }
        lock
    }

    /// Merges that wait for a person.
    pub fn quarantined(&self) -> &[Merge] {
        &self.quarantined
    }

    /// How many clusters there are.
    pub fn count(&self) -> usize {
        self.parents.len() - self.merges.len()
    }

    /// The transactions because of which two locks are said to have one owner, shortest chain first; `None` when they are not.
    pub(crate) fn evidence(&self, from: LockId, to: LockId) -> Option<Vec<Txid>> {
        let mut edges: BTreeMap<LockId, Vec<(LockId, Txid)>> = BTreeMap::new();
        for merge in &self.merges {
            edges.entry(merge.left).or_default().push((merge.right, merge.cause));
            edges.entry(merge.right).or_default().push((merge.left, merge.cause));
        }
        let mut came: BTreeMap<LockId, Option<(LockId, Txid)>> = BTreeMap::from([(from, None)]);
        let mut waiting = VecDeque::from([from]);
        while let Some(at) = waiting.pop_front().filter(|at| *at != to) {
            for (next, cause) in edges.get(&at).into_iter().flatten() {
                came.entry(*next).or_insert_with(|| {
                    waiting.push_back(*next);
                    Some((at, *cause))
                });
            }
        }
        let mut causes = Vec::new();
        let mut at = to;
        while let Some((before, cause)) = came.get(&at)? {
            causes.push(*cause);
            at = *before;
        }
        causes.reverse();
        causes.dedup();
        Some(causes)
    }
}
