use std::fmt;

use ed25519_dalek::{Signer as _, Verifier as _};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::cosignature;
use crate::encoding;
use crate::note::MAX_KEY_NAME_BYTES;

/// Name of a key: non-empty UTF-8 without Unicode spaces, `+` or characters below U+0020. Lines of unknown keys carry
/// names of any length; a key that is used has at most [`MAX_KEY_NAME_BYTES`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn new(name: &str) -> Result<Self, KeyError> {
        let forbidden = |c: char| c.is_whitespace() || c < ' ' || c == '+';
        if name.is_empty() || name.contains(forbidden) {
            return Err(KeyError::Name(encoding::shown(name)));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// First four bytes of SHA-256(name || LF || type || public key): tells keys of one name apart, no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

impl KeyId {
    fn of(name: &KeyName, kind: KeyKind, public: &[u8; 32]) -> Self {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(name.as_str())
            .chain_update([b'\n', kind.byte()])
            .chain_update(public)
            .finalize()
            .into();
        let [a, b, c, d, ..] = digest;
        Self([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoding::hex(&self.0))
    }
}

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Type 0x01: Ed25519 over the note's text. Logs sign so.
    Ed25519,
    /// Type 0x04: Ed25519 over a timestamp and a checkpoint. Witnesses sign so.
    CosignatureV1,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::CosignatureV1].into_iter().find(|kind| kind.byte() == byte)
    }
}

/// A public key with its name and kind. Text form (vkey): `<name>+<8 hex digits of the id>+<base64(type || key)>`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    kind: KeyKind,
    public: ed25519_dalek::VerifyingKey,
}

/// A key text that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Empty, too long, or with a space, plus sign or control character.
    #[error("key name `{0}` is empty, longer than 255 bytes or has a space, plus sign or control character")]
    Name(String),
    /// Not three parts, or a part in the wrong encoding.
    #[error("key `{0}` is not of the form name+8 hex digits+base64")]
    Form(String),
    /// A signature type other than 0x01 and 0x04.
    #[error("key `{name}` has signature type 0x{kind:02x}; supported are 0x01 and 0x04")]
    Kind {
        /// Name of the key.
        name: String,
        /// Type byte found.
        kind: u8,
    },
    /// The id is not the hash of name, type and key.
    #[error("key `{name}` says id {said}, its bytes give {computed}")]
    Id {
        /// Name of the key.
        name: String,
        /// Id in the text.
        said: KeyId,
        /// Id of the key material.
        computed: KeyId,
    },
    /// Not a point of the curve, not its one encoding, or one of small order.
    #[error("key `{0}` is not a usable ed25519 public key")]
    Point(String),
}

impl VerifierKey {
    /// A key from its parts.
    ///
    /// # Errors
    /// [`KeyError::Point`] when the bytes are not the one encoding of a point, or of one of small order;
    /// [`KeyError::Name`] when the name is longer than [`MAX_KEY_NAME_BYTES`].
    pub fn new(name: KeyName, kind: KeyKind, public: &[u8; 32]) -> Result<Self, KeyError> {
        if name.as_str().len() > MAX_KEY_NAME_BYTES {
            return Err(KeyError::Name(encoding::shown(name.as_str())));
        }
        let unusable = || KeyError::Point(name.as_str().to_owned());
        let point = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| unusable())?;
        if point.is_weak() || !is_canonical(public) {
            return Err(unusable());
        }
        Ok(Self { id: KeyId::of(&name, kind, public), name, kind, public: point })
    }

    /// Parses a vkey. Only the first two plus signs separate: base64 may hold more.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let Parts { name, id: said, kind, material } = parts(text)?;
        let key = Self::new(name, kind, &material)?;
        if key.id != said {
            return Err(KeyError::Id { name: key.name.0, said, computed: key.id });
        }
        Ok(key)
    }

    /// Name of the key; for a log also the origin of its checkpoints.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Id of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What the key signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of the public key (RFC 8032).
    pub fn public_bytes(&self) -> &[u8; 32] {
        self.public.as_bytes()
    }

    /// Checks the bytes after the key id of a signature line over `text`. Returns the timestamp (POSIX seconds) of a
    /// cosignature, `Some(None)` for a plain signature, `None` if the signature is wrong.
    pub(crate) fn check(&self, text: &str, signature: &[u8]) -> Option<Option<u64>> {
        match self.kind {
            KeyKind::Ed25519 => {
                let signature = signature.try_into().ok()?;
                self.check_ed25519(text.as_bytes(), signature).then_some(None)
            }
            KeyKind::CosignatureV1 => {
                let (timestamp, signature) = cosignature::split(signature)?;
                let message = cosignature::message(timestamp, text);
                self.check_ed25519(message.as_bytes(), signature).then_some(Some(timestamp))
            }
        }
    }

    fn check_ed25519(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        // Keys of small order were refused when the key was made; R is compared as bytes, as Go and most others do.
        self.public.verify(message, &signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.kind.byte()], self.public.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, encoding::base64(&material))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A secret key with its name and kind; erased from memory on drop. Text form (skey):
