//! An order that is public, before any trustee has answered it: what a worker looks at before it makes a key for it.

use super::files::{Fault, Files, SUMS, check_sums, file};
use super::history::{History, prove};
use super::{document, plain_json};
use crate::order_leaf::check_order_leaf;
use crate::request::SKEW;
use crate::state::InForce;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_core::time::Timestamp;
use countersign_tlog::proof::Included;

/// An order in the witnessed journal.
pub struct PublicOrder {
    /// The order.
    pub order: Exact<Order>,
    /// Digest of genesis: to be compared with the one pinned.
    pub genesis: Digest,
    /// The control state by all control leaves of the folder.
    pub state: InForce,
    /// The order's place in the journal.
    pub included: Included,
}

const FILES: [&str; 5] = [SUMS, "order.json", "order.leaf", "order.disclosures.json", "order.tlog-proof"];

/// Checks a folder with an order, its leaf, and the control leaves: as much of evidence as there is before an answer.
///
/// # Errors
/// [`Fault`] naming the first file that does not hold.
pub fn public_order(files: &Files, pinned: Option<&Digest>, now: Timestamp) -> Result<PublicOrder, Fault> {
    check_sums(files)?;
    if let Some(path) = files.keys().find(|path| !FILES.contains(&path.as_str()) && !path.starts_with("control/")) {
        return Err(Fault::new(path, "does not belong to an order that nobody has answered"));
    }
    let order: Exact<Order> = document(files, "order.json")?;
    let value = order.value();
    let history = History::read(files, pinned)?;
    let genesis = history.genesis().genesis();
    if value.custodian != genesis.value().custodian.id {
        return Err(Fault::new("order.json", "is of another custodian"));
    }
    let digest = genesis.digest();
    let state = history.in_force(now);
    if state.is_held(&value.id) {
        return Err(Fault::new("order.json", "is held by a control leaf"));
    }
    if now.plus(SKEW) < value.not_before || now >= value.expires {
        return Err(Fault::new("order.json", format!("is valid from {} until {}", value.not_before, value.expires)));
    }
    let leaf = file(files, "order.leaf")?;
    let disclosures: Vec<String> = plain_json(files, "order.disclosures.json")?;
    check_order_leaf(&order, leaf, &disclosures).map_err(|error| Fault::new("order.leaf", error))?;
    let included = prove(files, "order.tlog-proof", leaf, state.witness_policy())?;
    Ok(PublicOrder { order, genesis: digest, state, included })
}
