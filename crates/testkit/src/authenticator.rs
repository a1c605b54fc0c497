//! An authenticator in software: a passkey on ES256 and what a browser hands to a page after `navigator.credentials.get`
//! (W3C Web Authentication Level 3, sections 5.2.2, 5.8.1 and 6.1). It verifies its user by believing the caller.

use base64ct::{Base64UrlUnpadded, Encoding};
use countersign_core::encoding::hex;
use countersign_core::id::Digest;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest as _, Sha256};

/// User present, user verified.
const PRESENT_AND_VERIFIED: u8 = 0x05;

/// One passkey of one person at one relying party.
pub struct Authenticator {
    key: SigningKey,
    rp_id: String,
    origin: String,
    used: u32,
}

impl Authenticator {
    /// The passkey of this seed; `None` for the few seeds that are no key of the curve.
    pub fn new(seed: &[u8; 32], rp_id: &str, origin: &str) -> Option<Self> {
        let key = SigningKey::from_slice(seed).ok()?;
        Some(Self { key, rp_id: rp_id.to_owned(), origin: origin.to_owned(), used: 0 })
    }

    /// The public key in the spelling of rosters and of the clients' file.
    pub fn public(&self) -> String {
        let point = self.key.verifying_key().to_encoded_point(true);
        format!("passkey {} {} es256 {}", self.rp_id, self.origin, hex(point.as_bytes()))
    }

    /// What the browser returns for a challenge: `PublicKeyCredential.toJSON()`.
    pub fn answer(&mut self, challenge: &Digest) -> String {
        self.used += 1;
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(PRESENT_AND_VERIFIED);
        data.extend_from_slice(&self.used.to_be_bytes());
        let challenge = Base64UrlUnpadded::encode_string(challenge.as_bytes());
        let client = format!(
            "{{\"type\":\"webauthn.get\",\"challenge\":\"{challenge}\",\"origin\":\"{}\",\"crossOrigin\":false}}",
            self.origin
        );
        let signed = [data.as_slice(), Sha256::digest(client.as_bytes()).as_slice()].concat();
        let signature: Signature = self.key.sign(&signed);
        let [data, client, signature] =
            [data.as_slice(), client.as_bytes(), signature.to_der().as_bytes()].map(Base64UrlUnpadded::encode_string);
        format!(
            "{{\"id\":\"a2V5\",\"rawId\":\"a2V5\",\"type\":\"public-key\",\"authenticatorAttachment\":\"platform\",\
             \"clientExtensionResults\":{{}},\"response\":{{\"authenticatorData\":\"{data}\",\"clientDataJSON\":\"{client}\",\
             \"signature\":\"{signature}\",\"userHandle\":null}}}}"
        )
    }
}
