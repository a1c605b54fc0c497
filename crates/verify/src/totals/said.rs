//! What one sealed leaf says, by its disclosures.

use crate::wire::Outcome;
use countersign_core::approval::Verdict;
use countersign_core::class::Class;
use countersign_core::id::Digest;
use countersign_core::leaf::{CheckOutcome, KIND_FIELD, LeafKind};
use countersign_core::order::Kind;
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::SealedLeaf;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What one leaf says, as far as it is counted.
pub(super) enum Said {
    Order(SaidOrder),
    Approval(Verdict),
    Answered(Digest),
    TrusteeRefused(String),
    Refused { reasons: Vec<String>, people: u64, cells: u64 },
    Released { order: Digest, people: u64, cells: u64 },
    Asked(u64),
    Checked(CheckOutcome),
    Incident(String),
    Other,
}

/// What an order's leaf says.
pub(super) struct SaidOrder {
    pub(super) order: Digest,
    pub(super) kind: Kind,
    pub(super) people: u64,
    pub(super) cells: u64,
    /// Last second of the quarter of its latest opening.
    pub(super) until: Timestamp,
}

/// Reads one leaf by its disclosures, which must be exactly the fields of its kind.
pub(super) fn read<T: AsRef<str>>(entry: &[u8], disclosures: &[T]) -> Result<(LeafKind, Said), String> {
    let leaf = SealedLeaf::parse(entry).map_err(|error| format!("disclosures of what is no sealed leaf: {error}"))?;
    let fields = Fields(leaf.check(disclosures).map_err(|error| error.to_string())?);
    let kind = fields.read(KIND_FIELD, |value| LeafKind::parse(value.as_str()?).ok())?;
    fields.are_exactly_of(kind)?;
    let said = Said::of(kind, &fields)?;
    Ok((kind, said))
}

impl Said {
    fn of(kind: LeafKind, fields: &Fields) -> Result<Self, String> {
        let number = |name| fields.read(name, Value::as_u64);
        let text = |name| fields.read(name, |value| value.as_str().map(str::to_owned));
        let one_digest = |value: &Value| Digest::parse(value.as_str()?).ok();
        let digest = |name| fields.read(name, one_digest);
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
                Said::Order(SaidOrder {
                    order: digest("order")?,
                    kind: fields.read("order_kind", |value| Kind::parse(value.as_str()?).ok())?,
                    people,
                    cells: people.saturating_mul(classes.len() as u64),
                    until: fields.read("latest_opening", |value| Timestamp::parse(value.as_str()?).ok())?.quarter_end(),
                })
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
            LeafKind::Release => {
                Said::Released { order: digest("order")?, people: number("people")?, cells: number("cells")? }
            }
            LeafKind::Verified => {
                Said::Checked(fields.read("outcome", |value| CheckOutcome::parse(value.as_str()?).ok())?)
            }
            LeafKind::Request => Said::Asked(number("people_asked")?),
            LeafKind::Incident => Said::Incident(text("code")?),
            LeafKind::ListUpdate => {
                digest("document")?;
                digest("list")?;
                fields.read("before", |value| value.is_null().then_some(()).or_else(|| one_digest(value).map(drop)))?;
                text("source")?;
                for count in ["listed", "added", "changed", "removed"] {
                    number(count)?;
                }
                fields.read("at", |value| Timestamp::parse(value.as_str()?).ok())?;
                Said::Other
            }
            LeafKind::Contact
            | LeafKind::Finding
            | LeafKind::Decision
            | LeafKind::Intent
            | LeafKind::Notice
            | LeafKind::Delay
            | LeafKind::Lookup
            | LeafKind::LookupReceipt
            | LeafKind::LookupOutcome
            | LeafKind::Retention
            | LeafKind::View
            | LeafKind::Step
            | LeafKind::Restriction
            | LeafKind::Query
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Vectors {
        leaves: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        expect: String,
        leaf: String,
        disclosures: Vec<String>,
    }

    #[test]
    fn opened_updates_of_lists_have_exactly_their_fields() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../../../../vectors/screen/list-update.json")).unwrap();
        for case in vectors.leaves {
            let found = read(case.leaf.as_bytes(), &case.disclosures);
            // Whether the record says the same is not asked here: a log holds no records.
            assert_eq!(found.is_ok(), case.expect != "fields", "{}: {:?}", case.name, found.err());
        }
    }
}
