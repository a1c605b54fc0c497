//! From a start to the last second of a period.

use crate::calendar::{Calendar, CalendarError};
use crate::clock::{Clock, Counting, Unit};
use countersign_core::time::{HOUR, MINUTE, Seconds, Timestamp};
use jiff::civil::Date;
use jiff::{Span, tz::TimeZone};

/// A time in which a clock stood still. One that goes on ends now: the clock then shows the earliest end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// When it stopped.
    pub from: Timestamp,
    /// When it went on.
    pub to: Timestamp,
}

/// When something is due, and how that was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The last second of the period.
    pub at: Timestamp,
    /// When a person is told.
    pub warn: Timestamp,
    /// The steps of the count, in words.
    pub steps: Vec<String>,
}

/// Why no end could be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The calendar does not know a day.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The pauses are no pauses of this clock.
    #[error("a pause from {} to {}: {reason}", .pause.from, .pause.to)]
    Pause {
        /// Which.
        pause: Pause,
        /// What is wrong.
        reason: &'static str,
    },
    /// The end lies beyond the years that are counted.
    #[error("a period from {0} ends beyond the years that are counted")]
    TooFar(Timestamp),
}

/// The end of `clock`, started at `start`, by the holidays and the time of day of `calendar`.
///
/// Minutes and hours are exact, from the second of the event. Days are whole days of the calendar's zone; the day of the event does not
/// count, and the period ends with the last second of its last day. Pauses are in order and apart. They prolong a period of minutes or hours
/// by their seconds, and one of days by the days that lie wholly inside them (of working days: by the working days among those).
///
/// Source: Regulation (EEC, Euratom) No 1182/71, articles 2 and 3. Hours differ from its article 3(1), which leaves out the rest of the hour
/// of the event: the end here comes earlier, by less than an hour.
///
/// # Errors
/// [`PeriodError`].
pub fn due(clock: &Clock, calendar: &Calendar, start: Timestamp, pauses: &[Pause]) -> Result<Due, PeriodError> {
    check_pauses(start, pauses)?;
    let mut steps = vec![format!("starts {} ({})", start, local(start, calendar.zone())?)];
    let at = match clock.unit {
        Unit::Minutes => exact(MINUTE, clock, start, pauses, &mut steps)?,
        Unit::Hours => exact(HOUR, clock, start, pauses, &mut steps)?,
        Unit::CalendarDays | Unit::WorkingDays | Unit::Months => {
            let last = last_day(clock, calendar, start, pauses, &mut steps)?;
            end_of(last, calendar.zone()).ok_or(PeriodError::TooFar(start))?
        }
    };
    let warn = at.plus(-Seconds::from(clock.warn_hours) * HOUR).max(start);
    steps.push(format!("ends {} ({})", at, local(at, calendar.zone())?));
    Ok(Due { at, warn, steps })
}

fn check_pauses(start: Timestamp, pauses: &[Pause]) -> Result<(), PeriodError> {
    let mut free = start;
    for pause in pauses {
        let reason = if pause.to < pause.from {
            "it ends before it begins"
        } else if pause.from < free {
            "it begins before the clock, or before the pause before it ends"
        } else {
            free = pause.to;
            continue;
        };
        return Err(PeriodError::Pause { pause: *pause, reason });
    }
    Ok(())
}

/// A pause that begins after the end changes nothing, so each is looked at in turn.
fn exact(
    unit: Seconds,
    clock: &Clock,
    start: Timestamp,
    pauses: &[Pause],
    steps: &mut Vec<String>,
) -> Result<Timestamp, PeriodError> {
    let mut end = start.plus(unit * Seconds::from(clock.length));
    for pause in pauses.iter().filter(|pause| pause.to > pause.from) {
        if pause.from > end {
            break;
        }
        let stood = pause.to.since(pause.from);
        end = end.plus(stood);
        steps.push(format!("stood still for {stood} seconds from {}", pause.from));
    }
    if end == Timestamp::MAX { Err(PeriodError::TooFar(start)) } else { Ok(end) }
}

