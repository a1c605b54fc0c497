//! Port: where cases stand, by deadline. A read model: what it says is computed elsewhere from the events and can be thrown away.

use crate::{CaseSummary, Result, StoreError};
use async_trait::async_trait;
use countersign_core::id::{CaseId, PersonId};
use countersign_core::time::Timestamp;

/// Where one case stands, as it was computed from its events up to `through`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseStanding {
    /// The case.
    pub case: CaseId,
    /// Number of the last event that was taken into account.
    pub through: u32,
    /// Name of its stage.
    pub stage: String,
    /// Whether something is left to do in it.
    pub open: bool,
    /// Whose it is.
    pub holder: PersonId,
    /// The nearest deadline; none when no clock runs.
    pub due: Option<Due>,
}

/// A deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// When it ends. While the clock stands still this is the earliest end.
    pub at: Timestamp,
    /// Name of the clock.
    pub clock: String,
    /// Whether it stands still.
    pub paused: bool,
}

/// A place in the list by deadline: of the last case of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DuePlace {
    /// Its deadline; cases without one come last.
    pub at: Timestamp,
    /// The case.
    pub case: CaseId,
}

impl CaseStanding {
    /// Its place in the list.
    pub fn place(&self) -> DuePlace {
        DuePlace { at: self.due.as_ref().map_or(Timestamp::MAX, |due| due.at), case: self.case }
    }
}

/// Open cases by deadline.
#[async_trait]
pub trait Listing: Send + Sync {
    /// Up to `limit` cases that have moved since they were last placed, or never were, by id.
    async fn unplaced_cases(&self, limit: u32) -> Result<Vec<CaseSummary>>;

    /// Places cases in the list. A case that has moved on meanwhile stays unplaced.
    ///
    /// # Errors
    /// [`Refused`](crate::StoreError::Refused) for a case that is not there, or an event that it does not have.
    async fn place_cases(&self, standings: &[CaseStanding]) -> Result<()>;

    /// Forgets where every case stands: clocks or calendar have changed.
    async fn displace_cases(&self) -> Result<()>;

    /// Up to `limit` open cases by deadline, those after `after` only; all of them, or one person's.
    async fn cases_by_deadline(
        &self,
        holder: Option<&PersonId>,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<Vec<CaseStanding>>;
}

/// A case that cannot be placed.
pub(crate) fn unknown(standing: &CaseStanding) -> StoreError {
    StoreError::refused(
        format!("the place of case {}", standing.case),
        "is computed from an event that the store does not have",
    )
}
