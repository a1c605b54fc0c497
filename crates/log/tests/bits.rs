//! A thousand flipped bits, one at a time, in everything the log stands on: `fsck` finds each, and nothing is signed on top of one.

use crate::kit::{Bench, files, policy, signer};
use crate::pages::{Pages, Place};
use countersign_log::{Log, LogError, LogParts, fsck, rebuild};
use countersign_store::journal::{Journal as _, SqliteJournal};
use countersign_store::sqlite::SqliteStore;
use countersign_store::{NewLeaf, StoreError};
use countersign_testkit::random::{below, named, pick};
use rand_chacha::ChaCha20Rng;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Row as _, SqlitePool};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Flips of known parts, and of any bit of the database file. The full number takes a minute and a half.
const FLIPS: usize = if cfg!(feature = "faults") { 1_000 } else { 64 };

const SIZE: u64 = 520;
const WAITING: u64 = 5;

/// Parts that no signature builds on, and why a log with a flipped bit there may go on.
const NOT_BUILT_ON: &[(&str, &str)] = &[
    ("earlier tile", "no later tile or proof is made from it"),
    ("key", "a leaf's hash does not cover its key"),
    ("key in index", "an index serves look-ups"),
    ("idx in index", "an index serves look-ups"),
    ("checkpoint", "cosignatures are gathered anew; text and the log's signature are compared"),
];

