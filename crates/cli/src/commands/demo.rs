//! `countersign demo`.

use crate::demo::{Play, play};
use anyhow::Result;
use clap::Args;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign demo
  countersign demo --once --json --dir /tmp/demo

Interrupted at any moment it goes on where it stopped when it is started again.";

#[derive(Args)]
pub(crate) struct Demo {
    /// Exit at the end instead of leaving the server running.
    #[arg(long)]
    once: bool,
    /// Print one JSON object per step.
    #[arg(long)]
    json: bool,
    /// Invented clients to import.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    clients: u32,
    /// Loopback address of the server that is left running.
    #[arg(long, default_value = "127.0.0.1:8743")]
    listen: SocketAddr,
}

impl Demo {
    pub(crate) async fn run(self, dir: &Path) -> Result<ExitCode> {
        // Before the story, not after it.
        super::serve::only_loopback(self.listen)?;
        play(dir, Play { once: self.once, json: self.json, clients: self.clients, listen: self.listen }).await
    }
}
