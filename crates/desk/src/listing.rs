//! Open cases by deadline. Where each case stands is computed from its events when it has moved, and kept in the store's read model, so
//! that a list of any length is read and not computed.

use crate::case_file::CaseFile;
use crate::clocks::clocks_of;
use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::second_review;
use countersign_core::digest;
use countersign_core::id::PersonId;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_deadlines::{Calendar, Clocks};
use countersign_store::{CaseStanding, Due, DuePlace};
use serde::Deserialize;

/// Cases placed in one transaction.
const BATCH: u32 = 200;

/// Setting that names the clocks and the calendar by which the list was computed.
const COUNTED_BY: &str = "case-list/counted-by";

/// Who stands in for whom while somebody is away: `custodian/rota.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rota {
    absences: Vec<Absence>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Absence {
    person: PersonId,
    deputy: PersonId,
    from: Timestamp,
    until: Timestamp,
}

impl Rota {
    /// Largest rota in bytes.
    pub const MAX_LEN: usize = 256 * 1024;

    /// Reads a rota.
    ///
    /// # Errors
    /// [`DeskError::Input`] for what is no rota, an absence that ends before it begins, or somebody who is to stand in for himself.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > Self::MAX_LEN {
            return Err(DeskError::Input(format!(
                "a rota of {} bytes; at most {} are read",
                bytes.len(),
                Self::MAX_LEN
            )));
        }
        let rota: Self = serde_json::from_slice(bytes).map_err(|error| DeskError::Input(format!("rota: {error}")))?;
        for absence in &rota.absences {
            if absence.until <= absence.from {
                return Err(DeskError::Input(format!(
                    "rota: an absence of `{}` ends before it begins",
                    absence.person
                )));
            }
            if absence.person == absence.deputy {
                return Err(DeskError::Input(format!("rota: `{}` stands in for nobody else", absence.person)));
            }
        }
        Ok(rota)
    }

    /// Who is away, from when until when.
    pub fn absences(&self) -> impl Iterator<Item = (&PersonId, Timestamp, Timestamp)> {
        self.absences.iter().map(|absence| (&absence.person, absence.from, absence.until))
    }

    /// The person, and everybody for whom the person stands in at `now`, deputies of absent deputies included.
    pub fn holders_for(&self, person: &PersonId, now: Timestamp) -> Vec<PersonId> {
        let mut holders = vec![person.clone()];
        let mut next = 0;
        while let Some(deputy) = holders.get(next).cloned() {
            next += 1;
            for absence in self.absences.iter().filter(|absence| absence.deputy == deputy) {
                if (absence.from..absence.until).contains(&now) && !holders.contains(&absence.person) {
                    holders.push(absence.person.clone());
                }
            }
        }
        holders
    }
}

impl Desk {
    /// Brings the list up to date: every case that has moved is placed again, all of them when clocks or calendar have changed. Returns
    /// how many were placed.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the calendar does not cover a day that is needed; [`DeskError::Store`].
    pub async fn place_cases(&self, clocks: &Clocks, calendar: &Calendar) -> Result<usize> {
        let counted_by = digest::plain(format!("{clocks:?}\n{calendar:?}").as_bytes());
        if self.store.setting(COUNTED_BY).await?.as_deref() != Some(counted_by.as_bytes().as_slice()) {
            self.store.displace_cases().await?;
            self.store.set_setting(COUNTED_BY, counted_by.as_bytes()).await?;
        }
        let mut placed = 0;
        loop {
            let unplaced = self.store.unplaced_cases(BATCH).await?;
            if unplaced.is_empty() {
                return Ok(placed);
            }
            let mut standings = Vec::with_capacity(unplaced.len());
            for summary in &unplaced {
                let file = self.case(&summary.case).await?;
                standings.push(self.standing(&file, clocks, calendar)?);
            }
            self.store.place_cases(&standings).await?;
            placed += standings.len();
        }
    }

    fn standing(&self, file: &CaseFile, clocks: &Clocks, calendar: &Calendar) -> Result<CaseStanding> {
        let running = clocks_of(file, clocks, calendar, self.now());
        let running = running.map_err(|error| DeskError::Input(format!("case {}: {error}", file.id)))?;
        let last = file.events.last().map(Exact::value);
        let open = !file.stage.is_final();
        // A case that is decided owes nothing more, whatever clock it left behind, but its second review.
        let next = running.into_iter().find(|clock| clock.ended.is_none()).filter(|_| file.stage.is_open());
        let next = next.map(|clock| Due { at: clock.due.at, clock: clock.clock.id, paused: clock.paused });
        let review = file.pending_review();
        let review = review.map(|drawn| Due { at: drawn.due(), clock: second_review::CLOCK.to_owned(), paused: false });
        Ok(CaseStanding {
            case: file.id,
            through: last.map_or(0, |last| last.number),
            stage: file.stage.name().to_owned(),
            open,
            holder: self.author_of(file)?,
            due: next.into_iter().chain(review).min_by_key(|due| due.at),
        })
    }

    /// Up to `limit` open cases by deadline, those after `after` only: everybody's, or those of some people together.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn cases_due(
        &self,
        holders: Option<&[PersonId]>,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<Vec<CaseStanding>> {
        let Some(holders) = holders else { return Ok(self.store.cases_by_deadline(None, after, limit).await?) };
        let mut found = Vec::new();
        for holder in holders {
            found.extend(self.store.cases_by_deadline(Some(holder), after, limit).await?);
        }
        found.sort_by_key(CaseStanding::place);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