/// `PRIVATE+KEY+<name>+<8 hex digits of the id>+<base64(type || 32-byte seed)>`, as written by Go's `note` package.
pub struct SigningKey {
    verifier: VerifierKey,
    secret: ed25519_dalek::SigningKey,
}

const SKEY_PREFIX: &str = "PRIVATE+KEY+";

impl SigningKey {
    /// A new key from the generator given.
    ///
    /// # Errors
    /// [`KeyError::Point`] practically never: a generator that gives a weak key is broken.
    pub fn generate(name: KeyName, kind: KeyKind, rng: &mut impl CryptoRng) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        Self::from_seed(name, kind, &seed)
    }

    /// A key from its 32-byte seed (RFC 8032 secret key).
    ///
    /// # Errors
    /// [`KeyError::Point`] as for [`SigningKey::generate`].
    pub fn from_seed(name: KeyName, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, kind, secret.verifying_key().as_bytes())?;
        Ok(Self { verifier, secret })
    }

    /// Parses an skey.
    ///
    /// # Errors
    /// [`KeyError`]; the message never holds key material.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let hidden = |_| KeyError::Form("(secret key)".to_owned());
        let rest = text.strip_prefix(SKEY_PREFIX).ok_or(()).map_err(hidden)?;
        let Parts { name, id: said, kind, material } = parts(rest).map_err(|error| match error {
            KeyError::Form(_) => KeyError::Form("(secret key)".to_owned()),
            other => other,
        })?;
        let key = Self::from_seed(name, kind, &material)?;
        if key.verifier.id != said {
            let computed = key.verifier.id;
            return Err(KeyError::Id { name: key.verifier.name.0.clone(), said, computed });
        }
        Ok(key)
    }

    /// The skey text. Secret: write it only to a file of its owner.
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let VerifierKey { name, id, kind, .. } = &self.verifier;
        let material = Zeroizing::new([&[kind.byte()], self.secret.as_bytes().as_slice()].concat());
        let encoded = Zeroizing::new(encoding::base64(&material));
        Zeroizing::new(format!("{SKEY_PREFIX}{name}+{id}+{}", *encoded))
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(crate) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

/// Whether the coordinate is below 2^255 - 19. RFC 8032 section 5.1.3 decodes no other; the curve library does.
fn is_canonical(public: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = public;
    *lowest < 0xed || middle.iter().any(|byte| *byte != 0xff) || highest & 0x7f != 0x7f
}

/// The three parts of a `name+hex8+base64` text, split and decoded.
struct Parts {
    name: KeyName,
    id: KeyId,
    kind: KeyKind,
    material: Zeroizing<[u8; 32]>,
}

fn parts(text: &str) -> Result<Parts, KeyError> {
    let wrong = || KeyError::Form(encoding::shown(text));
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong());
    };
    let name = KeyName::new(name)?;
    let id = KeyId(encoding::hex_decode(id).ok_or_else(wrong)?);
    let material = Zeroizing::new(encoding::base64_decode(material).ok_or_else(wrong)?);
    let (kind, material) = material.split_first().ok_or_else(wrong)?;
    let Some(known) = KeyKind::of(*kind) else {
        return Err(KeyError::Kind { name: name.0, kind: *kind });
    };
    let material = material.try_into().map_err(|_| wrong())?;
    Ok(Parts { name, id, kind: known, material: Zeroizing::new(material) })
}
