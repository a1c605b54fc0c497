//! `countersign trustee`, one file per subcommand.

mod acknowledge;
mod availability;
mod duress;
mod follow;
mod forget;
mod head;
mod init;
mod install;
mod owner;
mod repair;
mod reshare;
mod rotate;
mod serve;
mod show;
mod unlock;

pub(crate) use init::identity_file;
pub(crate) use reshare::Holders;
pub(crate) use unlock::{Unlock, warn_of_plain};

use crate::parties::client;
use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_trustee::{FolderSource, HttpSource, LogSource};
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign trustee init my-trustee --index 3 --name mill-notaries --state XC --passphrase-file passphrase
  countersign trustee show my-trustee
  countersign ring join my-trustee --at https://ceremony.custodian.example --passphrase-file passphrase
  countersign trustee serve my-trustee --log https://custodian.example/log --passphrase-file passphrase --listen 127.0.0.1:9001
  countersign trustee pause my-trustee --reason \"we are looking at a letter\" --passphrase-file passphrase
  countersign trustee acknowledge my-trustee change.json --log https://custodian.example/log --passphrase-file passphrase
  countersign trustee forget my-trustee --log https://custodian.example/log --passphrase-file passphrase
  countersign trustee head my-trustee --log https://custodian.example/log --passphrase-file passphrase

  then the custodian writes {\"number\":3,\"at\":\"https://trustee.example\"} into the list `trustees` of custodian/config.json";

#[derive(Args)]
pub(crate) struct TrusteeCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a trustee's keys, and the signed identity that the custodian pins.
    Init(init::Init),
    /// Show what a trustee says of itself; needs no passphrase.
    Show(show::Show),
    /// Answer requests over HTTP on a loopback address.
    Serve(serve::Serve),
    #[command(flatten)]
    Owner(owner::OwnerCommand),
    /// Read a change of the control state against what is folded here, and sign it.
    #[command(after_help = acknowledge::EXAMPLE)]
    Acknowledge(acknowledge::Acknowledge),
    /// Keep a public document that a change is going to put in force: policy bundle, directory, ring, share epoch.
    Install(install::Install),
    /// Follow a custodian that was founded before: pin its genesis, keep its documents, read its journal.
    Follow(follow::Follow),
    /// Deal or take new shares: a refresh, an enrolment, a removal.
    #[command(after_help = reshare::EXAMPLE)]
    Reshare(reshare::Reshare),
    /// Make new keys with all other trustees in force: a rotation.
    #[command(after_help = rotate::EXAMPLE)]
    Rotate(rotate::Rotate),
    /// Get a lost share back, or help another trustee to get its own.
    #[command(after_help = repair::EXAMPLE)]
    Repair(repair::Repair),
    /// Destroy the shares of earlier share epochs, once later ones are in force.
    Forget(forget::Forget),
    /// Approvers who are made to sign: take in their letters, say who is told, see which cases are locked.
    #[command(subcommand, after_help = duress::EXAMPLE)]
    Duress(duress::DuressCommand),
    /// How often too few trustees would answer in time, for every threshold.
    #[command(after_help = availability::EXAMPLE)]
    Availability(availability::Availability),
    /// Follow the journal and say what the trustee has folded, answered and refused.
    Head(head::Head),
}

impl TrusteeCommand {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            Command::Init(command) => command.run(),
            Command::Show(command) => command.run(),
            Command::Serve(command) => command.run().await,
            Command::Owner(command) => command.run().await,
            Command::Acknowledge(command) => command.run().await,
            Command::Install(command) => command.run(),
            Command::Follow(command) => command.run().await,
            Command::Reshare(command) => command.run().await,
            Command::Rotate(command) => command.run().await,
            Command::Repair(command) => command.run().await,
            Command::Forget(command) => command.run().await,
            Command::Duress(command) => command.run().await,
            Command::Availability(command) => command.run(),
            Command::Head(command) => command.run().await,
        }
    }
}

fn source(log: &str) -> Result<Arc<dyn LogSource>> {
    if log.starts_with("http://") || log.starts_with("https://") {
        return Ok(Arc::new(HttpSource::new(log, client()?)));
    }
    Ok(Arc::new(FolderSource(PathBuf::from(log))))
}
