//! `countersign trustee`.

use crate::edge;
use crate::parties::client;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use countersign_trustee::{AtRest, FolderSource, HttpSource, LogSource, Service, Trustee, router};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign trustee head trustees/1 --log custodian/log
  countersign trustee serve trustees/1 --log http://127.0.0.1:8743/log --listen 127.0.0.1:9001

  then write {\"number\":1,\"at\":\"http://127.0.0.1:9001\"} into the list `trustees` of custodian/config.json";

#[derive(Args)]
pub(crate) struct TrusteeCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer requests over HTTP on a loopback address.
    Serve {
        /// The trustee's folder.
        folder: PathBuf,
        /// The custodian's journal: a folder, or an address.
        #[arg(long)]
        log: String,
        /// Where to listen; put a reverse proxy with TLS in front for anything else.
        #[arg(long, default_value = "127.0.0.1:9001")]
        listen: SocketAddr,
    },
    /// Follow the journal and say what the trustee has folded, answered and refused.
    Head {
        /// The trustee's folder.
        folder: PathBuf,
        /// The custodian's journal: a folder, or an address.
        #[arg(long)]
        log: String,
    },
}

impl TrusteeCommand {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            Command::Serve { folder, log, listen } => {
                super::serve::only_loopback(listen)?;
                let service = Service {
                    trustee: Arc::new(Trustee::open(&folder)?),
                    source: source(&log)?,
                    clock: edge::clock(),
                    seeds: Arc::new(edge::seed_or_abort),
                };
                let index = service.trustee.index();
                if service.trustee.at_rest() == AtRest::Plain {
                    eprintln!(
                        "countersign: warning: the share of trustee {index} lies unencrypted in {}",
                        folder.display()
                    );
                }
                let listener = tokio::net::TcpListener::bind(listen)
                    .await
                    .with_context(|| format!("cannot listen on {listen}: is something else running there?"))?;
                println!("trustee {index} on http://{}/ (stop with Ctrl-C)", listener.local_addr()?);
                axum::serve(listener, router(service)).with_graceful_shutdown(super::serve::stopped()).await?;
                Ok(())
            }
            Command::Head { folder, log } => {
                let trustee = Trustee::open(&folder)?;
                let clock = edge::clock();
                trustee.tail(source(&log)?.as_ref(), clock.now()).await?;
                let head = trustee.head(clock.now()).await?;
                println!("{head:#?}");
                for receipt in trustee.receipts().await? {
                    println!("{receipt:?}");
                }
                for totals in trustee.totals().await? {
                    println!("signed: {}", totals.text());
                }
                Ok(())
            }
        }
    }
}

fn source(log: &str) -> Result<Arc<dyn LogSource>> {
    if log.starts_with("http://") || log.starts_with("https://") {
        return Ok(Arc::new(HttpSource::new(log, client()?)));
    }
    Ok(Arc::new(FolderSource(PathBuf::from(log))))
}
