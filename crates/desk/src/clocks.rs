//! The clocks of a case: what is due and by when, and what ended each. A clock that runs out releases nothing.

use crate::case_file::CaseFile;
use countersign_core::case::{Event, EventRecord};
use countersign_core::json::Exact;
use countersign_core::order::Instrument;
use countersign_core::time::Timestamp;
use countersign_deadlines::clock::{Clock, End, Start, Stops};
use countersign_deadlines::{Calendar, Clocks, Due, Pause, PeriodError, due};

/// One clock of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseClock {
    /// Which.
    pub clock: Clock,
    /// When it ends, and how that was counted.
    pub due: Due,
    /// When that happened for which it ran.
    pub ended: Option<Timestamp>,
    /// Whether it stands still now: the end shown is the earliest.
    pub paused: bool,
}

/// How a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It runs.
    Running,
    /// A person must be told: the end is near.
    Near,
    /// It has run out.
    Over,
    /// What was due happened in time.
    Kept,
    /// What was due happened too late.
    Missed,
}

impl CaseClock {
    /// How it stands at `now`.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.ended {
            Some(at) if at <= self.due.at => Standing::Kept,
            Some(_) => Standing::Missed,
            None if now > self.due.at => Standing::Over,
            None if now >= self.due.warn => Standing::Near,
            None => Standing::Running,
        }
    }
}

/// What of a case the clocks look at.
#[derive(Debug, Clone, Copy)]
struct Life<'c> {
    events: &'c [Exact<EventRecord>],
    approached: Option<Timestamp>,
    request: Option<(Instrument, bool, Timestamp)>,
}

/// Every clock that something in the case has started, those with the nearest end first.
///
/// # Errors
/// [`PeriodError`] when the calendar does not cover a day that is needed.
pub fn clocks_of(
    file: &CaseFile,
    clocks: &Clocks,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Vec<CaseClock>, PeriodError> {
    let contact = file.contact.as_ref().map(Exact::value);
    let facts =
        contact.iter().flat_map(|contact| [&contact.met, &contact.asked, &contact.promised, &contact.delivered]);
    let request = file.intake.as_ref().map(Exact::value);
    let life = Life {
        events: &file.events,
        approached: facts.flatten().map(|fact| fact.at).min(),
        request: request.map(|intake| (intake.instrument, intake.emergency, intake.received_at)),
    };
    life.clocks(clocks, calendar, now)
}

impl Life<'_> {
    fn clocks(self, clocks: &Clocks, calendar: &Calendar, now: Timestamp) -> Result<Vec<CaseClock>, PeriodError> {
        let instrument = self.request.map(|(instrument, _, _)| instrument);
        let urgent = self.request.is_some_and(|(_, urgent, _)| urgent);
        let mut found = Vec::new();
        for (start, at) in self.starts() {
            for clock in clocks.started(start, instrument, urgent) {
                let ended = self.ended(clock.end, start, at);
                let (pauses, paused) = self.pauses(clock, at, ended.unwrap_or(now));
                let due = due(clock, calendar, at, &pauses)?;
                found.push(CaseClock { clock: clock.clone(), due, ended, paused: paused && ended.is_none() });
            }
        }
        found.sort_by_key(|clock| (clock.ended.is_some(), clock.due.at));
        Ok(found)
    }

    fn starts(self) -> Vec<(Start, Timestamp)> {
        let approached = self.approached.map(|at| (Start::Approached, at));
        let received = self.request.map(|(_, _, at)| (Start::Received, at));
        let happened = self.events.iter().filter_map(|record| {
            let start = match record.value().event {
                Event::Authenticated { .. } => Start::Authenticated,
                Event::Preserved { .. } => Start::Preserved,
                Event::Delivered { .. } => Start::Released,
                Event::Delayed { .. } => Start::Delayed,
                _ => return None,
            };
            Some((start, record.value().at))
        });
        let delay_ends = self.events.iter().filter_map(|record| match record.value().event {
            Event::Delayed { until, .. } => Some((Start::DelayEnded, until)),
            _ => None,
        });
        approached.into_iter().chain(received).chain(happened).chain(delay_ends).collect()
    }

    /// The first event after the start that is the end. A letter may be entered hours after it came: its events count all the same.
    fn ended(self, end: End, begun: Start, start: Timestamp) -> Option<Timestamp> {
        let ends = |event: &Event| match end {
            End::Registered => matches!(event, Event::Contact { .. }),
            End::SenderChecked => matches!(event, Event::Authenticated { .. } | Event::Fake { .. }),
            End::Reviewed => {
                matches!(
                    event,
                    Event::Proposed { .. } | Event::Refused { .. } | Event::Challenged { .. } | Event::Withdrawn { .. }
                )
            }
            End::Answered => matches!(
                event,
                Event::Delivered { .. } | Event::Refused { .. } | Event::Withdrawn { .. } | Event::Fake { .. }
            ),
            // A delay order on file ends the clock of the release, and starts others.
            End::Notified if begun == Start::Released => {
                matches!(event, Event::Notified { .. } | Event::Delayed { .. })
            }
            End::Notified => matches!(event, Event::Notified { .. }),
            // No event of a case is a report.
            End::Published => false,
        };
        let mut after = self.events.iter().map(Exact::value).filter(|record| record.at >= start);
        after.find(|record| ends(&record.event)).map(|record| record.at)
    }

    /// The times in which the authority was asked and had not answered, until `until`; and whether the last one goes on.
    fn pauses(self, clock: &Clock, start: Timestamp, until: Timestamp) -> (Vec<Pause>, bool) {
        let mut pauses = Vec::new();
        let mut since: Option<Timestamp> = None;
        if clock.stops.contains(&Stops::Clarification) {
            for record in self.events.iter().map(Exact::value).filter(|record| (start..=until).contains(&record.at)) {
                match record.event {
                    Event::AskedMore { .. } => since = since.or(Some(record.at)),
                    Event::Completed { .. } => {
                        pauses.extend(since.take().map(|from| Pause { from, to: record.at }));
                    }
                    _ => {}
                }
            }
        }
        let goes_on = since.is_some();
        pauses.extend(since.map(|from| Pause { from, to: until.max(from) }));
        (pauses, goes_on)
    }
}

#[cfg(test)]
mod tests;
