//! `countersign trustee follow`.

use super::{Unlock, source};
use crate::{edge, files};
use anyhow::{Context, Result};
use clap::Args;
use countersign_core::id::Digest;
use std::path::{Path, PathBuf};

/// Largest public document in bytes: an authority directory.
const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

/// Largest folder with control leaves and their proofs.
const MAX_HISTORY: usize = 64 * 1024 * 1024;

#[derive(Args)]
pub(super) struct Follow {
    /// The trustee's folder.
    folder: PathBuf,
    /// The custodian's journal: a folder, or an address.
    #[arg(long)]
    log: String,
    /// Digest of genesis, compared with the other trustees over a channel that is not the custodian's; pinned for ever.
    #[arg(long)]
    genesis: Digest,
    /// Public documents of the custodian: a copy of its `documents` folder.
    #[arg(long, value_name = "FOLDER")]
    documents: PathBuf,
    /// The first proof of every control leaf, as `countersign change history` wrote them: where changes were made before.
    #[arg(long, value_name = "FOLDER")]
    history: Option<PathBuf>,
    #[command(flatten)]
    unlock: Unlock,
}

impl Follow {
    pub(super) async fn run(self) -> Result<()> {
        let trustee = self.unlock.open(&self.folder)?;
        let mut kept = 0;
        for path in listed(&self.documents)? {
            // What is in force is decided by the journal; whatever else lies there is no document of a trustee's.
            kept += usize::from(trustee.add_document(&files::read(&path, MAX_DOCUMENT)?).is_ok());
        }
        let (source, now) = (source(&self.log)?, edge::clock().now());
        let report = match &self.history {
            Some(folder) => {
                let history = files::read_folder(folder, MAX_HISTORY)?;
                trustee.follow_since(&self.genesis, &history, source.as_ref(), now).await?
            }
            None => trustee.follow(&self.genesis, source.as_ref(), now).await?,
        };
        println!("control state {}: compare it with the other owners", trustee.in_force(now).await?.digest());
        println!(
            "genesis {} is pinned; {kept} documents are kept; the journal is read to leaf {}",
            self.genesis, report.size
        );
        Ok(())
    }
}

/// The files of a folder and of those in it.
fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            all.extend(listed(&entry.path())?);
        } else {
            all.push(entry.path());
        }
    }
    Ok(all)
}