/// A stopped log of 520 published and 5 waiting leaves in SQLite: every file of it.
struct Sound {
    bench: Bench,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

fn database(bench: &Bench) -> PathBuf {
    bench.folder.path().join("custodian.db")
}

fn contents(bench: &Bench) -> BTreeMap<PathBuf, Vec<u8>> {
    let root = bench.folder.path();
    let shared = |name: &String| name.ends_with("-shm");
    let names = files(root).into_iter().filter(|name| !shared(name)).map(|name| root.join(name));
    names.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Leaves of many lengths; one needs an overflow page.
fn leaf(number: u64) -> NewLeaf {
    let mut key = [3; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    let length = if number == 400 { 6_000 } else { 20 + (number * 37 % 960) as usize };
    let leaf = format!("leaf {number} ").into_bytes().into_iter().cycle().take(length).collect();
    NewLeaf { key, kind: "dummy".to_owned(), leaf, disclosures: vec![] }
}

impl Sound {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("custodian.db");
        SqliteStore::open(&path).await.unwrap().close().await;
        let journal = Arc::new(SqliteJournal::open(&path).await.unwrap());
        let bench = Bench::within(folder, journal.clone(), None).await;
        let log = bench.open().await.unwrap();
        let mut from = 0;
        for to in [300, 301, SIZE] {
            journal.enqueue(&(from..to).map(leaf).collect::<Vec<_>>()).await.unwrap();
            log.flush().await.unwrap();
            from = to;
        }
        journal.enqueue(&(SIZE..SIZE + WAITING).map(leaf).collect::<Vec<_>>()).await.unwrap();
        drop(log);
        journal.close().await;
        Self { files: contents(&bench), bench }
    }

    /// The same log as a loss of power leaves it after 3 more leaves became public and 2 more were accepted: their transactions stand
    /// in the write-ahead log only.
    async fn without_a_clean_end() -> Self {
        let sound = Self::new().await;
        let journal = Arc::new(SqliteJournal::open(&database(&sound.bench)).await.unwrap());
        let log = Log::open(LogParts { journal: journal.clone(), ..sound.bench.parts() }).await.unwrap();
        log.flush().await.unwrap();
        let from = SIZE + WAITING;
        journal.enqueue(&(from..from + 3).map(leaf).collect::<Vec<_>>()).await.unwrap();
        log.flush().await.unwrap();
        journal.enqueue(&(from + 3..from + 5).map(leaf).collect::<Vec<_>>()).await.unwrap();
        let files = contents(&sound.bench);
        journal.close().await;
        let left = Self { files, ..sound };
        left.restore();
        left
    }

    /// Puts every file back, and removes what is new.
    fn restore(&self) {
        let root = self.bench.folder.path();
        for name in files(root) {
            if !self.files.contains_key(&root.join(&name)) {
                // A connection that is just closing removes its write-ahead log itself.
                if let Err(error) = std::fs::remove_file(root.join(name)) {
                    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
                }
            }
        }
        for (path, bytes) in &self.files {
            if std::fs::read(path).ok().as_ref() != Some(bytes) {
                std::fs::write(path, bytes).unwrap();
            }
        }
    }

    /// What `fsck` says of the files as they are now.
    async fn problems(&self) -> Vec<String> {
        let journal = match SqliteJournal::open(&database(&self.bench)).await {
            Ok(journal) => journal,
            Err(error) => return vec![error.to_string()],
        };
        let checked = fsck(&journal, &self.bench.tiles(), signer().verifier(), &policy()).await;
        journal.close().await;
        checked.map_or_else(|error| vec![error.to_string()], |report| report.problems)
    }

    /// Starts the log and signs the waiting leaves.
    async fn sign(&self) -> Result<(), LogError> {
        let journal = SqliteJournal::open(&database(&self.bench)).await.map_err(LogError::from)?;
        let journal = Arc::new(journal);
        let signed = match Log::open(LogParts { journal: journal.clone(), ..self.bench.parts() }).await {
            Ok(log) => log.flush().await,
            Err(error) => Err(error),
        };
        journal.close().await;
        signed
    }

    /// Every part the log stands on: its name, its file, and where it lies in there.
    async fn parts(&self) -> Vec<(&'static str, PathBuf, Place)> {
        let mut parts = Vec::new();
        for (path, bytes) in &self.files {
            let name = path.strip_prefix(self.bench.log_folder()).map(|name| name.display().to_string());
            let Ok(name) = name else { continue };
            let kind = match name.as_str() {
                "checkpoint" => "checkpoint",
                "vkey" => "vkey",
                name if name.ends_with(".p/44") || name.ends_with(".p/45") || name.ends_with("1/000.p/1") => {
                    "earlier tile"
                }
                name if name.starts_with("tile/entries") => "bundle",
                _ => "tile",
            };
            parts.push((kind, path.clone(), std::iter::once(0..bytes.len()).collect()));
        }
        let path = database(&self.bench);
        let file = &self.files[&path];
        let pages = Pages::new(file);
        let rows = |root| pages.rows(root);
        let at = |bytes: &Place| -> Vec<u8> { bytes.iter().flat_map(|piece| file[piece.clone()].to_vec()).collect() };
        for (index, row) in (0..).zip(rows(self.root("journal_outbox").await)) {
            let [nothing, key, hash, bytes] = <[Place; 4]>::try_from(row.columns).unwrap();
            assert!(nothing.is_empty());
            assert_eq!((at(&key), at(&bytes)), (leaf(index).key.to_vec(), leaf(index).leaf));
            for (kind, place) in [("idx", row.rowid), ("key", key), ("hash", hash)] {
                parts.push((kind, path.clone(), place));
            }
            parts.push((if index < SIZE { "leaf" } else { "waiting leaf" }, path.clone(), bytes));
        }
        for (index, row) in (0..).zip(rows(self.root("sqlite_autoindex_journal_outbox_1").await)) {
            let [key, rowid] = <[Place; 2]>::try_from(row.columns).unwrap();
            assert_eq!(at(&key), leaf(index).key);
            parts.push(("key in index", path.clone(), key));
            parts.push(("idx in index", path.clone(), rowid));
        }
        let head = rows(self.root("journal_head").await).remove(0);
        let [_, origin, size, frontier, checkpoint] = <[Place; 5]>::try_from(head.columns).unwrap();
        assert_eq!(at(&origin), crate::kit::ORIGIN.as_bytes());
        for (kind, place) in [
            ("head's origin", origin),
            ("head's size", size),
            ("head's frontier", frontier),
            ("head's checkpoint", checkpoint),
        ] {
            parts.push((kind, path.clone(), place));
        }
        parts.retain(|(_, _, place)| !place.is_empty());
        parts
    }

    async fn root(&self, name: &str) -> usize {
        let pool = read_only(&database(&self.bench)).await;
        let row = sqlx::query("SELECT rootpage FROM sqlite_schema WHERE name = $1").bind(name).fetch_one(&pool).await;
        let page: i64 = row.unwrap().get(0);
        pool.close().await;
        usize::try_from(page).unwrap()
    }
}

async fn read_only(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(SqliteConnectOptions::new().filename(path).immutable(true))
        .await
        .unwrap()
}

/// Flips a bit of a place and returns its offset.
fn flip(rng: &mut ChaCha20Rng, path: &Path, place: &Place) -> usize {
    let all: usize = place.iter().map(ExactSizeIterator::len).sum();
    let at = place.iter().cloned().flatten().nth(below(rng, all as u64) as usize).unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1 << below(rng, 8);
    std::fs::write(path, bytes).unwrap();
    at
}

#[tokio::test]
async fn fsck_finds_each_flipped_bit_and_no_signature_builds_on_one() {
    let sound = Sound::new().await;
    assert_eq!(sound.problems().await, Vec::<String>::new());
    sound.restore();
    let parts = sound.parts().await;
    let mut kinds: Vec<&str> = parts.iter().map(|(kind, ..)| *kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 16);
    let mut rng = named("a thousand flipped bits");
    let mut went_on: BTreeMap<&str, usize> = BTreeMap::new();
    for number in 0..FLIPS {
        // Kinds in turn: most bytes are those of leaves and tiles.
        let kind = kinds[number % kinds.len()];
        let of_kind: Vec<&(&str, PathBuf, Place)> = parts.iter().filter(|part| part.0 == kind).collect();
        let (_, path, place) = pick(&mut rng, &of_kind);
        let at = flip(&mut rng, path, place);
        let what = format!("{kind} at byte {at} of {}", path.display());
        assert!(!sound.problems().await.is_empty(), "not found: {what}");
        match sound.sign().await {
            Err(error) => assert!(error.is_final(), "{what}: {error}"),
            Ok(()) => {
                assert!(NOT_BUILT_ON.iter().any(|(name, _)| *name == kind), "signed on top of {what}");
                *went_on.entry(kind).or_default() += 1;
            }
        }
        sound.restore();
    }
    println!("{FLIPS} bits flipped, {FLIPS} found; signed without building on the damage: {went_on:?}");
    assert_eq!(sound.problems().await, Vec::<String>::new());
    sound.restore();
    sound.sign().await.unwrap();
}

/// Every row of every table, with the schema.
async fn content(path: &Path) -> Result<Vec<Vec<Vec<u8>>>, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).immutable(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let mut all = Vec::new();
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid";
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid";
    let names: Vec<String> = sqlx::query_scalar(tables).fetch_all(&pool).await?;
    let mut queries = vec![schema.to_owned()];
    queries.extend(names.into_iter().map(|name| format!("SELECT * FROM \"{name}\" ORDER BY 1")));
    for query in queries {
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&pool).await?;
        all.extend(rows.iter().map(|row| {
            (0..row.len()).map(|column| row.try_get_unchecked::<Vec<u8>, _>(column).unwrap_or_default()).collect()
        }));
    }
    pool.close().await;
    Ok(all)
}

