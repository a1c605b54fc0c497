//! The lists prepared for screening: words by number, names by word, entities by identifier.
//!
//! Candidates come from a prefix filter (S. Chaudhuri, V. Ganti, R. Kaushik, "A primitive operator for similarity joins in data cleaning",
//! 2006): a comparison is refused unless words with half of the asked name's rarity are matched, so only names that meet one of its rarest
//! words, those with more than the other half, are looked at. Nothing the comparison would accept is lost; a test compares with all pairs.

mod card;
pub mod differential;
mod inverted;
pub mod memory;
mod reach;
pub mod screener;

use std::ops::Range;
use std::sync::Arc;

use self::card::Card;
use crate::compare::{Compared, LEFT_COVER, Part, Relations, compare};
use crate::entity::{Entity, Kind, Name};
use crate::name::{Role, Token, analyse};
use crate::vocabulary::{JoinedBuilder, JoinedWords, Vocabulary, VocabularyBuilder, WordId};
use crate::word::{Form, Relation};

/// Number of a listed name.
pub(crate) type NameId = u32;

/// Fewest entities for which rarity is measured, so that a short list does not make every word common.
const FEWEST_ENTITIES: usize = 10_000;

/// Rarity of the most frequent words, in nats.
const LEAST_RARITY: f32 = 1.0;

/// Rarity of a word that no list has.
const UNKNOWN_WORD: f32 = 6.5;

/// No two words start here that could be written as one.
const NOT_JOINED: WordId = WordId::MAX;

/// The prepared lists.
pub struct Index {
    entities: Box<[Entity]>,
    vocabulary: Vocabulary,
    joined: JoinedWords,
    names: Box<[ListedName]>,
    words: Box<[ListedWord]>,
    by_word: Postings<Card>,
    by_joined: Postings<NameId>,
    /// Of each word, how many entities have it.
    counts: Box<[u32]>,
    /// Of each word; none where it is not measured.
    rarities: Box<[f32]>,
    /// Numbers of entities and of their identifiers, ascending by what is identified by.
    by_identifier: Box<[(u32, u32)]>,
    /// Numbers of entities, ascending by id; equal ones in the order of the lists.
    by_id: Box<[u32]>,
}

/// Where one name of one entity lies.
#[derive(Clone, Copy)]
pub(crate) struct ListedName {
    pub(crate) entity: u32,
    pub(crate) name: u32,
    pub(crate) kind: Kind,
    first: u32,
    count: u32,
}

/// One word of one name; everything of a name stands together, because candidates are looked at in no order.
#[derive(Clone, Copy)]
struct ListedWord {
    part: Part,
    word: WordId,
    /// This word and the next written as one.
    join: WordId,
}

impl ListedName {
    /// Where its words stand.
    fn range(self) -> Range<usize> {
        self.first as usize..(self.first + self.count) as usize
    }
}

/// Names by word: for each word a stretch of one array.
struct Postings<T> {
    starts: Box<[u32]>,
    names: Box<[T]>,
}

impl<T> Postings<T> {
    /// From pairs of a word and a name; `posting` says what stands there for the name.
    fn new(words: usize, mut pairs: Vec<(WordId, NameId)>, posting: impl Fn(WordId, NameId) -> T) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0; words + 1];
        for (word, _) in &pairs {
            starts[*word as usize + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        Self { starts: starts.into(), names: pairs.iter().map(|(word, name)| posting(*word, *name)).collect() }
    }

    fn of(&self, word: WordId) -> &[T] {
        &self.names[self.starts[word as usize] as usize..self.starts[word as usize + 1] as usize]
    }
}

