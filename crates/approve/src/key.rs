//! Public keys in the spellings of a roster (`docs/formats/approval.md`, "Keys").

use crate::base64;
use crate::wire::{Reader, put_string};
use countersign_core::encoding::{hex, unhex};
use ed25519_dalek::VerifyingKey as EdKey;
use p256::ecdsa::VerifyingKey as EcKey;
use std::fmt;

/// A public key under which a person or trustee signs. Equal keys have equal spellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(pub(crate) Form);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    Ed25519(EdKey),
    Ssh(SshKey),
    Passkey(Passkey),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SshKey {
    pub(crate) algorithm: SshAlgorithm,
    pub(crate) curve: CurveKey,
    /// What a security key signs for; `None` for a key in software.
    pub(crate) application: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SshAlgorithm {
    Ed25519,
    P256,
    SkEd25519,
    SkP256,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CurveKey {
    Ed25519(EdKey),
    P256(EcKey),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passkey {
    pub(crate) rp_id: String,
    pub(crate) origin: String,
    pub(crate) curve: CurveKey,
}

/// Why a text is not a key of a roster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// None of the spellings.
    #[error(
        "`{found}` is not a public key: write `ed25519 HEX`, OpenSSH text without comment (ssh-ed25519, ecdsa-sha2-nistp256 \
         or one of their sk- forms), or `passkey RPID ORIGIN es256|eddsa HEX`"
    )]
    Spelling {
        /// Start of the text.
        found: String,
    },
    /// The right spelling around bytes that are not a key.
    #[error("`{kind}` key: {reason}")]
    Bytes {
        /// First word of the spelling.
        kind: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Longest spelling of a key in bytes.
pub(crate) const MAX_KEY_LEN: usize = 1024;

impl PublicKey {
    /// Reads a key; only the canonical spelling.
    ///
    /// # Errors
    /// [`KeyError`] for other spellings, points that are not on the curve, Ed25519 points of small order.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let spelling = || KeyError::Spelling { found: text.chars().take(80).collect() };
        if text.len() > MAX_KEY_LEN {
            return Err(spelling());
        }
        let words: Vec<&str> = text.split(' ').collect();
        let form = match words.as_slice() {
            ["ed25519", key] => {
                let bytes =
                    unhex(key).ok_or(KeyError::Bytes { kind: "ed25519", reason: "not 64 hexadecimal digits" })?;
                Form::Ed25519(ed25519(&bytes, "ed25519")?)
            }
            [name, body] => {
                let algorithm = SshAlgorithm::parse(name).ok_or_else(spelling)?;
                let blob = base64::padded(body)
                    .ok_or(KeyError::Bytes { kind: algorithm.as_str(), reason: "not base64 with padding" })?;
                Form::Ssh(SshKey::parse_as(algorithm, &blob)?)
            }
            ["passkey", rp_id, origin, algorithm, key] => Form::Passkey(Passkey::parse(rp_id, origin, algorithm, key)?),
            _ => return Err(spelling()),
        };
        let key = Self(form);
        // INVARIANT: one spelling per key, so keys are compared as text wherever a roster is compared.
        if key.to_string() == text { Ok(key) } else { Err(spelling()) }
    }

    /// The Ed25519 key with these bytes, as trustees' identity keys are stored.
    ///
    /// # Errors
    /// [`KeyError`] when the bytes are no point, not canonical, or of small order.
    pub fn ed25519(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        Ok(Self(Form::Ed25519(ed25519(bytes, "ed25519")?)))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Ed25519(key) => write!(f, "ed25519 {}", hex(key.as_bytes())),
            Form::Ssh(key) => write!(f, "{} {}", key.algorithm.as_str(), base64::write_padded(&key.blob())),
            Form::Passkey(key) => {
                let (name, bytes) = match &key.curve {
                    CurveKey::Ed25519(key) => ("eddsa", key.as_bytes().to_vec()),
                    CurveKey::P256(key) => ("es256", key.to_encoded_point(true).as_bytes().to_vec()),
                };
                write!(f, "passkey {} {} {name} {}", key.rp_id, key.origin, hex(&bytes))
            }
        }
    }
}

impl std::str::FromStr for PublicKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl SshAlgorithm {
    fn parse(name: &str) -> Option<Self> {
        [Self::Ed25519, Self::P256, Self::SkEd25519, Self::SkP256].into_iter().find(|known| known.as_str() == name)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::P256 => "ecdsa-sha2-nistp256",
            Self::SkEd25519 => "sk-ssh-ed25519@openssh.com",
            Self::SkP256 => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }
}

const CURVE_NAME: &[u8] = b"nistp256";
/// Longest application of a security key; OpenSSH's default is `ssh:`.
const MAX_APPLICATION: usize = 128;

