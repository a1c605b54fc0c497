//! How far a comparison can come at best, seen before words are assigned to one another: most candidates share one word with the asked name
//! and contradict it in the others, and need not be compared.
//!
//! A word counts as matched in full as soon as any word of the other side is like it. The score falls with every word that is matched worse,
//! or not at all, so no candidate reaches more than this says; a test compares.

use super::{Asked, Index, ListedName, NOT_JOINED};
use crate::compare::{Best, INITIAL_WEIGHT, best_score};
use crate::entity::Kind;
use crate::name::Role;
use crate::screen::NAME_FLOOR;
use crate::vocabulary::WordId;

/// Asked words that are told apart, one bit each; longer names are compared without being bounded.
const MOST_WORDS: usize = 15;

/// Marks that two words meet as one.
const JOINED: u16 = 1 << MOST_WORDS;

/// For every listed word the asked words that are like it. All zero between two names.
pub(super) struct Marks {
    words: Vec<u16>,
    joins: Vec<u16>,
}

/// The asked side.
pub(super) struct Left {
    /// Words that identify, each with its bit, rarity and letter.
    core: Vec<(u16, f32, u64)>,
    total: f32,
    /// Letters of the initials, one each.
    initials: Vec<u64>,
    /// The same together, and the first letters of all words.
    initial_letters: u64,
    letters: u64,
}

/// One bit for a first letter; digits share theirs with letters, which only lets more through.
fn letter(first: u8) -> u64 {
    1 << (first % 64)
}

impl Marks {
    pub(super) fn new(index: &Index) -> Self {
        Self { words: vec![0; index.vocabulary.len()], joins: vec![0; index.joined.len()] }
    }

    /// Marks the listed words that meet the asked ones; `None`, and no mark, for a name of too many words.
    pub(super) fn set(&mut self, asked: &Asked) -> Option<Left> {
        if asked.parts.len() > MOST_WORDS {
            return None;
        }
        for (at, word) in asked.words.iter().enumerate() {
            let bit = 1 << at;
            word.like().iter().for_each(|(word, _)| self.words[*word as usize] |= bit);
            // The last word is joined with none, so that the second bit is never that of `JOINED`.
            word.joined_like.iter().for_each(|(word, _)| self.words[*word as usize] |= bit | bit << 1 | JOINED);
            word.like_joined().iter().for_each(|(join, _)| self.joins[*join as usize] |= bit | JOINED);
        }
        let parts = || asked.parts.iter().enumerate();
        let initials: Vec<u64> =
            parts().filter(|(_, part)| part.role == Role::Initial).map(|(_, part)| letter(part.first)).collect();
        Some(Left {
            core: parts()
                .filter(|(_, part)| part.is_core())
                .map(|(at, part)| (1 << at, part.weight, letter(part.first)))
                .collect(),
            total: parts().filter(|(_, part)| part.is_core()).map(|(_, part)| part.weight).sum(),
            initial_letters: initials.iter().fold(0, |all, one| all | one),
            letters: parts().fold(0, |all, (_, part)| all | letter(part.first)),
            initials,
        })
    }

    /// Takes the marks away again.
    pub(super) fn clear(&mut self, asked: &Asked) {
        for word in &asked.words {
            for (word, _) in word.like().iter().chain(&word.joined_like) {
                self.words[*word as usize] = 0;
            }
            word.like_joined().iter().for_each(|(join, _)| self.joins[*join as usize] = 0);
        }
    }

    fn join(&self, join: WordId) -> u16 {
        if join == NOT_JOINED { 0 } else { self.joins[join as usize] }
    }

    /// Whether comparing with this name can give a score that makes it a candidate.
    pub(super) fn can_reach(&self, left: &Left, index: &Index, listed: ListedName) -> bool {
        let mut best = Best { left_total: left.total, ..Best::default() };
        let (mut met, mut right_words, mut letters, mut initial_letters) = (0_u16, 0, 0_u64, 0_u64);
        let mut joined_before = 0;
        let range = listed.range();
        let words = index.words[range.clone()].iter().zip(&index.joins[range.clone()]);
        for (part, (word, join)) in index.parts[range].iter().zip(words) {
            let joined = self.join(*join);
            let first = letter(part.first);
            letters |= first;
            let mut mark = joined | joined_before;
            if part.is_core() {
                mark |= self.words[*word as usize];
                best.right_total += part.weight;
                if mark != 0 {
                    best.right_matched += part.weight;
                    right_words += 1;
                } else if first & left.initial_letters == 0 {
                    best.right_rest += part.weight;
                }
            } else if part.role == Role::Initial {
                initial_letters |= first;
                if first & left.letters != 0 {
                    best.initials += 1.0;
                } else {
                    best.right_rest += INITIAL_WEIGHT;
                }
            }
            met |= mark;
            joined_before = joined;
        }
        let mut left_words = 0;
        for (bit, weight, first) in &left.core {
            if met & bit != 0 {
                best.left_matched += weight;
                left_words += 1;
            } else if first & initial_letters == 0 {
                best.left_rest += weight;
            }
        }
        for first in &left.initials {
            if first & letters != 0 {
                best.initials += 1.0;
            } else {
                best.left_rest += INITIAL_WEIGHT;
            }
        }
        best.one_word = met & JOINED == 0 && (left_words <= 1 || right_words <= 1);
        // The margin covers rounding.
        best_score(&best, listed.kind == Kind::Person).is_some_and(|score| score >= NAME_FLOOR - 1e-3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever is left out would have been refused, whatever the words; and enough are left out to be worth it.
    #[test]
    fn nobody_is_left_out_who_is_near_enough() {
        let (mut reached, mut left_out, mut accepted) = (0, 0, 0);
        crate::index::differential::for_pairs(300, 150, 3, |index, asked, pairs| {
            let mut marks = Marks::new(index);
            let Some(left) = marks.set(asked) else { return };
            for (name, slow) in pairs {
                let near = slow.is_some_and(|slow| slow.score >= NAME_FLOOR);
                let can = marks.can_reach(&left, index, index.names[name as usize]);
                assert!(can || !near, "`{}` is lost", index.listed(name).2.text);
                reached += u32::from(can);
                left_out += u32::from(!can);
                accepted += u32::from(near);
            }
            marks.clear(asked);
            assert!(marks.words.iter().chain(&marks.joins).all(|mark| *mark == 0));
        });
        println!("{reached} reached, {left_out} left out, {accepted} accepted");
        assert!(accepted > 1_000 && left_out > reached, "{reached} reached, {left_out} left out, {accepted} accepted");
    }
}
