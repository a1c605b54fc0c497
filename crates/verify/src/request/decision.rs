//! Checks 6, 7 and 8: the policy in force, run again; the signatures; the authority and its key.

use super::View;
use super::publicity::{Publicity, SKEW};
use crate::refusal::{Code, Refusal};
use crate::state::InForce;
use crate::worker::{Bound, check_binding};
use base64ct::{Base64, Encoding};
use countersign_approve::{VerifiedApproval, verify_approval};
use countersign_core::approval::Approval;
use countersign_core::control::Person;
use countersign_core::country::Country;
use countersign_core::directory::{Authority, Directory};
use countersign_core::facts::{Factor, Facts};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::order::{Mode, Order};
use countersign_core::time::{DAY, Timestamp};
use countersign_policy::{Bundle, Decision, QuorumFacts, ReleaseContext};
use countersign_seal::transport::TransportKey;
use std::collections::BTreeSet;

/// Oldest approval that is still accepted, counted from the order's own start: an order may be held for days.
const OLDEST_APPROVAL: i64 = 30 * DAY;

/// The facts that the order names.
pub(crate) fn facts(bytes: &[u8], order: &Order) -> Result<Exact<Facts>, Refusal> {
    let facts = Exact::<Facts>::parse(bytes).map_err(|error| Refusal::new(Code::FactsDiffer, error))?;
    let value = facts.value();
    let same = facts.digest() == order.facts
        && value.case == order.case
        && value.authority == order.authority
        && value.kind == order.kind
        && value.instrument == order.instrument.form;
    if same { Ok(facts) } else { Err(Refusal::new(Code::FactsDiffer, "the facts are not the ones the order names")) }
}

/// The policy is the one in force, and the one held here.
pub(super) fn pinned_policy(view: &View<'_>, state: &InForce, order: &Order) -> Result<(), Refusal> {
    if order.policy == state.policy() && view.bundle.digest() == state.policy() {
        return Ok(());
    }
    let detail =
        format!("order names {}, in force {}, held here {}", order.policy, state.policy(), view.bundle.digest());
    Err(Refusal::new(Code::PolicyNotInForce, detail))
}

/// The directory is the one in force, and the one held here.
pub(super) fn pinned_directory(view: &View<'_>, state: &InForce, named: &Digest) -> Result<(), Refusal> {
    if *named == state.directory() && view.directory.digest() == state.directory() {
        return Ok(());
    }
    let detail = format!("facts name {named}, in force {}, held here {}", state.directory(), view.directory.digest());
    Err(Refusal::new(Code::DirectoryNotInForce, detail))
}

/// The authority that asks.
pub(crate) fn authority<'d>(
    directory: &'d Directory,
    state: &InForce,
    order: &Order,
) -> Result<&'d Authority, Refusal> {
    let refuse = |detail: &str| Refusal::new(Code::AuthorityNotInForce, format!("`{}` {detail}", order.authority));
    let authority = directory.get(&order.authority).ok_or_else(|| refuse("is not in the directory"))?;
    if state.is_suspended(&order.authority) {
        return Err(refuse("is suspended by a control leaf"));
    }
    Ok(authority)
}

/// To whom replies are encrypted.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    /// The X-Wing public key, base64.
    pub(crate) text: String,
    /// Its digest.
    pub(crate) key: Digest,
    /// The worker's binding, where the order names a worker.
    pub(crate) bound: Option<Bound>,
}

/// The reader of a case's order, whose leaf stands at `index`: the authority by its registered key, or the worker that the
/// order names by its binding.
pub(crate) fn reader(
    state: &InForce,
    authority: &Authority,
    order: &Exact<Order>,
    index: u64,
    binding: Option<&str>,
    now: Timestamp,
) -> Result<Reader, Refusal> {
    if order.value().recipient.mode == Mode::Worker {
        let bound = check_binding(state, order, index, binding, now)?;
        return Ok(Reader { text: bound.text.clone(), key: bound.key.digest(), bound: Some(bound) });
    }
    if binding.is_some() {
        return Err(Refusal::new(Code::BindingInvalid, "a binding to an order that names no worker"));
    }
    let order = order.value();
    // The digest is computed from the key: replies are encrypted to the key, not to what is said of it.
    let registered = authority.recipient.as_ref().and_then(|keys| {
        let key = TransportKey::decode(&Base64::decode_vec(&keys.xwing_key).ok()?).ok()?;
        (key.digest() == keys.xwing).then_some(keys)
    });
    match registered.filter(|keys| (Mode::Authority, keys.xwing) == (order.recipient.mode, order.recipient.key)) {
        Some(keys) => Ok(Reader { text: keys.xwing_key.clone(), key: keys.xwing, bound: None }),
        None => {
            let detail = format!("the order's recipient is not the registered key of `{}`", order.authority);
            Err(Refusal::new(Code::RecipientNotInForce, detail))
        }
    }
}

