//! `countersign log`.

use crate::custody::Custody;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use countersign_tlog::leaf::Leaf;
use std::path::Path;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign log show
  countersign log leaf 0
  countersign log proof 12 > leaf-12.tlog-proof";

#[derive(Args)]
pub(crate) struct Log {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The published checkpoint and how many leaves of each clear kind the journal holds.
    Show,
    /// The exact bytes of one leaf.
    Leaf {
        /// Its index.
        index: u64,
    },
    /// A `.tlog-proof` of one leaf under the latest witnessed checkpoint.
    Proof {
        /// Its index.
        index: u64,
    },
}

impl Log {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        let custody = Custody::open(dir).await?;
        let done = self.command.run(&custody).await;
        custody.close().await?;
        done
    }
}

impl Command {
    async fn run(self, custody: &Custody) -> Result<()> {
        match self {
            Command::Show => {
                let published = custody.log.log().published().context("nothing is published yet")?;
                print!("{published}");
                let (mut control, mut sealed, mut opening) = (0, 0, 0);
                for (_, bytes) in custody.log.leaves(0).await? {
                    match Leaf::parse(&bytes)? {
                        Leaf::Control(_) => control += 1,
                        Leaf::Sealed(_) => sealed += 1,
                        Leaf::Opening(_) => opening += 1,
                    }
                }
                println!("{control} control leaves, {sealed} sealed, {opening} openings");
            }
            Command::Leaf { index } => println!("{}", String::from_utf8_lossy(&leaf(custody, index).await?.leaf)),
            Command::Proof { index } => print!("{}", leaf(custody, index).await?.proof),
        }
        Ok(())
    }
}

async fn leaf(custody: &Custody, index: u64) -> Result<countersign_desk::ports::PublicLeaf> {
    match custody.desk.journal().at(index).await {
        Ok(leaf) => Ok(leaf),
        Err(reason) => bail!("{reason}"),
    }
}
