//! Opening the parties around a custodian, and the adapters between their interfaces and the desk's ports.

use crate::config::{Config, PartyAt};
use crate::edge;
use crate::files;
use crate::place::Place;
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use countersign_core::check_in::CheckIn;
use countersign_core::id::Digest;
use countersign_core::time::Clock;
use countersign_core::totals::DailyTotals;
use countersign_desk::ports::{Journal, Trustee as TrusteePort};
use countersign_log::witness::{HttpWitness, LocalWitness, Witness};
use countersign_log::{Log, LogParts, LogSource as _, Pace, PublicProof, TileStore, TilesSource};
use countersign_store::journal::{Entry, Journal as JournalStore, MOST_LEAVES, SqliteJournal};
use countersign_tlog::leaf::{LARGE_LEAF_BYTES, Leaf};
use countersign_tlog::note::{SigningKey, VerifierKey};
use countersign_tlog::policy::Policy;
use countersign_trustee::{HttpTrustee, LocalTrustee, LogSource, Service, Trustee};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a publication waits for the other witnesses once there is a quorum. One that answers late is missing from this checkpoint
/// only; one that is gone costs every publication this long.
pub(crate) const GRACE: Duration = Duration::from_millis(250);

/// How long the desk waits for a leaf to be public.
const PATIENCE: Duration = Duration::from_secs(30);

/// The running log with its background task.
pub(crate) struct RunningLog {
    log: Arc<Log>,
    journal: Arc<SqliteJournal>,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<countersign_log::Result<()>>>>,
    control: Mutex<(u64, Vec<u64>)>,
}

impl RunningLog {
    /// Opens the log: nothing is signed unless store, tiles and witnesses agree.
    pub(crate) async fn open(
        place: &Place,
        config: &Config,
        tiles: Arc<dyn TileStore>,
        journal: Arc<SqliteJournal>,
        policy: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>> {
        let signer = SigningKey::parse(files::read_text(&place.key("log.key"), 1024)?.trim_end())?;
        let witnesses = witnesses(place, config, signer.verifier(), &clock)?;
        let log = Log::open(LogParts {
            journal: Arc::clone(&journal) as Arc<dyn JournalStore>,
            tiles,
            witnesses,
            signer,
            policy: Policy::parse(policy.as_bytes())?,
            clock,
            pace: Pace { grace: GRACE, ..Pace::default() },
        })
        .await?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(Arc::clone(&log).run(stopped));
        Ok(Arc::new(Self { log, journal, stop, task: Mutex::new(Some(task)), control: Mutex::new((0, Vec::new())) }))
    }

    pub(crate) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// The journal's store.
    pub(crate) fn journal(&self) -> &Arc<SqliteJournal> {
        &self.journal
    }

    /// Publishes what is accepted, then stops the background task.
    pub(crate) async fn close(&self) -> Result<()> {
        self.log.flush().await?;
        let _ = self.stop.send(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.await.context("the log's task died")??;
        }
        self.journal.close().await;
        Ok(())
    }

    /// Leaves from `from` on, exact bytes.
    pub(crate) async fn leaves(&self, from: u64) -> Result<Vec<(u64, Vec<u8>)>> {
        let mut all = Vec::new();
        self.each_leaf(from, |index, leaf| {
            all.push((index, leaf.to_vec()));
            Ok(())
        })
        .await?;
        Ok(all)
    }

    /// Passes the leaves from `from` on, exact bytes, to `visit`: a journal does not fit into memory.
    pub(crate) async fn each_leaf(&self, from: u64, visit: impl FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
        each_leaf(&self.journal, from, visit).await
    }

    async fn scan_control(&self) -> Result<Vec<u64>> {
        let from = self.control.lock().unwrap_or_else(PoisonError::into_inner).0;
        let (mut next, mut found) = (from, Vec::new());
        self.each_leaf(from, |index, leaf| {
            next = index + 1;
            if leaf.len() == LARGE_LEAF_BYTES
                && let Leaf::Control(control) = Leaf::parse(leaf)?
                && !DailyTotals::is_claimed_by(control.body())
                && !CheckIn::is_claimed_by(control.body())
            {
                found.push(index);
            }
            Ok(())
        })
        .await?;
        let mut known = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        // Another call may have read some of them meanwhile.
        let before = known.0;
        known.0 = before.max(next);
        known.1.extend(found.into_iter().filter(|index| *index >= before));
        Ok(known.1.clone())
    }
}

/// Passes the leaves of a journal from `from` on, exact bytes, to `visit`.
pub(crate) async fn each_leaf(
    journal: &SqliteJournal,
    from: u64,
    mut visit: impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut next = from;
    loop {
        let entries = journal.entries(next, MOST_LEAVES).await?;
        let Some(last) = entries.last() else { return Ok(()) };
        next = last.index + 1;
        entries.iter().try_for_each(|entry| visit(entry.index, &entry.leaf))?;
    }
}

#[async_trait]
impl Journal for RunningLog {
    async fn public(&self, key: &[u8; 32]) -> Result<PublicProof, String> {
        tokio::time::timeout(PATIENCE, self.log.public(key))
            .await
            .map_err(|_| format!("no quorum of witnesses within {} seconds", PATIENCE.as_secs()))?
            .map_err(|error| error.to_string())
    }

    async fn at(&self, index: u64) -> Result<PublicProof, String> {
        let entry = self.journal.entries(index, 1).await.map_err(|error| error.to_string())?.pop();
        let entry = entry.ok_or_else(|| format!("the journal has no leaf {index}"))?;
        self.public(&entry.key).await
    }

