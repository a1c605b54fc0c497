//! What the desk asks a trustee about the blind index.

use super::{HexBytes, LeafEvidence};
use countersign_core::id::CustodianId;
use countersign_core::json::Document;
use countersign_core::lookup::MAX_EVALUATIONS;
use countersign_core::time::Timestamp;
use countersign_core::version_tag;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the lookup request format.
    LookupRequestV1 = "countersign/lookup-request/v1"
);

/// Label and header of one sealed record that enters the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedHeader {
    /// The label.
    pub label: HexBytes,
    /// The header, 160 bytes.
    pub header: HexBytes,
}

/// One lookup or enrolment, for one trustee. Embedded documents are exact texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupRequest {
    /// Format version.
    pub v: LookupRequestV1,
    /// The custodian.
    pub custodian: CustodianId,
    /// Index of the trustee asked.
    pub trustee: u16,
    /// When the desk asked.
    pub at: Timestamp,
    /// Share epoch of the index ring that the desk expects.
    pub share_epoch: u32,
    /// Exact text of the lookup.
    pub lookup: String,
    /// Exact text of the officer's approval of the lookup; `null` for an enrolment.
    pub approval: Option<String>,
    /// The lookup's leaf; `seasoned` is `null`.
    pub leaf: LeafEvidence,
    /// Blinded elements, 32 bytes each.
    pub blinded: Vec<HexBytes>,
    /// For an enrolment the record of each blinded element, in the same order; else empty.
    pub records: Vec<SealedHeader>,
}

impl Document for LookupRequest {
    const WHAT: &'static str = "lookup request";
    const DOMAIN: &'static str = LookupRequestV1::TEXT;
    const MAX_LEN: usize = 2 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let most = MAX_EVALUATIONS as usize;
        let rules = [
            ((1..=most).contains(&self.blinded.len()), "not 1 to 1000 blinded elements"),
            (self.records.len() <= most, "more than 1000 records"),
            (self.leaf.seasoned.is_none(), "a lookup does not wait: no older proof is needed"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
