//! Whom which state can reach, by the control state: statements that run out, and states that reach trustees or approvers.
//!
//! Reads only. Counsel holds the declarations; what stands here are the sets of states that counsel signed.

use crate::desk::Desk;
use countersign_core::control::{Action, Person, Reach, Role};
use countersign_core::country::Country;
use countersign_core::id::PersonId;
use countersign_core::time::Timestamp;
use countersign_verify::state::{ControlState, is_own_bloc};
use std::collections::BTreeMap;

/// What is known of one person whose reach decides something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Who.
    pub id: PersonId,
    /// The statement in force.
    pub reach: Reach,
    /// Whether it still says anything; if not, every state counts as able to compel the person.
    pub current: bool,
    /// A statement or an entry that is cooling, and when it takes effect.
    pub next: Option<(Reach, Timestamp)>,
}

/// What one state reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateReach {
    /// The state.
    pub state: Country,
    /// Whether it belongs to the custodian's own bloc.
    pub own_bloc: bool,
    /// Trustees in force whom its law binds.
    pub trustees: usize,
    /// Approvers whom it can compel, those of whom nobody knows it any more included.
    pub approvers: usize,
}

/// All of it at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachReport {
    /// Approvers, counsel and rights experts: those whose statement runs out first stand first.
    pub people: Vec<Stated>,
    /// Every state that reaches a trustee or approver, by its code.
    pub states: Vec<StateReach>,
    /// Trustees that open a record together; none below ladder level L2.
    pub threshold: Option<u16>,
    /// Approvers that a change of control state needs.
    pub change_approvals: u16,
}

impl StateReach {
    /// Whether the state, being outside the own bloc, could have records opened by trustees alone.
    pub fn opens(&self, report: &ReachReport) -> bool {
        !self.own_bloc && report.threshold.is_some_and(|threshold| self.trustees >= usize::from(threshold))
    }

    /// Whether the state, being outside the own bloc, reaches as many approvers as a change of control state needs.
    pub fn could_change(&self, report: &ReachReport) -> bool {
        !self.own_bloc && self.approvers >= usize::from(report.change_approvals)
    }
}

impl Desk {
    /// Whom which state can reach, by the control state in force now.
    pub fn reach(&self) -> ReachReport {
        report(&self.control(), self.now())
    }
}

fn report(control: &ControlState, now: Timestamp) -> ReachReport {
    let state = control.at(now);
    let genesis = control.genesis().value();
    let mut people: Vec<Stated> =
        state.people().values().filter(|person| matters(person)).map(|person| stated(control, person, now)).collect();
    people.sort_by(|left, right| (left.reach.at, &left.id).cmp(&(right.reach.at, &right.id)));
    let approvers: Vec<&Person> =
        state.people().values().filter(|person| person.roles.contains(&Role::Approver)).collect();
    let unknown = approvers.iter().filter(|person| !person.reach.is_current(now)).count();
    let mut states: BTreeMap<Country, StateReach> = BTreeMap::new();
    let seat = genesis.custodian.seat;
    let new = |state| StateReach { state, own_bloc: is_own_bloc(seat, state), trustees: 0, approvers: unknown };
    let present = state.members().iter().filter(|member| state.trustee(member.index).is_some());
    for member in present {
        states.entry(member.state).or_insert_with(|| new(member.state)).trustees += 1;
    }
    for person in &approvers {
        // Of those with an old statement every state has been told already; the states it named are listed all the same.
        let counts = usize::from(person.reach.is_current(now));
        for reaching in person.reach.states.iter().chain(&person.manages).collect::<std::collections::BTreeSet<_>>() {
            states.entry(*reaching).or_insert_with(|| new(*reaching)).approvers += counts;
        }
    }
    ReachReport {
        people,
        states: states.into_values().collect(),
        threshold: state.trustees().map(|(threshold, _)| threshold),
        change_approvals: genesis.change_approvals,
    }
}

/// Whether anything depends on which states can compel the person.
fn matters(person: &Person) -> bool {
    person.roles.iter().any(|role| matches!(role, Role::Approver | Role::Counsel | Role::RightsExpert))
}

fn stated(control: &ControlState, person: &Person, now: Timestamp) -> Stated {
    let next = control.waiting(now).filter_map(|waiting| match &waiting.change.action {
        Action::StateReach { person: about, reach } if *about == person.id => Some((reach.clone(), waiting.effective)),
        Action::AddPerson(entry) if entry.id == person.id => Some((entry.reach.clone(), waiting.effective)),
        _ => None,
    });
    Stated {
        id: person.id.clone(),
        reach: person.reach.clone(),
        current: person.reach.is_current(now),
        next: next.min_by_key(|(_, effective)| *effective),
    }
}

#[cfg(test)]
mod tests;
