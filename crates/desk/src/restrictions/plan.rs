//! Plans: signed by an author and another person, applied in stages, each line at most once.

use super::{Rules, check_not_later};
use crate::case_file::kind;
use crate::desk::{Desk, stored};
use crate::error::{DeskError, Result};
use countersign_core::approval::{Approval, SignerRole};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::restriction::{Act, Computed, Items, Plan, PlanAct, PlanV1, Planned, Record, RestrictionV1};
use countersign_core::time::{DAY, Seconds};
use countersign_store::{NewRestriction, StoredDocument};
use std::collections::BTreeMap;

/// How long a plan may be applied: the facts behind it change.
pub const PLAN_LIFE: Seconds = 30 * DAY;

/// Which lines of a plan are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanStage {
    /// Every hundredth line, the first among them.
    OnePercent,
    /// All of them, once the first stage is done and the exchange core has taken every notice of it.
    All,
}

impl PlanStage {
    /// Whether the line in this place, from 0, belongs to the stage.
    pub fn takes(self, place: u64) -> bool {
        self == Self::All || place.is_multiple_of(100)
    }
}

/// A plan whose two signatures were checked. There is no other way to make one than [`Desk::signed_plan`].
#[derive(Debug, Clone)]
pub struct SignedPlan {
    // INVARIANT: private fields: a value is the proof that two different people in force have signed.
    plan: Exact<Plan>,
    author: Exact<Approval>,
    approver: Exact<Approval>,
}

impl SignedPlan {
    /// The plan.
    pub fn plan(&self) -> &Exact<Plan> {
        &self.plan
    }

    fn documents(&self) -> Vec<StoredDocument> {
        let approvals = [&self.author, &self.approver];
        let approvals = approvals.into_iter().map(|approval| stored(kind::APPROVAL, approval));
        approvals.chain([stored(kind::RESTRICTION_PLAN, &self.plan)]).collect()
    }
}

/// What applying some lines came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Lines that were done now.
    pub done: u64,
    /// Lines that had been done before, by this plan or otherwise: nothing is done twice.
    pub before: u64,
}

impl Desk {
    /// Writes a plan. Its author signs it as `author`, somebody else as `approver`.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it breaks a rule of its format, or the author is not in force.
    pub fn draft_plan(
        &self,
        computed: Option<Computed>,
        why: String,
        items: Items,
        author: &PersonId,
    ) -> Result<Exact<Plan>> {
        self.check_in_force(author)?;
        let plan = Plan {
            v: PlanV1,
            custodian: self.custodian.genesis.value().custodian.id,
            act: if computed.is_some() { PlanAct::Apply } else { PlanAct::Reverse },
            computed,
            why,
            items,
            author: author.clone(),
            at: self.now(),
        };
        Exact::write(plan).map_err(|error| DeskError::Input(error.to_string()))
    }

    /// Checks one signature under a plan: of its author in that role, or of somebody else as approver.
    ///
    /// # Errors
    /// [`DeskError::Input`] for a plan of another custodian or from the future, and for a signature that does not count.
    pub fn check_plan_signature(&self, plan: &Exact<Plan>, approval: &Exact<Approval>) -> Result<SignerRole> {
        let value = plan.value();
        if value.custodian != self.custodian.genesis.value().custodian.id {
            return Err(DeskError::Input("the plan is of another custodian".into()));
        }
        check_not_later(value.at, self.now())?;
        let verified = self.check_signature(approval, &plan.digest())?;
        let is_author = *verified.id() == value.author;
        match verified.role() {
            SignerRole::Author if is_author => Ok(SignerRole::Author),
            SignerRole::Author => {
                Err(DeskError::Input(format!("`{}` did not write the plan: `{}` did", verified.id(), value.author)))
            }
            SignerRole::Approver if is_author => {
                Err(DeskError::Input(format!("`{}` wrote the plan: another person has to approve it", value.author)))
            }
            SignerRole::Approver => Ok(SignerRole::Approver),
            other => Err(DeskError::Input(format!("a plan is signed as author or as approver, not as {other}"))),
        }
    }

    /// Takes a plan with both signatures.
    ///
    /// # Errors
    /// [`DeskError::Input`] unless its author and another person, both in force, have signed exactly this plan, and for one that is older
    /// than [`PLAN_LIFE`].
    pub fn signed_plan(
        &self,
        plan: Exact<Plan>,
        author: Exact<Approval>,
        approver: Exact<Approval>,
    ) -> Result<SignedPlan> {
        let end = plan.value().at.plus(PLAN_LIFE);
        if end < self.now() {
            return Err(DeskError::Input(format!(
                "the plan was good until {end}: what it rests on is too old, write a new one"
            )));
        }
        for (approval, role) in [(&author, SignerRole::Author), (&approver, SignerRole::Approver)] {
            if self.check_plan_signature(&plan, approval)? != role {
                return Err(DeskError::Input(format!(
                    "the signature of `{}` is not of its {role}",
                    approval.value().approver
                )));
            }
        }
        Ok(SignedPlan { plan, author, approver })
    }

