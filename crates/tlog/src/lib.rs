//! C2SP transparency-log mathematics and formats, and the opaque leaves of the journal.
//!
//! In scope: RFC 6962 trees ([`merkle`]), tlog-tiles ([`tile`]), signed notes ([`note`]), checkpoints
//! ([`checkpoint`]), Ed25519 cosignatures ([`cosignature`]), the witness protocol as bytes and as a pure decision
//! ([`witness`]), following a log ([`follow`]), `.tlog-proof` files and their check ([`proof`]), trust policies ([`policy`]) and leaves that
//! commit to their content without telling it ([`leaf`]).
//!
//! Out of scope: input and output, clocks, randomness (both are arguments), ML-DSA-44 cosignatures, ECDSA notes,
//! checkpoint extension lines, pruning.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

pub mod checkpoint;
pub mod cosignature;
mod encoding;
pub mod follow;
mod hash;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
pub mod tile;
pub mod witness;

pub use hash::{Hash, empty_root, leaf_hash, node_hash};
