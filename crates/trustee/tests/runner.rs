//! All integration tests of the crate in one binary.

mod answers;
mod atomic;
mod ceremony;
mod changes;
mod duress;
mod following;
mod founding;
mod http;
mod kill;
mod life;
mod lookups;
mod own_log;
mod rotation;
mod stops;
mod totals;
mod world;
