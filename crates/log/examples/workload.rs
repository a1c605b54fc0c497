//! A log under load, for `crates/log/chaos` and the tests of crash images: it says what it has acknowledged, and when it is started again
//! it checks that all of it is there.
//!
//! `workload FOLDER ACKNOWLEDGED --steps 1,254,1` accepts so many leaves at a time and makes them public; `--run SECONDS` accepts one
//! after the other while the log runs, until the time is over or somebody kills it. ACKNOWLEDGED is a file with what was printed
//! before; the caller appends standard output to it. Leaf number n has index n, and bytes that follow from n.

use async_trait::async_trait;
use countersign_core::encoding::hex;
use countersign_core::time::{Clock, Timestamp};
use countersign_log::witness::{LocalWitness, Witness, WitnessError};
use countersign_log::{FolderTiles, Log, LogError, LogParts, Pace, TileStore, fsck};
use countersign_store::NewLeaf;
use countersign_store::journal::{Journal, MOST_LEAVES, SqliteJournal};
use countersign_store::sqlite::SqliteStore;
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::{Tree, root_at};
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use countersign_tlog::policy::Policy;
use countersign_tlog::witness::AddCheckpoint;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Keys and policy are those of the tests.
const ORIGIN: &str = "log.example/xa";

/// How the program ends.
enum End {
    /// The store or the disk fails again and again.
    GaveUp(String),
    /// The log has stopped itself for good.
    Stopped(String),
    /// Standard output is not writable: what cannot be told is not acknowledged.
    Mute,
    /// Something acknowledged is not there.
    Violation(String),
}

impl From<LogError> for End {
    fn from(error: LogError) -> Self {
        if error.is_final() { Self::Stopped(error.to_string()) } else { Self::GaveUp(error.to_string()) }
    }
}

impl From<countersign_store::StoreError> for End {
    fn from(error: countersign_store::StoreError) -> Self {
        LogError::from(error).into()
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, acknowledged, mode, value] = arguments.as_slice() else {
        eprintln!("usage: workload FOLDER ACKNOWLEDGED --steps N,N,... | --run SECONDS");
        return ExitCode::from(2);
    };
    // One thread for files, so that a tracer that counts calls by thread counts all of them; no input or output by events.
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_time().build();
    let folder = Path::new(folder);
    let ended = runtime.map_err(|error| End::GaveUp(error.to_string())).and_then(|runtime| match mode.as_str() {
        "--steps" => runtime.block_on(steps(folder, acknowledged, value)),
        _ => runtime.block_on(run(folder, acknowledged, value)),
    });
    let (code, text) = match ended {
        Ok(()) => return ExitCode::SUCCESS,
        Err(End::GaveUp(reason)) => (1, reason),
        Err(End::Stopped(reason)) => (3, reason),
        Err(End::Mute) => (4, "standard output cannot be written".to_owned()),
        Err(End::Violation(reason)) => (9, format!("VIOLATION: {reason}")),
    };
    // Nobody may be listening.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::from(code)
}

/// Prints whole lines by one call.
fn tell(lines: &str) -> Result<(), End> {
    let mut out = std::io::stdout().lock();
    out.write_all(lines.as_bytes()).and_then(|()| out.flush()).map_err(|_| End::Mute)
}

