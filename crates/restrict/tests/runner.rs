//! One binary for all tests of the crate from outside.

mod generated;
mod kit;
mod lint;
mod naive;
mod packs;
mod population;
mod simulation;
mod vectors;