#[tokio::test]
async fn any_bit_of_the_database_file_is_found_or_changes_no_row() {
    let sound = Sound::new().await;
    let path = database(&sound.bench);
    let before = content(&path).await.unwrap();
    assert!(before.len() > 525);
    let mut rng = named("any bit of the database file");
    let (mut found, mut harmless) = (0, 0);
    // Half of the flips anywhere, half of them in pages that hold something: tables of the desk are empty here.
    let anywhere: Place = std::iter::once(0..sound.files[&path].len()).collect();
    let in_use = Pages::new(&sound.files[&path]).in_use();
    for number in 0..FLIPS {
        let at = flip(&mut rng, &path, if number % 2 == 0 { &anywhere } else { &in_use });
        let flipped = std::fs::read(&path).unwrap();
        if sound.problems().await.is_empty() {
            // Opening may have written: the rows are those of the file as it was flipped.
            sound.restore();
            std::fs::write(&path, flipped).unwrap();
            assert!(content(&path).await.unwrap() == before, "byte {at} changed a row and was not found");
            harmless += 1;
        } else {
            found += 1;
        }
        sound.restore();
    }
    println!("{FLIPS} bits of the database file flipped: {found} found, {harmless} harmless (every row as before)");
    assert!(found > FLIPS / 3 && harmless > 0);
}

