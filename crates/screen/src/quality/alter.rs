//! Alters names the way clerks, keyboards and other alphabets do, reproducibly.

/// What is done to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alteration {
    /// Nothing.
    None,
    /// The words in another order.
    Order,
    /// A middle word left out.
    Shorter,
    /// One letter left out, doubled, replaced or swapped.
    Letter,
    /// Two such changes, in different words where there are two.
    TwoLetters,
    /// Another usual spelling: `y` for `i`, `ou` for `u`, `kh` for `h`, a doubled consonant.
    Spelling,
    /// Two words written as one, or one as two.
    Joined,
    /// The first name as an initial.
    Initial,
    /// A foreign word added in the middle.
    Longer,
}

impl Alteration {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::None,
        Self::Order,
        Self::Shorter,
        Self::Letter,
        Self::TwoLetters,
        Self::Spelling,
        Self::Joined,
        Self::Initial,
        Self::Longer,
    ];

    /// Its name in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::None => "as listed",
            Self::Order => "words in another order",
            Self::Shorter => "a middle word left out",
            Self::Letter => "one letter changed",
            Self::TwoLetters => "two letters changed",
            Self::Spelling => "another usual spelling",
            Self::Joined => "words joined or split",
            Self::Initial => "first name as an initial",
            Self::Longer => "a word added",
        }
    }
}

/// SplitMix64 (G. Steele, D. Lea, C. Flood, 2014): a figure must come out the same wherever it is measured again.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// A generator from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound` (0 for 0).
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        if bound == 0 { 0 } else { (mixed % bound as u64) as usize }
    }
}

const SPELLINGS: [(&str, &str); 22] = [
    ("kh", "h"),
    ("sh", "sch"),
    ("ph", "f"),
    ("ou", "u"),
    ("oo", "u"),
    ("ee", "i"),
    ("ei", "ey"),
    ("ai", "ay"),
    ("dh", "d"),
    ("gh", "g"),
    ("ks", "x"),
    ("q", "k"),
    ("j", "dj"),
    ("w", "v"),
    ("y", "i"),
    ("c", "k"),
    ("u", "o"),
    ("i", "y"),
    ("mm", "m"),
    ("ss", "s"),
    ("e", "a"),
    ("ll", "l"),
];

/// The altered name, or `None` when it cannot be altered so (too few words, too short).
pub fn alter(name: &str, alteration: Alteration, random: &mut Seeded) -> Option<String> {
    let mut words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    match alteration {
        Alteration::None => {}
        Alteration::Order => {
            if words.len() < 2 {
                return None;
            }
            let by = 1 + random.below(words.len() - 1);
            words.rotate_left(by);
        }
        Alteration::Shorter => {
            if words.len() < 3 {
                return None;
            }
            words.remove(1 + random.below(words.len() - 2));
        }
        Alteration::Letter => change_letter(&mut words, None, random).map(drop)?,
        Alteration::TwoLetters => {
            let first = change_letter(&mut words, None, random)?;
            change_letter(&mut words, Some(first), random)?;
        }
        Alteration::Spelling => {
            let before = words.clone();
            for word in &mut words {
                let start = random.below(SPELLINGS.len());
                let found = (0..SPELLINGS.len())
                    .map(|step| SPELLINGS[(start + step) % SPELLINGS.len()])
                    .find(|(from, _)| word.len() > 3 && word.contains(from));
                if let Some((from, to)) = found {
                    *word = word.replacen(from, to, 1);
                }
            }
            if words == before {
                return None;
            }
        }
        Alteration::Joined => {
            let long: Vec<usize> = (0..words.len()).filter(|at| words[*at].chars().count() >= 7).collect();
            if words.len() >= 2 && (long.is_empty() || random.below(2) == 0) {
                let at = random.below(words.len() - 1);
                let second = words.remove(at + 1);
                words[at].push_str(&second);
            } else {
                let at = *long.get(random.below(long.len()))?;
                let letters: Vec<char> = words[at].chars().collect();
                let cut = 3 + random.below(letters.len() - 5);
                words[at] = letters[..cut].iter().collect();
                words.insert(at + 1, letters[cut..].iter().collect());
            }
        }
        Alteration::Initial => {
            if words.len() < 2 {
                return None;
            }
            words[0] = words[0].chars().take(1).collect();
        }
        Alteration::Longer => {
            const MORE: [&str; 8] = ["ahmad", "maria", "viktorovich", "jose", "ali", "van", "mohammed", "petrovna"];
            if words.len() < 2 {
                return None;
            }
            words.insert(1, MORE[random.below(MORE.len())].to_owned());
        }
    }
    Some(words.join(" "))
}

fn change_letter(words: &mut [String], not: Option<usize>, random: &mut Seeded) -> Option<usize> {
    let long = |at: &usize| words[*at].chars().count() >= 4;
    let mut places: Vec<usize> = (0..words.len()).filter(long).filter(|at| Some(*at) != not).collect();
    if places.is_empty() {
        places = (0..words.len()).filter(long).collect();
    }
    let at = *places.get(random.below(places.len()))?;
    let mut letters: Vec<char> = words[at].chars().collect();
    let place = 1 + random.below(letters.len() - 1);
    match random.below(4) {
        0 => drop(letters.remove(place)),
        1 => letters.insert(place, letters[place]),
        2 => letters[place] = char::from(b'a' + random.below(26) as u8),
        _ => letters.swap(place - 1, place),
    }
    words[at] = letters.into_iter().collect();
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_names_everywhere() {
        let altered: Vec<Option<String>> = Alteration::ALL
            .iter()
            .map(|alteration| alter("Ilya Nikolaevich Zemlinov", *alteration, &mut Seeded::new(7)))
            .collect();
        let again: Vec<Option<String>> = Alteration::ALL
            .iter()
            .map(|alteration| alter("Ilya Nikolaevich Zemlinov", *alteration, &mut Seeded::new(7)))
            .collect();
        assert_eq!(altered, again);
        assert!(altered.iter().all(Option::is_some));
        assert_eq!(altered[0].as_deref(), Some("ilya nikolaevich zemlinov"));
        assert_eq!(altered[7].as_deref(), Some("i nikolaevich zemlinov"));
        assert_eq!(Seeded::new(1).below(1_000_000), 822_465, "the generator is the published one");
    }

    #[test]
    fn short_names_are_left_alone() {
        assert_eq!(alter("Ali", Alteration::Order, &mut Seeded::new(1)), None);
        assert_eq!(alter("Li Wu", Alteration::Letter, &mut Seeded::new(1)), None);
        assert_eq!(alter("", Alteration::Joined, &mut Seeded::new(1)), None);
    }
}
