//! What happened between an authority and us, in the order of time: contacts, listings, requests, disclosures side by side.
//!
//! A promise and a licence in one week should be visible. Each fact of a contact is a line of its own, with its own source and time: that
//! somebody asked is not that somebody promised.

use crate::case_file::CaseFile;
use crate::desk::Desk;
use crate::documents::Fact;
use countersign_core::case::Event;
use countersign_core::country::Country;
use countersign_core::id::{AuthorityId, CaseId};
use countersign_core::json::Exact;
use countersign_core::named_enum;
use countersign_core::time::Timestamp;

named_enum!(
    /// The column of a line.
    Column, "a column of the timeline" {
        /// What was met, asked, promised, delivered outside of any request.
        Contacts = "contacts",
        /// That its state lists the target of one of its requests.
        Listings = "listings",
        /// Its requests and what we answered.
        Requests = "requests",
        /// What it was given.
        Disclosures = "disclosures",
    }
);

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it happened.
    pub at: Timestamp,
    /// Its column.
    pub column: Column,
    /// What happened.
    pub what: String,
    /// Who or what says so.
    pub source: String,
    /// The case in which it stands.
    pub case: CaseId,
}

impl Desk {
    /// Everything that is on file about an authority, the oldest first.
    ///
    /// # Errors
    /// [`DeskError::NotFound`](crate::DeskError::NotFound) for an authority that the directory does not know.
    pub async fn timeline(&self, authority: &AuthorityId) -> crate::Result<Vec<Line>> {
        let state = self.authority(authority)?.state;
        let mut lines = Vec::new();
        for summary in self.store.cases().await? {
            let file = self.case(&summary.case).await?;
            if concerns(&file, authority) {
                lines.extend(lines_of(&file, &state));
            }
        }
        lines.sort_by_key(|line| (line.at, line.column, line.case));
        Ok(lines)
    }
}

fn concerns(file: &CaseFile, authority: &AuthorityId) -> bool {
    let approached = file.contact.as_ref().is_some_and(|contact| contact.value().authority == *authority);
    approached || file.intake.as_ref().is_some_and(|intake| intake.value().authority == *authority)
}

fn lines_of(file: &CaseFile, state: &Country) -> Vec<Line> {
    let case = file.id;
    let line = |at, column, what: String, source: String| Line { at, column, what, source, case };
    let mut lines = Vec::new();
    if let Some(contact) = file.contact.as_ref().map(Exact::value) {
        let facts = [
            ("met", &contact.met),
            ("asked", &contact.asked),
            ("promised", &contact.promised),
            ("delivered", &contact.delivered),
        ];
        for (name, fact) in facts {
            if let Some(Fact { said, source, at }) = fact {
                lines.push(line(*at, Column::Contacts, format!("{name}: {said}"), source.clone()));
            }
        }
        let approached: Vec<&str> = contact.approached.iter().map(|person| person.as_str()).collect();
        let what = format!("registered; approached: {}", approached.join(", "));
        lines.push(line(contact.at, Column::Contacts, what, contact.by.to_string()));
    }
    if let Some(intake) = file.intake.as_ref().map(Exact::value) {
        let what = format!("{} for {} people, classes {}", intake.instrument, intake.people_asked, intake.classes);
        lines.push(line(intake.received_at, Column::Requests, what, intake.channel.clone()));
    }
    if let Some(scoping) = file.scoping.as_ref().map(Exact::value)
        && scoping.listed_by.contains(state)
    {
        let others = scoping.listed_by.len().saturating_sub(1);
        let what = format!("{state} lists the target; so do {others} other states");
        lines.push(line(scoping.at, Column::Listings, what, scoping.by.to_string()));
    }
    for record in file.events.iter().map(Exact::value) {
        let (column, what) = match &record.event {
            Event::Refused { .. } => {
                let refusal = file.refusal.as_ref().map(|refusal| refusal.value().reasons.join(", "));
                (Column::Requests, format!("refused: {}", refusal.unwrap_or_default()))
            }
            Event::Fake { .. } => (Column::Requests, "the sender was somebody else".to_owned()),
            Event::Withdrawn { .. } => (Column::Requests, "withdrawn".to_owned()),
            Event::Challenged { .. } => (Column::Requests, "challenged before a court".to_owned()),
            Event::Delivered { .. } => (Column::Disclosures, given(file)),
            _ => continue,
        };
        lines.push(line(record.at, column, what, record.by.to_string()));
    }
    lines
}

fn given(file: &CaseFile) -> String {
    let decision = file.proposal.as_ref().map(|proposal| proposal.decision.value());
    decision.map_or_else(
        || "a package".to_owned(),
        |decision| format!("{} people, {} cells", decision.people_granted, decision.cells_granted),
    )
}

#[cfg(test)]
mod tests;
