//! May this be proposed, may this be released? Written policy decides, and says why.
//!
//! In scope: policy bundles (a Cedar schema, Cedar policies and the pack's own data), the quorum facts computed from
//! verified signatures, the two decisions with their complete reasons. Not in scope: checking signatures (`approve`),
//! reading logs and folding control state (`verify`), state machines of cases (`core`).
//!
//! Every doubt is a refusal: an error in a policy, a missing entity, a contradiction between facts and directory.
//! Decisions are pure functions of their arguments, so a trustee re-runs them from bytes.
//! Bytes: `docs/formats/policy-bundle.md`, `docs/formats/facts.md`, `docs/formats/directory.md`.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

mod bundle;
mod context;
mod decide;
mod decision;
mod enumerations;
mod inspect;
mod necessary;
mod pack;
mod prepared;
mod quorum;
mod shelves;
mod slice;
mod variant;

pub use bundle::{Bundle, BundleError, File};
pub use context::{Exceeded, ReleaseContext};
pub use decide::{propose, release};
pub use decision::{Decision, Outcome, ReasonCode};
pub use pack::{Caps, CumulativeCap, Lane, LookupCaps, Per, ReadingCaps, Reason, Requirement, Rule};
pub use prepared::{Prepared, Question};
pub use quorum::QuorumFacts;
pub use variant::{Lone, Reader, Replacement, Variant};
