//! What an entry says once it is opened.

use crate::ledger::CounterKey;
use crate::wire::Outcome;
use countersign_core::id::Digest;
use countersign_core::leaf::KIND_FIELD;
use countersign_core::named_enum;
use countersign_core::time::{Date, Timestamp};
use countersign_tlog::leaf::{LeafError, check_disclosures};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

macro_rules! entry_kinds {
    ($($(#[$meta:meta])* $name:ident = $text:literal [$($field:literal),*];)*) => {
        named_enum!(
            /// The true kind of an entry.
            EntryKind, "a kind of entry of a trustee's log" {
                $($(#[$meta])* $name = $text,)*
            }
        );

        impl EntryKind {
            /// Names of the fields beside `kind`: exactly these are in an entry.
            pub fn fields(self) -> &'static [&'static str] {
                match self { $(EntryKind::$name => &[$($field),*],)* }
            }
        }
    };
}

entry_kinds! {
    /// An answer or a refusal, by its receipt.
    Answer = "answer" ["receipt", "order", "outcome", "code", "at"];
    /// A signature under daily totals.
    Totals = "totals" ["number", "totals", "at"];
    /// Something that a person must look at.
    Incident = "incident" ["incident", "subject", "detail", "at"];
    /// A person stopped all answers.
    Pause = "pause" ["reason", "at"];
    /// A person let the trustee answer again.
    Resume = "resume" ["reason", "at"];
    /// A person raised a hard stop for a time.
    Lift = "lift" ["by", "of", "people", "until", "reason", "at"];
    /// What was counted on one day.
    Day = "day" ["day", "document"];
    /// Nothing: hides how many of the others there are.
    Dummy = "dummy" [];
}

named_enum!(
    /// What happened that a person must look at.
    IncidentKind, "a kind of incident" {
        /// Two orders under one id.
        OrderIdReused = "order_id_reused",
        /// The journal served contradicts the one folded before, or its entries are damaged.
        JournalDiffers = "journal_differs",
        /// Totals were proposed that do not count an order which this trustee answered.
        OrderNotCounted = "order_not_counted",
        /// A witness has cosigned another history of the trustee's own log than the one kept: an older copy was restored, or the keys are
        /// used twice.
        OwnLogDiffers = "own_log_differs",
    }
);

/// Why a person did something: one line of 1 to 500 characters, without white space at its ends or control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

/// A text that gives no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reason is one line of 1 to {MAX_REASON} characters without white space at its ends")]
pub struct ReasonError;

/// Most characters of a reason.
const MAX_REASON: usize = 500;

impl Reason {
    /// Reads a reason.
    ///
    /// # Errors
    /// [`ReasonError`].
    pub fn parse(text: &str) -> Result<Self, ReasonError> {
        let fits = !text.is_empty() && text.trim() == text && text.chars().count() <= MAX_REASON;
        if fits && !text.contains(char::is_control) { Ok(Self(text.to_owned())) } else { Err(ReasonError) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One act of a trustee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// [`EntryKind::Answer`].
    Answer {
        /// Digest of the receipt.
        receipt: Digest,
        /// Digest of the order.
        order: Digest,
        /// What was done.
        outcome: Outcome,
        /// Stable code of a refusal.
        code: Option<String>,
        /// When, by the trustee's clock.
        at: Timestamp,
    },
    /// [`EntryKind::Totals`].
    Totals {
        /// Their number.
        number: u32,
        /// Digest of their text.
        totals: Digest,
        /// When.
        at: Timestamp,
    },
    /// [`EntryKind::Incident`].
    Incident {
        /// What.
        kind: IncidentKind,
        /// About what: an order id, the size and root of a checkpoint, an order's digest.
        subject: String,
        /// Digest of what was found, [`Entry::detail`].
        detail: Digest,
        /// When it was first found.
        at: Timestamp,
    },
    /// [`EntryKind::Pause`].
    Pause {
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// [`EntryKind::Resume`].
    Resume {
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// [`EntryKind::Lift`].
    Lift {
        /// Whose stop.
        key: CounterKey,
        /// By how many people it is raised.
        people: u32,
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: Reason,
        /// From when.
        at: Timestamp,
    },
    /// [`EntryKind::Day`].
    Day {
        /// The day.
        day: Date,
        /// Digest of its [`TrusteeDay`](super::TrusteeDay).
        document: Digest,
    },
    /// [`EntryKind::Dummy`].
    Dummy,
}

/// Disclosures that are not those of one entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not a sealed leaf, or disclosures of another one.
    #[error(transparent)]
    Leaf(#[from] LeafError),
    /// No kind, or one that does not exist.
    #[error("the field `kind` is missing or names no kind of entry")]
    Kind,
    /// Fields missing or too many.
    #[error("an entry of kind `{0}` does not have exactly its fields")]
    Fields(EntryKind),
    /// A value that the field does not take.
    #[error("the field `{0}` has a value that it does not take")]
    Value(&'static str),
}

impl Entry {
    /// The kind.
    pub fn kind(&self) -> EntryKind {
        match self {
            Entry::Answer { .. } => EntryKind::Answer,
            Entry::Totals { .. } => EntryKind::Totals,
            Entry::Incident { .. } => EntryKind::Incident,
            Entry::Pause { .. } => EntryKind::Pause,
            Entry::Resume { .. } => EntryKind::Resume,
            Entry::Lift { .. } => EntryKind::Lift,
            Entry::Day { .. } => EntryKind::Day,
            Entry::Dummy => EntryKind::Dummy,
        }
    }

    /// The digest under which an incident's detail is committed to.
    pub fn detail(text: &str) -> Digest {
        countersign_core::digest::document("countersign/trustee-incident/v1", text.as_bytes())
    }

    /// Every field with its value, `kind` first.
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        let hex = |digest: &Digest| Value::from(digest.to_hex());
        let time = |time: &Timestamp| Value::from(time.to_string());
        let values = match self {
            Entry::Answer { receipt, order, outcome, code, at } => {
                let code = code.clone().map_or(Value::Null, Value::from);
                vec![hex(receipt), hex(order), Value::from(outcome.as_str()), code, time(at)]
            }
            Entry::Totals { number, totals, at } => vec![Value::from(*number), hex(totals), time(at)],
            Entry::Incident { kind, subject, detail, at } => {
                vec![Value::from(kind.as_str()), Value::from(subject.as_str()), hex(detail), time(at)]
            }
            Entry::Pause { reason, at } | Entry::Resume { reason, at } => {
                vec![Value::from(reason.as_str()), time(at)]
            }
            Entry::Lift { key, people, until, reason, at } => {
                let (by, of) = key.names();
                let people = Value::from(*people);
                vec![Value::from(by), Value::from(of), people, time(until), Value::from(reason.as_str()), time(at)]
            }
            Entry::Day { day, document } => vec![Value::from(day.to_string()), hex(document)],
            Entry::Dummy => Vec::new(),
        };
        let kind = (KIND_FIELD, Value::from(self.kind().as_str()));
        std::iter::once(kind).chain(self.kind().fields().iter().copied().zip(values)).collect()
    }

    /// Opens an entry: the disclosures belong to the leaf, and are exactly the fields of one kind.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn open<T: AsRef<str>>(leaf: &[u8], disclosures: &[T]) -> Result<Self, EntryError> {
        Opened(check_disclosures(leaf, disclosures)?).entry()
    }
}

/// Fields by name.
struct Opened(BTreeMap<String, Value>);

impl Opened {
    fn entry(&self) -> Result<Entry, EntryError> {
        let kind = self.0.get(KIND_FIELD).and_then(Value::as_str).and_then(|text| EntryKind::parse(text).ok());
        let kind = kind.ok_or(EntryError::Kind)?;
        let known = |name: &String| name == KIND_FIELD || kind.fields().contains(&name.as_str());
        if self.0.len() != kind.fields().len() + 1 || !self.0.keys().all(known) {
            return Err(EntryError::Fields(kind));
        }
        Ok(match kind {
            EntryKind::Answer => self.answer()?,
            EntryKind::Totals => Entry::Totals {
                number: self.number("number")?,
                totals: self.read("totals", Digest::parse)?,
                at: self.time("at")?,
            },
            EntryKind::Incident => Entry::Incident {
                kind: self.read("incident", IncidentKind::parse)?,
                subject: self.text("subject")?.to_owned(),
                detail: self.read("detail", Digest::parse)?,
                at: self.time("at")?,
            },
            EntryKind::Pause => Entry::Pause { reason: self.read("reason", Reason::parse)?, at: self.time("at")? },
            EntryKind::Resume => Entry::Resume { reason: self.read("reason", Reason::parse)?, at: self.time("at")? },
            EntryKind::Lift => Entry::Lift {
                key: CounterKey::parse(self.text("by")?, self.text("of")?).map_err(|_| EntryError::Value("of"))?,
                people: self.number("people")?,
                until: self.time("until")?,
                reason: self.read("reason", Reason::parse)?,
                at: self.time("at")?,
            },
            EntryKind::Day => {
                Entry::Day { day: self.read("day", Date::parse)?, document: self.read("document", Digest::parse)? }
            }
            EntryKind::Dummy => Entry::Dummy,
        })
    }

    /// As in a receipt: a refusal has a code and an answer has none.
    fn answer(&self) -> Result<Entry, EntryError> {
        let outcome = self.read("outcome", Outcome::parse)?;
        let code = match (self.0.get("code"), outcome) {
            (Some(Value::Null), Outcome::Answered) => None,
            (Some(Value::String(code)), Outcome::Refused) => Some(code.clone()),
            _ => return Err(EntryError::Value("code")),
        };
        let (receipt, order) = (self.read("receipt", Digest::parse)?, self.read("order", Digest::parse)?);
        Ok(Entry::Answer { receipt, order, outcome, code, at: self.time("at")? })
    }

    fn text(&self, name: &'static str) -> Result<&str, EntryError> {
        self.0.get(name).and_then(Value::as_str).ok_or(EntryError::Value(name))
    }

    fn read<T, E>(&self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, EntryError> {
        parse(self.text(name)?).map_err(|_| EntryError::Value(name))
    }

    fn time(&self, name: &'static str) -> Result<Timestamp, EntryError> {
        self.read(name, Timestamp::parse)
    }

    fn number(&self, name: &'static str) -> Result<u32, EntryError> {
        let number = self.0.get(name).and_then(Value::as_u64);
        number.and_then(|number| u32::try_from(number).ok()).ok_or(EntryError::Value(name))
    }
}
