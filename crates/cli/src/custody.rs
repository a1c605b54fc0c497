//! Opening a custodian: its documents, stores, running log, trustees - and the desk over all of it.

use crate::config::Config;
use crate::edge;
use crate::files;
use crate::parties::{self, RunningLog};
use crate::place::Place;
use crate::tiles;
use anyhow::{Context, Result, bail, ensure};
use countersign_core::control::Genesis;
use countersign_core::directory::Directory;
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_core::time::{Clock, Timestamp};
use countersign_desk::register::{PaymentTable, ReferenceKey};
use countersign_desk::{Custodian, Desk, RingFiles, Surroundings};
use countersign_log::TileStore;
use countersign_policy::Bundle;
use countersign_seal::identity::IdentityKey;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, Ring, ShareEpoch};
use countersign_store::sqlite::{SqliteSigmas, SqliteStore};
use countersign_store::{DeskStore, Sigmas};
use countersign_tlog::leaf::{ControlLeaf, LARGE_LEAF_BYTES, Leaf};
use countersign_trustee::Service;
use countersign_verify::state::ControlState;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// An open custodian. One process at a time holds it.
pub(crate) struct Custody {
    pub(crate) place: Place,
    pub(crate) config: Config,
    pub(crate) desk: Arc<Desk>,
    pub(crate) log: Arc<RunningLog>,
    /// Where the log is kept, for readers.
    pub(crate) tiles: Arc<dyn TileStore>,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) sigmas: Arc<SqliteSigmas>,
    pub(crate) references: Arc<ReferenceKey>,
    /// Trustees in folders beside the custodian's, at work in this process.
    pub(crate) trustees: Vec<Service>,
    _lock: File,
}

impl Custody {
    /// Opens the custodian in `root`.
    pub(crate) async fn open(root: &Path) -> Result<Self> {
        Self::open_at(Place::new(root), edge::clock()).await
    }

    pub(crate) async fn open_at(place: Place, clock: Arc<dyn Clock>) -> Result<Self> {
        let config = Config::load(&place)?;
        let lock = lock(&place)?;
        let genesis = genesis(&place, &config)?;
        let tiles = tiles::open(&place, config.tiles.as_ref())?;
        let policy = &genesis.value().witness_policy;
        let log = RunningLog::open(&place, &config, Arc::clone(&tiles), policy, Arc::clone(&clock)).await?;
        log.log().flush().await.context("the log cannot publish")?;
        let control = fold(&log, &config.genesis).await?;
        let store = Arc::new(SqliteStore::open(&place.database()).await?);
        let sigmas = Arc::new(SqliteSigmas::open(&place.sigmas()).await?);
        let references = Arc::new(ReferenceKey::from_bytes(&*key(&place, "reference.key")?));
        let custodian = custodian(&place, &config, genesis)?;
        let trustees = parties::trustees(&place, &config, &tiles, &clock)?;
        let desk_store = Arc::clone(&store) as Arc<dyn DeskStore>;
        let surroundings = Surroundings {
            sigmas: Arc::clone(&sigmas) as Arc<dyn Sigmas>,
            journal: Arc::clone(&log) as Arc<dyn countersign_desk::ports::Journal>,
            trustees: trustees.asked,
            blast: Arc::new(PaymentTable::new(Arc::clone(&desk_store), Arc::clone(&references))),
            clock,
            rng: edge::rng()?,
            store: desk_store,
        };
        let desk = Arc::new(Desk::new(custodian, control, surroundings));
        desk.keep_control_proofs().await?;
        warn_of_overdue(&desk).await?;
        Ok(Self { place, config, desk, log, tiles, store, sigmas, references, trustees: trustees.local, _lock: lock })
    }

    /// Publishes what is accepted and lets go of everything.
    pub(crate) async fn close(self) -> Result<()> {
        self.log.close().await?;
        self.sigmas.close().await;
        self.store.close().await;
        Ok(())
    }

    /// Folds control leaves that were added since.
    pub(crate) async fn refold(&self) -> Result<()> {
        self.desk.set_control(fold(&self.log, &self.config.genesis).await?);
        Ok(self.desk.keep_control_proofs().await?)
    }
}

