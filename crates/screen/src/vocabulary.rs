//! The distinct words of the lists, and a fast way to those that are like a given word.
//!
//! Words meet by text, name class, phonetic form, consonants, or a common form with letters deleted: if two words are at most d insertions,
//! deletions, replacements or swaps apart, then deleting at most d letters of each leaves the same text (T. Bocek, E. Hunt, B. Stiller,
//! "Fast similarity search in large dictionaries", 2007). What meets is compared by [`relate`], which alone decides.

mod print;

use std::collections::HashMap;

use self::print::{Print, may_be_alike};
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
    prints: Vec<Print>,
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

/// Numbers by hashed key: sorted pairs, and where each value of the upper sixteen bits starts. Most keys of a word that no list has are
/// nobody's: one bit for each value of the upper bits says so before anything else is read.
#[derive(Default)]
struct Keys {
    pairs: Vec<(u32, WordId)>,
    starts: Vec<u32>,
    bits: Vec<u64>,
    /// How many lower bits of a key its place in `bits` leaves out.
    shift: u32,
}

/// Keys that most words have at most.
const MANY_KEYS: usize = 128;

/// Bits for each key: about one key in so many is looked up in vain.
const BITS_PER_KEY: usize = 12;

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
        let places = (self.pairs.len() * BITS_PER_KEY).next_power_of_two().clamp(64, 1 << 31);
        self.shift = u32::BITS - places.trailing_zeros();
        self.bits = vec![0; places / 64];
        for (key, _) in &self.pairs {
            let place = key >> self.shift;
            self.bits[(place / 64) as usize] |= 1 << (place % 64);
        }
    }

    /// The numbers with one of these keys, ascending.
    fn find_all(&self, mut keys: Vec<u32>, mut found: Vec<WordId>) -> Vec<WordId> {
        keys.retain(|key| self.may_have(*key));
        keys.iter().for_each(|key| found.extend(self.find(*key)));
        found.sort_unstable();
        found.dedup();
        found
    }

    fn find(&self, key: u32) -> impl Iterator<Item = WordId> {
        self.pairs_since(key).iter().take_while(move |(other, _)| *other == key).map(|(_, id)| *id)
    }

    /// Whether it is worth looking.
    fn may_have(&self, key: u32) -> bool {
        let place = key >> self.shift;
        self.bits.get((place / 64) as usize).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }

    /// The pairs from this key on, to the end of its bucket.
    fn pairs_since(&self, key: u32) -> &[(u32, WordId)] {
        let bucket = (key >> 16) as usize;
        let (Some(from), Some(to)) = (self.starts.get(bucket), self.starts.get(bucket + 1)) else { return &[] };
        let pairs = &self.pairs[*from as usize..*to as usize];
        &pairs[pairs.partition_point(|(other, _)| *other < key)..]
    }
}

/// Base of the hash, odd: a text is a number in this base, modulo 2^64, so that taking out a letter takes one multiplication.
const BASE: u64 = 0x0000_0100_0000_01b3;

/// The hash of a text and the property it stands for, mixed so that the upper bits choose well.
fn key_of(property: Property, hash: u64) -> u32 {
    let mixed = (hash ^ ((property as u64) << 56)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32) as u32
}

fn hash_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |hash: u64, byte| hash.wrapping_mul(BASE).wrapping_add(u64::from(*byte)))
}

/// The keys of a text with up to `most` letters deleted.
fn deletions(property: Property, text: &str, most: usize, mut use_key: impl FnMut(u32)) {
    let bytes = text.as_bytes();
    let whole = hash_of(bytes);
    use_key(key_of(property, whole));
    // No distance is measured between longer words, and their keys would grow with the square of the length.
    if most == 0 || bytes.len() > MAX_DISTANCE_LETTERS {
        return;
    }
    // What the hash gains when this letter is the only one, or the first of two, that is taken out.
    let (mut alone, mut first) = ([0_u64; MAX_DISTANCE_LETTERS], [0_u64; MAX_DISTANCE_LETTERS]);
    let mut before = 0_u64;
    for (change, byte) in alone.iter_mut().zip(bytes) {
        let with = before.wrapping_mul(BASE).wrapping_add(u64::from(*byte));
        *change = before.wrapping_sub(with);
        before = with;
    }
    let (mut power, mut power_without) = (1_u64, 0_u64);
    for (change, first) in alone.iter_mut().zip(&mut first).take(bytes.len()).rev() {
        *first = change.wrapping_mul(power_without);
        *change = change.wrapping_mul(power);
        (power_without, power) = (power, power.wrapping_mul(BASE));
    }
    let (alone, first) = (&alone[..bytes.len()], &first[..bytes.len()]);
    alone.iter().for_each(|change| use_key(key_of(property, whole.wrapping_add(*change))));
    if most >= 2 {
        for (at, one) in first.iter().enumerate() {
            let hash = whole.wrapping_add(*one);
            alone[at + 1..].iter().for_each(|other| use_key(key_of(property, hash.wrapping_add(*other))));
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
            use_key(key_of(Property::Consonants, hash_of(form.consonants.as_bytes())));
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
        self.prints = self.forms.iter().map(Print::new).collect();
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
        let mut keys = Vec::with_capacity(MANY_KEYS);
        keys_of(form, |key| keys.push(key));
        let print = Print::new(form);
        let mut found = self.by_key.find_all(keys, found);
        found.retain(|id| may_be_alike(&print, &self.prints[*id as usize]));
        found.into_iter().filter_map(|id| Some((id, relate(form, self.form(id))?))).collect()
    }

    /// Every word that is like two words written as one.
    pub fn like_joined(&self, joined: &str) -> Vec<(WordId, Relation)> {
        let found = self.by_text.get(joined).copied().into_iter().collect();
        let mut keys = Vec::with_capacity(joined.len() + 1);
        if joined.len() + 1 >= JOINED_ONE_LETTER_FROM {
            deletions(Property::Letters, joined, 1, |key| keys.push(key));
        }
        let found = self.by_key.find_all(keys, found);
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
        let found = self.by_text.get(word).copied().into_iter().collect();
        let mut keys = Vec::with_capacity(word.len() + 1);
        if word.len() + 1 >= JOINED_ONE_LETTER_FROM {
            deletions(Property::Letters, word, 1, |key| keys.push(key));
        }
        let found = self.by_key.find_all(keys, found);
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
        #[test]
        fn a_key_without_letters_is_that_of_the_text_without_them(text in "[a-z0-9]{1,12}") {
            let mut keys = Vec::new();
            deletions(Property::Letters, &text, 2, |key| keys.push(key));
            let key = |skip: &[usize]| {
                let rest: Vec<u8> = text.bytes().enumerate().filter(|(at, _)| !skip.contains(at)).map(|(_, byte)| byte).collect();
                key_of(Property::Letters, hash_of(&rest))
            };
            let mut expected = vec![key(&[])];
            expected.extend((0..text.len()).map(|one| key(&[one])));
            expected.extend((0..text.len()).flat_map(|one| (one + 1..text.len()).map(move |other| (one, other))).map(|(one, other)| key(&[one, other])));
            prop_assert_eq!(keys, expected);
        }

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
