//! "Was this asked, and is this what was answered?": the leaf of a question how many clients a request would expose, opened.
//!
//! Bytes and rules: `docs/formats/query.md`.

use crate::order_leaf::{OrderLeafError, check_fields};
use countersign_core::band::Band;
use countersign_core::id::Digest;
use countersign_core::json::{DocumentError, Exact};
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_core::query::{Query, TraceOrder};
use serde::Deserialize;
use serde_json::Value;

/// Longest accepted opening.
pub const MAX_OPENING: usize = 512 * 1024;

countersign_core::version_tag!(
    /// Version of the format of openings.
    QueryOpeningV1 = "countersign/query-opening/v1"
);

/// What somebody shows who opens the leaf of a question.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryOpening {
    /// Format version.
    pub v: QueryOpeningV1,
    /// The leaf, exactly as in the journal.
    pub leaf: String,
    /// Its disclosures.
    pub disclosures: Vec<String>,
    /// Exact text of the tracing order.
    pub order: String,
    /// Exact text of the question with its answer.
    pub query: String,
}

impl countersign_core::json::Document for QueryOpening {
    const WHAT: &'static str = "opening of a query";
    const DOMAIN: &'static str = QueryOpeningV1::TEXT;
    const MAX_LEN: usize = MAX_OPENING;
}

/// Why an opening does not hold.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// One of the documents is none.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The leaf does not say it.
    #[error(transparent)]
    Leaf(#[from] OrderLeafError),
    /// Order and question do not belong together.
    #[error("the question is not one of this order: {0}")]
    Order(&'static str),
}

/// What an opening shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFacts {
    /// Digest of the tracing order.
    pub order: Digest,
    /// Digest of the question, as the leaf names it.
    pub query: Digest,
    /// Payments to the addresses.
    pub payments: Band,
    /// Distinct clients at one payment, at most two, and so on.
    pub clients: Vec<Band>,
    /// SHA-256 of the leaf, by which the journal is asked for it.
    pub leaf: Digest,
}

/// Every field of a question's leaf, `kind` first, in the order of the table. The addresses are not among them.
pub fn query_leaf_fields(query: &Exact<Query>) -> Vec<(&'static str, Value)> {
    let value = query.value();
    vec![
        (KIND_FIELD, Value::from(LeafKind::Query.as_str())),
        ("document", Value::from(query.digest().to_hex())),
        ("purpose", Value::from("request")),
        ("order", Value::from(value.order.to_hex())),
        ("hops", Value::from(value.asked.hops)),
        ("payments", Value::from(value.payments.to_string())),
        ("clients", value.by_hops().iter().map(Band::to_string).map(Value::from).collect()),
        ("at", Value::from(value.at.to_string())),
    ]
}

/// Checks an opening: the question is one of the order, and the leaf says exactly what was answered. Whether the leaf stands in the journal is
/// for whoever has the journal.
///
/// # Errors
/// [`QueryError`] for the first check that fails.
pub fn check_query(bytes: &[u8]) -> Result<QueryFacts, QueryError> {
    let opening = Exact::<QueryOpening>::parse(bytes)?;
    let opening = opening.value();
    let order = Exact::<TraceOrder>::parse(opening.order.as_bytes())?;
    let query = Exact::<Query>::parse(opening.query.as_bytes())?;
    query.value().check_order(&order.digest(), order.value()).map_err(QueryError::Order)?;
    check_fields(query_leaf_fields(&query), opening.leaf.as_bytes(), &opening.disclosures)?;
    Ok(QueryFacts {
        order: order.digest(),
        query: query.digest(),
        payments: query.value().payments,
        clients: query.value().by_hops(),
        leaf: countersign_core::digest::plain(opening.leaf.as_bytes()),
    })
}

#[cfg(test)]
mod tests;
