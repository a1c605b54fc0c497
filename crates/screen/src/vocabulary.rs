//! The distinct words of the lists, and a fast way to those that are like a given word.
//!
//! Words meet by text, name class, phonetic form, consonants, or a common form with letters deleted: if two words are at most d insertions,
//! deletions, replacements or swaps apart, then deleting at most d letters of each leaves the same text (T. Bocek, E. Hunt, B. Stiller,
//! "Fast similarity search in large dictionaries", 2007). What meets is compared by [`relate`], which alone decides.

use std::collections::HashMap;

use crate::sound::MAX_DISTANCE_LETTERS;
use crate::word::{
    CONSONANTS_FROM, Form, JOINED_ONE_LETTER_FROM, ONE_LETTER_FROM, ONE_SOUND_FROM, Relation, TWO_LETTERS_FROM,
    UNVOWELLED_FROM, relate, relate_joined,
};

/// Number of a word in the vocabulary.
pub type WordId = u32;

/// Distinct words, found by likeness.
#[derive(Default)]
pub struct Vocabulary {
    forms: Vec<Form>,
    by_text: HashMap<String, WordId>,
    by_class: HashMap<u32, Vec<WordId>>,
    by_key: Keys,
}

/// Two words of one name written as one.
#[derive(Default)]
pub struct JoinedWords {
    texts: Vec<String>,
    by_text: HashMap<String, WordId>,
    by_key: Keys,
}

/// Numbers by hashed key: sorted pairs, and where each value of the upper sixteen bits starts.
#[derive(Default)]
struct Keys {
    pairs: Vec<(u32, WordId)>,
    starts: Vec<u32>,
}

/// Which property of a word a key is made of.
#[derive(Clone, Copy)]
enum Property {
    Letters = 1,
    Sound = 2,
    Consonants = 3,
    Bare = 4,
}

impl Keys {
    fn finish(&mut self) {
        self.pairs.sort_unstable();
        self.pairs.dedup();
        self.pairs.shrink_to_fit();
        self.starts = vec![0; 65_537];
        for (key, _) in &self.pairs {
            self.starts[(key >> 16) as usize + 1] += 1;
        }
        for index in 1..self.starts.len() {
            self.starts[index] += self.starts[index - 1];
        }
    }

    fn find(&self, key: u32, found: &mut Vec<WordId>) {
        let bucket = (key >> 16) as usize;
        let (Some(from), Some(to)) = (self.starts.get(bucket), self.starts.get(bucket + 1)) else { return };
        let pairs = &self.pairs[*from as usize..*to as usize];
        let at = pairs.partition_point(|(other, _)| *other < key);
        found.extend(pairs[at..].iter().take_while(|(other, _)| *other == key).map(|(_, id)| *id));
    }
}

