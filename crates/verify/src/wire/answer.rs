//! What a trustee answers, and the receipt that goes into the journal.

use super::HexBytes;
use countersign_core::id::{CustodianId, Digest};
use countersign_core::json::Document;
use countersign_core::time::Timestamp;
use countersign_core::{named_enum, version_tag};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the answer format.
    AnswerV1 = "countersign/answer/v1"
);
version_tag!(
    /// Version of the receipt format.
    ReceiptV1 = "countersign/receipt/v1"
);

named_enum!(
    /// What a trustee did with a request.
    Outcome, "an outcome" {
        /// Partial decryptions were given.
        Answered = "answered",
        /// Nothing was given.
        Refused = "refused",
    }
);

/// A trustee's signed statement of what it did; its digest goes into a sealed leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Format version.
    pub v: ReceiptV1,
    /// The custodian.
    pub custodian: CustodianId,
    /// Index of the trustee.
    pub trustee: u16,
    /// Random: two receipts are never equal.
    pub nonce: Digest,
    /// Digest of the order.
    pub order: Digest,
    /// What was done.
    pub outcome: Outcome,
    /// Stable code of the refusal; `null` for an answer.
    pub code: Option<String>,
    /// Reason codes of the policy, where it was the policy that refused.
    pub reasons: Vec<String>,
    /// Share epoch.
    pub share_epoch: u32,
    /// Digest of the control state that the trustee had in force.
    pub state: Digest,
    /// Size of the journal the trustee had folded.
    pub journal_size: u64,
    /// Root of that journal.
    pub journal_root: Digest,
    /// Records answered.
    pub records: u32,
    /// When, by the trustee's clock.
    pub at: Timestamp,
}

impl Document for Receipt {
    const WHAT: &'static str = "receipt";
    const DOMAIN: &'static str = ReceiptV1::TEXT;
    const MAX_LEN: usize = 8 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let answered = self.outcome == Outcome::Answered;
        let rules = [
            (answered == self.code.is_none(), "a refusal has a code and an answer has none"),
            (!answered || self.reasons.is_empty(), "an answer has no reasons"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// One answer; sent as a signed document of the trustee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Format version.
    pub v: AnswerV1,
    /// Exact text of the signed receipt.
    pub receipt: String,
    /// The SD-JWT disclosure of the receipt's digest, salted by the trustee. The desk must log it as given: the trustee
    /// looks for it in the journal and stops answering when it is missing.
    pub disclosure: String,
    /// The partial decryptions, encrypted to the order's recipient and signed (`docs/formats/seal.md`, "Reply envelope");
    /// `null` for a refusal.
    pub reply: Option<HexBytes>,
}

impl Document for Answer {
    const WHAT: &'static str = "answer of a trustee";
    const DOMAIN: &'static str = AnswerV1::TEXT;
    const MAX_LEN: usize = 32 * 1024 * 1024;
}
