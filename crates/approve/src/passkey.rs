//! Passkey assertions (W3C Web Authentication Level 2, section 7.2), without any extension.

use crate::base64;
use crate::key::{CurveKey, Passkey};
use crate::signature::{CurveSignature, SignatureError, verify_curve};
use countersign_core::id::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// What a browser returned, member by member in base64url without padding. The `signature` member of an approval is
/// base64url (no padding) of this document in canonical JSON: [`Assertion::to_signature`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Assertion {
    /// Authenticator data: hash of the relying party id, flags, counter.
    pub authenticator_data: String,
    /// The bytes of the client data, exactly as the browser made them.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// ES256: DER; EdDSA: 64 bytes.
    pub signature: String,
}

impl Assertion {
    /// The assertion of these raw bytes.
    pub fn from_bytes(authenticator_data: &[u8], client_data_json: &[u8], signature: &[u8]) -> Self {
        Self {
            authenticator_data: base64::write_url(authenticator_data),
            client_data_json: base64::write_url(client_data_json),
            signature: base64::write_url(signature),
        }
    }

    /// The `signature` member of an approval.
    pub fn to_signature(&self) -> String {
        // Three strings always serialise; an empty text would verify under no key.
        serde_json::to_vec(self).map(|json| base64::write_url(&json)).unwrap_or_default()
    }

    fn parse(signature: &str) -> Option<Self> {
        let json = base64::url(signature)?;
        let parsed: Self = serde_json::from_slice(&json).ok()?;
        (serde_json::to_vec(&parsed).ok()? == json).then_some(parsed)
    }
}

const FLAG_PRESENT: u8 = 0x01;
const FLAG_VERIFIED: u8 = 0x04;
/// Attested credential data and extension data: neither belongs in an assertion that asked for no extension.
const FLAGS_REFUSED: u8 = 0xc0;
/// Longest client data in bytes; browsers write about 150.
const MAX_CLIENT_DATA: usize = 4096;

/// Checks an assertion whose challenge must be the digest in the signed line `message`.
pub(crate) fn verify(key: &Passkey, message: &[u8], signature: &str) -> Result<(), SignatureError> {
    let malformed = |reason| SignatureError::Malformed { expected: "a passkey assertion", reason };
    let mismatch = |reason| SignatureError::Mismatch { reason };
    let challenge = digest_of_line(message).ok_or(mismatch("the message is not a line with one digest"))?;
    let assertion = Assertion::parse(signature).ok_or(malformed("not base64url of its canonical JSON document"))?;
    let field = |text: &str| base64::url(text).ok_or(malformed("a member is not base64url without padding"));
    let authenticator = field(&assertion.authenticator_data)?;
    let client_bytes = field(&assertion.client_data_json)?;
    let raw = field(&assertion.signature)?;

    let data = AuthenticatorData::parse(&authenticator)
        .ok_or(malformed("authenticator data are not 37 bytes without extensions"))?;
    if data.rp_id_hash != Sha256::digest(key.rp_id.as_bytes()).as_slice() {
        return Err(mismatch("it was made for another relying party"));
    }
    if data.flags & FLAG_PRESENT == 0 || data.flags & FLAG_VERIFIED == 0 {
        return Err(mismatch("the authenticator did not verify its user"));
    }
    if client_bytes.len() > MAX_CLIENT_DATA {
        return Err(malformed("client data are above 4 KiB"));
    }
    let client: ClientData = serde_json::from_slice(&client_bytes)
        .map_err(|_| malformed("client data are not JSON with each member once"))?;
    client.check(key, &challenge).map_err(mismatch)?;

    let signature = match key.curve {
        CurveKey::Ed25519(_) => {
            CurveSignature::Ed25519(raw.try_into().map_err(|_| malformed("an EdDSA signature has 64 bytes"))?)
        }
        CurveKey::P256(_) => CurveSignature::P256(
            p256::ecdsa::Signature::from_der(&raw)
                .map_err(|_| malformed("an ES256 signature is DER of two numbers"))?,
        ),
    };
    let mut signed = authenticator;
    signed.extend_from_slice(&Sha256::digest(&client_bytes));
    verify_curve(&key.curve, &signed, &signature)
}

/// The digest in `LABEL 64-hex-digits LF`.
fn digest_of_line(message: &[u8]) -> Option<Digest> {
    let line = std::str::from_utf8(message).ok()?.strip_suffix('\n')?;
    let (label, digits) = line.split_once(' ')?;
    if label.is_empty() { None } else { Digest::parse(digits).ok() }
}

struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
}

impl<'a> AuthenticatorData<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (rp_id_hash, rest) = bytes.split_at_checked(32)?;
        let [flags, _, _, _, _] = rest else { return None };
        (flags & FLAGS_REFUSED == 0).then_some(Self { rp_id_hash, flags: *flags })
    }
}

/// Client data of a browser: members this check needs; others may stand there once each and are ignored (section 5.8.1
/// lets browsers add members).
#[derive(Debug, Default)]
struct ClientData {
    kind: Option<String>,
    challenge: Option<String>,
    origin: Option<String>,
    cross_origin: Option<bool>,
    top_origin: bool,
}

impl ClientData {
    fn check(&self, key: &Passkey, challenge: &Digest) -> Result<(), &'static str> {
        let rules = [
            (self.kind.as_deref() == Some("webauthn.get"), "its type is not `webauthn.get`"),
            (self.challenge == Some(base64::write_url(challenge.as_bytes())), "its challenge is another digest"),
            (self.origin.as_ref() == Some(&key.origin), "its origin is another"),
            (self.cross_origin != Some(true) && !self.top_origin, "it was made inside a frame of another origin"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

impl<'de> Deserialize<'de> for ClientData {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClientDataVisitor)
    }
}

struct ClientDataVisitor;

impl<'de> serde::de::Visitor<'de> for ClientDataVisitor {
    type Value = ClientData;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with each member once")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<ClientData, A::Error> {
        let mut seen = std::collections::BTreeSet::new();
        let mut out = ClientData::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "type" => out.kind = Some(map.next_value()?),
                "challenge" => out.challenge = Some(map.next_value()?),
                "origin" => out.origin = Some(map.next_value()?),
                "crossOrigin" => out.cross_origin = Some(map.next_value()?),
                "topOrigin" => {
                    out.top_origin = true;
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
                _ => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
            if !seen.insert(name) {
                return Err(serde::de::Error::custom("a member is repeated"));
            }
        }
        Ok(out)
    }
}
