//! The public holidays of one state, and its time of day.

use crate::day_rule::DayRule;
use countersign_core::country::Country;
use countersign_core::{named_enum, version_tag};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;

version_tag!(
    /// Version of the calendar format.
    CalendarV1 = "countersign/calendar/v1"
);

named_enum!(
    /// What becomes of a holiday that falls on a weekend.
    Moved, "a way in which a holiday is moved (nearest_weekday, sunday_to_saturday)" {
        /// Saturday's is kept on the Friday before, Sunday's on the Monday after.
        NearestWeekday = "nearest_weekday",
        /// Sunday's is kept on the Saturday before.
        SundayToSaturday = "sunday_to_saturday",
    }
);

named_enum!(
    /// A day of the week that is never a working day.
    Rest, "a day of the weekend" {
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
        /// Saturday.
        Saturday = "saturday",
        /// Sunday.
        Sunday = "sunday",
    }
);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidayText {
    name: String,
    rule: String,
    #[serde(default)]
    moved: Option<Moved>,
    #[serde(default)]
    since: Option<i16>,
    #[serde(default)]
    until: Option<i16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarText {
    #[serde(rename = "v")]
    _v: CalendarV1,
    state: Country,
    title: String,
    zone: String,
    weekend: Vec<Rest>,
    from: i16,
    to: i16,
    source: String,
    verified: bool,
    date: String,
    days: Vec<HolidayText>,
}

#[derive(Debug, Clone)]
struct Holiday {
    name: String,
    rule: DayRule,
    moved: Option<Moved>,
    since: i16,
    until: i16,
}

/// A calendar that has been read.
#[derive(Debug, Clone)]
pub struct Calendar {
    state: Country,
    title: String,
    zone: TimeZone,
    weekend: Vec<Rest>,
    from: i16,
    to: i16,
    source: String,
    verified: bool,
    days: Vec<Holiday>,
}

/// A calendar that cannot be read, or is asked about a day it does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Too many bytes.
    #[error("a calendar of {found} bytes; at most {} are read", Calendar::MAX_LEN)]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not the format.
    #[error("not a calendar: {0}")]
    Format(String),
    /// A rule of the format is broken.
    #[error("the calendar of {state}: {reason}")]
    Content {
        /// Whose.
        state: Country,
        /// What is wrong.
        reason: String,
    },
    /// No calendar of that state is built in.
    #[error("no calendar of `{0}` is built in: write one as docs/formats/calendar.md says, and name its file")]
    Unknown(Country),
    /// A day in a year the calendar does not cover.
    #[error(
        "the calendar of {state} covers {from} to {to}, not {day}: the laws of that year have to be looked at first"
    )]
    NotCovered {
        /// Whose.
        state: Country,
        /// First year.
        from: i16,
        /// Last year.
        to: i16,
        /// The day asked about.
        day: Date,
    },
}

macro_rules! built_in {
    ($($state:literal)*) => {
        const BUILT_IN: &[(&str, &str)] = &[$(
            ($state, include_str!(concat!("../../../packs/calendars/", $state, ".json"))),
        )*];
    };
}

built_in!("AT" "BE" "BG" "CY" "CZ" "DE" "DK" "EE" "ES" "FI" "FR" "GR" "HR" "HU" "IE" "IS" "IT" "LI" "LT" "LU" "LV" "MT" "NL" "NO" "PL"
    "PT" "RO" "SE" "SI" "SK" "US" "XA" "XB" "XC" "XD" "XE" "XF");

impl Calendar {
    /// Longest calendar that is read.
    pub const MAX_LEN: usize = 64 * 1024;

