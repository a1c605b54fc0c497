//! The roads: what a kind of order has to show beside the checks that every order passes.
//!
//! A road says which classes its kind may open ([`Road::of`]), which facts document the order names ([`Road::facts`]), and
//! then, with the order's place in the journal known, who the recipient is and where its key is in force, whose approvals
//! suffice, how long the order has to be public, and which counters and caps it touches ([`RoadFacts::check`]).

use super::case;
use super::decision::{self, Reader};
use super::duty::{self, Place};
use super::memory::Cap;
use super::reading;
use super::scope::Fitting;
use super::{Publicity, View};
use crate::ledger::CounterKey;
use crate::refusal::{Code, Refusal};
use crate::state::InForce;
use crate::wire::ReleaseRequest;
use countersign_core::facts::Facts;
use countersign_core::json::Exact;
use countersign_core::order::{Kind, Order};
use countersign_core::reading::Reading;
use countersign_core::time::Timestamp;

/// One request on its way, with what is established of every order.
pub(super) struct Asked<'a> {
    /// What the trustee knows by itself.
    pub(super) view: &'a View<'a>,
    /// What is in force now.
    pub(super) state: &'a InForce,
    /// The trustee's clock.
    pub(super) now: Timestamp,
    /// The request.
    pub(super) request: &'a ReleaseRequest,
    /// Its order.
    pub(super) order: &'a Exact<Order>,
    /// Its manifest, with the labels of its records.
    pub(super) fitting: &'a Fitting,
    /// The order's place in the journal.
    pub(super) publicity: &'a Publicity,
}

/// What a road has found.
pub(super) struct Granted {
    /// To whom the reply is encrypted.
    pub(super) reader: Reader,
    /// The run's place among those of its standing order.
    pub(super) run: Option<Place>,
    /// Counters that an answer raises by the order's subjects.
    pub(super) counters: Vec<CounterKey>,
    /// Caps over some of them.
    pub(super) caps: Vec<Cap>,
}

/// The road of one kind of order.
#[derive(Clone, Copy)]
pub(super) enum Road {
    /// Data of a case to the authority that asked: disclosure, compelled, emergency.
    Case,
    /// Reading in daily operation.
    Reading,
    /// One run under a standing order: duty.
    Duty,
}

impl Road {
    /// Check 4: the road of the order's kind, when the kind has one here and may open these classes.
    pub(super) fn of(order: &Order) -> Result<Self, Refusal> {
        match order.kind {
            Kind::Disclosure | Kind::Compelled | Kind::Emergency => case::classes(order).map(|()| Road::Case),
            // Which classes a reading may open follows from its lane.
            Kind::Read => Ok(Road::Reading),
            Kind::Duty => duty::classes(order).map(|()| Road::Duty),
            Kind::Lookup | Kind::Trace | Kind::Answer => {
                Err(Refusal::new(Code::KindNotServed, format!("orders of kind `{}` have their own lane", order.kind)))
            }
        }
    }

    /// Check 6: the facts document is the one that the order names.
    pub(super) fn facts(self, request: &ReleaseRequest, order: &Order) -> Result<RoadFacts, Refusal> {
        if request.standing.is_some() && !matches!(self, Road::Duty) {
            return Err(Refusal::new(Code::OutsideDuty, "a standing order beside an order that is no run"));
        }
        match self {
            Road::Case => {
                decision::facts(request.facts.as_bytes(), order).map(|facts| RoadFacts::Case(Box::new(facts)))
            }
            Road::Reading => reading::facts(request.facts.as_bytes(), order).map(RoadFacts::Reading),
            Road::Duty => duty::facts(request, order).map(RoadFacts::Duty),
        }
    }
}

/// The facts document of a road.
pub(super) enum RoadFacts {
    /// Facts of a case.
    Case(Box<Exact<Facts>>),
    /// Facts of a reading.
    Reading(Exact<Reading>),
    /// The run, and the standing order that it names.
    Duty(Box<duty::RunFacts>),
}

impl RoadFacts {
    /// Checks 6 to 10 and the counters of check 12.
    pub(super) fn check(&self, asked: &Asked<'_>) -> Result<Granted, Refusal> {
        match self {
            RoadFacts::Case(facts) => case::check(asked, facts.value()),
            RoadFacts::Reading(reading) => reading::check(asked, reading.value()),
            RoadFacts::Duty(facts) => duty::check(asked, facts),
        }
    }
}
