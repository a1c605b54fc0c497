//! Who is on duty when, and how long somebody who asks at the worst moment waits until enough people were.
//!
//! Hours of duty are local times of a calendar's state on its days; a span of duty is their length in hours, whatever the time of day does.
//! What is enough is the caller's question.

use crate::calendar::{Calendar, CalendarError};
use countersign_core::country::Country;
use countersign_core::id::PersonId;
use countersign_core::named_enum;
use countersign_core::time::{HOUR, Seconds, Timestamp};
use jiff::civil::{Date, Time, Weekday};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

named_enum!(
    /// A day of the week.
    Day, "a day of the week (monday to sunday)" {
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
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

/// Regular hours of duty of one person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Who.
    pub person: PersonId,
    /// By whose calendar and time of day.
    pub calendar: Country,
    /// Days on which a span begins; empty for every day.
    pub days: Vec<Day>,
    /// Whether also on public holidays of that calendar.
    pub holidays: bool,
    /// Local time at which a span begins, `HH:MM`.
    pub from: String,
    /// Its length, 1 to 24.
    pub hours: u8,
}

/// All regular hours: `{"hours":[…]}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnDuty {
    /// The hours.
    pub hours: Vec<Hours>,
}

/// Hours that cannot be read or counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OnDutyError {
    /// Too many bytes.
    #[error("hours of duty of {found} bytes; at most {} are read", OnDuty::MAX_LEN)]
    TooLong {
        /// Their length.
        found: usize,
    },
    /// Not the format.
    #[error("not hours of duty: {0}")]
    Format(String),
    /// A time that is none, or a length that is none.
    #[error("hours of `{person}`: {reason}")]
    Hours {
        /// Whose.
        person: PersonId,
        /// What is wrong.
        reason: String,
    },
    /// A calendar is missing or does not know a day.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// A time in which one person is on duty, without its last second.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Beginning.
    pub from: Timestamp,
    /// End; not on duty any more.
    pub until: Timestamp,
    /// Who.
    pub person: PersonId,
}

impl OnDuty {
    /// Longest file in bytes.
    pub const MAX_LEN: usize = 256 * 1024;

    /// Reads hours of duty.
    ///
    /// # Errors
    /// [`OnDutyError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, OnDutyError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(OnDutyError::TooLong { found: bytes.len() });
        }
        let read: Self = serde_json::from_slice(bytes).map_err(|error| OnDutyError::Format(error.to_string()))?;
        read.hours.iter().try_for_each(|hours| hours.begins().map(drop))?;
        Ok(read)
    }

    /// Every span that overlaps the time from `from` to `until`, the earliest first. `calendar` gives the calendar of a state.
    ///
    /// # Errors
    /// [`OnDutyError`].
    pub fn spans(
        &self,
        calendar: impl Fn(Country) -> Result<Calendar, CalendarError>,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Span>, OnDutyError> {
        let mut calendars: BTreeMap<Country, Calendar> = BTreeMap::new();
        let mut spans = Vec::new();
        for hours in &self.hours {
            let calendar = match calendars.entry(hours.calendar) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(calendar(hours.calendar)?),
            };
            hours.spans(calendar, from, until, &mut spans)?;
        }
        spans.sort_unstable();
        Ok(spans)
    }
}

impl Hours {
    fn begins(&self) -> Result<Time, OnDutyError> {
        let bad = |reason: String| OnDutyError::Hours { person: self.person.clone(), reason };
        if !(1..=24).contains(&self.hours) {
            return Err(bad(format!("a span of {} hours; it has 1 to 24", self.hours)));
        }
        let (hour, minute) = match self.from.as_bytes() {
            [a, b, b':', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()) => {
                let number = |tens: &u8, ones: &u8| (tens - b'0') * 10 + (ones - b'0');
                (number(a, b), number(c, d))
            }
            _ => return Err(bad(format!("`{}` is no time of day: write HH:MM", self.from))),
        };
        let (hour, minute) = (i8::try_from(hour).unwrap_or(i8::MAX), i8::try_from(minute).unwrap_or(i8::MAX));
        Time::new(hour, minute, 0, 0).map_err(|_| bad(format!("`{}` is no time of day: write HH:MM", self.from)))
    }

    fn spans(
        &self,
        calendar: &Calendar,
        from: Timestamp,
        until: Timestamp,
        spans: &mut Vec<Span>,
    ) -> Result<(), OnDutyError> {
        let begins = self.begins()?;
        let far = || OnDutyError::Hours { person: self.person.clone(), reason: "a time that is not counted".into() };
        let day_of = |time: Timestamp| -> Option<Date> {
            let instant = jiff::Timestamp::from_second(time.unix()).ok()?;
            Some(instant.to_zoned(calendar.zone().clone()).date())
        };
        // A span that began the day before may still last.
        let mut day = day_of(from).and_then(|day| day.yesterday().ok()).ok_or_else(far)?;
        let last = day_of(until).ok_or_else(far)?;
        while day <= last {
            let listed = self.days.is_empty() || self.days.iter().any(|one| weekday(*one) == day.weekday());
            if listed && (self.holidays || calendar.holiday(day)?.is_none()) {
                let start = day.to_datetime(begins).to_zoned(calendar.zone().clone()).map_err(|_| far())?;
                let start = Timestamp::from_unix(start.timestamp().as_second()).ok_or_else(far)?;
                let end = start.plus(Seconds::from(self.hours) * HOUR);
                if end > from && start < until {
                    spans.push(Span { from: start, until: end, person: self.person.clone() });
                }
            }
            day = day.tomorrow().map_err(|_| far())?;
        }
        Ok(())
    }
}