    /// Checks that a stage may begin.
    ///
    /// # Errors
    /// [`DeskError::Input`] for all lines before the first stage is done and its notices are taken.
    pub async fn check_stage(&self, plan: &SignedPlan, stage: PlanStage) -> Result<()> {
        let digest = plan.plan.digest();
        if stage == PlanStage::OnePercent {
            return Ok(());
        }
        if self.store.setting(&stage_setting(&digest)).await?.is_none() {
            return Err(DeskError::Input("apply one percent first, and look at it".into()));
        }
        let counts = self.store.notice_counts(Some(&digest)).await?;
        if counts.dead > 0 {
            let dead = counts.dead;
            return Err(DeskError::Input(format!(
                "{dead} notices of this plan were given up: look at the dead letters first"
            )));
        }
        if counts.waiting > 0 && self.store.setting(&all_setting(&digest)).await?.is_none() {
            let waiting = counts.waiting;
            return Err(DeskError::Input(format!(
                "the exchange core has not taken {waiting} notices of the first stage yet: deliver them first"
            )));
        }
        Ok(self.store.set_setting(&all_setting(&digest), b"begun").await?)
    }

    /// Does some lines of a plan, all of them or none. What stands already is not applied again, what does not stand is not taken off.
    ///
    /// # Errors
    /// [`DeskError::Input`] for a line that its account's records do not allow; [`DeskError::Store`].
    pub async fn do_lines(&self, plan: &SignedPlan, lines: &[Planned]) -> Result<Applied> {
        let _turn = self.restrictions.lock().await;
        let mut accounts: BTreeMap<&str, Rules> = BTreeMap::new();
        let mut applied = Applied::default();
        let mut events: Vec<NewRestriction> = Vec::new();
        for line in lines {
            if !accounts.contains_key(line.account.as_str()) {
                accounts.insert(&line.account, self.rules_on(&line.account).await?);
            }
            let rules = accounts.entry(&line.account).or_default();
            let stands = rules.get(&line.rule).is_some_and(|head| head.value().stands());
            if stands == (plan.plan.value().act == PlanAct::Apply) {
                applied.before += 1;
                continue;
            }
            let record = self.planned_record(plan, line, rules.get(&line.rule))?;
            let documents = if events.is_empty() { plan.documents() } else { Vec::new() };
            events.push(self.event(rules, record, documents)?);
            applied.done += 1;
        }
        self.store.append_restrictions(events).await?;
        Ok(applied)
    }

    /// Notes that a stage is done.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn finish_stage(&self, plan: &SignedPlan, stage: PlanStage) -> Result<()> {
        if stage == PlanStage::OnePercent {
            self.store.set_setting(&stage_setting(&plan.plan.digest()), b"done").await?;
        }
        Ok(())
    }

    fn planned_record(&self, plan: &SignedPlan, line: &Planned, before: Option<&Exact<Record>>) -> Result<Record> {
        let value = plan.plan.value();
        let (act, pack, effect) = match (&value.computed, before) {
            (Some(computed), _) => (Act::Apply, computed.pack.digest, line.effect),
            (None, Some(before)) => (Act::Reverse, before.value().pack, before.value().effect),
            (None, None) => return Err(DeskError::not_found("restriction on this account by", &line.rule)),
        };
        let applies = act == Act::Apply;
        let said = |list: &[String]| if applies { list.to_vec() } else { Vec::new() };
        Ok(Record {
            v: RestrictionV1,
            salt: self.salt(),
            account: line.account.clone(),
            rule: line.rule.clone(),
            pack,
            effect,
            act,
            number: before.map_or(0, |before| before.value().number.saturating_add(1)),
            previous: before.map(Exact::digest),
            plan: Some(plan.plan.digest()),
            decision: None,
            paper: None,
            due: None,
            reasons: said(&line.reasons),
            evidence: said(&line.evidence),
            why: value.why.clone(),
            approvals: vec![plan.author.digest(), plan.approver.digest()],
            by: vec![plan.author.value().approver.clone(), plan.approver.value().approver.clone()],
            at: self.now(),
        })
    }
}

fn stage_setting(plan: &Digest) -> String {
    format!("restriction-plan/{plan}/one-percent")
}

fn all_setting(plan: &Digest) -> String {
    format!("restriction-plan/{plan}/all")
}
