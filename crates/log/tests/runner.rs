//! All integration tests of the crate in one binary.

mod bits;
mod crashes;
mod damage;
mod faults;
mod http;
mod intents;
mod kit;
mod pages;
mod recorded;
mod running;
#[cfg(feature = "s3")]
mod s3;
mod serving;
mod starting;
mod third_parties;
mod troubles;
mod witnesses;
