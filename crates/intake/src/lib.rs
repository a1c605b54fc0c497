//! What authorities send, read strictly into one inbound model; no input, no output, no clock.
//!
//! In scope: the model with the semantics of ETSI TS 103 120 (an authorisation, tasks, documents; the sender sets only a desired status; one
//! bad action refuses the whole message), its own JSON ([`api`]), the elements of TS 103 120 in XML and JSON that
//! `docs/formats/ts103120.md` lists ([`ts103120`]), HTTP message signatures (RFC 9421) with content digests (RFC 9530) over a fixed list of
//! components ([`http`]), the keys of requests ([`key`]), when a sender is believed ([`authenticity`]), and what the sender is told
//! ([`status`]). Not in scope: keeping anything, looking anybody up, deciding. Conformance with ETSI's schemas is not claimed.
//!
//! Whoever calls a parser has sealed and hashed the bytes before: see `Desk::receive` in crate `desk`.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

pub mod api;
pub mod authenticity;
pub mod http;
pub mod key;
pub mod message;
pub mod refusal;
pub mod status;
mod tree;
pub mod ts103120;

pub use message::Message;
pub use refusal::{Problem, Refusal};
