//! All integration tests of the crate in one binary.

mod folding;
mod refusals;
mod world;
