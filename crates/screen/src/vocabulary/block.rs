//! The words of a vocabulary in one piece of memory, by number.

use super::WordId;
use crate::word::{Form, Word};

/// Words with everything by which they are compared. Each is four texts, one after the other, and a stretch of numbers of classes.
#[derive(Default)]
pub(super) struct Block {
    letters: String,
    /// Of each word, where its text, sound, consonants and bare consonants end.
    ends: Vec<[u32; 4]>,
    classes: Vec<u32>,
    class_ends: Vec<u32>,
    abjad: Vec<bool>,
}

/// Where the last text ends. Whoever fills four gigabytes with different words loses the last of them, and nobody else's.
fn end(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Block {
    pub(super) fn push(&mut self, form: &Form) -> WordId {
        let mut ends = [0; 4];
        for (end_of, text) in ends.iter_mut().zip([&form.text, &form.sound, &form.consonants, &form.bare]) {
            self.letters.push_str(text);
            *end_of = end(self.letters.len());
        }
        self.ends.push(ends);
        self.classes.extend_from_slice(&form.classes);
        self.class_ends.push(end(self.classes.len()));
        self.abjad.push(form.abjad);
        end(self.ends.len() - 1)
    }

    /// Gives back the room for more.
    pub(super) fn finish(&mut self) {
        self.letters.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.classes.shrink_to_fit();
        self.class_ends.shrink_to_fit();
        self.abjad.shrink_to_fit();
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A word by its number.
    pub(super) fn word(&self, id: WordId) -> Word<'_> {
        let at = id as usize;
        let [text, sound, consonants, bare] = self.ends[at].map(|end| end as usize);
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before][3]) as usize;
        let classes = at.checked_sub(1).map_or(0, |before| self.class_ends[before]) as usize;
        Word {
            text: &self.letters[start..text],
            abjad: self.abjad[at],
            sound: &self.letters[text..sound],
            consonants: &self.letters[sound..consonants],
            bare: &self.letters[consonants..bare],
            classes: &self.classes[classes..self.class_ends[at] as usize],
        }
    }

    pub(super) fn words(&self) -> impl Iterator<Item = Word<'_>> {
        (0..self.len()).map(|at| self.word(at as WordId))
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.letters.capacity()
            + size_of_val(&*self.ends)
            + size_of_val(&*self.classes)
            + size_of_val(&*self.class_ends)
            + size_of_val(&*self.abjad)
    }
}
