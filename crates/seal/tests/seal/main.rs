//! The crate as its callers use it: ceremonies, round trips, and everything that must fail.

mod support;

mod ceremonies;
mod life;
mod lookup_vectors;
mod lookups;
mod must_fail;
mod normal_forms;
mod postings;
mod rotation;
mod round_trips;
mod share_life;
mod vectors;
mod weak_fiat_shamir;
