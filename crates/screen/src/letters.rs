//! Any script to words of `a-z0-9`.
//!
//! Cyrillic (Russian and Ukrainian read differently), Greek, Arabic and Persian, Hebrew and Hangul have tables here; every other script goes
//! through `any_ascii` (ISC). Arabic and Hebrew write no short vowels: their words are marked, and are compared by consonants.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One word of a text in Latin letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letters {
    /// `a-z0-9`, never empty.
    pub text: String,
    /// From a script that writes no short vowels.
    pub abjad: bool,
    /// Written in capital letters only (scripts without case: no).
    pub capitals: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Abjad,
    Han,
    Hangul,
    Other,
}

/// The words of a text. A person's name in Chinese or Korean letters is cut into family name and given name.
pub fn words(text: &str, person: bool) -> Vec<Letters> {
    if text.is_ascii() { ascii_words(text) } else { words_of_any_script(text, person) }
}

/// As [`words_of_any_script`], for nearly all names of nearly all clients.
fn ascii_words(text: &str) -> Vec<Letters> {
    let mut words = Vec::with_capacity(4);
    let mut word = Letters { text: String::new(), abjad: false, capitals: true };
    for byte in text.bytes().chain([b' ']) {
        if byte.is_ascii_alphanumeric() {
            word.capitals &= !byte.is_ascii_lowercase();
            word.text.push(char::from(byte.to_ascii_lowercase()));
        } else if !is_apostrophe(char::from(byte)) && !word.text.is_empty() {
            words.push(std::mem::replace(&mut word, Letters { text: String::new(), abjad: false, capitals: true }));
        }
    }
    words
}

fn words_of_any_script(text: &str, person: bool) -> Vec<Letters> {
    let text: Cow<'_, str> = if text.is_ascii() { text.into() } else { text.nfkc().collect::<String>().into() };
    let ukrainian = text.chars().any(|char| matches!(char, 'і' | 'ї' | 'є' | 'ґ' | 'ў' | 'І' | 'Ї' | 'Є' | 'Ґ' | 'Ў'));
    // Only a name in one piece has to be cut: `习近平`. With a space or dot between its parts (`平 习`, `贝拉克·奥巴马`) each is one word.
    let person = person && syllabic_runs(&text) == 1;
    let mut reader = Reader { words: Vec::new(), run: String::new(), script: None, person, ukrainian };
    for char in text.chars() {
        reader.take(char);
    }
    reader.close();
    reader.words
}

/// The words of a text as plain strings.
pub fn plain_words(text: &str) -> Vec<String> {
    words(text, false).into_iter().map(|word| word.text).collect()
}

struct Reader {
    words: Vec<Letters>,
    run: String,
    script: Option<Script>,
    person: bool,
    ukrainian: bool,
}

impl Reader {
    fn take(&mut self, char: char) {
        if is_apostrophe(char) || is_combining_mark(char) || char == '\u{640}' || matches!(char, 'ー') {
            // Marks on letters that no composed letter stands for (Khmer, Thai and Indic vowels are marks, too).
            if !is_apostrophe(char) && self.script == Some(Script::Other) {
                self.run.push(char);
            }
            return;
        }
        if !char.is_alphanumeric() {
            self.close();
            return;
        }
        let script = script_of(char);
        if self.script.is_some_and(|open| open != script) {
            self.close();
        }
        self.script = Some(script);
        self.run.push(char);
    }

    fn close(&mut self) {
        let run = std::mem::take(&mut self.run);
        let Some(script) = self.script.take() else { return };
        let mut push = |text: String, abjad: bool, capitals: bool| {
            if !text.is_empty() {
                self.words.push(Letters { text, abjad, capitals });
            }
        };
        match script {
            Script::Latin => {
                let capitals = run.chars().all(|char| !char.is_lowercase());
                push(latin(&run, self.ukrainian), false, capitals);
            }
            Script::Abjad => {
                let letters: Vec<char> = run.chars().collect();
                match letters.as_slice() {
                    ['ا', 'ل', rest @ ..] if rest.len() >= 3 => {
                        push("al".to_owned(), false, false);
                        push(abjad(rest), true, false);
                    }
                    all => push(abjad(all), true, false),
                }
            }
            Script::Han => {
                let syllables: Vec<String> = run.chars().map(|char| ascii(any_ascii::any_ascii_char(char))).collect();
                for part in syllables_as_words(&syllables, self.person) {
                    push(part, false, false);
                }
            }
            Script::Hangul => {
                let syllables: Vec<String> = run.chars().map(hangul).collect();
                for part in syllables_as_words(&syllables, self.person) {
                    push(part, false, false);
                }
            }
            Script::Other => push(ascii(&any_ascii::any_ascii(&run)), false, false),
        }
    }
}

/// How many pieces in Chinese or Korean letters a text has.
fn syllabic_runs(text: &str) -> usize {
    let syllabic = |char: &char| matches!(script_of(*char), Script::Han | Script::Hangul);
    let mut before = false;
    text.chars().filter(|char| !is_combining_mark(*char)).fold(0, |runs, char| {
        let here = syllabic(&char);
        let starts = here && !before;
        before = here;
        runs + usize::from(starts)
    })
}

