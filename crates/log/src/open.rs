//! The log itself and its start: nothing is signed before store, tiles and witnesses agree with each other.

use crate::replay::{Edges, Replay, Tile};
use crate::sequence::Sequencing;
use crate::witness::{Witness, WitnessError};
use crate::{LogError, Result, TileStore};
use countersign_core::time::Clock;
use countersign_store::journal::{Head, Journal};
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::empty_root;
use countersign_tlog::merkle::{Frontier, Tree, root_at};
use countersign_tlog::note::{KeyKind, SigningKey, VerifierKey};
use countersign_tlog::policy::Policy;
use countersign_tlog::tile::{TileKind, TilePath};
use countersign_tlog::witness::verify_latest;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex as StdMutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use tokio::sync::{Mutex, Notify, watch};
use tokio::time::Instant;

pub(crate) const CHECKPOINT_FILE: &str = "checkpoint";
pub(crate) const VKEY_FILE: &str = "vkey";

/// What a log is made of.
pub struct LogParts {
    /// Source of truth.
    pub journal: Arc<dyn Journal>,
    /// Where the public reads.
    pub tiles: Arc<dyn TileStore>,
    /// The witnesses of the policy, by their names there.
    pub witnesses: Vec<Arc<dyn Witness>>,
    /// The log's key, type 0x01; its name is the origin.
    pub signer: SigningKey,
    /// Which witnesses make a quorum. Must list this log, and must not be refused by its linter.
    pub policy: Policy,
    /// Time for ages of cosignatures.
    pub clock: Arc<dyn Clock>,
    /// Batches and waits.
    pub pace: Pace,
}

/// Batches and waits of the running log.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Most leaves signed at once.
    pub batch: u32,
    /// How long a batch that is not full waits for more leaves, counted from the first [`Log::wake`] after the one before it.
    pub gather: Duration,
    /// How often the store is asked for new leaves when nobody calls [`Log::wake`].
    pub poll: Duration,
    /// How long a witness may take to answer.
    pub witness_timeout: Duration,
    /// How long to wait for the other witnesses once there is a quorum.
    pub grace: Duration,
    /// Seconds after which an unchanged checkpoint is cosigned again, so that its cosignatures stay fresh.
    pub recosign_after: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            batch: 1_000,
            gather: Duration::from_millis(2),
            poll: Duration::from_millis(10),
            witness_timeout: Duration::from_secs(5),
            grace: Duration::from_millis(50),
            recosign_after: 20 * 60,
        }
    }
}

/// How far the log is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Leaves under the signed head.
    pub durable: u64,
    /// Leaves under the published checkpoint.
    pub public: u64,
    /// Why the log has stopped, if it has.
    pub stopped: Option<String>,
}

/// The running log. One per journal: of two, the second to sign stops.
pub struct Log {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) tiles: Arc<dyn TileStore>,
    pub(crate) witnesses: Vec<Arc<dyn Witness>>,
    pub(crate) signer: SigningKey,
    pub(crate) policy: Policy,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pace: Pace,
    /// Owned by `sequence`.
    pub(crate) sequencing: Mutex<Sequencing>,
    /// Owned by `publish`.
    pub(crate) publishing: Mutex<Publishing>,
    /// Hashes of the durable leaves, 64 bytes a leaf: written by `sequence`, read for proofs.
    tree: RwLock<Tree>,
    /// Written by `publish`, read for proofs.
    pub(crate) published: RwLock<Option<SignedCheckpoint>>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) woken: Woken,
}

/// That leaves were accepted, and since when.
#[derive(Default)]
pub(crate) struct Woken {
    first: StdMutex<Option<Instant>>,
    bell: Notify,
}

impl Woken {
    fn ring(&self) {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
        self.bell.notify_one();
    }

    /// Waits for the first ring since the last call, and tells when it was.
    pub(crate) async fn first(&self) -> Instant {
        loop {
            self.bell.notified().await;
            // The time of a ring may have been taken with the notice of the one before it.
            if let Some(first) = self.first.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return first;
            }
        }
    }
}

