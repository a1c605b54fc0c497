//! Checks 11, 12 and 13: what this trustee remembers of its own answers.

use super::View;
use crate::ledger::{CounterKey, Ledger, hard_stop};
use crate::refusal::{Code, Refusal};
use crate::state::InForce;
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_core::time::{MINUTE, Timestamp};

/// How long a trustee waits for its receipts to appear in the journal.
pub const RECEIPT_PATIENCE: i64 = 10 * MINUTE;

/// Whether this exact order was answered before under this share epoch.
pub(super) fn check_replay(
    view: &View<'_>,
    state: &InForce,
    order: &Exact<Order>,
    share_epoch: u32,
) -> Result<bool, Refusal> {
    if state.is_held(&order.value().id) {
        return Err(Refusal::new(Code::OrderHeld, format!("order {} is held by a control leaf", order.value().id)));
    }
    match view.ledger.replay.get(&order.value().id) {
        None => Ok(false),
        Some((digest, epoch)) if *digest == order.digest() => Ok(*epoch == share_epoch),
        Some((digest, _)) => {
            let detail = format!("order id {} was used for {digest}, now for {}", order.value().id, order.digest());
            Err(Refusal::new(Code::OrderIdReused, detail))
        }
    }
}

/// Refuses everything, answers given before included, while a person at the trustee has stopped it.
pub(crate) fn check_pause(ledger: &Ledger) -> Result<(), Refusal> {
    match ledger.paused {
        None => Ok(()),
        Some(since) => Err(Refusal::new(Code::Paused, format!("paused since {since} by a person at the trustee"))),
    }
}

/// What one day, one authority, one agent may see at most.
pub(super) struct Cap {
    /// What is counted.
    pub(super) key: CounterKey,
    /// The refusal when an answer would pass the stop.
    pub(super) code: Code,
    /// Most people in the window, as the policy has it for all trustees together.
    pub(super) people: u32,
    /// Length of the window.
    pub(super) days: u16,
}

/// Refuses when an answer would pass a hard stop. A person at the trustee lifts one for a limited time by a limited number.
pub(super) fn check_caps(
    view: &View<'_>,
    state: &InForce,
    caps: &[Cap],
    subjects: u32,
    now: Timestamp,
) -> Result<(), Refusal> {
    let Some((threshold, members)) = state.trustees() else {
        return Err(Refusal::new(Code::WrongRing, "genesis names no trustees"));
    };
    for Cap { key, code, people, days } in caps {
        let already = view.ledger.people(key, *days, now);
        let stop = hard_stop(*people, threshold, members, already).saturating_add(view.ledger.lifted(key, now));
        if already.saturating_add(u64::from(subjects)) > stop {
            let detail =
                format!("{already} people counted here in {days} days, {subjects} more asked, hard stop {stop}");
            return Err(Refusal::new(*code, detail));
        }
    }
    Ok(())
}

/// Refuses while receipts of this trustee are missing from the journal.
pub(crate) fn check_receipts(ledger: &Ledger, now: Timestamp) -> Result<(), Refusal> {
    match ledger.overdue(now, RECEIPT_PATIENCE) {
        None => Ok(()),
        Some(given) => {
            Err(Refusal::new(Code::ReceiptsMissing, format!("a receipt given at {given} is not in the journal")))
        }
    }
}
