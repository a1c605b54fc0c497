//! A case as the desk reads it: its events, the stage they compute to, and the documents they name.

use crate::desk::Desk;
use crate::documents::{Contact, Decision, Intake, Notice, Refusal, Scoping, SenderCheck};
use crate::error::{DeskError, Result};
use crate::second_review::Drawn;
use countersign_core::approval::Approval;
use countersign_core::case::step::StepRecord;
use countersign_core::case::{Aside, Event, EventRecord, Life, Stage};
use countersign_core::facts::Facts;
use countersign_core::finding::{Finding, Question};
use countersign_core::id::{CaseId, Digest};
use countersign_core::json::{Document, Exact};
use countersign_core::order::Order;
use countersign_core::query::Query;
use countersign_store::StoredDocument;
use countersign_verify::manifest::Manifest;
use std::collections::BTreeMap;

/// A case with everything its events name.
pub struct CaseFile {
    /// The case.
    pub id: CaseId,
    /// Its events.
    pub events: Vec<Exact<EventRecord>>,
    /// Where it stands.
    pub stage: Stage,
    /// What runs beside.
    pub aside: Aside,
    /// The contact it began with.
    pub contact: Option<Exact<Contact>>,
    /// What arrived.
    pub intake: Option<Exact<Intake>>,
    /// The check of the sender.
    pub check: Option<Exact<SenderCheck>>,
    /// The latest answer to each question.
    pub findings: BTreeMap<Question, Finding>,
    /// The latest scoping.
    pub scoping: Option<Exact<Scoping>>,
    /// The proposed order with its documents.
    pub proposal: Option<Proposal>,
    /// Approvals of the proposed order.
    pub approvals: Vec<Exact<Approval>>,
    /// The refusal.
    pub refusal: Option<Exact<Refusal>>,
    /// Notices.
    pub notices: Vec<Exact<Notice>>,
    /// Steps: holds, challenges, a withdrawal.
    pub steps: Vec<Exact<StepRecord>>,
    /// What was asked of the chain about its addresses, and what was answered.
    pub queries: Vec<Exact<Query>>,
    /// What draws it for a second review.
    pub drawn: Option<Drawn>,
}

/// An order with the documents that its digests name.
pub struct Proposal {
    /// The order.
    pub order: Exact<Order>,
    /// Its facts.
    pub facts: Exact<Facts>,
    /// Its manifest.
    pub manifest: Exact<Manifest>,
    /// The decision it carries out.
    pub decision: Exact<Decision>,
}

/// Names under which the store keeps the desk's documents.
pub(crate) mod kind {
    pub(crate) const CONTACT: &str = "contact";
    pub(crate) const INTAKE: &str = "intake";
    pub(crate) const SEALED_REQUEST: &str = "sealed_request";
    pub(crate) const CHECK: &str = "sender_check";
    pub(crate) const FINDING: &str = "finding";
    pub(crate) const SCOPING: &str = "scoping";
    pub(crate) const DECISION: &str = "decision";
    pub(crate) const FACTS: &str = "facts";
    pub(crate) const MANIFEST: &str = "manifest";
    pub(crate) const ORDER: &str = "order";
    pub(crate) const APPROVAL: &str = "approval";
    pub(crate) const REFUSAL: &str = "refusal";
    pub(crate) const NOTICE: &str = "notice";
    pub(crate) const INCIDENT: &str = "incident";
    pub(crate) const RETENTION: &str = "retention";
    pub(crate) const READING: &str = "reading";
    pub(crate) const CONSENT: &str = "consent";
    pub(crate) const ARRIVAL: &str = "arrival";
    pub(crate) const CAME: &str = "came";
    pub(crate) const MARK: &str = "mark";
    pub(crate) const STATUS: &str = "status";
    pub(crate) const VIEW: &str = "view";
    pub(crate) const STEP: &str = "step";
    pub(crate) const LIST_UPDATE: &str = "list_update";
    pub(crate) const SEALED_PAPER: &str = "sealed_paper";
    pub(crate) const RESTRICTION_PLAN: &str = "restriction_plan";
    pub(crate) const APPEAL_DECISION: &str = "appeal_decision";
    pub(crate) const TRACE_ORDER: &str = "trace_order";
    pub(crate) const QUERY: &str = "query";
    pub(crate) const EXPOSURE_ORDER: &str = "exposure_order";
    pub(crate) const EXPOSURE: &str = "exposure";
}

impl CaseFile {
    /// The case as its events compute it.
    pub fn life(&self) -> Life {
        Life { stage: self.stage.clone(), aside: self.aside.clone() }
    }
}