/// What `publish` knows of the tiles and the witnesses.
pub(crate) struct Publishing {
    pub(crate) edges: Edges,
    /// POSIX seconds of the last publication by this process.
    pub(crate) published_at: u64,
    /// Size that each witness cosigned last, by its name.
    pub(crate) cosigned: BTreeMap<String, u64>,
}

impl Log {
    /// Makes a new log: its head in the store and `vkey` beside the tiles.
    ///
    /// # Errors
    /// [`LogError::Stopped`] when the store or the place for the tiles hold a log already, [`LogError::Unavailable`] when one of
    /// them cannot be read or written.
    pub async fn init(journal: &dyn Journal, tiles: &dyn TileStore, signer: &SigningKey) -> Result<()> {
        let there = tiles.read_file(CHECKPOINT_FILE).map_err(tile_error)?.is_some();
        if there || !tiles.list().map_err(tile_error)?.is_empty() {
            return Err(LogError::stopped("the place for the tiles holds a log already"));
        }
        let origin = signer.verifier().name().clone();
        let checkpoint = Checkpoint { origin: origin.clone(), size: 0, root: empty_root() };
        let checkpoint = checkpoint.sign(signer).map_err(LogError::stopped)?.to_string().into_bytes();
        let frontier = Frontier::new().to_bytes();
        journal.create(Head { origin: origin.to_string(), size: 0, frontier, checkpoint }).await?;
        tiles.replace_file(VKEY_FILE, format!("{}\n", signer.verifier()).as_bytes()).map_err(tile_error)
    }

    /// Starts the log: rebuilds the tree from the store, compares it with the signed head, completes the tiles, and compares with
    /// what a quorum of the witnesses has cosigned last.
    ///
    /// # Errors
    /// [`LogError::Stopped`] when anything differs or is ahead of the store, or the lock row is missing;
    /// [`LogError::Unavailable`] when store, tiles or a quorum of the witnesses cannot be asked.
    pub async fn open(parts: LogParts) -> Result<Arc<Self>> {
        check_parts(&parts)?;
        let LogParts { journal, tiles, witnesses, signer, policy, clock, pace } = parts;
        let head = journal.head().await?.ok_or_else(|| LogError::stopped("the store has no lock row of a log"))?;
        let checkpoint = check_head(&head, signer.verifier())?;
        let mut replay = Replay::new(&*journal, head.size);
        let mut missing = Vec::new();
        while let Some(next) = replay.step().await? {
            missing.extend(blocking(&tiles, move |tiles| compare(tiles, next)).await?);
        }
        if replay.frontier.root() != checkpoint.checkpoint().root || replay.frontier.to_bytes() != head.frontier {
            return Err(LogError::stopped("the leaves in the store do not lead to the signed root"));
        }
        let Replay { tree, edges, frontier, .. } = replay;
        let (size, key) = (head.size, signer.verifier().clone());
        let published = blocking(&tiles, move |tiles| {
            none_ahead(tiles, size)?;
            check_vkey(tiles, &key)?;
            tiles.write(&missing).map_err(tile_error)?;
            tiles.read_file(CHECKPOINT_FILE).map_err(tile_error)
        })
        .await?;
        let published = published.map(|bytes| check_published(&bytes, signer.verifier(), &tree)).transpose()?;
        let cosigned = ask_witnesses(&witnesses, &policy, signer.verifier(), &tree, pace.witness_timeout).await?;
        let public = published.as_ref().map_or(0, |signed| signed.checkpoint().size);
        let progress = Progress { durable: size, public, stopped: None };
        Ok(Arc::new(Self {
            sequencing: Mutex::new(Sequencing::new(head, frontier, checkpoint)),
            publishing: Mutex::new(Publishing { edges, published_at: 0, cosigned }),
            tree: RwLock::new(tree),
            published: RwLock::new(published),
            progress: watch::Sender::new(progress),
            woken: Woken::default(),
            journal,
            tiles,
            witnesses,
            signer,
            policy,
            clock,
            pace,
        }))
    }

