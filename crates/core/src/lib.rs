//! The words of Countersign as types, and the exact bytes that people sign.
//!
//! In scope: ids, times, field classes, countries; order, approval, facts, directory, control bodies, case events; their
//! strict parsing, canonical bytes and digests; the case state machine. Not in scope: cryptography beyond SHA-256,
//! storage, clocks, randomness. Every document here has a page in `docs/formats/`.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

pub mod class;
pub mod digest;
pub mod encoding;
pub mod id;
pub mod json;
pub mod time;
