//! The road of a reading: data to an agent of the roster, by one of three lanes, within budgets that trustees count.
//!
//! The policy bundle has no part in the decision beyond its budgets and the classes it names for the kind: who may read is
//! in the roster, which only m approvals, t trustees and seven days extend. Rules: `docs/formats/reading.md`.

use super::decision::Reader;
use super::memory::Cap;
use super::road::{Asked, Granted};
use super::{decision, publicity};
use crate::ledger::CounterKey;
use crate::refusal::{Code, Refusal};
use crate::request::SKEW;
use base64ct::{Base64, Encoding};
use countersign_approve::{VerifiedApproval, verify_consent};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::consent::Consent;
use countersign_core::control::{Person, Role};
use countersign_core::id::PersonId;
use countersign_core::json::Exact;
use countersign_core::order::{Instrument, Kind, Mode, Order};
use countersign_core::reading::{DAILY_OPERATION, Lane, Reading};
use countersign_seal::transport::TransportKey;

/// The facts that the order names.
pub(super) fn facts(bytes: &[u8], order: &Order) -> Result<Exact<Reading>, Refusal> {
    let reading = Exact::<Reading>::parse(bytes).map_err(|error| Refusal::new(Code::FactsDiffer, error))?;
    let same = reading.digest() == order.facts
        && reading.value().case == order.case
        && order.authority.as_str() == DAILY_OPERATION
        && order.instrument.form == Instrument::Informal;
    if same { Ok(reading) } else { Err(Refusal::new(Code::FactsDiffer, "not the reading that the order names")) }
}

/// The lane's limits; the agent and the key; who has signed; the time for a veto; the budgets.
pub(super) fn check(asked: &Asked<'_>, reading: &Reading) -> Result<Granted, Refusal> {
    let Asked { state, now, request, order, publicity, .. } = *asked;
    limits(asked, reading.lane)?;
    let agent = state.people().get(&reading.agent).filter(|person| person.roles.contains(&Role::Agent));
    let agent = agent.ok_or_else(|| {
        Refusal::new(Code::AgentNotInForce, format!("`{}` is not an agent of the roster in force", reading.agent))
    })?;
    recipient(agent, reading, order.value())?;
    let (consents, approvals): (Vec<&str>, Vec<&str>) =
        request.approvals.iter().map(String::as_str).partition(|text| Consent::is_claimed_by(text));
    let signed = decision::approvals(state, now, &approvals, order, publicity.since)?;
    let others = others(&signed, &reading.agent)?;
    match reading.lane {
        Lane::ClientPresent => consented(asked, &consents)?,
        Lane::Case | Lane::BreakGlass if !consents.is_empty() => {
            return Err(Refusal::new(Code::ConsentInvalid, "this lane takes no consent"));
        }
        Lane::Case => {}
        Lane::BreakGlass if others.iter().any(|other| other.person().state != agent.state) => {}
        Lane::BreakGlass => {
            let detail = format!("nobody outside {} has approved beside `{}`", agent.state, agent.id);
            return Err(Refusal::new(Code::SignersMissing, detail));
        }
    }
    publicity::check_veto(now, reading.lane.waiting_time(), publicity)?;
    if order.value().delay.is_some() || request.delay.is_some() {
        return Err(Refusal::new(Code::DelayInvalid, "no authority can delay the notice of a reading"));
    }
    let (budgeted, caps) = budgets(asked, reading, &others);
    let mut counters = vec![CounterKey::Kind(Kind::Read)];
    counters.extend(order.value().scope.classes.iter().map(CounterKey::Class));
    counters.extend(budgeted);
    // No worker stands in for an agent, and a reading is no run.
    if request.binding.is_some() {
        return Err(Refusal::new(Code::BindingInvalid, "a binding to an order that names no worker"));
    }
    let reader = Reader { text: reading.key.clone(), key: order.value().recipient.key, bound: None };
    Ok(Granted { reader, run: None, counters, caps })
}

fn limits(asked: &Asked<'_>, lane: Lane) -> Result<(), Refusal> {
    let order = asked.order.value();
    if order.scope.subjects > lane.max_subjects() {
        let detail = format!("{} people, the lane `{lane}` takes {}", order.scope.subjects, lane.max_subjects());
        return Err(Refusal::new(Code::LaneExceeded, detail));
    }
    let lifetime = order.expires.since(order.not_before);
    if lifetime > lane.max_lifetime() {
        let detail = format!("{lifetime} seconds, the lane `{lane}` lasts {}", lane.max_lifetime());
        return Err(Refusal::new(Code::LaneExceeded, detail));
    }
    let named = asked.view.bundle.classes_of(Kind::Read);
    let never = lane.never_opens();
    let forbidden = |class| never.contains(class) || !(named.is_empty() || named.contains(class));
    match order.scope.classes.iter().find(|class| forbidden(*class)) {
        None => Ok(()),
        Some(class) => Err(Refusal::new(Code::ClassesNotForKind, format!("`{class}` is not opened by `{lane}`"))),
    }
}