/// Two to four syllables are a family name of one (of four: two) and a given name; longer runs are foreign names spelled by sound.
fn syllables_as_words(syllables: &[String], person: bool) -> Vec<String> {
    let family = match syllables.len() {
        2 | 3 if person => 1,
        4 if person => 2,
        _ => 0,
    };
    let (family, given) = syllables.split_at(family);
    [family.concat(), given.concat()].into_iter().filter(|part| !part.is_empty()).collect()
}

fn is_apostrophe(char: char) -> bool {
    matches!(char, '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | 'ʿ' | 'ʾ' | '`' | '´' | '′' | '‛' | 'ʹ' | 'ʺ' | '＇')
}

fn script_of(char: char) -> Script {
    match char {
        '\u{0590}'..='\u{05ff}'
        | '\u{0600}'..='\u{06ff}'
        | '\u{0750}'..='\u{077f}'
        | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefe}' => {
            if char.is_numeric() {
                Script::Latin
            } else {
                Script::Abjad
            }
        }
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ffff}' => {
            Script::Han
        }
        '\u{ac00}'..='\u{d7a3}' => Script::Hangul,
        '\u{0000}'..='\u{052f}' | '\u{1c80}'..='\u{1c8f}' | '\u{1e00}'..='\u{1fff}' => Script::Latin,
        _ => Script::Other,
    }
}

/// The letters and digits of an ASCII text, small.
fn ascii(text: &str) -> String {
    text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// Latin, Greek and Cyrillic letters.
fn latin(run: &str, ukrainian: bool) -> String {
    if run.is_ascii() {
        return run.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(run.len() * 2);
    for char in run.chars().flat_map(char::to_lowercase) {
        if char.is_ascii_alphanumeric() {
            out.push(char);
        } else if matches!(char, 'υ' | 'ύ') && out.ends_with('o') {
            out.push('u');
        } else if let Some(letters) = special(char, ukrainian) {
            out.push_str(letters);
        } else {
            let base = std::iter::once(char).nfd().find(|part| !is_combining_mark(*part)).unwrap_or(char);
            match special(base, ukrainian) {
                Some(letters) => out.push_str(letters),
                None if base.is_ascii_alphanumeric() => out.push(base),
                None if is_combining_mark(base) => {}
                None => out.push_str(&ascii(any_ascii::any_ascii_char(base))),
            }
        }
    }
    out
}

fn special(char: char, ukrainian: bool) -> Option<&'static str> {
    Some(match char {
        'č' => "ch",
        'đ' | 'ð' => "d",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ł' => "l",
        'ø' => "o",
        'ı' => "i",
        'ə' | 'ә' => "a",
        // Greek
        'α' => "a",
        'β' => "v",
        'γ' => "g",
        'δ' => "d",
        'ε' => "e",
        'ζ' => "z",
        'η' | 'ι' => "i",
        'θ' => "th",
        'κ' => "k",
        'λ' => "l",
        'μ' => "m",
        'ν' => "n",
        'ξ' => "x",
        'ο' | 'ω' => "o",
        'π' => "p",
        'ρ' => "r",
        'σ' | 'ς' => "s",
        'τ' => "t",
        'υ' => "y",
        'φ' => "f",
        'χ' => "ch",
        'ψ' => "ps",
        // Cyrillic
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => {
            if ukrainian {
                "h"
            } else {
                "g"
            }
        }
        'ґ' | 'ѓ' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' | 'є' => "e",
        'ж' => "zh",
        'з' | 'ѕ' => "z",
        'и' => {
            if ukrainian {
                "y"
            } else {
                "i"
            }
        }
        'і' => "i",
        'ї' => "yi",
        'й' => "y",
        'ј' | 'ђ' => "j",
        'к' | 'ќ' => "k",
        'л' => "l",
        'љ' => "lj",
        'м' => "m",
        'н' | 'ң' => "n",
        'њ' => "nj",
        'о' | 'ө' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'ћ' => "c",
        'у' | 'ү' | 'ұ' => "u",
        'ў' => "u",
        'ф' => "f",
        'х' => "kh",
        'һ' | 'ҳ' => "h",
        'ц' => "ts",
        'ч' => "ch",
        'џ' => "dz",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' | 'ь' => "",
        'ы' => "y",
        'ю' => "yu",
        'я' => "ya",
        'қ' => "q",
        'ғ' => "gh",
        _ => return None,
    })
}

/// Consonants and long vowels of an Arabic or Hebrew word; an opening alef or ayin is `a`.
fn abjad(letters: &[char]) -> String {
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let latin: Cow<'_, str> = match letter {
            'ا' | 'أ' | 'إ' | 'آ' | 'ٱ' | 'א' => "a".into(),
            'ع' | 'ע' => if index == 0 { "a" } else { "" }.into(),
            'ب' | 'ב' => "b".into(),
            'ت' | 'ط' | 'ٹ' | 'ט' | 'ת' => "t".into(),
            'ث' => "th".into(),
            'ج' => "j".into(),
            'ح' | 'ه' | 'ہ' | 'ھ' | 'ۀ' | 'ה' | 'ח' => "h".into(),
            'خ' => "kh".into(),
            'د' | 'ض' | 'ڈ' | 'ד' => "d".into(),
            'ذ' => "dh".into(),
            'ر' | 'ڑ' | 'ר' => "r".into(),
            'ز' | 'ظ' | 'ז' => "z".into(),
            'ژ' => "zh".into(),
            'س' | 'ص' | 'ס' => "s".into(),
            'ش' | 'ש' => "sh".into(),
            'غ' => "gh".into(),
            'ف' | 'ڤ' => "f".into(),
            'ق' => "q".into(),
            'ك' | 'ک' | 'כ' | 'ך' | 'ק' => "k".into(),
            'گ' | 'ג' => "g".into(),
            'ل' | 'ל' => "l".into(),
            'م' | 'מ' | 'ם' => "m".into(),
            'ن' | 'ں' | 'נ' | 'ן' => "n".into(),
            'و' | 'ؤ' | 'ۆ' | 'ו' => "w".into(),
            'ي' | 'ی' | 'ئ' | 'ى' | 'ې' | 'ێ' | 'ے' | 'י' => "y".into(),
            'ة' | 'ە' => "a".into(),
            'پ' | 'פ' | 'ף' => "p".into(),
            'چ' => "ch".into(),
            'צ' | 'ץ' => "ts".into(),
            'ء' => "".into(),
            other => ascii(any_ascii::any_ascii_char(*other)).into(),
        };
        out.push_str(&latin);
    }
    out
}

/// One syllable after McCune and Reischauer, simplified: the lists print names of North Korea so.
fn hangul(char: char) -> String {
    const FIRST: [&str; 19] =
        ["k", "kk", "n", "t", "tt", "r", "m", "p", "pp", "s", "ss", "", "ch", "tch", "ch", "k", "t", "p", "h"];
    const VOWEL: [&str; 21] = [
        "a", "ae", "ya", "yae", "o", "e", "yo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu", "u",
        "ui", "i",
    ];
    const LAST: [&str; 28] = [
        "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "ng",
        "t", "t", "k", "t", "p", "t",
    ];
    let index = (u32::from(char) - 0xac00) as usize;
    format!("{}{}{}", FIRST[index / 588], VOWEL[index % 588 / 28], LAST[index % 28])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(text: &str) -> String {
        words(text, true).into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn scripts_become_latin_words() {
        for (text, expected) in [
            ("Серге́й Лавров", "sergey lavrov"),
            ("Володимир Гройсман", "volodimir groysman"),
            ("Сергій Гайдук", "serhiy hayduk"),
            ("Хусейн Щукин", "khuseyn shchukin"),
            ("Recep Tayyip Erdoğan", "recep tayyip erdogan"),
            ("Slobodan Milošević", "slobodan milosevic"),
            ("Đurđa Čagalj", "durda chagalj"),
            ("Łukasz Großmann-Søren", "lukasz grossmann soren"),
            ("Sa’id Nu'man", "said numan"),
            ("Μιχάλης Παπαδόπουλος", "michalis papadopoulos"),
            ("محمد الظواهري", "mhmd al zwahry"),
            ("عبد الرحمن", "abd al rhmn"),
            ("בנימין נתניהו", "bnymyn ntnyhw"),
            ("习近平", "xi jinping"),
            ("贝拉克·奥巴马", "beilake aobama"),
            ("박원욱", "pak wonuk"),
            ("원욱 박", "wonuk pak"),
            ("バラク・オバマ", "baraku obama"),
            ("ბარაკ ობამა", "barak obama"),
            ("Բարակ Օբամա", "barak obama"),
            ("Ｆｕｌｌ　Ｗｉｄｔｈ", "full width"),
            ("Usāma bin Lādin", "usama bin ladin"),
            ("Abc٣٤", "abc34"),
        ] {
            assert_eq!(person(text), expected, "{text}");
        }
    }

    #[test]
    fn arabic_words_are_marked() {
        assert!(words("حسين", true)[0].abjad);
        assert!(!words("Hussein", true)[0].abjad);
    }

    proptest::proptest! {
        #[test]
        fn ascii_is_read_as_any_script_is(text in "[ -~\\n\\t]{0,40}", person: bool) {
            proptest::prop_assert_eq!(ascii_words(&text), words_of_any_script(&text, person));
        }

        #[test]
        fn every_word_is_small_latin(text in "\\PC{0,40}") {
            for word in words(&text, true).iter().chain(&words(&text, false)) {
                proptest::prop_assert!(!word.text.is_empty());
                proptest::prop_assert!(word.text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{:?}", word);
            }
        }
    }
}
