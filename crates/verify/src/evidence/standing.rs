//! The standing order behind a run: there, public, signed, and not held when the trustees answered.

use super::files::{Fault, Files, file};
use super::history::prove;
use super::plain_json;
use crate::order_leaf::check_order_leaf;
use crate::request::decision::Reader;
use crate::request::duty::RunFacts;
use crate::state::{ControlState, InForce};
use countersign_approve::VerifiedApproval;
use countersign_core::directory::Authority;
use countersign_core::json::Exact;
use countersign_core::order::{Kind, Order};
use countersign_core::time::Timestamp;

const ORDER: &str = "standing/order.json";
const DUTY: &str = "standing/duty.json";
const LEAF: &str = "standing/order.leaf";
const DISCLOSURES: &str = "standing/order.disclosures.json";
const PROOF: &str = "standing/order.tlog-proof";
const RUN: &str = "facts.json";

/// What stands in the folder for a run and for nothing else.
pub(super) const FILES: [&str; 5] = [ORDER, DUTY, LEAF, DISCLOSURES, PROOF];

/// The run and its standing order; `None` for an order that is no run.
pub(super) fn run(files: &Files, state: &InForce, order: &Exact<Order>) -> Result<Option<RunFacts>, Fault> {
    if order.value().kind != Kind::Duty {
        return match FILES.into_iter().find(|path| files.contains_key(*path)) {
            None => Ok(None),
            Some(path) => Err(Fault::new(path, "belongs to a run, and the order is none")),
        };
    }
    let facts = RunFacts::read(file(files, RUN)?, file(files, ORDER)?, file(files, DUTY)?, order.value())
        .map_err(|refusal| Fault::new(RUN, refusal.detail()))?;
    let allowed = facts.allow(order.value()).and_then(|()| facts.check_rings(state, order.value()));
    allowed.map_err(|refusal| Fault::new(ORDER, refusal.detail()))?;
    let leaf = file(files, LEAF)?;
    let disclosures: Vec<String> = plain_json(files, DISCLOSURES)?;
    check_order_leaf(&facts.standing, leaf, &disclosures).map_err(|error| Fault::new(LEAF, error))?;
    prove(files, PROOF, leaf, state.witness_policy())?;
    if state.is_held(&facts.standing.value().id) {
        return Err(Fault::new(ORDER, "was held by a control leaf"));
    }
    Ok(Some(facts))
}

/// Whether worker, destination and signatures are those that the standing order asks for. True: nothing was left out.
pub(super) fn check(
    run: &RunFacts,
    genesis: &ControlState,
    state: &InForce,
    authority: &Authority,
    reader: &Reader,
    signed: &[VerifiedApproval],
    now: Timestamp,
) -> Result<bool, Fault> {
    let refused = |refusal: crate::refusal::Refusal| Fault::new(ORDER, refusal.detail());
    run.check_destination(authority).map_err(refused)?;
    if reader.bound.as_ref().is_none_or(|bound| bound.worker.code != run.duty.value().code) {
        return Err(Fault::new(DUTY, "names another program than the worker in force runs"));
    }
    let needed = genesis.genesis().value().change_approvals;
    run.check_quorum(state, authority, needed, signed, now).map_err(refused)?;
    Ok(true)
}
