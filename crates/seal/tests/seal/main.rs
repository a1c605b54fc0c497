//! The crate as its callers use it: ceremonies, round trips, and everything that must fail.

mod support;

mod ceremonies;
mod lookups;
mod must_fail;
mod round_trips;
mod vectors;
