//! The order's leaf: which fields it must disclose, computed from the order.

use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_core::order::Order;
use countersign_tlog::leaf::{DisclosureError, LeafError, SealedLeaf};
use serde_json::Value;

/// Why leaf and order do not belong together.
#[derive(Debug, thiserror::Error)]
pub enum OrderLeafError {
    /// Leaf or disclosures are not well formed.
    #[error("leaf of the order: {0}")]
    Leaf(#[from] LeafError),
    /// A disclosure is not of this leaf.
    #[error("leaf of the order: {0}")]
    Disclosure(#[from] DisclosureError),
    /// A field is withheld, added, or differs from the order.
    #[error("leaf of the order: the field `{0}` is withheld, added or differs from the order")]
    Field(String),
}

/// Every field of an order's leaf, `kind` first, in the order of the table.
pub fn order_leaf_fields(order: &Exact<Order>) -> Vec<(&'static str, Value)> {
    let value = order.value();
    let fields = LeafKind::Order.fields().iter().map(|name| {
        let field = match *name {
            "order" => digest(&order.digest()),
            "case" => digest(&value.case),
            "order_kind" => Value::from(value.kind.as_str()),
            "authority" => Value::from(value.authority.as_str()),
            "manifest" => digest(&value.scope.manifest),
            "subjects" => Value::from(value.scope.subjects),
            "records" => Value::from(value.scope.records),
            "classes" => value.scope.classes.iter().map(|class| class.as_str()).collect(),
            "recipient" => digest(&value.recipient.key),
            "not_before" => Value::from(value.not_before.to_string()),
            "expires" => Value::from(value.expires.to_string()),
            "latest_opening" => Value::from(value.latest_opening.to_string()),
            "delay" => value.delay.as_ref().map_or(Value::Null, digest),
            "ring" => digest(&value.ring),
            _ => Value::Null,
        };
        (*name, field)
    });
    std::iter::once((KIND_FIELD, Value::from(LeafKind::Order.as_str()))).chain(fields).collect()
}

/// Checks that `disclosures` open `leaf` to exactly the fields of `order`.
///
/// # Errors
/// [`OrderLeafError`].
pub fn check_order_leaf(order: &Exact<Order>, leaf: &[u8], disclosures: &[String]) -> Result<(), OrderLeafError> {
    check_fields(order_leaf_fields(order), leaf, disclosures)
}

/// Checks that `disclosures` open `leaf` to exactly these fields.
pub(crate) fn check_fields(
    fields: Vec<(&'static str, Value)>,
    leaf: &[u8],
    disclosures: &[String],
) -> Result<(), OrderLeafError> {
    let leaf = SealedLeaf::parse(leaf)?;
    let mut disclosed = leaf.check(disclosures)?;
    for (name, expected) in fields {
        if disclosed.remove(name).as_ref() != Some(&expected) {
            return Err(OrderLeafError::Field(name.to_owned()));
        }
    }
    match disclosed.into_keys().next() {
        Some(extra) => Err(OrderLeafError::Field(extra)),
        None => Ok(()),
    }
}

fn digest(digest: &Digest) -> Value {
    Value::from(digest.to_hex())
}
