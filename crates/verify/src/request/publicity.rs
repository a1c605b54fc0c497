//! Checks 5, 9 and 10: the order is in the journal that this trustee has folded, freshly witnessed, and has been public
//! for as long as it must.

use super::View;
use crate::order_leaf::check_order_leaf;
use crate::refusal::{Code, Refusal};
use crate::state::{InForce, JournalView};
use crate::wire::{DelayOrder, LeafEvidence, ReleaseRequest, Signed};
use countersign_core::directory::Authority;
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_core::time::{HOUR, Seconds, Timestamp};
use countersign_tlog::policy::{Policy, PolicyFailure, Quorum, TimeWindow};
use countersign_tlog::proof::{Included, LogProof, ProofError};

/// How old the witnesses' cosignatures may be.
pub const FRESHNESS: i64 = HOUR;

/// How far another party's clock may be ahead.
pub const SKEW: i64 = 120;

/// What is established about the order's place in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publicity {
    /// Index of the order's leaf.
    pub index: u64,
    /// Witnesses whose fresh cosignatures were counted.
    pub witnesses: usize,
    /// The time since which the order is shown to have been public.
    pub since: Timestamp,
    /// The time at which the journal that the trustee has read was still the newest that the witnesses knew.
    pub until: Timestamp,
}

/// Checks the order's leaf and its proofs.
pub(super) fn check(
    view: &View<'_>,
    state: &InForce,
    now: Timestamp,
    request: &ReleaseRequest,
    order: &Exact<Order>,
) -> Result<Publicity, Refusal> {
    let evidence = &request.leaf;
    check_order_leaf(order, evidence.leaf.as_bytes(), &evidence.disclosures)
        .map_err(|error| Refusal::new(Code::LeafDiffers, error))?;
    check_evidence(view.journal, state, now, evidence)
}

/// Check 9: the leaf is in the journal folded here, freshly witnessed.
pub(crate) fn check_evidence(
    journal: &JournalView,
    state: &InForce,
    now: Timestamp,
    evidence: &LeafEvidence,
) -> Result<Publicity, Refusal> {
    let policy = Policy::parse(state.witness_policy().as_bytes())
        .map_err(|error| Refusal::new(Code::NotPublic, format!("witness policy in force: {error}")))?;
    if policy.quorum() == Quorum::None {
        return Err(Refusal::new(Code::NotPublic, "the witness policy in force asks for no witness"));
    }
    let fresh = included(
        &policy,
        evidence,
        &evidence.proof,
        TimeWindow { min: unix(now.plus(-FRESHNESS)), max: unix(now.plus(SKEW)) },
    )?;
    same_journal(journal, &fresh)?;
    let until = witnessed(&fresh);
    let mut since = until;
    if let Some(text) = &evidence.seasoned {
        let seasoned = included(&policy, evidence, text, TimeWindow { min: 0, max: unix(now.plus(SKEW)) })?;
        if seasoned.index != fresh.index || seasoned.size > fresh.size {
            return Err(Refusal::new(Code::NotPublic, "the older proof is of another leaf or a larger journal"));
        }
        if journal.root_at(seasoned.size).is_some_and(|root| root != seasoned.root) {
            return Err(Refusal::new(
                Code::CheckpointDiffers,
                "the older checkpoint is not of the journal folded here",
            ));
        }
        since = since.min(witnessed(&seasoned));
    }
    Ok(Publicity { index: fresh.index, witnesses: fresh.witnessed.cosigners.len(), since, until })
}

/// Check 10: the order has been public for this long.
pub(super) fn check_waiting(now: Timestamp, waiting: Seconds, publicity: &Publicity) -> Result<(), Refusal> {
    if now.since(publicity.since) >= waiting {
        return Ok(());
    }
    let detail = format!("public since {}, must be public for {waiting} seconds", publicity.since);
    Err(Refusal::new(Code::Waiting, detail))
}

/// Checks the delay order that the order names, if it names one.
pub(super) fn check_delay(
    now: Timestamp,
    request: &ReleaseRequest,
    order: &Order,
    authority: &Authority,
) -> Result<(), Refusal> {
    let refuse = |detail: &str| Refusal::new(Code::DelayInvalid, detail);
    let Some(digest) = order.delay else {
        return if request.delay.is_none() {
            Ok(())
        } else {
            Err(refuse("a delay order that the order does not name"))
        };
    };
    let text = request.delay.as_ref().ok_or_else(|| refuse("the delay order is missing"))?;
    let signed = Signed::<DelayOrder>::open_by(text.as_bytes(), |_| authority.signing_key)
        .map_err(|error| Refusal::new(Code::DelayInvalid, error))?;
    let delay = signed.value();
    if signed.document().digest() != digest || !delay_of(delay, order) {
        return Err(refuse("another delay order than the order names, of another authority or for another request"));
    }
    if delay.at > now.plus(SKEW) || delay.until <= now {
        return Err(refuse("a delay order that is not yet or no longer in force"));
    }
    Ok(())
}

/// Whether the delay order is the authority's and for the request of the order.
pub(crate) fn delay_of(delay: &DelayOrder, order: &Order) -> bool {
    delay.authority == order.authority && delay.request == order.instrument.request
}

/// As [`check_waiting`], and the witnesses have seen the journal after the wait was over: a veto within it is in what was read.
pub(super) fn check_veto(now: Timestamp, waiting: Seconds, publicity: &Publicity) -> Result<(), Refusal> {
    check_waiting(now, waiting, publicity)?;
    if publicity.until.since(publicity.since) >= waiting {
        return Ok(());
    }
    let detail = format!("public since {}, and the journal was read as of {}", publicity.since, publicity.until);
    Err(Refusal::new(Code::Waiting, detail))
}

fn included(policy: &Policy, evidence: &LeafEvidence, text: &str, window: TimeWindow) -> Result<Included, Refusal> {
    let proof = LogProof::parse(text.as_bytes()).map_err(|error| Refusal::new(Code::NotPublic, error))?;
    proof.verify(evidence.leaf.as_bytes(), policy, window).map_err(|error| {
        let code = match &error {
            ProofError::Policy(PolicyFailure::Quorum { outside: 1.., .. }) => Code::CheckpointStale,
            _ => Code::NotPublic,
        };
        Refusal::new(code, error)
    })
}

fn same_journal(journal: &JournalView, included: &Included) -> Result<(), Refusal> {
    if included.size > journal.size() {
        let detail = format!("checkpoint of size {}, folded here {}", included.size, journal.size());
        return Err(Refusal::new(Code::CheckpointAhead, detail));
    }
    if journal.root_at(included.size) == Some(included.root) {
        return Ok(());
    }
    let detail = format!("checkpoint of size {} has another root than the journal folded here", included.size);
    Err(Refusal::new(Code::CheckpointDiffers, detail))
}

/// A time by which the quorum had cosigned.
pub(crate) fn witnessed(included: &Included) -> Timestamp {
    time(included.witnessed.quorum_time)
}

/// A witness's time; what lies beyond all times is never over.
pub(crate) fn time(unix: u64) -> Timestamp {
    i64::try_from(unix).ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX)
}

fn unix(time: Timestamp) -> u64 {
    u64::try_from(time.unix()).unwrap_or(0)
}
