//! The founding ceremony between parties that trust one another in nothing: a meeting place that hands messages on, and the trustees
//! that attend.
//!
//! Every message is signed by its author and checked by everybody who takes it; the place is trusted in nothing and can only be slow.
//! All steps may be repeated by either side at any time: they give the same bytes, and other bytes are refused. Format and order of the
//! messages: `docs/formats/ceremony.md`.

mod attendance;
mod item;
mod meeting;
mod round;

pub use attendance::{Attendance, Attended, MeetingPlace, NotTaken};
pub use item::{Item, NoItem};
pub use meeting::{Fault, Meeting, Refused, Stage, Verdict};
