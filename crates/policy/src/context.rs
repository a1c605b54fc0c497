//! What exists only at release, computed from verified things.

use crate::QuorumFacts;
use countersign_core::class::ClassSet;
use countersign_core::order::{Instrument, Kind, Order};

/// Cumulative caps that this order would exceed together with earlier ones, each verifier by its own journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exceeded {
    /// Of the authority.
    pub authority: bool,
    /// Of the matter.
    pub matter: bool,
    /// Of one traced address.
    pub address: bool,
    /// Of the day, or of a class or kind.
    pub volume: bool,
}

/// What a verifier derives from verified bytes, its clock and its own journal. A request never states any of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseContext {
    /// Kind of the order.
    pub kind: Kind,
    /// Legal form in the order.
    pub instrument: Instrument,
    /// Distinct handles of the manifest.
    pub subjects: u32,
    /// Records of the manifest.
    pub records: u32,
    /// Every class the manifest names.
    pub classes: ClassSet,
    /// Whether the order delays notice.
    pub delayed: bool,
    /// From the approvals.
    pub quorum: QuorumFacts,
    /// Cumulative caps exceeded.
    pub exceeded: Exceeded,
    /// The order's leaf is in the journal.
    pub included: bool,
    /// Cosignatures of known witnesses on the checkpoint that proves inclusion.
    pub witness_cosignatures: u32,
    /// Those cosignatures satisfy the witness policy in force.
    pub witness_quorum: bool,
    /// The waiting time of the kind is served.
    pub waited: bool,
    /// A call-back to the number of the directory confirmed the request.
    pub call_back_confirmed: bool,
    /// A signal of duress is known.
    pub duress: bool,
}

impl ReleaseContext {
    /// What the order itself says, with nothing of the log proven yet: not included, not witnessed, not waited.
    pub fn of_order(order: &Order, quorum: QuorumFacts) -> Self {
        Self {
            kind: order.kind,
            instrument: order.instrument.form,
            subjects: order.scope.subjects,
            records: order.scope.records,
            classes: order.scope.classes.clone(),
            delayed: order.delay.is_some(),
            quorum,
            exceeded: Exceeded::default(),
            included: false,
            witness_cosignatures: 0,
            witness_quorum: false,
            waited: false,
            call_back_confirmed: false,
            duress: false,
        }
    }
}
