//! The distinct words of the lists, and a fast way to those that are like a given word.
//!
//! Words meet by text, name class, phonetic form, consonants, or a common form with letters deleted: if two words are at most d insertions,
//! deletions, replacements or swaps apart, then deleting at most d letters of each leaves the same text (T. Bocek, E. Hunt, B. Stiller,
//! "Fast similarity search in large dictionaries", 2007). What meets is compared by [`relate`], which alone decides.

mod block;
mod keys;
mod print;

use std::collections::HashMap;

use self::block::Block;
use self::keys::{Keys, asked_keys, joined_keys, listed_keys};
use self::print::{Print, may_be_alike};
use crate::word::{Form, Relation, Word, relate, relate_joined};

/// Number of a word in the vocabulary.
pub type WordId = u32;

/// Keys that most words have at most.
const MANY_KEYS: usize = 128;

/// Distinct words, found by likeness.
pub struct Vocabulary {
    block: Block,
    prints: Box<[Print]>,
    by_key: Keys,
}

/// Two words of one name written as one.
pub(crate) struct JoinedWords {
    letters: Box<str>,
    ends: Box<[u32]>,
    by_key: Keys,
}

/// The words of a vocabulary while they come in.
#[derive(Default)]
pub(crate) struct VocabularyBuilder {
    block: Block,
    full: HashMap<String, WordId>,
    abjad: HashMap<String, WordId>,
}

/// The joined words while they come in.
#[derive(Default)]
pub(crate) struct JoinedBuilder {
    letters: String,
    ends: Vec<u32>,
    by_text: HashMap<String, WordId>,
}

impl VocabularyBuilder {
    /// The number of a word, which is added when it is new.
    pub(crate) fn intern(&mut self, text: &str, abjad: bool) -> WordId {
        let known = if abjad { &mut self.abjad } else { &mut self.full };
        if let Some(id) = known.get(text) {
            return *id;
        }
        let id = self.block.push(&Form::new(text, abjad));
        known.insert(text.to_owned(), id);
        id
    }

    /// After the last word.
    pub(crate) fn finish(mut self) -> Vocabulary {
        (self.full, self.abjad) = (HashMap::new(), HashMap::new());
        self.block.finish();
        let mut count = 0;
        self.block.words().for_each(|word| listed_keys(word, |_| count += 1));
        let mut pairs = Vec::with_capacity(count);
        for (id, word) in (0..).zip(self.block.words()) {
            listed_keys(word, |key| pairs.push((key, id)));
        }
        Vocabulary { prints: self.block.words().map(Print::new).collect(), by_key: Keys::new(pairs), block: self.block }
    }
}

impl Vocabulary {
    /// How many words there are.
    pub fn len(&self) -> usize {
        self.block.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A word by its number.
    pub fn word(&self, id: WordId) -> Word<'_> {
        self.block.word(id)
    }

    /// Every word that is like `word`, by number, with the likeness.
    pub fn like(&self, word: Word<'_>) -> Vec<(WordId, Relation)> {
        let mut keys = Vec::with_capacity(MANY_KEYS);
        asked_keys(word, |key| keys.push(key));
        let print = Print::new(word);
        let mut found = Vec::new();
        self.by_key.find_all(keys, &mut found);
        found.retain(|id| may_be_alike(&print, &self.prints[*id as usize]));
        found.into_iter().filter_map(|id| Some((id, relate(word, self.word(id))?))).collect()
    }

    /// Every word that is like two words written as one.
    pub fn like_joined(&self, joined: &str) -> Vec<(WordId, Relation)> {
        let mut keys = Vec::with_capacity(joined.len() + 1);
        joined_keys(joined, |key| keys.push(key));
        let mut found = Vec::new();
        self.by_key.find_all(keys, &mut found);
        let relation = |id: WordId| {
            Some(self.word(id)).filter(|word| !word.abjad).and_then(|word| relate_joined(joined, word.text))
        };
        found.into_iter().filter_map(|id| Some((id, relation(id)?))).collect()
    }

    /// Bytes held: by the words, and by the ways to them.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        (self.block.bytes() + size_of_val(&*self.prints), self.by_key.bytes())
    }
}

