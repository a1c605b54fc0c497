//! What disclosures tell about sealed leaves.

use crate::wire::Outcome;
use countersign_core::approval::Verdict;
use countersign_core::class::Class;
use countersign_core::id::Digest;
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_core::order::Kind;
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::SealedLeaf;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Counts over the sealed leaves whose disclosures are known and hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Inside {
    /// Sealed leaves about which nothing is known.
    pub undisclosed: u64,
    /// Sealed leaves that openings have published, of those counted.
    pub opened: u64,
    /// Leaves by true kind, dummies included.
    pub kinds: BTreeMap<LeafKind, u64>,
    /// Orders.
    pub orders: Orders,
    /// Approvals in favour.
    pub approvals: u64,
    /// Approvals against.
    pub approvals_refused: u64,
    /// Receipts of trustees.
    pub receipts: Receipts,
    /// Refusals sent to authorities.
    pub refusals: Refusals,
    /// Packages handed over.
    pub releases: Releases,
    /// People about whom requests asked.
    pub people_asked: u64,
    /// Incidents by code.
    pub incidents: BTreeMap<String, u64>,
}

/// Orders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Orders {
    /// By kind.
    pub by_kind: BTreeMap<Kind, u64>,
    /// People: the sum of the subjects of all orders.
    pub people: u64,
    /// Cells: the sum of subjects times classes of all orders.
    pub cells: u64,
    /// Orders not yet opened, by the last second of the quarter in which they are opened at the latest.
    pub closed: BTreeMap<Timestamp, ClosedOrders>,
}

/// Orders not yet opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ClosedOrders {
    /// How many.
    pub orders: u64,
    /// For how many people in all.
    pub people: u64,
}

/// Receipts of trustees.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Receipts {
    /// Answers.
    pub answered: u64,
    /// Answers to an order whose leaf is not among the disclosed ones: none, for whoever holds every disclosure.
    pub answered_without_order: u64,
    /// Refusals by code.
    pub refused: BTreeMap<String, u64>,
}

/// Refusals sent to authorities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Refusals {
    /// How many.
    pub count: u64,
    /// By reason; one refusal may have several.
    pub reasons: BTreeMap<String, u64>,
    /// People about whom they would have told.
    pub people: u64,
    /// Cells they would have given.
    pub cells: u64,
}

/// Packages handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Releases {
    /// How many.
    pub count: u64,
    /// People in all.
    pub people: u64,
    /// Cells in all.
    pub cells: u64,
}

/// The count under way.
pub(super) struct Counting {
    sealed: u64,
    known: u64,
    inside: Inside,
    orders: BTreeSet<Digest>,
    answered: Vec<Digest>,
}

impl Counting {
    pub(super) fn new(sealed: u64) -> Self {
        Self { sealed, known: 0, inside: Inside::default(), orders: BTreeSet::new(), answered: Vec::new() }
    }

    /// Counts one leaf by its disclosures, which must be exactly the fields of its kind. A leaf with a fault counts nothing.
    pub(super) fn leaf(&mut self, entry: &[u8], texts: &BTreeSet<&str>, opened: bool) -> Result<(), String> {
        let leaf =
            SealedLeaf::parse(entry).map_err(|error| format!("disclosures of what is no sealed leaf: {error}"))?;
        let texts: Vec<&str> = texts.iter().copied().collect();
        let fields = Fields(leaf.check(&texts).map_err(|error| error.to_string())?);
        let kind = fields.read(KIND_FIELD, |value| LeafKind::parse(value.as_str()?).ok())?;
        fields.are_exactly_of(kind)?;
        let said = Said::read(kind, &fields)?;
        if let Said::Order { order, .. } = &said
            && !self.orders.insert(*order)
        {
            return Err(format!("order {order} stands in the journal twice"));
        }
        self.known += 1;
        self.inside.opened += u64::from(opened);
        *self.inside.kinds.entry(kind).or_default() += 1;
        self.count(said, opened);
        Ok(())
    }

    fn count(&mut self, said: Said, opened: bool) {
        let inside = &mut self.inside;
        match said {
            Said::Order { order: _, kind, people, cells, latest_opening } => {
                *inside.orders.by_kind.entry(kind).or_default() += 1;
                add(&mut inside.orders.people, people);
                add(&mut inside.orders.cells, cells);
                if !opened {
                    let closed = inside.orders.closed.entry(latest_opening).or_default();
                    closed.orders += 1;
                    add(&mut closed.people, people);
                }
            }
            Said::Approval(Verdict::Approve) => inside.approvals += 1,
            Said::Approval(Verdict::Refuse) => inside.approvals_refused += 1,
            Said::Answered(order) => {
                inside.receipts.answered += 1;
                self.answered.push(order);
            }
            Said::TrusteeRefused(code) => *inside.receipts.refused.entry(code).or_default() += 1,
            Said::Refused { reasons, people, cells } => {
                inside.refusals.count += 1;
                for reason in reasons {
                    *inside.refusals.reasons.entry(reason).or_default() += 1;
                }
                add(&mut inside.refusals.people, people);
                add(&mut inside.refusals.cells, cells);
            }
            Said::Released { people, cells } => {
                inside.releases.count += 1;
                add(&mut inside.releases.people, people);
                add(&mut inside.releases.cells, cells);
            }
            Said::Asked(people) => add(&mut inside.people_asked, people),
            Said::Incident(code) => *inside.incidents.entry(code).or_default() += 1,
            Said::Other => {}
        }
    }

