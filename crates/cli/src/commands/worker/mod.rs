//! `countersign worker`: a process of its own that opens what an order names (recipient mode B). It reads and writes files
//! and talks to nobody.

mod bind;
mod init;
mod place;
mod run;
mod show;
#[cfg(test)]
mod tests;

use anyhow::Result;
use clap::{Args, Subcommand};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign worker init worker --name worker-one --state XB --genesis DIGEST
  countersign worker show worker
  countersign worker bind worker job --out binding.signed
  countersign worker run worker ORDER.job.tar --out package.age

  The custodian registers worker/identity.json (`change propose add-worker`), writes the folder `job`
  (`order job CASE --out job`) and the archive (`order release CASE --binding binding.signed`).";

#[derive(Args)]
pub(crate) struct WorkerCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a worker's identity in a folder of its own, for this program.
    Init(init::Init),
    /// The worker's identity, and whether this program is the one that it names.
    Show(show::Show),
    /// Check that an order is public, and make a key for it and for nothing else.
    Bind(bind::Bind),
    /// Verify and open what the trustees answered, keep what the order is for, encrypt it, forget the key.
    Run(run::Run),
}

impl WorkerCommand {
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Command::Init(command) => command.run(),
            Command::Show(command) => command.run(),
            Command::Bind(command) => command.run(),
            Command::Run(command) => command.run(),
        }
    }
}
