//! Second reviews: released cases that the receipts of trustees draw are read once more by somebody who had no part in them.
//!
//! The draw is [`draw`](countersign_core::case::draw): computed each time from the receipts that the store keeps, never recorded, so there is
//! nothing to leave out but a receipt, and a trustee that misses its receipt in the journal stops answering. A drawn case is closed only after
//! a [`Step::Confirm`] or [`Step::Object`]; an objection is kept and shown, and takes nothing back. Rules: `docs/formats/second-review.md`.

use crate::case_file::CaseFile;
use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::step::StepEntry;
use countersign_core::case::draw::{WITHIN, draws};
use countersign_core::case::step::{Step, StepRecord};
use countersign_core::case::{Event, EventRecord};
use countersign_core::control::Role;
use countersign_core::id::{CaseId, Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::lookup::{Lookup, Purpose};
use countersign_core::query::TraceOrder;
use countersign_core::time::Timestamp;
use countersign_store::Receipt as StoredReceipt;
use countersign_verify::wire::{Outcome, Receipt};
use std::collections::BTreeSet;

/// Name of the deadline in lists of cases.
pub const CLOCK: &str = "second-review";

/// The receipt that draws a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// The order that was answered.
    pub order: Digest,
    /// Digest of the receipt.
    pub receipt: Digest,
    /// Whose receipt it is.
    pub trustee: u16,
    /// When it was given, by the trustee's clock.
    pub at: Timestamp,
}

impl Drawn {
    /// Until when the second review is to be done.
    pub fn due(&self) -> Timestamp {
        self.at.plus(WITHIN)
    }
}

/// A drawn case, and what its second review found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondReview {
    /// The case.
    pub case: CaseId,
    /// Name of its stage.
    pub stage: &'static str,
    /// What drew it.
    pub drawn: Drawn,
    /// The step that records the review; none while it is due.
    pub found: Option<Exact<StepRecord>>,
}

impl SecondReview {
    /// Whether the reviewer objects.
    pub fn is_objected(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.value().step == Step::Object)
    }
}

impl CaseFile {
    /// The second review of the case; none unless it was drawn.
    pub fn second_review(&self) -> Option<SecondReview> {
        let drawn = self.drawn?;
        let found = self.steps.iter().find(|step| step.value().step.is_second_review()).cloned();
        Some(SecondReview { case: self.id, stage: self.stage.name(), drawn, found })
    }

    /// The second review that is still to be done. A locked case is left to people outside.
    pub fn pending_review(&self) -> Option<Drawn> {
        let pending = self.second_review().filter(|review| review.found.is_none())?;
        (!self.stage.is_final()).then_some(pending.drawn)
    }
}

impl Desk {
    /// Every drawn case, the one drawn first first.
    ///
    /// # Errors
    /// [`DeskError::Store`]; [`DeskError::Internal`] when a document or receipt is damaged.
    pub async fn second_reviews(&self) -> Result<Vec<SecondReview>> {
        let mut found = Vec::new();
        for summary in self.store.cases().await? {
            found.extend(self.case(&summary.case).await?.second_review());
        }
        found.sort_by_key(|review| (review.drawn.at, review.case));
        Ok(found)
    }

    /// Records what the second review of a drawn case found.
    ///
    /// # Errors
    /// [`DeskError::Stage`] before the release is over, and when a review is on file already; [`DeskError::Input`] for a case that was not
    /// drawn, somebody who is not in force, has fallen silent or had a part in the case, and an empty reason.
    pub async fn review_again(
        &self,
        case: &CaseId,
        objects: bool,
        entry: StepEntry,
        by: &PersonId,
    ) -> Result<Exact<StepRecord>> {
        let file = self.case(case).await?;
        let step = if objects { Step::Object } else { Step::Confirm };
        self.append_step(&file, step, entry, Vec::new(), by).await
    }

