//! Settings in memory.

use super::MemoryStore;
use crate::settings::{changed, check};
use crate::{Result, Settings};
use async_trait::async_trait;

#[async_trait]
impl Settings for MemoryStore {
    async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.lock().settings.get(name).cloned())
    }

    async fn set_setting(&self, name: &str, value: &[u8]) -> Result<()> {
        check(name, value)?;
        self.lock().settings.insert(name.to_owned(), value.to_vec());
        Ok(())
    }

    async fn set_setting_once(&self, name: &str, value: &[u8]) -> Result<()> {
        check(name, value)?;
        let mut state = self.lock();
        let kept = state.settings.entry(name.to_owned()).or_insert_with(|| value.to_vec());
        if kept == value { Ok(()) } else { Err(changed(name)) }
    }
}
