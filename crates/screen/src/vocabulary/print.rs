//! A word in 64 bytes, for seeing at once that two words are not alike: nine of ten words that share a key with an asked one are not.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use crate::word::{ONE_LETTER_FROM, ONE_SOUND_FROM, TWO_LETTERS_FROM, Word};

/// Most letters of a text or sound that fit.
const MOST_LETTERS: usize = 16;

/// What [`may_be_alike`] reads of a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Print {
    text: Packed,
    sound: Packed,
    /// Which letters the text has.
    letters: u32,
    consonants: u32,
    classes: u64,
    /// Longer words, and those without short vowels, are always compared.
    whole: bool,
}

/// Up to sixteen bytes, the first in the lowest, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed {
    low: u64,
    high: u64,
    count: u8,
}

impl Packed {
    fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; MOST_LETTERS];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let all = u128::from_le_bytes(bytes);
        Some(Self { low: all as u64, high: (all >> 64) as u64, count: text.len() as u8 })
    }

    fn bytes(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }

    /// Whether at most one letter was put in, taken out, replaced, or two neighbours swapped.
    fn is_one_apart(self, other: Self) -> bool {
        let (longer, shorter) = if self.count >= other.count { (self, other) } else { (other, self) };
        let (one, two) = (longer.bytes(), shorter.bytes());
        let same = ((one ^ two).trailing_zeros() / 8) * 8;
        let after = |bytes: u128, letters: u32| bytes.checked_shr(same + 8 * letters).unwrap_or(0);
        match longer.count - shorter.count {
            0 => {
                let swapped = || {
                    let (one, two) = (after(one, 0), after(two, 0));
                    one & 0xff == two >> 8 & 0xff && two & 0xff == one >> 8 & 0xff
                };
                after(one, 1) == after(two, 1) || (after(one, 2) == after(two, 2) && swapped())
            }
            1 => after(one, 1) == after(two, 0),
            _ => false,
        }
    }
}

fn bits_of(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |bits, byte| bits | 1 << (byte % 32))
}

impl Print {
    pub(super) fn new(word: Word<'_>) -> Self {
        let (text, sound) = (Packed::new(word.text), Packed::new(word.sound));
        let none = Packed { low: 0, high: 0, count: 0 };
        Self {
            whole: text.is_some() && sound.is_some() && !word.abjad,
            text: text.unwrap_or(none),
            sound: sound.unwrap_or(none),
            letters: bits_of(word.text.as_bytes()),
            consonants: BuildHasherDefault::<DefaultHasher>::default().hash_one(word.consonants) as u32,
            classes: word.classes.iter().fold(0, |bits, class| bits | 1 << (class % 64)),
        }
    }
}

/// False only for two words to which `relate` answers `None`.
pub(super) fn may_be_alike(one: &Print, other: &Print) -> bool {
    if !one.whole || !other.whole || one.classes & other.classes != 0 {
        return true;
    }
    let shortest = usize::from(one.text.count.min(other.text.count));
    let longest = usize::from(one.text.count.max(other.text.count));
    // Each letter put in or taken out changes at most one bit, each one replaced at most two.
    let two_apart =
        || longest - shortest <= 2 && (one.letters ^ other.letters).count_ones() as usize <= 4 - (longest - shortest);
    one.text == other.text
        || one.sound == other.sound
        || one.consonants == other.consonants
        || (longest >= ONE_LETTER_FROM && one.text.is_one_apart(other.text))
        || (usize::from(one.sound.count.max(other.sound.count)) >= ONE_SOUND_FROM
            && one.sound.is_one_apart(other.sound))
        || (shortest >= TWO_LETTERS_FROM && two_apart())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::distance;
    use crate::word::{Form, relate};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_two_words_that_are_alike_are_told_apart(
            (one, other) in ("[abhmsy]{1,18}", "[abhmsy]{1,18}"),
            changes in proptest::collection::vec((0_usize..18, "[a-z]{0,2}"), 0..3),
            (left, right) in (proptest::bool::weighted(0.1), proptest::bool::weighted(0.1)),
        ) {
            let mut near = one.clone();
            for (at, letters) in changes {
                let at = at % near.len().max(1);
                near.replace_range(at..(at + 1).min(near.len()), &letters);
            }
            for other in [other, near] {
                let (one, other) = (Form::new(&one, left), Form::new(&other, right));
                if !other.text.is_empty() && relate(one.word(), other.word()).is_some() {
                    prop_assert!(may_be_alike(&Print::new(one.word()), &Print::new(other.word())));
                }
                if let (Some(l), Some(r)) = (Packed::new(&one.text), Packed::new(&other.text)) {
                    prop_assert_eq!(l.is_one_apart(r), other.text.is_empty() && one.text.len() == 1 || distance(&one.text, &other.text, 1).is_some());
                }
            }
        }
    }
}
