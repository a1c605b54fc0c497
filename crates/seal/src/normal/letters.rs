//! Letters of Latin, Cyrillic and Greek as plain Latin letters, one table for all languages.
//!
//! Latin and Cyrillic follow ICAO Doc 9303-3 (8th edition), section 6, because that is what stands in the machine-readable
//! zone of passports; Greek follows ISO 843 (ELOT 743) letter by letter. One letter has one transliteration: where states
//! differ (Ukrainian and Russian `г` and `и`), the table takes ICAO's default. Other scripts have no entry and stay as they are:
//! how a Chinese or Arabic name is written in Latin letters depends on the person and cannot be computed.

/// The Latin letters of a decomposed lower-case letter; `None` when the table does not know it.
pub(super) fn latin(letter: char) -> Option<&'static str> {
    const ASCII: &str = "abcdefghijklmnopqrstuvwxyz";
    if letter.is_ascii() {
        let at = ASCII.find(letter)?;
        return ASCII.get(at..=at);
    }
    TABLE.binary_search_by_key(&letter, |(from, _)| *from).ok().and_then(|at| TABLE.get(at)).map(|(_, to)| *to)
}

// INVARIANT: ascending by the first member.
const TABLE: &[(char, &str)] = &[
    ('ß', "ss"),
    ('æ', "ae"),
    ('ð', "d"),
    ('ø', "oe"),
    ('þ', "th"),
    ('đ', "d"),
    ('ħ', "h"),
    ('ı', "i"),
    ('ĸ', "q"),
    ('ł', "l"),
    ('ŋ', "n"),
    ('œ', "oe"),
    ('ŧ', "t"),
    ('ƒ', "f"),
    ('ƙ', "k"),
    ('ƴ', "y"),
    ('ɓ', "b"),
    ('ɔ', "o"),
    ('ɖ', "d"),
    ('ɗ', "d"),
    ('ə', "e"),
    ('ɛ', "e"),
    ('ɲ', "n"),
    ('α', "a"),
    ('β', "v"),
    ('γ', "g"),
    ('δ', "d"),
    ('ε', "e"),
    ('ζ', "z"),
    ('η', "i"),
    ('θ', "th"),
    ('ι', "i"),
    ('κ', "k"),
    ('λ', "l"),
    ('μ', "m"),
    ('ν', "n"),
    ('ξ', "x"),
    ('ο', "o"),
    ('π', "p"),
    ('ρ', "r"),
    ('ς', "s"),
    ('σ', "s"),
    ('τ', "t"),
    ('υ', "y"),
    ('φ', "f"),
    ('χ', "ch"),
    ('ψ', "ps"),
    ('ω', "o"),
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('д', "d"),
    ('е', "e"),
    ('ж', "zh"),
    ('з', "z"),
    ('и', "i"),
    ('к', "k"),
    ('л', "l"),
    ('м', "m"),
    ('н', "n"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('у', "u"),
    ('ф', "f"),
    ('х', "kh"),
    ('ц', "ts"),
    ('ч', "ch"),
    ('ш', "sh"),
    ('щ', "shch"),
    ('ъ', "ie"),
    ('ы', "y"),
    ('ь', ""),
    ('э', "e"),
    ('ю', "iu"),
    ('я', "ia"),
    ('ђ', "d"),
    ('є', "ie"),
    ('ѕ', "dz"),
    ('і', "i"),
    ('ј', "j"),
    ('љ', "lj"),
    ('њ', "nj"),
    ('ћ', "c"),
    ('џ', "dz"),
    ('ґ', "g"),
    ('ғ', "g"),
    ('қ', "k"),
    ('ң', "n"),
    ('ү', "u"),
    ('ұ', "u"),
    ('ҳ', "h"),
    ('ҷ', "j"),
    ('һ', "h"),
    ('ә', "a"),
    ('ө', "o"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn the_table_is_sorted_and_every_entry_can_be_met() {
        assert!(TABLE.is_sorted_by(|(left, _), (right, _)| left < right));
        for (from, to) in TABLE {
            assert_eq!(latin(*from), Some(*to));
            assert!(to.bytes().all(|byte| byte.is_ascii_lowercase()));
            assert!(std::iter::once(*from).nfkd().eq([*from]), "`{from}` is decomposed before the table is asked");
            assert!(from.to_lowercase().eq([*from]), "`{from}` is put into lower case before the table is asked");
        }
    }

    #[test]
    fn ascii_letters_are_themselves_and_nothing_else_is_known() {
        assert_eq!(latin('q'), Some("q"));
        for other in ['Q', '7', ' ', '李', 'ع', 'ש'] {
            assert_eq!(latin(other), None);
        }
    }
}
