//! The monitor's own folder for one log.

use countersign_log::Durable;
use countersign_log::files::SystemFiles;
use std::path::{Path, PathBuf};

/// A folder whose files are there whole or not at all, whenever the monitor is killed.
pub(crate) struct Own {
    folder: PathBuf,
    files: Durable<SystemFiles>,
}

impl Own {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { files: Durable::new(SystemFiles, folder.clone()), folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts a file in the place of the one before.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.folder.join(name);
        self.files.replace(&path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}
