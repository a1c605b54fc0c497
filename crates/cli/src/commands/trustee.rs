//! `countersign trustee`.

use super::trustee_owner::OwnerCommand;
use crate::edge;
use crate::files;
use crate::parties::client;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use countersign_tlog::note::VerifierKey;
use countersign_tlog::policy::{MAX_POLICY_BYTES, Policy};
use countersign_trustee::{AtRest, FolderSource, HttpSource, LogSource, LogWitnesses, Service, Trustee, router};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign trustee head trustees/1 --log custodian/log
  countersign trustee pause trustees/1 --reason \"we are looking at a letter\"
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
        /// Witnesses of the trustee's own log, as a file in the form of C2SP tlog-policy.
        #[arg(long)]
        witness_policy: Option<PathBuf>,
    },
    #[command(flatten)]
    Owner(OwnerCommand),
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
            Command::Owner(command) => command.run().await,
            Command::Serve { folder, log, listen, witness_policy } => {
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
                let witnesses = witnesses(&service, witness_policy.as_deref())?;
                // Before the first answer: a witness may know that this is an older copy.
                publish(&service, &witnesses).await;
                let publishing = tokio::spawn(keep_publishing(service.clone(), witnesses));
                axum::serve(listener, router(service)).with_graceful_shutdown(super::serve::stopped()).await?;
                publishing.abort();
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

/// How often the own log is looked at; it is published once an hour, and again while that fails.
const LOG_PAUSE: Duration = Duration::from_secs(60);

/// Publishes the own log while the service runs.
async fn keep_publishing(service: Service, witnesses: LogWitnesses) {
    loop {
        tokio::time::sleep(LOG_PAUSE).await;
        publish(&service, &witnesses).await;
    }
}

async fn publish(service: &Service, witnesses: &LogWitnesses) {
    match service.trustee.publish_log(witnesses, service.clock.now()).await {
        Ok(done) if done.missing.is_empty() => {}
        Ok(done) => {
            eprintln!("countersign: own log of the trustee, {} entries: {}", done.size, done.missing.join("; "));
        }
        Err(error) => crate::tell(&anyhow::Error::new(error).context("own log of the trustee")),
    }
}

fn witnesses(service: &Service, policy: Option<&Path>) -> Result<LogWitnesses> {
    let Some(path) = policy else { return Ok(LogWitnesses::default()) };
    let text = files::read_text(path, MAX_POLICY_BYTES)?;
    let policy = Policy::parse(text.as_bytes()).with_context(|| format!("{}", path.display()))?;
    let key = service.trustee.log_key()?;
    let key = VerifierKey::parse(&key.value().vkey)?;
    Ok(LogWitnesses::new(policy, &key, client()?)?)
}

pub(super) fn source(log: &str) -> Result<Arc<dyn LogSource>> {
    if log.starts_with("http://") || log.starts_with("https://") {
        return Ok(Arc::new(HttpSource::new(log, client()?)));
    }
    Ok(Arc::new(FolderSource(PathBuf::from(log))))
}
