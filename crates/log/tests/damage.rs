//! Any flipped bit is found before the next signature.

use crate::kit::{Bench, files, flip, leaves, policy, signer};
use countersign_log::{Log, fsck};
use countersign_store::journal::{Journal, SqliteJournal};
use countersign_store::sqlite::SqliteStore;
use std::sync::Arc;

#[tokio::test]
async fn a_flipped_bit_in_any_file_of_the_log_stops_it() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..300).await;
    bench.publish(&log, 300..520).await;
    let earlier = |name: &str| name.ends_with("/44") || name.ends_with("1/000.p/1");
    for name in files(&bench.log_folder()) {
        let path = bench.log_folder().join(&name);
        let before = std::fs::read(&path).unwrap();
        for at in [0, before.len() / 2, before.len() - 2] {
            flip(&path, at);
            let report = fsck(&*bench.journal, &bench.tiles(), signer().verifier(), &policy()).await.unwrap();
            assert_eq!(report.problems.len(), 1, "{name} byte {at}: {:?}", report.problems);
            // Partial tiles of earlier sizes are compared by fsck only; a damaged cosignature is replaced by the next one.
            let stopped = bench.open().await.err().is_some_and(|error| error.is_final());
            assert!(stopped || earlier(&name) || (name == "checkpoint" && at > 0), "{name} byte {at}");
            std::fs::write(&path, &before).unwrap();
        }
    }
    bench.open().await.unwrap();
}

#[tokio::test]
async fn a_tile_that_differs_stops_the_running_log() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..3).await;
    std::fs::write(bench.log_folder().join("tile/0/000.p/7"), [0; 7 * 32]).unwrap();
    bench.journal.enqueue(&leaves(3..7)).await.unwrap();
    let error = log.flush().await.unwrap_err();
    assert!(error.is_final() && error.to_string().contains("tile/0/000.p/7"), "{error}");
    std::fs::remove_file(bench.log_folder().join("tile/0/000.p/7")).unwrap();
    bench.open().await.unwrap().flush().await.unwrap();
    std::fs::write(bench.log_folder().join("tile/0/stray"), "x").unwrap();
    assert!(bench.open().await.err().unwrap().to_string().contains("stray"));
}

#[tokio::test]
async fn a_changed_row_stops_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("custodian.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let journal = Arc::new(SqliteJournal::open(&path).await.unwrap());
    let bench = Bench::with(journal.clone()).await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..20).await;
    journal.enqueue(&leaves(20..25)).await.unwrap();
    journal.close().await;
    drop(log);
    let sound = std::fs::read(&path).unwrap();
    // Row contents are found by their bytes in the file: a sequenced leaf, a waiting one, the signed head.
    for needle in ["leaf 7", "leaf 22", "log.example/xa\n20\n"] {
        let place = sound.windows(needle.len()).position(|window| window == needle.as_bytes()).unwrap();
        let mut changed = sound.clone();
        changed[place + needle.len() - 2] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        let journal = Arc::new(SqliteJournal::open(&path).await.unwrap());
        let parts = countersign_log::LogParts { journal: journal.clone(), ..bench.parts() };
        let error = match Log::open(parts).await {
            Ok(log) => log.flush().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(error.is_final(), "{needle}: {error}");
        journal.close().await;
        drop(journal);
        let _ = std::fs::remove_file(path.with_extension("db-wal"));
        let _ = std::fs::remove_file(path.with_extension("db-shm"));
        std::fs::write(&path, &sound).unwrap();
    }
    let journal = Arc::new(SqliteJournal::open(&path).await.unwrap());
    Log::open(countersign_log::LogParts { journal, ..bench.parts() }).await.unwrap().flush().await.unwrap();
}