/// Registers effects without outcome as incidents and says what to do.
pub(crate) async fn warn_of_overdue(desk: &Desk) -> Result<()> {
    for open in desk.note_overdue().await? {
        eprintln!(
            "countersign: {} begun at {} has no outcome; an incident is registered: release the order again",
            open.effect.kind, open.at
        );
    }
    Ok(())
}

/// Takes the folder for this process alone.
pub(crate) fn lock(place: &Place) -> Result<File> {
    let path = place.lock();
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    let file = file.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another countersign works on {} (a `serve` perhaps): stop it first, then repeat this command",
            place.root().display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// Folds the custodian's own control leaves. It trusts its own ticks; trustees and verifiers go by witnessed times.
async fn fold(log: &RunningLog, pinned: &Digest) -> Result<ControlState> {
    let mut state: Option<ControlState> = None;
    log.each_leaf(0, |index, bytes| {
        // Most leaves are sealed ones, dummies above all: their size tells, and they need not be read.
        if bytes.len() != LARGE_LEAF_BYTES {
            return Ok(());
        }
        if let Leaf::Control(leaf) = Leaf::parse(bytes)? {
            match &mut state {
                None => state = Some(ControlState::begin(&leaf, Some(pinned))?),
                Some(state) => state.fold(index, &leaf, tick_time(&leaf)),
            }
        }
        Ok(())
    })
    .await?;
    state.context("the journal has no genesis")
}

fn tick_time(leaf: &ControlLeaf) -> Timestamp {
    let seconds = leaf.tick().saturating_mul(300);
    i64::try_from(seconds).ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX)
}

fn custodian(place: &Place, config: &Config, genesis: Exact<Genesis>) -> Result<Custodian> {
    let bundle = files::read(&place.document("policy-bundle.json"), 8 * 1024 * 1024)?;
    let desk_key = ed25519_dalek::SigningKey::from_bytes(&*key(place, "desk.key")?);
    let ring = match genesis.value().ring {
        None => None,
        Some(_) => Some(ring(place, genesis.value())?),
    };
    Ok(Custodian {
        bundle: Bundle::from_document(&bundle).context("custodian/documents/policy-bundle.json")?,
        directory: document::<Directory>(place, "directory.json")?,
        ring,
        desk_key,
        matter_key: key(place, "matter.key")?,
        officers: config.officers.clone(),
        genesis,
    })
}

fn ring(place: &Place, genesis: &Genesis) -> Result<RingFiles> {
    let members = genesis.trustees.iter().flat_map(|trustees| &trustees.members);
    let identities = members
        .map(|member| IdentityKey::from_digest(&member.identity).context("a trustee's identity key is unusable"))
        .collect::<Result<Vec<_>>>()?;
    let mut confirmations = Vec::new();
    for index in 1..=identities.len() {
        confirmations.push(document::<Confirmation>(place, &format!("ring-confirmations/{index:03}.json"))?);
    }
    let values: Vec<Confirmation> = confirmations.iter().map(|confirmation| confirmation.value().clone()).collect();
    let ring = ConfirmedRing::new(document::<Ring>(place, "ring.json")?, &values, &identities, DealerRings::Refuse)?;
    let shares = document::<ShareEpoch>(place, "shares.json")?;
    Ok(RingFiles { ring, confirmations: confirmations.iter().map(|c| c.text().to_owned()).collect(), shares })
}

/// Leaf 0's body, as pinned in the configuration.
pub(crate) fn genesis(place: &Place, config: &Config) -> Result<Exact<Genesis>> {
    let genesis: Exact<Genesis> = document(place, "genesis.json")?;
    ensure!(
        genesis.digest() == config.genesis,
        "custodian/documents/genesis.json is not the genesis pinned in custodian/config.json"
    );
    Ok(genesis)
}

fn document<T: Document>(place: &Place, name: &str) -> Result<Exact<T>> {
    let bytes = files::read(&place.document(name), T::MAX_LEN)?;
    Exact::parse(&bytes).with_context(|| format!("custodian/documents/{name}"))
}

/// A 32-byte secret of the custodian.
pub(crate) fn key(place: &Place, name: &str) -> Result<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(files::read(&place.key(name), 64)?);
    let key: [u8; 32] =
        bytes.as_slice().try_into().with_context(|| format!("custodian/keys/{name} is not a key of 32 bytes"))?;
    Ok(Zeroizing::new(key))
}
