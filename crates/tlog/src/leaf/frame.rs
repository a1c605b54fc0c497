use std::fmt;

use rand_core::CryptoRng;
use serde::Deserialize;

use crate::encoding;
use crate::leaf::{
    ControlLeaf, DisclosureError, LARGE_LEAF_BYTES, MAX_SAFE_INTEGER, OpeningLeaf, SEALED_LEAF_BYTES, SealedLeaf,
};

/// Seconds in a tick: the coarse time of a leaf.
pub const TICK_SECONDS: u64 = 300;

/// Largest tick: 2^53 - 1.
pub const MAX_TICK: u64 = MAX_SAFE_INTEGER;

/// The tick of a POSIX time in seconds.
pub fn tick_of(seconds: u64) -> u64 {
    seconds / TICK_SECONDS
}

/// Random name of a leaf: 16 bytes, written as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafId(pub [u8; 16]);

impl LeafId {
    /// A fresh id.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut id = [0_u8; 16];
        rng.fill_bytes(&mut id);
        Self(id)
    }
}

impl fmt::Display for LeafId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoding::hex(&self.0))
    }
}

/// The kinds that show in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeafKind {
    /// Sixteen digests; what it is about is hidden.
    Sealed,
    /// A signed control statement.
    Control,
    /// Disclosures of earlier leaves.
    Opening,
}

/// A parsed leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    /// 1,024 bytes.
    Sealed(SealedLeaf),
    /// 16,384 bytes.
    Control(ControlLeaf),
    /// 16,384 bytes.
    Opening(OpeningLeaf),
}

/// Bytes that are no leaf, or fields that do not make one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Neither 1,024 nor 16,384 bytes, or the wrong one of them for the kind.
    #[error("leaf has {0} bytes; sealed leaves have 1024, control and opening leaves 16384")]
    Size(usize),
    /// Not the JSON of a leaf, or not the canonical bytes of what it says.
    #[error("leaf is not canonical: {0}")]
    Form(&'static str),
    /// The fields do not fit into the leaf; they take this many bytes without padding.
    #[error("leaf fields take {0} bytes and do not fit")]
    TooLarge(usize),
    /// More fields than digests.
    #[error("{0} fields do not fit into a leaf of 16 digests")]
    TooManyFields(usize),
    /// A disclosure is wrong.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
}

impl Leaf {
    /// Parses the bytes of a leaf, which must be the canonical bytes of what they say.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        match (bytes.len(), bytes) {
            (SEALED_LEAF_BYTES, _) => SealedLeaf::parse(bytes).map(Self::Sealed),
            (LARGE_LEAF_BYTES, _) if bytes.starts_with(head(LeafKind::Control).as_bytes()) => {
                ControlLeaf::parse(bytes).map(Self::Control)
            }
            (LARGE_LEAF_BYTES, _) => OpeningLeaf::parse(bytes).map(Self::Opening),
            (other, _) => Err(LeafError::Size(other)),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> LeafKind {
        match self {
            Self::Sealed(_) => LeafKind::Sealed,
            Self::Control(_) => LeafKind::Control,
            Self::Opening(_) => LeafKind::Opening,
        }
    }

    /// Its id.
    pub fn id(&self) -> LeafId {
        match self {
            Self::Sealed(leaf) => leaf.id(),
            Self::Control(leaf) => leaf.id(),
            Self::Opening(leaf) => leaf.id(),
        }
    }

    /// Its tick.
    pub fn tick(&self) -> u64 {
        match self {
            Self::Sealed(leaf) => leaf.tick(),
            Self::Control(leaf) => leaf.tick(),
            Self::Opening(leaf) => leaf.tick(),
        }
    }
}

/// What every kind shows: id and tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) id: LeafId,
    pub(super) tick: u64,
}

impl Stamp {
    pub(super) fn new(id: LeafId, tick: u64) -> Result<Self, LeafError> {
        if tick > MAX_TICK {
            return Err(LeafError::Form("tick is above 2^53 - 1"));
        }
        Ok(Self { id, tick })
    }

    pub(super) fn read(v: u8, id: &str, tick: u64) -> Result<Self, LeafError> {
        if v != 1 {
            return Err(LeafError::Form("version is not 1"));
        }
        let id = encoding::hex_decode(id).ok_or(LeafError::Form("id is not 32 lower-case hex digits"))?;
        Self::new(LeafId(id), tick)
    }
}

/// First characters of a leaf of this kind, up to the quote before the id.
pub(super) fn head(kind: LeafKind) -> &'static str {
    match kind {
        LeafKind::Sealed => r#"{"v":1,"kind":"sealed","id":""#,
        LeafKind::Control => r#"{"v":1,"kind":"control","id":""#,
        LeafKind::Opening => r#"{"v":1,"kind":"opening","id":""#,
    }
}

/// The whole leaf: head, id, tick, the kind's own members (`"name":value,"name":value`), padding.
pub(super) fn encode(kind: LeafKind, stamp: Stamp, members: &str) -> Result<Vec<u8>, LeafError> {
    let size = match kind {
        LeafKind::Sealed => SEALED_LEAF_BYTES,
        LeafKind::Control | LeafKind::Opening => LARGE_LEAF_BYTES,
    };
    let mut text = format!("{}{}\",\"tick\":{},{members},\"pad\":\"", head(kind), stamp.id, stamp.tick);
    let padding = size.checked_sub(text.len() + 2).ok_or(LeafError::TooLarge(text.len() + 2))?;
    text.extend(std::iter::repeat_n('0', padding));
    text.push_str("\"}");
    Ok(text.into_bytes())
}

/// Reads the JSON of a leaf of the exact size.
pub(super) fn decode<'b, T: Deserialize<'b>>(bytes: &'b [u8], size: usize) -> Result<T, LeafError> {
    if bytes.len() != size {
        return Err(LeafError::Size(bytes.len()));
    }
    serde_json::from_slice(bytes).map_err(|_| LeafError::Form("not the members of a leaf"))
}

/// Compares what was read with the canonical encoding of its meaning.
pub(super) fn canonical(bytes: &[u8], encoded: &[u8]) -> Result<(), LeafError> {
    if bytes == encoded { Ok(()) } else { Err(LeafError::Form("bytes differ from the one spelling of this leaf")) }
}
