//! `countersign log`, one file per subcommand.

mod fsck;
mod leaf;
mod monitor;
mod open_due;
mod proof;
mod serve;
mod show;
mod totals;

use crate::custody::Custody;
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use countersign_log::PublicProof;
use std::path::Path;
use std::process::ExitCode;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign log show
  countersign log leaf 0
  countersign log proof 12 > leaf-12.tlog-proof
  countersign log totals
  countersign log fsck countersign-data
  countersign log open-due
  countersign log serve --listen 127.0.0.1:8744
  countersign log monitor --help";

#[derive(Args)]
pub(crate) struct Log {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The published checkpoint and how many leaves of each clear kind the journal holds.
    Show(show::Show),
    /// The exact bytes of one leaf.
    Leaf(leaf::Leaf),
    /// A `.tlog-proof` of one leaf under the latest witnessed checkpoint.
    Proof(proof::Proof),
    /// Compare store, signed head, tiles and published checkpoint of a stopped log; write missing tiles again.
    Fsck(fsck::Fsck),
    /// Open the leaves whose day has come, as `countersign serve` does every day.
    OpenDue(open_due::OpenDue),
    /// Publish the totals of today (UTC), countersigned by t trustees, unless they are published; then show them.
    Totals(totals::Totals),
    /// Serve a log's folder read-only on a loopback address, beside a running custodian.
    Serve(serve::Serve),
    /// Watch logs from outside: freshness, consistency, everything recomputed, and a signed report of it.
    Monitor(Box<monitor::Watching>),
}

impl Log {
    pub(crate) async fn run(self, dir: &Path) -> Result<ExitCode> {
        match self.command {
            Command::Show(command) => command.run(dir).await?,
            Command::Leaf(command) => command.run(dir).await?,
            Command::Proof(command) => command.run(dir).await?,
            Command::Fsck(command) => command.run(dir).await?,
            Command::OpenDue(command) => command.run(dir).await?,
            Command::Totals(command) => command.run(dir).await?,
            Command::Serve(command) => command.run(dir).await?,
            Command::Monitor(command) => return Ok(command.run().await),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// One leaf with its proof, from a custodian that is opened for it.
async fn public(dir: &Path, index: u64) -> Result<PublicProof> {
    let custody = Custody::open(dir).await?;
    let found = custody.desk.journal().at(index).await;
    custody.close().await?;
    match found {
        Ok(leaf) => Ok(leaf),
        Err(reason) => bail!("{reason}"),
    }
}
