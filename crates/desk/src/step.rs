//! Steps of a case that neither answer a question nor sign anything: to acknowledge, to ask, to hold, to preserve, to challenge, to lock.
//!
//! What a [second review](crate::second_review) found is a step, too. Every step has a reason; what a court or an authority did has its paper besides. Each is an event and a leaf.

use crate::case_file::{CaseFile, kind};
use crate::clocks::{Standing, clocks_of};
use crate::countersign::proposal;
use crate::desk::{Attached, Desk, stored};
use crate::documents::Retention;
use crate::error::{DeskError, Result};
use crate::intake::{MAX_RAW, seal_to_officers};
use crate::leaves::leaf;
use countersign_core::case::Event;
use countersign_core::case::step::{Paper, Step, StepRecord, StepV1, paper_digest};
use countersign_core::digest;
use countersign_core::id::{CaseId, Handle, PersonId, Salt};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::time::Timestamp;
use countersign_deadlines::{Calendar, Clocks};
use countersign_store::StoredDocument;
use rand_core::Rng;
use serde_json::Value;

/// What somebody enters about a step.
#[derive(Debug, Clone, Default)]
pub struct StepEntry {
    /// Why, or what was said.
    pub why: String,
    /// Until when, for a hold and a preservation.
    pub until: Option<Timestamp>,
    /// The paper, exactly as it is.
    pub paper: Option<Vec<u8>>,
}

impl Desk {
    /// Takes a step in a case. A preservation also forbids erasing the clients that the request asks about; ending it lets go of what
    /// it held.
    ///
    /// # Errors
    /// [`DeskError::Stage`] when the case does not take the step now; [`DeskError::Input`] for somebody who is not in force or has fallen
    /// silent, a missing reason, paper or end, a hold beyond the order's life, and for [`Step::Expire`], which needs its clock: [`expire`](Self::expire).
    pub async fn take_step(
        &self,
        case: &CaseId,
        step: Step,
        entry: StepEntry,
        by: &PersonId,
    ) -> Result<Exact<StepRecord>> {
        if step == Step::Expire {
            return Err(DeskError::Input("a case expires only by a clock that has run out".into()));
        }
        let file = self.case(case).await?;
        self.append_step(&file, step, entry, Vec::new(), by).await
    }

    /// Notes that a case ended because a clock ran out. Lapse never releases.
    ///
    /// # Errors
    /// As [`take_step`](Self::take_step); [`DeskError::Input`] unless a clock of the case has run out.
    pub async fn expire(
        &self,
        case: &CaseId,
        clocks: &Clocks,
        calendar: &Calendar,
        entry: StepEntry,
        by: &PersonId,
    ) -> Result<Exact<StepRecord>> {
        let file = self.case(case).await?;
        let now = self.now();
        let running = clocks_of(&file, clocks, calendar, now).map_err(|error| DeskError::Input(error.to_string()))?;
        if !running.iter().any(|clock| clock.standing(now) == Standing::Over) {
            return Err(DeskError::Input("no clock of this case has run out".into()));
        }
        self.append_step(&file, Step::Expire, entry, Vec::new(), by).await
    }

    /// Takes a step with documents that come along with it.
    pub(crate) async fn append_step(
        &self,
        file: &CaseFile,
        step: Step,
        entry: StepEntry,
        along: Vec<StoredDocument>,
        by: &PersonId,
    ) -> Result<Exact<StepRecord>> {
        if !self.control().counting_at(self.now()).people().contains_key(by) {
            return Err(DeskError::Input(format!("`{by}` is not in force in the roster, or has fallen silent")));
        }
        let at = self.now();
        let StepEntry { why, until, paper } = entry;
        let mut documents = along;
        let paper = match paper {
            Some(bytes) => {
                let (paper, sealed) = self.keep_paper(&bytes)?;
                documents.push(sealed);
                Some(paper)
            }
            None => None,
        };
        let record = StepRecord { v: StepV1, case: file.id, step, why, until, paper, by: by.clone(), at };
        let record = Exact::write(record).map_err(|error| DeskError::Input(error.to_string()))?;
        let event = event(file, &record)?;
        // Before anything is done beside the case: a hold of clients for an event that the case does not take would stay.
        file.life().after(&event, at)?;
        if step.is_second_review() {
            self.check_reviewer(file, by).await?;
        }
        match (step, until) {
            (Step::Preserve, Some(until)) => self.hold_clients(file, until, by).await?,
            (Step::EndPreservation, _) => self.let_clients_go(file, by).await?,
            _ => {}
        }
        let until = until.map_or(Value::Null, |until| Value::from(until.to_string()));
        let values =
            vec![Value::from(record.digest().to_hex()), Value::from(step.as_str()), until, Value::from(at.to_string())];
        let leaf = leaf(LeafKind::Step, at, values, &mut *self.rng())?;
        documents.push(stored(kind::STEP, &record));
        let attached = Attached { documents, leaves: vec![leaf], ..Attached::default() };
        self.append(Some(file), file.id, by, event, attached).await?;
        Ok(record)
    }

