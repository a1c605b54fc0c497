//! The first output of every transaction, and back from an output to the transaction that made it.

use super::packed::Packed;
use super::{OutId, TxId, UNSPENT};

/// An output in so many has its maker written down; between two of them there are at most as many transactions to search.
const STEP: u64 = 16;

/// One rising number per transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Firsts {
    firsts: Packed,
    // INVARIANT: the maker of every output before the last transaction's first whose number is a multiple of STEP.
    makers: Vec<TxId>,
}

impl Firsts {
    /// Appends a transaction by its first output; a number that does not fit is refused.
    pub(super) fn push(&mut self, first: OutId) -> bool {
        let last = TxId::try_from(self.firsts.len()).unwrap_or(UNSPENT).saturating_sub(1);
        let fits = self.firsts.push(first);
        if fits {
            self.makers.resize(self.makers.len().max(sampled(first)), last);
        }
        fits
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.firsts.truncate(len);
        let last = len.checked_sub(1).and_then(|last| self.firsts.get(last)).unwrap_or(0);
        self.makers.truncate(sampled(last));
    }

    pub(super) fn as_packed(&self) -> &Packed {
        &self.firsts
    }

    /// The last transaction whose first output is not behind this one.
    pub(super) fn maker(&self, out: OutId) -> TxId {
        let place = usize::try_from(out / STEP).unwrap_or(usize::MAX);
        let known = self.makers.get(place).or(self.makers.last());
        let above = place.checked_add(1).and_then(|place| self.makers.get(place));
        let mut low = known.map_or(0, |maker| *maker as usize);
        let mut high = above.map_or(self.firsts.len(), |maker| *maker as usize + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.firsts.get(middle).is_some_and(|first| first <= out) { low = middle + 1 } else { high = middle }
        }
        TxId::try_from(low.saturating_sub(1)).unwrap_or(UNSPENT)
    }
}

/// How many outputs before this one are multiples of STEP.
fn sampled(first: OutId) -> usize {
    usize::try_from(first.div_ceil(STEP)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_finds_what_a_search_finds(
            counts in prop::collection::vec(prop_oneof![1u64..4, 1u64..90], 0..200),
            cut: prop::sample::Index,
            more in prop::collection::vec(1u64..20, 0..50),
        ) {
            let (mut firsts, mut list, mut next) = (Firsts::default(), Vec::new(), 0);
            for count in counts {
                prop_assert!(firsts.push(next));
                list.push(next);
                next += count;
            }
            // Back to an earlier block, and on from there.
            let left = cut.index(list.len() + 1);
            next = list.get(left).copied().unwrap_or(next);
            firsts.truncate(left);
            list.truncate(left);
            for count in more {
                prop_assert!(firsts.push(next));
                list.push(next);
                next += count;
            }
            for out in 0..next + 40 {
                let searched = list.partition_point(|first| *first <= out).saturating_sub(1);
                prop_assert_eq!(firsts.maker(out) as usize, searched, "{}", out);
            }
        }
    }
}
