use serde::Deserialize;

use crate::leaf::frame::{Stamp, canonical, decode, encode};
use crate::leaf::{DIGESTS_PER_LEAF, Disclosure, LARGE_LEAF_BYTES, LeafError, LeafId, LeafKind, MAX_SAFE_INTEGER};

/// An opening leaf: disclosures of earlier leaves.
///
/// `{"v":1,"kind":"opening","id":"..","tick":..,"openings":[{"index":..,"disclosures":[".."]}],"pad":"0.."}`, at least
/// one opening, indices strictly ascending, 1 to 16 canonical disclosures each. Whether a disclosure belongs to the
/// leaf at its index is checked against that leaf ([`crate::leaf::check_disclosures`]), not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningLeaf {
    stamp: Stamp,
    openings: Vec<Opened>,
}

/// Disclosures of one earlier leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Index of that leaf in the journal, at most 2^53 - 1.
    pub index: u64,
    /// Its disclosures.
    pub disclosures: Vec<Disclosure>,
}

impl OpeningLeaf {
    /// A leaf of these parts.
    ///
    /// # Errors
    /// [`LeafError::Form`] for no openings, indices that do not ascend, no or too many disclosures.
    pub fn new(id: LeafId, tick: u64, openings: Vec<Opened>) -> Result<Self, LeafError> {
        if openings.is_empty() {
            return Err(LeafError::Form("an opening leaf opens nothing"));
        }
        if !openings.is_sorted_by(|a, b| a.index < b.index) {
            return Err(LeafError::Form("indices of openings do not ascend"));
        }
        if openings.iter().any(|one| one.index > MAX_SAFE_INTEGER) {
            return Err(LeafError::Form("index is above 2^53 - 1"));
        }
        if openings.iter().any(|one| !(1..=DIGESTS_PER_LEAF).contains(&one.disclosures.len())) {
            return Err(LeafError::Form("an opening has no or more than 16 disclosures"));
        }
        Ok(Self { stamp: Stamp::new(id, tick)?, openings })
    }

    /// Parses the bytes of an opening leaf.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Members<'b> {
            v: u8,
            #[serde(rename = "kind")]
            _kind: &'b str,
            id: &'b str,
            tick: u64,
            #[serde(borrow)]
            openings: Vec<Item<'b>>,
            #[serde(rename = "pad")]
            _pad: &'b str,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Item<'b> {
            index: u64,
            #[serde(borrow)]
            disclosures: Vec<&'b str>,
        }
        let read: Members<'_> = decode(bytes, LARGE_LEAF_BYTES)?;
        let stamp = Stamp::read(read.v, read.id, read.tick)?;
        let mut openings = Vec::with_capacity(read.openings.len());
        for item in read.openings {
            let disclosures = item.disclosures.into_iter().map(Disclosure::parse).collect::<Result<Vec<_>, _>>()?;
            openings.push(Opened { index: item.index, disclosures });
        }
        let leaf = Self::new(stamp.id, stamp.tick, openings)?;
        canonical(bytes, &leaf.to_bytes()?)?;
        Ok(leaf)
    }

    /// The leaf's 16,384 bytes.
    ///
    /// # Errors
    /// [`LeafError::TooLarge`] when the disclosures do not fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LeafError> {
        let mut members = String::from("\"openings\":[");
        for (position, opened) in self.openings.iter().enumerate() {
            if position > 0 {
                members.push(',');
            }
            let disclosures: Vec<&str> = opened.disclosures.iter().map(Disclosure::as_str).collect();
            members.push_str(&format!(
                "{{\"index\":{},\"disclosures\":[\"{}\"]}}",
                opened.index,
                disclosures.join("\",\"")
            ));
        }
        members.push(']');
        encode(LeafKind::Opening, self.stamp, &members)
    }

    /// Random id.
    pub fn id(&self) -> LeafId {
        self.stamp.id
    }

    /// Five-minute time.
    pub fn tick(&self) -> u64 {
        self.stamp.tick
    }

    /// What it opens, in ascending order of the index.
    pub fn openings(&self) -> &[Opened] {
        &self.openings
    }
}
