//! Where cases stand, in memory.

use super::{MemoryStore, State};
use crate::listing::unknown;
use crate::{CaseStanding, CaseSummary, DuePlace, Listing, Result};
use async_trait::async_trait;
use countersign_core::id::PersonId;

#[async_trait]
impl Listing for MemoryStore {
    async fn unplaced_cases(&self, limit: u32) -> Result<Vec<CaseSummary>> {
        let state = self.lock();
        let unplaced = state
            .summaries()
            .filter(|summary| state.places.get(&summary.case).is_none_or(|standing| standing.through < summary.last));
        Ok(unplaced.take(limit as usize).collect())
    }

    async fn place_cases(&self, standings: &[CaseStanding]) -> Result<()> {
        let mut state = self.lock();
        for standing in standings {
            let events = state.events.get(&standing.case).map_or(0, Vec::len);
            if usize::try_from(standing.through).map_or(true, |through| through >= events) {
                return Err(unknown(standing));
            }
        }
        state.places.extend(standings.iter().map(|standing| (standing.case, standing.clone())));
        Ok(())
    }

    async fn displace_cases(&self) -> Result<()> {
        self.lock().places.clear();
        Ok(())
    }

    async fn cases_by_deadline(
        &self,
        holder: Option<&PersonId>,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<Vec<CaseStanding>> {
        let state = self.lock();
        let wanted = |standing: &&CaseStanding| {
            standing.open
                && holder.is_none_or(|holder| standing.holder == *holder)
                && after.is_none_or(|after| standing.place() > after)
        };
        let mut found: Vec<CaseStanding> = state.places.values().filter(wanted).cloned().collect();
        found.sort_by_key(CaseStanding::place);
        found.truncate(limit as usize);
        Ok(found)
    }
}

impl State {
    /// Every case, by id.
    pub(super) fn summaries(&self) -> impl Iterator<Item = CaseSummary> {
        self.events.iter().filter_map(|(case, events)| {
            let (first, last) = (events.first()?, events.last()?);
            let number = u32::try_from(events.len() - 1).ok()?;
            Some(CaseSummary { case: *case, last: number, opened_at: first.at, last_at: last.at })
        })
    }
}
