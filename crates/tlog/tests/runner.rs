//! All integration tests of the crate in one binary.

mod arbitrary;
mod following;
mod kit;
mod leaves;
mod merkle;
mod notes;
mod pages;
mod policies;
mod tiles;
mod vectors;
mod witnesses;
