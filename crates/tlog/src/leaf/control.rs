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

impl ControlSignature {
    /// Longest text of one signature in bytes.
    pub const MAX_LEN: usize = 8 * 1024;

    /// Parses one signature as it travels before it is in a leaf: `{"by":"..","sig":".."}` and a line feed, spelt as in a leaf.
    ///
    /// # Errors
    /// [`LeafError::TooLarge`], [`LeafError::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(LeafError::TooLarge(bytes.len()));
        }
        let read: Self =
            serde_json::from_slice(bytes).map_err(|_| LeafError::Form("not the members of a control signature"))?;
        canonical(bytes, read.to_text().as_bytes())?;
        Ok(read)
    }

    /// The text of one signature, with its line feed.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text + "\n"
    }

    fn write(&self, out: &mut String) {
        out.push_str("{\"by\":");
        json::string(out, &self.by);
        out.push_str(",\"sig\":");
        json::string(out, &self.sig);
        out.push('}');
    }
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
            if position > 0 {
                members.push(',');
            }
            signature.write(&mut members);
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
