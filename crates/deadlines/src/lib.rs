//! Statutory clocks: when an answer is due, counted as the law counts, by calendars of public holidays that are data.
//!
//! In scope: periods of minutes, hours, calendar days, working days and months by Regulation (EEC, Euratom) No 1182/71 or by the plain
//! calendar, pauses, and the warning before the end; hours of duty, and the longest wait for people who are on duty. Out of scope: what happens at the end. A clock that runs out never releases
//! anything; [`clock::Lapse`] has no such value.
//!
//! Wherever the law or a calendar leaves a doubt, the earlier end is taken: an answer that comes too early harms nobody.
//!
//! Formats: `docs/formats/calendar.md`.
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

pub mod calendar;
pub mod clock;
pub mod day_rule;
mod easter;
pub mod on_duty;
pub mod period;

pub use calendar::{Calendar, CalendarError};
pub use clock::{Clock, ClockError, Clocks};
pub use on_duty::{Hours, OnDuty, OnDutyError, Span};
pub use period::{Due, Pause, PeriodError, due};
