//! Runs over own deposits in memory.

use super::MemoryStore;
use crate::exposures::{answered_before, out_of_turn};
use crate::{Exposures, KeptExposures, NewExposures, Result};
use async_trait::async_trait;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use std::collections::BTreeSet;

/// One kept run.
pub(super) struct Kept {
    kept: KeptExposures,
    order: Digest,
    deposits: BTreeSet<Digest>,
    at: Timestamp,
}

#[async_trait]
impl Exposures for MemoryStore {
    async fn keep_exposures(&self, run: NewExposures) -> Result<()> {
        run.check()?;
        let mut state = self.lock();
        let under = || state.exposures.iter().filter(|kept| kept.order == run.order);
        if under().count() as u64 + 1 != u64::from(run.number) {
            return Err(out_of_turn(&run));
        }
        if let Some(deposit) = run.deposits.iter().find(|deposit| under().any(|kept| kept.deposits.contains(deposit))) {
            return Err(answered_before(deposit));
        }
        let NewExposures { document, order, number, deposits, at, documents, leaf } = run;
        let kept = KeptExposures { document, number, leaf: leaf.key };
        let leaves = vec![leaf];
        state.accept(&documents, &leaves)?;
        state.keep(documents, leaves);
        state.exposures.push(Kept { kept, order, deposits: deposits.into_iter().collect(), at });
        Ok(())
    }

    async fn exposure_of(&self, order: &Digest, deposit: &Digest) -> Result<Option<KeptExposures>> {
        let state = self.lock();
        let found = state.exposures.iter().find(|kept| kept.order == *order && kept.deposits.contains(deposit));
        Ok(found.map(|kept| kept.kept))
    }

    async fn last_exposures(&self, order: &Digest) -> Result<Option<KeptExposures>> {
        Ok(self.lock().exposures.iter().rfind(|kept| kept.order == *order).map(|kept| kept.kept))
    }

    async fn deposits_answered(&self, order: &Digest, since: Timestamp) -> Result<u64> {
        let state = self.lock();
        let runs = state.exposures.iter().filter(|kept| kept.order == *order && kept.at >= since);
        Ok(runs.map(|kept| kept.deposits.len() as u64).sum())
    }

    async fn answers_about(&self, deposit: &Digest) -> Result<u64> {
        Ok(self.lock().exposures.iter().filter(|kept| kept.deposits.contains(deposit)).count() as u64)
    }
}
