//! What the chain says about a deposit, and how many clients a request would expose, without becoming the dragnet.
//!
//! In scope: reading blocks; the graph of a neighbourhood (default) or of the whole chain; labels with their issuers; taint under four
//! rules whose ledger closes; answers as shares and bands through one gate. Not in scope: names of people (the graph knows none),
//! lists of strangers (no function returns one), consensus (a validating node stands behind the blocks).
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

pub mod address;
pub mod economy;
pub mod folder;
pub mod gate;
pub mod graph;
pub mod ingest;
pub mod labels;
mod network;
pub mod own;
pub mod pace;
pub mod proof;
pub mod served;
pub mod source;
pub mod taint;
pub mod wire;

pub use network::Network;
