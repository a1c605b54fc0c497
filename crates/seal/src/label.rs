//! The label of a sealed record: whose data, which classes, which version, and the digest of the sealed body.
//!
//! Bytes: `docs/formats/label.md`.

use crate::hash::{digest, domain};
use crate::read::{LayoutError, Reader};
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::{CustodianId, Digest, Handle, RecordId};
use countersign_core::time::Timestamp;

/// A calendar month (UTC) of a periodic record, encoded as `year * 100 + month`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(u32);

impl Period {
    /// The month `month` (1 to 12) of `year` (1970 to 2998).
    pub fn new(year: u16, month: u8) -> Option<Self> {
        ((1970..=2998).contains(&year) && (1..=12).contains(&month))
            .then(|| Self(u32::from(year) * 100 + u32::from(month)))
    }

    /// Reads `year * 100 + month`; zero and impossible months give `None`.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::new(u16::try_from(number / 100).ok()?, u8::try_from(number % 100).ok()?)
    }

    /// `year * 100 + month`.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The first second of the month.
    pub fn start(self) -> Timestamp {
        month_start(self.0 / 100, self.0 % 100)
    }

    /// The first second after the month.
    pub fn end(self) -> Timestamp {
        let (year, month) = (self.0 / 100, self.0 % 100);
        if month == 12 { month_start(year + 1, 1) } else { month_start(year, month + 1) }
    }
}

fn month_start(year: u32, month: u32) -> Timestamp {
    // INVARIANT: years are 1970 to 2999 and months 1 to 12, so the text is a time; the fallback is never reached.
    Timestamp::parse(&format!("{year:04}-{month:02}-01T00:00:00Z")).unwrap_or(Timestamp::MAX)
}

/// Everything of a label except the classes and the body digest, which sealing computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The custodian that wrote the record.
    pub custodian: CustodianId,
    /// The client.
    pub handle: Handle,
    /// Digest of the client's own key, when the client registered one.
    pub client_key: Option<Digest>,
    /// Month of a periodic record; none for a standing record.
    pub period: Option<Period>,
    /// Rises by one with every new version of the record.
    pub revision: u64,
    /// Version of the schema of the entries' plaintext.
    pub schema: u16,
}

/// A label. A value of this type is well formed: classes are not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    head: Head,
    classes: ClassSet,
    body: Digest,
}

/// Why bytes are not a label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Wrong length.
    #[error("label: {0}")]
    Layout(#[from] LayoutError),
    /// The period is not a month.
    #[error("label: period `{0}` is neither 0 nor a month written as year * 100 + month")]
    Period(u32),
    /// Classes out of order, repeated, unknown or none.
    #[error("label: classes are not 1 or more numbers of the registry in ascending order")]
    Classes,
}

impl Label {
    /// Length without the class numbers.
    pub const FIXED_LEN: usize = 127;
    /// Longest label: every class of the registry.
    pub const MAX_LEN: usize = Self::FIXED_LEN + Class::ALL.len();

    /// A label; `None` when `classes` is empty.
    pub fn new(head: Head, classes: ClassSet, body: Digest) -> Option<Self> {
        (!classes.is_empty()).then_some(Self { head, classes, body })
    }

    /// Whose data, which month, which version.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The classes sealed in the record.
    pub fn classes(&self) -> &ClassSet {
        &self.classes
    }

    /// The body digest d.
    pub fn body(&self) -> &Digest {
        &self.body
    }

