//! The crate as its callers use it: ceremonies, round trips, and everything that must fail.

mod support;

mod ceremonies;
mod round_trips;
