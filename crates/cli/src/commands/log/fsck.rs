use crate::config::Config;
use crate::custody;
use crate::place::Place;
use crate::tiles;
use anyhow::{Result, bail};
use clap::Args;
use countersign_log::fsck;
use countersign_store::journal::SqliteJournal;
use countersign_tlog::note::VerifierKey;
use countersign_tlog::policy::Policy;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Fsck {
    /// Folder of the custodian; without it the one of `--dir`.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
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
            println!("ok: sound");
            return Ok(());
        }
        bail!("{}: {}", tiles::shown(&place, config.tiles.as_ref()), report.problems.join("; "))
    }
}