    /// The exact bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = encode_prefix(&self.head, &self.classes);
        out.extend_from_slice(self.body.as_bytes());
        out
    }

    /// The bytes before the body digest: "L without d".
    pub(crate) fn prefix(&self) -> Vec<u8> {
        encode_prefix(&self.head, &self.classes)
    }

    /// Reads a label.
    ///
    /// # Errors
    /// [`LabelError`] unless `bytes` is exactly one label.
    pub fn decode(bytes: &[u8]) -> Result<Self, LabelError> {
        let mut reader = Reader::new(bytes);
        let custodian = CustodianId(reader.array("the custodian id")?);
        let handle = Handle(reader.array("the handle")?);
        let client_key = Digest(reader.array("the client key digest")?);
        let period = reader.u32("the period")?;
        let revision = reader.u64("the revision")?;
        let schema = reader.u16("the schema version")?;
        let count = reader.u8("the number of classes")?;
        let numbers = reader.slice(usize::from(count), "the classes")?;
        let body = Digest(reader.array("the body digest")?);
        reader.end()?;
        let period = match period {
            0 => None,
            number => Some(Period::from_number(number).ok_or(LabelError::Period(number))?),
        };
        if !numbers.is_sorted_by(|left, right| left < right) {
            return Err(LabelError::Classes);
        }
        let classes: Option<ClassSet> =
            numbers.iter().map(|number| Class::from_number(*number)).collect::<Option<Vec<_>>>().map(ClassSet::new);
        let client_key = (client_key.0 != [0; 32]).then_some(client_key);
        let head = Head { custodian, handle, client_key, period, revision, schema };
        classes.and_then(|classes| Self::new(head, classes, body)).ok_or(LabelError::Classes)
    }

    /// The record id: SHA-512/256 over the framed label and u under `countersign/seal/v1/record`.
    pub fn record_id(&self, u: &[u8; 32]) -> RecordId {
        RecordId(digest(domain!("record"), &[&self.encode(), u]).0)
    }
}

/// "L without d" before the body exists.
pub(crate) fn encode_prefix(head: &Head, classes: &ClassSet) -> Vec<u8> {
    let mut out = Vec::with_capacity(Label::MAX_LEN);
    out.extend_from_slice(head.custodian.as_bytes());
    out.extend_from_slice(head.handle.as_bytes());
    out.extend_from_slice(&head.client_key.map_or([0; 32], |key| key.0));
    out.extend_from_slice(&head.period.map_or(0, Period::number).to_le_bytes());
    out.extend_from_slice(&head.revision.to_le_bytes());
    out.extend_from_slice(&head.schema.to_le_bytes());
    out.push(classes.iter().count() as u8);
    out.extend(classes.iter().map(Class::number));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::encoding::hex;

    fn label() -> Label {
        let head = Head {
            custodian: CustodianId([1; 16]),
            handle: Handle([2; 32]),
            client_key: None,
            period: Period::new(2026, 11),
            revision: 3,
            schema: 1,
        };
        Label::new(head, ClassSet::new([Class::Name, Class::Transfers]), Digest([4; 32])).unwrap()
    }

    #[test]
    fn bytes_are_fixed() {
        let bytes = label().encode();
        let expected = [
            "01".repeat(16),
            "02".repeat(32),
            "00".repeat(32),
            "73170300".into(),
            "0300000000000000".into(),
            "0100".into(),
            "02".into(),
            "010b".into(),
            "04".repeat(32),
        ]
        .concat();
        assert_eq!(hex(&bytes), expected);
        assert_eq!(bytes.len(), Label::FIXED_LEN + 2);
        assert_eq!(Label::decode(&bytes).unwrap(), label());
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let good = label().encode();
        for end in 0..good.len() {
            assert!(Label::decode(&good[..end]).is_err());
        }
        assert_eq!(Label::decode(&[&good[..], &[0]].concat()), Err(LabelError::Layout(LayoutError::Trailing(1))));
        for (at, value) in [(80, 0x87), (94, 0), (95, 11), (95, 12), (96, 13), (96, 0)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert!(Label::decode(&bad).is_err(), "byte {at} = {value}");
        }
    }

    #[test]
    fn months_have_ends() {
        let period = Period::new(2026, 12).unwrap();
        assert_eq!(period.start().to_string(), "2026-12-01T00:00:00Z");
        assert_eq!(period.end().to_string(), "2027-01-01T00:00:00Z");
        assert_eq!(Period::from_number(202_613), None);
        assert_eq!(Period::from_number(u32::MAX), None);
        assert_eq!(Period::new(2998, 12).unwrap().end().to_string(), "2999-01-01T00:00:00Z");
    }
}
