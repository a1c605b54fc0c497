use crate::config::Config;
use crate::custody;
use crate::place::Place;
use crate::tiles;
use anyhow::{Result, bail};
use clap::Args;
use countersign_log::{fsck, rebuild};
use countersign_store::journal::SqliteJournal;
use countersign_tlog::note::VerifierKey;
use countersign_tlog::policy::Policy;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Fsck {
    /// Folder of the custodian; without it the one of `--dir`.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Write damaged tiles again from the store, and keep the damaged ones under `damaged/`.
    #[arg(long)]
    rebuild: bool,
}

impl Fsck {
    /// Checks a log that does not run, which may be one that refuses to run.
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        let place = Place::new(self.folder.as_deref().unwrap_or(dir));
        let config = Config::load(&place)?;
        let _lock = custody::lock(&place)?;
        let genesis = custody::genesis(&place, &config)?;
        let key = VerifierKey::parse(&genesis.value().journal.vkey)?;
        let policy = Policy::parse(genesis.value().witness_policy.as_bytes())?;
        let tiles = tiles::open(&place, config.tiles.as_ref())?;
        let journal = SqliteJournal::open(&place.database()).await?;
        let checked = if self.rebuild {
            rebuild(&journal, &tiles, &key, &policy).await
        } else {
            fsck(&journal, &tiles, &key, &policy).await
        };
        journal.close().await;
        let report = checked?;
        println!("{} leaves, {} tiles compared", report.leaves, report.tiles);
        match report.published {
            Some(size) => println!("published: {size} leaves"),
            None => println!("nothing is published"),
        }
        if report.waiting > 0 {
            println!("waiting to be signed: {} leaves", report.waiting);
        }
        for name in &report.removed {
            println!("removed, left unfinished by a crash: {name}");
        }
        for name in &report.set_aside {
            println!("damaged, kept as {name}");
        }
        for path in &report.rebuilt {
            println!("written again: {path}");
        }
        if report.problems.is_empty() {
            println!("ok: sound");
            return Ok(());
        }
        bail!("{}: {}", tiles::shown(&place, config.tiles.as_ref()), report.problems.join("; "))
    }
}
