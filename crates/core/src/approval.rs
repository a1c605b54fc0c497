//! An approval: one approver's signature over one order digest.
//!
//! Bytes: `docs/formats/approval.md`. Checking the signature is the work of the crate `approve`.

use crate::digest;
use crate::id::{Digest, PersonId};
use crate::json::Document;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the approval format.
    ApprovalV1 = "countersign/approval/v1"
);

named_enum!(
    /// In which role somebody signs; one role per person and case, or per reading.
    SignerRole, "the role of a signer" {
        /// Member of the quorum.
        Approver = "approver",
        /// Legal author of the decision; never counted as an approver.
        Author = "author",
        /// Outside counsel's opinion.
        Counsel = "counsel",
        /// Independent rights expert.
        RightsExpert = "rights_expert",
        /// Reads what the order opens; counts in no quorum of a case.
        Agent = "agent",
        /// Stands in for a reading beyond a budget or in an emergency of the custodian; counts in no quorum of a case.
        Peer = "peer",
    }
);

named_enum!(
    /// What the signer says.
    Verdict, "a verdict" {
        /// May be released as ordered.
        Approve = "approve",
        /// Must not be released; counted and published.
        Refuse = "refuse",
    }
);

/// One approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Format version.
    pub v: ApprovalV1,
    /// Digest of the order.
    pub order: Digest,
    /// Who signs.
    pub approver: PersonId,
    /// In which role.
    pub role: SignerRole,
    /// What the signer says.
    pub verdict: Verdict,
    /// When, by the signer's clock.
    pub at: Timestamp,
    /// The key, spelled exactly as in the roster.
    pub key: String,
    /// The signature; its form follows from the key (`docs/formats/approval.md`).
    pub signature: String,
}

impl Document for Approval {
    const WHAT: &'static str = "approval";
    const DOMAIN: &'static str = "countersign/approval-document/v1";
    const MAX_LEN: usize = 16 * 1024;
}

/// SSHSIG namespace of approvals.
pub const APPROVAL_NAMESPACE: &str = "approval@countersign";

/// What is signed: a = parts("countersign/approval/v1", order digest, approver, role, verdict, at as decimal digits).
pub fn approval_digest(
    order: &Digest,
    approver: &PersonId,
    role: SignerRole,
    verdict: Verdict,
    at: Timestamp,
) -> Digest {
    digest::parts(
        ApprovalV1::TEXT,
        &[
            order.as_bytes(),
            approver.as_str().as_bytes(),
            role.as_str().as_bytes(),
            verdict.as_str().as_bytes(),
            at.unix().to_string().as_bytes(),
        ],
    )
}

/// The message bytes under an approval: ASCII `countersign/approval/v1 `, 64 hexadecimal digits of a, line feed.
pub fn approval_message(a: &Digest) -> Vec<u8> {
    signed_line(ApprovalV1::TEXT, a)
}

/// `label`, a space, 64 hexadecimal digits, a line feed: the one form of every message people sign.
pub fn signed_line(label: &str, digest: &Digest) -> Vec<u8> {
    format!("{label} {digest}\n").into_bytes()
}

impl Approval {
    /// The digest a that this approval's signature is over.
    pub fn signed_digest(&self) -> Digest {
        approval_digest(&self.order, &self.approver, self.role, self.verdict, self.at)
    }
}
