//! The whole log over a bucket.

use super::proxy::Fault::{self, After, Before};
use super::{Rented, credentials, quick};
use crate::kit::{Bench, client, key, leaf, leaves, policy, signer};
use axum::http::Method;
use countersign_log::{
    BucketTiles, FolderTiles, HttpSource, Log, LogError, LogParts, LogReader, LogSource, S3Settings, TileStore,
    TilesSource, fsck, rebuild,
};
use countersign_store::journal::{Journal, MemoryJournal, SqliteJournal};
use countersign_store::sqlite::SqliteStore;
use countersign_tlog::follow::Follower;
use countersign_tlog::policy::TimeWindow;
use countersign_tlog::tile::TilePath;
use std::path::Path;
use std::sync::Arc;

async fn bench(rented: &Rented, journal: Arc<dyn Journal>) -> Bench {
    let rented = rented.clone();
    Bench::over(journal, Some(Box::new(move || Arc::new(rented.tiles()) as Arc<dyn TileStore>))).await
}

fn source(rented: &Rented) -> TilesSource {
    TilesSource(Arc::new(rented.tiles()))
}

async fn sqlite(folder: &Path) -> Arc<SqliteJournal> {
    let path = folder.join("custodian.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    Arc::new(SqliteJournal::open(&path).await.unwrap())
}

/// Everything that a reader gets from the beginning on.
async fn read(source: impl LogSource) -> Vec<Vec<u8>> {
    let reader = LogReader::new(source, policy());
    let (mut follower, mut all) = (Follower::new(), Vec::new());
    loop {
        let step = reader.step(&follower, TimeWindow::ANY, 700).await.unwrap();
        if step.leaves.is_empty() {
            return all;
        }
        all.extend(step.leaves);
        follower = step.next;
    }
}

fn given(to: u64) -> Vec<Vec<u8>> {
    leaves(0..to).into_iter().map(|leaf| leaf.leaf).collect()
}

fn final_reason<T>(result: countersign_log::Result<T>) -> String {
    match result.err().expect("it goes on") {
        LogError::Stopped(reason) => reason,
        other => panic!("may pass: {other}"),
    }
}

#[tokio::test]
async fn a_log_is_made_grows_and_is_opened_again() {
    for rented in Rented::everywhere() {
        let bench = bench(&rented, Arc::new(MemoryJournal::new())).await;
        let other = key("other.example", signer().verifier().kind(), 9);
        let reason = final_reason(Log::init(&MemoryJournal::new(), &rented.tiles(), &other).await);
        assert!(reason.contains("`of/xa/vkey`: another process has put it there"), "{reason}");
        let log = bench.open().await.unwrap();
        for (from, to) in [(0, 1), (1, 300), (300, 2_600)] {
            bench.publish(&log, from..to).await;
            assert_eq!(read(source(&rented)).await, given(to));
        }
        assert_eq!(log.public(&leaf(7).key).await.unwrap().leaf(), leaf(7).leaf);
        drop(log);
        let again = bench.open().await.unwrap();
        bench.publish(&again, 2_600..2_816).await;
        let report = fsck(&*bench.journal, &bench.tiles(), signer().verifier(), &policy()).await.unwrap();
        assert_eq!(
            (report.leaves, report.published, report.problems, report.rebuilt),
            (2_816, Some(2_816), vec![], vec![])
        );
        assert!(
            final_reason(Log::init(&MemoryJournal::new(), &*bench.tiles(), &signer()).await)
                .contains("holds a log already")
        );
        // The bucket holds what a folder of the same log holds, byte for byte but for the times of the witnesses.
        let folder = tempfile::tempdir().unwrap();
        let same = FolderTiles::new(folder.path());
        let there = bench.tiles().list().unwrap();
        let bytes = bench.tiles().read_all(&there).unwrap();
        let tiles: Vec<(TilePath, Vec<u8>)> = there.iter().copied().zip(bytes.into_iter().flatten()).collect();
        same.write(&tiles).unwrap();
        assert_eq!(same.list().unwrap(), there);
    }
}

#[tokio::test]
async fn the_public_reads_it_as_any_log() {
    let rented = Rented::here();
    let bench = bench(&rented, Arc::new(MemoryJournal::new())).await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..300).await;
    assert_eq!(read(HttpSource::new(&rented.public(), client())).await, given(300));
    for (path, kind, keep) in [
        ("checkpoint", "text/plain; charset=utf-8", "no-cache"),
        ("vkey", "text/plain; charset=utf-8", "no-cache"),
        ("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("tile/entries/001.p/44", "application/octet-stream", "public, max-age=31536000, immutable"),
    ] {
        let answer = client().get(format!("{}/{path}", rented.public())).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        assert_eq!(
            (&answer.headers()["content-type"], &answer.headers()["cache-control"]),
            (&kind.parse().unwrap(), &keep.parse().unwrap())
        );
    }
}

#[tokio::test]
async fn a_restored_snapshot_refuses_to_sign() {
    for rented in Rented::everywhere() {
        let (live, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let journal = sqlite(live.path()).await;
        let bench = bench(&rented, journal.clone()).await;
        let log = bench.open().await.unwrap();
        bench.publish(&log, 0..10).await;
        drop(log);
        journal.close().await;
        std::fs::copy(live.path().join("custodian.db"), copy.path().join("custodian.db")).unwrap();
        let reopened = sqlite(live.path()).await;
        let log = Log::open(LogParts { journal: reopened.clone(), ..bench.parts() }).await.unwrap();
        reopened.enqueue(&leaves(10..400)).await.unwrap();
        log.flush().await.unwrap();
        let old = sqlite(copy.path()).await;
        let reason = final_reason(Log::open(LogParts { journal: old.clone(), ..bench.parts() }).await);
        assert!(reason.contains("old copy"), "{reason}");
        // Nor in another bucket, where only the witnesses know.
        let empty = S3Settings { prefix: "elsewhere".into(), ..rented.settings() };
        let tiles = Arc::new(BucketTiles::connect(&empty, credentials(), quick()).unwrap());
        let reason = final_reason(Log::open(LogParts { journal: old, tiles, ..bench.parts() }).await);
        assert!(reason.contains("latest checkpoint of witness"), "{reason}");
    }
}

/// Two processes with copies of one store: the witnesses cannot tell them apart while they say the same, the bucket can.
#[tokio::test]
async fn of_two_processes_with_the_same_store_one_stops() {
    for rented in Rented::everywhere() {
        let (live, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let journal = sqlite(live.path()).await;
        let bench = bench(&rented, journal.clone()).await;
        let log = bench.open().await.unwrap();
        bench.publish(&log, 0..10).await;
        drop(log);
        journal.close().await;
        std::fs::copy(live.path().join("custodian.db"), copy.path().join("custodian.db")).unwrap();
        let (first, second) = (sqlite(live.path()).await, sqlite(copy.path()).await);
        let one = Log::open(LogParts { journal: first.clone(), ..bench.parts() }).await.unwrap();
        let two = Log::open(LogParts { journal: second.clone(), ..bench.parts() }).await.unwrap();
        for journal in [&first, &second] {
            journal.enqueue(&leaves(10..20)).await.unwrap();
        }
        one.flush().await.unwrap();
        bench.clock.advance(1);
        let reason = final_reason(two.flush().await);
        assert!(reason.contains("`of/xa/checkpoint`: another process has replaced or removed it"), "{reason}");
        assert!(two.sequence().await.unwrap_err().is_final());
        // With other leaves it is stopped by a tile, before it asks a witness.
        drop(two);
        let two = Log::open(LogParts { journal: second.clone(), ..bench.parts() }).await.unwrap();
        first.enqueue(&leaves(20..30)).await.unwrap();
        second.enqueue(&leaves(120..130)).await.unwrap();
        one.flush().await.unwrap();
        let reason = final_reason(two.flush().await);
        assert!(reason.contains("is there with other bytes"), "{reason}");
        first.enqueue(&leaves(30..31)).await.unwrap();
        one.flush().await.unwrap();
        assert_eq!(read(source(&rented)).await, given(31));
    }
}

#[tokio::test]
async fn fsck_finds_and_repairs() {
    for rented in Rented::everywhere() {
        let bench = bench(&rented, Arc::new(MemoryJournal::new())).await;
        let log = bench.open().await.unwrap();
        bench.publish(&log, 0..300).await;
        bench.publish(&log, 300..600).await;
        drop(log);
        let check = || async { fsck(&*bench.journal, &bench.tiles(), signer().verifier(), &policy()).await.unwrap() };
        rented.remove("tile/0/001");
        rented.remove("tile/entries/000");
        let report = check().await;
        assert_eq!((report.rebuilt.len(), report.problems), (2, vec![]));
        assert_eq!((check().await.rebuilt.len(), check().await.problems.len()), (0, 0));
        for path in ["tile/0/000", "tile/0/001.p/44", "tile/entries/002.p/88"] {
            let tile: TilePath = path.parse().unwrap();
            let sound = bench.tiles().read(&tile).unwrap().unwrap();
            let mut other = sound.clone();
            other[9] ^= 1;
            assert!(rented.plant(path, &other));
            assert_eq!(check().await.problems, [format!("{path} differs from the store")]);
            // It may put and not remove.
            let refused = rebuild(&*bench.journal, &bench.tiles(), signer().verifier(), &policy()).await.unwrap_err();
            assert!(!refused.is_final() && refused.to_string().contains("move it by hand"), "{refused}");
            assert_eq!(bench.tiles().read(&tile).unwrap(), Some(other));
            assert!(path.ends_with("/44") || bench.open().await.err().is_some_and(|error| error.is_final()), "{path}");
            assert!(rented.plant(path, &sound));
        }
        assert!(rented.plant("tile/0/stray", b"x"));
        assert!(check().await.problems.iter().any(|problem| problem.contains("of/xa/tile/0/stray")));
        assert!(bench.open().await.err().is_some_and(|error| error.is_final()));
        rented.remove("tile/0/stray");
        assert_eq!(check().await.problems, Vec::<String>::new());
        bench.open().await.unwrap();
    }
}

/// From one of its puts on, nothing gets through any more; then the process ends and another one starts.
async fn cut_off(at: usize, fault: Fault) -> bool {
    let rented = Rented::here();
    let bench = bench(&rented, Arc::new(MemoryJournal::new())).await;
    let log = bench.open().await.unwrap();
    let before = rented.proxy.counts()[&Method::PUT];
    rented.proxy.cut(Method::PUT, before + at, fault);
    let (mut accepted, mut cut) = (0, false);
    for step in [3, 254, 300] {
        bench.journal.enqueue(&leaves(accepted..accepted + step)).await.unwrap();
        accepted += step;
        match log.flush().await {
            Ok(()) => assert_eq!(read(source(&rented)).await, given(accepted)),
            Err(error) => {
                assert!(!error.is_final(), "{at} {fault:?}: {error}");
                cut = true;
                break;
            }
        }
    }
    drop(log);
    rented.proxy.forget();
    let log = bench.open().await.unwrap();
    log.flush().await.unwrap();
    assert_eq!(read(source(&rented)).await, given(accepted));
    let report = fsck(&*bench.journal, &bench.tiles(), signer().verifier(), &policy()).await.unwrap();
    assert_eq!((report.problems, report.rebuilt), (vec![], vec![]));
    cut
}

async fn cut_off_everywhere(fault: Fault) {
    let mut at = 0;
    while cut_off(at, fault).await {
        at += 1;
        assert!(at < 100);
    }
    assert!(at > 10, "only {at} puts were cut off");
}

#[tokio::test]
async fn cut_off_before_each_put() {
    cut_off_everywhere(Before(500, "InternalError")).await;
}

#[tokio::test]
async fn cut_off_after_each_put() {
    cut_off_everywhere(After(500, "InternalError")).await;
}

#[tokio::test]
async fn the_same_log_goes_on_when_the_bucket_is_back() {
    for rented in Rented::everywhere() {
        let bench = bench(&rented, Arc::new(MemoryJournal::new())).await;
        let log = bench.open().await.unwrap();
        let mut accepted = 0;
        for fault in [Before(503, "SlowDown"), After(503, "SlowDown"), Before(500, "InternalError"), After(500, "")] {
            bench.journal.enqueue(&leaves(accepted..accepted + 130)).await.unwrap();
            accepted += 130;
            let before = rented.proxy.counts()[&Method::PUT];
            rented.proxy.cut(Method::PUT, before + 2, fault);
            for _ in 0..2 {
                let error = log.flush().await.unwrap_err();
                assert!(matches!(error, LogError::Unavailable { .. }), "{error}");
                bench.clock.advance(2);
            }
            rented.proxy.forget();
            log.flush().await.unwrap();
            assert_eq!(read(source(&rented)).await, given(accepted));
        }
    }
}

/// Without a thread of its own for requests this would wait for itself: every thread of this runtime waits for the bucket.
#[tokio::test(flavor = "current_thread")]
async fn calls_from_the_only_thread_of_a_runtime_come_back() {
    let rented = Rented::here();
    let store = rented.tiles();
    store.replace_file("vkey", b"key").unwrap();
    assert_eq!(store.read_file("vkey").unwrap().as_deref(), Some(&b"key"[..]));
    assert_eq!(source(&rented).get("vkey", 10).await.unwrap().as_deref(), Some(&b"key"[..]));
    drop(store);
}
