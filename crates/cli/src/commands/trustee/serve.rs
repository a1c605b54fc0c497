use super::{Unlock, source, warn_of_plain};
use crate::commands::serve::{only_loopback, stopped};
use crate::edge;
use crate::files;
use crate::parties::client;
use anyhow::{Context, Result};
use clap::Args;
use countersign_tlog::note::VerifierKey;
use countersign_tlog::policy::{MAX_POLICY_BYTES, Policy};
use countersign_trustee::{LogWitnesses, Service, router};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[derive(Args)]
pub(super) struct Serve {
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
    #[command(flatten)]
    unlock: Unlock,
}

impl Serve {
    pub(super) async fn run(self) -> Result<()> {
        only_loopback(self.listen)?;
        let service = Service {
            trustee: Arc::new(self.unlock.open(&self.folder)?),
            source: source(&self.log)?,
            clock: edge::clock(),
            seeds: Arc::new(edge::seed_or_abort),
        };
        warn_of_plain(&service.trustee, &self.folder);
        let index = service.trustee.index();
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}: is something else running there?", self.listen))?;
        println!("trustee {index} on http://{}/ (stop with Ctrl-C)", listener.local_addr()?);
        let witnesses = witnesses(&service, self.witness_policy.as_deref())?;
        // Before the first answer: a witness may know that this is an older copy.
        publish(&service, &witnesses).await;
        let publishing = tokio::spawn(keep_publishing(service.clone(), witnesses));
        axum::serve(listener, router(service)).with_graceful_shutdown(stopped()).await?;
        publishing.abort();
        Ok(())
    }
}

/// How often the own log is looked at; it is published once an hour, and again while that fails.
const LOG_PAUSE: Duration = Duration::from_secs(60);

/// Publishes the own log while the service runs.
async fn keep_publishing(service: Service, witnesses: LogWitnesses) {
    loop {
        tokio::time::sleep(LOG_PAUSE).await;
        publish(&service, &witnesses).await;
        // Again, whatever it was that could not be told.
        if let Err(error) = service.trustee.page().await {
            crate::tell(&anyhow::Error::new(error).context("the trustee's journal"));
        }
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