    /// Whether this person may review this case a second time.
    pub(crate) async fn check_reviewer(&self, file: &CaseFile, by: &PersonId) -> Result<()> {
        let input = |reason: String| Err(DeskError::Input(reason));
        if file.drawn.is_none() {
            return input(format!(
                "case {} was not drawn for a second review: nobody chooses what is reviewed",
                file.id
            ));
        }
        let state = self.control().counting_at(self.now());
        let Some(person) = state.people().get(by) else {
            return input(format!("`{by}` is not in force in the roster, or has fallen silent"));
        };
        if person.roles.iter().all(|role| *role == Role::Agent) {
            return input(format!(
                "`{by}` only reads client data in daily operation: an officer, approver or counsel reviews"
            ));
        }
        let asking = file.intake.as_ref().and_then(|intake| self.authority(&intake.value().authority).ok());
        if asking.is_some_and(|authority| person.manages.contains(&authority.state)) {
            return input(format!("`{by}` is responsible for the region that asks: somebody else reviews"));
        }
        if self.parties(file).await?.contains(by) {
            return input(format!("`{by}` had a part in case {}: somebody who had none reviews it", file.id));
        }
        Ok(())
    }

    /// Everybody who had a part in a case: who brought an event of it or signed one of its orders, checked its sender as the second
    /// officer, or looked up or traced for it.
    async fn parties(&self, file: &CaseFile) -> Result<BTreeSet<PersonId>> {
        let mut parties: BTreeSet<PersonId> = file.events.iter().map(|record| record.value().by.clone()).collect();
        let tried = file.check.iter().flat_map(|check| &check.value().tried);
        parties.extend(tried.filter_map(|factor| factor.person.clone()));
        for kept in self.store.lookups_of(&file.id).await? {
            if let Purpose::Find { officer, .. } = &Exact::<Lookup>::parse(&kept.document)?.value().purpose {
                parties.insert(officer.clone());
            }
        }
        for query in &file.queries {
            parties.insert(self.read::<TraceOrder>(&query.value().order).await?.value().officer.clone());
        }
        Ok(parties)
    }

    /// The first receipt of an answer to an order of the case that draws it. Below ladder level L2 there are no trustees, and nothing is
    /// drawn.
    pub(crate) async fn drawn(&self, events: &[Exact<EventRecord>]) -> Result<Option<Drawn>> {
        let Some(trustees) = &self.custodian.genesis.value().trustees else { return Ok(None) };
        let mut found: Option<Drawn> = None;
        for order in orders(events) {
            for kept in self.store.receipts_of(&order).await? {
                let receipt = read(&kept)?;
                // A refusal draws nothing: whoever is refused may ask again, and would draw again.
                if receipt.outcome != Outcome::Answered || !draws(&kept.digest, trustees.threshold) {
                    continue;
                }
                let drawn = Drawn { order, receipt: kept.digest, trustee: receipt.trustee, at: receipt.at };
                if found.is_none_or(|first| (drawn.at, drawn.receipt) < (first.at, first.receipt)) {
                    found = Some(drawn);
                }
            }
        }
        Ok(found)
    }
}

/// The orders that were ever proposed in a case, each once.
fn orders(events: &[Exact<EventRecord>]) -> BTreeSet<Digest> {
    let proposed = events.iter().filter_map(|record| match &record.value().event {
        Event::Proposed { order } => Some(*order),
        _ => None,
    });
    proposed.collect()
}

/// A receipt as it was kept; its signature was checked when it came.
fn read(kept: &StoredReceipt) -> Result<Receipt> {
    let damaged = || DeskError::internal(format!("the receipt {} is damaged", kept.digest));
    let place = kept.bytes.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
    let body = kept.bytes.get(place + 1..).ok_or_else(damaged)?;
    let receipt = Exact::<Receipt>::parse(body).map_err(|_| damaged())?;
    if receipt.digest() == kept.digest { Ok(receipt.value().clone()) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests;
