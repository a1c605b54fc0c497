//! A delay order: an authority's signed word that the persons concerned may not be told yet.

use countersign_core::id::{AuthorityId, Digest, Salt};
use countersign_core::json::Document;
use countersign_core::time::{DAY, Timestamp};
use countersign_core::version_tag;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the delay order format.
    DelayV1 = "countersign/delay/v1"
);

/// One delay order, signed under the authority's key of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelayOrder {
    /// Format version.
    pub v: DelayV1,
    /// Who orders the delay.
    pub authority: AuthorityId,
    /// Salted digest of the request it belongs to, as in the order.
    pub request: Digest,
    /// The salt, chosen by the authority, which signs before the request is filed.
    pub salt: Salt,
    /// The law it rests on.
    pub basis: String,
    /// From when.
    pub at: Timestamp,
    /// Until when; at most one year.
    pub until: Timestamp,
}

impl Document for DelayOrder {
    const WHAT: &'static str = "delay order";
    const DOMAIN: &'static str = DelayV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.until > self.at, "`until` is not after `at`"),
            (self.until.since(self.at) <= 366 * DAY, "a delay lasts at most one year"),
            (!self.basis.trim().is_empty(), "no legal basis"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
