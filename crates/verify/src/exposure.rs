//! "What was said about which own deposits, under which standing order?": the leaf of a run over own deposits, opened.
//!
//! Bytes and rules: `docs/formats/exposure.md`.

use crate::order_leaf::{OrderLeafError, check_fields};
use countersign_core::band::Band;
use countersign_core::exposure::{ExposureOrder, ExposureRun};
use countersign_core::id::Digest;
use countersign_core::json::{DocumentError, Exact};
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use serde::Deserialize;
use serde_json::Value;

/// Longest accepted opening.
pub const MAX_EXPOSURE_OPENING: usize = 6 * 1024 * 1024;

countersign_core::version_tag!(
    /// Version of the format of openings.
    ExposureOpeningV1 = "countersign/exposure-opening/v1"
);

/// What somebody shows who opens the leaf of a run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExposureOpening {
    /// Format version.
    pub v: ExposureOpeningV1,
    /// The leaf, exactly as in the journal.
    pub leaf: String,
    /// Its disclosures.
    pub disclosures: Vec<String>,
    /// Exact text of the standing order.
    pub order: String,
    /// Exact text of the run.
    pub run: String,
}

impl countersign_core::json::Document for ExposureOpening {
    const WHAT: &'static str = "opening of a run over own deposits";
    const DOMAIN: &'static str = ExposureOpeningV1::TEXT;
    const MAX_LEN: usize = MAX_EXPOSURE_OPENING;
}

/// Why an opening does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ExposureError {
    /// One of the documents is none.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The leaf does not say it.
    #[error(transparent)]
    Leaf(#[from] OrderLeafError),
    /// Order and run do not belong together.
    #[error("the run is not one of this standing order: {0}")]
    Order(&'static str),
}

/// What an opening shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposureFacts {
    /// Digest of the standing order.
    pub order: Digest,
    /// Digest of the run, as the leaf names it.
    pub run: Digest,
    /// Number of the run.
    pub number: u32,
    /// Deposits of the run.
    pub deposits: Band,
    /// Of them those that came to each verdict, in the order of [`Verdict::ALL`](countersign_core::exposure::Verdict::ALL).
    pub verdicts: Vec<Band>,
    /// SHA-256 of the leaf, by which the journal is asked for it.
    pub leaf: Digest,
}

/// Whether these bytes say of themselves that they are the opening of a run over own deposits, and not of a question.
pub fn is_exposure_opening(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Version {
        v: String,
    }
    bytes.len() <= MAX_EXPOSURE_OPENING
        && serde_json::from_slice::<Version>(bytes).is_ok_and(|found| found.v == ExposureOpeningV1::TEXT)
}

/// Every field of a run's leaf, `kind` first, in the order of the table. No deposit is among them.
pub fn exposure_leaf_fields(order: &ExposureOrder, run: &Exact<ExposureRun>) -> Vec<(&'static str, Value)> {
    let value = run.value();
    vec![
        (KIND_FIELD, Value::from(LeafKind::Query.as_str())),
        ("document", Value::from(run.digest().to_hex())),
        ("purpose", Value::from("sanctions")),
        ("order", Value::from(value.order.to_hex())),
        ("hops", Value::from(order.payments)),
        ("payments", Value::from(Band::of(value.deposits.len()).to_string())),
        ("clients", value.by_verdict().iter().map(Band::to_string).map(Value::from).collect()),
        ("at", Value::from(value.at.to_string())),
    ]
}

/// Checks an opening: the run is one of the standing order, its verdicts follow from its shares and the threshold, and the leaf says exactly
/// what was answered. Whether the leaf stands in the journal is for whoever has the journal.
///
/// # Errors
/// [`ExposureError`] for the first check that fails.
pub fn check_exposure(bytes: &[u8]) -> Result<ExposureFacts, ExposureError> {
    let opening = Exact::<ExposureOpening>::parse(bytes)?;
    let opening = opening.value();
    let order = Exact::<ExposureOrder>::parse(opening.order.as_bytes())?;
    let run = Exact::<ExposureRun>::parse(opening.run.as_bytes())?;
    run.value().check_order(&order.digest(), order.value()).map_err(ExposureError::Order)?;
    check_fields(exposure_leaf_fields(order.value(), &run), opening.leaf.as_bytes(), &opening.disclosures)?;
    Ok(ExposureFacts {
        order: order.digest(),
        run: run.digest(),
        number: run.value().number,
        deposits: Band::of(run.value().deposits.len()),
        verdicts: run.value().by_verdict(),
        leaf: countersign_core::digest::plain(opening.leaf.as_bytes()),
    })
}

#[cfg(test)]
mod tests;
