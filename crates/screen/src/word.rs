//! How alike two words are. The one definition: the vocabulary finds exactly the words for which [`relate`] answers, only faster.

use serde::{Deserialize, Serialize};

use crate::class;
use crate::sound::{distance, phonetic, skeleton};

/// A word with everything by which it is compared, wherever that is kept.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    /// `a-z0-9`.
    pub text: &'a str,
    /// From a script that writes no short vowels.
    pub abjad: bool,
    pub(crate) sound: &'a str,
    pub(crate) consonants: &'a str,
    pub(crate) bare: &'a str,
    pub(crate) classes: &'a [u32],
}

/// As [`Word`], kept by itself.
#[derive(Clone, Debug)]
pub struct Form {
    /// `a-z0-9`.
    pub text: String,
    /// From a script that writes no short vowels.
    pub abjad: bool,
    pub(crate) sound: String,
    pub(crate) consonants: String,
    /// As `consonants`, for comparing with scripts that write no short vowels.
    pub(crate) bare: String,
    pub(crate) classes: Vec<u32>,
}

/// Why two words are taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// Letter by letter.
    Exact,
    /// Names of one class, such as `sergey` and `serhiy`.
    NameClass,
    /// They sound alike.
    Sound,
    /// One letter differs.
    OneLetter,
    /// Two letters of a long word differ.
    TwoLetters,
    /// The same consonants.
    Consonants,
    /// The same consonants as a word of a script without vowels.
    Unvowelled,
    /// One sound differs.
    OneSound,
    /// Two words on one side are written as one on the other.
    Joined,
    /// A letter for a word.
    Initial,
}

/// How alike, and why.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// Above 0, at most 1.
    pub likeness: f32,
    /// The strongest reason.
    pub kind: Likeness,
}

impl Form {
    /// Prepares a word.
    pub fn new(text: &str, abjad: bool) -> Self {
        let sound = phonetic(text, abjad);
        let key = if abjad { format!("~{text}") } else { text.to_owned() };
        Self {
            consonants: skeleton(&sound, false),
            bare: skeleton(&sound, true),
            classes: class::classes_of(&key),
            text: text.to_owned(),
            sound,
            abjad,
        }
    }

    /// To be compared.
    pub fn word(&self) -> Word<'_> {
        Word {
            text: &self.text,
            abjad: self.abjad,
            sound: &self.sound,
            consonants: &self.consonants,
            bare: &self.bare,
            classes: &self.classes,
        }
    }
}

/// Shortest words of which one letter may differ.
pub(crate) const ONE_LETTER_FROM: usize = 4;
/// Shortest words of which two letters may differ.
pub(crate) const TWO_LETTERS_FROM: usize = 8;
/// Shortest phonetic forms of which one sound may differ.
pub(crate) const ONE_SOUND_FROM: usize = 5;
/// Fewest consonants that are compared alone.
pub(crate) const CONSONANTS_FROM: usize = 3;
/// Fewest consonants that are compared with a script without vowels.
pub(crate) const UNVOWELLED_FROM: usize = 2;

/// Longest word that may be a syllable of a Chinese or Korean name.
const LONGEST_SYLLABLE: usize = 5;

