//! Appeals: what the client sent in is kept sealed, and a person who had no part in the restriction decides.

use crate::case_file::kind;
use crate::desk::{Desk, stored};
use crate::error::{DeskError, Result};
use countersign_core::approval::{Approval, SignerRole};
use countersign_core::id::PersonId;
use countersign_core::json::Exact;
use countersign_core::restriction::{Act, AppealDecision, AppealDecisionV1, AppealOutcome, Record};
use countersign_core::time::Timestamp;

/// An appeal as it comes in.
#[derive(Debug, Clone)]
pub struct NewAppeal {
    /// The account.
    pub account: String,
    /// The version of the rule appealed against.
    pub rule: String,
    /// What the client sent in, exactly as it arrived.
    pub paper: Vec<u8>,
    /// What the client says, in one line.
    pub why: String,
    /// Until when it must be decided.
    pub due: Timestamp,
}

impl Desk {
    /// Takes an appeal in. What came with it is encrypted to the case officers before anything reads it.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a restriction that never was; [`DeskError::Input`] for one that does not stand or has an open appeal,
    /// and for a paper that is empty or too large.
    pub async fn appeal_restriction(&self, appeal: NewAppeal, by: &PersonId) -> Result<Exact<Record>> {
        self.check_in_force(by)?;
        let _turn = self.restrictions.lock().await;
        let mut rules = self.rules_on(&appeal.account).await?;
        let Some(before) = rules.get(&appeal.rule) else {
            return Err(DeskError::not_found("restriction on this account by", &appeal.rule));
        };
        let (paper, sealed) = self.keep_paper(&appeal.paper)?;
        let record = Record {
            paper: Some(paper),
            due: Some(appeal.due),
            why: appeal.why,
            by: vec![by.clone()],
            ..self.record_after(before, Act::Appeal)
        };
        let event = self.event(&mut rules, record, vec![sealed])?;
        let record = event.record.clone();
        self.store.append_restrictions(vec![event]).await?;
        Ok(record)
    }

    /// Appeals that wait for a decision, the one that is due first first.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn open_appeals(&self) -> Result<Vec<Exact<Record>>> {
        let mut open = self.store.open_appeals().await?;
        open.sort_by_key(|record| record.value().due);
        Ok(open)
    }

    /// Writes the decision on the open appeal of a restriction, for the person to sign as approver.
    ///
    /// # Errors
    /// [`DeskError::Input`] when no appeal is open, or the person may not decide it.
    pub async fn draft_appeal_decision(
        &self,
        account: &str,
        rule: &str,
        outcome: AppealOutcome,
        why: String,
        by: &PersonId,
    ) -> Result<Exact<AppealDecision>> {
        let appeal = self.appeal_for(account, rule, by).await?;
        let decision = AppealDecision {
            v: AppealDecisionV1,
            custodian: self.custodian.genesis.value().custodian.id,
            appeal: appeal.digest(),
            outcome,
            why,
            by: by.clone(),
            at: self.now(),
        };
        Exact::write(decision).map_err(|error| DeskError::Input(error.to_string()))
    }

    /// Decides an appeal. A reversal takes the restriction off and tells the exchange core.
    ///
    /// # Errors
    /// [`DeskError::Input`] unless the decision is of the open appeal, and signed as approver by a person in force who neither wrote,
    /// nor approved, nor took in what it is about.
    pub async fn decide_appeal(
        &self,
        account: &str,
        rule: &str,
        decision: &Exact<AppealDecision>,
        approval: &Exact<Approval>,
    ) -> Result<Exact<Record>> {
        let _turn = self.restrictions.lock().await;
        let value = decision.value();
        let appeal = self.appeal_for(account, rule, &value.by).await?;
        let verified = self.check_signature(approval, &decision.digest())?;
        let custodian = self.custodian.genesis.value().custodian.id;
        let rules = [
            (value.appeal == appeal.digest(), "the decision is of another appeal"),
            (value.custodian == custodian, "the decision is of another custodian"),
            (*verified.id() == value.by, "the decision is signed by somebody else than it names"),
            (verified.role() == SignerRole::Approver, "the decision is not signed as approver"),
        ];
        if let Some((_, reason)) = rules.into_iter().find(|(holds, _)| !holds) {
            return Err(DeskError::Input(reason.into()));
        }
        super::check_not_later(value.at, self.now())?;
        let act = match value.outcome {
            AppealOutcome::Uphold => Act::Uphold,
            AppealOutcome::Reverse => Act::Reverse,
        };
        let record = Record {
            decision: Some(decision.digest()),
            why: value.why.clone(),
            approvals: vec![approval.digest()],
            by: vec![value.by.clone()],
            ..self.record_after(&appeal, act)
        };
        let mut rules = self.rules_on(account).await?;
        let documents = vec![stored(kind::APPEAL_DECISION, decision), stored(kind::APPROVAL, approval)];
        let event = self.event(&mut rules, record, documents)?;
        let record = event.record.clone();
        self.store.append_restrictions(vec![event]).await?;
        Ok(record)
    }

    /// The open appeal of a restriction, when this person may decide it.
    async fn appeal_for(&self, account: &str, rule: &str, by: &PersonId) -> Result<Exact<Record>> {
        self.check_in_force(by)?;
        let history = self.restriction(account, rule).await?;
        let begun = history.iter().rposition(|record| record.value().act == Act::Apply).unwrap_or(0);
        let current = history.get(begun..).unwrap_or_default();
        let appeal = current.last().filter(|last| last.value().act == Act::Appeal);
        let appeal =
            appeal.ok_or_else(|| DeskError::Input(format!("no appeal of `{account}` against {rule} is open")))?;
        let had_a_part = |record: &&Exact<Record>| {
            matches!(record.value().act, Act::Apply | Act::Appeal) && record.value().by.contains(by)
        };
        if current.iter().any(|record| had_a_part(&record)) {
            return Err(DeskError::Input(format!(
                "`{by}` wrote or approved the restriction, or took the appeal in: another person has to decide"
            )));
        }
        Ok(appeal.clone())
    }

    /// The next record of a restriction, for the caller to fill in.
    fn record_after(&self, before: &Exact<Record>, act: Act) -> Record {
        Record {
            salt: self.salt(),
            act,
            number: before.value().number.saturating_add(1),
            previous: Some(before.digest()),
            plan: None,
            decision: None,
            paper: None,
            due: None,
            reasons: Vec::new(),
            evidence: Vec::new(),
            approvals: Vec::new(),
            at: self.now(),
            ..before.value().clone()
        }
    }
}