    /// Tells the sequencer that leaves were accepted.
    pub fn wake(&self) {
        self.woken.ring();
    }

    /// How far the log is; changes as it moves.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// The log's public key.
    pub fn verifier(&self) -> &VerifierKey {
        self.signer.verifier()
    }

    /// The policy it publishes under.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn tree(&self) -> RwLockReadGuard<'_, Tree> {
        self.tree.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tree_mut(&self) -> RwLockWriteGuard<'_, Tree> {
        self.tree.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.clock.now().unix()).unwrap_or(0)
    }

    /// Remembers a final error, so that no later step signs.
    pub(crate) fn note<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(LogError::Stopped(reason)) = &result {
            self.progress.send_modify(|progress| {
                progress.stopped.get_or_insert_with(|| reason.clone());
            });
        }
        result
    }

    pub(crate) fn going(&self) -> Result<()> {
        match &self.progress.borrow().stopped {
            Some(reason) => Err(LogError::stopped(reason)),
            None => Ok(()),
        }
    }
}

/// Works with tiles on a thread for blocking work.
pub(crate) async fn blocking<T: Send + 'static>(
    tiles: &Arc<dyn TileStore>,
    work: impl FnOnce(&dyn TileStore) -> Result<T> + Send + 'static,
) -> Result<T> {
    let tiles = Arc::clone(tiles);
    tokio::task::spawn_blocking(move || work(&*tiles))
        .await
        .map_err(|error| LogError::unavailable("work on its tiles", error))?
}

/// Tiles that are there with other bytes stop the log; a full disk or a bucket out of reach does not.
pub(crate) fn tile_error(error: std::io::Error) -> LogError {
    match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::InvalidData => LogError::stopped(error),
        _ => LogError::unavailable("read or write its tiles", error),
    }
}

fn check_parts(parts: &LogParts) -> Result<()> {
    let key = parts.signer.verifier();
    if key.kind() != KeyKind::Ed25519 || !parts.policy.logs().iter().any(|log| &log.key == key) {
        return Err(LogError::stopped("the policy does not list this log's key"));
    }
    if let Some(reason) = parts.policy.refused() {
        return Err(LogError::stopped(format!("the witness policy is refused: {reason}")));
    }
    let stranger =
        parts.witnesses.iter().find(|one| !parts.policy.witnesses().iter().any(|known| known.name == one.name()));
    match stranger {
        Some(stranger) => Err(LogError::stopped(format!("witness `{}` is not in the policy", stranger.name()))),
        None => Ok(()),
    }
}

/// The head's own consistency: signed by this log, and the frontier is that of its root.
pub(crate) fn check_head(head: &Head, key: &VerifierKey) -> Result<SignedCheckpoint> {
    let signed = SignedCheckpoint::parse(&head.checkpoint).map_err(LogError::stopped)?;
    let checkpoint = signed.verify_log(key).map_err(LogError::stopped)?;
    let frontier = Frontier::from_bytes(&head.frontier).map_err(LogError::stopped)?;
    let same = checkpoint.size == head.size && frontier.size() == head.size && frontier.root() == checkpoint.root;
    if !same || head.origin != key.name().as_str() {
        return Err(LogError::stopped("the head's row contradicts its own signed checkpoint"));
    }
    Ok(signed)
}

/// Tiles that are there must be the expected ones; returns those that are not there.
fn compare(tiles: &dyn TileStore, expected: Vec<Tile>) -> Result<Vec<Tile>> {
    let mut missing = Vec::new();
    let paths: Vec<TilePath> = expected.iter().map(|(path, _)| *path).collect();
    let there = tiles.read_all(&paths).map_err(tile_error)?;
    for ((path, bytes), there) in expected.into_iter().zip(there) {
        match there {
            None => missing.push((path, bytes)),
            Some(there) if there == bytes => {}
            Some(_) => return Err(LogError::stopped(format!("{path} differs from the store"))),
        }
    }
    Ok(missing)
}

