//! Trust policies: which logs, which witnesses, which quorum. C2SP tlog-policy.

mod check;
mod lint;
mod parse;

pub use check::{Cosigner, PolicyFailure, TimeWindow, Witnessed};
pub use lint::{Finding, Severity};
pub use parse::{Group, Log, Policy, PolicyError, PolicyErrorKind, Quorum, Witness};

/// Largest policy file in bytes.
pub const MAX_POLICY_BYTES: usize = 256 * 1024;

/// Largest number of logs, of witnesses and of groups each.
pub const MAX_POLICY_ITEMS: usize = 64;
