//! Leaving a state: who and what has to go from the control state at once, and what has to follow.
//!
//! Planning reads only. Carrying a plan out is one removal per person or authority ([`change`](crate::change)); what is done is no
//! part of the next plan, so an exit that was interrupted is finished by planning again.

use crate::desk::Desk;
use crate::error::Result;
use countersign_core::case::Stage;
use countersign_core::control::{Action, Person, Role, TrusteeMember};
use countersign_core::country::Country;
use countersign_core::id::{AuthorityId, CaseId, PersonId};
use countersign_core::time::Timestamp;
use countersign_verify::state::ControlState;
use std::collections::BTreeMap;

/// How far an exit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// People whom the state can compel go too, not only those who live there.
    pub reach: bool,
    /// The state's authorities are answered no more.
    pub authorities: bool,
}

/// Why somebody goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// Lives there.
    Lives,
    /// Can be compelled there.
    Reached,
}

/// Somebody who goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaver {
    /// Who.
    pub id: PersonId,
    /// Why.
    pub tie: Tie,
    /// Whether the person is in force; otherwise an addition is still cooling, and is cancelled.
    pub in_force: bool,
}

/// What an exit consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitPlan {
    /// The state.
    pub state: Country,
    /// People who are removed, by id.
    pub leavers: Vec<Leaver>,
    /// People whom the state can compel and who stay.
    pub reached: Vec<PersonId>,
    /// Authorities of the state that are suspended with this plan.
    pub suspended: Vec<AuthorityId>,
    /// Authorities of the state that go on being answered.
    pub answered: Vec<AuthorityId>,
    /// Approvers that remain.
    pub approvers: usize,
    /// Approvers that a change needs.
    pub approvers_needed: usize,
    /// Trustees under the state's law. No removal can reach their shares.
    pub trustees: Vec<TrusteeMember>,
    /// Threshold and number of all trustees.
    pub threshold: Option<(u16, usize)>,
    /// Whether the custodian's own seat is there.
    pub seat: bool,
}

/// A case with an authority of the state that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCase {
    /// The case.
    pub case: CaseId,
    /// Who asked.
    pub authority: AuthorityId,
    /// Where it stands.
    pub stage: &'static str,
}

impl ExitPlan {
    /// The removals that are left to do, in their order.
    pub fn actions(&self) -> Vec<Action> {
        let people = self.leavers.iter().map(|leaver| Action::RemovePerson(leaver.id.clone()));
        people.chain(self.suspended.iter().cloned().map(Action::SuspendAuthority)).collect()
    }

    /// Whether fewer approvers remain than a change needs: then nobody can be added any more.
    pub fn leaves_too_few(&self) -> bool {
        self.approvers < self.approvers_needed
    }
}

impl Desk {
    /// What leaving a state consists of, by the control state in force now.
    pub fn plan_exit(&self, state: Country, extent: Extent) -> ExitPlan {
        let authorities = self.custodian().directory.value().authorities.iter();
        let of_state = authorities.filter(|authority| authority.state == state).map(|authority| authority.id.clone());
        plan(&self.control(), self.now(), state, extent, of_state.collect())
    }

    /// Cases with the state's authorities that are not over.
    ///
    /// # Errors
    /// [`DeskError::Store`](crate::DeskError::Store).
    pub async fn open_cases_in(&self, state: Country) -> Result<Vec<OpenCase>> {
        let mut open = Vec::new();
        for summary in self.store().cases().await? {
            let file = self.case(&summary.case).await?;
            let asked = file.intake.as_ref().map(|intake| intake.value().authority.clone());
            let asked = asked.or_else(|| file.contact.as_ref().map(|contact| contact.value().authority.clone()));
            let over = matches!(file.stage, Stage::Closed | Stage::RejectedFake);
            // An authority that left the directory has a state no more; its open cases are listed rather than forgotten.
            let there = |id: &AuthorityId| self.authority(id).map_or(true, |authority| authority.state == state);
            if let Some(authority) = asked.filter(|id| !over && there(id)) {
                open.push(OpenCase { case: summary.case, authority, stage: file.stage.name() });
            }
        }
        Ok(open)
    }
}

fn plan(
    control: &ControlState,
    now: Timestamp,
    state: Country,
    extent: Extent,
    of_state: Vec<AuthorityId>,
) -> ExitPlan {
    let in_force = control.at(now);
    let tie = |person: &Person| {
        if person.state == state {
            Some(Tie::Lives)
        } else if person.reach.states.contains(&state) {
            Some(Tie::Reached)
        } else {
            None
        }
    };
    let goes = |tie: Tie| tie == Tie::Lives || extent.reach;
    let mut leavers: BTreeMap<PersonId, Leaver> = BTreeMap::new();
    let mut reached = Vec::new();
    let mut approvers = 0;
    for person in in_force.people().values() {
        match tie(person) {
            Some(tie) if goes(tie) => {
                leavers.insert(person.id.clone(), Leaver { id: person.id.clone(), tie, in_force: true });
                continue;
            }
            Some(_) => reached.push(person.id.clone()),
            None => {}
        }
        approvers += usize::from(signs_as_approver(person));
    }
    for waiting in control.waiting(now) {
        if let Action::AddPerson(person) = &waiting.change.action
            && let Some(tie) = tie(person).filter(|tie| goes(*tie))
        {
            // Somebody who stays by the roster in force, and would move there by what is cooling, goes as well.
            let now_there = in_force.people().get(&person.id);
            let leaver = Leaver { id: person.id.clone(), tie, in_force: now_there.is_some() };
            let new = leavers.insert(person.id.clone(), leaver).is_none();
            approvers -= usize::from(new && now_there.is_some_and(signs_as_approver));
        }
    }
    reached.retain(|id| !leavers.contains_key(id));
    let left: Vec<AuthorityId> = of_state.into_iter().filter(|id| !in_force.is_suspended(id)).collect();
    let (suspended, answered) = if extent.authorities { (left, Vec::new()) } else { (Vec::new(), left) };
    let genesis = control.genesis().value();
    let members = in_force.members().iter().filter(|member| in_force.trustee(member.index).is_some());
    ExitPlan {
        state,
        leavers: leavers.into_values().collect(),
        reached,
        suspended,
        answered,
        approvers,
        approvers_needed: usize::from(genesis.change_approvals),
        trustees: members.filter(|member| member.state == state).cloned().collect(),
        threshold: in_force.trustees(),
        seat: genesis.custodian.seat == state,
    }
}

fn signs_as_approver(person: &Person) -> bool {
    person.roles.contains(&Role::Approver) && !person.keys.is_empty()
}

#[cfg(test)]
mod tests;
