//! What the desk asks a trustee.

use super::HexBytes;
use countersign_core::id::{CustodianId, Digest};
use countersign_core::json::Document;
use countersign_core::order::MAX_RECORDS;
use countersign_core::time::Timestamp;
use countersign_core::version_tag;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the request format.
    RequestV1 = "countersign/release-request/v1"
);

/// The order's leaf, all its disclosures, and the proof that it is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeafEvidence {
    /// Exact bytes of the leaf.
    pub leaf: String,
    /// Every disclosure of the leaf.
    pub disclosures: Vec<String>,
    /// `.tlog-proof` of inclusion under a fresh witnessed checkpoint.
    pub proof: String,
    /// `.tlog-proof` under an older checkpoint, where the order must have been public for some time.
    pub seasoned: Option<String>,
}

/// A standing order with what shows that it is in force. Embedded documents are exact texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingEvidence {
    /// Exact text of the standing order.
    pub order: String,
    /// Exact text of the duty: its facts.
    pub duty: String,
    /// Exact texts of the approvals of the standing order.
    pub approvals: Vec<String>,
    /// The standing order's leaf.
    pub leaf: LeafEvidence,
}

/// One request to one trustee. Embedded documents are exact texts: each is checked as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    /// Format version.
    pub v: RequestV1,
    /// The custodian.
    pub custodian: CustodianId,
    /// Index of the trustee asked.
    pub trustee: u16,
    /// When the desk asked.
    pub at: Timestamp,
    /// Ring id.
    pub ring: Digest,
    /// Share epoch the desk expects.
    pub share_epoch: u32,
    /// Exact text of the order.
    pub order: String,
    /// Exact text of the facts.
    pub facts: String,
    /// Exact text of the manifest.
    pub manifest: String,
    /// Exact texts of the approvals.
    pub approvals: Vec<String>,
    /// The order's leaf.
    pub leaf: LeafEvidence,
    /// Exact text of the signed delay order, if the order names one.
    pub delay: Option<String>,
    /// Header of each record (160 bytes), in the order of the manifest.
    pub headers: Vec<HexBytes>,
    /// Exact text of the worker's signed binding, where the order names a worker; else the member is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    /// The standing order of a run of a duty; else the member is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<StandingEvidence>,
}

/// Most approvals of one request.
pub const MAX_APPROVALS: usize = 64;

impl Document for ReleaseRequest {
    const WHAT: &'static str = "release request";
    const DOMAIN: &'static str = RequestV1::TEXT;
    const MAX_LEN: usize = 24 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.headers.len() <= MAX_RECORDS as usize, "more headers than one order may have records"),
            (self.approvals.len() <= MAX_APPROVALS, "more than 64 approvals"),
            (
                self.standing.as_ref().is_none_or(|standing| standing.approvals.len() <= MAX_APPROVALS),
                "more than 64 approvals of the standing order",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
