//! The queue: who reads is drawn, so an agent cannot pick whom to read.

use super::refused::NOT_ASSIGNED;
use crate::desk::Desk;
use crate::error::{DeskError, Result};
use countersign_core::id::{CaseId, Handle, PersonId, Salt};
use countersign_core::reading::{Lane, Reason};
use countersign_core::time::Timestamp;
use rand_core::Rng;
use serde::{Deserialize, Serialize};

/// One case that somebody has to look into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// The case.
    pub case: CaseId,
    /// Salt of its commitment.
    pub salt: Salt,
    /// Whom it concerns.
    pub subjects: Vec<Handle>,
    /// Why.
    pub reason: Reason,
    /// When it was opened.
    pub opened: Timestamp,
    /// By whom; never assigned to the same person.
    pub by: PersonId,
    /// Whom the queue has assigned.
    pub agent: Option<PersonId>,
}

const QUEUE: &str = "reading/queue";

impl Desk {
    /// Opens a case for the queue.
    ///
    /// # Errors
    /// [`DeskError::Input`] for nobody or more people than one reading takes, or by somebody who is not in force.
    pub async fn open_ticket(&self, mut subjects: Vec<Handle>, reason: Reason, by: &PersonId) -> Result<CaseId> {
        subjects.sort_unstable();
        subjects.dedup();
        let most = Lane::Case.max_subjects() as usize;
        if !(1..=most).contains(&subjects.len()) {
            return Err(DeskError::Input(format!("a case concerns 1 to {most} clients: open several cases")));
        }
        if !self.control().counting_at(self.now()).people().contains_key(by) {
            return Err(DeskError::Input(format!("`{by}` is not in force in the roster, or has fallen silent")));
        }
        let (mut case, mut salt) = ([0; CaseId::LEN], [0; Salt::LEN]);
        {
            let mut rng = self.rng();
            rng.fill_bytes(&mut case);
            rng.fill_bytes(&mut salt);
        }
        let (case, salt) = (CaseId(case), Salt(salt));
        let _turn = self.queue.lock().await;
        let mut tickets = self.tickets().await?;
        tickets.push(Ticket { case, salt, subjects, reason, opened: self.now(), by: by.clone(), agent: None });
        self.keep_tickets(&tickets).await?;
        Ok(case)
    }

    /// Assigns a waiting case to an agent: each one is equally likely, but for those that the agent has opened. Whoever has a
    /// case gets the same again.
    ///
    /// # Errors
    /// [`DeskError::Refused`] for somebody who is no agent in force; [`DeskError::Input`] when no case is waiting.
    pub async fn take_ticket(&self, agent: &PersonId) -> Result<Ticket> {
        self.agent(agent)?;
        let _turn = self.queue.lock().await;
        let mut tickets = self.tickets().await?;
        if let Some(own) = tickets.iter().find(|ticket| ticket.agent.as_ref() == Some(agent)) {
            return Ok(own.clone());
        }
        let drawn = {
            let mut waiting: Vec<&mut Ticket> =
                tickets.iter_mut().filter(|ticket| ticket.agent.is_none() && ticket.by != *agent).collect();
            let count = u64::try_from(waiting.len()).map_err(DeskError::internal)?;
            let place = self.rng().next_u64().checked_rem(count).and_then(|place| usize::try_from(place).ok());
            let drawn = place.and_then(|place| waiting.get_mut(place));
            let drawn = drawn.ok_or_else(|| DeskError::Input(format!("no case is waiting for `{agent}`")))?;
            drawn.agent = Some(agent.clone());
            drawn.clone()
        };
        self.keep_tickets(&tickets).await?;
        Ok(drawn)
    }

    /// Ends the agent's case.
    ///
    /// # Errors
    /// [`DeskError::Refused`] when the case is not the agent's.
    pub async fn close_ticket(&self, case: &CaseId, agent: &PersonId) -> Result<()> {
        let _turn = self.queue.lock().await;
        self.ticket_of(case, agent).await?;
        let mut tickets = self.tickets().await?;
        tickets.retain(|ticket| ticket.case != *case);
        self.keep_tickets(&tickets).await
    }

    /// Every open case, the oldest first.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn tickets(&self) -> Result<Vec<Ticket>> {
        match self.store.setting(QUEUE).await? {
            None => Ok(Vec::new()),
            Some(bytes) => serde_json::from_slice(&bytes).map_err(DeskError::internal),
        }
    }

    /// The case, when the queue has assigned it to this agent.
    pub(super) async fn ticket_of(&self, case: &CaseId, agent: &PersonId) -> Result<Ticket> {
        let tickets = self.tickets().await?;
        let own = tickets.into_iter().find(|ticket| ticket.case == *case && ticket.agent.as_ref() == Some(agent));
        own.ok_or_else(|| DeskError::Refused {
            code: NOT_ASSIGNED,
            detail: format!("the queue has not assigned case {case} to `{agent}`: take one"),
        })
    }

    async fn keep_tickets(&self, tickets: &[Ticket]) -> Result<()> {
        let bytes = serde_json::to_vec(tickets).map_err(DeskError::internal)?;
        Ok(self.store.set_setting(QUEUE, &bytes).await?)
    }
}
