//! Intents without an outcome: incidents, once each.

use crate::desk::Desk;
use crate::error::Result;
use countersign_log::overdue;
use countersign_store::OpenEffect;

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
            let detail = format!("{} begun at {} has no outcome", open.effect.kind, open.at);
            let incident = self.incident(CODE, &detail).await?;
            self.store.set_setting_once(&name, incident.digest().as_bytes()).await?;
            fresh.push(open);
        }
        Ok(fresh)
    }
}