    pub(super) fn done(mut self) -> Inside {
        self.inside.undisclosed = self.sealed.saturating_sub(self.known);
        let without = self.answered.iter().filter(|order| !self.orders.contains(*order)).count();
        self.inside.receipts.answered_without_order = without as u64;
        self.inside
    }
}

fn add(sum: &mut u64, number: u64) {
    *sum = sum.saturating_add(number);
}

/// What one leaf says, as far as it is counted.
enum Said {
    Order { order: Digest, kind: Kind, people: u64, cells: u64, latest_opening: Timestamp },
    Approval(Verdict),
    Answered(Digest),
    TrusteeRefused(String),
    Refused { reasons: Vec<String>, people: u64, cells: u64 },
    Released { people: u64, cells: u64 },
    Asked(u64),
    Incident(String),
    Other,
}

impl Said {
    fn read(kind: LeafKind, fields: &Fields) -> Result<Self, String> {
        let number = |name| fields.read(name, Value::as_u64);
        let text = |name| fields.read(name, |value| value.as_str().map(str::to_owned));
        let digest = |name| fields.read(name, |value| Digest::parse(value.as_str()?).ok());
        Ok(match kind {
            LeafKind::Order => {
                let classes = fields.read("classes", |value| {
                    value
                        .as_array()?
                        .iter()
                        .map(|name| Class::parse(name.as_str()?).ok())
                        .collect::<Option<BTreeSet<_>>>()
                })?;
                let people = number("subjects")?;
                Said::Order {
                    order: digest("order")?,
                    kind: fields.read("order_kind", |value| Kind::parse(value.as_str()?).ok())?,
                    people,
                    cells: people.saturating_mul(classes.len() as u64),
                    latest_opening: fields
                        .read("latest_opening", |value| Timestamp::parse(value.as_str()?).ok())?
                        .quarter_end(),
                }
            }
            LeafKind::Approval => Said::Approval(fields.read("verdict", |value| Verdict::parse(value.as_str()?).ok())?),
            LeafKind::Receipt => match fields.read("outcome", |value| Outcome::parse(value.as_str()?).ok())? {
                Outcome::Answered => Said::Answered(digest("order")?),
                Outcome::Refused => Said::TrusteeRefused(text("code")?),
            },
            LeafKind::Refusal => Said::Refused {
                reasons: fields.read("reasons", |value| {
                    value.as_array()?.iter().map(|reason| reason.as_str().map(str::to_owned)).collect()
                })?,
                people: number("people_asked")?,
                cells: number("cells_asked")?,
            },
            LeafKind::Release => Said::Released { people: number("people")?, cells: number("cells")? },
            LeafKind::Request => Said::Asked(number("people_asked")?),
            LeafKind::Incident => Said::Incident(text("code")?),
            LeafKind::Contact
            | LeafKind::Verified
            | LeafKind::Finding
            | LeafKind::Decision
            | LeafKind::Intent
            | LeafKind::Notice
            | LeafKind::Delay
            | LeafKind::Lookup
            | LeafKind::Dummy => Said::Other,
        })
    }
}

/// The disclosed fields of one leaf.
struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// A field by name, as `parse` reads it.
    fn read<T>(&self, name: &str, parse: impl FnOnce(&Value) -> Option<T>) -> Result<T, String> {
        let value = self.0.get(name).ok_or_else(|| format!("the field `{name}` is withheld"))?;
        parse(value).ok_or_else(|| format!("the field `{name}` does not have a value of its kind"))
    }

    fn are_exactly_of(&self, kind: LeafKind) -> Result<(), String> {
        let expected: BTreeSet<&str> = kind.fields().iter().copied().chain([KIND_FIELD]).collect();
        let found: BTreeSet<&str> = self.0.keys().map(String::as_str).collect();
        if let Some(name) = expected.difference(&found).next() {
            return Err(format!("the field `{name}` of a leaf of kind `{kind}` is withheld"));
        }
        match found.difference(&expected).next() {
            None => Ok(()),
            Some(name) => Err(format!("a leaf of kind `{kind}` has no field `{name}`")),
        }
    }
}