impl Desk {
    /// Reads a case and everything its events name.
    ///
    /// # Errors
    /// [`DeskError::NotFound`], [`DeskError::Store`]; [`DeskError::Internal`] when an event or document is missing or damaged.
    pub async fn case(&self, id: &CaseId) -> Result<CaseFile> {
        let events = self.store.case(id).await?.ok_or_else(|| DeskError::not_found("case", id))?;
        let Life { stage, aside } = Life::of(events.iter().map(Exact::value))?;
        let mut file = CaseFile {
            id: *id,
            events,
            stage,
            aside,
            contact: None,
            intake: None,
            check: None,
            findings: BTreeMap::new(),
            scoping: None,
            proposal: None,
            approvals: Vec::new(),
            refusal: None,
            notices: Vec::new(),
            steps: Vec::new(),
            queries: Vec::new(),
            drawn: None,
        };
        let happened: Vec<Event> = file.events.iter().map(|record| record.value().event.clone()).collect();
        for event in &happened {
            self.read_into(&mut file, event).await?;
        }
        file.drawn = self.drawn(&file.events).await?;
        if let Some(intake) = file.intake.as_ref().map(Exact::value).filter(|intake| !intake.addresses.is_empty()) {
            file.queries = self.queries_of(&intake.matter).await?;
        }
        Ok(file)
    }

    /// The case with this id or unambiguous beginning of it.
    ///
    /// # Errors
    /// [`DeskError::NotFound`]; [`DeskError::Input`] when several cases begin so.
    pub async fn find_case(&self, prefix: &str) -> Result<CaseId> {
        let all = self.store.cases().await?;
        let mut matching = all.iter().filter(|summary| summary.case.to_hex().starts_with(prefix));
        match (matching.next(), matching.next()) {
            (Some(one), None) => Ok(one.case),
            (None, _) => Err(DeskError::not_found("case", prefix)),
            (Some(_), Some(_)) => {
                Err(DeskError::Input(format!("several cases begin with `{prefix}`: give more digits")))
            }
        }
    }

    async fn read_into(&self, file: &mut CaseFile, event: &Event) -> Result<()> {
        match event {
            Event::Contact { document, .. } => file.contact = Some(self.read(document).await?),
            Event::Request { document, .. } | Event::Completed { document } => {
                file.intake = Some(self.intake_of(document).await?);
            }
            Event::Authenticated { document } | Event::Fake { document } => {
                file.check = Some(self.read(document).await?)
            }
            Event::Found { document } => self.read_finding(file, document).await?,
            Event::Proposed { order } => {
                // What was signed under an order that went back counts for no other.
                file.approvals.clear();
                file.proposal = Some(self.proposal(order).await?);
            }
            Event::Signed { approval, .. } => file.approvals.push(self.read(approval).await?),
            Event::Refused { document } => file.refusal = Some(self.read(document).await?),
            Event::Notified { document } | Event::Delayed { document, .. } => {
                file.notices.push(self.read(document).await?)
            }
            Event::Acknowledged { document }
            | Event::AskedMore { document }
            | Event::Returned { document, .. }
            | Event::Held { document, .. }
            | Event::Preserved { document, .. }
            | Event::PreservationEnded { document }
            | Event::Challenged { document }
            | Event::ChallengeDecided { document }
            | Event::Protested { document, .. }
            | Event::Withdrawn { document }
            | Event::Expired { document }
            | Event::Locked { document }
            | Event::Confirmed { document }
            | Event::Objected { document } => file.steps.push(self.read(document).await?),
            Event::Approved { .. }
            | Event::Logged { .. }
            | Event::ReleaseStarted { .. }
            | Event::Delivered { .. }
            | Event::Closed => {}
        }
        Ok(())
    }

    async fn read_finding(&self, file: &mut CaseFile, digest: &Digest) -> Result<()> {
        let document = self.stored(digest).await?;
        if document.kind == kind::SCOPING {
            file.scoping = Some(Exact::parse(&document.bytes)?);
            return Ok(());
        }
        let finding: Finding = serde_json::from_slice(&document.bytes).map_err(DeskError::internal)?;
        file.findings.insert(finding.question(), finding);
        Ok(())
    }

    async fn proposal(&self, digest: &Digest) -> Result<Proposal> {
        let order: Exact<Order> = self.read(digest).await?;
        let entry = self.store.order(digest).await?.ok_or_else(|| DeskError::not_found("order", digest))?;
        let facts = self.read(&order.value().facts).await?;
        let manifest = self.read(&order.value().scope.manifest).await?;
        let decision = self.read(&entry.decision).await?;
        Ok(Proposal { order, facts, manifest, decision })
    }

    /// The intake record is stored under the salted digest of the raw request, which events and orders name.
    async fn intake_of(&self, request: &Digest) -> Result<Exact<Intake>> {
        self.read(request).await
    }

    pub(crate) async fn stored(&self, digest: &Digest) -> Result<StoredDocument> {
        self.store.document(digest).await?.ok_or_else(|| DeskError::not_found("document", digest))
    }

    pub(crate) async fn read<T: Document>(&self, digest: &Digest) -> Result<Exact<T>> {
        Ok(Exact::parse(&self.stored(digest).await?.bytes)?)
    }
}
