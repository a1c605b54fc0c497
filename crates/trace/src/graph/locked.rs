//! Which outputs a lock has: made once per gate, so that a question costs what its own addresses cost and not the whole chain.

use super::{Graph, LockId, NO_LOCK, OutId};
use std::collections::BTreeSet;

/// The outputs of every lock that the graph knows.
#[derive(Clone)]
pub(crate) struct Locked {
    // INVARIANT: one entry per lock and one more; each is the place in `outs` of the lock's first output.
    firsts: Vec<usize>,
    outs: Vec<OutId>,
}

impl Locked {
    pub(crate) fn of(graph: &Graph) -> Self {
        let mut firsts = vec![0usize; graph.lock_count() + 1];
        let locks = || (0..graph.out_count()).map(|out| (out, graph.lock(out))).filter(|(_, lock)| *lock != NO_LOCK);
        // Counted one place further on, summed up, filled: then every count stands where its lock's outputs begin.
        for (_, lock) in locks() {
            if let Some(count) = firsts.get_mut(lock as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for first in &mut firsts {
            sum += *first;
            *first = sum;
        }
        let mut next = firsts.clone();
        let mut outs = vec![0; sum];
        for (out, lock) in locks() {
            if let Some(place) = next.get_mut(lock as usize) {
                if let Some(slot) = outs.get_mut(*place) {
                    *slot = out;
                }
                *place += 1;
            }
        }
        Self { firsts, outs }
    }

    /// The outputs of one lock, in the order of the chain.
    pub(crate) fn outputs(&self, lock: LockId) -> &[OutId] {
        let (first, next) = (self.firsts.get(lock as usize), self.firsts.get(lock as usize + 1));
        first.zip(next).and_then(|(first, next)| self.outs.get(*first..*next)).unwrap_or_default()
    }

    /// The outputs of all of these locks.
    pub(crate) fn outputs_of(&self, locks: impl IntoIterator<Item = LockId>) -> BTreeSet<OutId> {
        locks.into_iter().flat_map(|lock| self.outputs(lock)).copied().collect()
    }
}
