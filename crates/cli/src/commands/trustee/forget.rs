//! `countersign trustee forget`.

use super::{Unlock, source};
use crate::edge;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Forget {
    /// The trustee's folder.
    folder: PathBuf,
    /// The custodian's journal: a folder, or an address.
    #[arg(long)]
    log: String,
    #[command(flatten)]
    unlock: Unlock,
}

impl Forget {
    pub(super) async fn run(self) -> Result<()> {
        let trustee = self.unlock.open(&self.folder)?;
        let now = edge::clock().now();
        // What was given up is what the journal says now.
        trustee.tail(source(&self.log)?.as_ref(), now).await?;
        let forgotten = trustee.forget_old_shares(now).await?;
        forgotten.files.iter().for_each(|name| println!("destroyed {name}"));
        if forgotten.files.is_empty() {
            println!("nothing of an earlier share epoch is here");
        } else {
            println!("copies in backups are not reached: destroy those too, and make a new backup");
        }
        Ok(())
    }
}
