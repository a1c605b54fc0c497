//! Who may spend an output: the lock that a script makes, and its spelling as an address.

mod base58;
mod bech32;
mod request;

pub use request::PaymentRequest;

use crate::network::Network;
use countersign_core::digest;
use countersign_core::id::InvalidId;

/// The kinds of locks that have a name of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LockKind {
    /// A key's hash (P2PKH).
    KeyHash = 1,
    /// A script's hash (P2SH).
    ScriptHash = 2,
    /// A key's hash, witness version 0 (P2WPKH).
    WitnessKey = 3,
    /// A script's hash, witness version 0 (P2WSH).
    WitnessScript = 4,
    /// A taproot key, witness version 1 (P2TR).
    Taproot = 5,
    /// A bare key (P2PK), named by the SHA-256 of the key. It has no address; that the same key may own a P2PKH address is not followed.
    BareKey = 6,
    /// Any other script, named by its SHA-256.
    Other = 7,
}

impl LockKind {
    const ALL: [Self; 7] = [
        Self::KeyHash,
        Self::ScriptHash,
        Self::WitnessKey,
        Self::WitnessScript,
        Self::Taproot,
        Self::BareKey,
        Self::Other,
    ];

    /// The kind with this number.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// Bytes of its hash or key.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::KeyHash | Self::ScriptHash | Self::WitnessKey => 20,
            _ => 32,
        }
    }
}

/// What a script asks for, as far as it names somebody: two outputs with equal locks have the same owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lock {
    kind: LockKind,
    // INVARIANT: zero behind the kind's length.
    bytes: [u8; 32],
}

impl Lock {
    /// The lock of a kind with the given hash or key, when its length is the kind's.
    pub fn new(kind: LockKind, body: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        bytes.get_mut(..kind.len()).filter(|slot| slot.len() == body.len())?.copy_from_slice(body);
        Some(Self { kind, bytes })
    }

    /// What this script locks with; `None` for outputs that nobody can spend (`OP_RETURN`).
    pub fn of_script(script: &[u8]) -> Option<Self> {
        let named = match script {
            [0x6a, ..] => return None,
            [0x76, 0xa9, 20, body @ .., 0x88, 0xac] => Self::sized::<20>(LockKind::KeyHash, body),
            [0xa9, 20, body @ .., 0x87] => Self::sized::<20>(LockKind::ScriptHash, body),
            [0x00, 20, body @ ..] => Self::sized::<20>(LockKind::WitnessKey, body),
            [0x00, 32, body @ ..] => Self::sized::<32>(LockKind::WitnessScript, body),
            [0x51, 32, body @ ..] => Self::sized::<32>(LockKind::Taproot, body),
            [33, key @ .., 0xac] if key.len() == 33 => Self::hashed(LockKind::BareKey, key),
            [65, key @ .., 0xac] if key.len() == 65 => Self::hashed(LockKind::BareKey, key),
            _ => None,
        };
        named.or_else(|| Self::hashed(LockKind::Other, script))
    }

    /// [`new`](Self::new) where the length is known, which is copied without a call: every output of a chain comes by here.
    fn sized<const LEN: usize>(kind: LockKind, body: &[u8]) -> Option<Self> {
        let body: &[u8; LEN] = body.try_into().ok()?;
        let mut bytes = [0; 32];
        *bytes.first_chunk_mut()? = *body;
        Some(Self { kind, bytes })
    }

    fn hashed(kind: LockKind, body: &[u8]) -> Option<Self> {
        Self::new(kind, &digest::plain(body).0)
    }

    /// The kind.
    pub fn kind(&self) -> LockKind {
        self.kind
    }

    /// The hash or key.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(..self.kind.len()).unwrap_or_default()
    }

    /// The hash or key, and zeros up to the longest one's length.
    pub(crate) fn padded(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The address of this lock, when its kind has one.
    pub fn to_address(&self, network: Network) -> Option<String> {
        let (key_prefix, script_prefix) = network.base58();
        match self.kind {
            LockKind::KeyHash => Some(base58::encode(key_prefix, self.body())),
            LockKind::ScriptHash => Some(base58::encode(script_prefix, self.body())),
            LockKind::WitnessKey | LockKind::WitnessScript => {
                Some(bech32::encode(network.human_part(), 0, self.body()))
            }
            LockKind::Taproot => Some(bech32::encode(network.human_part(), 1, self.body())),
            LockKind::BareKey | LockKind::Other => None,
        }
    }

    /// Reads an address of this network: base58, bech32 (BIP-173) or bech32m (BIP-350), checksums verified.
    ///
    /// # Errors
    /// [`InvalidId`] for other networks, broken checksums, mixed case, and witness versions that nobody can lock with yet.
    pub fn parse(text: &str, network: Network) -> Result<Self, InvalidId> {
        let wrong = || InvalidId::not("an address of this network", text);
        if let Some((prefix, body)) = base58::decode(text) {
            let (key_prefix, script_prefix) = network.base58();
            let kind = if prefix == key_prefix {
                LockKind::KeyHash
            } else if prefix == script_prefix {
                LockKind::ScriptHash
            } else {
                return Err(wrong());
            };
            return Self::new(kind, &body).ok_or_else(wrong);
        }
        let (human, version, body) = bech32::decode(text).ok_or_else(wrong)?;
        if human != network.human_part() {
            return Err(wrong());
        }
        let kind = match (version, body.len()) {
            (0, 20) => LockKind::WitnessKey,
            (0, 32) => LockKind::WitnessScript,
            (1, 32) => LockKind::Taproot,
            _ => return Err(wrong()),
        };
        Self::new(kind, &body).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests;
