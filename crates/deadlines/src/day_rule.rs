//! On which day of a year a holiday falls, as calendars write it.
//!
//! | written | the day |
//! |---|---|
//! | `05-01` | 1 May; in a year without that day (29 February), none |
//! | `easter+39`, `easter-2`, `orthodox+1` | so many days after or before Easter Sunday |
//! | `11-thu#4`, `05-mon#-1` | the fourth Thursday of November, the last Monday of May |
//! | `fri>=06-19` | the first Friday on or after 19 June |
//! | `02-01?fri:02-mon#1` | 1 February if it is a Friday, else the first Monday of February |

use crate::easter;
use jiff::civil::{Date, Weekday};
use std::fmt;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRule {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Fixed(MonthDay),
    Easter { eastern: bool, after: i16 },
    Nth { month: i8, weekday: Weekday, nth: i8 },
    OnOrAfter { weekday: Weekday, from: MonthDay },
    If { day: MonthDay, weekday: Weekday, month: i8, other: Weekday, nth: i8 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MonthDay {
    month: i8,
    day: i8,
}

/// Most days that a rule may lie from Easter.
const FAR: i16 = 100;

/// A text that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a rule for a day such as `05-01`, `easter+39`, `orthodox-2`, `11-thu#4`, `fri>=06-19`, `02-01?fri:02-mon#1`"
)]
pub struct InvalidRule {
    text: String,
}

impl DayRule {
    /// Reads a rule; there is one spelling of each.
    ///
    /// # Errors
    /// [`InvalidRule`].
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        let kind = read(text).ok_or_else(|| InvalidRule { text: text.chars().take(60).collect() })?;
        Ok(Self { text: text.to_owned(), kind })
    }

    /// The day in `year`, if the year has one.
    pub fn day(&self, year: i16) -> Option<Date> {
        match &self.kind {
            Kind::Fixed(day) => day.of(year),
            Kind::Easter { eastern, after } => {
                let sunday = if *eastern { easter::eastern(year)? } else { easter::western(year)? };
                sunday.checked_add(jiff::Span::new().try_days(*after).ok()?).ok()
            }
            Kind::Nth { month, weekday, nth } => nth_of_month(year, *month, *weekday, *nth),
            Kind::OnOrAfter { weekday, from } => {
                let from = from.of(year)?;
                let wait = from.weekday().until(*weekday);
                from.checked_add(jiff::Span::new().try_days(wait).ok()?).ok()
            }
            Kind::If { day, weekday, month, other, nth } => {
                let day = day.of(year)?;
                if day.weekday() == *weekday { Some(day) } else { nth_of_month(year, *month, *other, *nth) }
            }
        }
    }
}

impl fmt::Display for DayRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl MonthDay {
    fn of(self, year: i16) -> Option<Date> {
        Date::new(year, self.month, self.day).ok()
    }
}

fn nth_of_month(year: i16, month: i8, weekday: Weekday, nth: i8) -> Option<Date> {
    Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday).ok()
}

fn read(text: &str) -> Option<Kind> {
    if let Some((day, rest)) = text.split_once('?') {
        let (weekday, otherwise) = rest.split_once(':')?;
        let Kind::Nth { month, weekday: other, nth } = nth(otherwise)? else { return None };
        return Some(Kind::If { day: month_day(day)?, weekday: weekday_named(weekday)?, month, other, nth });
    }
    if let Some((weekday, from)) = text.split_once(">=") {
        return Some(Kind::OnOrAfter { weekday: weekday_named(weekday)?, from: month_day(from)? });
    }
    for (word, eastern) in [("easter", false), ("orthodox", true)] {
        if let Some(days) = text.strip_prefix(word) {
            return Some(Kind::Easter { eastern, after: signed(days)? });
        }
    }
    if text.contains('#') { nth(text) } else { month_day(text).map(Kind::Fixed) }
}

fn nth(text: &str) -> Option<Kind> {
    let (month, rest) = text.split_once('-')?;
    let (weekday, nth) = rest.split_once('#')?;
    let nth = match nth {
        "-1" => -1,
        "1" => 1,
        "2" => 2,
        "3" => 3,
        "4" => 4,
        _ => return None,
    };
    let month = two_digits(month).filter(|month| (1..=12).contains(month))?;
    Some(Kind::Nth { month, weekday: weekday_named(weekday)?, nth })
}

fn month_day(text: &str) -> Option<MonthDay> {
    let (month, day) = text.split_once('-')?;
    let found = MonthDay { month: two_digits(month)?, day: two_digits(day)? };
    // A leap year has every day there is.
    found.of(2024).map(|_| found)
}

fn two_digits(text: &str) -> Option<i8> {
    let both = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if both { text.parse().ok() } else { None }
}

/// `+39`, `-2`; nought is `+0`.
fn signed(text: &str) -> Option<i16> {
    let digits = text.strip_prefix(['+', '-'])?;
    let days: i16 = digits.parse().ok()?;
    let one_spelling = digits == days.to_string() && !(days == 0 && text.starts_with('-'));
    (one_spelling && days <= FAR).then_some(if text.starts_with('-') { -days } else { days })
}

fn weekday_named(text: &str) -> Option<Weekday> {
    Some(match text {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_gives_the_day() {
        for (rule, year, day) in [
            ("05-01", 2026, Some("2026-05-01")),
            ("02-29", 2028, Some("2028-02-29")),
            ("02-29", 2027, None),
            ("easter+0", 2026, Some("2026-04-05")),
            ("easter-2", 2024, Some("2024-03-29")),
            ("easter+60", 2026, Some("2026-06-04")),
            ("orthodox-48", 2026, Some("2026-02-23")),
            ("orthodox+50", 2027, Some("2027-06-21")),
            ("11-thu#4", 2026, Some("2026-11-26")),
            ("05-mon#-1", 2026, Some("2026-05-25")),
            ("fri>=06-19", 2026, Some("2026-06-19")),
            ("fri>=06-19", 2027, Some("2027-06-25")),
            ("thu>=04-19", 2026, Some("2026-04-23")),
            ("02-01?fri:02-mon#1", 2030, Some("2030-02-01")),
            ("02-01?fri:02-mon#1", 2026, Some("2026-02-02")),
        ] {
            let found = DayRule::parse(rule).unwrap().day(year).map(|day| day.to_string());
            assert_eq!(found.as_deref(), day, "{rule} in {year}");
        }
    }

    #[test]
    fn nothing_else_is_a_rule() {
        for bad in [
            "",
            "5-1",
            "05-1",
            "13-01",
            "00-10",
            "02-30",
            "easter",
            "easter+",
            "easter 1",
            "easter+01",
            "easter-0",
            "easter+101",
            "Easter+1",
            "orthodox++1",
            "11-thu#5",
            "11-thu#0",
            "11-thu#",
            "11-Thu#1",
            "thu#1",
            "fri>=",
            "fri>=13-01",
            "fre>=06-19",
            "02-01?fri",
            "02-01?fri:02-01",
            "02-01?:02-mon#1",
            "05-01 ",
            "05\u{2212}01",
            "+5-01",
            "05-+1",
        ] {
            assert!(DayRule::parse(bad).is_err(), "{bad}");
        }
    }
}
