//! Honey records: invented clients that nobody has a reason to read. The list of them is kept as keyed digests, so neither an
//! agent nor a copy of the database tells them from others.

use crate::desk::{Desk, keyed_digest};
use crate::error::{DeskError, Result};
use countersign_core::id::{Digest, Handle};
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_core::reading::Reading;
use countersign_seal::label::Label;
use countersign_verify::manifest::Manifest;
use std::collections::BTreeSet;

/// Code of the incident.
pub const HONEY: &str = "HONEY_RECORD_READ";

const SETTING: &str = "reading/honey";

impl Desk {
    /// Marks a client as a honey record.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a client that is not in the register.
    pub async fn plant_honey(&self, client: &Handle) -> Result<()> {
        if self.store.records_of(client).await?.is_empty() {
            return Err(DeskError::not_found("client", client));
        }
        let _turn = self.queue.lock().await;
        let mut list = self.honey().await?;
        list.insert(self.honey_mark(client)?);
        let bytes = serde_json::to_vec(&list).map_err(DeskError::internal)?;
        Ok(self.store.set_setting(SETTING, &bytes).await?)
    }

    /// Raises the alarm when a reading that is about to be asked touches a honey record. The answer is like any other: whoever
    /// reads must not learn that somebody looks. One incident for each order.
    pub(super) async fn watch_honey(&self, order: &Exact<Order>, reading: &Reading, manifest: &Manifest) -> Result<()> {
        let mut clients = Vec::with_capacity(manifest.entries.len());
        for entry in &manifest.entries {
            clients.push(Label::decode(&entry.label.0).map_err(DeskError::internal)?.head().handle);
        }
        let detail = format!(
            "`{}` reads a honey record by the lane `{}`, giving `{}` as the reason, under order {}",
            reading.agent,
            reading.lane,
            reading.reason,
            order.value().id
        );
        self.alarm_if_honey(clients.iter(), &order.digest(), &detail).await
    }

    /// Registers one incident for `act` when it touches a honey record.
    pub(super) async fn alarm_if_honey(
        &self,
        clients: impl Iterator<Item = &Handle>,
        act: &Digest,
        detail: &str,
    ) -> Result<()> {
        let list = self.honey().await?;
        let mut touched = false;
        for client in clients {
            touched |= list.contains(&self.honey_mark(client)?);
        }
        let name = format!("reading/alarm/{act}");
        if !touched || self.store.setting(&name).await?.is_some() {
            return Ok(());
        }
        let incident = self.incident(HONEY, detail).await?;
        let mut alarms = self.alarms().await?;
        alarms.push(incident.digest());
        let bytes = serde_json::to_vec(&alarms).map_err(DeskError::internal)?;
        self.store.set_setting(ALARMS, &bytes).await?;
        Ok(self.store.set_setting_once(&name, incident.digest().as_bytes()).await?)
    }

    /// Digests of the incidents of honey records, the oldest first.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn alarms(&self) -> Result<Vec<Digest>> {
        match self.store.setting(ALARMS).await? {
            None => Ok(Vec::new()),
            Some(bytes) => serde_json::from_slice(&bytes).map_err(DeskError::internal),
        }
    }

    async fn honey(&self) -> Result<BTreeSet<Digest>> {
        match self.store.setting(SETTING).await? {
            None => Ok(BTreeSet::new()),
            Some(bytes) => serde_json::from_slice(&bytes).map_err(DeskError::internal),
        }
    }

    fn honey_mark(&self, client: &Handle) -> Result<Digest> {
        keyed_digest(&self.custodian.matter_key, "countersign/honey/v1", &[client.as_bytes()])
    }
}

const ALARMS: &str = "reading/alarms";
