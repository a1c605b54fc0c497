//! All integration tests of the crate in one binary.

mod evidence;
mod folding;
mod packages;
mod refusals;
mod totals;
mod world;
