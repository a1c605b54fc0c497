//! What stays prepared from one client to the next. Names repeat in every population, so what a word meets in the lists is kept.
//!
//! One screener serves one thread and one run. Nothing of it outlives the run, and whoever answers questions of strangers takes a new one
//! for each, so that the time of an answer does not tell which words were asked about before.

use std::collections::HashMap;
use std::sync::Arc;

use super::card::{Alone, Card, Marked};
use super::reach::{Marks, Seen};
use super::{Asked, Index, Met, NameId, Reached};
use crate::entity::{Kind, Name};

/// Most listed words that are kept with the asked words that met them; about twelve bytes each.
const MOST_KEPT: usize = 1 << 20;

/// Candidates that are looked at together.
const AT_ONCE: usize = 64;

/// What one kept word takes of the memory beside what it met, in listed words.
const KEPT_WORD: usize = 16;

/// Compares many clients with the lists, one after the other.
pub struct Screener<'a> {
    index: &'a Index,
    known: Known,
    marks: Marks,
    room: Room<'a>,
}

/// Room for what one question reaches, used again for the next.
#[derive(Default)]
struct Room<'a> {
    words: Vec<(Alone, &'a [Card])>,
    names: Vec<NameId>,
    seen: Vec<Seen<'a>>,
}

/// What words met, with and without short vowels.
struct Known {
    full: HashMap<String, Arc<Met>>,
    abjad: HashMap<String, Arc<Met>>,
    kept: usize,
    most: usize,
}

impl Known {
    fn new(most: usize) -> Self {
        Self { full: HashMap::new(), abjad: HashMap::new(), kept: 0, most }
    }

    fn meet(&mut self, index: &Index, text: &str, abjad: bool) -> Arc<Met> {
        let words = if abjad { &self.abjad } else { &self.full };
        if let Some(met) = words.get(text) {
            return Arc::clone(met);
        }
        let met = Arc::new(index.meet(text, abjad));
        let takes = met.len() + KEPT_WORD;
        // All at once: what is frequent is soon back.
        if self.kept + takes > self.most {
            *self = Self::new(self.most);
        }
        self.kept += takes;
        let words = if abjad { &mut self.abjad } else { &mut self.full };
        words.insert(text.to_owned(), Arc::clone(&met));
        met
    }
}

impl<'a> Screener<'a> {
    /// One that knows nothing yet.
    pub fn new(index: &'a Index) -> Self {
        Self { index, known: Known::new(MOST_KEPT), marks: Marks::default(), room: Room::default() }
    }

