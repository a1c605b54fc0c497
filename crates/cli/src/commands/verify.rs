//! `countersign verify`: offline checks for anybody.

use crate::commands::open::MAX_PACKAGE;
use crate::files;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use countersign_core::id::Digest;
use countersign_verify::evidence::{Evidence, verify_evidence};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign verify evidence custodian/evidence/ORDER --genesis DIGEST
  countersign verify log custodian/log --genesis DIGEST
  countersign verify demo countersign-demo";

#[derive(Args)]
pub(crate) struct Verify {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The evidence of one release: order, approvals, journal, policy, trustees' receipts.
    Evidence {
        /// The folder.
        folder: PathBuf,
        /// Digest of genesis known from elsewhere.
        #[arg(long)]
        genesis: Option<Digest>,
    },
    /// A log from its files: recompute the root from the tiles, fold the control leaves, count what can be counted.
    Log {
        /// The folder with checkpoint and tile/.
        folder: PathBuf,
        /// Digest of genesis known from elsewhere.
        #[arg(long)]
        genesis: Option<Digest>,
    },
    /// Everything a demo claims, derived again from its folder.
    Demo {
        /// The demo's folder.
        folder: PathBuf,
    },
}

impl Verify {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Evidence { folder, genesis } => {
                let evidence = evidence(&folder, genesis.as_ref())?;
                let order = evidence.order.value();
                println!("holds: order {} for {}", order.id, order.authority);
                println!("signed by {}", evidence.signers.join(", "));
                println!("leaf {} of {} in the witnessed journal", evidence.included.index, evidence.included.size);
                println!("{} trustees answered", evidence.receipts.len());
                println!(
                    "{}",
                    if evidence.policy_rerun {
                        "the policy, run again, allows it"
                    } else {
                        "no facts here: the policy was run by the trustees"
                    }
                );
                println!(
                    "genesis {}{}",
                    evidence.genesis,
                    if genesis.is_some() { " as pinned" } else { ": compare it with the one you know" }
                );
            }
            Command::Log { folder, genesis } => {
                let totals = crate::demo::totals::of_log(&folder, genesis.as_ref(), &Default::default())?;
                println!("{}", serde_json::to_string_pretty(&totals)?);
            }
            Command::Demo { folder } => return crate::demo::recheck::run(&folder),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Verifies an evidence folder.
pub(crate) fn evidence(folder: &Path, genesis: Option<&Digest>) -> Result<Evidence> {
    let files = files::read_folder(folder, MAX_PACKAGE)?;
    verify_evidence(&files, genesis).with_context(|| format!("{} does not hold", folder.display()))
}