/// Takes an absence out of the spans of one person.
pub fn without(spans: Vec<Span>, person: &PersonId, away: (Timestamp, Timestamp)) -> Vec<Span> {
    let cut = |span: Span| {
        if span.person != *person || away.1 <= span.from || span.until <= away.0 {
            return vec![span];
        }
        let before = Span { until: away.0, ..span.clone() };
        let after = Span { from: away.1, ..span };
        [before, after].into_iter().filter(|part| part.from < part.until).collect()
    };
    let mut left: Vec<Span> = spans.into_iter().flat_map(cut).collect();
    left.sort_unstable();
    left
}

/// Who is on duty at `time`, each once, by name.
pub fn on_duty_at(spans: &[Span], time: Timestamp) -> Vec<&PersonId> {
    let mut people: Vec<&PersonId> =
        spans.iter().filter(|span| (span.from..span.until).contains(&time)).map(|span| &span.person).collect();
    people.sort_unstable();
    people.dedup();
    people
}

/// The first time, not before `start`, at which everybody who was on duty since `start` is enough; `None` when the spans never get there.
pub fn ready_at(spans: &[Span], start: Timestamp, enough: impl Fn(&[&PersonId]) -> bool) -> Option<Timestamp> {
    let mut first: BTreeMap<&PersonId, Timestamp> = BTreeMap::new();
    for span in spans.iter().filter(|span| span.until > start) {
        let at = span.from.max(start);
        first.entry(&span.person).and_modify(|known| *known = at.min(*known)).or_insert(at);
    }
    let mut coming: Vec<(Timestamp, &PersonId)> = first.into_iter().map(|(person, at)| (at, person)).collect();
    coming.sort_unstable();
    let mut there: Vec<&PersonId> = Vec::new();
    if enough(&there) {
        return Some(start);
    }
    for (at, person) in coming {
        there.push(person);
        if enough(&there) {
            return Some(at);
        }
    }
    None
}

