use super::{Unlock, source};
use crate::edge;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Head {
    /// The trustee's folder.
    folder: PathBuf,
    /// The custodian's journal: a folder, or an address.
    #[arg(long)]
    log: String,
    #[command(flatten)]
    unlock: Unlock,
}

impl Head {
    pub(super) async fn run(self) -> Result<()> {
        let trustee = self.unlock.open(&self.folder)?;
        let clock = edge::clock();
        trustee.tail(source(&self.log)?.as_ref(), clock.now()).await?;
        let head = trustee.head(clock.now()).await?;
        println!("{head:#?}");
        for receipt in trustee.receipts().await? {
            println!("{receipt:?}");
        }
        for totals in trustee.totals().await? {
            println!("signed: {}", totals.text());
        }
        Ok(())
    }
}
