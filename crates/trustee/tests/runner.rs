//! All integration tests of the crate in one binary.

mod answers;
mod atomic;
mod ceremony;
mod following;
mod http;
mod life;
mod totals;
mod world;
