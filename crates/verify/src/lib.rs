//! "May this be released?" and "was this honest?" as pure functions over bytes.
//!
//! In scope: the messages between desk, trustees and authorities ([`wire`]); the manifest; the control state folded from
//! the journal ([`state`]); the fourteen checks of a trustee ([`request`]), and those of a lookup ([`lookup`]); the
//! evidence of one release ([`evidence`]); the founding ceremony, recomputed from its log ([`founding`]); recomputing a
//! journal from its tiles, and daily totals ([`totals`]); questions how many clients a request would expose ([`query`]), and runs over own deposits ([`exposure`]); what a monitor says of a journal ([`monitor_report`]); the log
//! that a trustee keeps of its own acts ([`trustee_log`]). Not in scope: I/O, clocks, randomness, keys at rest.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

pub mod duress;
pub mod evidence;
pub mod exposure;
pub mod founding;
pub mod ledger;
pub mod lookup;
pub mod manifest;
pub mod monitor_report;
pub mod order_leaf;
pub mod query;
pub mod refusal;
pub mod request;
pub mod resealed;
pub mod state;
pub mod totals;
pub mod trustee_log;
pub mod wire;
pub mod worker;
