//! The shared vectors of `vectors/intake`, and that no bytes make a reader panic.

mod http;
mod messages;
mod status;
