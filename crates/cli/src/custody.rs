//! Opening a custodian: its documents, stores, running log, trustees - and the desk over all of it.

use crate::chain::Payments;
use crate::config::Config;
use crate::edge;
use crate::files;
use crate::installed;
use crate::parties::{self, RunningLog, each_leaf};
use crate::place::Place;
use crate::tiles;
use anyhow::{Context, Result, bail, ensure};
use countersign_core::control::{Genesis, RingRef};
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_core::time::Clock;
use countersign_desk::history::seen_at;
use countersign_desk::publish::proof_setting;
use countersign_desk::register::{PaymentTable, ReferenceKey};
use countersign_desk::{Custodian, Desk, RingFiles, Surroundings};
use countersign_log::TileStore;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::Kind;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings};
use countersign_store::journal::SqliteJournal;
use countersign_store::sqlite::{SqliteSigmas, SqliteStore};
use countersign_store::{DeskStore, Settings as _, Sigmas};
use countersign_tlog::leaf::{ControlLeaf, LARGE_LEAF_BYTES, Leaf};
use countersign_trustee::Service;
use countersign_verify::state::{ControlState, InForce};
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

    /// Opens the custodian in `root` for one piece of work, and closes it however that ended.
    pub(crate) async fn during<T>(root: &Path, work: impl AsyncFnOnce(&Self) -> Result<T>) -> Result<T> {
        let custody = Self::open(root).await?;
        let done = work(&custody).await;
        custody.close().await?;
        done
    }

    pub(crate) async fn open_at(place: Place, clock: Arc<dyn Clock>) -> Result<Self> {
        let config = Config::load(&place)?;
        let lock = lock(&place)?;
        let genesis = genesis(&place, &config)?;
        let tiles = tiles::open(&place, config.tiles.as_ref())?;
        let journal = Arc::new(SqliteJournal::open(&place.database()).await?);
        let store = Arc::new(SqliteStore::open(&place.database()).await?);
        let control = fold(journal.as_ref(), &store, &config.genesis).await;
        // A journal that cannot be folded is reported after the log had its say: its start-up check tells what is wrong.
        let policy = control.as_ref().map_or_else(
            |_| genesis.value().witness_policy.clone(),
            |control| control.at(clock.now()).witness_policy().to_owned(),
        );
        let log = RunningLog::open(&place, &config, Arc::clone(&tiles), journal, &policy, Arc::clone(&clock)).await?;
        log.log().flush().await.context("the log cannot publish")?;
        let control = control?;
        let sigmas = Arc::new(SqliteSigmas::open(&place.sigmas()).await?);
        let references = Arc::new(ReferenceKey::from_bytes(&*key(&place, "reference.key")?));
        let custodian = custodian(&place, &config, genesis, &control.at(clock.now()))?;
        let trustees = parties::trustees(&place, &config, &tiles, &clock)?;
        let desk_store = Arc::clone(&store) as Arc<dyn DeskStore>;
        let surroundings = Surroundings {
            sigmas: Arc::clone(&sigmas) as Arc<dyn Sigmas>,
            journal: Arc::clone(&log) as Arc<dyn countersign_desk::ports::Journal>,
            trustees: trustees.asked,
            blast: Arc::new(Payments::new(
                PaymentTable::new(Arc::clone(&desk_store), Arc::clone(&references)),
                place.trace(),
            )),
            clock,
            rng: edge::rng()?,
            store: desk_store,
        };
        let desk = Arc::new(Desk::new(custodian, control, surroundings));
        desk.keep_control_proofs().await?;
        if let Err(error) = desk.settle_retention().await {
            eprintln!(
                "countersign: an erasure or a hold that was begun is not finished, and is tried again at the next start: {error}"
            );
        }
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
        self.desk.keep_control_proofs().await?;
        self.desk.set_control(fold(self.log.journal().as_ref(), &self.store, &self.config.genesis).await?);
        Ok(())
    }
}

/// Registers effects without outcome as incidents and says what to do.
pub(crate) async fn warn_of_overdue(desk: &Desk) -> Result<()> {
    for open in desk.note_overdue().await? {
        eprintln!(
            "countersign: {} begun at {} has no outcome; an incident is registered: {}",
            open.effect.kind,
            open.at,
            if open.effect.kind == "release" { "release the order again" } else { "every start tries it again" }
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

/// Whether another process works on the folder now.
pub(crate) fn is_taken(place: &Place) -> Result<bool> {
    let path = place.lock();
    if !path.exists() {
        return Ok(false);
    }
    let file = File::options().write(true).open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// Folds the custodian's own control leaves, each at the time of the first proof that is kept of it. One that is not public yet
/// counts from its tick: it cools for days, and by then its proof is kept.
async fn fold(journal: &SqliteJournal, store: &SqliteStore, pinned: &Digest) -> Result<ControlState> {
    let mut found: Vec<(u64, Vec<u8>)> = Vec::new();
    each_leaf(journal, 0, |index, bytes| {
        // Most leaves are sealed ones, dummies above all: their size tells, and they need not be read.
        if bytes.len() == LARGE_LEAF_BYTES && matches!(Leaf::parse(bytes)?, Leaf::Control(_)) {
            found.push((index, bytes.to_vec()));
        }
        Ok(())
    })
    .await?;
    let mut state: Option<ControlState> = None;
    for (index, bytes) in found {
        let leaf = ControlLeaf::parse(&bytes)?;
        match &mut state {
            None => state = Some(ControlState::begin(&leaf, Some(pinned))?),
            Some(state) => {
                let proof = store.setting(&proof_setting(index)).await?.unwrap_or_default();
                let seen = seen_at(state, &leaf, &bytes, &proof);
                state.fold(index, &leaf, seen);
            }
        }
    }
    state.context("the journal has no genesis")
}

fn custodian(place: &Place, config: &Config, genesis: Exact<Genesis>, state: &InForce) -> Result<Custodian> {
    let desk_key = ed25519_dalek::SigningKey::from_bytes(&*key(place, "desk.key")?);
    let index = state.index_ring().map(|in_force| ring(place, state, in_force)).transpose()?;
    let former = state.former_ring().map(|former| ring(place, state, former)).transpose()?;
    let ring = state.ring().map(|in_force| ring(place, state, in_force)).transpose()?;
    Ok(Custodian {
        bundle: installed::policy(place, &state.policy())?,
        directory: installed::directory(place, &state.directory())?,
        ring,
        former,
        index,
        desk_key,
        matter_key: key(place, "matter.key")?,
        officers: config.officers.clone(),
        genesis,
    })
}

fn ring<K: Kind>(place: &Place, state: &InForce, in_force: &RingRef) -> Result<RingFiles<K>> {
    let identities = state
        .makers_of(&in_force.id)
        .iter()
        .map(|member| IdentityKey::from_digest(&member.identity).context("a trustee's identity key is unusable"))
        .collect::<Result<Vec<_>>>()?;
    let (ring, confirmations) = installed::ring(place, K::TYPE, &in_force.id, u16::try_from(identities.len())?)?;
    let values: Vec<Confirmation> = confirmations.iter().map(|confirmation| confirmation.value().clone()).collect();
    let ring = ConfirmedRing::new(ring, &values, &identities, DealerRings::Refuse)?;
    let shares = installed::shares(place, K::TYPE, &in_force.shares)?;
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
