//! Refusing with reasons, and what the persons concerned are told.

use crate::case_file::{CaseFile, kind};
use crate::countersign::proposal;
use crate::desk::{Attached, Desk, stored};
use crate::documents::{Incident, IncidentV1, Notice, NoticeForm, NoticeV1, Refusal, RefusalV1};
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use crate::propose::{NOTICE_AFTER, cells_asked, intake};
use countersign_core::case::Event;
use countersign_core::id::{CaseId, PersonId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_policy::ReasonCode;
use countersign_verify::wire::{DelayOrder, Signed};
use serde_json::Value;
use std::collections::BTreeSet;

impl Desk {
    /// Refuses a request: the union of the reasons, a letter, a leaf. `more` adds reason codes of decisions that were evaluated
    /// besides (a draft order and the approvals given to it).
    ///
    /// # Errors
    /// [`DeskError::Input`] when the policy has no reason to refuse.
    pub async fn refuse(&self, case: &CaseId, more: &[String], by: &PersonId) -> Result<Exact<Refusal>> {
        let file = self.case(case).await?;
        let intake = intake(&file)?;
        let ruling = self.evaluate(case).await?;
        let mut reasons: BTreeSet<String> = ruling.reasons.iter().map(ToString::to_string).collect();
        reasons.extend(more.iter().cloned());
        if reasons.is_empty() {
            return Err(DeskError::Input("the policy finds no reason to refuse this request: propose an order, or add the finding that is missing".into()));
        }
        let reasons: Vec<String> = reasons.into_iter().collect();
        let at = self.now();
        let refusal = Exact::write(Refusal {
            v: RefusalV1,
            case: *case,
            authority: intake.authority.clone(),
            letter: self.refusal_letter(&file, &reasons)?,
            reasons,
            people_asked: intake.people_asked,
            cells_asked: cells_asked(intake),
            by: by.clone(),
            at,
        })?;
        let value = refusal.value();
        let values = vec![
            Value::from(refusal.digest().to_hex()),
            Value::from(value.authority.as_str()),
            Value::from(value.reasons.clone()),
            Value::from(value.people_asked),
            Value::from(value.cells_asked),
            Value::from(at.to_string()),
        ];
        let leaf = leaf(LeafKind::Refusal, at, values, &mut *self.rng())?;
        let attached =
            Attached { documents: vec![stored(kind::REFUSAL, &refusal)], leaves: vec![leaf], ..Attached::default() };
        self.append(Some(&file), *case, by, Event::Refused { document: refusal.digest() }, attached).await?;
        Ok(refusal)
    }

    fn refusal_letter(&self, file: &CaseFile, reasons: &[String]) -> Result<String> {
        let intake = intake(file)?;
        let authority = self.authority(&intake.authority)?;
        let custodian = &self.custodian.genesis.value().custodian;
        let mut letter = format!(
            "{}\n\nTo: {}\nReceived: {} by {}\n\nWe do not execute this request. The reasons:\n",
            custodian.name, authority.name, intake.received_at, intake.channel
        );
        for code in reasons {
            let text = ReasonCode::parse(code)
                .and_then(|code| self.custodian.bundle.reason(&code).map(|reason| reason.text.clone()));
            letter.push_str(&format!("- {code}: {}\n", text.unwrap_or_else(|| "see the published policy".into())));
        }
        letter.push_str(
            "\nNo client data were disclosed. You may complete the request, name an instrument that binds us, or bring the matter before the court of our seat.\n",
        );
        Ok(letter)
    }

    /// Notes what the persons concerned are told and when, or that a delay order forbids it for now. When the delay is over it is
    /// called again.
    ///
    /// # Errors
    /// [`DeskError::Stage`] unless the package was delivered, and while a delay that is on file forbids telling.
    pub async fn notify(&self, case: &CaseId, by: &PersonId) -> Result<Exact<Notice>> {
        let file = self.case(case).await?;
        let proposal = proposal(&file)?;
        let order = proposal.order.value();
        let at = self.now();
        let delayed_until = match order.delay {
            Some(delay) => Some((delay, self.delay_until(&file)?)),
            None => None,
        };
        let (form, when) = match (delayed_until, order.notice_due) {
            (Some((_, until)), _) if until > at && file.aside.delayed.is_none() => (NoticeForm::Delayed, until),
            (Some((_, until)), _) => (NoticeForm::Due, until.plus(NOTICE_AFTER)),
            (None, Some(due)) => (NoticeForm::Due, due),
            (None, None) => return Err(DeskError::Input("this kind of order owes no notice".into())),
        };
        let people = order.scope.subjects;
        let notice = Exact::write(Notice { v: NoticeV1, order: order.id, form, at: when, people })?;
        let digest = Value::from(proposal.order.digest().to_hex());
        let leaf = match delayed_until.filter(|_| form == NoticeForm::Delayed) {
            Some((delay, _)) => {
                let values = vec![
                    digest,
                    Value::from(delay.to_hex()),
                    Value::from(when.to_string()),
                    Value::from(at.to_string()),
                ];
                leaf(LeafKind::Delay, at, values, &mut *self.rng())?
            }
            None => {
                let values = vec![digest, Value::from(form.as_str()), Value::from(when.to_string())];
                leaf(LeafKind::Notice, at, values, &mut *self.rng())?
            }
        };
        let attached =
            Attached { documents: vec![stored(kind::NOTICE, &notice)], leaves: vec![leaf], ..Attached::default() };
        let document = notice.digest();
        let event = match form {
            NoticeForm::Delayed => Event::Delayed { document, until: when },
            NoticeForm::Due => Event::Notified { document },
        };
        self.append(Some(&file), *case, by, event, attached).await?;
        Ok(notice)
    }

    /// Closes a case in which nothing is left to do.
    ///
    /// # Errors
    /// [`DeskError::Stage`].
    pub async fn close(&self, case: &CaseId, by: &PersonId) -> Result<()> {
        let file = self.case(case).await?;
        file.life().after(&Event::Closed, self.now())?;
        if let Some(drawn) = file.pending_review() {
            return Err(DeskError::Input(format!(
                "case {case} was drawn for a second review by the receipt of trustee {}, due {}: somebody who had no part in it reviews it \
                 first (`case review`)",
                drawn.trustee,
                drawn.due()
            )));
        }
        self.append(Some(&file), *case, by, Event::Closed, Attached::default()).await
    }

    /// Registers something that must not happen and did: a document and a leaf.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn incident(&self, code: &str, detail: &str) -> Result<Exact<Incident>> {
        let at = self.now();
        let incident = Exact::write(Incident { v: IncidentV1, code: code.into(), detail: detail.into(), at })?;
        let values = vec![Value::from(incident.digest().to_hex()), Value::from(code), Value::from(at.to_string())];
        let leaf = leaf(LeafKind::Incident, at, values, &mut *self.rng())?;
        self.store.append_leaves(vec![stored(kind::INCIDENT, &incident)], vec![leaf]).await?;
        Ok(incident)
    }

    fn delay_until(&self, file: &CaseFile) -> Result<countersign_core::time::Timestamp> {
        let intake = intake(file)?;
        let text =
            intake.delay.as_ref().ok_or_else(|| DeskError::internal("a delayed order without its delay order"))?;
        let key = self.authority(&intake.authority)?.signing_key;
        let signed = Signed::<DelayOrder>::open_by(text.as_bytes(), |_| key).map_err(DeskError::internal)?;
        Ok(signed.value().until)
    }
}
