//! A name as words with roles: what identifies, and what only goes with it (particles, titles, organisation forms, initials, numbers).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::entity::Kind;
use crate::letters::{self, Letters};
use crate::sound::distance;

/// What a word does in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It identifies.
    Word,
    /// The first letter of a word.
    Initial,
    /// `al`, `bin`, `von`, `of`.
    Particle,
    /// `Dr`, `General`, `Sheikh`.
    Title,
    /// `LLC`, `joint stock company`, in one spelling for each form.
    Form,
    /// A number in digits.
    Number,
}

/// One word of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// `a-z0-9`.
    pub text: String,
    /// What it does.
    pub role: Role,
    /// From a script that writes no short vowels.
    pub abjad: bool,
    /// The source says that it belongs (or does not belong) to the family name.
    pub family: Option<bool>,
}

/// The words of a name. There is at least one [`Role::Word`] or [`Role::Number`] unless nothing but initials and numbers is there.
pub fn analyse(text: &str, family: Option<&str>, kind: Kind) -> Vec<Token> {
    let person = kind == Kind::Person;
    let mut words: Vec<Letters> = letters::words(text, person);
    if person {
        split_capitals(&mut words);
    } else {
        join_single_letters(&mut words);
    }
    let family: Option<Vec<String>> = family.map(|family| {
        let mut words = letters::words(family, person);
        join_arabic(&mut words, person);
        words.into_iter().map(|word| word.text).collect()
    });
    join_arabic(&mut words, person);
    let mut tokens: Vec<Token> = Vec::with_capacity(words.len());
    if person {
        for word in words {
            let role = person_role(&word.text);
            let family = family.as_ref().map(|family| family.contains(&word.text));
            let text = if role == Role::Particle { canonical_particle(word.text) } else { word.text };
            tokens.push(Token { text, role, abjad: word.abjad, family });
        }
    } else {
        organisation(&words, &mut tokens);
    }
    promote(&mut tokens);
    drop_repeated(&mut tokens);
    tokens
}

/// Where nothing identifies, what is there has to.
fn promote(tokens: &mut [Token]) {
    if tokens.iter().any(|token| token.role == Role::Word) {
        return;
    }
    let has_number = tokens.iter().any(|token| token.role == Role::Number);
    for token in tokens {
        if matches!(token.role, Role::Particle | Role::Title) || (token.role == Role::Form && !has_number) {
            token.role = Role::Word;
        }
    }
}

fn drop_repeated(tokens: &mut Vec<Token>) {
    let mut index = 0;
    while index < tokens.len() {
        let repeated = tokens[index].role == Role::Word
            && tokens[..index].iter().any(|earlier| earlier.role == Role::Word && earlier.text == tokens[index].text);
        if repeated { drop(tokens.remove(index)) } else { index += 1 }
    }
}