/// SQLite takes a damaged frame of the write-ahead log for its end, as after a crash: what comes after is gone without a word. No
/// signature can be built on that once the lost part was shown to a witness. A leaf that was accepted and not yet signed is lost; that
/// is the limit which docs/reliability.md states.
#[tokio::test]
async fn a_flipped_bit_in_the_write_ahead_log_is_found_once_a_checkpoint_is_lost() {
    let left = Sound::without_a_clean_end().await;
    let path = left.bench.folder.path().join("custodian.db-wal");
    let size = SIZE + WAITING + 5;
    let mut rng = named("the write-ahead log");
    let (mut refused, mut kept, mut shorter) = (0, 0, 0);
    for _ in 0..FLIPS / 4 {
        let whole = std::iter::once(0..left.files[&path].len()).collect();
        let at = flip(&mut rng, &path, &whole);
        let flipped = std::fs::read(&path).unwrap();
        let found = left.problems().await;
        left.restore();
        std::fs::write(&path, flipped).unwrap();
        match left.sign().await {
            Err(error) => {
                assert!(error.is_final() && !found.is_empty(), "byte {at}: {error}, and fsck says {found:?}");
                refused += 1;
            }
            Ok(()) => {
                let journal = SqliteJournal::open(&database(&left.bench)).await.unwrap();
                let there = journal.head().await.unwrap().unwrap().size;
                for index in 0..there {
                    assert_eq!(journal.entries(index, 1).await.unwrap()[0].leaf, leaf(index).leaf);
                }
                journal.close().await;
                assert!(there >= size - 2, "byte {at}: {there} leaves");
                if there == size { kept += 1 } else { shorter += 1 }
            }
        }
        left.restore();
    }
    println!("bits of the write-ahead log: {refused} refused, {kept} without effect, {shorter} lost waiting leaves");
    assert!(refused > 0);
}

#[tokio::test]
async fn damaged_tiles_are_rebuilt_when_asked_and_kept_beside() {
    let sound = Sound::new().await;
    let folder = sound.bench.log_folder();
    for name in ["tile/0/000", "tile/entries/001", "tile/0/001.p/44"] {
        crate::kit::flip(&folder.join(name), 100);
    }
    std::fs::remove_file(folder.join("tile/entries/000")).unwrap();
    std::fs::write(folder.join("tile/0/003.unfinished"), "half").unwrap();
    let journal = SqliteJournal::open(&database(&sound.bench)).await.unwrap();
    let tiles = sound.bench.tiles();
    let mut report = rebuild(&journal, &tiles, signer().verifier(), &policy()).await.unwrap();
    report.set_aside.sort_unstable();
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!((report.leaves, report.waiting, report.published), (SIZE, WAITING, Some(SIZE)));
    assert_eq!(report.rebuilt.len(), 4);
    assert_eq!(report.removed, ["tile/0/003.unfinished"]);
    let aside = ["damaged/tile-0-000.1", "damaged/tile-0-001.p-44.1", "damaged/tile-entries-001.1"];
    assert_eq!(report.set_aside, aside);
    for (path, bytes) in sound.files.iter().filter(|(path, _)| path.starts_with(&folder)) {
        assert_eq!(&std::fs::read(path).unwrap(), bytes, "{}", path.display());
    }
    for name in aside {
        assert!(folder.join(name).is_file());
    }
    // A second damage of the same tile does not overwrite the first.
    crate::kit::flip(&folder.join("tile/0/000"), 101);
    let report = rebuild(&journal, &tiles, signer().verifier(), &policy()).await.unwrap();
    assert_eq!(report.set_aside, ["damaged/tile-0-000.2"]);
    assert_eq!(fsck(&journal, &tiles, signer().verifier(), &policy()).await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_rebuilt_from_a_damaged_store() {
    let sound = Sound::new().await;
    let folder = sound.bench.log_folder();
    crate::kit::flip(&folder.join("tile/0/000"), 100);
    std::fs::remove_file(folder.join("tile/entries/000")).unwrap();
    let damaged = std::fs::read(folder.join("tile/0/000")).unwrap();
    let parts = sound.parts().await;
    let (_, path, place) = parts.iter().rfind(|(kind, ..)| *kind == "leaf").unwrap();
    crate::kit::flip(path, place[0].start);
    let journal = SqliteJournal::open(path).await.unwrap();
    assert!(matches!(journal.entries(SIZE - 1, 1).await, Err(StoreError::Corrupt { .. })));
    let report = rebuild(&journal, &sound.bench.tiles(), signer().verifier(), &policy()).await.unwrap();
    assert!(!report.problems.is_empty() && report.rebuilt.is_empty() && report.set_aside.is_empty());
    assert_eq!(std::fs::read(folder.join("tile/0/000")).unwrap(), damaged);
    assert!(!folder.join("tile/entries/000").exists());
}
