//! `countersign log`.

use crate::config::Config;
use crate::custody::{self, Custody};
use crate::place::Place;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use countersign_log::{FolderTiles, TileStore, fsck};
use countersign_store::journal::SqliteJournal;
use countersign_tlog::leaf::Leaf;
use countersign_tlog::note::VerifierKey;
use countersign_tlog::policy::Policy;
use std::path::Path;
use std::sync::Arc;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign log show
  countersign log leaf 0
  countersign log proof 12 > leaf-12.tlog-proof
  countersign log fsck";

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
    /// Compare store, signed head, tiles and published checkpoint; write missing tiles again.
    Fsck,
    /// A `.tlog-proof` of one leaf under the latest witnessed checkpoint.
    Proof {
        /// Its index.
        index: u64,
    },
}

impl Log {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        if let Command::Fsck = self.command {
            return check(dir).await;
        }
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
            Command::Leaf { index } => println!("{}", String::from_utf8_lossy(leaf(custody, index).await?.leaf())),
            Command::Fsck => bail!("the log is checked while it is stopped"),
            Command::Proof { index } => print!("{}", leaf(custody, index).await?.proof()),
        }
        Ok(())
    }
}

/// Checks a log that does not run, which may be one that refuses to run.
async fn check(dir: &Path) -> Result<()> {
    let place = Place::new(dir);
    let config = Config::load(&place)?;
    let _lock = custody::lock(&place)?;
    let genesis = custody::genesis(&place, &config)?;
    let key = VerifierKey::parse(&genesis.value().journal.vkey)?;
    let policy = Policy::parse(genesis.value().witness_policy.as_bytes())?;
    let journal = SqliteJournal::open(&place.database()).await?;
    let tiles: Arc<dyn TileStore> = Arc::new(FolderTiles::new(place.log()));
    let checked = fsck(&journal, &tiles, &key, &policy).await;
    journal.close().await;
    let report = checked?;
    println!("{} leaves, {} tiles compared", report.leaves, report.tiles);
    match report.published {
        Some(size) => println!("published: {size} leaves"),
        None => println!("nothing is published"),
    }
    for path in &report.rebuilt {
        println!("written again: {path}");
    }
    if report.problems.is_empty() {
        println!("sound");
        return Ok(());
    }
    bail!("{}: {}", place.log().display(), report.problems.join("; "))
}

async fn leaf(custody: &Custody, index: u64) -> Result<countersign_log::PublicProof> {
    match custody.desk.journal().at(index).await {
        Ok(leaf) => Ok(leaf),
        Err(reason) => bail!("{reason}"),
    }
}
