//! The log in a bucket of S3, or of a store that speaks its protocol.
//!
//! A tile is put only if nothing is there; `checkpoint` and `vkey` only over the version that this process read. Both are conditions
//! that the server checks, so before the first write the server is asked to break one of each and must refuse.

mod bridge;
mod bucket;
mod http;
mod settings;
mod swap;
#[cfg(test)]
mod tests;
mod tiles;

pub use settings::{S3Credentials, S3Limits, S3Settings};
pub use tiles::BucketTiles;
