//! Reading in daily operation: a queue that assigns cases to agents, readings by three lanes, honey records.
//!
//! The agent signs, the order becomes public, trustees answer to the agent's own key: the desk relays what it cannot read.
//! Tickets are kept by this desk alone; trustees do not see them, and hold the budgets. Rules: `docs/formats/reading.md`.

mod draft;
mod honey;
mod queue;
mod read;
mod signed;
mod view;

pub use draft::{About, Drafted, NewReading};
pub use honey::HONEY;
pub use queue::Ticket;
pub use read::{Asked, ForReader, ReadableRecord};
pub use view::{Shown, VIEW_BUDGET, VIEWS_A_DAY};

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use countersign_core::control::{Person, Role};
use countersign_core::id::{Digest, OrderId, PersonId};
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_core::reading::Reading;
use countersign_core::time::Timestamp;
use countersign_verify::manifest::Manifest;
use serde::{Deserialize, Serialize};

/// Codes of what the desk itself refuses; what trustees refuse has theirs.
pub mod refused {
    /// The queue has not assigned this case to this agent.
    pub const NOT_ASSIGNED: &str = "NOT_ASSIGNED";
    /// Not an agent of the roster in force.
    pub const NOT_AN_AGENT: &str = "NOT_AN_AGENT";
}

/// A reading on its way, as the desk finds it again. Digests name documents of the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pending {
    order: Digest,
    reading: Digest,
    manifest: Digest,
    /// Key of the order's leaf, decided before the leaf is made.
    leaf: Option<Digest>,
    /// The first proof under which the leaf was public, and since when it shows that.
    seasoned: Option<(String, Timestamp)>,
    /// Approvals and consents, in the order in which they came.
    signed: Vec<Digest>,
}

/// The documents of one reading.
pub(crate) struct Documents {
    pub(crate) order: Exact<Order>,
    pub(crate) reading: Exact<Reading>,
    pub(crate) manifest: Exact<Manifest>,
    pub(crate) signed: Vec<String>,
}

impl Desk {
    /// An agent in force.
    pub(crate) fn agent(&self, id: &PersonId) -> Result<Person> {
        let state = self.control().counting_at(self.now());
        let agent = state.people().get(id).filter(|person| person.roles.contains(&Role::Agent));
        agent.cloned().ok_or_else(|| DeskError::Refused {
            code: refused::NOT_AN_AGENT,
            detail: format!("`{id}` is not an agent of the roster in force"),
        })
    }

    /// Whether a reading with this order was drafted here.
    pub(crate) async fn has_reading(&self, id: &OrderId) -> Result<bool> {
        Ok(self.store.setting(&pending_setting(id)).await?.is_some())
    }

    async fn pending_reading(&self, id: &OrderId) -> Result<Pending> {
        let bytes = self.store.setting(&pending_setting(id)).await?;
        let bytes = bytes.ok_or_else(|| DeskError::not_found("reading", id))?;
        serde_json::from_slice(&bytes).map_err(DeskError::internal)
    }

    async fn keep_pending(&self, id: &OrderId, pending: &Pending) -> Result<()> {
        let bytes = serde_json::to_vec(pending).map_err(DeskError::internal)?;
        Ok(self.store.set_setting(&pending_setting(id), &bytes).await?)
    }

    async fn reading_documents(&self, pending: &Pending) -> Result<Documents> {
        let mut signed = Vec::with_capacity(pending.signed.len());
        for digest in &pending.signed {
            let stored = self.store.document(digest).await?.ok_or_else(|| DeskError::not_found("document", digest))?;
            signed.push(String::from_utf8(stored.bytes).map_err(DeskError::internal)?);
        }
        Ok(Documents {
            order: self.read(&pending.order).await?,
            reading: self.read(&pending.reading).await?,
            manifest: self.read(&pending.manifest).await?,
            signed,
        })
    }
}

fn pending_setting(id: &OrderId) -> String {
    format!("reading/order/{id}")
}

#[cfg(test)]
mod tests;
