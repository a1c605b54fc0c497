//! `countersign witness`, one file per subcommand.
//!
//! Folder of a witness: `witness.key`, and what `countersign_log::witness` keeps of each log. The witnesses that `countersign init` makes
//! are such folders too: one can be moved to a machine of its owner and served there.

mod init;
mod serve;
mod show;

use crate::files;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use countersign_tlog::note::{KeyKind, SigningKey};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign witness init my-witness --name witness.example/w1
  countersign witness serve my-witness --log 'log.custodian.example/journal+1a2b3c4d+AVf...' --listen 127.0.0.1:9101
  countersign witness show my-witness

  then the custodian writes {\"number\":1,\"at\":\"http://127.0.0.1:9101\"} into the list `witnesses` of custodian/config.json";

#[derive(Args)]
pub(crate) struct Witness {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a cosignature key and print its public half.
    Init(init::Init),
    /// Cosign checkpoints of known logs over HTTP on a loopback address (C2SP tlog-witness).
    Serve(serve::Serve),
    /// Show the public key, and what was cosigned last for each log.
    Show(show::Show),
}

impl Witness {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            Command::Init(command) => command.run(),
            Command::Serve(command) => command.run().await,
            Command::Show(command) => command.run(),
        }
    }
}

fn key_file(folder: &Path) -> PathBuf {
    folder.join("witness.key")
}

/// The key of a witness.
fn key(folder: &Path) -> Result<SigningKey> {
    let path = key_file(folder);
    let text = files::read_secret(&path, 1024).with_context(|| {
        format!("{} is not a folder of a witness: make one with `countersign witness init`", folder.display())
    })?;
    let key = SigningKey::parse(text.trim_end()).with_context(|| format!("{} is damaged", path.display()))?;
    if key.verifier().kind() != KeyKind::CosignatureV1 {
        bail!("{} is not a key for cosignatures (signature type 0x04)", path.display());
    }
    Ok(key)
}