/// `JC` before a name in mixed case is two initials.
fn split_capitals(words: &mut Vec<Letters>) {
    let vowel = |byte: u8| matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let split = |word: &Letters| {
        word.capitals
            && word.text.len() == 2
            && !word.text.bytes().any(vowel)
            && word.text.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    if words.iter().all(|word| word.capitals) || !words.iter().any(split) {
        return;
    }
    *words = std::mem::take(words)
        .into_iter()
        .flat_map(|word| {
            if split(&word) {
                word.text.chars().map(|char| Letters { text: char.to_string(), ..word.clone() }).collect()
            } else {
                vec![word]
            }
        })
        .collect();
}

/// `S. A.`, `L.L.C.`: letters that follow one another are one word.
fn join_single_letters(words: &mut Vec<Letters>) {
    let mut joined: Vec<Letters> = Vec::with_capacity(words.len());
    let mut open = false;
    for word in words.drain(..) {
        let single = word.text.len() == 1 && word.text.bytes().all(|byte| byte.is_ascii_alphabetic());
        match joined.last_mut() {
            Some(last) if open && single => last.text.push_str(&word.text),
            _ => joined.push(word),
        }
        open = single;
    }
    *words = joined;
}

const ARTICLES: [&str; 17] =
    ["al", "el", "ul", "ur", "ud", "ad", "ed", "ar", "er", "as", "es", "az", "ez", "ash", "an", "en", "at"];

/// Arabic names are written in one word, two or three: `Abd al-Rahman`, `Abdul Rahman`, `Abdurrahman`; `Saif al-Din`, `Saifuddin`; `Habib
/// Allah`, `Habibullah`. `Abd` becomes a word of its own, the others become one: `abd rahman`, `saifdin`, `habiblah`.
fn join_arabic(words: &mut Vec<Letters>, person: bool) {
    let mut out: Vec<Letters> = Vec::with_capacity(words.len());
    let mut rest = std::mem::take(words).into_iter().peekable();
    while let Some(mut word) = rest.next() {
        let next = rest.peek().map(|next| next.text.as_str()).unwrap_or_default();
        if is_servant(&word.text, person) {
            if matches!(next, "allah" | "ullah") {
                "abdlah".clone_into(&mut word.text);
                rest.next();
            } else {
                "abd".clone_into(&mut word.text);
                word.abjad = false;
            }
        } else if matches!(
            word.text.as_str(),
            "abdullah" | "abdallah" | "abdulla" | "abdalla" | "abdollah" | "abdoulla" | "abdoullah"
        ) || (word.abjad && matches!(word.text.as_str(), "abdallh" | "abdlla"))
        {
            "abdlah".clone_into(&mut word.text);
        } else if let Some(of) = word.text.strip_prefix("abd").filter(|of| of.len() >= 4) {
            let of = without_article(of).to_owned();
            out.push(Letters { text: "abd".to_owned(), abjad: false, ..word.clone() });
            word.text = of;
        } else if matches!(word.text.as_str(), "din" | "deen" | "dine" | "dyn") && !out.is_empty() {
            while out.len() > 1 && out.last().is_some_and(|last| ARTICLES.contains(&last.text.as_str())) {
                out.pop();
            }
            if let Some(last) = out.pop() {
                word.abjad |= last.abjad;
                word.text = format!("{}din", last.text);
            }
        } else if matches!(word.text.as_str(), "allah" | "ullah") && !out.is_empty() {
            if let Some(last) = out.pop() {
                word.abjad |= last.abjad;
                word.text = format!("{}lah", last.text);
            }
        } else if let Some(stem) = faith_stem(&word.text) {
            word.text = format!("{stem}din");
        } else if let Some(stem) = ["ullah", "ollah", "allah", "ulla", "olla"]
            .iter()
            .find_map(|end| word.text.strip_suffix(end))
            .filter(|stem| stem.len() >= 3)
        {
            word.text = format!("{stem}lah");
        }
        out.push(word);
    }
    *words = out;
}

/// `Abd` in its spellings, in a person's name also with one letter wrong.
fn is_servant(text: &str, person: bool) -> bool {
    matches!(text, "abd" | "abdul" | "abdel" | "abdal" | "abdol" | "abdoul" | "abdur" | "abdus" | "abdu" | "abdou")
        || (person
            && (5..=6).contains(&text.len())
            && text.starts_with(['a', 'b'])
            && ["abdul", "abdel"].iter().any(|known| distance(text, known, 1).is_some()))
}

/// `ulrahman`, `urrahman`, `elaziz`, `ennour`: the article in one word with what follows.
fn without_article(of: &str) -> &str {
    let bytes = of.as_bytes();
    let vowels = bytes.iter().take_while(|byte| matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u')).count();
    match bytes.get(vowels..) {
        Some([b'l', b'l', b'a', ..]) if vowels > 0 => "lah",
        Some([b'l', rest @ ..]) if vowels > 0 && rest.len() >= 2 => &of[vowels + 1..],
        Some([first, second, rest @ ..]) if vowels > 0 && first == second && rest.len() >= 2 => &of[vowels + 1..],
        Some([b's', b'h', b's', b'h', ..]) if vowels > 0 => &of[vowels + 2..],
        Some(rest) if vowels > 0 && rest.len() >= 3 => &of[vowels..],
        _ => of,
    }
}

/// `saifuddin`, `seifeddine`, `nuraldin`: what stands before the faith.
fn faith_stem(text: &str) -> Option<&str> {
    [
        "uddin", "eddin", "addin", "oddin", "aldin", "eldin", "uldin", "uddeen", "eddine", "addine", "eldine",
        "aldeen", "eldeen", "edin", "udin",
    ]
    .iter()
    .find_map(|end| text.strip_suffix(end))
    .filter(|stem| stem.len() >= 3)
}

const PARTICLES: [&str; 47] = [
    "abd", "bin", "ibn", "ben", "bint", "binti", "bn", "abu", "abou", "abo", "aboo", "umm", "oum", "um", "ould", "van",
    "von", "der", "den", "de", "del", "della", "di", "da", "do", "dos", "das", "du", "la", "le", "las", "los", "y",
    "e", "i", "zu", "zum", "ter", "ten", "af", "av", "and", "the", "of", "jr", "sr", "st",
];

/// Words of a person's name that do not identify.
static ROLES: LazyLock<HashMap<&'static str, Role>> = LazyLock::new(|| {
    let titles = TITLES.into_iter().map(|title| (title, Role::Title));
    let particles = ARTICLES.into_iter().chain(PARTICLES).map(|particle| (particle, Role::Particle));
    titles.chain(particles).collect()
});

