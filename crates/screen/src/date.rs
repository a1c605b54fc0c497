//! Dates as lists print them: parts may be missing, approximate, or a range of years.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A date of which the day, or the day and the month, may be unknown. Written `1957`, `1957-03` or `1957-03-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
// INVARIANT: a day of the Gregorian calendar between 1000 and 2999; zero means unknown, and a known day has a known month.
pub struct PartialDate {
    year: u16,
    month: u8,
    day: u8,
}

/// A birth date (or a day of founding) as stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StatedDate {
    /// The date, or the first one of a range.
    pub date: PartialDate,
    /// The last year of a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_year: Option<u16>,
    /// The source says "about".
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

impl PartialDate {
    /// A date of the calendar; `month` and `day` may be 0 for unknown.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let known = (1000..=2999).contains(&year) && month <= 12 && (month > 0 || day == 0);
        (known && day <= days_of(year, month)).then_some(Self { year, month, day })
    }

    /// The year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, when known.
    pub fn month(self) -> Option<u8> {
        (self.month > 0).then_some(self.month)
    }

    /// The day of the month, when known.
    pub fn day(self) -> Option<u8> {
        (self.day > 0).then_some(self.day)
    }

    /// Reads `1957`, `1957-03` and `1957-03-01`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year = number(parts.next()?, 4)?;
        let month = parts.next().map_or(Some(0), |part| number(part, 2).filter(|month| *month > 0))?;
        let day = parts.next().map_or(Some(0), |part| number(part, 2).filter(|day| *day > 0))?;
        if parts.next().is_some() {
            return None;
        }
        Self::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

    /// The first day it can mean, as a number that orders like the calendar.
    pub fn first_day(self) -> u32 {
        u32::from(self.year) * 10_000 + u32::from(self.month.max(1)) * 100 + u32::from(self.day.max(1))
    }
}

fn number(text: &str, digits: usize) -> Option<u16> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn days_of(year: u16, month: u8) -> u8 {
    match month {
        0 => 0,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month > 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day > 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

impl From<PartialDate> for String {
    fn from(date: PartialDate) -> Self {
        date.to_string()
    }
}

impl TryFrom<String> for PartialDate {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no date: write 1957, 1957-03 or 1957-03-01"))
    }
}

impl StatedDate {
    /// A date without "about" and without a range.
    pub fn exact(date: PartialDate) -> Self {
        Self { date, to_year: None, approximate: false }
    }

    /// The years it may mean, first and last; "about" is taken as two years to either side.
    pub fn years(self) -> (u16, u16) {
        let margin = if self.approximate { 2 } else { 0 };
        (self.date.year - margin, self.to_year.unwrap_or(self.date.year) + margin)
    }
}

impl fmt::Display for StatedDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = if self.approximate { "about " } else { "" };
        match self.to_year {
            Some(last) => write!(f, "{about}{}/{last}", self.date),
            None => write!(f, "{about}{}", self.date),
        }
    }
}

/// Reads a cell with dates in the spellings the lists use (`4 Apr. 1944`, `11.8.1960`, `1963`, `Approximately 1952`, `1968 to 1969`,
/// `1.3.1956 or 3.1.1956`, `1969-11-07`); gives what it could not read as text.
pub fn read_dates(cell: &str) -> (Vec<StatedDate>, Vec<String>) {
    if let Some(date) = PartialDate::parse(cell) {
        return (vec![StatedDate::exact(date)], Vec::new());
    }
    let mut dates = Vec::new();
    let mut unread = Vec::new();
    let cell = without_marks(cell);
    for part in cell.split([';', ',']).flat_map(|part| part.split(" or ")).flat_map(|part| part.split(" and/or ")) {
        let part = part.trim().trim_matches('"').trim();
        if part.is_empty() {
            continue;
        }
        match read_one(part) {
            Some(date) if !dates.contains(&date) => dates.push(date),
            Some(_) => {}
            None => unread.push(part.to_owned()),
        }
    }
    (dates, unread)
}

/// `(a) 1972 (b) 21.3.1974` with `;` in place of the marks.
fn without_marks(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    let mut rest = cell;
    while let Some((before, after)) = rest.split_once('(') {
        out.push_str(before);
        let mark = after.split_once(')').filter(|(inside, _)| {
            matches!(
                *inside,
                "a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "ii" | "iii" | "iv" | "v" | "1" | "2" | "3"
            )
        });
        match mark {
            Some((_, after)) => {
                out.push(';');
                rest = after;
            }
            None => {
                out.push('(');
                rest = after;
            }
        }
    }
    out + rest
}

