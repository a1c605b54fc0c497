//! What the desk asks a trustee to countersign each day, and what the trustee answers.

use crate::totals::{Held, TotalsCode};
use countersign_core::id::{CustodianId, Digest};
use countersign_core::json::Document;
use countersign_core::time::Timestamp;
use countersign_core::totals::DailyTotals;
use countersign_core::version_tag;
use countersign_tlog::leaf::DIGESTS_PER_LEAF;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the totals request format.
    TotalsRequestV1 = "countersign/totals-request/v1"
);
version_tag!(
    /// Version of the totals answer format.
    TotalsAnswerV1 = "countersign/totals-answer/v1"
);

/// Every disclosure of one sealed leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosedLeaf {
    /// Index of the leaf.
    pub index: u64,
    /// Its disclosures.
    pub disclosures: Vec<String>,
}

/// Proposed totals, with the disclosures of one stretch of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotalsRequest {
    /// Format version.
    pub v: TotalsRequestV1,
    /// The custodian.
    pub custodian: CustodianId,
    /// Index of the trustee asked.
    pub trustee: u16,
    /// When the desk asked.
    pub at: Timestamp,
    /// Exact text of the totals.
    pub totals: String,
    /// First leaf of the stretch.
    pub from: u64,
    /// First leaf after the stretch.
    pub to: u64,
    /// The sealed leaves of the stretch, ascending, all of them.
    pub leaves: Vec<DisclosedLeaf>,
}

/// Most leaves of one stretch, of whatever kind.
pub const MAX_STRETCH: u64 = 1_024;

impl Document for TotalsRequest {
    const WHAT: &'static str = "totals request";
    const DOMAIN: &'static str = TotalsRequestV1::TEXT;
    const MAX_LEN: usize = 4 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let inside = |index: u64| (self.from..self.to).contains(&index);
        let fields = 1..=DIGESTS_PER_LEAF;
        let rules = [
            (self.totals.len() <= DailyTotals::MAX_LEN, "`totals` are longer than their format allows"),
            (self.from <= self.to, "`to` is before `from`"),
            (self.to.saturating_sub(self.from) <= MAX_STRETCH, "a stretch of more than 1,024 leaves"),
            (self.leaves.is_sorted_by(|left, right| left.index < right.index), "`leaves` are not sorted or repeat one"),
            (self.leaves.iter().all(|leaf| inside(leaf.index)), "a leaf outside of the stretch"),
            (
                self.leaves.iter().all(|leaf| fields.contains(&leaf.disclosures.len())),
                "a leaf without disclosures or with more than it has digests",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

impl TotalsRequest {
    /// The disclosures by index of the leaf.
    pub fn disclosed(&self) -> Held {
        self.leaves.iter().map(|leaf| (leaf.index, leaf.disclosures.clone())).collect()
    }
}

/// A trustee's signature under the totals, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotalsAnswer {
    /// Format version.
    pub v: TotalsAnswerV1,
    /// The custodian.
    pub custodian: CustodianId,
    /// Index of the trustee.
    pub trustee: u16,
    /// Digest of the text of the totals asked about.
    pub totals: Digest,
    /// The trustee holds the disclosures of every leaf before this index.
    pub held: u64,
    /// Its signature, as it stands in a control leaf; `null` for a refusal.
    pub signature: Option<String>,
    /// Why it does not sign; `null` when it does.
    pub code: Option<TotalsCode>,
    /// With `DISCLOSURE_WRONG`: the leaf concerned.
    pub leaf: Option<u64>,
    /// When, by the trustee's clock.
    pub at: Timestamp,
}

impl Document for TotalsAnswer {
    const WHAT: &'static str = "answer about totals";
    const DOMAIN: &'static str = TotalsAnswerV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.signature.is_some() != self.code.is_some(), "exactly one of `signature` and `code` must stand"),
            (
                self.leaf.is_some() == (self.code == Some(TotalsCode::DisclosureWrong)),
                "`leaf` stands with DISCLOSURE_WRONG and with nothing else",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
