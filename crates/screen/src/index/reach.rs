//! How far a comparison can come at best, seen before words are assigned to one another: most candidates share one word with the asked name
//! and contradict it in the others, and need not be compared.
//!
//! A word counts as matched in full as soon as any word of the other side is like it. The score falls with every word that is matched worse,
//! or not at all, so no candidate reaches more than this says; a test compares.

use super::{Asked, Index, ListedName, ListedWord, NameId};
use crate::compare::{Best, INITIAL_WEIGHT, best_score};
use crate::entity::Kind;
use crate::name::Role;
use crate::screen::NAME_FLOOR;
use crate::vocabulary::WordId;

/// Asked words that are told apart, one bit each; longer names are compared without being bounded.
const MOST_WORDS: usize = 15;

/// Marks that two words meet as one.
const JOINED: u16 = 1 << MOST_WORDS;

/// For listed words, and for listed joins, the asked words that are like them.
#[derive(Default)]
pub(super) struct Marks {
    words: Table,
    joins: Table,
}

/// Bits by number. Far more room than is used, so that most numbers that are not there are known from one look.
#[derive(Default)]
struct Table {
    slots: Vec<(WordId, u16)>,
    shift: u32,
}

/// Stands where nothing is; no word has this number.
const NOTHING: (WordId, u16) = (WordId::MAX, 0);

/// Slots for each number at least.
const ROOM: usize = 4;

impl Table {
    /// Empties it and makes room for so many.
    fn reset(&mut self, numbers: usize) {
        let room = (numbers * ROOM).next_power_of_two().clamp(16, 1 << 31);
        self.shift = u32::BITS - room.trailing_zeros();
        self.slots.clear();
        self.slots.resize(room, NOTHING);
    }

    /// Where a number stands, or the empty slot where it would.
    fn place(&self, number: WordId) -> usize {
        let mut at = (number.wrapping_mul(0x9e37_79b9) >> self.shift) as usize;
        while self.slots[at].0 != number && self.slots[at] != NOTHING {
            at = (at + 1) % self.slots.len();
        }
        at
    }

    fn add(&mut self, number: WordId, bits: u16) {
        let at = self.place(number);
        self.slots[at] = (number, self.slots[at].1 | bits);
    }

    fn get(&self, number: WordId) -> u16 {
        self.slots[self.place(number)].1
    }
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

/// A candidate, read in two steps.
pub(super) struct Seen<'a> {
    name: NameId,
    listed: ListedName,
    words: &'a [ListedWord],
    /// Asked words that are like its first.
    opening: u16,
}

impl<'a> Seen<'a> {
    /// Finds where its words are.
    pub(super) fn new(index: &'a Index, name: NameId) -> Self {
        let listed = index.names[name as usize];
        Self { name, listed, words: &index.words[listed.range()], opening: 0 }
    }

    /// Reads the first of them.
    pub(super) fn open(&mut self, marks: &Marks) {
        self.opening = self.words.first().map_or(0, |first| marks.words.get(first.word));
    }

    pub(super) fn name(&self) -> NameId {
        self.name
    }

    pub(super) fn kind(&self) -> Kind {
        self.listed.kind
    }
}

/// One bit for a first letter; digits share theirs with letters, which only lets more through.
fn letter(first: u8) -> u64 {
    1 << (first % 64)
}

impl Marks {
    /// Marks the listed words that meet the asked ones, and those only; `None` for a name of too many words.
    pub(super) fn set(&mut self, asked: &Asked) -> Option<Left> {
        self.words.reset(asked.words.iter().map(|word| word.like().len() + word.joined_like.len()).sum());
        self.joins.reset(asked.words.iter().map(|word| word.like_joined().len()).sum());
        if asked.parts.len() > MOST_WORDS {
            return None;
        }
        for (at, word) in asked.words.iter().enumerate() {
            let bit = 1 << at;
            word.like().iter().for_each(|(word, _)| self.words.add(*word, bit));
            // The last word is joined with none, so that the second bit is never that of `JOINED`.
            word.joined_like.iter().for_each(|(word, _)| self.words.add(*word, bit | bit << 1 | JOINED));
            word.like_joined().iter().for_each(|(join, _)| self.joins.add(*join, bit | JOINED));
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

    /// Whether comparing with this name can give a score that makes it a candidate.
    pub(super) fn can_reach(&self, left: &Left, seen: &Seen<'_>) -> bool {
        let mut best = Best { left_total: left.total, ..Best::default() };
        let (mut met, mut right_words, mut letters, mut initial_letters) = (0_u16, 0, 0_u64, 0_u64);
        let mut joined_before = 0;
        for (at, ListedWord { part, word, join }) in seen.words.iter().enumerate() {
            let joined = self.joins.get(*join);
            let first = letter(part.first);
            letters |= first;
            let mut mark = joined | joined_before;
            if part.is_core() {
                mark |= if at == 0 { seen.opening } else { self.words.get(*word) };
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
        best_score(&best, seen.kind() == Kind::Person).is_some_and(|score| score >= NAME_FLOOR - 1e-3)
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
            let mut marks = Marks::default();
            let Some(left) = marks.set(asked) else { return };
            for (name, slow) in pairs {
                let near = slow.is_some_and(|slow| slow.score >= NAME_FLOOR);
                let mut seen = Seen::new(index, name);
                seen.open(&marks);
                let can = marks.can_reach(&left, &seen);
                assert!(can || !near, "`{}` is lost", index.listed(name).2.text);
                reached += u32::from(can);
                left_out += u32::from(!can);
                accepted += u32::from(near);
            }
        });
        println!("{reached} reached, {left_out} left out, {accepted} accepted");
        assert!(accepted > 1_000 && left_out > reached, "{reached} reached, {left_out} left out, {accepted} accepted");
    }
}