    pub(crate) fn keep_paper(&self, bytes: &[u8]) -> Result<(Paper, StoredDocument)> {
        if bytes.is_empty() || bytes.len() > MAX_RAW {
            return Err(DeskError::Input(format!("the paper has {} bytes; 1 to {MAX_RAW} are taken", bytes.len())));
        }
        let mut salt = [0; 16];
        self.rng().fill_bytes(&mut salt);
        let salt = Salt(salt);
        let sealed = seal_to_officers(&self.custodian.officers, bytes)?;
        let stored =
            StoredDocument { digest: digest::plain(&sealed), kind: kind::SEALED_PAPER.to_owned(), bytes: sealed };
        let paper =
            Paper { digest: paper_digest(&salt, bytes), salt, sealed: stored.digest, length: bytes.len() as u64 };
        Ok((paper, stored))
    }

    /// Forbids erasing the clients asked about. Repeated after a crash it finds what it has held.
    async fn hold_clients(&self, file: &CaseFile, until: Timestamp, by: &PersonId) -> Result<()> {
        let basis = basis(file);
        for client in self.in_register(file).await? {
            let standing = self.retention_of(&client).await?;
            let held = |hold: &Exact<Retention>| {
                hold.value().basis == basis && hold.value().until.is_some_and(|end| end >= until)
            };
            if !standing.erased && !standing.holds.iter().any(held) {
                self.hold_client(&client, &basis, until, by).await?;
            }
        }
        Ok(())
    }

    /// Clients asked about whose records are sealed here.
    async fn in_register(&self, file: &CaseFile) -> Result<Vec<Handle>> {
        let mut there = Vec::new();
        for client in self.asked_about(file).await? {
            if !self.store.records_of(&client).await?.is_empty() {
                there.push(client);
            }
        }
        Ok(there)
    }

    async fn let_clients_go(&self, file: &CaseFile, by: &PersonId) -> Result<()> {
        let basis = basis(file);
        for client in self.in_register(file).await? {
            for hold in self.retention_of(&client).await?.holds.iter().filter(|hold| hold.value().basis == basis) {
                self.release_hold(&client, Some(&hold.digest().to_hex()), &basis, by).await?;
            }
        }
        Ok(())
    }
}

/// What a hold of a client says when a case asked for it.
fn basis(file: &CaseFile) -> String {
    format!("preserved for case {}", file.id)
}

fn event(file: &CaseFile, record: &Exact<StepRecord>) -> Result<Event> {
    let document = record.digest();
    let order = || proposal(file).map(|proposal| proposal.order.digest());
    let until = || record.value().until.ok_or_else(|| DeskError::internal("a step without its end"));
    Ok(match record.value().step {
        Step::Acknowledge => Event::Acknowledged { document },
        Step::Ask => Event::AskedMore { document },
        Step::Return => Event::Returned { order: order()?, document },
        Step::Hold => {
            let (until, expires) = (until()?, proposal(file)?.order.value().expires);
            if until >= expires {
                return Err(DeskError::Input(format!(
                    "the order expires at {expires}, before the hold is over: let it go back and propose a new one when the time has come"
                )));
            }
            Event::Held { order: order()?, document, until }
        }
        Step::Preserve => Event::Preserved { document, until: until()? },
        Step::EndPreservation => Event::PreservationEnded { document },
        Step::Challenge => Event::Challenged { document },
        Step::DecideChallenge => Event::ChallengeDecided { document },
        Step::Protest => Event::Protested { order: order()?, document },
        Step::Withdraw => Event::Withdrawn { document },
        Step::Expire => Event::Expired { document },
        Step::Lock => Event::Locked { document },
        Step::Confirm => Event::Confirmed { document },
        Step::Object => Event::Objected { document },
    })
}

#[cfg(test)]
pub(crate) mod tests;