impl JoinedBuilder {
    /// The number of two words written as one, which are added when new.
    pub(crate) fn intern(&mut self, text: String) -> WordId {
        *self.by_text.entry(text).or_insert_with_key(|text| {
            self.letters.push_str(text);
            self.ends.push(u32::try_from(self.letters.len()).unwrap_or(u32::MAX));
            u32::try_from(self.ends.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// After the last one.
    pub(crate) fn finish(mut self) -> JoinedWords {
        self.by_text = HashMap::new();
        let mut joined = JoinedWords {
            letters: self.letters.into_boxed_str(),
            ends: self.ends.into_boxed_slice(),
            by_key: Keys::default(),
        };
        let mut count = 0;
        (0..joined.len()).for_each(|id| joined_keys(joined.text(id as WordId), |_| count += 1));
        let mut pairs = Vec::with_capacity(count);
        for id in 0..joined.len() as WordId {
            joined_keys(joined.text(id), |key| pairs.push((key, id)));
        }
        joined.by_key = Keys::new(pairs);
        joined
    }
}

impl JoinedWords {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of one.
    pub(crate) fn text(&self, id: WordId) -> &str {
        let at = id as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        &self.letters[start..self.ends[at] as usize]
    }

    /// Every one that is like `word`.
    pub(crate) fn like(&self, word: &str) -> Vec<(WordId, Relation)> {
        let mut keys = Vec::with_capacity(word.len() + 1);
        joined_keys(word, |key| keys.push(key));
        let mut found = Vec::new();
        self.by_key.find_all(keys, &mut found);
        found.into_iter().filter_map(|id| Some((id, relate_joined(self.text(id), word)?))).collect()
    }

    /// Bytes held: by the words, and by the ways to them.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        (self.letters.len() + size_of_val(&*self.ends), self.by_key.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_word_of_two_kilobytes_has_few_keys_and_is_found_exactly() {
        let long = "ab".repeat(1_000);
        let form = Form::new(&long, false);
        let mut keys = 0;
        listed_keys(form.word(), |_| keys += 1);
        assert!(keys < 10, "{keys} keys");
        let mut builder = VocabularyBuilder::default();
        builder.intern(&long, false);
        let vocabulary = builder.finish();
        assert_eq!(vocabulary.like(form.word()).len(), 1);
        assert_eq!(vocabulary.like_joined(&long).len(), 1);
    }

    proptest! {
        /// Short words over few letters: most pairs are near one another, so that every limit is crossed in both directions.
        #[test]
        fn the_vocabulary_finds_exactly_what_relate_accepts(
            words in proptest::collection::vec(("[abhmsy]{1,11}", proptest::bool::weighted(0.2)), 1..60),
            (asked, abjad) in ("[abhmsy]{1,11}", proptest::bool::weighted(0.2)),
        ) {
            let mut builder = VocabularyBuilder::default();
            let mut joined = JoinedBuilder::default();
            for (text, abjad) in &words {
                let id = builder.intern(text, *abjad);
                prop_assert_eq!(builder.intern(text, *abjad), id);
                joined.intern(text.clone());
            }
            let (vocabulary, joined) = (builder.finish(), joined.finish());
            let form = Form::new(&asked, abjad);
            let words = || (0..).zip(vocabulary.block.words());
            let all: Vec<_> = words().filter_map(|(id, other)| Some((id, relate(form.word(), other)?))).collect();
            prop_assert_eq!(vocabulary.like(form.word()), all);
            let all: Vec<_> = (0..joined.len() as WordId).filter_map(|id| Some((id, relate_joined(joined.text(id), &asked)?))).collect();
            prop_assert_eq!(joined.like(&asked), all);
            let all: Vec<_> = words().filter(|(_, word)| !word.abjad).filter_map(|(id, other)| Some((id, relate_joined(&asked, other.text)?))).collect();
            prop_assert_eq!(vocabulary.like_joined(&asked), all);
        }

        /// What is kept in one piece is what was put there.
        #[test]
        fn a_word_in_the_block_is_the_word(words in proptest::collection::vec(("[a-z0-9]{1,9}", any::<bool>()), 1..40)) {
            let mut block = Block::default();
            for (text, abjad) in &words {
                block.push(&Form::new(text, *abjad));
            }
            for (id, (text, abjad)) in words.iter().enumerate() {
                let form = Form::new(text, *abjad);
                prop_assert_eq!(format!("{:?}", block.word(id as WordId)), format!("{:?}", form.word()));
            }
        }
    }
}
