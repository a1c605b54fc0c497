//! `countersign trustee acknowledge`.

use super::{Unlock, source};
use crate::edge;
use crate::files;
use anyhow::Result;
use clap::Args;
use countersign_core::control::Change;
use countersign_core::id::Digest;
use countersign_core::json::Document;
use std::path::PathBuf;

pub(super) const EXAMPLE: &str = "Examples:
  countersign trustee acknowledge trustees/1 change.json --log https://custodian.example/log
  countersign trustee acknowledge trustees/1 change.json --log https://custodian.example/log --digest DIGEST --out ack-1.json

Without --digest the change is only shown. Compare the digest with the other trustees over a channel that is not the custodian's.";

#[derive(Args)]
pub(crate) struct Acknowledge {
    /// The trustee's folder.
    folder: PathBuf,
    /// The change as the custodian wrote it.
    change: PathBuf,
    /// The custodian's journal: a folder, or an address.
    #[arg(long)]
    log: String,
    /// Digest of the change that you have read and compared; without it nothing is signed.
    #[arg(long)]
    digest: Option<Digest>,
    /// Where to write the signature, which goes to the custodian; standard output by default.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    unlock: Unlock,
}

impl Acknowledge {
    pub(super) async fn run(self) -> Result<()> {
        let trustee = self.unlock.open(&self.folder)?;
        let now = edge::clock().now();
        let change = files::read(&self.change, Change::MAX_LEN)?;
        // What is in force is what the journal says now, not when this trustee last looked.
        trustee.tail(source(&self.log)?.as_ref(), now).await?;
        let Some(digest) = &self.digest else {
            let reviewed = trustee.review(&change, now).await?;
            reviewed.words.iter().for_each(|line| println!("{line}"));
            println!("digest to compare: {}", reviewed.digest);
            println!("nothing is signed; to sign: --digest {}", reviewed.digest);
            return Ok(());
        };
        let signature = trustee.acknowledge(&change, digest, now).await?;
        match &self.out {
            None => print!("{}", signature.to_text()),
            Some(out) => {
                files::write(out, signature.to_text().as_bytes())?;
                println!("{} signed {digest}; hand {} to the custodian", signature.by, out.display());
            }
        }
        Ok(())
    }
}
