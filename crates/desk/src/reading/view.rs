//! Lane 1: an agent sees the masked view of a client. Nothing is released and no trustee is asked; each view is signed by the agent,
//! counted against a budget, and logged before it is shown.

use crate::case_file::kind;
use crate::desk::{Desk, stored};
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use crate::register::{MaskedView, ReferenceKey};
use countersign_approve::verify_approval;
use countersign_core::approval::{Approval, SignerRole, Verdict};
use countersign_core::id::{Handle, PersonId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::reading::{Reason, ViewRecord, ViewRecordV1};
use countersign_core::time::{Date, Timestamp};
use countersign_seal::sigma::Sigma;
use countersign_verify::request::SKEW;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most masked views of one agent on one day (UTC).
pub const VIEWS_A_DAY: u32 = 200;

/// The agent has seen as many views today as one agent may.
pub const VIEW_BUDGET: &str = "VIEW_BUDGET";

/// A masked view that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The view.
    pub view: MaskedView,
    /// How many the agent has seen today, with this one.
    pub today: u32,
}

/// What is counted of one agent: the latest day and its views.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    day: Date,
    views: u32,
}

impl Desk {
    /// What an agent signs to see a client's masked view.
    ///
    /// # Errors
    /// [`DeskError::Refused`] for somebody who is no agent in force.
    pub fn draft_view(&self, agent: &PersonId, client: &Handle, reason: Reason) -> Result<Exact<ViewRecord>> {
        self.agent(agent)?;
        let record = ViewRecord { v: ViewRecordV1, client: *client, agent: agent.clone(), reason, at: self.now() };
        Ok(Exact::write(record)?)
    }

    /// Counts and logs a view that its agent has signed, and only then opens it.
    ///
    /// # Errors
    /// [`DeskError::Refused`] for somebody who is no agent in force, or beyond the budget; [`DeskError::Input`] without a signature that
    /// was made now, or without a view to show.
    pub async fn show_view(
        &self,
        record: &Exact<ViewRecord>,
        signed: &Exact<Approval>,
        references: &ReferenceKey,
    ) -> Result<Shown> {
        self.check_view(record, signed)?;
        let value = record.value();
        let sealed = self.store.view_of(&value.client).await?;
        let sealed = sealed.ok_or_else(|| {
            DeskError::Input(
                "no masked view of this client is kept: views are derived when a client is imported".into(),
            )
        })?;
        let sigma = self.sigmas.sigma(&value.client).await?;
        let sigma = sigma.ok_or_else(|| DeskError::Input("the client is erased: there is nothing to see".into()))?;
        let _turn = self.queue.lock().await;
        // Counted first: whoever stops the program between has seen nothing and has one view less.
        let today = self.count_view(value).await?;
        let detail = format!("`{}` sees the masked view of a honey record, giving `{}`", value.agent, value.reason);
        self.alarm_if_honey(std::iter::once(&value.client), &record.digest(), &detail).await?;
        let values = vec![Value::from(record.digest().to_hex()), Value::from(value.at.to_string())];
        let logged = leaf(LeafKind::View, self.now(), values, &mut *self.rng())?;
        let documents = vec![stored(kind::VIEW, record), stored(kind::APPROVAL, signed)];
        self.store.append_leaves(documents, vec![logged]).await?;
        let opened = references.views().open(&value.client, &Sigma::from_bytes(*sigma), &sealed);
        let opened = opened.map_err(DeskError::internal)?;
        Ok(Shown { view: Exact::<MaskedView>::parse(&opened)?.value().clone(), today })
    }

    fn check_view(&self, record: &Exact<ViewRecord>, signed: &Exact<Approval>) -> Result<()> {
        let (value, approval) = (record.value(), signed.value());
        let agent = self.agent(&value.agent)?;
        verify_approval(approval, &record.digest(), &agent).map_err(|error| DeskError::Input(error.to_string()))?;
        let now = self.now();
        let recent = |at: Timestamp| (now.plus(-SKEW)..=now.plus(SKEW)).contains(&at);
        let own = (approval.role, approval.verdict) == (SignerRole::Agent, Verdict::Approve);
        if own && recent(value.at) && recent(approval.at) {
            return Ok(());
        }
        Err(DeskError::Input(format!("`{}` has to sign this view as the agent, now", value.agent)))
    }

    async fn count_view(&self, view: &ViewRecord) -> Result<u32> {
        let (name, day) = (format!("reading/views/{}", view.agent), self.now().date());
        let before = match self.store.setting(&name).await? {
            None => 0,
            Some(bytes) => {
                let seen: Seen = serde_json::from_slice(&bytes).map_err(DeskError::internal)?;
                // A clock that went back gives no new budget.
                if seen.day >= day { seen.views } else { 0 }
            }
        };
        if before >= VIEWS_A_DAY {
            let detail = format!("`{}` has seen {before} masked views today, the most of one agent", view.agent);
            return Err(DeskError::Refused { code: VIEW_BUDGET, detail });
        }
        let seen = Seen { day, views: before.saturating_add(1) };
        let bytes = serde_json::to_vec(&seen).map_err(DeskError::internal)?;
        self.store.set_setting(&name, &bytes).await?;
        Ok(seen.views)
    }
}
