//! One approval against one order and one person of the roster.

use crate::key::{KeyError, PublicKey};
use crate::signature::{SignatureError, verify_signature};
use countersign_core::approval::{APPROVAL_NAMESPACE, Approval, SignerRole, Verdict, approval_message};
use countersign_core::control::{Person, Role};
use countersign_core::id::{Digest, PersonId};
use countersign_core::time::Timestamp;

/// An approval whose signature was checked. There is no other way to make one than [`verify_approval`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedApproval {
    // INVARIANT: private fields without a constructor: a value is the proof of its own verification.
    order: Digest,
    person: Person,
    role: SignerRole,
    verdict: Verdict,
    at: Timestamp,
    key: String,
}

impl VerifiedApproval {
    /// Digest of the order that was signed.
    pub fn order(&self) -> &Digest {
        &self.order
    }

    /// The roster's entry against which the signature was checked.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// Who signed.
    pub fn id(&self) -> &PersonId {
        &self.person.id
    }

    /// In which role.
    pub fn role(&self) -> SignerRole {
        self.role
    }

    /// What the signer says.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// When, by the signer's clock: a claim, to be bounded by witnessed times.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The key that signed, as spelled in the roster.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Why an approval is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// The approval is over another order.
    #[error("approval of `{approver}` is over another order: {found} instead of {expected}")]
    OtherOrder {
        /// Who signed.
        approver: PersonId,
        /// Digest in the approval.
        found: Digest,
        /// Digest of the order.
        expected: Digest,
    },
    /// The approval names another person than the roster entry it is checked against.
    #[error("approval of `{found}` was checked against the roster's entry of `{expected}`")]
    OtherPerson {
        /// Person in the approval.
        found: PersonId,
        /// Person of the roster's entry.
        expected: PersonId,
    },
    /// The key is not among the person's keys in the roster.
    #[error(
        "key of the approval is not in the roster of `{approver}`; sign with a registered key or register this one"
    )]
    KeyNotInRoster {
        /// Who signed.
        approver: PersonId,
    },
    /// The roster's key is not in a known spelling.
    #[error("key of `{approver}`: {source}")]
    Key {
        /// Whose key.
        approver: PersonId,
        /// What is wrong.
        source: KeyError,
    },
    /// The person may not sign in this role.
    #[error("`{approver}` may not sign in the role `{role}`")]
    RoleNotPermitted {
        /// Who signed.
        approver: PersonId,
        /// In which role.
        role: SignerRole,
    },
    /// The signature is not accepted.
    #[error("approval of `{approver}`: {source}")]
    Signature {
        /// Who signed.
        approver: PersonId,
        /// Why not.
        source: SignatureError,
    },
}

/// Checks one approval: it is over `order`, by `person`, under a key of that person's roster entry, in a role that the
/// entry permits, and its signature verifies.
///
/// Not checked here: whether the person counts (`policy`), and whether `at` is plausible (`verify`).
///
/// # Errors
/// [`ApprovalError`]; see its variants.
pub fn verify_approval(
    approval: &Approval,
    order: &Digest,
    person: &Person,
) -> Result<VerifiedApproval, ApprovalError> {
    let approver = || approval.approver.clone();
    if approval.order != *order {
        return Err(ApprovalError::OtherOrder { approver: approver(), found: approval.order, expected: *order });
    }
    if approval.approver != person.id {
        return Err(ApprovalError::OtherPerson { found: approver(), expected: person.id.clone() });
    }
    if !person.roles.contains(&required_role(approval.role)) {
        return Err(ApprovalError::RoleNotPermitted { approver: approver(), role: approval.role });
    }
    if !person.keys.contains(&approval.key) {
        return Err(ApprovalError::KeyNotInRoster { approver: approver() });
    }
    let key = PublicKey::parse(&approval.key).map_err(|source| ApprovalError::Key { approver: approver(), source })?;
    let message = approval_message(&approval.signed_digest());
    verify_signature(&key, APPROVAL_NAMESPACE, &message, &approval.signature)
        .map_err(|source| ApprovalError::Signature { approver: approver(), source })?;
    Ok(VerifiedApproval {
        order: *order,
        person: person.clone(),
        role: approval.role,
        verdict: approval.verdict,
        at: approval.at,
        key: approval.key.clone(),
    })
}

/// The roster role without which nobody may sign in `role`.
fn required_role(role: SignerRole) -> Role {
    match role {
        SignerRole::Approver => Role::Approver,
        SignerRole::Author => Role::Officer,
        SignerRole::Counsel => Role::Counsel,
        SignerRole::RightsExpert => Role::RightsExpert,
    }
}
