//! `countersign serve`.

use crate::custody::Custody;
use crate::edge;
use crate::filing::{Filing, RequestsConfig};
use crate::upkeep::Upkeep;
use anyhow::{Context, Result, bail};
use clap::Args;
use countersign_core::time::Timestamp;
use countersign_policy::{Bundle, Rule};
use countersign_tlog::policy::{Policy, Quorum};
use countersign_web::requests::{Intake, PATH};
use countersign_web::{Figures, Head, PublicState, Site, StateFuture, Witness};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

pub(crate) const EXAMPLE: &str = "Example:
  countersign serve --listen 127.0.0.1:8743";

#[derive(Args)]
pub(crate) struct Serve {
    /// Loopback address to listen on; put a reverse proxy with TLS in front for anything else.
    #[arg(long, default_value = "127.0.0.1:8743")]
    listen: SocketAddr,
}

impl Serve {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        only_loopback(self.listen)?;
        let custody = Arc::new(Custody::open(dir).await?);
        warn_of_unverified_rules(&custody.desk.custodian().bundle);
        serve(Arc::clone(&custody), self.listen).await?;
        match Arc::try_unwrap(custody) {
            Ok(custody) => custody.close().await,
            Err(_) => bail!("a request was still running"),
        }
    }
}

/// Names every rule in force that nobody has compared with its source; the demo, which claims nothing, does not.
fn warn_of_unverified_rules(bundle: &Bundle) {
    let unverified: Vec<&Rule> = bundle.rules().iter().filter(|rule| !rule.verified).collect();
    if unverified.is_empty() {
        return;
    }
    let (count, all, name) = (unverified.len(), bundle.rules().len(), bundle.name());
    eprintln!("countersign: warning: {count} of the {all} rules of `{name}` were not compared with their sources:");
    for rule in unverified {
        eprintln!("  {} ({}, written {})", rule.policy, rule.source, rule.date);
    }
}

/// Serves until Ctrl-C or a termination signal.
pub(crate) async fn serve(custody: Arc<Custody>, listen: SocketAddr) -> Result<()> {
    only_loopback(listen)?;
    let filing = custody.config.requests.clone().map(|config| Filing::open(&custody, config)).transpose()?;
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}: is another countersign running there?"))?;
    println!("serving on http://{}/ (stop with Ctrl-C)", listener.local_addr()?);
    if let Some(RequestsConfig { host, officer }) = &custody.config.requests {
        println!("taking signed requests for https://{host}{PATH} in the name of {officer}");
    }
    let upkeep = Upkeep::start(&custody)?;
    let log = Arc::clone(&custody.tiles);
    let requests = filing.map(|filing| Intake::new(Arc::new(filing)));
    let site = Site { log, state: Arc::new(Public(custody)), clock: edge::clock(), requests };
    let served = countersign_web::serve(listener, site, stopped()).await;
    upkeep.stop().await;
    Ok(served?)
}

/// Refuses addresses that others can reach: nothing here speaks TLS.
pub(crate) fn only_loopback(listen: SocketAddr) -> Result<()> {
    if !listen.ip().is_loopback() {
        bail!("{listen} is not a loopback address: put a reverse proxy with TLS in front and listen on 127.0.0.1");
    }
    Ok(())
}

pub(crate) async fn stopped() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(_) => return,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// What the public sees.
struct Public(Arc<Custody>);

impl PublicState for Public {
    fn figures(&self) -> StateFuture<'_> {
        Box::pin(async move {
            let genesis = self.0.desk.custodian().genesis.value();
            let policy = self.0.log.log().policy();
            let published = self.0.log.log().published();
            let witnesses = policy.witnesses().iter().map(|witness| {
                let cosigned = published.as_ref().and_then(|signed| {
                    let lines = signed.note().verify([&witness.key]).ok()?;
                    let latest = lines.iter().filter_map(|line| line.timestamp).max()?;
                    Timestamp::from_unix(i64::try_from(latest).ok()?)
                });
                Witness { name: witness.name.clone(), cosigned }
            });
            Ok(Figures {
                custodian: genesis.custodian.name.clone(),
                origin: genesis.journal.origin.clone(),
                head: published.as_ref().map(|signed| {
                    let checkpoint = signed.checkpoint();
                    Head { size: checkpoint.size, root: checkpoint.root }
                }),
                witnesses: witnesses.collect(),
                quorum: quorum(policy),
                totals: self.0.desk.totals().map(|published| published.totals.value().clone()),
            })
        })
    }
}

/// How many witnesses the policy's quorum needs; a group of groups counts as all of its members.
fn quorum(policy: &Policy) -> usize {
    match policy.quorum() {
        Quorum::None => 0,
        Quorum::Witness(_) => 1,
        Quorum::Group(index) => policy.groups().get(index).map_or(policy.witnesses().len(), |group| group.threshold),
    }
}
