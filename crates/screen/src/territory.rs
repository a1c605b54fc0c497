//! Countries and nationalities as lists and client files spell them.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::letters;

/// A territory by its two-letter code: ISO 3166-1, or `XK` for Kosovo, which lists name and `countersign_core::country` does not sign for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Territory([u8; 2]);

static TABLE: &str = include_str!("../data/territories.tsv");

/// Every territory of the table.
static CODES: LazyLock<HashSet<Territory>> = LazyLock::new(|| SPELLINGS.0.values().copied().collect());

/// Spelling to territory, and the number of words of the longest spelling.
static SPELLINGS: LazyLock<(HashMap<&'static str, Territory>, usize)> = LazyLock::new(|| {
    let mut spellings = HashMap::new();
    for (code, names) in TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')) {
        let &[first, second] = code.as_bytes() else { continue };
        for name in names.split('|') {
            spellings.insert(name, Territory([first, second]));
        }
    }
    let longest = spellings.keys().map(|name| name.split(' ').count()).max().unwrap_or(1);
    (spellings, longest)
});

impl Territory {
    /// Reads a code of two letters, in either case.
    pub fn from_code(code: &str) -> Option<Self> {
        let &[first, second] = code.as_bytes() else { return None };
        let territory = Self([first.to_ascii_uppercase(), second.to_ascii_uppercase()]);
        CODES.contains(&territory).then_some(territory)
    }

    /// The two capital letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    /// Every territory that a text names: `(a) German, (b) Moroccan`, `Korea, North`, `Russian and Ukrainian`, `fr`.
    pub fn read_all(text: &str) -> Vec<Self> {
        if let Some(one) = Self::from_code(text.trim()) {
            return vec![one];
        }
        let words = letters::plain_words(text);
        let (spellings, longest) = &*SPELLINGS;
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let hit = (1..=(*longest).min(words.len() - at)).rev().find_map(|count| {
                let phrase = words.get(at..at + count)?.join(" ");
                spellings.get(phrase.as_str()).map(|territory| (*territory, count))
            });
            match hit {
                Some((territory, count)) => {
                    if !found.contains(&territory) {
                        found.push(territory);
                    }
                    at += count;
                }
                None => at += 1,
            }
        }
        found
    }
}

impl std::fmt::Display for Territory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::fmt::Debug for Territory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl From<Territory> for String {
    fn from(territory: Territory) -> Self {
        territory.code().to_owned()
    }
}

impl TryFrom<String> for Territory {
    type Error = String;
    fn try_from(code: String) -> Result<Self, String> {
        Self::from_code(&code).ok_or_else(|| format!("`{code}` is no territory of the table"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        Territory::read_all(text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nationalities_are_read_as_lists_print_them() {
        assert_eq!(codes("Russian"), ["RU"]);
        assert_eq!(codes("(a) German, (b) Moroccan"), ["DE", "MA"]);
        assert_eq!(codes("Korea, North"), ["KP"]);
        assert_eq!(codes("Democratic People’s Republic of Korea (DPRK)"), ["KP"]);
        assert_eq!(codes("Congo, Democratic Republic of the"), ["CD"]);
        assert_eq!(codes("Myanmar/ Burma"), ["MM"]);
        assert_eq!(codes("United Kingdom of Great Britain and Northern Ireland"), ["GB"]);
        assert_eq!(codes("Türkiye"), ["TR"]);
        assert_eq!(codes("fr"), ["FR"]);
        assert_eq!(codes("South Sudan"), ["SS"]);
        assert_eq!(codes("Guinea-Bissau"), ["GW"]);
        assert_eq!(codes("of a place that is not"), Vec::<String>::new());
    }

    #[test]
    fn no_spelling_stands_for_two_territories() {
        let mut seen = std::collections::BTreeMap::new();
        for (code, names) in
            TABLE.lines().filter_map(|line| line.split_once('\t')).filter(|(code, _)| !code.starts_with('#'))
        {
            for name in names.split('|') {
                assert_eq!(letters::plain_words(name).join(" "), name, "{code}: written as it is looked up");
                assert_eq!(seen.insert(name, code), None, "{name}");
            }
        }
    }
}
