//! The road of a duty: one run under a standing order that several people have signed once.
//!
//! The standing order is an order of kind `duty` without records; its facts say what for, which program, whither, which
//! classes, how much. A run is an order of kind `duty` with records: it is public like every order, and signed by nobody,
//! because everything in it is what the standing order allows. Bytes and rules: `docs/formats/duty.md`.

use super::memory::Cap;
use super::publicity::check_evidence;
use super::road::{Asked, Granted};
use super::{decision, obliged};
use crate::ledger::CounterKey;
use crate::order_leaf::check_order_leaf;
use crate::refusal::{Code, Refusal};
use crate::state::InForce;
use crate::wire::ReleaseRequest;
use countersign_approve::VerifiedApproval;
use countersign_core::control::Person;
use countersign_core::directory::Authority;
use countersign_core::duty::{Duty, MAX_RUN_LIFETIME, Run, destination_digest};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::order::{Kind, Mode, Order};
use countersign_core::time::{DAY, Timestamp};
use countersign_policy::QuorumFacts;

/// Window in which the people of all runs are counted: a standing order lasts at most 90 days.
const COUNTED_DAYS: u16 = 92;

/// A run's place among the runs of its standing order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Digest of the standing order.
    pub standing: Digest,
    /// Number of the run.
    pub number: u32,
    /// Digest of the order of the run before.
    pub previous: Option<Digest>,
}

/// The facts of a run: itself, and the standing order that it names.
pub(crate) struct RunFacts {
    pub(crate) run: Exact<Run>,
    pub(crate) standing: Exact<Order>,
    pub(crate) duty: Exact<Duty>,
}

impl RunFacts {
    /// Reads the three documents. Each names the next: the run's order the run, the run the standing order, this the duty.
    pub(crate) fn read(run: &[u8], standing: &[u8], duty: &[u8], order: &Order) -> Result<Self, Refusal> {
        let differ = |detail: &dyn std::fmt::Display| Refusal::new(Code::FactsDiffer, detail);
        let run = Exact::<Run>::parse(run).map_err(|error| differ(&error))?;
        let standing = Exact::<Order>::parse(standing).map_err(|error| differ(&error))?;
        let duty = Exact::<Duty>::parse(duty).map_err(|error| differ(&error))?;
        let rules = [
            (run.digest() == order.facts, "the run is not the one that the order names"),
            (standing.digest() == run.value().standing, "the standing order is not the one that the run names"),
            (duty.digest() == standing.value().facts, "the duty is not the one that the standing order names"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            None => Ok(Self { run, standing, duty }),
            Some((_, reason)) => Err(differ(&reason)),
        }
    }

    pub(crate) fn place(&self) -> Place {
        let run = self.run.value();
        Place { standing: run.standing, number: run.number, previous: run.previous }
    }

    /// Whether the standing order is one, and allows this order as a run.
    pub(crate) fn allow(&self, order: &Order) -> Result<(), Refusal> {
        let (standing, duty) = (self.standing.value(), self.duty.value());
        let same = |order: &Order| (order.custodian, order.case, order.authority.clone(), order.instrument.clone());
        let quiet = |order: &Order| order.delay.is_none() && order.notice_due.is_none();
        let rules = [
            (standing.kind == Kind::Duty && standing.scope.records == 0, "the standing order is none"),
            (
                (standing.case, &standing.authority, &standing.scope.classes)
                    == (duty.case, &duty.authority, &duty.classes),
                "the standing order has another case, authority or classes than its duty",
            ),
            (quiet(standing) && quiet(order), "a duty has neither a delay order nor a notice"),
            (standing.recipient.mode == Mode::Worker, "the standing order names no worker"),
            (same(standing) == same(order), "the run has another custodian, case, authority or instrument"),
            (standing.policy == order.policy, "the run was decided under another policy"),
            (standing.recipient == order.recipient, "the run is for another worker"),
            (order.scope.classes.is_subset(&duty.classes), "a class that the duty does not name"),
            (
                order.scope.subjects <= duty.run.subjects && order.scope.records <= duty.run.records,
                "more people or records than one run may have",
            ),
            (
                standing.not_before <= order.not_before && order.expires <= standing.expires,
                "the run begins before its standing order, or ends after it",
            ),
            (order.expires.since(order.not_before) <= MAX_RUN_LIFETIME, "a run is valid for at most 24 hours"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, reason)) => Err(Refusal::new(Code::OutsideDuty, reason)),
        }
    }

    /// Whether the output goes where the standing order says.
    pub(crate) fn check_destination(&self, authority: &Authority) -> Result<(), Refusal> {
        let registered = authority.recipient.as_ref().map(|keys| destination_digest(&keys.age));
        if registered == Some(self.duty.value().destination) {
            return Ok(());
        }
        let detail = format!("the duty's destination is not the registered age key of `{}`", authority.id);
        Err(Refusal::new(Code::RecipientNotInForce, detail))
    }

