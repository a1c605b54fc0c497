//! `countersign trustee install`.

use super::Unlock;
use crate::files;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Largest public document in bytes: an authority directory.
const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

#[derive(Args)]
pub(super) struct Install {
    /// The trustee's folder.
    folder: PathBuf,
    /// The document.
    file: PathBuf,
    #[command(flatten)]
    unlock: Unlock,
}

impl Install {
    pub(super) fn run(self) -> Result<()> {
        let document = files::read(&self.file, MAX_DOCUMENT)?;
        let kept = self.unlock.open(&self.folder)?.add_document(&document)?;
        println!("{} {} is kept; the journal decides when it is in force", kept.what, kept.digest);
        Ok(())
    }
}
