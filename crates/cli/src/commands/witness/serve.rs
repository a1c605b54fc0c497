use super::key;
use crate::commands::serve::{only_loopback, stopped};
use crate::edge;
use crate::files;
use anyhow::{Context, Result, bail};
use clap::Args;
use countersign_log::witness::{LocalWitness, router};
use countersign_tlog::note::{KeyKind, VerifierKey};
use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Largest file of logs in bytes.
const MAX_LOGS: usize = 1024 * 1024;

#[derive(Args)]
pub(super) struct Serve {
    /// Folder of the witness.
    folder: PathBuf,
    /// Public key of a log to follow; may be repeated.
    #[arg(long = "log", value_name = "VKEY")]
    logs: Vec<String>,
    /// File with one public key of a log per line; lines that begin with # are skipped.
    #[arg(long, value_name = "FILE")]
    logs_from: Option<PathBuf>,
    /// Where to listen; put a reverse proxy with TLS in front for anything else.
    #[arg(long, default_value = "127.0.0.1:9101")]
    listen: SocketAddr,
}

impl Serve {
    pub(super) async fn run(self) -> Result<()> {
        only_loopback(self.listen)?;
        let key = key(&self.folder)?;
        let logs = logs(&self.logs, self.logs_from.as_deref())?;
        let _alone = alone(&self.folder)?;
        let name = key.verifier().name().to_string();
        let witness = LocalWitness::new(&name, key, logs, &self.folder, edge::clock());
        witness.check()?;
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}: is something else running there?", self.listen))?;
        println!("witness {name} on http://{}/ (stop with Ctrl-C)", listener.local_addr()?);
        for log in witness.logs() {
            println!("follows {}", log.name());
        }
        axum::serve(listener, router(witness)).with_graceful_shutdown(stopped()).await?;
        Ok(())
    }
}

/// The keys of the logs to follow, each once.
fn logs(given: &[String], file: Option<&Path>) -> Result<Vec<VerifierKey>> {
    let mut logs: Vec<VerifierKey> = Vec::new();
    let mut add = |text: &str| -> Result<()> {
        let key = VerifierKey::parse(text)?;
        if key.kind() != KeyKind::Ed25519 {
            bail!("key `{}` is not a log's (signature type 0x01)", key.name());
        }
        if logs.contains(&key) {
            bail!("log `{}` is given twice", key.name());
        }
        logs.push(key);
        Ok(())
    };
    for text in given {
        add(text).context("--log")?;
    }
    if let Some(file) = file {
        for (number, line) in (1..).zip(files::read_text(file, MAX_LOGS)?.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                add(line).with_context(|| format!("{} line {number}", file.display()))?;
            }
        }
    }
    if logs.is_empty() {
        bail!("no log to follow: name its public key with --log, as the log serves it under `vkey`");
    }
    Ok(logs)
}

/// One server per folder. Each step also holds a lock of its own, so that two programs could not sign two histories.
fn alone(folder: &Path) -> Result<File> {
    let path = folder.join("serving");
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    let file = file.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another countersign serves the witness in {}: stop it first", folder.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}
