//! Words by hashed properties of theirs.

use super::WordId;
use crate::sound::MAX_DISTANCE_LETTERS;
use crate::word::{
    CONSONANTS_FROM, JOINED_ONE_LETTER_FROM, ONE_LETTER_FROM, ONE_SOUND_FROM, TWO_LETTERS_FROM, UNVOWELLED_FROM, Word,
};

/// Bits for each key: about one key in so many is looked up in vain.
const BITS_PER_KEY: usize = 12;

/// Numbers by hashed key, ascending: where each value of the upper sixteen bits starts, and the lower sixteen beside the number. Most keys of
/// a word that no list has are nobody's: one bit for each value of the upper bits says so before anything else is read.
#[derive(Default)]
pub(super) struct Keys {
    starts: Box<[u32]>,
    lower: Box<[u16]>,
    numbers: Box<[WordId]>,
    bits: Box<[u64]>,
    /// How many lower bits of a key its place in `bits` leaves out.
    shift: u32,
}

impl Keys {
    pub(super) fn new(mut pairs: Vec<(u32, WordId)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0; 65_537];
        for (key, _) in &pairs {
            starts[(key >> 16) as usize + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let places = (pairs.len() * BITS_PER_KEY).next_power_of_two().clamp(64, 1 << 31);
        let shift = u32::BITS - places.trailing_zeros();
        let mut bits = vec![0_u64; places / 64];
        for (key, _) in &pairs {
            let place = key >> shift;
            bits[(place / 64) as usize] |= 1 << (place % 64);
        }
        Self {
            starts: starts.into(),
            lower: pairs.iter().map(|(key, _)| *key as u16).collect(),
            numbers: pairs.iter().map(|(_, number)| *number).collect(),
            bits: bits.into(),
            shift,
        }
    }

    /// Adds the numbers with one of these keys to those found, and puts all in order, each once.
    pub(super) fn find_all(&self, mut keys: Vec<u32>, found: &mut Vec<WordId>) {
        keys.retain(|key| self.may_have(*key));
        keys.iter().for_each(|key| found.extend_from_slice(self.find(*key)));
        found.sort_unstable();
        found.dedup();
    }

    fn find(&self, key: u32) -> &[WordId] {
        let (bucket, lower) = ((key >> 16) as usize, key as u16);
        let (Some(from), Some(to)) = (self.starts.get(bucket), self.starts.get(bucket + 1)) else { return &[] };
        let (from, to) = (*from as usize, *to as usize);
        let first = from + self.lower[from..to].partition_point(|other| *other < lower);
        let count = self.lower[first..to].iter().take_while(|other| **other == lower).count();
        &self.numbers[first..first + count]
    }

    /// Whether it is worth looking.
    fn may_have(&self, key: u32) -> bool {
        let place = key >> self.shift;
        self.bits.get((place / 64) as usize).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.lower) + size_of_val(&*self.numbers) + size_of_val(&*self.bits)
    }
}

/// Which property of a word a key is made of.
#[derive(Clone, Copy)]
enum Property {
    Letters = 1,
    Sound = 2,
    Consonants = 3,
    /// Of a word with vowels.
    Bare = 4,
    Class = 5,
    /// The whole text of a word that has no key of its letters.
    Short = 6,
    /// Bare consonants of a word of a script without vowels.
    BareAbjad = 7,
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

/// The key of a text that has none of its letters.
fn short_key(text: &str) -> u32 {
    key_of(Property::Short, hash_of(text.as_bytes()))
}

/// The keys under which a word of the vocabulary is found for two that are written as one.
pub(super) fn joined_keys(joined: &str, mut use_key: impl FnMut(u32)) {
    if joined.len() + 1 >= ONE_LETTER_FROM {
        deletions(Property::Letters, joined, usize::from(joined.len() + 1 >= JOINED_ONE_LETTER_FROM), use_key);
    } else {
        use_key(short_key(joined));
    }
}

/// The keys under which a listed word is found: each word that is like it has one of them among its [`asked_keys`].
pub(super) fn listed_keys(word: Word<'_>, mut use_key: impl FnMut(u32)) {
    keys_of(word, &mut use_key);
    bare_keys(word, if word.abjad { Property::BareAbjad } else { Property::Bare }, use_key);
}

/// The keys by which listed words that are like `word` are found. Bare consonants are compared only where one of the two words has no vowels.
pub(super) fn asked_keys(word: Word<'_>, mut use_key: impl FnMut(u32)) {
    keys_of(word, &mut use_key);
    bare_keys(word, Property::BareAbjad, &mut use_key);
    if word.abjad {
        bare_keys(word, Property::Bare, use_key);
    }
}

fn bare_keys(word: Word<'_>, property: Property, use_key: impl FnMut(u32)) {
    if word.bare.len() >= UNVOWELLED_FROM {
        deletions(property, word.bare, usize::from(word.bare.len() + 1 >= ONE_SOUND_FROM), use_key);
    }
}

/// All other keys of a word.
fn keys_of(word: Word<'_>, mut use_key: impl FnMut(u32)) {
    let length = word.text.len();
    // The longer word of a pair reaches the limit; the shorter has at most as many letters less as may differ.
    let most = match length {
        _ if word.abjad => 0,
        TWO_LETTERS_FROM.. => 2,
        _ => usize::from(length + 1 >= ONE_LETTER_FROM),
    };
    if most > 0 {
        deletions(Property::Letters, word.text, most, &mut use_key);
    } else {
        use_key(short_key(word.text));
    }
    word.classes.iter().for_each(|class| use_key(key_of(Property::Class, u64::from(*class))));
    if !word.abjad {
        deletions(Property::Sound, word.sound, usize::from(word.sound.len() + 1 >= ONE_SOUND_FROM), &mut use_key);
        if word.consonants.len() >= CONSONANTS_FROM {
            use_key(key_of(Property::Consonants, hash_of(word.consonants.as_bytes())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    }
}
