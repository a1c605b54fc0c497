//! How a word sounds, for comparing spellings: a phonetic form with vowels in three classes, and its consonants alone.

/// The phonetic form of a word of `a-z0-9`. `mohammed` and `mohamed` are one, `sergey` and `sergei` are one.
///
/// Where no short vowels are written (`abjad`), an opening `y` is always a consonant.
pub fn phonetic(word: &str, abjad: bool) -> String {
    let bytes = word.as_bytes();
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let (sound, taken): (&[u8], usize) = match rest {
            [b's', b'h', b'c', b'h', ..] => (b"s", 4),
            [b't', b's', b'c', b'h', ..] => (b"C", 4),
            [b'd', b's', b'c', b'h', ..] => (b"J", 4),
            [b's', b'c', b'h', ..] | [b's', b't', b's', ..] => (b"s", 3),
            [b't', b'c', b'h', ..] => (b"C", 3),
            [b'd', b'z', b'h', ..] => (b"J", 3),
            [b'c', b'h', ..] => (b"C", 2),
            [b's', b'h', ..] | [b't', b's', ..] | [b't', b'z', ..] => (b"s", 2),
            [b'z', b'h', ..] => (b"z", 2),
            [b'd', b'j', ..] => (b"J", 2),
            [b'k', b'h', ..] => (b"h", 2),
            [b'g', b'h', ..] => (b"g", 2),
            [b'p', b'h', ..] => (b"f", 2),
            [b't', b'h', ..] => (b"t", 2),
            [b'd', b'h', ..] => (b"d", 2),
            [b'c', b'k', ..] | [b'q', b'u', ..] => (b"k", 2),
            [b'c', b'e' | b'i' | b'y', ..] => (b"s", 1),
            [b'c' | b'q', ..] => (b"k", 1),
            [b'j', ..] => (b"J", 1),
            [b'w', ..] => (b"v", 1),
            [b'x', ..] => (b"ks", 1),
            [b'a', b'e' | b'i' | b'y', ..] | [b'e', b'i' | b'y' | b'e', ..] | [b'i', b'y' | b'e' | b'j', ..] => {
                (b"i", 2)
            }
            [b'o', b'e' | b'u' | b'o', ..] | [b'u', b'e', ..] => (b"u", 2),
            [b'e' | b'i', ..] => (b"i", 1),
            [b'y', ..] if at == 0 && abjad => (b"y", 1),
            [b'y', b'a' | b'e' | b'i' | b'o' | b'u', ..] if at == 0 => (b"y", 1),
            [b'y', ..] => (b"i", 1),
            [b'o' | b'u', ..] => (b"u", 1),
            _ => (std::slice::from_ref(&byte), 1),
        };
        for sound in sound {
            if out.last() != Some(sound) {
                out.push(*sound);
            }
        }
        at += taken;
    }
    if out.len() > 2 && out.last() == Some(&b'h') && out.get(out.len() - 2).is_some_and(|byte| is_vowel(*byte)) {
        out.pop();
    }
    out.into_iter().map(char::from).collect()
}

/// The consonants of a phonetic form; an opening vowel is `A`. Where vowels are not written, `w` and `y` inside a word stand for vowels.
pub fn skeleton(phonetic: &str, abjad: bool) -> String {
    let mut out = String::with_capacity(phonetic.len());
    for (index, char) in phonetic.chars().enumerate() {
        match char {
            'a' | 'i' | 'u' if index == 0 => out.push('A'),
            'a' | 'i' | 'u' => {}
            'y' | 'v' if abjad && index > 0 => {}
            'z' => out.push('s'),
            'g' => out.push('k'),
            other => out.push(other),
        }
    }
    out
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'i' | b'u')
}

/// Longest word, in letters, that is compared by [`distance`].
pub const MAX_DISTANCE_LETTERS: usize = 64;

/// Optimal string alignment distance (insert, delete, replace, swap neighbours); `None` above `most` or for words over 64 letters.
///
/// Letters that both words open or end with change nothing and go first; what is left when one letter differs is so short that it is seen
/// at once. Else H. Hyyro, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", 2003.
pub fn distance(left: &str, right: &str, most: usize) -> Option<usize> {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len().abs_diff(right.len()) > most
        || left.is_empty()
        || left.len() > MAX_DISTANCE_LETTERS
        || right.len() > MAX_DISTANCE_LETTERS
    {
        return None;
    }
    let found = match trimmed(left, right) {
        ([], rest) | (rest, []) => rest.len(),
        ([_], [_]) => 1,
        ([one, two], [other, next]) if one == next && two == other => 1,
        _ if most < 2 => return None,
        (left, right) => by_bits(left, right),
    };
    (found <= most).then_some(found)
}

