//! What only a person at the trustee does: stop all answers, let it answer again, raise a hard stop for a time.

use crate::error::Result;
use crate::trustee::Trustee;
use countersign_core::time::Timestamp;
use countersign_verify::ledger::Lift;
use countersign_verify::trustee_log::Reason;

impl Trustee {
    /// Stops all answers, in every program that works with this folder: whatever is not committed when this returns is refused with
    /// `PAUSED`. The act is an entry of the own log.
    ///
    /// # Errors
    /// [`TrusteeError::Document`](crate::TrusteeError::Document) when it is paused already.
    pub async fn pause(&self, reason: &Reason, now: Timestamp) -> Result<()> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        database.pause(reason, now).await
    }

    /// Lets the trustee answer again.
    ///
    /// # Errors
    /// [`TrusteeError::Document`](crate::TrusteeError::Document) when it is not paused.
    pub async fn resume(&self, reason: &Reason, now: Timestamp) -> Result<()> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        database.resume(reason, now).await
    }

    /// Raises one hard stop as far and as long as the lift says.
    ///
    /// # Errors
    /// [`TrusteeError::Storage`](crate::TrusteeError::Storage).
    pub async fn lift(&self, lift: &Lift, reason: &Reason) -> Result<()> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        database.lift(lift, reason).await
    }
}