/// A tile beyond the store's size means that the store is an old copy.
pub(crate) fn none_ahead(tiles: &dyn TileStore, size: u64) -> Result<()> {
    match tiles.list().map_err(tile_error)?.into_iter().find(|path| is_ahead(path, size)) {
        Some(path) => {
            Err(LogError::stopped(format!("{path} is ahead of the store's {size} leaves: the store is an old copy")))
        }
        None => Ok(()),
    }
}

fn is_ahead(path: &TilePath, size: u64) -> bool {
    let level = match path.kind() {
        TileKind::Hashes(level) => u32::from(level),
        TileKind::Entries => 0,
    };
    let there = size.checked_shr(8 * level).unwrap_or(0);
    path.index().saturating_mul(256).saturating_add(u64::from(path.width())) > there
}

pub(crate) fn check_published(bytes: &[u8], log: &VerifierKey, tree: &Tree) -> Result<SignedCheckpoint> {
    let signed =
        SignedCheckpoint::parse(bytes).map_err(|error| LogError::stopped(format!("published checkpoint: {error}")))?;
    let checkpoint = signed.verify_log(log).map_err(LogError::stopped)?;
    compare_with_tree(checkpoint, tree, "the published checkpoint")?;
    Ok(signed)
}

/// A checkpoint this log signed earlier must be a beginning of the store's tree.
pub(crate) fn compare_with_tree(checkpoint: &Checkpoint, mut tree: &Tree, whose: &str) -> Result<()> {
    let (theirs, ours) = (checkpoint.size, tree.size());
    if theirs > ours {
        return Err(LogError::stopped(format!(
            "{whose} covers {theirs} leaves, the store {ours}: the store is an old copy"
        )));
    }
    if root_at(theirs, &mut tree).map_err(LogError::stopped)? != checkpoint.root {
        return Err(LogError::stopped(format!("{whose} of size {theirs} has another root than the store")));
    }
    Ok(())
}

fn check_vkey(tiles: &dyn TileStore, key: &VerifierKey) -> Result<()> {
    let expected = format!("{key}\n").into_bytes();
    match tiles.read_file(VKEY_FILE).map_err(tile_error)? {
        Some(found) if found == expected => Ok(()),
        Some(_) => Err(LogError::stopped("the vkey beside the tiles is of another key")),
        None => tiles.replace_file(VKEY_FILE, &expected).map_err(tile_error),
    }
}

/// What each witness cosigned last. Those that answer must be a quorum: then one of them knows every checkpoint that was ever
/// published, and a store restored from an old copy is noticed.
async fn ask_witnesses(
    witnesses: &[Arc<dyn Witness>],
    policy: &Policy,
    log: &VerifierKey,
    tree: &Tree,
    limit: Duration,
) -> Result<BTreeMap<String, u64>> {
    let mut sizes = BTreeMap::new();
    let mut reasons = Vec::new();
    for witness in witnesses {
        let name = witness.name();
        let Some(key) = policy.witnesses().iter().find(|known| known.name == name).map(|known| &known.key) else {
            continue;
        };
        let answer = tokio::time::timeout(limit, witness.latest(log.name().as_str())).await.unwrap_or_else(|_| {
            Err(WitnessError { witness: name.to_owned(), reason: format!("no answer within {} ms", limit.as_millis()) })
        });
        let size = match answer {
            Ok(None) => 0,
            Ok(Some(bytes)) => match verify_latest(&bytes, log, key) {
                Ok(signed) => {
                    compare_with_tree(
                        signed.checkpoint(),
                        tree,
                        &format!("the latest checkpoint of witness `{name}`"),
                    )?;
                    signed.checkpoint().size
                }
                Err(error) => {
                    reasons.push(format!("witness `{name}`: {error}"));
                    continue;
                }
            },
            Err(error) => {
                reasons.push(error.to_string());
                continue;
            }
        };
        sizes.insert(name.to_owned(), size);
    }
    if policy.is_quorum(sizes.keys().map(String::as_str)) {
        Ok(sizes)
    } else {
        Err(LogError::unavailable("ask a quorum of its witnesses for their latest checkpoints", reasons.join("; ")))
    }
}
