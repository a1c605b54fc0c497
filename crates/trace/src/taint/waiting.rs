//! Transactions that wait, in the order of the chain: one bit each, and above every 64 words one that says which of them are empty.
//!
//! The numbers of transactions are dense and a trace takes them from one end, so that finding the next one is a few instructions, where an
//! ordered map follows a pointer at every level and allocates.

use crate::graph::TxId;

const BITS: usize = 64;

/// A set of transactions.
pub(super) struct Waiting {
    // INVARIANT: a bit is set on a level when its word on the level below is not zero; the last level is one word.
    levels: Vec<Vec<u64>>,
    // INVARIANT: every word before this one on the first level is zero.
    first: usize,
}

impl Waiting {
    /// An empty set of transactions below this number.
    pub(super) fn below(count: TxId) -> Self {
        let mut levels = Vec::new();
        let mut len = count as usize;
        loop {
            len = len.div_ceil(BITS).max(1);
            levels.push(vec![0; len]);
            if len == 1 {
                return Self { levels, first: 0 };
            }
        }
    }

    pub(super) fn contains(&self, tx: TxId) -> bool {
        let word = self.levels.first().and_then(|level| level.get(tx as usize / BITS));
        word.is_some_and(|word| word & bit(tx as usize) != 0)
    }

    /// Puts in a transaction; one that is not below the set's number is none of the graph and left out.
    pub(super) fn insert(&mut self, tx: TxId) {
        let mut at = tx as usize;
        self.first = self.first.min(at / BITS);
        for level in &mut self.levels {
            let Some(word) = level.get_mut(at / BITS) else { return };
            let empty = *word == 0;
            *word |= bit(at);
            if !empty {
                return;
            }
            at /= BITS;
        }
    }

    pub(super) fn pop_first(&mut self) -> Option<TxId> {
        // Who is taken from the front mostly stands close behind the one before, so that no level above has to be asked.
        let word = self.levels.first_mut()?.get_mut(self.first);
        if let Some(word) = word.filter(|word| word.count_ones() > 1) {
            let at = self.first * BITS + word.trailing_zeros() as usize;
            *word &= *word - 1;
            return TxId::try_from(at).ok();
        }
        let found = self.pop(|word| word.trailing_zeros())?;
        self.first = found as usize / BITS;
        Some(found)
    }

    pub(super) fn pop_last(&mut self) -> Option<TxId> {
        self.pop(|word| BITS as u32 - 1 - word.leading_zeros())
    }

    fn pop(&mut self, choose: impl Fn(u64) -> u32) -> Option<TxId> {
        let mut at = 0;
        for level in self.levels.iter().rev() {
            let word = *level.get(at).filter(|word| **word != 0)?;
            at = at * BITS + choose(word) as usize;
        }
        let found = TxId::try_from(at).ok()?;
        for level in &mut self.levels {
            let word = level.get_mut(at / BITS)?;
            *word &= !bit(at);
            if *word != 0 {
                break;
            }
            at /= BITS;
        }
        Some(found)
    }
}

fn bit(at: usize) -> u64 {
    1 << (at % BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_an_ordered_set(
            count in prop_oneof![Just(0u32), 1u32..200, 4_000u32..300_000],
            steps in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4), 0..200),
        ) {
            let (mut waiting, mut set) = (Waiting::below(count), BTreeSet::new());
            for (mark, step) in steps {
                let tx = if count == 0 { 0 } else { mark.index(count as usize) as TxId };
                match step {
                    0 => prop_assert_eq!(waiting.pop_first(), set.pop_first()),
                    1 => prop_assert_eq!(waiting.pop_last(), set.pop_last()),
                    _ if count > 0 => {
                        waiting.insert(tx);
                        set.insert(tx);
                    }
                    _ => {}
                }
                prop_assert_eq!(waiting.contains(tx), set.contains(&tx));
            }
            while let Some(tx) = set.pop_first() {
                prop_assert_eq!(waiting.pop_first(), Some(tx));
            }
            prop_assert_eq!(waiting.pop_last(), None);
        }
    }
}
