//! All integration tests of the crate in one binary.

mod configs;
mod forks;
mod journals;
mod kit;
mod trouble;
