//! The key of a trustee's own log, announced under its identity.

use countersign_core::id::Digest;
use countersign_core::json::Document;
use countersign_core::version_tag;
use countersign_tlog::note::{KeyKind, VerifierKey};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the announcement.
    TrusteeLogKeyV1 = "countersign/trustee-log-key/v1"
);

/// Which key signs the checkpoints of a trustee's own log. The trustee signs this with the identity that genesis names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrusteeLogKey {
    /// Format version.
    pub v: TrusteeLogKeyV1,
    /// Index of the trustee.
    pub trustee: u16,
    /// Its Ed25519 identity.
    pub identity: Digest,
    /// The key as a verifier key of C2SP signed-note, type 0x01; its name is the log's origin.
    pub vkey: String,
}

impl TrusteeLogKey {
    /// Origin of the log of the trustee with this identity: nobody else's log can have it.
    pub fn origin(identity: &Digest) -> String {
        format!("countersign-trustee/{identity}")
    }
}

impl Document for TrusteeLogKey {
    const WHAT: &'static str = "log key of a trustee";
    const DOMAIN: &'static str = TrusteeLogKeyV1::TEXT;
    const MAX_LEN: usize = 1024;

    fn check(&self) -> Result<(), &'static str> {
        let key = VerifierKey::parse(&self.vkey).ok();
        let key = key.filter(|key| key.kind() == KeyKind::Ed25519);
        let rules = [
            (self.trustee > 0, "trustees are numbered from 1"),
            (key.is_some(), "`vkey` is no verifier key of type 0x01"),
            (
                key.as_ref().is_some_and(|key| key.name().as_str() == Self::origin(&self.identity)),
                "`vkey` is not named after the identity",
            ),
            (
                key.is_some_and(|key| key.public_bytes() != self.identity.as_bytes()),
                "the identity itself signs no checkpoints",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
