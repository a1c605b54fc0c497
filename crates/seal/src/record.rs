//! A sealed record as bytes: ring id, label, header, one commitment and one ciphertext per class.
//!
//! Bytes: `docs/formats/seal.md`.

use crate::aead::TAG;
use crate::cell::{SEGMENT, body_digest, entry_hash, is_bucket};
use crate::group::SUITE;
use crate::header::{Capsule, Header, HeaderError};
use crate::label::{Label, LabelError};
use crate::read::{LayoutError, Reader};
use countersign_core::class::Class;
use countersign_core::id::{Digest, RecordId};

/// One class of a sealed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEntry {
    /// The class.
    pub class: Class,
    /// com_c: a commitment to the key, because GCM alone does not commit to it.
    pub commitment: [u8; 32],
    /// Padded ciphertext and tag.
    pub ciphertext: Vec<u8>,
}

impl SealedEntry {
    pub(crate) fn hash(&self) -> Digest {
        entry_hash(self.class, &self.commitment, &self.ciphertext)
    }
}

/// A sealed record. A value of this type is consistent: entries are the label's classes in order and have its body
/// digest. Whether the header's proof holds is checked by [`crate::header`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRecord {
    ring: Digest,
    capsule: Capsule,
    entries: Vec<SealedEntry>,
}

/// Why bytes are not a sealed record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Wrong length.
    #[error("sealed record: {0}")]
    Layout(#[from] LayoutError),
    /// Longer than any record.
    #[error("sealed record: {0} bytes, the limit is {limit}", limit = SealedRecord::MAX_LEN)]
    TooLong(usize),
    /// Another suite.
    #[error("sealed record: suite {0} is unknown")]
    Suite(u8),
    /// Its label.
    #[error("sealed record: {0}")]
    Label(#[from] LabelError),
    /// Its header.
    #[error("sealed record: {0}")]
    Header(#[from] HeaderError),
    /// A ciphertext of a length that padding never gives.
    #[error("sealed record: the ciphertext of `{0}` does not have a padded length")]
    Padding(Class),
    /// Entries that the label does not describe.
    #[error("sealed record: the entries do not have the body digest of the label")]
    Body,
}

impl SealedRecord {
    /// Longest sealed record: every class with the largest entry.
    pub const MAX_LEN: usize = 1 + 32 + 2 + Label::MAX_LEN + Header::LEN + Class::ALL.len() * (32 + 4 + SEGMENT + TAG);

    /// Puts a record together.
    ///
    /// # Errors
    /// [`RecordError::Body`] when the entries are not those of the label, [`RecordError::Padding`].
    pub fn new(ring: Digest, capsule: Capsule, entries: Vec<SealedEntry>) -> Result<Self, RecordError> {
        if let Some(odd) = entries.iter().find(|entry| !entry.ciphertext.len().checked_sub(TAG).is_some_and(is_bucket))
        {
            return Err(RecordError::Padding(odd.class));
        }
        let hashes: Vec<Digest> = entries.iter().map(SealedEntry::hash).collect();
        let same_classes = entries.iter().map(|entry| entry.class).eq(capsule.label.classes().iter());
        if !same_classes || body_digest(&hashes) != *capsule.label.body() {
            return Err(RecordError::Body);
        }
        Ok(Self { ring, capsule, entries })
    }

    /// Puts together what was just sealed.
    pub(crate) fn known(ring: Digest, capsule: Capsule, entries: Vec<SealedEntry>) -> Self {
        Self { ring, capsule, entries }
    }

    /// The ring it was sealed to.
    pub fn ring(&self) -> Digest {
        self.ring
    }

    /// Label and header.
    pub fn capsule(&self) -> &Capsule {
        &self.capsule
    }

    /// The label.
    pub fn label(&self) -> &Label {
        &self.capsule.label
    }

    /// H(label || u).
    pub fn id(&self) -> RecordId {
        self.capsule.label.record_id(self.capsule.header.u().bytes())
    }

    /// The entries by ascending class.
    pub fn entries(&self) -> &[SealedEntry] {
        &self.entries
    }

    /// The entry of a class.
    pub fn entry(&self, class: Class) -> Option<&SealedEntry> {
        self.entries.iter().find(|entry| entry.class == class)
    }

    /// The exact bytes.
    pub fn encode(&self) -> Vec<u8> {
        let label = self.capsule.label.encode();
        let mut out = vec![SUITE];
        out.extend_from_slice(self.ring.as_bytes());
        out.extend_from_slice(&(label.len() as u16).to_le_bytes());
        out.extend_from_slice(&label);
        out.extend_from_slice(self.capsule.header.bytes());
        for entry in &self.entries {
            out.extend_from_slice(&entry.commitment);
            out.extend_from_slice(&(entry.ciphertext.len() as u32).to_le_bytes());
            out.extend_from_slice(&entry.ciphertext);
        }
        out
    }

    /// Reads a record and checks its body digest.
    ///
    /// # Errors
    /// [`RecordError`] unless `bytes` is exactly one consistent record.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(RecordError::TooLong(bytes.len()));
        }
        let mut reader = Reader::new(bytes);
        let suite = reader.u8("the suite")?;
        if suite != SUITE {
            return Err(RecordError::Suite(suite));
        }
        let ring = Digest(reader.array("the ring id")?);
        let length = reader.u16("the label's length")?;
        let label = Label::decode(reader.slice(usize::from(length), "the label")?)?;
        let header = Header::decode(&reader.array("the header")?)?;
        let entries = label
            .classes()
            .iter()
            .map(|class| {
                let commitment = reader.array("a commitment")?;
                let length = reader.u32("a ciphertext's length")?;
                let ciphertext = reader.slice(length as usize, "a ciphertext")?.to_vec();
                Ok(SealedEntry { class, commitment, ciphertext })
            })
            .collect::<Result<Vec<_>, LayoutError>>()?;
        reader.end()?;
        Self::new(ring, Capsule { label, header }, entries)
    }
}
