//! A listed name in sixteen bytes, for seeing at once that it shares one word with the asked name and contradicts it in the others: four of five
//! candidates do, and their words need not be read.

use super::{Asked, ListedWord, NOT_JOINED};
use crate::compare::{Best, best_score};
use crate::entity::Kind;
use crate::name::Role;
use crate::screen::NAME_FLOOR;

/// Most words and joins of a name that has a card to be read; the others are always looked at.
const MOST: usize = 7;

/// One listed name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Card {
    /// A byte for each word that identifies, then one for each join.
    marks: [u8; MOST],
    /// How many words in the lowest three bits, how many joins in the next three, [`Card::PERSON`] and [`Card::ALWAYS`].
    counts: u8,
    /// Rarity of all words that identify, and of the rarest.
    total: f32,
    rarest: f32,
}

/// A number in a byte. Numbers that share one only let a name through that need not be.
fn byte(number: u32) -> u8 {
    (number.wrapping_mul(0x9e37_79b9) >> 24) as u8
}

/// Which bytes are there.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes([u64; 4]);

impl Bytes {
    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }
}

impl Card {
    const PERSON: u8 = 1 << 6;
    const ALWAYS: u8 = 1 << 7;

    pub(super) fn new(words: &[ListedWord], kind: Kind) -> Self {
        let mut card = Self { marks: [0; MOST], counts: Self::ALWAYS, total: 0.0, rarest: 0.0 };
        let core = || words.iter().filter(|word| word.part.is_core());
        let joins = || words.iter().filter(|word| word.join != NOT_JOINED);
        let (words_of, joins_of) = (core().count(), joins().count());
        // A letter may stand for any word.
        let readable = words_of + joins_of <= MOST && words.iter().all(|word| word.part.role != Role::Initial);
        if readable {
            let numbers = core().map(|word| word.word).chain(joins().map(|word| word.join));
            card.marks.iter_mut().zip(numbers).for_each(|(mark, number)| *mark = byte(number));
            card.counts = (words_of | joins_of << 3) as u8 | if kind == Kind::Person { Self::PERSON } else { 0 };
        }
        card.total = core().map(|word| word.part.weight).sum();
        card.rarest = core().map(|word| word.part.weight).fold(0.0, f32::max);
        card
    }

    fn words(&self) -> usize {
        usize::from(self.counts & 7)
    }

    fn joins(&self) -> usize {
        usize::from(self.counts >> 3 & 7)
    }
}

/// The asked side.
pub(super) struct Marked {
    /// Words that are like one of ours, and words and joins that meet two of ours as one or one of ours as two.
    alike: Bytes,
    joined_words: Bytes,
    joins: Bytes,
    total: f32,
    rarest: f32,
}

impl Marked {
    /// `None` for a name with initials: a letter may stand for any word.
    pub(super) fn new(asked: &Asked) -> Option<Self> {
        if asked.parts.iter().any(|part| part.role == Role::Initial) {
            return None;
        }
        let core = || asked.parts.iter().filter(|part| part.is_core());
        let mut marked = Self {
            alike: Bytes::default(),
            joined_words: Bytes::default(),
            joins: Bytes::default(),
            total: core().map(|part| part.weight).sum(),
            rarest: core().map(|part| part.weight).fold(0.0, f32::max),
        };
        for word in &asked.words {
            word.like().iter().for_each(|(word, _)| marked.alike.add(byte(*word)));
            word.joined_like.iter().for_each(|(word, _)| marked.joined_words.add(byte(*word)));
            word.like_joined().iter().for_each(|(join, _)| marked.joins.add(byte(*join)));
        }
        Some(marked)
    }

    /// False only where comparing gives no score that makes a candidate: where one word meets one word at most, nothing is joined, and what
    /// is left over on both sides is too much even if the rarest word of each met.
    pub(super) fn can_reach(&self, card: &Card) -> bool {
        if card.counts & Card::ALWAYS != 0 {
            return true;
        }
        let (words, joins) = card.marks.split_at(card.words());
        let meets = words.iter().filter(|mark| self.alike.has(**mark)).count();
        if meets > 1
            || words.iter().any(|mark| self.joined_words.has(*mark))
            || joins.iter().take(card.joins()).any(|mark| self.joins.has(*mark))
        {
            return true;
        }
        let best = Best {
            left_total: self.total,
            left_matched: self.rarest,
            left_rest: self.total - self.rarest,
            right_total: card.total,
            right_matched: card.rarest,
            right_rest: card.total - card.rarest,
            initials: 0.0,
            one_word: true,
        };
        // The margin covers rounding.
        best_score(&best, card.counts & Card::PERSON != 0).is_some_and(|score| score >= NAME_FLOOR - 1e-3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever is left out would have been refused, whatever the words; and enough are left out to be worth it.
    #[test]
    fn nobody_is_left_out_who_is_near_enough() {
        let (mut read, mut left_out, mut accepted) = (0, 0, 0);
        crate::index::differential::for_pairs(300, 150, 5, |index, asked, pairs| {
            let Some(marked) = Marked::new(asked) else { return };
            for (name, slow) in pairs {
                let near = slow.is_some_and(|slow| slow.score >= NAME_FLOOR);
                let can = marked.can_reach(&index.cards[name as usize]);
                assert!(can || !near, "`{}` is lost", index.listed(name).2.text);
                read += u32::from(can);
                left_out += u32::from(!can);
                accepted += u32::from(near);
            }
        });
        println!("{read} read, {left_out} left out, {accepted} accepted");
        assert!(accepted > 1_000 && left_out > 10_000, "{read} read, {left_out} left out, {accepted} accepted");
    }

    #[test]
    fn a_card_is_small() {
        assert_eq!(size_of::<Card>(), 16);
    }
}
