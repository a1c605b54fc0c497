//! Names: the words of all parts, in Latin letters without accents where the table knows the letter, sorted.

use super::letters::latin;
use super::{CONTROL, is_dash, is_invisible, is_mark};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

pub(super) fn normal(names: &[&str], birth: &str) -> Result<Zeroizing<String>, &'static str> {
    let birth = birth.trim();
    if !is_birth_date(birth) {
        return Err("needs a birth date like 1980-02-29");
    }
    let mut words: Vec<Zeroizing<String>> = Vec::new();
    for name in names {
        if name.chars().any(char::is_control) {
            return Err(CONTROL);
        }
        split(name, &mut words);
    }
    if words.is_empty() {
        return Err("has no letter or digit in the name");
    }
    words.sort_unstable_by(|left, right| left.as_str().cmp(right));
    let mut out =
        Zeroizing::new(String::with_capacity(words.iter().map(|word| word.len() + 1).sum::<usize>() + birth.len()));
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
    out.push('\n');
    out.push_str(birth);
    Ok(out)
}

/// Whether a text is a date of the Gregorian calendar, `YYYY-MM-DD`, of the years 1800 to 2999.
pub fn is_birth_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())
            .flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1800..=2999).contains(&year) && (1..=days).contains(&day)
}

/// Appends the words of one part of a name.
fn split(name: &str, words: &mut Vec<Zeroizing<String>>) {
    let mut word = Zeroizing::new(String::new());
    let mut before = '\0';
    // Apostrophes go first: some decompose into a space and an accent.
    for character in name.chars().filter(|character| !is_apostrophe(*character)).nfkd() {
        if is_apostrophe(character) || is_mark(character) || is_invisible(character) {
            continue;
        }
        if is_separator(character) {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            before = '\0';
            continue;
        }
        for lower in character.to_lowercase() {
            match latin(lower) {
                // Greek omicron upsilon is one sound and one pair of Latin letters.
                Some("y") if before == 'ο' && lower == 'υ' => push(&mut word, "u"),
                Some(letters) => push(&mut word, letters),
                None => word.push(lower),
            }
            before = lower;
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
}

/// Appends Latin letters. `ae`, `oe`, `ue` and `aa` become their first letter: they stand for ä, ö, ü and å in passports'
/// machine-readable zones and wherever a keyboard lacks these letters (ICAO Doc 9303-3, section 6).
fn push(word: &mut String, letters: &str) {
    for letter in letters.chars() {
        let stands_for_an_accent = match letter {
            'e' => word.ends_with(['a', 'o', 'u']),
            'a' => word.ends_with('a'),
            _ => false,
        };
        if !stands_for_an_accent {
            word.push(letter);
        }
    }
}

/// Apostrophes, and the dot inside Catalan `l·l`: what stands inside a word and is left out elsewhere.
fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '`' | '\u{b4}' | '\u{b7}' | '\u{2b9}'..='\u{2bf}' | '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{5f3}')
}

fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || character.is_ascii_punctuation()
        || is_dash(character)
        || matches!(
            character,
            '\u{a1}'..='\u{bf}' | '\u{5be}' | '\u{5f4}' | '\u{2016}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{3000}'..='\u{303f}' | '\u{30fb}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(name: &str) -> String {
        let mut words = Vec::new();
        split(name, &mut words);
        words.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_pair_that_stands_for_an_accent_is_its_first_letter_however_it_is_written() {
        assert_eq!(
            [words("Müller"), words("MUELLER"), words("Muller"), words("Mueeller")],
            ["muller"; 4].map(String::from)
        );
        assert_eq!([words("Kjær"), words("Kjaer"), words("Kjar")], ["kjar"; 3].map(String::from));
        assert_eq!([words("Håkon"), words("Haakon")], ["hakon"; 2].map(String::from));
        assert_eq!(words("aaeaue"), "au");
    }
}
