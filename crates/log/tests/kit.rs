//! A log with three witnesses in a temporary folder, and parts that fail on demand.

use async_trait::async_trait;
use countersign_core::time::{Clock, Timestamp};
use countersign_log::witness::{LocalWitness, Witness, WitnessError};
use countersign_log::{FolderTiles, Log, LogParts, Pace, Result, TileStore};
use countersign_store::journal::{Entry, Head, Journal, MemoryJournal, Place};
use countersign_store::{LeafKey, NewLeaf, StoreError};
use countersign_testkit::clock::StepClock;
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use countersign_tlog::policy::Policy;
use countersign_tlog::tile::TilePath;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const ORIGIN: &str = "log.example/xa";

/// Where the clock stands, in POSIX seconds.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<StepClock>,
    place: Option<Opens>,
}

/// Opens a place for tiles as another process does.
pub(crate) type Opens = Box<dyn Fn() -> Arc<dyn TileStore> + Send + Sync>;

pub(crate) fn key(name: &str, kind: KeyKind, seed: u8) -> SigningKey {
    SigningKey::from_seed(KeyName::new(name).unwrap(), kind, &[seed; 32]).unwrap()
}

pub(crate) fn signer() -> SigningKey {
    key(ORIGIN, KeyKind::Ed25519, 1)
}

pub(crate) fn witness_key(number: u8) -> SigningKey {
    key(&format!("witness.example/w{number}"), KeyKind::CosignatureV1, 10 + number)
}

pub(crate) fn policy() -> Policy {
    let mut text = format!("log {}\n", signer().verifier());
    for number in 1..=3 {
        text += &format!("witness w{number} {}\n", witness_key(number).verifier());
    }
    Policy::parse(format!("{text}group all-w 2 w1 w2 w3\nquorum all-w\n").as_bytes()).unwrap()
}

pub(crate) fn leaf(number: u64) -> NewLeaf {
    let mut key = [3; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    NewLeaf { key, kind: "dummy".to_owned(), leaf: format!("leaf {number}").into_bytes(), disclosures: vec![] }
}

pub(crate) fn leaves(numbers: std::ops::Range<u64>) -> Vec<NewLeaf> {
    numbers.map(leaf).collect()
}

impl Bench {
    /// An initialised log in memory and a folder.
    pub(crate) async fn new() -> Self {
        Self::with(Arc::new(MemoryJournal::new())).await
    }

    pub(crate) async fn with(journal: Arc<dyn Journal>) -> Self {
        Self::over(journal, None).await
    }

    /// An initialised log whose tiles are elsewhere than in the folder.
    pub(crate) async fn over(journal: Arc<dyn Journal>, place: Option<Opens>) -> Self {
        Self::within(tempfile::tempdir().unwrap(), journal, place).await
    }

    /// An initialised log in a folder that is there.
    pub(crate) async fn within(folder: TempDir, journal: Arc<dyn Journal>, place: Option<Opens>) -> Self {
        let clock = Arc::new(StepClock::new(Timestamp::from_unix(NOW as i64).unwrap(), 0));
        let bench = Self { folder, journal, clock, place };
        Log::init(&*bench.journal, &*bench.tiles(), &signer()).await.unwrap();
        bench
    }

    pub(crate) fn log_folder(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn tiles(&self) -> Arc<dyn TileStore> {
        self.place.as_ref().map_or_else(|| Arc::new(FolderTiles::new(self.log_folder())) as _, |open| open())
    }

    pub(crate) fn witness(&self, number: u8) -> LocalWitness {
        let folder = self.folder.path().join(format!("w{number}"));
        let clock: Arc<dyn Clock> = self.clock.clone();
        LocalWitness::new(format!("w{number}"), witness_key(number), vec![signer().verifier().clone()], folder, clock)
    }

    pub(crate) fn witnesses(&self) -> Vec<Arc<dyn Witness>> {
        (1..=3).map(|number| Arc::new(self.witness(number)) as Arc<dyn Witness>).collect()
    }

    pub(crate) fn parts(&self) -> LogParts {
        LogParts {
            journal: Arc::clone(&self.journal),
            tiles: self.tiles(),
            witnesses: self.witnesses(),
            signer: signer(),
            policy: policy(),
            clock: self.clock.clone(),
            pace: Pace { witness_timeout: Duration::from_secs(30), grace: Duration::from_secs(30), ..Pace::default() },
        }
    }

    pub(crate) async fn open(&self) -> Result<Arc<Log>> {
        Log::open(self.parts()).await
    }

    /// Accepts leaves and makes them public.
    pub(crate) async fn publish(&self, log: &Log, numbers: std::ops::Range<u64>) {
        self.journal.enqueue(&leaves(numbers)).await.unwrap();
        log.flush().await.unwrap();
    }
}

/// An HTTP client for loopback.
pub(crate) fn client() -> reqwest::Client {
    // Already installed by another test is fine.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Every file under a folder, relative, sorted.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let (mut names, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry)
            } else {
                names.push(entry.strip_prefix(folder).unwrap().display().to_string())
            }
        }
    }
    names.sort();
    names
}

pub(crate) fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// Fails one call out of many, before or after it had its effect, and everything after it, as a crash does.
#[derive(Clone)]
pub(crate) struct Fuse {
    left: Arc<AtomicI64>,
    after: bool,
}

