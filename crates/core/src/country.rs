//! Countries: a total table of ISO 3166-1 plus the user-assigned codes that samples use for invented states.
//!
//! A [`Country`] is a proof that its two letters stand in the table. Codes ISO has withdrawn, codes it reserves (`EU`, `UK`, `XK`) and lower
//! case are refused: what is signed has one spelling.
//!
//! Classification by bloc is total: each code is [`Bloc::Eea`] or [`Bloc::NonEea`], never unknown, so a policy that asks "outside the bloc?"
//! cannot be answered by silence. The codes of dependent territories are outside although some of them are part of a member state: an
//! authority or a person is placed by the code of the state that can give it orders, and the doubt falls on the strict side.

mod table;

use core::fmt;
use core::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use table::{ISO, Row};

/// A country by its ISO 3166-1 alpha-2 code, or an invented state by a user-assigned code (`XA` to `XZ` without `XK`).
///
/// Ordered by the letters of the code; written and read everywhere as the two capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
// INVARIANT: two capital ASCII letters that stand in the table.
pub struct Country([u8; 2]);

/// Where a state stands to a custodian of the European Economic Area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bloc {
    /// A member state of the European Economic Area (the 27 of the Union, Iceland, Liechtenstein, Norway), or `XA` to `XF` in samples.
    Eea,
    /// Every other code of the table.
    NonEea,
}

/// The text is no code of the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is not a country: write two capital letters of ISO 3166-1 (such as `DE`), or `XA` to `XZ` without `XK` for an invented state"
)]
pub struct UnknownCountry {
    given: String,
}

/// Longest foreign text that an [`UnknownCountry`] repeats, in characters.
const MAX_QUOTED_CHARS: usize = 16;

/// The member states of the Union and the three EEA members of EFTA, then the invented members of samples.
// INVARIANT: each part sorted, together without repetition.
const EEA: [[u8; 2]; 36] = [
    *b"AT", *b"BE", *b"BG", *b"CY", *b"CZ", *b"DE", *b"DK", *b"EE", *b"ES", *b"FI", *b"FR", *b"GR", *b"HR", *b"HU",
    *b"IE", *b"IS", *b"IT", *b"LI", *b"LT", *b"LU", *b"LV", *b"MT", *b"NL", *b"NO", *b"PL", *b"PT", *b"RO", *b"SE",
    *b"SI", *b"SK", *b"XA", *b"XB", *b"XC", *b"XD", *b"XE", *b"XF",
];

impl Country {
    /// Reads exactly two capital letters.
    ///
    /// # Errors
    /// [`UnknownCountry`] when the text is anything but a code of the table.
    pub fn parse(text: &str) -> Result<Self, UnknownCountry> {
        <[u8; 2]>::try_from(text.as_bytes())
            .ok()
            .filter(|code| is_user_assigned(*code) || find(*code).is_some())
            .map(Self)
            .ok_or_else(|| UnknownCountry { given: text.chars().take(MAX_QUOTED_CHARS).collect() })
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The two letters as bytes, as they stand in binary layouts.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 2] {
        &self.0
    }

    /// The three-letter code; user-assigned codes have none.
    #[must_use]
    pub fn alpha3(&self) -> Option<&'static str> {
        find(self.0).map(|row| row.alpha3)
    }

    /// The numeric code (UN M49), from 4 to 894; user-assigned codes have none.
    #[must_use]
    pub fn numeric(&self) -> Option<u16> {
        find(self.0).map(|row| row.numeric)
    }

    /// The short English name; `invented state` for a user-assigned code.
    #[must_use]
    pub fn name(&self) -> &'static str {
        find(self.0).map_or("invented state", |row| row.name)
    }

    /// Whether the code is one that ISO 3166-1 leaves to its users, here: an invented state.
    #[must_use]
    pub const fn is_user_assigned(&self) -> bool {
        is_user_assigned(self.0)
    }

    /// The bloc; total over the table.
    #[must_use]
    pub fn bloc(&self) -> Bloc {
        if EEA.contains(&self.0) { Bloc::Eea } else { Bloc::NonEea }
    }

    /// Whether the state is a member of the European Economic Area (`XA` to `XF` count as members in samples).
    #[must_use]
    pub fn in_eea(&self) -> bool {
        self.bloc() == Bloc::Eea
    }

    /// Every code of the table in order of its letters: 249 assigned, then 25 user-assigned merged in.
    pub fn all() -> impl Iterator<Item = Self> {
        let invented = (b'A'..=b'Z').map(|last| [b'X', last]).filter(|code| is_user_assigned(*code));
        let (before, after) = ISO.split_at(ISO.partition_point(|row| row.alpha2 < *b"XA"));
        let codes = |rows: &'static [Row]| rows.iter().map(|row| row.alpha2);
        codes(before).chain(invented).chain(codes(after)).map(Self)
    }
}

impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

const fn is_user_assigned(code: [u8; 2]) -> bool {
    let [first, last] = code;
    first == b'X' && last.is_ascii_uppercase() && last != b'K'
}

fn find(code: [u8; 2]) -> Option<&'static Row> {
    ISO.binary_search_by_key(&code, |row| row.alpha2).ok().and_then(|at| ISO.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_sorted_and_its_codes_are_distinct() {
        assert!(ISO.windows(2).all(|pair| pair[0].alpha2 < pair[1].alpha2));
        assert_eq!(ISO.iter().map(|row| row.alpha3).collect::<BTreeSet<_>>().len(), 249);
        assert_eq!(ISO.iter().map(|row| row.numeric).collect::<BTreeSet<_>>().len(), 249);
        assert_eq!(ISO.iter().map(|row| row.name).collect::<BTreeSet<_>>().len(), 249);
        for row in &ISO {
            assert!(row.alpha2.iter().all(u8::is_ascii_uppercase));
            assert!(row.alpha3.len() == 3 && row.alpha3.bytes().all(|b| b.is_ascii_uppercase()));
            assert!((4..=894).contains(&row.numeric) && !row.name.is_empty());
        }
    }

    #[test]
    fn every_code_parses_to_itself_and_the_order_is_that_of_the_letters() {
        let all: Vec<Country> = Country::all().collect();
        assert_eq!(all.len(), 249 + 25);
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        for country in all {
            assert_eq!(Country::parse(country.as_str()), Ok(country));
            assert_eq!(country.alpha3().is_none(), country.is_user_assigned());
            assert_eq!(country.numeric().is_none(), country.is_user_assigned());
        }
    }

    #[test]
    fn only_the_codes_of_the_table_parse() {
        let letters = || b'A'..=b'Z';
        let accepted = letters()
            .flat_map(|a| letters().map(move |b| [a, b]))
            .filter(|code| Country::parse(core::str::from_utf8(code).unwrap()).is_ok())
            .count();
        assert_eq!(accepted, 274);
        for bad in [
            "", "D", "DEU", "de", "De", " DE", "DE ", "XK", "EU", "UK", "ZZ", "AA", "QM", "SU", "YU", "AN", "X1",
            "\u{e9}", "ДЕ",
        ] {
            assert!(Country::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_long_text_is_not_repeated_whole() {
        let message = Country::parse(&"x".repeat(100_000)).unwrap_err().to_string();
        assert!(message.len() < 250, "{message}");
    }

    #[test]
    fn the_bloc_has_thirty_members_and_six_invented_ones() {
        let members: Vec<Country> = Country::all().filter(Country::in_eea).collect();
        assert_eq!(members.len(), 36);
        assert_eq!(members.iter().filter(|c| c.is_user_assigned()).count(), 6);
        for (code, inside) in
            [("DE", true), ("IS", true), ("HR", true), ("XA", true), ("XF", true), ("XG", false), ("XR", false)]
        {
            assert_eq!(Country::parse(code).unwrap().in_eea(), inside, "{code}");
        }
        for outside in ["CH", "GB", "US", "RU", "SJ", "AX", "RE", "VA", "TR"] {
            assert_eq!(Country::parse(outside).unwrap().bloc(), Bloc::NonEea, "{outside}");
        }
    }

    #[test]
    fn it_is_written_as_its_two_letters() {
        let finland = Country::parse("FI").unwrap();
        assert_eq!(format!("{finland} {finland:?} {finland:>4}"), "FI FI   FI");
        assert_eq!((finland.alpha3(), finland.numeric(), finland.name()), (Some("FIN"), Some(246), "Finland"));
        assert_eq!(serde_json::to_string(&finland).unwrap(), "\"FI\"");
        assert_eq!(serde_json::from_str::<Country>("\"FI\"").unwrap(), finland);
        for bad in ["\"fi\"", "\"FIN\"", "\"\"", "246", "null", "[\"FI\"]"] {
            assert!(serde_json::from_str::<Country>(bad).is_err(), "{bad}");
        }
    }
}