/// Both without the letters that they open or end with together.
fn trimmed<'a>(mut left: &'a [u8], mut right: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    while let ([one, left_rest @ ..], [other, right_rest @ ..]) = (left, right)
        && one == other
    {
        (left, right) = (left_rest, right_rest);
    }
    while let ([left_rest @ .., one], [right_rest @ .., other]) = (left, right)
        && one == other
    {
        (left, right) = (left_rest, right_rest);
    }
    (left, right)
}

/// The distance of two words of 1 to 64 letters.
fn by_bits(left: &[u8], right: &[u8]) -> usize {
    let last = 1_u64 << (left.len() - 1);
    let mut found = left.len();
    let (mut vertical_plus, mut vertical_minus, mut diagonal, mut before) = (u64::MAX, 0_u64, 0_u64, 0_u64);
    for letter in right {
        let here = left.iter().enumerate().fold(0, |mask, (bit, other)| mask | (u64::from(other == letter) << bit));
        let swapped = ((!diagonal & here) << 1) & before;
        diagonal =
            ((here & vertical_plus).wrapping_add(vertical_plus) ^ vertical_plus) | here | vertical_minus | swapped;
        let mut plus = vertical_minus | !(diagonal | vertical_plus);
        let mut minus = diagonal & vertical_plus;
        found += usize::from(plus & last != 0);
        found -= usize::from(minus & last != 0);
        plus = (plus << 1) | 1;
        minus <<= 1;
        vertical_plus = minus | !(diagonal | plus);
        vertical_minus = plus & diagonal;
        before = here;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sounds(word: &str) -> (String, String) {
        (phonetic(word, false), skeleton(&phonetic(word, false), false))
    }

    #[test]
    fn spellings_of_one_name_sound_alike() {
        for (left, right) in [
            ("mohammed", "mohamed"),
            ("sergey", "sergei"),
            ("lavrov", "lawrow"),
            ("mueller", "muller"),
            ("abdulla", "abdullah"),
            ("khalid", "halid"),
            ("chagaev", "tschagaew"),
            ("dmitry", "dmitriy"),
            ("yusuf", "yousef"),
        ] {
            assert_eq!(sounds(left).1, sounds(right).1, "{left} {right}");
        }
        assert_eq!(phonetic("sergey", false), phonetic("sergei", false));
        assert_ne!(phonetic("karim", false), phonetic("akram", false));
        assert_ne!(sounds("karim").1, sounds("akram").1);
    }

    #[test]
    fn words_without_vowels_meet_their_full_spelling() {
        for (written, full) in [
            ("mhmd", "muhammad"),
            ("yasyn", "yasin"),
            ("wlyd", "walid"),
            ("anwr", "anwar"),
            ("aly", "ali"),
            ("ywsf", "yusuf"),
        ] {
            assert_eq!(
                skeleton(&phonetic(written, true), true),
                skeleton(&phonetic(full, false), true),
                "{written} {full}"
            );
        }
    }

    fn slow(left: &[u8], right: &[u8]) -> usize {
        let mut table = vec![vec![0; right.len() + 1]; left.len() + 1];
        for i in 0..=left.len() {
            for j in 0..=right.len() {
                table[i][j] = match (i, j) {
                    (0, _) | (_, 0) => i + j,
                    _ => {
                        let mut best = (table[i - 1][j] + 1)
                            .min(table[i][j - 1] + 1)
                            .min(table[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]));
                        if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                            best = best.min(table[i - 2][j - 2] + 1);
                        }
                        best
                    }
                };
            }
        }
        table[left.len()][right.len()]
    }

    proptest::proptest! {
        #[test]
        fn distance_is_that_of_the_textbook(left in "[abc]{1,9}", right in "[abc]{1,9}") {
            let expected = slow(left.as_bytes(), right.as_bytes());
            proptest::prop_assert_eq!(distance(&left, &right, 20), Some(expected));
            for most in 0..3 {
                proptest::prop_assert_eq!(distance(&left, &right, most), (expected <= most).then_some(expected));
            }
        }
    }
}
