//! What people and trustees said: approvals, receipts, the delay order.

use super::files::{Fault, Files, under};
use super::history::History;
use crate::request::decision::plausible;
use crate::request::publicity::{SKEW, delay_of};
use crate::state::InForce;
use crate::wire::{DelayOrder, MAX_APPROVALS, Outcome, Receipt, Signed, SignedError};
use countersign_approve::{VerifiedApproval, verify_approval};
use countersign_core::approval::{Approval, SignerRole, Verdict};
use countersign_core::directory::Directory;
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What a trustee said, and what it had in force when it said it.
pub(super) struct Answer {
    pub(super) receipt: Exact<Receipt>,
    pub(super) state: InForce,
}

const NO_STATE: &str = "the control state that the trustee had in force is not the one of control/ up to that size";

/// Receipts of trustees that answered this order, each with the control state under which it was given; at least t of them.
pub(super) fn receipts(files: &Files, history: &History, order: &Exact<Order>) -> Result<BTreeMap<u16, Answer>, Fault> {
    let genesis = history.genesis().genesis().value();
    let custodian = genesis.custodian.id;
    let mut states = history.states();
    let (order, digest) = (order.value(), order.digest());
    let mut answered = BTreeMap::new();
    for (path, bytes) in under(files, "receipts") {
        let mut state = None;
        let opened = Signed::<Receipt>::open_by(bytes, |receipt| {
            state = states.of(receipt);
            Some(state.as_ref()?.trustee(receipt.trustee)?.identity)
        });
        let (signed, state) = match (opened, state) {
            (Ok(signed), Some(state)) => (signed, state),
            (Err(SignedError::WrongSignature { .. }), None) => {
                return Err(Fault::new(path, NO_STATE));
            }
            (Err(error), _) => return Err(Fault::new(path, error)),
            (Ok(_), None) => return Err(Fault::new(path, NO_STATE)),
        };
        let value = signed.value();
        let rules = [
            (
                value.custodian == custodian && value.order == digest && value.outcome == Outcome::Answered,
                "is not a receipt for an answer to this order",
            ),
            (path == format!("receipts/{}.signed", value.trustee), "is the receipt of another trustee"),
            (value.records == order.scope.records, "counts other records than the order"),
            (
                order.not_before <= value.at.plus(SKEW) && value.at < order.expires,
                "is of a time at which the order was not valid",
            ),
        ];
        if let Some((_, reason)) = rules.into_iter().find(|(holds, _)| !holds) {
            return Err(Fault::new(path, reason));
        }
        answered.insert(value.trustee, Answer { receipt: signed.document().clone(), state });
    }
    let needed = genesis.trustees.as_ref().map_or(0, |trustees| usize::from(trustees.threshold));
    if needed == 0 || answered.len() < needed {
        return Err(Fault::new("receipts", format!("{} receipts, the threshold is {needed}", answered.len())));
    }
    Ok(answered)
}

/// Every signature, by distinct people in force, made by `latest`; two approvers at least say yes.
pub(super) fn approvals(
    files: &Files,
    state: &InForce,
    order: &Exact<Order>,
    latest: Timestamp,
) -> Result<Vec<VerifiedApproval>, Fault> {
    let mut signers = BTreeSet::new();
    let mut verified: Vec<VerifiedApproval> = Vec::new();
    for (number, (path, bytes)) in (1..).zip(under(files, "approvals")) {
        if number > MAX_APPROVALS || path != format!("approvals/{number:02}.json") {
            return Err(Fault::new(path, format!("is not approvals/{number:02}.json, at most {MAX_APPROVALS}")));
        }
        let approval = Exact::<Approval>::parse(bytes).map_err(|error| Fault::new(path, error))?;
        let value = approval.value();
        let person = state
            .people()
            .get(&value.approver)
            .ok_or_else(|| Fault::new(path, format!("`{}` was not in force in the roster", value.approver)))?;
        let checked = verify_approval(value, &order.digest(), person).map_err(|error| Fault::new(path, error))?;
        if !signers.insert(value.approver.clone()) {
            return Err(Fault::new(path, format!("`{}` signed twice", value.approver)));
        }
        plausible(value, order.value(), latest).map_err(|reason| Fault::new(path, reason))?;
        verified.push(checked);
    }
    // No lane of any pack asks for fewer; what the lane of this order asks for is known only together with the facts.
    let yes = verified.iter().filter(|one| one.role() == SignerRole::Approver && one.verdict() == Verdict::Approve);
    if yes.count() < 2 {
        return Err(Fault::new("approvals", "fewer than two approvers approved"));
    }
    Ok(verified)
}

/// The delay order that the order names, if it names one.
pub(super) fn delay(files: &Files, order: &Exact<Order>, directory: &Exact<Directory>) -> Result<(), Fault> {
    const PATH: &str = "delay.signed";
    match (order.value().delay, files.get(PATH)) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Fault::new(PATH, "the order names no delay order")),
        (Some(_), None) => Err(Fault::new(PATH, "is missing")),
        (Some(digest), Some(bytes)) => {
            let key = directory.value().get(&order.value().authority).and_then(|authority| authority.signing_key);
            let signed = Signed::<DelayOrder>::open_by(bytes, |_| key).map_err(|error| Fault::new(PATH, error))?;
            let same = signed.document().digest() == digest && delay_of(signed.value(), order.value());
            if same { Ok(()) } else { Err(Fault::new(PATH, "is not the delay order that the order names")) }
        }
    }
}