    pub(crate) fn index(&self) -> &'a Index {
        self.index
    }

    /// As `Index::ask`.
    pub(crate) fn ask(&mut self, name: &Name, kind: Kind) -> Asked {
        let known = &mut self.known;
        self.index.ask_by(&name.text, name.family.as_deref(), kind, |text, abjad| known.meet(self.index, text, abjad))
    }

    /// Rarity of a client's word, in nats.
    pub(crate) fn rarity(&mut self, text: &str, abjad: bool) -> f32 {
        self.index.rarity(self.known.meet(self.index, text, abjad).near)
    }

    /// Every listed name of a kind that the client may be, and that a comparison could give the least score, ascending.
    pub(crate) fn candidates(&mut self, asked: &Asked, kind: Kind) -> Vec<NameId> {
        let (index, marked) = (self.index, Marked::new(asked));
        let weights = || asked.parts.iter().filter(|part| part.is_core()).map(|part| part.weight);
        let rarest = weights().fold(0.0, f32::max);
        let left_over = weights().sum::<f32>() - rarest;
        let Room { words, names, seen } = &mut self.room;
        words.clear();
        names.clear();
        index.each_candidate(asked, |reached| match (reached, &marked) {
            (Reached::Word(word, cards), Some(marked)) if !marked.joins_to(word) => {
                words.push((Alone::new(rarest, index.rarity_of(word), left_over), cards));
            }
            (reached, _) => reached.add_to(names),
        });
        if let Some(marked) = &marked {
            for (alone, cards) in &*words {
                let near = cards.iter().filter(|card| alone.can_reach(card) || marked.meets(card));
                names.extend(near.map(|card| card.name));
            }
        }
        let mut found = Vec::new();
        if names.is_empty() {
            return found;
        }
        let left = self.marks.set(asked);
        let marks = &self.marks;
        for names in names.chunks(AT_ONCE) {
            // Names lie anywhere in the memory: read for many at once, they are waited for together.
            seen.clear();
            seen.extend(names.iter().map(|name| Seen::new(index, *name)));
            seen.iter_mut().for_each(|seen| seen.open(marks));
            let reaching = seen.iter().filter(|seen| {
                kind.may_be(seen.kind()) && left.as_ref().is_none_or(|left| marks.can_reach(left, seen))
            });
            found.extend(reaching.map(Seen::name));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::designation::Designation;
    use crate::entity::{Entity, NameQuality};
    use crate::screen::Query;
    use proptest::prelude::*;

    const STOCK: [&str; 25] = [
        "mohammed",
        "muhamad",
        "abdulrahman",
        "abd al rahman",
        "al-karim",
        "alkarim",
        "sergeyevich",
        "lavrov",
        "lavrova",
        "bin",
        "qadhafi",
        "gaddafi",
        "Мохаммед",
        "محمد",
        "ali",
        "j",
        "J.",
        "m",
        "van der berg",
        "vanderberg",
        "limited",
        "44",
        "20/20",
        "a b c d e f g h i j k l m n o p q",
        "petrov",
    ];

    fn name() -> impl Strategy<Value = Name> {
        let words = proptest::collection::vec(proptest::sample::select(&STOCK[..]), 1..5);
        (words, any::<bool>()).prop_map(|(words, knows)| {
            let family = knows.then(|| words[words.len() - 1].to_owned());
            Name { family, ..Name::new(words.join(" "), NameQuality::Primary) }
        })
    }

    fn side() -> impl Strategy<Value = (Kind, Vec<Name>)> {
        let kinds = [Kind::Person, Kind::Person, Kind::Organisation, Kind::Unknown];
        (proptest::sample::select(kinds.to_vec()), proptest::collection::vec(name(), 1..3))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Every listed name compared, nothing kept, nothing bounded, gives the same alerts to the last letter; also when what is kept is
        /// dropped again and again.
        #[test]
        fn screening_says_what_comparing_with_everybody_says(
            listed in proptest::collection::vec(side(), 1..40),
            asked in proptest::collection::vec(side(), 1..30),
            most in proptest::sample::select(vec![0, 60, MOST_KEPT]),
        ) {
            let entities = listed.into_iter().enumerate().map(|(number, (kind, names))| Entity {
                id: number.to_string(),
                kind,
                names,
                dates: vec![],
                territories: vec![],
                gender: None,
                identifiers: vec![],
                designations: vec![Designation::of_programme("EU-LBY", "eu_council")],
            });
            let index = Index::new(entities.collect());
            let mut screener = Screener { known: Known::new(most), ..Screener::new(&index) };
            for (number, (kind, names)) in asked.into_iter().enumerate() {
                let query = Query { names, ..Query::by_name(&number.to_string(), kind, "") };
                let asked: Vec<Asked> =
                    query.names.iter().map(|name| index.ask(&name.text, name.family.as_deref(), kind)).collect();
                let everybody: Vec<NameId> =
                    (0..index.names() as NameId).filter(|name| kind.may_be(index.listed(*name).1.kind)).collect();
                let plain = index.alerts(&query, &asked, &vec![everybody; asked.len()], 0.0);
                prop_assert_eq!(&screener.screen(&query, 0.0), &plain);
                prop_assert_eq!(index.screen(&query, 0.0), plain);
            }
        }
    }
}