impl Fuse {
    pub(crate) fn new(calls: i64, after: bool) -> Self {
        Self { left: Arc::new(AtomicI64::new(calls)), after }
    }

    pub(crate) fn blown(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }

    /// Runs one call: `None` if the fuse blew in it or before.
    fn run<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        match left {
            1.. => Some(work()),
            0 if self.after => {
                work();
                None
            }
            _ => None,
        }
    }
}

pub(crate) struct FusedTiles(pub(crate) Arc<dyn TileStore>, pub(crate) Fuse);

impl TileStore for FusedTiles {
    fn read(&self, path: &TilePath) -> io::Result<Option<Vec<u8>>> {
        self.0.read(path)
    }
    fn write(&self, tiles: &[(TilePath, Vec<u8>)]) -> io::Result<()> {
        // One call a tile, so that a crash can come between any two.
        for tile in tiles {
            self.1
                .run(|| self.0.write(std::slice::from_ref(tile)))
                .unwrap_or_else(|| Err(io::Error::other("crash")))?;
        }
        Ok(())
    }
    fn list(&self) -> io::Result<Vec<TilePath>> {
        self.0.list()
    }
    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.0.read_file(name)
    }
    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.1.run(|| self.0.replace_file(name, bytes)).unwrap_or_else(|| Err(io::Error::other("crash")))
    }
}

pub(crate) struct FusedWitness(pub(crate) LocalWitness, pub(crate) Fuse);

#[async_trait]
impl Witness for FusedWitness {
    fn name(&self) -> &str {
        self.0.name()
    }
    async fn add_checkpoint(&self, body: Vec<u8>) -> std::result::Result<(u16, Vec<u8>), WitnessError> {
        let answer = self.1.run(|| self.0.answer(&body));
        let answer =
            answer.ok_or_else(|| WitnessError { witness: self.name().to_owned(), reason: "crash".to_owned() })?;
        Ok((answer.status, answer.body.into_bytes()))
    }
    async fn latest(&self, origin: &str) -> std::result::Result<Option<Vec<u8>>, WitnessError> {
        self.0.latest(origin).await
    }
}

/// A witness that does not answer while it is down.
pub(crate) struct Switched(pub(crate) LocalWitness, pub(crate) Arc<AtomicBool>);

impl Switched {
    fn up(&self) -> std::result::Result<(), WitnessError> {
        let down = || WitnessError { witness: self.0.name().to_owned(), reason: "down".to_owned() };
        if self.1.load(Ordering::SeqCst) { Ok(()) } else { Err(down()) }
    }
}

#[async_trait]
impl Witness for Switched {
    fn name(&self) -> &str {
        self.0.name()
    }
    async fn add_checkpoint(&self, body: Vec<u8>) -> std::result::Result<(u16, Vec<u8>), WitnessError> {
        self.up()?;
        self.0.add_checkpoint(body).await
    }
    async fn latest(&self, origin: &str) -> std::result::Result<Option<Vec<u8>>, WitnessError> {
        self.up()?;
        self.0.latest(origin).await
    }
}

/// A journal whose `advance` fails by a fuse.
pub(crate) struct FusedJournal(pub(crate) Arc<dyn Journal>, pub(crate) Fuse);

#[async_trait]
impl Journal for FusedJournal {
    async fn create(&self, head: Head) -> countersign_store::Result<()> {
        self.0.create(head).await
    }
    async fn head(&self) -> countersign_store::Result<Option<Head>> {
        self.0.head().await
    }
    async fn advance(&self, from: &Head, next: Head) -> countersign_store::Result<()> {
        match self.1.run(|| self.0.advance(from, next)) {
            Some(work) => work.await,
            None => Err(StoreError::Unavailable { doing: "move the head", reason: "crash".to_owned() }),
        }
    }
    async fn enqueue(&self, leaves: &[NewLeaf]) -> countersign_store::Result<()> {
        self.0.enqueue(leaves).await
    }
    async fn entries(&self, from: u64, limit: u32) -> countersign_store::Result<Vec<Entry>> {
        self.0.entries(from, limit).await
    }
    async fn place(&self, key: &LeafKey) -> countersign_store::Result<Option<Place>> {
        self.0.place(key).await
    }
}

/// A journal whose next `advance` happens and is reported as failed.
pub(crate) struct HalfHeard(pub(crate) Arc<dyn Journal>, pub(crate) AtomicBool);

#[async_trait]
impl Journal for HalfHeard {
    async fn create(&self, head: Head) -> countersign_store::Result<()> {
        self.0.create(head).await
    }
    async fn head(&self) -> countersign_store::Result<Option<Head>> {
        self.0.head().await
    }
    async fn advance(&self, from: &Head, next: Head) -> countersign_store::Result<()> {
        self.0.advance(from, next).await?;
        if self.1.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Unavailable { doing: "move the head", reason: "connection lost".to_owned() });
        }
        Ok(())
    }
    async fn enqueue(&self, leaves: &[NewLeaf]) -> countersign_store::Result<()> {
        self.0.enqueue(leaves).await
    }
    async fn entries(&self, from: u64, limit: u32) -> countersign_store::Result<Vec<Entry>> {
        self.0.entries(from, limit).await
    }
    async fn place(&self, key: &LeafKey) -> countersign_store::Result<Option<Place>> {
        self.0.place(key).await
    }
}
