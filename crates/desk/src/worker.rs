//! Orders for a worker: what it is given before it binds itself, and to whom a release goes.

use crate::countersign::proposal;
use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::publish::PublicOrder;
use countersign_core::id::{CaseId, PersonId};
use countersign_core::json::Exact;
use countersign_core::order::{Mode, Order};
use countersign_core::worker::Worker;
use countersign_verify::evidence::{Files, SUMS, sums};
use countersign_verify::worker::check_binding;

/// To whom trustees encrypt, and to whom the package is encrypted.
pub(crate) struct Reader {
    /// X-Wing key, base64.
    pub(crate) key: String,
    /// age recipient; none for a worker.
    pub(crate) age: Option<String>,
}

impl Desk {
    /// The worker in force with this name.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub fn worker(&self, name: &PersonId) -> Result<Worker> {
        let state = self.control().at(self.now());
        let found = state.workers().values().find(|worker| worker.name == *name).cloned();
        found.ok_or_else(|| DeskError::not_found("worker in force", name))
    }

    /// What a worker needs to see that its order is public: the folder that it checks before it binds itself.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the order names no worker or is not approved; [`DeskError::Journal`] when it cannot be shown to be
    /// public.
    pub async fn worker_job(&self, case: &CaseId, by: &PersonId) -> Result<Files> {
        let file = self.case(case).await?;
        let order = &proposal(&file)?.order;
        if order.value().recipient.mode != Mode::Worker {
            return Err(DeskError::Input("the order names no worker: it is released to the authority".into()));
        }
        let public = self.publish(case, by).await?;
        self.job_of(order, &public).await
    }

    pub(crate) async fn job_of(&self, order: &Exact<Order>, public: &PublicOrder) -> Result<Files> {
        let mut files = Files::from([
            ("order.json".into(), order.bytes().to_vec()),
            ("order.leaf".into(), public.leaf.leaf().to_vec()),
            ("order.disclosures.json".into(), serde_json::to_vec(&public.disclosures).map_err(DeskError::internal)?),
            ("order.tlog-proof".into(), public.leaf.proof().to_string().into_bytes()),
        ]);
        files.extend(self.control_files().await?);
        let list = sums(&files);
        files.insert(SUMS.into(), list.into_bytes());
        Ok(files)
    }

    /// The reader of an order whose leaf stands at `index`.
    pub(crate) fn reader(&self, order: &Exact<Order>, index: u64, binding: Option<&str>) -> Result<Reader> {
        if order.value().recipient.mode == Mode::Worker {
            let now = self.now();
            let bound = check_binding(&self.control().at(now), order, index, binding, now)
                .map_err(|refusal| DeskError::Input(refusal.detail().to_owned()))?;
            return Ok(Reader { key: bound.text, age: None });
        }
        if binding.is_some() {
            return Err(DeskError::Input("a binding to an order that names no worker".into()));
        }
        let keys = self.authority(&order.value().authority)?.recipient.as_ref();
        Ok(Reader {
            key: keys.map(|keys| keys.xwing_key.clone()).unwrap_or_default(),
            age: Some(keys.map(|keys| keys.age.clone()).unwrap_or_default()),
        })
    }
}
