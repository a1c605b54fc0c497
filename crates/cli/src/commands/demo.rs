//! `countersign demo`.

use anyhow::Result;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign demo
  countersign demo --once --json --dir /tmp/demo";

#[derive(Args)]
pub(crate) struct Demo {
    /// Folder to play in.
    #[arg(long = "in", value_name = "DIR", hide = true)]
    folder: Option<PathBuf>,
    /// Exit at the end instead of leaving the server running.
    #[arg(long)]
    once: bool,
    /// Print one JSON object per step.
    #[arg(long)]
    json: bool,
}

impl Demo {
    pub(crate) async fn run(self) -> Result<ExitCode> {
        let _ = (self.folder, self.once, self.json);
        Ok(ExitCode::from(3))
    }
}
