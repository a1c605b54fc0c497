//! The road of a case: data to the authority that asked, as the policy in force decides on the facts of the case.

use super::memory::Cap;
use super::road::{Asked, Granted};
use super::{decision, obliged, publicity};
use crate::ledger::CounterKey;
use crate::refusal::{Code, Refusal};
use countersign_core::class::{Class, ClassSet};
use countersign_core::facts::Facts;
use countersign_core::id::Digest;
use countersign_core::order::{Kind, Order};
use countersign_policy::{Caps, Per};

/// Classes that a kind of order of this road may open whatever the policy says.
pub(super) fn classes(order: &Order) -> Result<(), Refusal> {
    if order.kind != Kind::Emergency {
        return Ok(());
    }
    let identity_and_contact: ClassSet =
        [Class::Name, Class::Birth, Class::Address, Class::Email, Class::Phone].into_iter().collect();
    if order.scope.classes.is_subset(&identity_and_contact) {
        return Ok(());
    }
    Err(Refusal::new(Code::ClassesNotForKind, "an emergency order opens identity and contact only"))
}

/// The authority and its registered key, the approvals, the policy run again, waiting time and delay.
pub(super) fn check(asked: &Asked<'_>, facts: &Facts) -> Result<Granted, Refusal> {
    let Asked { view, state, now, request, order, publicity, .. } = *asked;
    let value = order.value();
    decision::pinned_directory(view, state, &facts.directory)?;
    let authority = decision::authority(view.directory.value(), state, value)?;
    obliged::check(state, view.trustee, authority, value)?;
    let reader = decision::reader(state, authority, order, publicity.index, request.binding.as_deref(), now)?;
    let texts: Vec<&str> = request.approvals.iter().map(String::as_str).collect();
    let approvals = decision::approvals(state, now, &texts, order, publicity.since)?;
    let decided = decision::Decided { order, facts, authority };
    decision::policy(view, state, now, &decided, &approvals, publicity)?;
    publicity::check_waiting(now, value.kind.waiting_time(value.scope.subjects), publicity)?;
    publicity::check_delay(now, request, value, authority)?;
    let counters = counters(value, facts);
    Ok(Granted { reader, run: None, caps: caps(view.bundle.caps(), &counters), counters })
}

/// The counters an order touches; each is counted with the order's subjects.
fn counters(order: &Order, facts: &Facts) -> Vec<CounterKey> {
    let mut keys = vec![
        CounterKey::All,
        CounterKey::Kind(order.kind),
        CounterKey::Authority(order.authority.clone()),
        CounterKey::Matter(facts.matter),
    ];
    keys.extend(order.scope.classes.iter().map(CounterKey::Class));
    keys.extend(facts.addresses.iter().map(|address: &Digest| CounterKey::Address(*address)));
    keys
}

/// The caps of the policy over these counters, in the order of the policy; at last the day: it sees at most as many people
/// as the policy's largest single request.
fn caps(caps: &Caps, keys: &[CounterKey]) -> Vec<Cap> {
    let mut out = Vec::new();
    for cap in &caps.cumulative {
        for key in keys {
            let code = match (cap.per, key) {
                (Per::Authority, CounterKey::Authority(_)) => Code::CapAuthority,
                (Per::Matter, CounterKey::Matter(_)) => Code::CapMatter,
                (Per::Address, CounterKey::Address(_)) => Code::CapAddress,
                _ => continue,
            };
            out.push(Cap::new(key.clone(), code, cap.subjects, cap.days));
        }
    }
    out.push(Cap::new(CounterKey::All, Code::CapDay, caps.absolute, 1));
    out
}
