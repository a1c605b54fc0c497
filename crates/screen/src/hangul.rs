//! Two names in Korean letters, syllable by syllable. Latin letters tell `영호` and `용호` apart no better than two spellings of one name; in its
//! own script a name has one spelling, so a syllable that differs there speaks against a match.

use unicode_normalization::UnicodeNormalization;

const FIRST: u32 = 0xac00;
const LAST: u32 = 0xd7a3;
/// Syllables that begin with the same consonant.
const PER_INITIAL: u32 = 588;
/// Initial ㄴ and ㄹ become ㅇ, or ㄹ becomes ㄴ, in the South and stay in the North: `리`/`이`, `로`/`노`, `려`/`여`.
const INITIAL_N: u32 = 2;
const INITIAL_R: u32 = 5;
const INITIAL_NONE: u32 = 11;

/// The syllables of a name that is written in them and in nothing else, in order of their code; northern and southern spellings are one.
pub(crate) fn syllables(name: &str) -> Option<Vec<u32>> {
    let mut found = Vec::new();
    for char in name.nfc().filter(|char| char.is_alphabetic()) {
        let code = u32::from(char);
        if !(FIRST..=LAST).contains(&code) {
            return None;
        }
        let (initial, rest) = ((code - FIRST) / PER_INITIAL, (code - FIRST) % PER_INITIAL);
        let initial = if matches!(initial, INITIAL_N | INITIAL_R) { INITIAL_NONE } else { initial };
        found.push(initial * PER_INITIAL + rest);
    }
    found.sort_unstable();
    (found.len() > 1).then_some(found)
}

/// Share of the shorter name's syllables that the other has, too. Both come from [`syllables`].
pub(crate) fn shared(one: &[u32], other: &[u32]) -> f32 {
    let (mut left, mut right, mut common) = (one.iter().peekable(), other.iter().peekable(), 0_u16);
    while let (Some(l), Some(r)) = (left.peek(), right.peek()) {
        match l.cmp(r) {
            std::cmp::Ordering::Less => drop(left.next()),
            std::cmp::Ordering::Greater => drop(right.next()),
            std::cmp::Ordering::Equal => {
                common += 1;
                left.next();
                right.next();
            }
        }
    }
    f32::from(common) / one.len().min(other.len()).max(1) as f32
}

/// What the score of two names is multiplied by that share so much: half of it rests on the syllables.
pub(crate) fn factor(shared: f32) -> f32 {
    0.5 + 0.5 * shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(one: &str, other: &str) -> Option<f32> {
        Some(shared(&syllables(one)?, &syllables(other)?))
    }

    #[test]
    fn order_spaces_and_the_two_states_do_not_count_and_other_syllables_do() {
        assert_eq!(share("최용호", "용호 최"), Some(1.0));
        assert_eq!(share("리영호", "이영호"), Some(1.0));
        assert_eq!(share("로동신", "노동신"), Some(1.0));
        assert_eq!(share("려철수", "여철수"), Some(1.0));
        assert_eq!(share("최용호", "영호 최"), Some(2.0 / 3.0));
        assert_eq!(share("김춘섭", "준서 김"), Some(1.0 / 3.0));
        assert_eq!(share("김성수", "성수 은지 김"), Some(1.0), "what one has alone is no difference of spelling");
        assert_eq!(share("김철철", "김철수"), Some(2.0 / 3.0), "a syllable counts as often as it stands there");
        assert_eq!(share("박철", "최영"), Some(0.0));
        let decomposed: String = "최용호".nfd().collect();
        assert_eq!(share(&decomposed, "최용호"), Some(1.0));
    }

    #[test]
    fn names_in_other_letters_are_not_compared_so() {
        for name in ["Choe Yong-ho", "최 Yong-ho", "崔龍虎", "김", "", "77"] {
            assert_eq!(syllables(name), None, "{name}");
        }
    }
}
