//! A listed name as seen from one of its words, in twenty-four bytes that stand together for all names of that word: for seeing at once that
//! a name shares the word with the asked one and contradicts it in the others. Most candidates do, and their words need not be read.

use super::{Asked, ListedWord, NOT_JOINED, NameId};
use crate::compare::{Side, most_left_over};
use crate::entity::Kind;
use crate::name::Role;
use crate::screen::NAME_FLOOR;
use crate::vocabulary::WordId;

/// Most other words and joins of a name that are told apart; a name with more is always looked at.
const MOST: usize = 10;

/// How many of them stand in each number.
const EACH: usize = MOST / 2;

/// Bits of one mark.
const BITS: usize = 12;

/// Stands where no word is; nothing that is asked about has it.
const NOTHING: u64 = 0;

/// Of a name that is always looked at; whatever is asked about has it.
const ALWAYS: u64 = 1;

/// One listed name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Card {
    pub(super) name: NameId,
    /// Rarity of all its words that identify, with the one from which it is seen.
    pub(super) total: f32,
    /// Of the other words that identify, then of the joins; above those of the second number, [`Card::PERSON`].
    marks: [u64; 2],
}

/// A word in twelve bits. Words that share them only let a name through that need not be.
fn mark_of_word(number: WordId) -> u64 {
    mark(number.wrapping_mul(0x9e37_79b9))
}

/// A join in twelve bits.
fn mark_of_join(number: WordId) -> u64 {
    mark(number.wrapping_mul(0x85eb_ca6b))
}

fn mark(hash: u32) -> u64 {
    u64::from(hash >> (u32::BITS as usize - BITS)).max(ALWAYS + 1)
}

impl Card {
    const PERSON: u64 = 1 << 63;

    /// Of a name, as seen from `own`.
    pub(super) fn new(name: NameId, words: &[ListedWord], own: WordId, kind: Kind) -> Self {
        let core = || words.iter().filter(|word| word.part.is_core());
        // A number may stand there twice: only one of the two is left out.
        let mut seen = false;
        let others = core().filter(|word| word.word != own || std::mem::replace(&mut seen, true));
        let others = others.map(|word| mark_of_word(word.word));
        let joins = words.iter().filter(|word| word.join != NOT_JOINED).map(|word| mark_of_join(word.join));
        let mut marks = [NOTHING; MOST];
        let mut count = 0;
        for mark in others.chain(joins) {
            if let Some(place) = marks.get_mut(count) {
                *place = mark;
            }
            count += 1;
        }
        // A letter may stand for any word.
        if count > MOST || words.iter().any(|word| word.part.role == Role::Initial) {
            marks[0] = ALWAYS;
        }
        let packed = |marks: &[u64]| marks.iter().rev().fold(0, |all, mark| all << BITS | mark);
        let person = if kind == Kind::Person { Self::PERSON } else { 0 };
        Self {
            name,
            total: core().map(|word| word.part.weight).sum(),
            marks: [packed(&marks[..EACH]), packed(&marks[EACH..]) | person],
        }
    }
}

/// Which words are met, as marks; one bit for each.
pub(super) struct Marked {
    /// Of the listed words that are like an asked one or two written as one, and of the joins that are like one.
    met: [u64; (1 << BITS) / 64],
    /// Listed words that are like two asked ones.
    joined: Vec<WordId>,
}

impl Marked {
    /// `None` for a name with initials: a letter may stand for any word.
    pub(super) fn new(asked: &Asked) -> Option<Self> {
        if asked.parts.iter().any(|part| part.role == Role::Initial) {
            return None;
        }
        let mut marked = Self { met: [0; (1 << BITS) / 64], joined: Vec::new() };
        marked.add(ALWAYS);
        for word in &asked.words {
            word.like().iter().for_each(|(word, _)| marked.add(mark_of_word(*word)));
            word.joined_like.iter().for_each(|(word, _)| marked.add(mark_of_word(*word)));
            word.like_joined().iter().for_each(|(join, _)| marked.add(mark_of_join(*join)));
            marked.joined.extend(word.joined_like.iter().map(|(word, _)| *word));
        }
        Some(marked)
    }

    fn add(&mut self, mark: u64) {
        self.met[(mark / 64) as usize] |= 1 << (mark % 64);
    }

    /// Whether `word` is like two asked words written as one: more may then match than the cards say.
    pub(super) fn joins_to(&self, word: WordId) -> bool {
        self.joined.contains(&word)
    }

    /// False only where nothing but the word from which the card is seen is like an asked one.
    pub(super) fn meets(&self, card: &Card) -> bool {
        let places = self.met.len();
        // All of them, because looking is faster than deciding whether to look.
        let met = card.marks.into_iter().fold(0, |met, marks| {
            (0..EACH).fold(met, |met, at| {
                let mark = marks >> (at * BITS);
                met | self.met[(mark / 64) as usize % places] >> (mark % 64)
            })
        });
        met & 1 == 1
    }
}

/// The most rarity that listed names may have for a score that makes a candidate, when nothing but one word of each side meets.
pub(super) struct Alone {
    person: f32,
    other: f32,
}

impl Alone {
    /// From the rarities of the two words, asked and listed, and of what the asked name has beside.
    pub(super) fn new(asked: f32, listed: f32, rest: f32) -> Self {
        let most = |person| listed + most_left_over((asked, listed), rest, Side::Right, person, NAME_FLOOR);
        Self { person: most(true), other: most(false) }
    }

    pub(super) fn can_reach(&self, card: &Card) -> bool {
        card.total <= if card.marks[1] & Card::PERSON != 0 { self.person } else { self.other }
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
            let weights = || asked.parts.iter().filter(|part| part.is_core()).map(|part| part.weight);
            let rarest = weights().fold(0.0, f32::max);
            let rest = weights().sum::<f32>() - rarest;
            for (name, slow) in pairs {
                let near = slow.is_some_and(|slow| slow.score >= NAME_FLOOR);
                let listed = index.names[name as usize];
                let words = &index.words[listed.range()];
                // From every word that leads to the name; through two words that are one it is read whatever the card says.
                for word in words.iter().filter(|word| word.part.is_core() && !marked.joins_to(word.word)) {
                    if !asked.words.iter().any(|asked| asked.like().iter().any(|(like, _)| *like == word.word)) {
                        continue;
                    }
                    let card = Card::new(name, words, word.word, listed.kind);
                    let can = marked.meets(&card) || Alone::new(rarest, word.part.weight, rest).can_reach(&card);
                    assert!(can || !near, "`{}` is lost", index.listed(name).2.text);
                    read += u32::from(can);
                    left_out += u32::from(!can);
                    accepted += u32::from(near);
                }
            }
        });
        println!("{read} read, {left_out} left out, {accepted} accepted");
        assert!(accepted > 1_000 && left_out > 10_000, "{read} read, {left_out} left out, {accepted} accepted");
    }

    #[test]
    fn a_card_is_small() {
        assert_eq!(size_of::<Card>(), 24);
    }
}
