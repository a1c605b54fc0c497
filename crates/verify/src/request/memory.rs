//! Checks 11, 12 and 13: what this trustee remembers of its own answers.

use super::View;
use super::duty::Place;
use crate::ledger::{CounterKey, Ledger, hard_stop};
use crate::refusal::{Code, Refusal};
use crate::state::InForce;
use countersign_core::id::Digest;
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

/// Refuses another binding than the one that this trustee has answered the order to: whoever takes a worker's place, or
/// makes it sign twice, gets nothing from a trustee that has answered.
pub(super) fn check_bound(ledger: &Ledger, order: &Digest, binding: Option<Digest>) -> Result<(), Refusal> {
    match (ledger.bound.get(order), binding) {
        (Some(before), Some(now)) if *before != now => {
            Err(Refusal::new(Code::BoundBefore, format!("answered to the binding {before}, now asked for {now}")))
        }
        _ => Ok(()),
    }
}

/// Refuses a run that is not later than every run of its standing order answered here, unless it is the last of them again.
pub(super) fn check_run(ledger: &Ledger, order: &Digest, run: Option<&Place>) -> Result<(), Refusal> {
    let Some(run) = run else { return Ok(()) };
    let Some((number, last)) = ledger.runs.get(&run.standing) else { return Ok(()) };
    let again = (run.number, order) == (*number, last);
    let next = run.number > *number && (run.number - 1 > *number || run.previous == Some(*last));
    if again || next {
        return Ok(());
    }
    let detail = format!("run {} of {}, run {number} ({last}) was answered last", run.number, run.standing);
    Err(Refusal::new(Code::RunOutOfTurn, detail))
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
    key: CounterKey,
    code: Code,
    people: u32,
    days: u16,
    once: bool,
}

impl Cap {
    /// At most so many people in so many days, as the policy has it for all trustees together.
    pub(super) fn new(key: CounterKey, code: Code, people: u32, days: u16) -> Self {
        Self { key, code, people, days, once: false }
    }

    /// One order a day for the whole custodian, whatever any trustee has seen of it.
    pub(super) fn once_a_day(key: CounterKey, code: Code) -> Self {
        Self { key, code, people: u32::MAX, days: 1, once: true }
    }

    /// The most people that one of `members` trustees counts, given how many it has `already` counted.
    fn stop(&self, threshold: u16, members: usize, already: u64) -> u64 {
        // Once a day can be kept only where any two sets of t trustees share one: elsewhere never.
        let shared = 2 * usize::from(threshold) > members;
        match self.once {
            true if already == 0 && shared => u64::MAX,
            true => 0,
            false => hard_stop(self.people, threshold, members, already),
        }
    }
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
    for cap in caps {
        let already = view.ledger.people(&cap.key, cap.days, now);
        let stop = cap.stop(threshold, members, already).saturating_add(view.ledger.lifted(&cap.key, now));
        if already.saturating_add(u64::from(subjects)) > stop {
            let days = cap.days;
            let detail =
                format!("{already} people counted here in {days} days, {subjects} more asked, hard stop {stop}");
            return Err(Refusal::new(cap.code, detail));
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