    async fn control_leaves(&self) -> Result<Vec<u64>, String> {
        self.scan_control().await.map_err(|error| error.to_string())
    }

    async fn head(&self) -> Result<(u64, Digest), String> {
        let published = self.log.published().ok_or("nothing is published yet")?;
        let head = published.checkpoint();
        Ok((head.size, Digest(*head.root.as_bytes())))
    }

    async fn entries(&self, first: u64, limit: u32) -> Result<Vec<Entry>, String> {
        self.journal.entries(first, limit).await.map_err(|error| error.to_string())
    }

    async fn refresh(&self) -> Result<(), String> {
        self.log.publish().await.map(|_| ()).map_err(|error| error.to_string())
    }
}

/// The witnesses of the configuration, for this log.
pub(crate) fn witnesses(
    place: &Place,
    config: &Config,
    log: &VerifierKey,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn Witness>>> {
    config.witnesses.iter().map(|witness| open_witness(place, witness, log, clock)).collect()
}

fn open_witness(
    place: &Place,
    witness: &PartyAt,
    log: &VerifierKey,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Witness>> {
    let name = format!("witness-{}", witness.number);
    if witness.at == "local" {
        let folder = place.witness(witness.number);
        let key = SigningKey::parse(files::read_text(&folder.join("witness.key"), 1024)?.trim_end())?;
        return Ok(Arc::new(LocalWitness::new(name, key, vec![log.clone()], folder, Arc::clone(clock))));
    }
    Ok(Arc::new(HttpWitness::new(name, address(&witness.at)?, client()?)))
}

/// A witness in a folder beside the custodian's.
pub(crate) fn local_witness(
    place: &Place,
    number: u16,
    log: &VerifierKey,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Witness>> {
    open_witness(place, &PartyAt { number, at: "local".into() }, log, clock)
}

/// The trustees as the desk asks them, and those that work in folders beside the custodian's.
pub(crate) struct TrusteesAt {
    pub(crate) asked: Vec<Arc<dyn TrusteePort>>,
    pub(crate) local: Vec<Service>,
}

pub(crate) fn trustees(
    place: &Place,
    config: &Config,
    tiles: &Arc<dyn TileStore>,
    clock: &Arc<dyn Clock>,
) -> Result<TrusteesAt> {
    let mut all = TrusteesAt { asked: Vec::new(), local: Vec::new() };
    for party in &config.trustees {
        if party.at == "local" {
            let service = local_trustee(place, party.number, tiles, clock)?;
            all.local.push(service.clone());
            all.asked.push(Arc::new(Local(LocalTrustee(service))));
        } else {
            all.asked.push(Arc::new(Remote(HttpTrustee::new(party.number, address(&party.at)?, client()?))));
        }
    }
    Ok(all)
}

/// A trustee at work in the folder beside the custodian's, reading the journal where this process keeps it.
fn local_trustee(place: &Place, index: u16, tiles: &Arc<dyn TileStore>, clock: &Arc<dyn Clock>) -> Result<Service> {
    Ok(Service {
        trustee: Arc::new(Trustee::open(&place.trustee(index))?),
        source: Arc::new(Kept(TilesSource(Arc::clone(tiles)))),
        clock: Arc::clone(clock),
        seeds: Arc::new(edge::seed_or_abort),
    })
}

/// The journal where this process keeps it, for a trustee in this process. It trusts this place no more than any other.
pub(crate) struct Kept(pub(crate) TilesSource);

#[async_trait]
impl LogSource for Kept {
    async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        self.0.get(path, most).await
    }
}

/// A trustee in a folder beside the custodian's, over the same interface as one far away.
struct Local(LocalTrustee);

#[async_trait]
impl TrusteePort for Local {
    fn index(&self) -> u16 {
        self.0.index()
    }

    async fn ask(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.0.ask(request).await
    }

    async fn lookup(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.0.lookup(request).await
    }

    async fn totals(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.0.totals(request).await
    }
}

struct Remote(HttpTrustee);

#[async_trait]
impl TrusteePort for Remote {
    fn index(&self) -> u16 {
        self.0.index()
    }

    async fn ask(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.0.ask(request).await
    }

    async fn lookup(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.0.lookup(request).await
    }

    async fn totals(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.0.totals(request).await
    }
}

fn address(at: &str) -> Result<&str> {
    if at.starts_with("http://") || at.starts_with("https://") {
        return Ok(at);
    }
    bail!("`{at}` in custodian/config.json is neither `local` nor an address that begins with http:// or https://")
}

/// Makes TLS offer X25519MLKEM768 first: what is recorded today stays closed to a quantum computer of tomorrow, if the other side
/// speaks it.
pub(crate) fn use_provider() {
    use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
    let kx_groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    // Refused when a provider is there already: that of an earlier call.
    let _ = rustls::crypto::CryptoProvider { kx_groups, ..default_provider() }.install_default();
}

/// An HTTP client with time limits.
pub(crate) fn client() -> Result<reqwest::Client> {
    use_provider();
    Ok(reqwest::Client::builder().timeout(Duration::from_secs(60)).connect_timeout(Duration::from_secs(5)).build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_offers_a_post_quantum_key_exchange_first() {
        client().unwrap();
        let provider = rustls::crypto::CryptoProvider::get_default().unwrap();
        let groups: Vec<_> = provider.kx_groups.iter().map(|group| group.name()).collect();
        assert_eq!(groups[..2], [rustls::NamedGroup::X25519MLKEM768, rustls::NamedGroup::X25519]);
    }
}