fn leaf(number: u64) -> NewLeaf {
    let mut key = [5; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    let length = 20 + (number * 37 % 300) as usize;
    let leaf = format!("leaf {number} ").into_bytes().into_iter().cycle().take(length).collect();
    NewLeaf { key, kind: "dummy".to_owned(), leaf, disclosures: vec![] }
}

fn key(name: &str, kind: KeyKind, seed: u8) -> SigningKey {
    let name = KeyName::new(name).expect("a name of a key");
    SigningKey::from_seed(name, kind, &[seed; 32]).expect("a key")
}

fn signer() -> SigningKey {
    key(ORIGIN, KeyKind::Ed25519, 1)
}

fn witness_key(number: u8) -> SigningKey {
    key(&format!("witness.example/w{number}"), KeyKind::CosignatureV1, 10 + number)
}

fn policy() -> Policy {
    let mut text = format!("log {}\n", signer().verifier());
    for number in 1..=3 {
        text += &format!("witness w{number} {}\n", witness_key(number).verifier());
    }
    Policy::parse(format!("{text}group all-w 2 w1 w2 w3\nquorum all-w\n").as_bytes()).expect("a policy")
}

/// The machine's clock.
struct Now;

impl Clock for Now {
    #[expect(clippy::disallowed_methods, reason = "a program of its own, at the edge")]
    fn now(&self) -> Timestamp {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(now.as_secs()).ok().and_then(Timestamp::from_unix).expect("a time of this age")
    }
}

/// A witness whose cosignatures are told.
struct Told(LocalWitness, u8);

impl Told {
    fn tell(&self, checkpoint: &Checkpoint) -> Result<(), WitnessError> {
        let line = format!("cosigned {} {} {}\n", self.1, checkpoint.size, hex(&checkpoint.root.0));
        tell(&line).map_err(|_| WitnessError { witness: self.name().to_owned(), reason: "nobody hears it".to_owned() })
    }
}

#[async_trait]
impl Witness for Told {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<(u16, Vec<u8>), WitnessError> {
        let answer = self.0.add_checkpoint(body.clone()).await?;
        if answer.0 == 200 {
            self.tell(AddCheckpoint::parse(&body).expect("it was cosigned").checkpoint.checkpoint())?;
        }
        Ok(answer)
    }

    async fn latest(&self, origin: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        let latest = self.0.latest(origin).await?;
        if let Some(bytes) = &latest {
            self.tell(SignedCheckpoint::parse(bytes).expect("a witness shows what it has checked").checkpoint())?;
        }
        Ok(latest)
    }
}

fn witness(folder: &Path, number: u8) -> LocalWitness {
    let (name, folder) = (format!("w{number}"), folder.join(format!("w{number}")));
    LocalWitness::new(name, witness_key(number), vec![signer().verifier().clone()], folder, Arc::new(Now))
}

fn tiles(folder: &Path) -> Arc<dyn TileStore> {
    Arc::new(FolderTiles::new(folder.join("log")).writers(1))
}

/// The log, whatever state an earlier process has left it in.
async fn open(folder: &Path) -> Result<Opened, End> {
    let path: PathBuf = folder.join("custodian.db");
    let store = SqliteStore::open(&path).await?;
    let journal = Arc::new(SqliteJournal::open(&path).await?);
    if journal.head().await?.is_none() {
        Log::init(&*journal, &*tiles(folder), &signer()).await?;
    }
    let witnesses = (1..=3).map(|number| Arc::new(Told(witness(folder, number), number)) as Arc<dyn Witness>);
    let log = Log::open(LogParts {
        journal: journal.clone(),
        tiles: tiles(folder),
        witnesses: witnesses.collect(),
        signer: signer(),
        policy: policy(),
        clock: Arc::new(Now),
        pace: Pace { grace: Duration::from_secs(5), poll: Duration::from_millis(2), ..Pace::default() },
    })
    .await?;
    Ok(Opened { store, journal, log })
}

/// What a custodian's process holds open.
struct Opened {
    store: SqliteStore,
    journal: Arc<SqliteJournal>,
    log: Arc<Log>,
}

impl Opened {
    async fn close(self) {
        drop(self.log);
        self.journal.close().await;
        self.store.close().await;
    }
}

/// Compares everything that was told before with what is there. Returns the number of the next leaf.
async fn check(folder: &Path, acknowledged: &str, journal: &dyn Journal, log: &Log) -> Result<u64, End> {
    let told = match std::fs::read_to_string(acknowledged) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| End::GaveUp(format!("{acknowledged}: {error}")))?,
    };
    let (mut tree, mut next) = (Tree::new(), 0);
    loop {
        let entries = journal.entries(next, MOST_LEAVES).await?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            if entry.leaf != leaf(entry.index).leaf {
                return Err(End::Violation(format!("leaf {} has other bytes", entry.index)));
            }
            tree.push(leaf_hash(&entry.leaf));
            next += 1;
        }
    }
    let progress = log.progress().borrow().clone();
    let mut shown: BTreeMap<u8, u64> = BTreeMap::new();
    // A line that was cut off by the end of its process told nothing to anybody.
    for line in told.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let violation = || Err(End::Violation(format!("`{line}` is not true any more")));
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["accepted", index] if number(index)? < next => {}
            ["durable", index] if number(index)? < progress.durable => {}
            ["public", index] if number(index)? < progress.public => {}
            ["accepted" | "durable" | "public", _] => return violation(),
            ["cosigned", witness, size, root] => {
                let (witness, size) = (number(witness)? as u8, number(size)?);
                let known =
                    size <= tree.size() && hex(&root_at(size, &mut &tree).expect("a size of the tree").0) == *root;
                if !known {
                    return violation();
                }
                let shown = shown.entry(witness).or_default();
                *shown = size.max(*shown);
            }
            _ => return Err(End::GaveUp(format!("`{line}` in {acknowledged} is not understood"))),
        }
    }
    for (number, size) in shown {
        let stored = witness(folder, number).stored(ORIGIN).map_err(|error| End::GaveUp(error.to_string()))?;
        let stored = stored.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok());
        if stored.is_none_or(|stored| stored.checkpoint().size < size) {
            return Err(End::Violation(format!("witness {number} has forgotten that it cosigned size {size}")));
        }
    }
    Ok(next)
}