impl SshKey {
    /// Reads the public-key blob of exactly this algorithm (RFC 5656, RFC 8709, OpenSSH `PROTOCOL.u2f`).
    fn parse_as(algorithm: SshAlgorithm, blob: &[u8]) -> Result<Self, KeyError> {
        let kind = algorithm.as_str();
        let bad = |reason| KeyError::Bytes { kind, reason };
        let mut reader = Reader::new(blob);
        if reader.string() != Some(kind.as_bytes()) {
            return Err(bad("the blob names another algorithm"));
        }
        let curve = match algorithm {
            SshAlgorithm::Ed25519 | SshAlgorithm::SkEd25519 => {
                let bytes = reader.string().and_then(|bytes| bytes.try_into().ok()).ok_or(bad("not 32 bytes"))?;
                CurveKey::Ed25519(ed25519(bytes, kind)?)
            }
            SshAlgorithm::P256 | SshAlgorithm::SkP256 => {
                if reader.string() != Some(CURVE_NAME) {
                    return Err(bad("the blob names another curve"));
                }
                let point =
                    reader.string().filter(|point| point.len() == 65).ok_or(bad("not an uncompressed point"))?;
                CurveKey::P256(EcKey::from_sec1_bytes(point).map_err(|_| bad("not a point of the curve"))?)
            }
        };
        let application = match algorithm {
            SshAlgorithm::Ed25519 | SshAlgorithm::P256 => None,
            SshAlgorithm::SkEd25519 | SshAlgorithm::SkP256 => Some(
                reader
                    .string()
                    .filter(|application| !application.is_empty() && application.len() <= MAX_APPLICATION)
                    .ok_or(bad("no application, or one above 128 bytes"))?
                    .to_vec(),
            ),
        };
        reader.end().ok_or(bad("bytes after the key"))?;
        Ok(Self { algorithm, curve, application })
    }

    /// The public-key blob.
    pub(crate) fn blob(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_string(&mut out, self.algorithm.as_str().as_bytes());
        match &self.curve {
            CurveKey::Ed25519(key) => put_string(&mut out, key.as_bytes()),
            CurveKey::P256(key) => {
                put_string(&mut out, CURVE_NAME);
                put_string(&mut out, key.to_encoded_point(false).as_bytes());
            }
        }
        if let Some(application) = &self.application {
            put_string(&mut out, application);
        }
        out
    }
}

impl Passkey {
    fn parse(rp_id: &str, origin: &str, algorithm: &str, key: &str) -> Result<Self, KeyError> {
        let bad = |reason| KeyError::Bytes { kind: "passkey", reason };
        if !is_host(rp_id) {
            return Err(bad("the relying party id is not a lower-case host name"));
        }
        if !is_origin_of(origin, rp_id) {
            return Err(bad("the origin is not https://HOST[:PORT] of the relying party id or below it"));
        }
        let curve = match algorithm {
            "eddsa" => {
                let bytes = unhex(key).ok_or(bad("eddsa takes 64 hexadecimal digits"))?;
                CurveKey::Ed25519(ed25519(&bytes, "passkey")?)
            }
            "es256" => {
                let bytes: [u8; 33] =
                    unhex(key).ok_or(bad("es256 takes 66 hexadecimal digits of a compressed point"))?;
                CurveKey::P256(EcKey::from_sec1_bytes(&bytes).map_err(|_| bad("not a point of the curve"))?)
            }
            _ => return Err(bad("the algorithm is neither es256 nor eddsa")),
        };
        Ok(Self { rp_id: rp_id.to_owned(), origin: origin.to_owned(), curve })
    }
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Whether `origin` is a serialised origin (RFC 6454, section 6.2) that may use `rp_id`: https, or http on localhost.
fn is_origin_of(origin: &str, rp_id: &str) -> bool {
    let (rest, default_port) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(rest), _) => (rest, 443),
        (None, Some(rest)) if rp_id == "localhost" => (rest, 80),
        _ => return false,
    };
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    let port_fits = port.is_none_or(|port| {
        port.parse::<u16>().is_ok_and(|number| number != 0 && number != default_port && number.to_string() == port)
    });
    let below = host.strip_suffix(rp_id).is_some_and(|front| front.is_empty() || front.ends_with('.'));
    is_host(host) && port_fits && below
}

/// A key of the prime-order part, canonically encoded: y below 2^255 - 19, not of small order.
fn ed25519(bytes: &[u8; 32], kind: &'static str) -> Result<EdKey, KeyError> {
    let bad = |reason| KeyError::Bytes { kind, reason };
    let key = EdKey::from_bytes(bytes).map_err(|_| bad("not a point of the curve"))?;
    if key.to_edwards().compress().as_bytes() != bytes {
        return Err(bad("not the canonical encoding of its point"));
    }
    if key.is_weak() {
        return Err(bad("a point of small order: such a key verifies anything"));
    }
    Ok(key)
}
