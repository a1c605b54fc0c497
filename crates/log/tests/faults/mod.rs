//! Log, journal and witnesses together on a disk that loses power, fails and fills up.

mod careless;
pub(crate) mod fate;
mod full;
mod journal;
mod machine;
mod oracle;
mod random;
mod scripted;
mod world;
mod writers;
