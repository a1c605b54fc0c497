//! The words of Countersign as types, and the exact bytes that people sign.
//!
//! In scope: ids, times, field classes, countries; order, lookup, approval, facts, directory, control bodies, daily totals, check-ins,
//! duties, workers, case events; their strict parsing, canonical bytes and digests; the case state machine. Not in scope: cryptography beyond SHA-256,
//! storage, clocks, randomness. Every document here has a page in `docs/formats/`.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

#[macro_use]
mod names;
#[macro_use]
pub mod id;
#[macro_use]
pub mod json;

pub mod approval;
pub mod band;
pub mod case;
pub mod check_in;
pub mod class;
pub mod consent;
pub mod control;
pub mod country;
pub mod digest;
pub mod directory;
pub mod duty;
pub mod encoding;
pub mod exposure;
pub mod facts;
pub mod finding;
pub mod leaf;
pub mod list_update;
pub mod lookup;
pub mod order;
pub mod query;
pub mod reading;
pub mod resealed;
pub mod restriction;
pub mod time;
pub mod totals;
pub mod worker;
