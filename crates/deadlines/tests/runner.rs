//! All integration tests of the crate in one binary.

mod calendars;
mod dates;
mod laws;