fn number(text: &str) -> Result<u64, End> {
    text.parse().map_err(|_| End::GaveUp(format!("`{text}` is no number")))
}

/// Tries a step a few times: what a disk refuses once it may do a moment later.
async fn again<T>(mut step: impl AsyncFnMut() -> Result<T, End>) -> Result<T, End> {
    let mut tries = 0;
    loop {
        match step().await {
            Err(End::GaveUp(_)) if tries < 3 => tries += 1,
            done => return done,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn lines(what: &str, indices: std::ops::Range<u64>) -> String {
    indices.map(|index| format!("{what} {index}\n")).collect()
}

async fn steps(folder: &Path, acknowledged: &str, steps: &str) -> Result<(), End> {
    let opened = again(async || open(folder).await).await?;
    let (journal, log) = (&*opened.journal, &opened.log);
    let mut next = check(folder, acknowledged, journal, log).await?;
    let (mut durable, mut public) = (log.progress().borrow().durable, log.progress().borrow().public);
    if durable > 0 {
        // What an earlier process signed is published before anything else happens.
        again(async || Ok(log.publish().await?)).await?;
        tell(&lines("public", public..durable))?;
        public = durable;
    }
    for count in steps.split(',') {
        let leaves: Vec<NewLeaf> = (next..next + number(count)?).map(leaf).collect();
        again(async || Ok(journal.enqueue(&leaves).await?)).await?;
        tell(&lines("accepted", next..next + leaves.len() as u64))?;
        next += leaves.len() as u64;
        while again(async || Ok(log.sequence().await?)).await? > 0 {}
        let now = log.progress().borrow().durable;
        tell(&lines("durable", durable..now))?;
        durable = now;
        again(async || Ok(log.publish().await?)).await?;
        let now = log.progress().borrow().public;
        tell(&lines("public", public..now))?;
        public = now;
    }
    sound(folder, journal).await?;
    opened.close().await;
    Ok(())
}

async fn sound(folder: &Path, journal: &dyn Journal) -> Result<(), End> {
    let report = fsck(journal, &tiles(folder), signer().verifier(), &policy()).await?;
    if report.problems.is_empty() { Ok(()) } else { Err(End::Violation(report.problems.join("; "))) }
}

async fn run(folder: &Path, acknowledged: &str, seconds: &str) -> Result<(), End> {
    let opened = open(folder).await?;
    let (journal, log) = (&*opened.journal, &opened.log);
    let first = check(folder, acknowledged, journal, log).await?;
    let most = number(seconds)? * 1_000 / 3;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(log).run(stopped));
    let mut waits = tokio::task::JoinSet::new();
    for index in first..first + most {
        journal.enqueue(&[leaf(index)]).await?;
        tell(&lines("accepted", index..index + 1))?;
        log.wake();
        let log = Arc::clone(log);
        waits.spawn(async move {
            log.durable(&leaf(index).key).await?;
            tell(&lines("durable", index..index + 1))?;
            log.public(&leaf(index).key).await?;
            tell(&lines("public", index..index + 1))
        });
        while let Some(Ok(told)) = waits.try_join_next() {
            told?;
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    while let Some(told) = waits.join_next().await {
        told.map_err(|error| End::GaveUp(error.to_string()))??;
    }
    let _ = stop.send(true);
    running.await.map_err(|error| End::GaveUp(error.to_string()))??;
    sound(folder, journal).await?;
    opened.close().await;
    Ok(())
}
