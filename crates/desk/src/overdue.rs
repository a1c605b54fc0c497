//! Intents without an outcome: incidents, once each.

use crate::desk::Desk;
use crate::error::Result;
use countersign_core::id::Digest;
use countersign_log::overdue;
use countersign_store::{DeskStore, LeafKey, OpenEffect};

/// Code of the incident.
const CODE: &str = "INTENT_WITHOUT_OUTCOME";

impl Desk {
    /// Registers an incident for every effect that was begun more than ten minutes ago and has no outcome, and returns those that
    /// were new. Such a release can be finished by releasing again.
    ///
    /// # Errors
    /// [`DeskError::Store`](crate::DeskError::Store).
    pub async fn note_overdue(&self) -> Result<Vec<OpenEffect>> {
        let mut fresh = Vec::new();
        for open in overdue(self.store.open_effects().await?, self.now()) {
            let name = format!("incident/{}/{}", open.effect.kind, open.effect.subject);
            if self.store.setting(&name).await?.is_some() {
                continue;
            }
            // The subject makes two incidents of one second two documents.
            let detail = format!("{} {} begun at {} has no outcome", open.effect.kind, open.effect.subject, open.at);
            let incident = self.incident(CODE, &detail).await?;
            self.store.set_setting_once(&intent_setting(&incident.digest()), &open.intent).await?;
            self.store.set_setting_once(&name, incident.digest().as_bytes()).await?;
            fresh.push(open);
        }
        Ok(fresh)
    }
}

/// The leaf of the intent that an incident is about, when it is about one: it is opened with that intent's case.
pub(crate) async fn intent_of_incident(store: &dyn DeskStore, incident: &Digest) -> Result<Option<LeafKey>> {
    let found = store.setting(&intent_setting(incident)).await?;
    Ok(found.and_then(|bytes| LeafKey::try_from(bytes).ok()))
}

fn intent_setting(incident: &Digest) -> String {
    format!("incident-intent/{incident}")
}