/// The digest is computed from the key: replies are encrypted to the key, not to what is said of it.
fn recipient(agent: &Person, reading: &Reading, order: &Order) -> Result<(), Refusal> {
    let key = Base64::decode_vec(&reading.key).ok().and_then(|key| TransportKey::decode(&key).ok());
    let digest = key.map(|key| key.digest());
    if order.recipient.mode == Mode::Reviewer && digest == Some(order.recipient.key) && digest == agent.reader {
        return Ok(());
    }
    let detail = format!("the order's recipient is not the key of `{}` in the roster in force", agent.id);
    Err(Refusal::new(Code::RecipientNotInForce, detail))
}

/// Who approves beside the agent, who approves too. One word against it is enough to refuse.
fn others<'a>(signed: &'a [VerifiedApproval], agent: &PersonId) -> Result<Vec<&'a VerifiedApproval>, Refusal> {
    let missing = |detail: String| Refusal::new(Code::SignersMissing, detail);
    if let Some(no) = signed.iter().find(|one| one.verdict() != Verdict::Approve) {
        return Err(missing(format!("`{}` refuses", no.id())));
    }
    let (own, others): (Vec<_>, Vec<_>) = signed.iter().partition(|one| one.id() == agent);
    if own.iter().any(|one| one.role() == SignerRole::Agent) {
        return Ok(others.into_iter().filter(|one| stands_in(one)).collect());
    }
    Err(missing(format!("`{agent}` has not signed as the agent")))
}

fn stands_in(one: &VerifiedApproval) -> bool {
    matches!(one.role(), SignerRole::Peer | SignerRole::Approver)
}

/// The client's consent, by the key of every record: exactly one, given before the order was public and for this hour.
fn consented(asked: &Asked<'_>, texts: &[&str]) -> Result<(), Refusal> {
    let invalid = |detail: &dyn std::fmt::Display| Refusal::new(Code::ConsentInvalid, detail);
    let [text] = texts else { return Err(invalid(&"not exactly one consent")) };
    let consent = Exact::<Consent>::parse(text.as_bytes()).map_err(|error| invalid(&error))?;
    for label in asked.fitting.labels() {
        let key = label.head().client_key.ok_or_else(|| invalid(&"a record whose client has no key"))?;
        verify_consent(consent.value(), &asked.order.digest(), &key).map_err(|error| invalid(&error))?;
    }
    let earliest = asked.order.value().not_before.plus(-SKEW);
    let latest = asked.publicity.since.min(asked.now);
    if (earliest..=latest.plus(SKEW)).contains(&consent.value().at) {
        return Ok(());
    }
    Err(invalid(&format!("given at {}, possible from {earliest} to {latest}", consent.value().at)))
}

/// What an answer counts, and how far it may count. A client who is present, and agrees, uses nobody's budget.
fn budgets(asked: &Asked<'_>, reading: &Reading, others: &[&VerifiedApproval]) -> (Vec<CounterKey>, Vec<Cap>) {
    let caps = asked.view.bundle.caps().reading();
    match reading.lane {
        Lane::ClientPresent => (Vec::new(), Vec::new()),
        Lane::BreakGlass => {
            (vec![CounterKey::BreakGlass], vec![Cap::once_a_day(CounterKey::BreakGlass, Code::CapBreakGlass)])
        }
        Lane::Case => {
            let peers = others.iter().filter(|other| other.role() == SignerRole::Peer);
            let peers: Vec<CounterKey> = peers.map(|peer| CounterKey::ReadingsWith(peer.id().clone())).collect();
            let beyond = if peers.is_empty() { 0 } else { caps.beyond };
            let agent = CounterKey::ReadingsOf(reading.agent.clone());
            let mut all = vec![Cap::new(agent.clone(), Code::CapAgent, caps.agent.saturating_add(beyond), 1)];
            all.extend(peers.iter().map(|peer| Cap::new(peer.clone(), Code::CapPeer, caps.peer, 1)));
            all.push(Cap::new(CounterKey::Readings, Code::CapReadings, caps.day, 1));
            ([vec![CounterKey::Readings, agent], peers].concat(), all)
        }
    }
}
