//! A log to measure: its keys and leaves, its store on SQLite, its witnesses.

use countersign_core::time::{Clock, Timestamp};
use countersign_log::witness::{LocalWitness, Witness};
use countersign_log::{Log, LogParts, Pace, TileStore};
use countersign_store::NewLeaf;
use countersign_store::journal::{Journal, SqliteJournal};
use countersign_store::sqlite::SqliteStore;
use countersign_testkit::random;
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use countersign_tlog::policy::Policy;
use countersign_tlog::tile::TilePath;
use rand_chacha::rand_core::Rng as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Name of the log.
pub const ORIGIN: &str = "log.example/bench";

/// Witnesses of the policy, of which two are a quorum.
pub const WITNESSES: u8 = 3;

/// How the idempotency keys of consecutive leaves follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Eight bytes of time that move on after so many leaves, then 24 random bytes.
    Timed(u64),
    /// 32 random bytes.
    Random,
}

impl Keys {
    /// From a workload's parameter: 0 means random.
    pub fn of(leaves_per_tick: u64) -> Self {
        if leaves_per_tick == 0 { Self::Random } else { Self::Timed(leaves_per_tick) }
    }

    fn key(self, number: u64) -> [u8; 32] {
        let mut key = [0; 32];
        random::named(&format!("key {number}")).fill_bytes(&mut key);
        if let Self::Timed(leaves_per_tick) = self {
            key[..8].copy_from_slice(&(6_000_000 + number / leaves_per_tick).to_be_bytes());
        }
        key
    }
}

/// Leaf `number` of `bytes` bytes.
pub fn leaf(number: u64, bytes: usize, keys: Keys) -> NewLeaf {
    NewLeaf { key: keys.key(number), kind: "dummy".to_owned(), leaf: filled(number, bytes), disclosures: Vec::new() }
}

/// Leaves in batches.
pub fn batches(first: u64, count: u64, batch: u64, bytes: usize, keys: Keys) -> Vec<Vec<NewLeaf>> {
    (first..first + count)
        .step_by(batch.max(1) as usize)
        .map(|from| (from..(from + batch).min(first + count)).map(|number| leaf(number, bytes, keys)).collect())
        .collect()
}

/// Bytes that no compression shortens, different for every number.
pub fn filled(number: u64, bytes: usize) -> Vec<u8> {
    let mut filled = vec![0; bytes];
    random::named(&format!("leaf {number}")).fill_bytes(&mut filled);
    filled
}

/// The log's key.
pub fn signer() -> SigningKey {
    key(ORIGIN, KeyKind::Ed25519, 1)
}

/// The key of witness 1, 2 or 3.
pub fn witness_key(number: u8) -> SigningKey {
    key(&format!("witness.example/w{number}"), KeyKind::CosignatureV1, 10 + number)
}

fn key(name: &str, kind: KeyKind, seed: u8) -> SigningKey {
    let name = KeyName::new(name).expect("a name for a key");
    SigningKey::from_seed(name, kind, &[seed; 32]).expect("a key")
}

/// Two of three witnesses.
pub fn policy() -> Policy {
    let mut text = format!("log {}\n", signer().verifier());
    for number in 1..=WITNESSES {
        text += &format!("witness w{number} {}\n", witness_key(number).verifier());
    }
    text += "group quorum 2 w1 w2 w3\nquorum quorum\n";
    Policy::parse(text.as_bytes()).expect("a policy")
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "cosignatures of the measured log carry the present time")]
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(now.as_secs()).ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX)
    }
}

/// A witness in a folder.
pub fn witness(folder: &Path, number: u8) -> LocalWitness {
    let logs = vec![signer().verifier().clone()];
    let folder = folder.join(format!("w{number}"));
    LocalWitness::new(format!("w{number}"), witness_key(number), logs, folder, Arc::new(MachineClock))
}

/// All witnesses, in this process.
pub fn local_witnesses(folder: &Path) -> Vec<Arc<dyn Witness>> {
    (1..=WITNESSES).map(|number| Arc::new(witness(folder, number)) as Arc<dyn Witness>).collect()
}

/// Path of the custodian's file in a folder.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("custodian.db")
}

/// Opens the custodian's file as a custodian does: the store with all its tables, and the journal.
pub async fn open_journal(folder: &Path) -> Arc<SqliteJournal> {
    let store = SqliteStore::open(&database(folder)).await.expect("a store");
    store.close().await;
    Arc::new(SqliteJournal::open(&database(folder)).await.expect("a journal"))
}

/// Opens a log, and makes it first when the journal is new.
pub async fn open_log(
    journal: &Arc<SqliteJournal>,
    tiles: Arc<dyn TileStore>,
    witnesses: Vec<Arc<dyn Witness>>,
    pace: Pace,
) -> Arc<Log> {
    if journal.head().await.expect("a head").is_none() {
        Log::init(&**journal, &*tiles, &signer()).await.expect("a new log");
    }
    let journal = Arc::clone(journal) as Arc<dyn Journal>;
    let (signer, policy, clock) = (signer(), policy(), Arc::new(MachineClock));
    Log::open(LogParts { journal, tiles, witnesses, signer, policy, clock, pace }).await.expect("an open log")
}

/// Keeps no tiles: for workloads that end with the signed checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct NoTiles;

impl TileStore for NoTiles {
    fn read(&self, _: &TilePath) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn write(&self, _: &[(TilePath, Vec<u8>)]) -> io::Result<()> {
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<TilePath>> {
        Ok(Vec::new())
    }

    fn read_file(&self, _: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn replace_file(&self, _: &str, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}
