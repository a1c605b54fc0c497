//! The log that a trustee keeps of its own acts: what an entry commits to, how many entries an hour shows, what of it can be
//! compared with the custodian's journal.
//!
//! Bytes and rules: `docs/formats/trustee-log.md`. Entries are sealed leaves (`docs/formats/leaf.md`): in the clear stand a random
//! name and an hour. The custodian cannot leave anything out of this log, because it does not write it.

mod audit;
mod day;
mod entry;
mod hours;

pub use audit::{Audited, GivenAnswer, Mismatch, audit};
pub use day::{DayCounter, TrusteeDay, TrusteeDayV1};
pub use entry::{Entry, EntryError, EntryKind, IncidentKind, Reason, ReasonError};
pub use hours::{FLOOR, HOUR_TICKS, HourError, check_hours, filled, hour_of};