/// How alike two words are, or `None` when they are not.
pub fn relate(left: Word<'_>, right: Word<'_>) -> Option<Relation> {
    let mut best: Option<Relation> = None;
    let mut offer = |likeness: f32, kind: Likeness| {
        if best.is_none_or(|best| best.likeness < likeness) {
            best = Some(Relation { likeness, kind });
        }
    };
    if left.text == right.text && left.abjad == right.abjad {
        return Some(Relation { likeness: 1.0, kind: Likeness::Exact });
    }
    let longest = left.text.len().max(right.text.len());
    let shortest = left.text.len().min(right.text.len());
    if share(left.classes, right.classes) {
        // Syllables of Chinese and Korean names stand in classes with whatever is written with the same sign somewhere.
        let by_sign =
            longest <= LONGEST_SYLLABLE && !left.abjad && !right.abjad && distance(left.text, right.text, 1).is_none();
        offer(if by_sign { 0.6 } else { 0.94 }, Likeness::NameClass);
    }
    if left.abjad || right.abjad {
        if left.bare == right.bare && left.bare.len() >= UNVOWELLED_FROM {
            offer(if left.bare.len() > 2 { 0.9 } else { 0.8 }, Likeness::Unvowelled);
        } else if left.bare.len().max(right.bare.len()) >= ONE_SOUND_FROM
            && distance(left.bare, right.bare, 1).is_some()
        {
            offer(0.76, Likeness::OneSound);
        }
        return best;
    }
    if longest >= 3 && left.sound == right.sound {
        offer(0.95, Likeness::Sound);
    }
    let same_start = left.text.as_bytes().first() == right.text.as_bytes().first();
    let most = if shortest >= TWO_LETTERS_FROM { 2 } else { 1 };
    if longest >= ONE_LETTER_FROM {
        match distance(left.text, right.text, most) {
            Some(1) => {
                let likeness = match longest {
                    4 => 0.74,
                    5 => 0.82,
                    6 => 0.88,
                    7 => 0.9,
                    _ => 0.92,
                };
                offer(if same_start { likeness } else { likeness - 0.06 }, Likeness::OneLetter);
            }
            Some(2) => offer(if longest >= 10 { 0.85 } else { 0.8 }, Likeness::TwoLetters),
            _ => {}
        }
    }
    if left.consonants == right.consonants && left.consonants.len() >= CONSONANTS_FROM {
        offer(if left.consonants.len() > 3 { 0.87 } else { 0.82 }, Likeness::Consonants);
    }
    let sounds = left.sound.len().max(right.sound.len());
    if sounds >= ONE_SOUND_FROM && distance(left.sound, right.sound, 1).is_some() {
        offer(if sounds > 6 { 0.85 } else { 0.78 }, Likeness::OneSound);
    }
    best
}

/// Shortest joined words of which one letter may differ.
pub(crate) const JOINED_ONE_LETTER_FROM: usize = 6;

/// How alike a word is to two words written as one.
pub fn relate_joined(joined: &str, word: &str) -> Option<Relation> {
    let likeness = if joined == word {
        0.97
    } else if joined.len().max(word.len()) >= JOINED_ONE_LETTER_FROM && distance(joined, word, 1).is_some() {
        0.9
    } else {
        return None;
    };
    Some(Relation { likeness, kind: Likeness::Joined })
}

fn share(left: &[u32], right: &[u32]) -> bool {
    let (mut l, mut r) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(one), Some(other)) = (l.peek(), r.peek()) {
        match one.cmp(other) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => drop(l.next()),
            std::cmp::Ordering::Greater => drop(r.next()),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn related(left: &str, right: &str) -> Option<Likeness> {
        relate(Form::new(left, false).word(), Form::new(right, false).word()).map(|relation| relation.kind)
    }

    #[test]
    fn reasons() {
        assert_eq!(related("lavrov", "lavrov"), Some(Likeness::Exact));
        assert_eq!(related("sergey", "serhiy"), Some(Likeness::NameClass));
        assert_eq!(related("zarqawi", "zarqawy"), Some(Likeness::Sound));
        assert_eq!(related("zarkawi", "zarqavvi"), Some(Likeness::Sound));
        assert_eq!(related("patrushev", "patrushef"), Some(Likeness::OneLetter));
        assert_eq!(related("patrushev", "patrsuhef"), Some(Likeness::TwoLetters));
        assert_eq!(related("qadhafi", "gaddafi"), Some(Likeness::Consonants));
        assert_eq!(related("tiv", "tuv"), None);
        assert_eq!(related("olaf", "octavian"), None);
    }

    #[test]
    fn a_script_without_vowels() {
        let relation = relate(Form::new("zwahry", true).word(), Form::new("zawahiri", false).word());
        assert!(relation.is_some_and(|relation| relation.likeness >= 0.9), "{relation:?}");
        assert!(
            relate(Form::new("mhmd", true).word(), Form::new("mahdi", false).word())
                .is_none_or(|relation| relation.likeness < 0.9)
        );
    }

    proptest::proptest! {
        #[test]
        fn likeness_has_no_direction(left in "[a-e]{1,9}", right in "[a-e]{1,9}", l: bool, r: bool) {
            let (left, right) = (Form::new(&left, l), Form::new(&right, r));
            let (one, other) = (relate(left.word(), right.word()), relate(right.word(), left.word()));
            proptest::prop_assert_eq!(one, other);
        }
    }
}
