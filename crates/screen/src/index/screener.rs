//! What stays prepared from one client to the next. Names repeat in every population, so what a word meets in the lists is kept.
//!
//! One screener serves one thread and one run. Nothing of it outlives the run, and whoever answers questions of strangers takes a new one
//! for each, so that the time of an answer does not tell which words were asked about before.

use std::collections::HashMap;
use std::sync::Arc;

use super::reach::Marks;
use super::{Asked, Index, Met, NameId};
use crate::entity::{Kind, Name};
use crate::name::Token;

/// Most listed words that are kept with the asked words that met them; about twelve bytes each.
const MOST_KEPT: usize = 1 << 20;

/// What one kept word takes of the memory beside what it met, in listed words.
const KEPT_WORD: usize = 16;

/// Compares many clients with the lists, one after the other.
pub struct Screener<'a> {
    index: &'a Index,
    known: Known,
    marks: Marks,
}

/// What words met, with and without short vowels.
#[derive(Default)]
struct Known {
    full: HashMap<String, Arc<Met>>,
    abjad: HashMap<String, Arc<Met>>,
    kept: usize,
}

impl Known {
    fn meet(&mut self, index: &Index, token: &Token) -> Arc<Met> {
        let words = if token.abjad { &self.abjad } else { &self.full };
        if let Some(met) = words.get(&token.text) {
            return Arc::clone(met);
        }
        let met = Arc::new(index.meet(token));
        self.kept += met.len() + KEPT_WORD;
        if self.kept > MOST_KEPT {
            *self = Self { kept: met.len() + KEPT_WORD, ..Self::default() };
        }
        let words = if token.abjad { &mut self.abjad } else { &mut self.full };
        words.insert(token.text.clone(), Arc::clone(&met));
        met
    }
}

impl<'a> Screener<'a> {
    /// One that knows nothing yet.
    pub fn new(index: &'a Index) -> Self {
        Self { index, known: Known::default(), marks: Marks::new(index) }
    }

    pub(crate) fn index(&self) -> &'a Index {
        self.index
    }

    /// As `Index::ask`.
    pub(crate) fn ask(&mut self, name: &Name, kind: Kind) -> Asked {
        let known = &mut self.known;
        self.index.ask_by(&name.text, name.family.as_deref(), kind, |token| known.meet(self.index, token))
    }

    /// Every listed name of a kind that the client may be, and that a comparison could give the least score, ascending.
    pub(crate) fn candidates(&mut self, asked: &Asked, kind: Kind) -> Vec<NameId> {
        let mut found = Vec::new();
        let left = self.marks.set(asked);
        self.index.each_candidate(asked, |name| {
            let listed = self.index.names[name as usize];
            if kind.may_be(listed.kind)
                && left.as_ref().is_none_or(|left| self.marks.can_reach(left, self.index, listed))
            {
                found.push(name);
            }
        });
        if left.is_some() {
            self.marks.clear(asked);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