fn last_day(
    clock: &Clock,
    calendar: &Calendar,
    start: Timestamp,
    pauses: &[Pause],
    steps: &mut Vec<String>,
) -> Result<Date, PeriodError> {
    let far = || PeriodError::TooFar(start);
    let first = day_of(start, calendar.zone()).ok_or_else(far)?;
    let stood = |day: Date| stood_still(day, calendar.zone(), pauses);
    let length = i64::from(clock.length);
    let mut last = match clock.unit {
        Unit::Months => {
            let span = Span::new().try_months(length).map_err(|_| far())?;
            let planned = first.checked_add(span).map_err(|_| far())?;
            prolonged(first, planned, &stood, steps).ok_or_else(far)?
        }
        Unit::CalendarDays => counted(first, length, stood, |_| Ok(true), steps)?,
        _ => counted(first, length, stood, |day| Ok(calendar.is_working_day(day)?), steps)?,
    };
    if clock.counting == Counting::Eu1182 {
        let mut working = 0;
        let mut day = first;
        while day < last {
            day = day.tomorrow().map_err(|_| far())?;
            working += u32::from(calendar.is_working_day(day)?);
        }
        let needed = u32::from(clock.length >= 2 || clock.unit == Unit::Months) + 1;
        while !calendar.is_working_day(last)? || working < needed {
            let why = match calendar.holiday(last)? {
                Some(name) => format!("{last} is {name}"),
                None if calendar.is_working_day(last)? => format!("to {last} there are fewer than two working days"),
                None => format!("{last} is a {:?}", last.weekday()),
            };
            steps.push(format!("{why}: a day later"));
            last = last.tomorrow().map_err(|_| far())?;
            working += u32::from(calendar.is_working_day(last)?);
        }
    }
    Ok(last)
}

/// The day on which `length` days that count have passed since `first`.
fn counted(
    first: Date,
    length: i64,
    stood: impl Fn(Date) -> bool,
    counts: impl Fn(Date) -> Result<bool, PeriodError>,
    steps: &mut Vec<String>,
) -> Result<Date, PeriodError> {
    let mut day = first;
    let mut left = length;
    while left > 0 {
        day = day.tomorrow().map_err(|_| PeriodError::TooFar(Timestamp::MAX))?;
        if !counts(day)? {
            continue;
        }
        if stood(day) {
            steps.push(format!("stood still on {day}"));
        } else {
            left -= 1;
        }
    }
    Ok(day)
}

fn prolonged(first: Date, planned: Date, stood: &impl Fn(Date) -> bool, steps: &mut Vec<String>) -> Option<Date> {
    let (mut day, mut last) = (first, planned);
    while day < last {
        day = day.tomorrow().ok()?;
        if stood(day) {
            steps.push(format!("stood still on {day}"));
            last = last.tomorrow().ok()?;
        }
    }
    Some(last)
}

/// Whether a day lies wholly inside a pause.
fn stood_still(day: Date, zone: &TimeZone, pauses: &[Pause]) -> bool {
    let Some((begin, end)) = start_of(day, zone).zip(end_of(day, zone)) else { return false };
    pauses.iter().any(|pause| pause.from <= begin && end < pause.to)
}

fn day_of(time: Timestamp, zone: &TimeZone) -> Option<Date> {
    Some(jiff::Timestamp::from_second(time.unix()).ok()?.to_zoned(zone.clone()).date())
}

fn local(time: Timestamp, zone: &TimeZone) -> Result<String, PeriodError> {
    let instant = jiff::Timestamp::from_second(time.unix()).map_err(|_| PeriodError::TooFar(time))?;
    let zoned = instant.to_zoned(zone.clone());
    Ok(format!("{} {} local", zoned.date(), zoned.time()))
}

fn start_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    Timestamp::from_unix(day.to_zoned(zone.clone()).ok()?.timestamp().as_second())
}

fn end_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    start_of(day.tomorrow().ok()?, zone).map(|next| next.plus(-1))
}