fn person_role(text: &str) -> Role {
    match ROLES.get(text) {
        Some(role) => *role,
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => Role::Number,
        None if text.len() == 1 => Role::Initial,
        None => Role::Word,
    }
}

const TITLES: [&str; 78] = [
    "mr",
    "mrs",
    "ms",
    "miss",
    "sir",
    "dr",
    "doctor",
    "prof",
    "professor",
    "gen",
    "general",
    "col",
    "colonel",
    "maj",
    "major",
    "capt",
    "captain",
    "lt",
    "lieutenant",
    "sgt",
    "brig",
    "brigadier",
    "adm",
    "admiral",
    "commander",
    "cmdr",
    "marshal",
    "president",
    "prasident",
    "presidente",
    "minister",
    "chairman",
    "director",
    "ambassador",
    "amb",
    "judge",
    "justice",
    "hon",
    "honourable",
    "honorable",
    "lord",
    "lady",
    "dame",
    "count",
    "countess",
    "baron",
    "prince",
    "princess",
    "king",
    "queen",
    "sheikh",
    "shaikh",
    "shaykh",
    "sheik",
    "haji",
    "hajj",
    "hajji",
    "alhaj",
    "alhaji",
    "mullah",
    "mulla",
    "maulavi",
    "mawlawi",
    "maulvi",
    "molvi",
    "moulavi",
    "mufti",
    "imam",
    "ustad",
    "ustadh",
    "sayyid",
    "ayatollah",
    "qari",
    "hafiz",
    "eng",
    "engineer",
    "father",
    "rev",
];

fn canonical_particle(text: String) -> String {
    match text.as_str() {
        one if ARTICLES.contains(&one) => "al".to_owned(),
        "ibn" | "ben" | "bn" | "bint" | "binti" => "bin".to_owned(),
        "abou" | "abo" | "aboo" => "abu".to_owned(),
        "oum" | "um" => "umm".to_owned(),
        _ => text,
    }
}

