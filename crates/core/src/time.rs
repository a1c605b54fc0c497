//! Time: whole seconds since 1970-01-01T00:00:00Z, written as `2026-11-20T13:00:00Z`; days of the calendar; the clock as an
//! argument.

use crate::id::InvalidId;
use std::fmt;

/// A point in time, whole seconds, UTC, years 1970 to 2999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A span of seconds.
pub type Seconds = i64;

/// One minute.
pub const MINUTE: Seconds = 60;
/// One hour.
pub const HOUR: Seconds = 3_600;
/// One day of 24 hours.
pub const DAY: Seconds = 86_400;

impl Timestamp {
    /// The earliest time.
    pub const MIN: Self = Self(0);
    /// The latest time, 2999-12-31T23:59:59Z.
    pub const MAX: Self = Self(32_503_679_999);

    /// Seconds since the epoch, when inside the range.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&seconds).then_some(Self(seconds))
    }

    /// Seconds since the epoch.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// `self + seconds`, held inside the range.
    #[must_use]
    pub fn plus(self, seconds: Seconds) -> Self {
        Self(self.0.saturating_add(seconds).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Seconds from `earlier` to `self`; negative when `self` is the earlier one.
    pub fn since(self, earlier: Self) -> Seconds {
        self.0 - earlier.0
    }

    /// Reads `YYYY-MM-DDTHH:MM:SSZ` and nothing else.
    ///
    /// # Errors
    /// [`InvalidId`] for other spellings, other zones, fractions, impossible dates.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let parsed: Option<jiff::Timestamp> = text.parse().ok();
        parsed
            .and_then(|time| Self::from_unix(time.as_second()))
            .filter(|time| time.to_string() == text)
            .ok_or_else(|| InvalidId::not("a time like 2026-11-20T13:00:00Z (UTC, whole seconds)", text))
    }

    /// The day (UTC) in which `self` lies.
    pub fn date(self) -> Date {
        Date(self.0 / DAY)
    }

    /// The last second of the calendar quarter (UTC) in which `self` lies.
    #[must_use]
    pub fn quarter_end(self) -> Self {
        let Ok(time) = jiff::Timestamp::from_second(self.0) else { return self };
        let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
        let (year, month) =
            if date.month() > 9 { (date.year() + 1, 1) } else { (date.year(), (date.month() - 1) / 3 * 3 + 4) };
        jiff::civil::Date::new(year, month, 1)
            .ok()
            .and_then(|first| first.to_zoned(jiff::tz::TimeZone::UTC).ok())
            .and_then(|first| Self::from_unix(first.timestamp().as_second() - 1))
            .unwrap_or(Self::MAX)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl std::str::FromStr for Timestamp {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

crate::text_serde!(Timestamp);

/// A day of the calendar (UTC), years 1970 to 2999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

impl Date {
    /// Its first second.
    pub fn start(self) -> Timestamp {
        Timestamp(self.0 * DAY)
    }

    /// Reads `YYYY-MM-DD` and nothing else.
    ///
    /// # Errors
    /// [`InvalidId`] for other spellings and impossible days.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let parsed: Option<jiff::civil::Date> = text.parse().ok();
        let start = parsed.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
        start
            .and_then(|start| Timestamp::from_unix(start.timestamp().as_second()))
            .map(Timestamp::date)
            .filter(|date| date.to_string() == text)
            .ok_or_else(|| InvalidId::not("a day like 2026-11-20", text))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.start().unix()) {
            Ok(time) => write!(f, "{}", time.to_zoned(jiff::tz::TimeZone::UTC).date()),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({self})")
    }
}

impl std::str::FromStr for Date {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

crate::text_serde!(Date);

/// The clock, an argument everywhere: only the binary's edge reads the machine's.
pub trait Clock: Send + Sync {
    /// The present time.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        let time = Timestamp::parse("2026-11-20T13:26:40Z").unwrap();
        assert_eq!(time.unix(), 1_795_181_200);
        assert_eq!(time.to_string(), "2026-11-20T13:26:40Z");
        for bad in [
            "2026-11-20T13:26:40.5Z",
            "2026-11-20 13:26:40Z",
            "2026-11-20T14:26:40+01:00",
            "2026-02-30T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "3000-01-01T00:00:00Z",
            "",
        ] {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Timestamp::MAX.to_string(), "2999-12-31T23:59:59Z");
    }

    #[test]
    fn days_have_one_spelling_and_begin_at_midnight() {
        for (day, start) in [("1970-01-01", 0), ("2026-11-20", 1_795_132_800), ("2999-12-31", 32_503_593_600)] {
            let date = Date::parse(day).unwrap();
            assert_eq!((date.to_string().as_str(), date.start().unix()), (day, start));
            assert_eq!((date.start().date(), date.start().plus(DAY - 1).date()), (date, date));
        }
        for bad in [
            "2026-11-2",
            "2026-02-30",
            "20261120",
            "2026-11-20T00:00:00Z",
            "1969-12-31",
            "3000-01-01",
            " 2026-11-20",
            "",
        ] {
            assert!(Date::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quarters_end_on_their_last_second() {
        for (time, end) in [
            ("2026-11-20T13:26:40Z", "2026-12-31T23:59:59Z"),
            ("2028-01-01T00:00:00Z", "2028-03-31T23:59:59Z"),
            ("2026-06-30T23:59:59Z", "2026-06-30T23:59:59Z"),
        ] {
            assert_eq!(Timestamp::parse(time).unwrap().quarter_end().to_string(), end);
        }
    }
}
