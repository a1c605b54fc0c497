use crate::kit::{Bench, Switched, files, leaf, leaves, policy, signer};
use countersign_log::witness::Witness;
use countersign_log::{FolderTiles, Log, LogError, fsck};
use countersign_store::journal::{Journal, MemoryJournal, SqliteJournal};
use countersign_store::sqlite::SqliteStore;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn reason(result: countersign_log::Result<Arc<Log>>) -> String {
    match result.err().expect("the log started") {
        LogError::Stopped(reason) => reason,
        other => panic!("may pass: {other}"),
    }
}

async fn sqlite(folder: &Path) -> Arc<SqliteJournal> {
    let path = folder.join("custodian.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    Arc::new(SqliteJournal::open(&path).await.unwrap())
}

#[tokio::test]
async fn two_writers_one_survives() {
    let bench = Bench::new().await;
    let (first, second) = (bench.open().await.unwrap(), bench.open().await.unwrap());
    bench.journal.enqueue(&leaves(0..3)).await.unwrap();
    assert_eq!(second.sequence().await.unwrap(), 3);
    bench.journal.enqueue(&leaves(3..4)).await.unwrap();
    let error = first.sequence().await.unwrap_err();
    assert!(error.to_string().contains("another sequencer"), "{error}");
    assert!(first.sequence().await.unwrap_err().is_final());
    assert!(first.publish().await.unwrap_err().is_final());
    second.flush().await.unwrap();
    assert!(first.durable(&leaf(3).key).await.unwrap_err().is_final());
}

#[tokio::test]
async fn a_restored_snapshot_refuses_to_sign() {
    let (live, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let journal = sqlite(live.path()).await;
    let bench = Bench::with(journal.clone()).await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..10).await;
    drop(log);
    journal.close().await;
    std::fs::copy(live.path().join("custodian.db"), copy.path().join("custodian.db")).unwrap();
    let snapshot_of_tiles = files(&bench.log_folder());
    let reopened = sqlite(live.path()).await;
    let log = Log::open(countersign_log::LogParts { journal: reopened.clone(), ..bench.parts() }).await.unwrap();
    reopened.enqueue(&leaves(10..400)).await.unwrap();
    log.flush().await.unwrap();

    // Store old, folder new.
    let old = sqlite(copy.path()).await;
    let parts = || countersign_log::LogParts { journal: old.clone(), ..bench.parts() };
    assert!(reason(Log::open(parts()).await).contains("old copy"));
    // Store and folder old, witnesses new.
    for file in files(&bench.log_folder()) {
        if !snapshot_of_tiles.contains(&file) || file == "checkpoint" {
            std::fs::remove_file(bench.log_folder().join(file)).unwrap();
        }
    }
    assert!(reason(Log::open(parts()).await).contains("latest checkpoint of witness"));
    // One witness with the old state does not help while the two others show the new one.
    std::fs::remove_dir_all(bench.folder.path().join("w1")).unwrap();
    assert!(reason(Log::open(parts()).await).contains("witness `w2`"));
    // And without a quorum of answers nothing is signed.
    let down = |number| Arc::new(Switched(bench.witness(number), Arc::new(AtomicBool::new(false)))) as Arc<dyn Witness>;
    let parts = countersign_log::LogParts { witnesses: vec![Arc::new(bench.witness(1)), down(2), down(3)], ..parts() };
    assert!(matches!(Log::open(parts).await, Err(LogError::Unavailable { .. })));
}

#[tokio::test]
async fn another_history_refuses_to_sign() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..10).await;
    let other: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let elsewhere = tempfile::tempdir().unwrap();
    let tiles = Arc::new(FolderTiles::new(elsewhere.path()));
    Log::init(&*other, &*tiles, &signer()).await.unwrap();
    let parts = || countersign_log::LogParts { journal: Arc::clone(&other), tiles: tiles.clone(), ..bench.parts() };
    assert!(reason(Log::open(parts()).await).contains("old copy"));
    // Without its witnesses the fork could grow; they stop it when they are back.
    let lone = |number| Arc::new(bench.witness(number)) as Arc<dyn Witness>;
    let moved = tempfile::tempdir().unwrap();
    for name in ["w1", "w2", "w3"] {
        std::fs::rename(bench.folder.path().join(name), moved.path().join(name)).unwrap();
    }
    let fork = Log::open(parts()).await.unwrap();
    other.enqueue(&leaves(100..120)).await.unwrap();
    fork.sequence().await.unwrap();
    for name in ["w1", "w2", "w3"] {
        std::fs::rename(moved.path().join(name), bench.folder.path().join(name)).unwrap();
    }
    let error = fork.publish().await.unwrap_err();
    assert!(error.is_final() && error.to_string().contains("another root"), "{error}");
    let parts = countersign_log::LogParts { witnesses: (1..=3).map(lone).collect(), ..parts() };
    assert!(reason(Log::open(parts).await).contains("another root"));
}

#[tokio::test]
async fn no_lock_row_no_log() {
    let bench = Bench::new().await;
    let parts = countersign_log::LogParts { journal: Arc::new(MemoryJournal::new()), ..bench.parts() };
    assert!(reason(Log::open(parts).await).contains("lock row"));
    assert!(Log::init(&*bench.journal, &*bench.tiles(), &signer()).await.unwrap_err().is_final());
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..1).await;
    assert!(Log::init(&MemoryJournal::new(), &*bench.tiles(), &signer()).await.unwrap_err().is_final());
}

#[tokio::test]
async fn wrong_parts_are_refused() {
    use countersign_tlog::note::KeyKind;
    let bench = Bench::new().await;
    let other = crate::kit::key("other.example", KeyKind::Ed25519, 5);
    let parts = countersign_log::LogParts { signer: other, ..bench.parts() };
    assert!(reason(Log::open(parts).await).contains("does not list"));
    let impostor = crate::kit::key(crate::kit::ORIGIN, KeyKind::Ed25519, 5);
    let parts = countersign_log::LogParts { signer: impostor, ..bench.parts() };
    assert!(reason(Log::open(parts).await).contains("does not list"));
    let weak = policy_with_threshold(1);
    assert!(reason(Log::open(countersign_log::LogParts { policy: weak, ..bench.parts() }).await).contains("refused"));
}

fn policy_with_threshold(threshold: usize) -> countersign_tlog::policy::Policy {
    let known = policy();
    let mut text = format!("log {}\n", signer().verifier());
    for witness in known.witnesses() {
        text += &format!("witness {} {}\n", witness.name, witness.key);
    }
    text += &format!("group g {threshold} w1 w2 w3\nquorum g\n");
    countersign_tlog::policy::Policy::parse(text.as_bytes()).unwrap()
}

#[tokio::test]
async fn missing_tiles_are_written_again() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..600).await;
    let before = files(&bench.log_folder());
    std::fs::remove_dir_all(bench.log_folder().join("tile")).unwrap();
    bench.open().await.unwrap();
    assert_eq!(files(&bench.log_folder()), before);
    std::fs::remove_file(bench.log_folder().join("tile/0/001")).unwrap();
    let report = fsck(&*bench.journal, &bench.tiles(), log.verifier(), &policy()).await.unwrap();
    assert_eq!((report.rebuilt.len(), report.problems.len()), (1, 0));
    assert_eq!(files(&bench.log_folder()), before);
}