/// The times between `from` and `until` at which a wait can be longest: the beginning, and every end of a span. From one of these to the
/// next nobody goes off duty, so whoever asks later waits no longer.
pub fn worst_starts(spans: &[Span], from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let ends = spans.iter().map(|span| span.until).filter(|end| (from..until).contains(end));
    let mut starts: Vec<Timestamp> = std::iter::once(from).chain(ends).collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

fn weekday(day: Day) -> Weekday {
    match day {
        Day::Monday => Weekday::Monday,
        Day::Tuesday => Weekday::Tuesday,
        Day::Wednesday => Weekday::Wednesday,
        Day::Thursday => Weekday::Thursday,
        Day::Friday => Weekday::Friday,
        Day::Saturday => Weekday::Saturday,
        Day::Sunday => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::time::DAY;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn person(name: &str) -> PersonId {
        PersonId::parse(name).unwrap()
    }

    fn read(hours: &str) -> Result<OnDuty, OnDutyError> {
        OnDuty::parse(format!(r#"{{"hours":[{hours}]}}"#).as_bytes())
    }

    fn spans(hours: &str, from: &str, until: &str) -> Vec<String> {
        let spans = read(hours).unwrap().spans(Calendar::of, at(from), at(until)).unwrap();
        spans.iter().map(|span| format!("{} {}", span.from, span.until)).collect()
    }

    #[test]
    fn hours_follow_the_time_of_day_and_the_holidays_of_their_state() {
        // Summer time ends in Austria on 25 October 2026; the 26th is a holiday.
        let weekdays = r#"{"person":"anna-berg","calendar":"AT","days":["friday","sunday","monday","tuesday"],"holidays":false,"from":"08:00","hours":10}"#;
        assert_eq!(
            spans(weekdays, "2026-10-23T00:00:00Z", "2026-10-28T00:00:00Z"),
            [
                "2026-10-23T06:00:00Z 2026-10-23T16:00:00Z",
                "2026-10-25T07:00:00Z 2026-10-25T17:00:00Z",
                "2026-10-27T07:00:00Z 2026-10-27T17:00:00Z",
            ]
        );
        let always = weekdays.replace(r#""holidays":false"#, r#""holidays":true"#);
        assert_eq!(
            spans(&always, "2026-10-26T00:00:00Z", "2026-10-26T12:00:00Z"),
            ["2026-10-26T07:00:00Z 2026-10-26T17:00:00Z"]
        );
        // A night that began the day before still lasts.
        let night = r#"{"person":"anna-berg","calendar":"AT","days":[],"holidays":true,"from":"22:00","hours":9}"#;
        assert_eq!(
            spans(night, "2026-11-20T03:00:00Z", "2026-11-20T21:30:00Z"),
            ["2026-11-19T21:00:00Z 2026-11-20T06:00:00Z", "2026-11-20T21:00:00Z 2026-11-21T06:00:00Z"]
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let good = r#"{"person":"anna-berg","calendar":"AT","days":[],"holidays":true,"from":"22:00","hours":9}"#;
        assert!(read(good).is_ok());
        for (from, to) in [
            ("22:00", "24:00"),
            ("22:00", "22:60"),
            ("22:00", "9:00"),
            ("22:00", "+1:00"),
            ("22:00", "22:00:00"),
            (":9}", ":0}"),
            (":9}", ":25}"),
            ("AT", "at"),
            ("[]", "[\"someday\"]"),
            ("\"days\":[],", ""),
            ("{\"person\"", "{\"note\":1,\"person\""),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            assert!(read(&bad).is_err(), "{bad}");
        }
        let long = " ".repeat(OnDuty::MAX_LEN + 1);
        assert!(matches!(OnDuty::parse(long.as_bytes()), Err(OnDutyError::TooLong { .. })));
        let uncovered = read(&good.replace("true", "false")).unwrap();
        let far = uncovered.spans(Calendar::of, at("2200-01-01T00:00:00Z"), at("2200-01-02T00:00:00Z"));
        assert!(matches!(far, Err(OnDutyError::Calendar(CalendarError::NotCovered { .. }))), "{far:?}");
        let unknown = read(&good.replace("AT", "ZW")).unwrap();
        let unknown = unknown.spans(Calendar::of, at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
        assert!(matches!(unknown, Err(OnDutyError::Calendar(CalendarError::Unknown(_)))), "{unknown:?}");
    }

    #[test]
    fn absences_are_taken_out() {
        let span = |from: i64, until: i64| Span {
            from: Timestamp::MIN.plus(from),
            until: Timestamp::MIN.plus(until),
            person: person("anna-berg"),
        };
        let cut = |from: i64, until: i64| {
            without(vec![span(10, 20)], &person("anna-berg"), (Timestamp::MIN.plus(from), Timestamp::MIN.plus(until)))
        };
        assert_eq!(cut(12, 15), [span(10, 12), span(15, 20)]);
        assert_eq!(cut(0, 15), [span(15, 20)]);
        assert_eq!(cut(15, 30), [span(10, 15)]);
        assert_eq!(cut(10, 20), []);
        assert_eq!(cut(20, 30), [span(10, 20)]);
        assert_eq!(
            without(vec![span(10, 20)], &person("bruno-lind"), (Timestamp::MIN, Timestamp::MAX)),
            [span(10, 20)]
        );
    }

    fn some_spans() -> impl Strategy<Value = Vec<Span>> {
        let span = (0_i64..100, 1_i64..30, 0_usize..4).prop_map(|(from, length, who)| Span {
            from: Timestamp::MIN.plus(from),
            until: Timestamp::MIN.plus(from + length),
            person: person(["anna", "bruno", "clara", "dora"][who]),
        });
        proptest::collection::vec(span, 0..12)
    }

    proptest! {
        /// Compared with looking at every second.
        #[test]
        fn readiness_is_what_every_second_shows(spans in some_spans(), start in 0_i64..140, needed in 0_usize..4) {
            let start = Timestamp::MIN.plus(start);
            let enough = |there: &[&PersonId]| there.len() >= needed;
            let mut seen: Vec<&PersonId> = Vec::new();
            let mut slow = None;
            for second in 0..200 {
                let now = start.plus(second);
                seen.extend(on_duty_at(&spans, now));
                seen.sort_unstable();
                seen.dedup();
                if seen.len() >= needed {
                    slow = Some(now);
                    break;
                }
            }
            prop_assert_eq!(ready_at(&spans, start, enough), slow);
        }

        /// No start waits longer than the worst of those that are tried.
        #[test]
        fn the_worst_start_is_among_those_tried(spans in some_spans(), needed in 1_usize..4) {
            let (from, until) = (Timestamp::MIN.plus(5), Timestamp::MIN.plus(90));
            let enough = |there: &[&PersonId]| there.len() >= needed;
            // Later than anything else when nobody comes.
            let wait = |start: Timestamp| ready_at(&spans, start, enough).map_or(DAY, |ready| ready.since(start));
            let worst = worst_starts(&spans, from, until).into_iter().map(wait).max();
            let slow = (5..90).map(|second| wait(Timestamp::MIN.plus(second))).max();
            prop_assert_eq!(worst, slow);
        }
    }
}
