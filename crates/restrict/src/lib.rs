//! Restrictions: what a dated rule does to one client, and why.
//!
//! In scope: packs of rules as data, read strictly, with a digest; the lint that finds overlapping versions, gaps and exemptions that can never
//! apply; the verdict of every rule in force on a day for one client, with the facts that led to it and the facts that are missing; the same
//! over a population, counted, compared and drawn; and the comparison of what should stand with what does. Pure: a verdict is a function of
//! (facts of the client, day, pack).
//!
//! Not in scope: changing an account. Nothing here restricts anybody.
//!
//! Formats: `docs/formats/restrict-pack.md`, `docs/formats/restrict-population.md`; how to use them: `docs/restrictions.md`.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

pub mod amount;
pub mod client;
pub mod countries;
pub mod demo;
pub mod evaluate;
pub mod explain;
pub mod pack;
pub mod population;
pub mod prices;
pub mod reconcile;
pub mod simulate;
