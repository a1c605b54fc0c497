//! The sigma secrets in memory.

use crate::sigmas::replaced;
use crate::{Result, Sigma, Sigmas};
use async_trait::async_trait;
use countersign_core::id::Handle;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The sigma secrets in memory. A clone is the same store.
#[derive(Clone, Default)]
pub struct MemorySigmas {
    sigmas: Arc<Mutex<BTreeMap<Handle, Sigma>>>,
}

impl MemorySigmas {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Handle, Sigma>> {
        self.sigmas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sigmas for MemorySigmas {
    async fn put_sigmas(&self, sigmas: &[(Handle, Sigma)]) -> Result<()> {
        let mut kept = self.lock();
        let mut new: BTreeMap<Handle, Sigma> = BTreeMap::new();
        for (handle, sigma) in sigmas {
            if kept.get(handle).or_else(|| new.get(handle)).is_some_and(|there| **there != **sigma) {
                return Err(replaced(handle));
            }
            new.insert(*handle, sigma.clone());
        }
        kept.extend(new);
        Ok(())
    }

    async fn sigma(&self, handle: &Handle) -> Result<Option<Sigma>> {
        Ok(self.lock().get(handle).cloned())
    }

    async fn have_sigmas(&self, clients: &[Handle]) -> Result<BTreeSet<Handle>> {
        let kept = self.lock();
        Ok(clients.iter().filter(|client| kept.contains_key(*client)).copied().collect())
    }

    async fn delete_sigma(&self, handle: &Handle) -> Result<bool> {
        Ok(self.lock().remove(handle).is_some())
    }
}
