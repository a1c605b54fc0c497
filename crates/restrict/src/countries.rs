//! Sets of countries as bits, so that a verdict on one client allocates nothing.

use countersign_core::country::Country;

/// A set of [`Country`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Countries([u64; WORDS]);

/// One bit for each pair of letters.
const WORDS: usize = (26 * 26_usize).div_ceil(64);

impl Countries {
    /// No country.
    pub const NONE: Self = Self([0; WORDS]);

    /// Every country of the table.
    #[must_use]
    pub fn all() -> Self {
        Country::all().collect()
    }

    /// Takes a country in; whether it was new.
    pub fn insert(&mut self, country: Country) -> bool {
        let (word, bit) = place(country);
        let Some(word) = self.0.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Whether the country is in the set.
    #[must_use]
    pub fn contains(&self, country: Country) -> bool {
        let (word, bit) = place(country);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Whether the two have a country in common.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(left, right)| left & right != 0)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Those in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.with(other, |left, right| left | right)
    }

    /// Those in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.with(other, |left, right| left & right)
    }

    /// Those in `self` only.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.with(other, |left, right| left & !right)
    }

    /// The first by its letters. Nothing is searched but the bits.
    #[must_use]
    pub fn first(&self) -> Option<Country> {
        let (word, bits) = self.0.iter().enumerate().find(|(_, bits)| **bits != 0)?;
        let at = u8::try_from((word * 64 + bits.trailing_zeros() as usize) / 26).ok()?;
        let last = u8::try_from((word * 64 + bits.trailing_zeros() as usize) % 26).ok()?;
        let letters = [b'A' + at, b'A' + last];
        Country::parse(core::str::from_utf8(&letters).ok()?).ok()
    }

    /// The countries in order of their letters.
    pub fn iter(&self) -> impl Iterator<Item = Country> + '_ {
        Country::all().filter(|country| self.contains(*country))
    }

    fn with(&self, other: &Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.0;
        for (word, other) in words.iter_mut().zip(&other.0) {
            *word = combine(*word, *other);
        }
        Self(words)
    }
}

impl FromIterator<Country> for Countries {
    fn from_iter<I: IntoIterator<Item = Country>>(countries: I) -> Self {
        let mut set = Self::NONE;
        for country in countries {
            set.insert(country);
        }
        set
    }
}

/// Word and bit of a country.
fn place(country: Country) -> (usize, u64) {
    let [first, last] = *country.as_bytes();
    let at = usize::from(first - b'A') * 26 + usize::from(last - b'A');
    (at / 64, 1 << (at % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_is_a_set() {
        let all = Countries::all();
        assert_eq!(all.iter().count(), 274);
        for country in Country::all() {
            let one: Countries = [country].into_iter().collect();
            assert_eq!((one.iter().collect::<Vec<_>>(), one.first()), (vec![country], Some(country)));
            assert!(all.contains(country) && all.meets(&one) && !all.without(&one).contains(country));
        }
        let few: Countries = ["LT", "RU", "LT"].iter().map(|code| Country::parse(code).unwrap()).collect();
        let other: Countries = ["RU", "XR"].iter().map(|code| Country::parse(code).unwrap()).collect();
        let codes = |set: Countries| set.iter().map(|c| c.to_string()).collect::<BTreeSet<_>>();
        assert_eq!(codes(few.or(&other)), ["LT", "RU", "XR"].map(String::from).into());
        assert_eq!(codes(few.and(&other)), ["RU".to_owned()].into());
        assert_eq!(codes(few.without(&other)), ["LT".to_owned()].into());
        assert_eq!((Countries::NONE.first(), few.first()), (None, Country::parse("LT").ok()));
        assert!(Countries::NONE.is_empty() && !few.is_empty() && !few.meets(&Countries::NONE));
    }
}
