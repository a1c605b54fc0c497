//! A client's consent to one reading: a signature over the order digest by the key whose digest stands in the labels of the
//! client's records.
//!
//! Bytes: `docs/formats/reading.md`, "Consent". Checking the signature is the work of the crate `approve`.

use crate::approval::signed_line;
use crate::digest;
use crate::id::Digest;
use crate::json::Document;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the consent format.
    ConsentV1 = "countersign/consent/v1"
);

/// One consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Format version.
    pub v: ConsentV1,
    /// Digest of the order.
    pub order: Digest,
    /// When, by the client's clock.
    pub at: Timestamp,
    /// The client's key, in a spelling of `docs/formats/approval.md`.
    pub key: String,
    /// The signature; its form follows from the key.
    pub signature: String,
}

impl Consent {
    /// Whether a text claims to be a consent; only reading it shows whether it is one.
    pub fn is_claimed_by(text: &str) -> bool {
        text.starts_with("{\"v\":\"countersign/consent/v1\"")
    }

    /// The digest that the signature is over; a passkey's challenge.
    pub fn signed_digest(&self) -> Digest {
        consent_digest(&self.order, self.at)
    }
}

impl Document for Consent {
    const WHAT: &'static str = "consent";
    const DOMAIN: &'static str = "countersign/consent-document/v1";
    const MAX_LEN: usize = 16 * 1024;
}

/// SSHSIG namespace of consents.
pub const CONSENT_NAMESPACE: &str = "consent@countersign";

/// c = parts("countersign/consent/v1", order digest, at as decimal digits).
pub fn consent_digest(order: &Digest, at: Timestamp) -> Digest {
    digest::parts(ConsentV1::TEXT, &[order.as_bytes(), at.unix().to_string().as_bytes()])
}

/// The message bytes under a consent: ASCII `countersign/consent/v1 `, 64 hexadecimal digits of c, line feed.
pub fn consent_message(c: &Digest) -> Vec<u8> {
    signed_line(ConsentV1::TEXT, c)
}

/// The client key digest of labels: parts("countersign/client-key/v1", spelling of the key).
pub fn client_key_digest(key: &str) -> Digest {
    digest::parts("countersign/client-key/v1", &[key.as_bytes()])
}
