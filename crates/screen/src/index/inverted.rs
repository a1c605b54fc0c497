//! A listed name looked up among clients: the same comparison from its other side. The rarity of a client's word is that of the lists, and is
//! asked for only where a name is reached by it; every other word of the client counts as the least that a word can.

use super::card::Marked;
use super::screener::Screener;
use super::{Index, LEAST_RARITY, NameId, Reached};
use crate::compare::{Side, most_left_over};
use crate::entity::Kind;
use crate::screen::NAME_FLOOR;

impl Index {
    /// Of clients: adds the places of all whom a comparison could find near one listed name, in no order and some again and again.
    pub(crate) fn clients_near(&self, lists: &mut Screener<'_>, name: NameId, found: &mut Vec<u32>) {
        let (listed, entity, text) = lists.index().listed(name);
        let asked = self.ask(&text.text, text.family.as_deref(), entity.kind);
        let words = &lists.index().words[listed.range()];
        let total: f32 = words.iter().filter(|word| word.part.is_core()).map(|word| word.part.weight).sum();
        let marked = Marked::new(&asked);
        let mut reached = Vec::new();
        for at in 0..asked.words.len() {
            self.each_reached(&asked, at, |names| match (names, &marked) {
                (Reached::Word(word, cards), Some(marked)) if !marked.joins_to(word) => {
                    let like = asked.words.iter().zip(words).filter(|(asked, _)| asked.is_like(word));
                    let theirs = like.map(|(_, word)| word.part.weight).fold(0.0, f32::max);
                    let of = self.vocabulary.word(word);
                    let matched = (lists.rarity(of.text, of.abjad), theirs);
                    let person = entity.kind == Kind::Person;
                    let most = LEAST_RARITY + most_left_over(matched, total - theirs, Side::Left, person, NAME_FLOOR);
                    let near = cards.iter().filter(|card| card.total <= most || marked.meets(card));
                    reached.extend(near.map(|card| card.name));
                }
                (names, _) => names.add_to(&mut reached),
            });
        }
        found.extend(reached.into_iter().map(|name| self.names[name as usize].entity));
    }
}
