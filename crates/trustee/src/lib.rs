//! The trustee: an independent party that holds one share of every key and answers only what it has verified itself.
//!
//! In scope: its keys and shares at rest, its side of the key ceremony and of what shares go through after it, the meeting place of the
//! founding ceremony as a state machine, following and folding the custodian's journal, the answer to a request or a lookup with everything it
//! must remember, its signature under daily totals, its own log of all that, what its owner may stop and lift, its HTTP service and
//! client. Not in scope: the checks (crate
//! `verify`), the cryptography (crate `seal`), TLS (a reverse proxy does it). For operators: `docs/trustee/README.md`.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

mod answer;
pub mod availability;
mod ceremony;
mod changes;
mod database;
mod documents;
mod duress;
mod error;
mod files;
pub mod founding;
mod http;
mod life;
mod lookup;
mod memory;
mod own_log;
mod parts;
mod report;
mod service;
mod source;
mod steps;
mod stops;
mod tail;
mod tiles;
mod totals;
mod trustee;
mod vault;

pub use answer::Answered;
pub use ceremony::{Finished, Messages};
pub use changes::Reviewed;
pub use countersign_verify::duress::Accepted;
pub use countersign_verify::trustee_log::IncidentKind;
pub use documents::{Installed, Kept, RingDocuments};
pub use duress::{Call, Told};
pub use error::{Result, TrusteeError};
pub use http::{HttpTrustee, MAX_LOOKUP_BYTES, MAX_REQUEST_BYTES, MAX_TOTALS_BYTES, router};
pub use life::{EpochFinished, Forgotten};
pub use own_log::{LogWitnesses, OwnAudit, OwnEntry, Publication};
pub use report::{Counted, Head, Incident, KeptReceipt};
pub use service::{LocalTrustee, Seeds, Service};
pub use source::{FolderSource, HttpSource, LogSource};
pub use tail::TailReport;
pub use trustee::{PublicIdentity, Trustee, TrusteeKeys};
pub use vault::{AtRest, Passphrase};
