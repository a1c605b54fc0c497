//! An invented economy whose owners are known.

mod draft;

pub use draft::{Draft, block};