static FORMS: LazyLock<(HashMap<&'static str, &'static str>, usize)> = LazyLock::new(|| {
    let forms: HashMap<&str, &str> = include_str!("../data/org_forms.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let longest = forms.keys().map(|form| form.split(' ').count()).max().unwrap_or(1);
    (forms, longest)
});

const SMALL_WORDS: [&str; 31] = [
    "the", "of", "and", "for", "in", "on", "at", "to", "a", "an", "de", "la", "le", "les", "des", "du", "del", "der",
    "die", "das", "den", "und", "et", "y", "e", "i", "al", "el", "von", "fur", "os",
];

const SHORT_FORMS: [(&str, &str); 16] = [
    ("co", "company"),
    ("corp", "corporation"),
    ("intl", "international"),
    ("natl", "national"),
    ("govt", "government"),
    ("dept", "department"),
    ("univ", "university"),
    ("assn", "association"),
    ("inst", "institute"),
    ("mfg", "manufacturing"),
    ("bros", "brothers"),
    ("ctr", "center"),
    ("centre", "center"),
    ("gen", "general"),
    ("ind", "industries"),
    ("mgmt", "management"),
];

fn organisation(words: &[Letters], tokens: &mut Vec<Token>) {
    let (forms, longest) = &*FORMS;
    let mut at = 0;
    while at < words.len() {
        let form = (1..=(*longest).min(words.len() - at)).rev().find_map(|count| {
            let phrase = words.get(at..at + count)?.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            forms.get(phrase.as_str()).filter(|_| !SMALL_WORDS.contains(&phrase.as_str())).map(|form| (*form, count))
        });
        if let Some((form, count)) = form {
            tokens.push(Token { text: form.to_owned(), role: Role::Form, abjad: false, family: None });
            at += count;
            continue;
        }
        if let Some((number, count)) = number_words(&words[at..]) {
            tokens.push(Token { text: number, role: Role::Number, abjad: false, family: None });
            at += count;
            continue;
        }
        let word = &words[at];
        let text =
            SHORT_FORMS.iter().find(|(short, _)| *short == word.text).map_or(word.text.as_str(), |(_, full)| full);
        let role = if SMALL_WORDS.contains(&text) { Role::Particle } else { Role::Word };
        tokens.push(Token { text: text.to_owned(), role, abjad: word.abjad, family: None });
        at += 1;
    }
}

fn number_words(words: &[Letters]) -> Option<(String, usize)> {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const ORDINALS: [&str; 10] =
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let first = words.first()?.text.as_str();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(first) {
        return Some((first.trim_start_matches('0').to_owned(), 1)).filter(|(number, _)| !number.is_empty());
    }
    if let Some(number) = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|end| first.strip_suffix(end))
        .filter(|number| !number.is_empty() && digits(number))
    {
        return Some((number.to_owned(), 1));
    }
    let below_twenty = |text: &str| ONES.iter().position(|word| *word == text);
    if let Some(tens) = TENS.iter().position(|word| *word == first).map(|index| (index + 2) * 10) {
        let unit = words
            .get(1)
            .and_then(|next| below_twenty(&next.text).or_else(|| next.text.parse().ok()))
            .filter(|unit| (1..10).contains(unit));
        return Some((tens.saturating_add(unit.unwrap_or(0)).to_string(), 1 + usize::from(unit.is_some())));
    }
    below_twenty(first)
        .or_else(|| ORDINALS.iter().position(|word| *word == first).map(|index| index + 1))
        .map(|number| (number.to_string(), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, kind: Kind) -> String {
        let shown = |token: Token| match token.role {
            Role::Word => token.text,
            Role::Initial => format!("{}.", token.text),
            Role::Particle => format!("({})", token.text),
            Role::Title => format!("<{}>", token.text),
            Role::Form => format!("[{}]", token.text),
            Role::Number => format!("#{}", token.text),
        };
        analyse(text, None, kind).into_iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn people() {
        for (text, expected) in [
            ("Dr. Bashar al-Assad", "<dr> bashar (al) assad"),
            ("Usāma bin Muhammad ibn Awad ibn Lādin", "usama (bin) muhammad (bin) awad (bin) ladin"),
            ("J.-C. Juncker", "j. c. juncker"),
            ("JC Juncker", "j. c. juncker"),
            ("Abdul Aziz", "(abd) aziz"),
            ("Abd al-Rahman al-Sudani", "(abd) (al) rahman (al) sudani"),
            ("ABDURRAHMAN", "(abd) rahman"),
            ("Abdelrahman", "(abd) rahman"),
            ("عبد الرحمن", "(abd) (al) rhmn"),
            ("عبدالرحمن", "(abd) rhmn"),
            ("Badul Aziz", "(abd) aziz"),
            ("Abdullah", "abdlah"),
            ("Abd Allah", "abdlah"),
            ("Saif al-Din", "saifdin"),
            ("Saifuddin", "saifdin"),
            ("Habib Allah", "habiblah"),
            ("Habibullah", "habiblah"),
            ("Sergey Sergey Shoigu", "sergey shoigu"),
            ("Abdi Hassan", "abdi hassan"),
            ("Sheikh", "sheikh"),
        ] {
            assert_eq!(shown(text, Kind::Person), expected, "{text}");
        }
    }

    #[test]
    fn organisations() {
        for (text, expected) in [
            ("CRYSTALORD LIMITED", "crystalord [llc]"),
            ("CRYSTALORD LTD", "crystalord [llc]"),
            ("1st International Bank", "#1 international bank"),
            ("First Bank Int'l", "#1 bank international"),
            ("Brigade Forty-Four", "brigade #44"),
            ("Brigade Forty 4", "brigade #44"),
            ("The Government of Estonia", "(the) government (of) estonia"),
        ] {
            assert_eq!(shown(text, Kind::Organisation), expected, "{text}");
        }
        assert!(shown("TAVAZON, S.A. DE C.V.", Kind::Organisation).starts_with("tavazon ["));
    }

    #[test]
    fn family_names_are_marked_where_the_source_says_so() {
        let tokens = analyse("Ramon Ulises Carbajal Reyes", Some("CARBAJAL REYES"), Kind::Person);
        assert_eq!(
            tokens.iter().map(|token| token.family).collect::<Vec<_>>(),
            [Some(false), Some(false), Some(true), Some(true)]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_name_panics(text in "\\PC{0,60}") {
            for kind in [Kind::Person, Kind::Organisation, Kind::Unknown] {
                let _ = analyse(&text, Some(&text), kind);
            }
        }
    }
}
