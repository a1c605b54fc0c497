//! All integration tests of the crate in one binary.

mod crashes;
mod damage;
mod http;
mod intents;
mod kit;
mod running;
mod serving;
mod starting;
mod third_parties;
mod witnesses;
