//! Cumulative caps: what no single order shows. The trustees count for themselves besides.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use countersign_core::facts::Facts;
use countersign_core::time::DAY;
use countersign_policy::Per;
use countersign_store::Counter;

/// Reason code of the pack for every cap.
const CAP_EXCEEDED: &str = "CAP_EXCEEDED";

impl Desk {
    /// Refuses an order that would pass a cap of its authority, its matter or one of its traced addresses.
    ///
    /// # Errors
    /// [`DeskError::Denied`], naming the cap and its window.
    pub(crate) async fn check_caps(&self, facts: &Facts, people: u32) -> Result<()> {
        let now = self.now();
        for cap in &self.custodian.bundle.caps().cumulative {
            let counters: Vec<Counter> = match cap.per {
                Per::Authority => vec![Counter::Authority(facts.authority.clone())],
                Per::Matter => vec![Counter::Matter(facts.matter)],
                Per::Address => facts.addresses.iter().copied().map(Counter::Address).collect(),
            };
            for counter in counters {
                let already = self.store.people_answered(&counter, now.plus(-i64::from(cap.days) * DAY)).await?;
                if already + u64::from(people) > u64::from(cap.subjects) {
                    let detail = format!(
                        "{CAP_EXCEEDED} (per {}: {already} people in {} days and {people} more, at most {})",
                        cap.per, cap.days, cap.subjects
                    );
                    return Err(DeskError::Denied { reasons: vec![detail] });
                }
            }
        }
        Ok(())
    }
}
