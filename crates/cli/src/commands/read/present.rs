//! The client who is present: what a passkey has to sign, and the consent made of what the browser returned.

use crate::files;
use anyhow::{Context, Result, bail};
use base64ct::{Base64UrlUnpadded, Encoding};
use countersign_approve::Assertion;
use countersign_core::consent::{Consent, ConsentV1, consent_digest};
use countersign_core::id::{Digest, OrderId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use serde::Deserialize;
use std::path::Path;

/// Most bytes of a consent, or of what a browser returns.
const MOST: usize = 64 * 1024;

/// Says what the client signs.
pub(super) fn say_challenge(order: &Digest, id: &OrderId, at: Timestamp) {
    let challenge = consent_digest(order, at);
    println!("the client signs the challenge {challenge} made at {at}");
    println!(
        "as the challenge of `navigator.credentials.get`: {}",
        Base64UrlUnpadded::encode_string(challenge.as_bytes())
    );
    println!("next: countersign read consent {id} ANSWER.json --passkey 'passkey RPID ORIGIN es256 HEX' --at {at}");
}

/// What a browser returns: `PublicKeyCredential.toJSON()`. Members that are not signed are not looked at.
#[derive(Deserialize)]
struct Credential {
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    authenticator_data: String,
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    signature: String,
}

/// A consent document as it lies in a file, or made of a browser's answer to the challenge of `at` under the key.
pub(super) fn consent(order: &Digest, file: &Path, passkey: Option<(String, Timestamp)>) -> Result<Vec<u8>> {
    let bytes = files::read(file, MOST)?;
    let Some((key, at)) = passkey else {
        if !std::str::from_utf8(&bytes).is_ok_and(Consent::is_claimed_by) {
            bail!("{} is no consent: for what a browser returned, name --passkey and --at", file.display());
        }
        return Ok(bytes);
    };
    let Response { authenticator_data, client_data_json, signature } = serde_json::from_slice::<Credential>(&bytes)
        .with_context(|| format!("{} is not what a browser returns (`PublicKeyCredential.toJSON()`)", file.display()))?
        .response;
    let signature = Assertion { authenticator_data, client_data_json, signature }.to_signature();
    let consent = Exact::write(Consent { v: ConsentV1, order: *order, at, key, signature })?;
    Ok(consent.bytes().to_vec())
}
