//! What is known of outputs during a trace: four bytes for every output of the graph, and what is held of the few that are being followed.

use crate::graph::OutId;

/// An output that the trace began with, whatever is held of it.
const MARK: u32 = 1 << 31;

/// Things by output.
pub(super) struct Slots<T> {
    /// The mark, and behind it one more than the place in `held`; zero for nothing.
    places: Vec<u32>,
    // INVARIANT: fewer than 2^31; at one time a trace holds unspent outputs only, of which there are never so many.
    held: Vec<T>,
    free: Vec<u32>,
}

impl<T: Default> Slots<T> {
    /// Nothing of any output below this number.
    pub(super) fn below(count: OutId) -> Self {
        // The system gives zeroed memory when it is first touched: a short trace does not pay for a long chain.
        Self { places: vec![0; usize::try_from(count).unwrap_or(0)], held: Vec::new(), free: Vec::new() }
    }

    pub(super) fn mark(&mut self, out: OutId) {
        if let Some(place) = self.place(out) {
            *place |= MARK;
        }
    }

    pub(super) fn is_marked(&self, out: OutId) -> bool {
        let place = usize::try_from(out).ok().and_then(|out| self.places.get(out));
        place.is_some_and(|place| place & MARK != 0)
    }

    /// Holds something of an output of the graph of which nothing is held.
    pub(super) fn hold(&mut self, out: OutId, thing: T) {
        let at = self.free.last().copied().unwrap_or(self.held.len() as u32);
        let Some(place) = self.place(out) else { return };
        *place = (*place & MARK) | (at + 1);
        match self.held.get_mut(at as usize) {
            Some(slot) => {
                *slot = thing;
                self.free.pop();
            }
            None => self.held.push(thing),
        }
    }

    /// Takes what is held.
    pub(super) fn take(&mut self, out: OutId) -> Option<T> {
        let place = self.place(out)?;
        let at = (*place & !MARK).checked_sub(1)?;
        *place &= MARK;
        self.free.push(at);
        self.held.get_mut(at as usize).map(std::mem::take)
    }

    fn place(&mut self, out: OutId) -> Option<&mut u32> {
        self.places.get_mut(usize::try_from(out).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0u64..40, any::<bool>(), 1u32..9), 0..300), marked in prop::collection::hash_set(0u64..40, 0..9)) {
            let (mut slots, mut map) = (Slots::below(40), HashMap::new());
            for out in &marked {
                slots.mark(*out);
            }
            for (out, take, thing) in steps {
                if take || map.contains_key(&out) {
                    prop_assert_eq!(slots.take(out), map.remove(&out));
                } else {
                    slots.hold(out, thing);
                    map.insert(out, thing);
                }
                prop_assert_eq!(slots.is_marked(out), marked.contains(&out));
                prop_assert_eq!(slots.held.len() - slots.free.len(), map.len());
            }
            slots.hold(40, 7);
            prop_assert_eq!((slots.take(40), slots.is_marked(40)), (None, false));
        }
    }
}
