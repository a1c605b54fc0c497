//! The authority's tool: a package goes in, a bag (RFC 8493) comes out, and nothing is opened unless everything holds.
//!
//! In scope: decrypting the outer age file, reading the archive, verifying the evidence, combining the trustees' replies, writing files.
//! Not in scope: the network, the custodian's store, any decision. Randomness, which only weighs the batch check of headers, is an
//! argument. `docs/formats/package.md` is the format.

mod bag;
mod command;
pub mod files;
mod package;

pub use bag::write_bag;
pub use command::{EXAMPLE, Open};
pub use package::{AGE_KEY, MAX_PACKAGE, Opened, RECIPIENT_KEY, decrypt, open, open_files, recipient_key, unpack};
