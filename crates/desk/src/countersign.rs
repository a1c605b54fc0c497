//! Collecting approvals: each signature is checked when it comes, and the quorum is the policy's to find.

use crate::case_file::{CaseFile, Proposal, kind};
use crate::desk::{Attached, Desk, stored};
use crate::error::{DeskError, Result};
use crate::leaves::{leaf, of_fields};
use crate::propose::reasons;
use countersign_approve::{VerifiedApproval, verify_approval};
use countersign_core::approval::Approval;
use countersign_core::case::{Event, Stage};
use countersign_core::id::{CaseId, PersonId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_policy::Decision as Ruling;
use countersign_verify::order_leaf::order_leaf_fields;
use countersign_verify::request::{SKEW, release_decision};
use serde_json::Value;

/// Witnesses whose cosignatures a quorum of the policy needs at least; what is really there is checked at release.
const WITNESSES_AT_RELEASE: usize = 2;

/// Where the collection of approvals stands.
pub struct Countersigned {
    /// Whether the quorum is complete.
    pub complete: bool,
    /// What the policy still misses, as reason codes.
    pub missing: Vec<String>,
}

impl Desk {
    /// Takes in one approval or refusal to approve.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it is not a valid signature of somebody in force over this case's order.
    pub async fn add_approval(&self, case: &CaseId, bytes: &[u8]) -> Result<Countersigned> {
        let file = self.case(case).await?;
        let proposal = proposal(&file)?;
        let approval = Exact::<Approval>::parse(bytes).map_err(|error| DeskError::Input(error.to_string()))?;
        let value = approval.value();
        let now = self.now();
        let state = self.control().counting_at(now);
        let person = state.people().get(&value.approver).ok_or_else(|| {
            DeskError::Input(format!("`{}` is not in force in the roster, or has fallen silent", value.approver))
        })?;
        verify_approval(value, &proposal.order.digest(), person)
            .map_err(|error| DeskError::Input(error.to_string()))?;
        if value.at > now.plus(SKEW) {
            return Err(DeskError::Input(format!("the approval is dated {}, later than now ({now})", value.at)));
        }
        if file.approvals.iter().any(|before| before.value().approver == value.approver) {
            return Err(DeskError::Input(format!("`{}` has signed already", value.approver)));
        }
        let values = vec![
            Value::from(approval.digest().to_hex()),
            Value::from(proposal.order.digest().to_hex()),
            Value::from(value.role.as_str()),
            Value::from(value.verdict.as_str()),
            Value::from(value.at.to_string()),
        ];
        let leaf = leaf(LeafKind::Approval, now, values, &mut *self.rng())?;
        let event = Event::Signed { order: proposal.order.digest(), approval: approval.digest() };
        let attached =
            Attached { documents: vec![stored(kind::APPROVAL, &approval)], leaves: vec![leaf], ..Attached::default() };
        self.append(Some(&file), *case, &value.approver, event, attached).await?;
        self.settle_approvals(case).await
    }

    /// Looks whether the quorum is complete; if it is, the order's leaf goes to the journal. Safe to call again at any time.
    ///
    /// # Errors
    /// [`DeskError::Input`] when no order is proposed.
    pub async fn settle_approvals(&self, case: &CaseId) -> Result<Countersigned> {
        let file = self.case(case).await?;
        let proposal = proposal(&file)?;
        match file.stage {
            Stage::Proposed { .. } => {}
            Stage::Approved { .. }
            | Stage::Logged { .. }
            | Stage::Hold { .. }
            | Stage::Releasing { .. }
            | Stage::Delivered { .. }
            | Stage::Notified { .. } => return Ok(Countersigned { complete: true, missing: Vec::new() }),
            _ => {
                return Err(DeskError::Input(format!(
                    "the order is not waiting for signatures: the case is in stage {}",
                    file.stage.name()
                )));
            }
        }
        let ruling = self.ruling_at_release(proposal, &file.approvals)?;
        if !ruling.allowed {
            // Reasons that narrowed the order stay; what is missing is what came on top of them.
            let narrowed = &proposal.decision.value().reasons;
            let missing = reasons(&ruling).into_iter().filter(|reason| !narrowed.contains(reason)).collect();
            return Ok(Countersigned { complete: false, missing });
        }
        let fields = order_leaf_fields(&proposal.order);
        let leaf = of_fields(LeafKind::Order, self.now(), &fields, &mut *self.rng())?;
        let by = self.last_signer(&file)?;
        let event = Event::Approved { order: proposal.order.digest() };
        self.append(Some(&file), *case, &by, event, Attached { leaves: vec![leaf], ..Attached::default() }).await?;
        Ok(Countersigned { complete: true, missing: Vec::new() })
    }

    /// The release decision as it will be when the order is public and has waited: what is missing now is missing for good.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when the authority has left the directory.
    pub fn ruling_at_release(&self, proposal: &Proposal, approvals: &[Exact<Approval>]) -> Result<Ruling> {
        let now = self.now();
        let state = self.control().counting_at(now);
        let order = &proposal.order;
        let verified: Vec<VerifiedApproval> = approvals
            .iter()
            .filter_map(|approval| {
                let person = state.people().get(&approval.value().approver)?;
                verify_approval(approval.value(), &order.digest(), person).ok()
            })
            .collect();
        let authority = self.authority(&order.value().authority)?;
        let (bundle, facts) = (&self.custodian.bundle, proposal.facts.value());
        let seat = self.seat();
        Ok(release_decision(bundle, &state, seat, now, order, facts, authority, &verified, WITNESSES_AT_RELEASE))
    }

    /// The approvals that count now. Trustees refuse an order with a signature of somebody who is not in force, so a removed
    /// person's approval is not handed over, and the others must be enough without it.
    pub(crate) fn approvals_in_force(
        &self,
        proposal: &Proposal,
        approvals: &[Exact<Approval>],
    ) -> Vec<Exact<Approval>> {
        let state = self.control().counting_at(self.now());
        let digest = proposal.order.digest();
        let counts = |approval: &&Exact<Approval>| {
            let person = state.people().get(&approval.value().approver);
            person.is_some_and(|person| verify_approval(approval.value(), &digest, person).is_ok())
        };
        approvals.iter().filter(counts).cloned().collect()
    }

    fn last_signer(&self, file: &CaseFile) -> Result<PersonId> {
        let last = file.approvals.last().map(|approval| approval.value().approver.clone());
        last.ok_or_else(|| DeskError::internal("an order approved by nobody"))
    }
}

/// The proposed order of a case.
pub(crate) fn proposal(file: &CaseFile) -> Result<&Proposal> {
    file.proposal.as_ref().ok_or_else(|| DeskError::Input("the case has no proposed order".into()))
}
