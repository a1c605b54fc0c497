//! By what right a question is asked.

use super::Refusal;
use countersign_core::digest;
use countersign_core::id::{Digest, PersonId};
use countersign_core::order::Kind;
pub use countersign_core::query::{MAX_HOPS, MAX_QUESTIONS as MAX_BUDGET};
use std::collections::BTreeSet;

/// Domain of the name under which questions without an order are kept.
const COMMAND_LINE: &str = "countersign/trace/command-line/v1";

/// What the desk has verified about an order. The signatures are checked by whoever fills this in, before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderTerms {
    /// Digest of the order.
    pub order: Digest,
    /// Its kind.
    pub kind: Kind,
    /// Who approved it, each counted once.
    pub approvers: BTreeSet<PersonId>,
    /// How many have to, for one payment in between.
    pub quorum: usize,
    /// Whether a court stands behind the case, so that a label that reveals opinion, religion or charity may be where the question begins.
    pub court: bool,
    /// How many different questions it may ask.
    pub budget: u32,
}

/// By what right a question is asked. Only this module makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    name: Digest,
    hops: u8,
    needs: usize,
    budget: Option<u32>,
    court: bool,
    order: bool,
}

impl Basis {
    /// The bare command line: shares of own deposits and bands of one payment in between, nothing else.
    pub fn command_line() -> Self {
        Self { name: digest::parts(COMMAND_LINE, &[]), hops: 1, needs: 0, budget: None, court: false, order: false }
    }

    /// An order that enough people approved. Each approver beyond the quorum allows one payment more in between.
    ///
    /// # Errors
    /// [`Refusal`] for orders of another kind and for approvers below the quorum.
    pub fn order(terms: &OrderTerms) -> Result<Self, Refusal> {
        if terms.kind != Kind::Trace {
            return Err(Refusal::NotForTracing(terms.kind));
        }
        let extra = terms.approvers.len().checked_sub(terms.quorum.max(1));
        let extra = extra.ok_or(Refusal::Approvers { needed: terms.quorum.max(1), found: terms.approvers.len() })?;
        Ok(Self {
            name: terms.order,
            hops: u8::try_from(extra.saturating_add(1)).unwrap_or(MAX_HOPS).min(MAX_HOPS),
            needs: terms.quorum.max(1),
            budget: Some(terms.budget.min(MAX_BUDGET)),
            court: terms.court,
            order: true,
        })
    }

    /// The order's digest, or the name of the command line.
    pub fn name(&self) -> Digest {
        self.name
    }

    /// Payments in between at most.
    pub fn hops(&self) -> u8 {
        self.hops
    }

    /// How many approvers this many payments would need.
    pub(super) fn approvers_for(&self, hops: u8) -> usize {
        self.needs + usize::from(hops.saturating_sub(1))
    }

    pub(super) fn budget(&self) -> Option<u32> {
        self.budget
    }

    pub(super) fn has_court(&self) -> bool {
        self.court
    }

    pub(super) fn is_order(&self) -> bool {
        self.order
    }
}
