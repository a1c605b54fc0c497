//! Restrictions on accounts: applied and taken off by a plan that two people signed, appealed against, decided, told to the exchange core.
//!
//! Whom a rule hits is computed elsewhere; here a line of a plan is put on its account at most once. Every act is an event, a sealed leaf
//! that names no person, and, where it changes what the account may do, a notice, all in one transaction: killed at any point, the next
//! call finds what was done and does the rest.
//!
//! Documents: `docs/formats/restriction.md`.

mod appeal;
mod notices;
mod plan;
mod totals;

pub use appeal::NewAppeal;
pub use plan::{Applied, PLAN_LIFE, PlanStage, SignedPlan};
pub use totals::{Opened, RuleTotals, Totals};

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use countersign_approve::{VerifiedApproval, verify_approval};
use countersign_core::approval::{Approval, Verdict};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::restriction::{Notice, NoticeV1, Record, StandingRule};
use countersign_core::time::Timestamp;
use countersign_store::{NewRestriction, StoredDocument};
use countersign_verify::request::SKEW;
use serde_json::Value;
use std::collections::BTreeMap;

/// The last record of every rule on one account.
type Rules = BTreeMap<String, Exact<Record>>;

impl Desk {
    /// The last record of every chain of an account: what stands on it, and what was taken off.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn restrictions_on(&self, account: &str) -> Result<Vec<Exact<Record>>> {
        Ok(self.store.restrictions_of(account).await?)
    }

    /// Every record of one restriction in order.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when there never was one.
    pub async fn restriction(&self, account: &str, rule: &str) -> Result<Vec<Exact<Record>>> {
        let history = self.store.restriction_history(account, rule).await?;
        if history.is_empty() {
            return Err(DeskError::not_found("restriction on this account by", rule));
        }
        Ok(history)
    }

    async fn rules_on(&self, account: &str) -> Result<Rules> {
        let heads = self.store.restrictions_of(account).await?;
        Ok(heads.into_iter().map(|head| (head.value().rule.clone(), head)).collect())
    }

    /// The event of one record: its leaf, and the notice when the account may do something else afterwards. `rules` is brought up to date.
    fn event(&self, rules: &mut Rules, record: Record, documents: Vec<StoredDocument>) -> Result<NewRestriction> {
        let record = Exact::write(record).map_err(|error| DeskError::Input(error.to_string()))?;
        let value = record.value();
        let before = rules.get(&value.rule);
        value.follows(before).map_err(|reason| {
            DeskError::Input(format!("the restriction of `{}` by {} {reason}", value.account, value.rule))
        })?;
        let changes = before.is_some_and(|before| before.value().stands()) != value.stands();
        let values = vec![
            Value::from(record.digest().to_hex()),
            Value::from(value.act.as_str()),
            Value::from(value.rule.as_str()),
            Value::from(value.pack.to_hex()),
            Value::from(value.effect.as_str()),
            Value::from(value.at.to_string()),
        ];
        let leaf = leaf(LeafKind::Restriction, value.at, values, &mut *self.rng())?;
        let account = value.account.clone();
        rules.insert(value.rule.clone(), record.clone());
        let notice = if changes { Some(self.notice(&account, rules)?) } else { None };
        Ok(NewRestriction { record, documents, leaf, notice })
    }

    /// How an account stands, for the exchange core.
    fn notice(&self, account: &str, rules: &Rules) -> Result<Exact<Notice>> {
        let heads = || rules.values().map(Exact::value);
        let standing = heads().filter(|head| head.stands());
        let standing: Vec<StandingRule> =
            standing.map(|head| StandingRule { rule: head.rule.clone(), effect: head.effect }).collect();
        let notice = Notice {
            v: NoticeV1,
            id: self.salt(),
            custodian: self.custodian.genesis.value().custodian.id,
            account: account.to_owned(),
            sequence: heads().map(|head| u64::from(head.number) + 1).sum(),
            effect: standing.iter().map(|rule| rule.effect).max(),
            rules: standing,
            at: self.now(),
        };
        Ok(Exact::write(notice)?)
    }

    /// Checks a signature over a digest by somebody in force, who agrees, and not later than now.
    fn check_signature(&self, approval: &Exact<Approval>, digest: &Digest) -> Result<VerifiedApproval> {
        let (value, now) = (approval.value(), self.now());
        let state = self.control().counting_at(now);
        let person = in_force(state.people().get(&value.approver), &value.approver)?;
        let verified = verify_approval(value, digest, person).map_err(|error| DeskError::Input(error.to_string()))?;
        if value.verdict != Verdict::Approve {
            return Err(DeskError::Input(format!("`{}` refuses to approve it", value.approver)));
        }
        check_not_later(value.at, now)?;
        Ok(verified)
    }

    fn check_in_force(&self, by: &PersonId) -> Result<()> {
        in_force(self.control().counting_at(self.now()).people().get(by), by).map(drop)
    }
}

fn in_force<T>(found: Option<T>, id: &PersonId) -> Result<T> {
    found.ok_or_else(|| DeskError::Input(format!("`{id}` is not in force in the roster")))
}

fn check_not_later(at: Timestamp, now: Timestamp) -> Result<()> {
    if at > now.plus(SKEW) {
        return Err(DeskError::Input(format!("it is dated {at}, later than now ({now})")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
