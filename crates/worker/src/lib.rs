//! The worker's side of recipient mode B: bind itself to a public order, open what t trustees answered, keep of it what the
//! order is for, encrypt that to whoever is to have it.
//!
//! In scope: functions over bytes. Not in scope: files, clocks, randomness, when what is deleted - the binary does that.
//! What a worker opens lies in memory only. Whole files are wiped after use; single values that the JSON reader copied are
//! freed and not wiped, so a worker runs one job in a process of its own and ends.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

mod bind;
mod error;
mod list;
mod pack;
mod reseal;
mod select;
mod work;

pub use bind::bind;
pub use error::WorkerError;
pub use list::List;
pub use work::{Job, Product, work};