    /// Reads a calendar.
    ///
    /// # Errors
    /// [`CalendarError::TooLong`], [`CalendarError::Format`], [`CalendarError::Content`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CalendarError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(CalendarError::TooLong { found: bytes.len() });
        }
        let text: CalendarText =
            serde_json::from_slice(bytes).map_err(|error| CalendarError::Format(error.to_string()))?;
        let state = text.state;
        let wrong = |reason: String| CalendarError::Content { state, reason };
        if !(1900..=2099).contains(&text.from) || !(text.from..=2099).contains(&text.to) {
            return Err(wrong(format!("covers {} to {}: years from 1900 to 2099, in order", text.from, text.to)));
        }
        if text.weekend.is_empty() || !text.weekend.is_sorted_by(|left, right| left < right) {
            return Err(wrong("`weekend` is empty, not in the order of the week or repeats a day".into()));
        }
        if let Some(field) = [("title", &text.title), ("source", &text.source), ("date", &text.date)]
            .into_iter()
            .find(|(_, value)| value.trim().is_empty())
        {
            return Err(wrong(format!("`{}` is empty", field.0)));
        }
        if countersign_core::time::Date::parse(&text.date).is_err() {
            return Err(wrong(format!("`{}` in `date` is not a day like 2026-11-20", text.date)));
        }
        // A POSIX rule needs no table of the world's zones, and says itself when summer begins.
        let zone = TimeZone::posix(&text.zone).map_err(|_| {
            wrong(format!("`{}` in `zone` is not a POSIX time zone like CET-1CEST,M3.5.0,M10.5.0/3", text.zone))
        })?;
        let mut days = Vec::with_capacity(text.days.len());
        for day in text.days {
            let rule = DayRule::parse(&day.rule).map_err(|error| wrong(format!("`{}`: {error}", day.name)))?;
            let (since, until) = (day.since.unwrap_or(text.from), day.until.unwrap_or(text.to));
            if day.name.trim().is_empty() || since > until {
                return Err(wrong(format!("`{}`: the name is empty, or `since` is after `until`", day.name)));
            }
            if days.iter().any(|known: &Holiday| known.rule == rule) {
                return Err(wrong(format!("`{}`: the rule `{rule}` stands twice", day.name)));
            }
            days.push(Holiday { name: day.name, rule, moved: day.moved, since, until });
        }
        Ok(Self {
            state,
            title: text.title,
            zone,
            weekend: text.weekend,
            from: text.from,
            to: text.to,
            source: text.source,
            verified: text.verified,
            days,
        })
    }

    /// The built-in calendar of a state.
    ///
    /// # Errors
    /// [`CalendarError::Unknown`].
    pub fn of(state: Country) -> Result<Self, CalendarError> {
        let (_, text) =
            BUILT_IN.iter().find(|(code, _)| *code == state.as_str()).ok_or(CalendarError::Unknown(state))?;
        Self::parse(text.as_bytes())
    }

    /// Codes of the states with a built-in calendar.
    pub fn states() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(code, _)| *code)
    }

    /// Whose calendar.
    pub fn state(&self) -> Country {
        self.state
    }

    /// What it covers, in words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The law it was taken from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether somebody compared it with the law.
    pub fn verified(&self) -> bool {
        self.verified
    }

    /// The state's time of day.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// First and last year covered.
    pub fn years(&self) -> (i16, i16) {
        (self.from, self.to)
    }

    /// The name of the holiday on a day, if it is one.
    ///
    /// # Errors
    /// [`CalendarError::NotCovered`].
    pub fn holiday(&self, day: Date) -> Result<Option<&str>, CalendarError> {
        if !(self.from..=self.to).contains(&day.year()) {
            return Err(CalendarError::NotCovered { state: self.state, from: self.from, to: self.to, day });
        }
        // A holiday of the first of January can be kept in the year before.
        let falls = |holiday: &&Holiday| {
            [day.year(), day.year().saturating_add(1)].into_iter().any(|year| holiday.kept(year) == Some(day))
        };
        Ok(self.days.iter().find(falls).map(|holiday| holiday.name.as_str()))
    }

    /// Every holiday of a year with its name, the earliest first.
    ///
    /// # Errors
    /// [`CalendarError::NotCovered`].
    pub fn holidays(&self, year: i16) -> Result<Vec<(Date, &str)>, CalendarError> {
        let mut days = Vec::new();
        let mut day = Date::new(year, 1, 1)
            .map_err(|_| CalendarError::Format(format!("{year} is no year that is counted: take 1900 to 2099")))?;
        loop {
            days.extend(self.holiday(day)?.map(|name| (day, name)));
            day = match day.tomorrow() {
                Ok(next) if next.year() == year => next,
                _ => return Ok(days),
            };
        }
    }

    /// Whether a day is neither a holiday nor of the weekend.
    ///
    /// # Errors
    /// [`CalendarError::NotCovered`].
    pub fn is_working_day(&self, day: Date) -> Result<bool, CalendarError> {
        let holiday = self.holiday(day)?.is_some();
        Ok(!holiday && !self.weekend.iter().any(|rest| weekday(*rest) == day.weekday()))
    }
}

impl Holiday {
    /// The day on which the holiday of `year` is kept.
    fn kept(&self, year: i16) -> Option<Date> {
        let day = self.rule.day(year).filter(|_| (self.since..=self.until).contains(&year))?;
        match (self.moved, day.weekday()) {
            (Some(Moved::NearestWeekday), Weekday::Saturday) | (Some(Moved::SundayToSaturday), Weekday::Sunday) => {
                day.yesterday().ok()
            }
            (Some(Moved::NearestWeekday), Weekday::Sunday) => day.tomorrow().ok(),
            _ => Some(day),
        }
    }
}

fn weekday(rest: Rest) -> Weekday {
    match rest {
        Rest::Thursday => Weekday::Thursday,
        Rest::Friday => Weekday::Friday,
        Rest::Saturday => Weekday::Saturday,
        Rest::Sunday => Weekday::Sunday,
    }
}
