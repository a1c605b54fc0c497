//! The clocks of a legal order: what starts them, how long they run, what pauses them.

use countersign_core::order::Instrument;
use countersign_core::{named_enum, version_tag};
use serde::Deserialize;

version_tag!(
    /// Version of the format of clocks.
    ClocksV1 = "countersign/clocks/v1"
);

named_enum!(
    /// In what a clock counts.
    Unit, "a unit of time (minutes, hours, calendar_days, working_days, months)" {
        /// Sixty seconds each.
        Minutes = "minutes",
        /// Sixty minutes each, whatever the time of day does.
        Hours = "hours",
        /// Days of the calendar, whole.
        CalendarDays = "calendar_days",
        /// Days that are neither public holidays nor of the weekend, whole.
        WorkingDays = "working_days",
        /// Months of the calendar; a day that the last month lacks is its last.
        Months = "months",
    }
);

named_enum!(
    /// By which law days are counted.
    Counting, "a way of counting (eu_1182_71, calendar)" {
        /// Regulation (EEC, Euratom) No 1182/71: the day of the event does not count; a period that would end on a holiday, a Saturday or a
        /// Sunday ends on the next working day; two days or more contain at least two working days.
        Eu1182 = "eu_1182_71",
        /// The day of the event does not count; a period ends when its last day ends, whatever day that is.
        Calendar = "calendar",
    }
);

named_enum!(
    /// What starts a clock.
    Start, "what starts a clock" {
        /// An informal approach happened.
        Approached = "approached",
        /// The request arrived.
        Received = "received",
        /// The sender was found genuine.
        Authenticated = "authenticated",
        /// Data were preserved.
        Preserved = "preserved",
        /// Data were released.
        Released = "released",
        /// Notice was delayed by a court or a statute.
        Delayed = "delayed",
        /// The delay of notice ended.
        DelayEnded = "delay_ended",
        /// A period of the report ended.
        PeriodEnded = "period_ended",
    }
);

named_enum!(
    /// What ends a clock in time.
    End, "what ends a clock" {
        /// The approach stands in the register.
        Registered = "registered",
        /// The sender was found genuine or not.
        SenderChecked = "sender_checked",
        /// An order was proposed, or the request refused or challenged.
        Reviewed = "reviewed",
        /// The authority has its answer: a package, or a refusal with reasons.
        Answered = "answered",
        /// The persons concerned were told, or a delay order is on file.
        Notified = "notified",
        /// The report is public.
        Published = "published",
    }
);

named_enum!(
    /// What makes a clock stand still.
    Stops, "what makes a clock stand still" {
        /// The authority was asked for clarification and has not answered.
        Clarification = "clarification",
    }
);

named_enum!(
    /// What happens when a clock has run out. There is no value that releases anything.
    Lapse, "what happens when a clock has run out (reasoned_letter, escalate, preservation_ends)" {
        /// The prepared letter goes out: why there is no answer yet, and what is missing.
        ReasonedLetter = "reasoned_letter",
        /// A person above is told.
        Escalate = "escalate",
        /// What was preserved is not kept any longer for this request.
        PreservationEnds = "preservation_ends",
    }
);

/// One clock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Its name.
    pub id: String,
    /// What is due.
    pub title: String,
    /// Requests that it runs for; empty for clocks that run whatever was asked by.
    pub instruments: Vec<Instrument>,
    /// Whether it runs only for what the authority called an emergency or urgent.
    pub urgent: bool,
    /// What starts it.
    pub start: Start,
    /// What ends it in time.
    pub end: End,
    /// How many units.
    pub length: u16,
    /// Which.
    pub unit: Unit,
    /// By which law.
    pub counting: Counting,
    /// What makes it stand still.
    pub stops: Vec<Stops>,
    /// Hours before its end at which a person is told.
    pub warn_hours: u16,
    /// What happens at its end.
    pub lapse: Lapse,
    /// The law, or whose rule it is.
    pub source: String,
    /// Whether somebody compared it with the law.
    pub verified: bool,
    /// When it was written.
    pub date: String,
}

/// The clocks of one legal order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    /// Format version.
    #[serde(rename = "v")]
    _v: ClocksV1,
    /// Name of the set.
    pub name: String,
    /// Version of the set.
    pub version: String,
    /// The clocks.
    pub clocks: Vec<Clock>,
}

/// A set of clocks that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Too many bytes.
    #[error("clocks of {found} bytes; at most {} are read", Clocks::MAX_LEN)]
    TooLong {
        /// Their length.
        found: usize,
    },
    /// Not the format.
    #[error("not a set of clocks: {0}")]
    Format(String),
    /// A rule of the format is broken.
    #[error("clock `{id}`: {reason}")]
    Content {
        /// Which.
        id: String,
        /// What is wrong.
        reason: &'static str,
    },
}

impl Clocks {
    /// Longest set that is read.
    pub const MAX_LEN: usize = 64 * 1024;

    /// Reads a set of clocks.
    ///
    /// # Errors
    /// [`ClockError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ClockError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(ClockError::TooLong { found: bytes.len() });
        }
        let set: Self = serde_json::from_slice(bytes).map_err(|error| ClockError::Format(error.to_string()))?;
        for (at, clock) in set.clocks.iter().enumerate() {
            let named = !clock.id.is_empty()
                && clock.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            let texts = [&clock.title, &clock.source].iter().all(|text| !text.trim().is_empty());
            let rules = [
                (named, "its `id` is not of small letters, digits and `-`"),
                (!set.clocks.iter().take(at).any(|other| other.id == clock.id), "stands twice"),
                (texts, "`title` or `source` is empty"),
                (countersign_core::time::Date::parse(&clock.date).is_ok(), "`date` is not a day like 2026-11-20"),
                (clock.length > 0, "`length` is 0"),
                (
                    clock.warn_hours > 0 || matches!(clock.unit, Unit::Minutes),
                    "`warn_hours` is 0: nobody would be told in time",
                ),
            ];
            if let Some((_, reason)) = rules.into_iter().find(|(holds, _)| !holds) {
                return Err(ClockError::Content { id: clock.id.chars().take(60).collect(), reason });
            }
        }
        Ok(set)
    }

    /// The built-in set for custodians of the European Economic Area.
    ///
    /// # Errors
    /// [`ClockError`]: never, a test reads it.
    pub fn eea() -> Result<Self, ClockError> {
        Self::parse(include_bytes!("../../../packs/clocks/eea.json"))
    }

    /// The clock of that name.
    pub fn get(&self, id: &str) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.id == id)
    }

    /// The clocks that `start` starts for a request by `instrument`, those of every request included.
    ///
    /// An urgent request has the urgent clocks, and of the others those that have no urgent one from the same start to the same end: an
    /// urgency that no law knows takes no clock away.
    pub fn started(&self, start: Start, instrument: Option<Instrument>, urgent: bool) -> impl Iterator<Item = &Clock> {
        let concerns = move |clock: &Clock| {
            clock.start == start
                && (clock.instruments.is_empty()
                    || instrument.is_some_and(|instrument| clock.instruments.contains(&instrument)))
        };
        self.clocks.iter().filter(move |clock| {
            let replaced = |other: &Clock| other.urgent && concerns(other) && other.end == clock.end;
            concerns(clock) && if urgent { clock.urgent || !self.clocks.iter().any(replaced) } else { !clock.urgent }
        })
    }
}