/// Every signature, by distinct people in force, at plausible times.
pub(super) fn approvals(
    state: &InForce,
    now: Timestamp,
    texts: &[&str],
    order: &Exact<Order>,
    latest: Timestamp,
) -> Result<Vec<VerifiedApproval>, Refusal> {
    let mut signers = BTreeSet::new();
    let mut verified = Vec::with_capacity(texts.len());
    for text in texts {
        let approval =
            Exact::<Approval>::parse(text.as_bytes()).map_err(|error| Refusal::new(Code::ApprovalInvalid, error))?;
        let value = approval.value();
        let person = state.people().get(&value.approver).ok_or_else(|| {
            Refusal::new(Code::ApproverNotInForce, format!("`{}` is not in the roster in force", value.approver))
        })?;
        if !signers.insert(value.approver.clone()) {
            return Err(Refusal::new(Code::ApprovalRepeated, format!("`{}` signed twice", value.approver)));
        }
        let checked = verify_approval(value, &order.digest(), person)
            .map_err(|error| Refusal::new(Code::ApprovalInvalid, error))?;
        plausible(value, order.value(), latest.min(now)).map_err(|detail| Refusal::new(Code::ApprovalAge, detail))?;
        verified.push(checked);
    }
    Ok(verified)
}

/// Whether the signer's time is one at which this order could be signed, when it was known to be signed by `latest`.
pub(crate) fn plausible(approval: &Approval, order: &Order, latest: Timestamp) -> Result<(), String> {
    let earliest = order.not_before.plus(-OLDEST_APPROVAL);
    if (earliest..=latest.plus(SKEW)).contains(&approval.at) {
        return Ok(());
    }
    Err(format!("`{}` signed at {}, possible from {earliest} to {latest}", approval.approver, approval.at))
}

/// Runs the policy again on facts and computed context.
pub(super) fn policy(
    view: &View<'_>,
    state: &InForce,
    now: Timestamp,
    decided: &Decided<'_>,
    signed: &[VerifiedApproval],
    publicity: &Publicity,
) -> Result<(), Refusal> {
    let Decided { order, facts, authority } = decided;
    let seat = view.control.genesis().value().custodian.seat;
    let decision =
        release_decision(view.bundle, state, seat, now, order, facts, authority, signed, publicity.witnesses);
    if decision.allowed {
        return Ok(());
    }
    let reasons = decision.reasons.iter().map(ToString::to_string).collect();
    Err(Refusal::new(Code::PolicyDenied, decision.errors.join("; ")).with_reasons(reasons))
}

/// What a policy decision is about.
pub(super) struct Decided<'d> {
    pub(super) order: &'d Exact<Order>,
    pub(super) facts: &'d Facts,
    pub(super) authority: &'d Authority,
}

/// The release decision on an order whose leaf is public under `witnesses` cosignatures and whose waiting time is served.
/// Desk, trustees and verifiers call this one function.
#[expect(clippy::too_many_arguments, reason = "each is a separately established input of one decision")]
pub fn release_decision(
    bundle: &Bundle,
    state: &InForce,
    seat: Country,
    now: Timestamp,
    order: &Exact<Order>,
    facts: &Facts,
    authority: &Authority,
    signed: &[VerifiedApproval],
    witnesses: usize,
) -> Decision {
    let people: Vec<Person> = state.people().values().cloned().collect();
    let quorum = QuorumFacts::compute(&order.digest(), signed, authority.state, &facts.author, &people, now);
    let mut context = ReleaseContext::of_order(order.value(), quorum);
    context.included = true;
    context.witness_cosignatures = u32::try_from(witnesses).unwrap_or(u32::MAX);
    context.witness_quorum = true;
    context.waited = true;
    context.call_back_confirmed = facts.factors.contains(&Factor::CallBack);
    countersign_policy::release(bundle, facts, authority, seat, &context)
}