fn read_one(part: &str) -> Option<StatedDate> {
    let lower = part.to_lowercase();
    let mut approximate = false;
    let mut words: Vec<&str> = Vec::new();
    let spaced = lower.replace(['(', ')'], " ");
    for word in spaced.split_whitespace() {
        match word.trim_end_matches([':', '.']) {
            "circa" | "approximately" | "approx" | "about" | "ca" | "c" | "around" | "probably" | "possibly" => {
                approximate = true
            }
            "between" | "born" | "on" | "dob" | "in" | "a" | "b" | "d" | "e" | "f" | "date" | "of" | "birth"
            | "year" => {}
            _ => words.push(word),
        }
    }
    let single = |date| Some(StatedDate { date, to_year: None, approximate });
    match words.as_slice() {
        [one] => {
            if let Some(decade) = one.strip_suffix('s').and_then(|year| number(year, 4)) {
                return Some(StatedDate {
                    date: PartialDate::new(decade, 0, 0)?,
                    to_year: Some(decade + 9),
                    approximate,
                });
            }
            if let Some((from, to)) =
                one.split_once(['-', '–', '/']).and_then(|(from, to)| Some((number(from, 4)?, number(to, 4)?)))
            {
                return range(from, to, approximate);
            }
            numeric(one).and_then(single)
        }
        [from, "to" | "and" | "-" | "–" | "until", to] if from.len() == 4 => {
            range(number(from, 4)?, number(to, 4)?, approximate)
        }
        [month, year] => PartialDate::new(number(year, 4)?, month_of(month)?, 0).and_then(single),
        [day, month, year] if month_of(month).or(month_of(day)).is_some() => {
            let (day, month) = if day.as_bytes().first()?.is_ascii_digit() { (day, month) } else { (month, day) };
            let day: u8 = day
                .trim_end_matches(['.', ','])
                .trim_end_matches("st")
                .trim_end_matches("nd")
                .trim_end_matches("rd")
                .trim_end_matches("th")
                .parse()
                .ok()?;
            PartialDate::new(number(year, 4)?, month_of(month)?, day)
                .filter(|date| date.day().is_some())
                .and_then(single)
        }
        words => {
            // `01 Jan 1946 to 31 Dec 1947`, `between 1.1.1961 and 31.12.1963`: the years.
            let at = words.iter().position(|word| matches!(*word, "to" | "and" | "until"))?;
            let (from, to) = (read_one(&words.get(..at)?.join(" "))?, read_one(&words.get(at + 1..)?.join(" "))?);
            if from.to_year.is_some() || to.to_year.is_some() {
                None
            } else {
                range(from.date.year, to.date.year, approximate)
            }
        }
    }
}

fn range(from: u16, to: u16, approximate: bool) -> Option<StatedDate> {
    let date = PartialDate::new(from, 0, 0).filter(|_| from <= to && to <= 2999)?;
    Some(StatedDate { date, to_year: (to > from).then_some(to), approximate })
}

fn numeric(text: &str) -> Option<PartialDate> {
    let text = text.trim_end_matches('.');
    if let Some(date) = PartialDate::parse(text) {
        return Some(date);
    }
    let parts: Vec<&str> = text.split(['.', '/']).collect();
    match parts.as_slice() {
        [day, month, year] if day.len() <= 2 && month.len() <= 2 => {
            PartialDate::new(number(year, 4)?, month.parse().ok()?, day.parse().ok()?)
                .filter(|date| date.day().is_some())
        }
        [month, year] if month.len() <= 2 => {
            PartialDate::new(number(year, 4)?, month.parse().ok()?, 0).filter(|date| date.month().is_some())
        }
        _ => None,
    }
}

fn month_of(word: &str) -> Option<u8> {
    let word = word.trim_end_matches(['.', ',']);
    let start = word.get(..3)?;
    let index = MONTHS.iter().position(|month| *month == start)?;
    word.bytes().all(|byte| byte.is_ascii_alphabetic()).then(|| u8::try_from(index + 1).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cell: &str) -> Vec<String> {
        read_dates(cell).0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn spellings_of_the_lists_are_read() {
        for (cell, expected) in [
            ("4 Apr. 1944", "1944-04-04"),
            ("11.8.1960", "1960-08-11"),
            ("28 April 1937", "1937-04-28"),
            ("1963", "1963"),
            ("1963.", "1963"),
            ("Approximately 1952", "about 1952"),
            ("circa 1967", "about 1967"),
            ("1968 to 1969", "1968/1969"),
            ("Between 1968 and 1969", "1968/1969"),
            ("1968-1969", "1968/1969"),
            ("1950s", "1950/1959"),
            ("1969-11-07", "1969-11-07"),
            ("Sep 1971", "1971-09"),
            ("29.2.1964", "1964-02-29"),
            ("01 Jan 1946 to 31 Dec 1947", "1946/1947"),
            ("between 1.1.1961 and 31.12.1963", "1961/1963"),
            ("01 Jan 1946 to 31 Dec 1946", "1946"),
        ] {
            assert_eq!(read(cell), [expected], "{cell}");
        }
        assert_eq!(read("1.3.1956 or 3.1.1956"), ["1956-03-01", "1956-01-03"]);
        assert_eq!(read("(a) 1.1.1960; (b) 1963"), ["1960-01-01", "1963"]);
        assert_eq!(read("(a) 1972 (b) 21.3.1974"), ["1972", "1974-03-21"]);
    }

    #[test]
    fn impossible_dates_are_given_back_as_text() {
        for cell in [
            "31.2.1970",
            "29.2.1970",
            "0.1.1970",
            "1970-13-01",
            "1970-00-10",
            "32 May 1970",
            "0970",
            "unknown",
            "1969 to 1968",
            "3.13.1970",
        ] {
            assert_eq!(read_dates(cell), (vec![], vec![cell.to_owned()]), "{cell}");
        }
    }

    #[test]
    fn years_of_an_approximate_date_have_a_margin() {
        assert_eq!(read_dates("circa 1967").0[0].years(), (1965, 1969));
        assert_eq!(read_dates("1968 to 1971").0[0].years(), (1968, 1971));
    }

    proptest::proptest! {
        #[test]
        fn whatever_parses_is_written_again(text in "[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?") {
            if let Some(date) = PartialDate::parse(&text) {
                assert_eq!(date.to_string(), text);
            }
        }

        #[test]
        fn any_cell_is_read_without_panic(cell in "\\PC*") {
            let _ = read_dates(&cell);
        }
    }
}
