//! From a key to its number, where the key itself already lies in an array: eight bytes a slot instead of a copy of every key.

use crate::address::Lock;
use std::hash::{BuildHasher as _, RandomState};

/// Numbers by the hashes of keys that somebody else keeps. Open addressing, the next free slot after the hash's own.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Zero: free. Else 32 bits of the hash, and behind them the number plus one.
    // INVARIANT: none or a power of two, at least a third of it free.
    slots: Vec<u64>,
    used: usize,
}

const LEAST: usize = 16;

impl Index {
    /// The number under this hash whose key `is` the one looked for.
    pub(super) fn get(&self, hash: u32, is: impl Fn(u32) -> bool) -> Option<u32> {
        self.place(hash, is).and_then(|place| self.slots.get(place)).and_then(|slot| number(*slot))
    }

    /// The slot at which a look-up of this hash begins, as it is. Whoever reads it has it near for the look-up.
    pub(super) fn first(&self, hash: u32) -> u64 {
        let place = self.slots.len().checked_sub(1).map(|mask| hash as usize & mask);
        place.and_then(|place| self.slots.get(place)).copied().unwrap_or(0)
    }

    /// Keeps a number under this hash, in the place of one whose key `is` the same.
    pub(super) fn insert(&mut self, hash: u32, number: u32, is: impl Fn(u32) -> bool) {
        if (self.used + 1) * 3 > self.slots.len() * 2 {
            self.grow();
        }
        let entry = u64::from(hash) << 32 | (u64::from(number) + 1);
        let Some(slot) = self.place(hash, is).and_then(|place| self.slots.get_mut(place)) else { return };
        self.used += usize::from(*slot == 0);
        *slot = entry;
    }

    /// Where the key stands, or the free slot where it would.
    fn place(&self, hash: u32, is: impl Fn(u32) -> bool) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut place = hash as usize & mask;
        loop {
            let slot = *self.slots.get(place)?;
            match number(slot) {
                None => return Some(place),
                Some(number) if (slot >> 32) as u32 == hash && is(number) => return Some(place),
                Some(_) => place = (place + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(LEAST);
        let before = std::mem::replace(&mut self.slots, vec![0; len]);
        for slot in before.into_iter().filter(|slot| *slot != 0) {
            // No two of them are the same key.
            let place = self.place((slot >> 32) as u32, |_| false);
            if let Some(free) = place.and_then(|place| self.slots.get_mut(place)) {
                *free = slot;
            }
        }
    }
}

/// The number in a slot, none for a free one. Numbers are below 2^32 - 2, so one more fits.
fn number(slot: u64) -> Option<u32> {
    (slot as u32).checked_sub(1)
}

/// A secret under which locks have hashes.
///
/// The strongly universal family of Lemire and Kaser, "Strongly universal string hashing is fast" (2014), multilinear: whatever two locks
/// somebody chooses without knowing the secret, they meet in one hash with a probability of 2^-32.
#[derive(Clone)]
pub(super) struct LockKey {
    begin: u64,
    kind: u64,
    words: [u64; 8],
}

impl LockKey {
    pub(super) fn new() -> Self {
        // Every hash of the standard library's keyed hash is as good as a number of its secret.
        let secret = RandomState::new();
        let number = |place: usize| secret.hash_one(place);
        Self { begin: number(0), kind: number(1), words: std::array::from_fn(|place| number(place + 2)) }
    }

    pub(super) fn hash(&self, lock: &Lock) -> u32 {
        let (words, _) = lock.padded().as_chunks::<4>();
        let terms =
            self.words.iter().zip(words).map(|(key, word)| key.wrapping_mul(u64::from(u32::from_le_bytes(*word))));
        let begin = self.begin.wrapping_add(self.kind.wrapping_mul(lock.kind() as u64));
        (terms.fold(begin, u64::wrapping_add) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn it_is_a_map(keys in prop::collection::vec(0u32..400, 0..600), crowded: bool) {
            // Few hashes: everything meets in the same places.
            let hash = |key: u32| if crowded { key % 3 } else { key.wrapping_mul(0x9e37_79b9) };
            let (mut index, mut map) = (Index::default(), HashMap::new());
            for (number, key) in (0..).zip(&keys) {
                index.insert(hash(*key), number, |other| keys[other as usize] == *key);
                map.insert(*key, number);
            }
            for key in 0..450 {
                prop_assert_eq!(index.get(hash(key), |number| keys[number as usize] == key), map.get(&key).copied());
            }
            prop_assert_eq!(index.used, map.len());
        }
    }
}
