//! A case rebuilt from its folder, offline.

use crate::files;
use anyhow::{Context, Result};
use clap::Args;
use countersign_core::id::Digest;
use countersign_desk::dossier::replay;
use std::path::PathBuf;
use std::process::ExitCode;

/// Largest folder that is read.
const MAX_FOLDER: usize = 256 * 1024 * 1024;

#[derive(Args)]
pub(super) struct Replay {
    /// The folder that `case export` wrote.
    folder: PathBuf,
    /// Digest of genesis known from elsewhere.
    #[arg(long)]
    genesis: Option<Digest>,
}

impl Replay {
    pub(super) fn run(self) -> Result<ExitCode> {
        let files = files::read_folder(&self.folder, MAX_FOLDER)?;
        let replayed = replay(&files, self.genesis.as_ref())
            .with_context(|| format!("{} does not hold", self.folder.display()))?;
        println!("case {} of custodian {}", replayed.says.case, replayed.says.custodian);
        for moment in &replayed.timeline {
            let leaf = moment.leaf.map_or("no leaf".to_owned(), |leaf| format!("leaf {leaf}"));
            println!("  {}  {:18} {:12} {:9} {}", moment.at, moment.event, moment.by.to_string(), leaf, moment.stage);
        }
        println!("{} receipts of trustees", replayed.receipts);
        match (&replayed.drawn, &replayed.life.aside.review) {
            (None, _) => println!("no receipt draws the case for a second review"),
            (Some(drawn), None) => {
                println!("drawn for a second review by the receipt of trustee {}: due {}", drawn.trustee, drawn.due());
            }
            (Some(drawn), Some(review)) => {
                let word = if review.objects { "OBJECTED" } else { "confirmed" };
                println!("drawn for a second review by the receipt of trustee {}: {word}", drawn.trustee);
            }
        }
        println!("state by events and leaves: {}", replayed.life.stage.name());
        let known = if self.genesis.is_some() { " as pinned" } else { ": compare it with the one you know" };
        println!("genesis {}{known}", replayed.genesis);
        match replayed.differs() {
            None => {
                println!("the desk says the same, as of {}", replayed.says.at);
                Ok(ExitCode::SUCCESS)
            }
            Some(difference) => {
                eprintln!("DIFFERS: {difference}");
                Ok(ExitCode::FAILURE)
            }
        }
    }
}
