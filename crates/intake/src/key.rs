//! Keys under which authorities sign requests, as the directory spells them.

use crate::refusal::quoted;
use base64ct::{Base64, Encoding};
use countersign_approve::{PublicKey, verify_signature};
use countersign_core::encoding::{hex, unhex};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};

/// SSHSIG namespace of detached signatures under requests.
pub const REQUEST_NAMESPACE: &str = "request@countersign";

/// A key of the directory: `ed25519 HEX`, `es256 HEX` (compressed point, 66 digits), or OpenSSH text without comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Ed25519(PublicKey),
    P256(VerifyingKey),
    Ssh(PublicKey),
}

/// Why a text is no request key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found} is not a key of requests: write `ed25519 HEX`, `es256 HEX` (compressed point) or OpenSSH text without comment"
)]
pub struct KeyError {
    found: String,
}

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key signs messages of another form.
    #[error("the key signs files (SSHSIG), not HTTP messages")]
    KeyForFiles,
    /// The key signs HTTP messages.
    #[error("the key signs HTTP messages, not files (SSHSIG)")]
    KeyForMessages,
    /// It does not verify.
    #[error("the signature does not verify under the key of the directory")]
    Wrong,
}

impl RequestKey {
    /// Reads a key; one spelling per key.
    ///
    /// # Errors
    /// [`KeyError`] for other spellings, passkeys, points that are not on the curve or of small order.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let wrong = || KeyError { found: quoted(text) };
        if let Some(point) = text.strip_prefix("es256 ") {
            let bytes: [u8; 33] = unhex(point).ok_or_else(wrong)?;
            return VerifyingKey::from_sec1_bytes(&bytes).map(|key| Self(Form::P256(key))).map_err(|_| wrong());
        }
        // Passkeys sign challenges in a browser, and security keys of OpenSSH are a person's: an authority's program has neither.
        let form: fn(PublicKey) -> Form = match text.split(' ').next() {
            Some("ed25519") => Form::Ed25519,
            Some("ssh-ed25519" | "ecdsa-sha2-nistp256") => Form::Ssh,
            _ => return Err(wrong()),
        };
        PublicKey::parse(text).map(|key| Self(form(key))).map_err(|_| wrong())
    }

    /// The spelling in the directory.
    pub fn spelled(&self) -> String {
        match &self.0 {
            Form::Ed25519(key) | Form::Ssh(key) => key.to_string(),
            Form::P256(key) => format!("es256 {}", hex(key.to_encoded_point(true).as_bytes())),
        }
    }

    /// Checks a signature of RFC 9421: `ed25519` (section 3.3.6) or `ecdsa-p256-sha256` (section 3.3.4: r and s, 32 bytes each).
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_message(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), SignatureError> {
        match &self.0 {
            Form::Ed25519(key) => {
                verify_signature(key, "", message, &Base64::encode_string(signature)).map_err(|_| SignatureError::Wrong)
            }
            Form::P256(key) => Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature))
                .map_err(|_| SignatureError::Wrong),
            Form::Ssh(_) => Err(SignatureError::KeyForFiles),
        }
    }

    /// Checks a detached SSHSIG over the bytes of a request; `signature` is the armoured text that `ssh-keygen -Y sign -n
    /// request@countersign` wrote.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_file(&self, bytes: &[u8], signature: &str) -> Result<(), SignatureError> {
        let Form::Ssh(key) = &self.0 else { return Err(SignatureError::KeyForMessages) };
        let blob = countersign_approve::from_armor(signature).map_err(|_| SignatureError::Wrong)?;
        verify_signature(key, REQUEST_NAMESPACE, bytes, &blob).map_err(|_| SignatureError::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPT8H0o+wzmcXS2BLuMPhJI1zGtxWzACweWyJHrytrSF";

    #[test]
    fn one_spelling_per_key() {
        let p256 = "es256 03a88558655 2c2acf6471".replace(' ', "");
        for bad in ["", "ed25519", "ed25519 00", "es256 02", "rsa AAAA", &p256, "passkey a https://a es256 00"] {
            assert!(RequestKey::parse(bad).is_err(), "{bad}");
        }
        assert!(RequestKey::parse(&format!("{SSH} court")).is_err());
        assert_eq!(RequestKey::parse(SSH).unwrap().spelled(), SSH);
    }

    #[test]
    fn a_key_for_files_signs_no_messages() {
        let key = RequestKey::parse(SSH).unwrap();
        assert_eq!(key.verify_message(b"m", &[0; 64]), Err(SignatureError::KeyForFiles));
        assert_eq!(key.verify_file(b"m", "x"), Err(SignatureError::Wrong));
    }
}
