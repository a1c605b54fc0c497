//! Notices to the exchange core: sent when their leaves are public, again with growing pauses, and given up in the end.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use countersign_core::id::Salt;
use countersign_core::time::{HOUR, MINUTE, Seconds, Timestamp};
use countersign_store::{QueuedNotice, Sent};

/// Pause after the first attempt that failed; it doubles with each.
const FIRST_PAUSE: Seconds = MINUTE;
/// Longest pause.
const LONGEST_PAUSE: Seconds = 6 * HOUR;
/// Attempts after which a notice is given up: about two days.
pub(super) const MOST_ATTEMPTS: u32 = 16;
/// Longest text that is kept of what came back.
const MAX_SAID: usize = 300;

impl Desk {
    /// Up to `limit` notices that are due by `until`. Every restriction behind them is public in the log by then.
    ///
    /// # Errors
    /// [`DeskError::Journal`] when the leaves do not become public: then nothing is sent.
    pub async fn notices_to_send(&self, until: Timestamp, limit: u32) -> Result<Vec<QueuedNotice>> {
        let due = self.store.notices_due(until, limit).await?;
        // Leaves are sequenced in the order of their making, so the last one stands for all.
        if !due.is_empty()
            && let Some(key) = self.store.last_restriction_leaf().await?
        {
            self.journal.public(&key).await.map_err(DeskError::Journal)?;
        }
        Ok(due)
    }

    /// Notes that the exchange core has a notice.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn notice_taken(&self, notice: &QueuedNotice, said: &str) -> Result<()> {
        let id = notice.notice.value().id;
        Ok(self.store.note_sent(&id, Sent::Delivered, &short(said)).await?)
    }

    /// Notes that sending a notice failed: it is sent again later, or given up when nothing else would come of it.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn notice_failed(&self, notice: &QueuedNotice, again: bool, said: &str) -> Result<Sent> {
        let attempts = notice.attempts.saturating_add(1);
        let sent = if again && attempts < MOST_ATTEMPTS {
            Sent::Again(self.now().plus(pause(attempts)))
        } else {
            Sent::GivenUp
        };
        self.store.note_sent(&notice.notice.value().id, sent.clone(), &short(said)).await?;
        Ok(sent)
    }

    /// Lets a notice that was given up be sent again.
    ///
    /// # Errors
    /// [`DeskError::Store`] when it was not given up.
    pub async fn revive_notice(&self, id: &Salt) -> Result<()> {
        Ok(self.store.revive_notice(id, self.now()).await?)
    }

    /// Tells the exchange core again how an account stands.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for an account that was never restricted.
    pub async fn tell_again(&self, account: &str) -> Result<()> {
        let _turn = self.restrictions.lock().await;
        let rules = self.rules_on(account).await?;
        if rules.is_empty() {
            return Err(DeskError::not_found("restriction on account", account));
        }
        Ok(self.store.queue_notices(vec![self.notice(account, &rules)?]).await?)
    }
}

/// Pause after so many attempts.
pub(super) fn pause(attempts: u32) -> Seconds {
    let doubled = 1_i64.checked_shl(attempts.saturating_sub(1)).filter(|factor| *factor > 0);
    doubled.map_or(LONGEST_PAUSE, |factor| FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE))
}

fn short(said: &str) -> String {
    let plain = said.chars().map(|character| if character.is_control() { ' ' } else { character });
    plain.take(MAX_SAID).collect()
}