/// FNV-1a over the property and the bytes without those at two places.
fn key_of(property: Property, bytes: &[u8], without: (usize, usize)) -> u32 {
    let mut hash = 0x811c_9dc5_u32 ^ property as u32;
    hash = hash.wrapping_mul(0x0100_0193);
    for (index, byte) in bytes.iter().enumerate() {
        if index != without.0 && index != without.1 {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }
    // The upper bits choose the bucket; FNV mixes them least.
    hash ^ hash.rotate_left(15)
}

const NONE: usize = usize::MAX;

/// The keys of a text with up to `most` letters deleted.
fn deletions(property: Property, text: &str, most: usize, mut use_key: impl FnMut(u32)) {
    let bytes = text.as_bytes();
    use_key(key_of(property, bytes, (NONE, NONE)));
    // No distance is measured between longer words, and their keys would grow with the square of the length.
    let most = if bytes.len() > MAX_DISTANCE_LETTERS { 0 } else { most };
    if most >= 1 {
        (0..bytes.len()).for_each(|first| use_key(key_of(property, bytes, (first, NONE))));
    }
    if most >= 2 {
        for first in 0..bytes.len() {
            (first + 1..bytes.len()).for_each(|second| use_key(key_of(property, bytes, (first, second))));
        }
    }
}

/// All keys under which a word is found, except text and classes.
fn keys_of(form: &Form, mut use_key: impl FnMut(u32)) {
    let length = form.text.len();
    if !form.abjad {
        // The longer word of a pair reaches the limit; the shorter has at most as many letters less as may differ.
        let most = if length >= TWO_LETTERS_FROM { 2 } else { usize::from(length + 1 >= ONE_LETTER_FROM) };
        if most > 0 {
            deletions(Property::Letters, &form.text, most, &mut use_key);
        }
        deletions(Property::Sound, &form.sound, usize::from(form.sound.len() + 1 >= ONE_SOUND_FROM), &mut use_key);
        if form.consonants.len() >= CONSONANTS_FROM {
            use_key(key_of(Property::Consonants, form.consonants.as_bytes(), (NONE, NONE)));
        }
    }
    if form.bare.len() >= UNVOWELLED_FROM {
        deletions(Property::Bare, &form.bare, usize::from(form.bare.len() + 1 >= ONE_SOUND_FROM), &mut use_key);
    }
}

impl Vocabulary {
    /// The number of a word, which is added when it is new.
    pub(crate) fn intern(&mut self, text: &str, abjad: bool) -> WordId {
        let key = if abjad { format!("~{text}") } else { text.to_owned() };
        *self.by_text.entry(key).or_insert_with(|| {
            self.forms.push(Form::new(text, abjad));
            u32::try_from(self.forms.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// To be called once, after the last word.
    pub(crate) fn finish(&mut self) {
        for (id, form) in (0..).zip(&self.forms) {
            for class in &form.classes {
                self.by_class.entry(*class).or_default().push(id);
            }
            keys_of(form, |key| self.by_key.pairs.push((key, id)));
        }
        self.by_key.finish();
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.forms.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// A word by its number.
    pub fn form(&self, id: WordId) -> &Form {
        &self.forms[id as usize]
    }

    /// Every word that is like `form`, by number, with the likeness.
    pub fn like(&self, form: &Form) -> Vec<(WordId, Relation)> {
        let mut found = Vec::new();
        for class in &form.classes {
            found.extend(self.by_class.get(class).into_iter().flatten().copied());
        }
        let key = if form.abjad { format!("~{}", form.text) } else { form.text.clone() };
        found.extend(self.by_text.get(&key));
        keys_of(form, |key| self.by_key.find(key, &mut found));
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|id| Some((id, relate(form, self.form(id))?))).collect()
    }

    /// Every word that is like two words written as one.
    pub fn like_joined(&self, joined: &str) -> Vec<(WordId, Relation)> {
        let mut found: Vec<WordId> = self.by_text.get(joined).copied().into_iter().collect();
        if joined.len() + 1 >= JOINED_ONE_LETTER_FROM {
            deletions(Property::Letters, joined, 1, |key| self.by_key.find(key, &mut found));
        }
        found.sort_unstable();
        found.dedup();
        let relation = |id: WordId| {
            Some(self.form(id)).filter(|form| !form.abjad).and_then(|form| relate_joined(joined, &form.text))
        };
        found.into_iter().filter_map(|id| Some((id, relation(id)?))).collect()
    }
}

impl JoinedWords {
    /// The number of two words written as one, which are added when new.
    pub(crate) fn intern(&mut self, text: String) -> WordId {
        *self.by_text.entry(text).or_insert_with_key(|text| {
            self.texts.push(text.clone());
            u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// To be called once, after the last word.
    pub(crate) fn finish(&mut self) {
        for (id, text) in (0..).zip(&self.texts) {
            if text.len() + 1 >= JOINED_ONE_LETTER_FROM {
                deletions(Property::Letters, text, 1, |key| self.by_key.pairs.push((key, id)));
            }
        }
        self.by_key.finish();
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The text of one.
    pub(crate) fn text(&self, id: WordId) -> &str {
        &self.texts[id as usize]
    }

    /// Every one that is like `word`.
    pub(crate) fn like(&self, word: &str) -> Vec<(WordId, Relation)> {
        let mut found: Vec<WordId> = self.by_text.get(word).copied().into_iter().collect();
        if word.len() + 1 >= JOINED_ONE_LETTER_FROM {
            deletions(Property::Letters, word, 1, |key| self.by_key.find(key, &mut found));
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|id| Some((id, relate_joined(&self.texts[id as usize], word)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_word_of_two_kilobytes_has_few_keys_and_is_found_exactly() {
        let long = "ab".repeat(1_000);
        let mut keys = 0;
        keys_of(&Form::new(&long, false), |_| keys += 1);
        assert!(keys < 10, "{keys} keys");
        let mut vocabulary = Vocabulary::default();
        vocabulary.intern(&long, false);
        vocabulary.finish();
        assert_eq!(vocabulary.like(&Form::new(&long, false)).len(), 1);
        assert_eq!(vocabulary.like_joined(&long).len(), 1);
    }

    proptest! {
        /// Short words over few letters: most pairs are near one another, so that every limit is crossed in both directions.
        #[test]
        fn the_vocabulary_finds_exactly_what_relate_accepts(
            words in proptest::collection::vec(("[abhmsy]{1,11}", proptest::bool::weighted(0.2)), 1..60),
            (asked, abjad) in ("[abhmsy]{1,11}", proptest::bool::weighted(0.2)),
        ) {
            let mut vocabulary = Vocabulary::default();
            let mut joined = JoinedWords::default();
            for (text, abjad) in &words {
                vocabulary.intern(text, *abjad);
                joined.intern(text.clone());
            }
            vocabulary.finish();
            joined.finish();
            let form = Form::new(&asked, abjad);
            let all: Vec<_> = (0..).zip(&vocabulary.forms).filter_map(|(id, other)| Some((id, relate(&form, other)?))).collect();
            prop_assert_eq!(vocabulary.like(&form), all);
            let all: Vec<_> = (0..).zip(&joined.texts).filter_map(|(id, other)| Some((id, relate_joined(other, &asked)?))).collect();
            prop_assert_eq!(joined.like(&asked), all);
            let all: Vec<_> = (0..).zip(&vocabulary.forms).filter(|(_, form)| !form.abjad).filter_map(|(id, other)| Some((id, relate_joined(&asked, &other.text)?))).collect();
            prop_assert_eq!(vocabulary.like_joined(&asked), all);
        }
    }
}
