use super::key;
use anyhow::{Context, Result, bail};
use clap::Args;
use countersign_core::time::Timestamp;
use countersign_log::witness::records;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Show {
    /// Folder of the witness.
    folder: PathBuf,
}

impl Show {
    pub(super) fn run(self) -> Result<()> {
        let key = key(&self.folder)?;
        println!("{}", key.verifier());
        let records =
            records(&self.folder, key.verifier()).with_context(|| format!("cannot read {}", self.folder.display()))?;
        let mut bad = Vec::new();
        for record in records {
            match record {
                Ok(record) => {
                    let checkpoint = record.checkpoint.checkpoint();
                    let time = i64::try_from(record.time).ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX);
                    println!(
                        "{}: {} leaves, root {}, cosigned {time}",
                        checkpoint.origin, checkpoint.size, checkpoint.root
                    );
                }
                Err(reason) => bad.push(reason),
            }
        }
        if bad.is_empty() {
            return Ok(());
        }
        bail!("{}: the witness will not sign for this log; see docs/operations/witness-and-monitor.md", bad.join("; "))
    }
}