    /// Whether those who signed the standing order suffice: as many approvers as a change of control state needs, none of
    /// them the author, of two states, one at least whom the receiving state cannot compel; and nobody refused.
    pub(crate) fn check_quorum(
        &self,
        state: &InForce,
        authority: &Authority,
        needed: u16,
        signed: &[VerifiedApproval],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let author = &self.duty.value().author;
        standing_quorum(state, &self.standing.digest(), author, authority, needed, signed, now)
    }
}

/// Whether those who signed the standing order with digest `standing` suffice, by the fixed rule of duties: `needed` approvers,
/// none of them the author, of two states, one at least whom the receiving state cannot compel; and nobody refused. Desk,
/// trustees and verifiers call this one function.
///
/// # Errors
/// [`Refusal`] with [`Code::PolicyDenied`] that says who is missing.
pub fn standing_quorum(
    state: &InForce,
    standing: &Digest,
    author: &PersonId,
    authority: &Authority,
    needed: u16,
    signed: &[VerifiedApproval],
    now: Timestamp,
) -> Result<(), Refusal> {
    let people: Vec<Person> = state.people().values().cloned().collect();
    let quorum = QuorumFacts::compute(standing, signed, authority.state, author, &people, now);
    let enough = quorum.approvals() >= u32::from(needed) && quorum.states() >= 2 && quorum.out_of_reach() >= 1;
    if enough && quorum.refusals() == 0 {
        return Ok(());
    }
    let detail = format!(
        "{} of {needed} approvers of {} states, {} out of reach, {} refusals",
        quorum.approvals(),
        quorum.states(),
        quorum.out_of_reach(),
        quorum.refusals()
    );
    Err(Refusal::new(Code::PolicyDenied, detail))
}

/// A standing order is answered run by run, never itself.
pub(super) fn classes(order: &Order) -> Result<(), Refusal> {
    if order.scope.records > 0 {
        return Ok(());
    }
    Err(Refusal::new(Code::KindNotServed, "a standing order is answered only through its runs"))
}

/// The documents of a run.
pub(super) fn facts(request: &ReleaseRequest, order: &Order) -> Result<Box<RunFacts>, Refusal> {
    let missing = || Refusal::new(Code::StandingMissing, "the standing order is missing");
    let standing = request.standing.as_ref().ok_or_else(missing)?;
    let bytes = (request.facts.as_bytes(), standing.order.as_bytes(), standing.duty.as_bytes());
    RunFacts::read(bytes.0, bytes.1, bytes.2, order).map(Box::new)
}

/// The standing order in force and public, its signatures, the worker's program and binding, the destination.
pub(super) fn check(asked: &Asked<'_>, facts: &RunFacts) -> Result<Granted, Refusal> {
    let Asked { view, state, now, request, order, publicity, .. } = *asked;
    let (standing, duty) = (&facts.standing, facts.duty.value());
    facts.allow(order.value())?;
    let value = standing.value();
    // INVARIANT: the run's own time was checked before and lies within that of its standing order.
    let evidence = request.standing.as_ref();
    let evidence = evidence.ok_or_else(|| Refusal::new(Code::StandingMissing, "the standing order is missing"))?;
    check_order_leaf(standing, evidence.leaf.leaf.as_bytes(), &evidence.leaf.disclosures)
        .map_err(|error| Refusal::new(Code::LeafDiffers, error))?;
    let public = check_evidence(view.journal, state, now, &evidence.leaf)?;
    let authority = decision::authority(view.directory.value(), state, value)?;
    obliged::check(state, view.trustee, authority, value)?;
    facts.check_destination(authority)?;
    let reader = decision::reader(state, authority, order, publicity.index, request.binding.as_deref(), now)?;
    if reader.bound.as_ref().is_none_or(|bound| bound.worker.code != duty.code) {
        return Err(Refusal::new(Code::OutsideDuty, "the worker in force runs another program than the duty names"));
    }
    if !request.approvals.is_empty() || request.delay.is_some() {
        return Err(Refusal::new(Code::ApprovalInvalid, "a run is signed and delayed by nobody"));
    }
    let texts: Vec<&str> = evidence.approvals.iter().map(String::as_str).collect();
    let approvals = decision::approvals(state, now, &texts, standing, public.since)?;
    let needed = view.control.genesis().value().change_approvals;
    facts.check_quorum(state, authority, needed, &approvals, now)?;
    if state.is_held(&value.id) {
        return Err(Refusal::new(Code::OrderHeld, format!("standing order {} is held by a control leaf", value.id)));
    }
    let key = CounterKey::Duty(standing.digest());
    let mut counters = vec![key.clone(), CounterKey::Kind(Kind::Duty)];
    counters.extend(order.value().scope.classes.iter().map(CounterKey::Class));
    let caps = vec![Cap::new(key, Code::CapDuty, duty.total, COUNTED_DAYS)];
    Ok(Granted { reader, run: Some(facts.place()), counters, caps })
}

// The window of the counter covers every day of a standing order, the first and the last included.
const _: () = assert!(COUNTED_DAYS as i64 * DAY >= 91 * DAY);
