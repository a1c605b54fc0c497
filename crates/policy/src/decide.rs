//! The two decisions.

use crate::Bundle;
use crate::context::ReleaseContext;
use crate::decision::{Decision, ReasonCode};
use countersign_core::country::Country;
use countersign_core::directory::Authority;
use countersign_core::facts::Facts;

/// Whether an order may be proposed on these facts, and what the answer to the request is.
pub fn propose(_bundle: &Bundle, _facts: &Facts, _authority: &Authority, _seat: Country) -> Decision {
    Decision::fault(ReasonCode::POLICY_ERROR, vec!["not decided".to_owned()])
}

/// Whether an order on these facts may be released now.
pub fn release(
    _bundle: &Bundle,
    _facts: &Facts,
    _authority: &Authority,
    _seat: Country,
    _context: &ReleaseContext,
) -> Decision {
    Decision::fault(ReasonCode::POLICY_ERROR, vec!["not decided".to_owned()])
}
