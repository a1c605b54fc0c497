use serde::Deserialize;

use crate::leaf::frame::{Stamp, canonical, decode, encode};
use crate::leaf::{LARGE_LEAF_BYTES, LeafError, LeafId, LeafKind, json};

/// A control leaf: a signed statement about genesis, rosters, directory, policy or rings, public by nature.
///
/// `{"v":1,"kind":"control","id":"..","tick":..,"body":"..","sigs":[{"by":"..","sig":".."}],"pad":"0.."}`. The body is
/// the exact signed text; body and signatures mean nothing here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlLeaf {
    stamp: Stamp,
    body: String,
    signatures: Vec<ControlSignature>,
}

/// One signature over a control body.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlSignature {
    /// Party id.
    pub by: String,
    /// Signature in the party's form.
    pub sig: String,
}

impl ControlLeaf {
    /// A leaf of these parts.
    ///
    /// # Errors
    /// [`LeafError::Form`] for a tick above 2^53 - 1.
    pub fn new(id: LeafId, tick: u64, body: String, signatures: Vec<ControlSignature>) -> Result<Self, LeafError> {
        Ok(Self { stamp: Stamp::new(id, tick)?, body, signatures })
    }

    /// Parses the bytes of a control leaf.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Members {
            v: u8,
            #[serde(rename = "kind")]
            _kind: String,
            id: String,
            tick: u64,
            body: String,
            sigs: Vec<ControlSignature>,
            #[serde(rename = "pad")]
            _pad: String,
        }
        let read: Members = decode(bytes, LARGE_LEAF_BYTES)?;
        let stamp = Stamp::read(read.v, &read.id, read.tick)?;
        let leaf = Self { stamp, body: read.body, signatures: read.sigs };
        canonical(bytes, &leaf.to_bytes()?)?;
        Ok(leaf)
    }

    /// The leaf's 16,384 bytes.
    ///
    /// # Errors
    /// [`LeafError::TooLarge`] when body and signatures do not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LeafError> {
        let mut members = String::from("\"body\":");
        json::string(&mut members, &self.body);
        members.push_str(",\"sigs\":[");
        for (position, signature) in self.signatures.iter().enumerate() {
            members.push_str(if position > 0 { ",{\"by\":" } else { "{\"by\":" });
            json::string(&mut members, &signature.by);
            members.push_str(",\"sig\":");
            json::string(&mut members, &signature.sig);
            members.push('}');
        }
        members.push(']');
        encode(LeafKind::Control, self.stamp, &members)
    }

    /// Random id.
    pub fn id(&self) -> LeafId {
        self.stamp.id
    }

    /// Five-minute time.
    pub fn tick(&self) -> u64 {
        self.stamp.tick
    }

    /// The exact text that was signed.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The signatures, unverified.
    pub fn signatures(&self) -> &[ControlSignature] {
        &self.signatures
    }
}