/// Some of the names that a comparison could accept.
enum Reached<'a> {
    /// By a listed word that is like an asked one.
    Word(WordId, &'a [Card]),
    /// By a listed word that is like two asked ones.
    Joined(&'a [Card]),
    /// By two listed words that are like an asked one.
    Join(&'a [NameId]),
}

impl Reached<'_> {
    /// Adds all names to those found.
    fn add_to(&self, found: &mut Vec<NameId>) {
        match self {
            Self::Word(_, cards) | Self::Joined(cards) => found.extend(cards.iter().map(|card| card.name)),
            Self::Join(names) => found.extend_from_slice(names),
        }
    }
}

impl Index {
    /// Prepares entities. Those without a designation in effect are left out by whoever calls.
    pub fn new(entities: Vec<Entity>) -> Self {
        let mut index = Self::unweighed(entities);
        index.weigh();
        index
    }

    /// As [`Self::new`] with the least rarity for every word: names that share a word are found, none can be compared.
    pub(crate) fn unweighed(mut entities: Vec<Entity>) -> Self {
        entities.iter_mut().for_each(Entity::shrink);
        let entities = entities.into_boxed_slice();
        let mut vocabulary = VocabularyBuilder::default();
        let mut joined = JoinedBuilder::default();
        let (mut names, mut words) = (Vec::new(), Vec::new());
        let (mut by_word, mut by_joined) = (Vec::new(), Vec::new());
        for (entity_id, entity) in (0..).zip(&entities) {
            for (name_id, name) in (0..).zip(&entity.names) {
                let tokens = analyse(&name.text, name.family.as_deref(), entity.kind);
                let first = u32::try_from(words.len()).unwrap_or(u32::MAX);
                let id: NameId = u32::try_from(names.len()).unwrap_or(u32::MAX);
                for (at, token) in tokens.iter().enumerate() {
                    let word = vocabulary.intern(&token.text, token.abjad);
                    let part = part_of(token, LEAST_RARITY);
                    if part.is_core() {
                        by_word.push((word, id));
                    }
                    let join = match tokens.get(at + 1).and_then(|next| join(token, next)) {
                        Some(text) => {
                            let text = joined.intern(text);
                            by_joined.push((text, id));
                            text
                        }
                        None => NOT_JOINED,
                    };
                    words.push(ListedWord { part, word, join });
                }
                names.push(ListedName {
                    entity: entity_id,
                    name: name_id,
                    kind: entity.kind,
                    first,
                    count: u32::try_from(tokens.len()).unwrap_or(u32::MAX),
                });
            }
        }
        let vocabulary = vocabulary.finish();
        let joined = joined.finish();
        let (names, words): (Box<[ListedName]>, Box<[ListedWord]>) = (names.into(), words.into());
        let by_word = Postings::new(vocabulary.len(), by_word, |word, name| {
            let listed = names[name as usize];
            Card::new(name, &words[listed.range()], word, listed.kind)
        });
        let by_joined = Postings::new(joined.len(), by_joined, |_, name| name);
        let mut by_id: Box<[u32]> = (0..).zip(&entities).map(|(place, _)| place).collect();
        by_id.sort_by_key(|place| entities[*place as usize].id.as_str());
        let mut by_identifier: Box<[(u32, u32)]> = (0..)
            .zip(&entities)
            .flat_map(|(entity, of)| (0..).zip(&of.identifiers).map(move |(at, _)| (entity, at)))
            .collect();
        by_identifier.sort_by_key(|place| identifier(&entities, *place));
        let counts = (0..vocabulary.len()).map(|word| entities_in(by_word.of(word as WordId), &names)).collect();
        Self {
            entities,
            vocabulary,
            joined,
            names,
            words,
            by_word,
            by_joined,
            counts,
            rarities: Box::default(),
            by_identifier,
            by_id,
        }
    }

    /// Gives every listed word the rarity of the words like it.
    fn weigh(&mut self) {
        self.rarities = (0..self.vocabulary.len())
            .map(|word| {
                if self.counts[word] == 0 {
                    return LEAST_RARITY;
                }
                self.rarity(self.entities_near(&self.vocabulary.like(self.vocabulary.word(word as WordId))))
            })
            .collect();
        for word in &mut self.words {
            if word.part.is_core() {
                word.part.weight = self.rarities[word.word as usize];
            }
        }
        for card in &mut self.by_word.names {
            let words = &self.words[self.names[card.name as usize].range()];
            card.total = words.iter().filter(|word| word.part.is_core()).map(|word| word.part.weight).sum();
        }
    }

    /// How many entities have one of the words that count as the same.
    fn entities_near(&self, like: &[(WordId, Relation)]) -> u32 {
        like.iter().filter(|(_, relation)| is_near(relation)).map(|(id, _)| self.counts[*id as usize]).sum()
    }

    /// Rarity in nats of a word that so many entities have; one that none has may be common among clients.
    fn rarity(&self, entities: u32) -> f32 {
        if entities == 0 {
            return UNKNOWN_WORD;
        }
        let all = self.entities.len().max(FEWEST_ENTITIES) as f32;
        ((all + 1.0) / (entities as f32 + 0.5)).ln().max(LEAST_RARITY)
    }

    /// Rarity of a listed word, in nats.
    fn rarity_of(&self, word: WordId) -> f32 {
        self.rarities.get(word as usize).copied().unwrap_or(LEAST_RARITY)
    }

    /// All entities.
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// An entity by its id.
    pub fn find(&self, id: &str) -> Option<&Entity> {
        self.place_of(id).map(|place| self.entity(place))
    }

    /// The place of an entity by its id; where two have the same, of the later one.
    pub(crate) fn place_of(&self, id: &str) -> Option<u32> {
        let id_of = |place: &u32| self.entities[*place as usize].id.as_str();
        let after = self.by_id.partition_point(|place| id_of(place) <= id);
        self.by_id[..after].last().copied().filter(|place| id_of(place) == id)
    }

    /// How many names are listed.
    pub fn names(&self) -> usize {
        self.names.len()
    }

    /// How many distinct words they have.
    pub fn words(&self) -> usize {
        self.vocabulary.len()
    }

    /// The names of an entity by its place.
    pub(crate) fn names_of(&self, entity: u32) -> Range<NameId> {
        let first = self.names.partition_point(|name| name.entity < entity);
        let after = first + self.entity(entity).names.len();
        first as NameId..after as NameId
    }

    pub(crate) fn entity(&self, id: u32) -> &Entity {
        &self.entities[id as usize]
    }

    pub(crate) fn listed(&self, name: NameId) -> (ListedName, &Entity, &Name) {
        let listed = self.names[name as usize];
        let entity = self.entity(listed.entity);
        (listed, entity, &entity.names[listed.name as usize])
    }

    /// The entities that a number identifies, ascending.
    pub(crate) fn with_identifier(&self, value: &str) -> impl Iterator<Item = u32> {
        let first = self.by_identifier.partition_point(|place| identifier(&self.entities, *place) < value);
        let same = move |place: &&(u32, u32)| identifier(&self.entities, **place) == value;
        self.by_identifier[first..].iter().take_while(same).map(|(entity, _)| *entity)
    }

    /// Looks up the words of a name.
    pub(crate) fn ask(&self, text: &str, family: Option<&str>, kind: Kind) -> Asked {
        self.ask_by(text, family, kind, |text, abjad| Arc::new(self.meet(text, abjad)))
    }

    /// As [`Self::ask`], with the listed words that meet each word from somewhere else, such as from the time before.
    pub(crate) fn ask_by(
        &self,
        text: &str,
        family: Option<&str>,
        kind: Kind,
        mut meet: impl FnMut(&str, bool) -> Arc<Met>,
    ) -> Asked {
        let tokens = analyse(text, family, kind);
        let mut asked =
            Asked { parts: Vec::with_capacity(tokens.len()), words: Vec::with_capacity(tokens.len()), tokens };
        for (at, token) in asked.tokens.iter().enumerate() {
            let met = part_of(token, 0.0).is_core().then(|| meet(&token.text, token.abjad));
            asked.parts.push(part_of(token, self.rarity(met.as_ref().map_or(0, |met| met.near))));
            let join = asked.tokens.get(at + 1).and_then(|next| join(token, next));
            let joined_like = join.map_or_else(Vec::new, |join| self.vocabulary.like_joined(&join));
            asked.words.push(AskedWord { met, joined_like });
        }
        asked
    }

    /// Looks up one word.
    pub(crate) fn meet(&self, text: &str, abjad: bool) -> Met {
        let form = Form::new(text, abjad);
        let like = self.vocabulary.like(form.word());
        let near = self.entities_near(&like);
        Met { like, like_joined: if abjad { Vec::new() } else { self.joined.like(&form.text) }, near }
    }

    /// Every listed name that the comparison could accept, ascending.
    pub(crate) fn candidates(&self, asked: &Asked) -> Vec<NameId> {
        let mut found = Vec::new();
        self.each_candidate(asked, |reached| reached.add_to(&mut found));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Calls `take` with every listed name that the comparison could accept, in no order, and with some again and again.
    fn each_candidate<'a>(&'a self, asked: &Asked, mut take: impl FnMut(Reached<'a>)) {
        let mut core: Vec<usize> = (0..asked.parts.len()).filter(|at| asked.parts[*at].is_core()).collect();
        core.sort_by(|one, other| asked.parts[*other].weight.total_cmp(&asked.parts[*one].weight));
        let total: f32 = core.iter().map(|at| asked.parts[*at].weight).sum();
        let mut rest = total;
        for at in core {
            // What is left cannot reach the share that the comparison asks for; the margin covers rounding.
            if rest < LEFT_COVER * total - 1e-3 {
                break;
            }
            rest -= asked.parts[at].weight;
            self.each_reached(asked, at, &mut take);
        }
    }

    /// Calls `take` with every listed name in which something is like one asked word, or like it and a neighbour written as one.
    fn each_reached<'a>(&'a self, asked: &Asked, at: usize, mut take: impl FnMut(Reached<'a>)) {
        let before = at.checked_sub(1).map_or(&[][..], |before| &asked.words[before].joined_like);
        for (word, _) in asked.words[at].like() {
            take(Reached::Word(*word, self.by_word.of(*word)));
        }
        for (word, _) in asked.words[at].joined_like.iter().chain(before) {
            take(Reached::Joined(self.by_word.of(*word)));
        }
        for (joined, _) in asked.words[at].like_joined() {
            take(Reached::Join(self.by_joined.of(*joined)));
        }
    }

    /// Compares an asked name with a listed one.
    pub(crate) fn compare(&self, asked: &Asked, name: NameId) -> Option<Compared> {
        let listed = self.names[name as usize];
        let words = &self.words[listed.range()];
        let parts: Vec<Part> = words.iter().map(|word| word.part).collect();
        let known = Known { vocabulary: &self.vocabulary, asked, words };
        compare(&asked.parts, &parts, &known, listed.kind == Kind::Person)
    }

    /// The words of a listed name from one place on, for showing.
    pub(crate) fn shown(&self, name: NameId, at: usize, words: usize) -> String {
        let first = self.names[name as usize].first as usize + at;
        self.words[first..first + words]
            .iter()
            .map(|word| self.vocabulary.word(word.word).text)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The value of one identifier of one entity.
fn identifier(entities: &[Entity], (entity, at): (u32, u32)) -> &str {
    &entities[entity as usize].identifiers[at as usize].value
}

/// Near enough to count as the same word when rarity is measured.
fn is_near(relation: &Relation) -> bool {
    relation.likeness >= 0.9
}

fn part_of(token: &Token, weight: f32) -> Part {
    Part { role: token.role, weight, first: token.text.bytes().next().unwrap_or(0), family: token.family }
}

/// Two words written as one, where that can happen: words, and a particle before a word.
fn join(first: &Token, second: &Token) -> Option<String> {
    let can =
        matches!(first.role, Role::Word | Role::Particle) && second.role == Role::Word && !first.abjad && !second.abjad;
    can.then(|| [first.text.as_str(), &second.text].concat()).filter(|text| text.len() >= 3)
}

/// How many entities have these names, which stand in the order of their entities.
fn entities_in(of_word: &[Card], names: &[ListedName]) -> u32 {
    let entity = |card: &Card| names[card.name as usize].entity;
    u32::try_from(of_word.chunk_by(|one, other| entity(one) == entity(other)).count()).unwrap_or(u32::MAX)
}

/// A name that is asked about, with every listed word like one of its words.
pub(crate) struct Asked {
    pub(crate) tokens: Vec<Token>,
    pub(crate) parts: Vec<Part>,
    pub(crate) words: Vec<AskedWord>,
}

/// What the lists have for one word and the one after it.
pub(crate) struct AskedWord {
    /// Nothing is looked up for particles, titles and the like.
    met: Option<Arc<Met>>,
    /// Words like this one and the next written as one.
    pub(crate) joined_like: Vec<(WordId, Relation)>,
}

impl AskedWord {
    /// Words like this one, by number.
    pub(crate) fn like(&self) -> &[(WordId, Relation)] {
        self.met.as_ref().map_or(&[], |met| &met.like)
    }

    /// Whether a word is like this one.
    fn is_like(&self, word: WordId) -> bool {
        pick(self.like(), word).is_some()
    }

    /// Joined words like this one, by number.
    pub(crate) fn like_joined(&self) -> &[(WordId, Relation)] {
        self.met.as_ref().map_or(&[], |met| &met.like_joined)
    }
}

/// What the lists have for one word, whatever stands beside it.
pub(crate) struct Met {
    like: Vec<(WordId, Relation)>,
    like_joined: Vec<(WordId, Relation)>,
    /// How many entities have a word that counts as the same.
    near: u32,
}

impl Met {
    /// How many words were met, which is what it takes of the memory.
    pub(crate) fn len(&self) -> usize {
        self.like.len() + self.like_joined.len()
    }
}

struct Known<'a> {
    vocabulary: &'a Vocabulary,
    asked: &'a Asked,
    words: &'a [ListedWord],
}

fn pick(like: &[(WordId, Relation)], word: WordId) -> Option<Relation> {
    like.binary_search_by_key(&word, |(id, _)| *id).ok().map(|at| like[at].1)
}

impl Relations for Known<'_> {
    fn words(&self, left: usize, right: usize) -> Option<Relation> {
        pick(self.asked.words[left].like(), self.words[right].word)
    }

    fn left_joined(&self, left: usize, right: usize) -> Option<Relation> {
        pick(&self.asked.words[left].joined_like, self.words[right].word)
    }

    fn right_joined(&self, left: usize, right: usize) -> Option<Relation> {
        pick(self.asked.words[left].like_joined(), self.words[right].join)
    }

    fn same_form(&self, left: usize, right: usize) -> bool {
        self.asked.tokens[left].text == self.vocabulary.word(self.words[right].word).text
    }
}
