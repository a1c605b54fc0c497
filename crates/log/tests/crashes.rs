//! A crash after any step: the log starts again by itself, loses no accepted leaf, and never contradicts itself.

use crate::kit::{Bench, Fuse, FusedJournal, FusedTiles, FusedWitness, HalfHeard, files, leaf, leaves, policy};
use countersign_log::witness::Witness;
use countersign_log::{FolderSource, Log, LogParts, LogReader};
use countersign_tlog::follow::Follower;
use countersign_tlog::policy::TimeWindow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

enum Where {
    Tiles,
    Witness,
    Journal,
}

/// Runs a script of three growths until the fuse blows, then starts again without it. Returns whether it blew.
async fn crash(at: Where, calls: i64, after: bool) -> bool {
    let bench = Bench::new().await;
    let fuse = Fuse::new(calls, after);
    let mut parts: LogParts = bench.parts();
    match at {
        Where::Tiles => parts.tiles = Arc::new(FusedTiles(bench.tiles(), fuse.clone())),
        Where::Journal => parts.journal = Arc::new(FusedJournal(Arc::clone(&bench.journal), fuse.clone())),
        Where::Witness => {
            parts.witnesses = (1..=3)
                .map(|number| Arc::new(FusedWitness(bench.witness(number), fuse.clone())) as Arc<dyn Witness>)
                .collect();
        }
    }
    let reader = LogReader::new(FolderSource(bench.log_folder()), policy());
    let mut follower = Follower::new();
    let log = Log::open(parts).await.unwrap();
    let mut accepted = 0;
    for step in [3, 254, 300] {
        bench.journal.enqueue(&leaves(accepted..accepted + step)).await.unwrap();
        accepted += step;
        let result = log.flush().await;
        assert!(result.is_ok() || fuse.blown());
        assert_eq!(log.progress().borrow().stopped, None, "a crash is no reason to stop for good");
        // Whatever is served at this moment verifies, and continues what was read before.
        if let Ok(next) = reader.step(&follower, TimeWindow::ANY, 10_000).await {
            follower = next.next;
        } else {
            assert_eq!(follower.size(), 0, "what was readable is not any more");
        }
        if fuse.blown() {
            break;
        }
    }
    drop(log);
    let log = bench.open().await.unwrap();
    log.flush().await.unwrap();
    let step = reader.step(&follower, TimeWindow::ANY, 10_000).await.unwrap();
    assert_eq!(step.next.size(), accepted);
    for number in [0, accepted - 1] {
        assert_eq!(log.public(&leaf(number).key).await.unwrap().leaf(), leaf(number).leaf);
    }
    fuse.blown()
}

async fn every_point(at: fn() -> Where, after: bool) {
    let mut calls = 0;
    while crash(at(), calls, after).await {
        calls += 1;
        assert!(calls < 200);
    }
    assert!(calls > 2, "the fuse was hardly ever reached");
}

#[tokio::test]
async fn before_each_write_of_a_tile_or_the_checkpoint() {
    every_point(|| Where::Tiles, false).await;
}

#[tokio::test]
async fn after_each_write_of_a_tile_or_the_checkpoint() {
    every_point(|| Where::Tiles, true).await;
}

#[tokio::test]
async fn before_each_request_to_a_witness() {
    every_point(|| Where::Witness, false).await;
}

#[tokio::test]
async fn after_each_request_to_a_witness() {
    every_point(|| Where::Witness, true).await;
}

#[tokio::test]
async fn before_each_move_of_the_head() {
    every_point(|| Where::Journal, false).await;
}

#[tokio::test]
async fn a_move_of_the_head_that_happened_and_was_reported_as_failed() {
    let bench = Bench::new().await;
    let journal = Arc::new(HalfHeard(Arc::clone(&bench.journal), AtomicBool::new(true)));
    let log = Log::open(LogParts { journal, ..bench.parts() }).await.unwrap();
    bench.publish(&log, 0..4).await;
    bench.publish(&log, 4..6).await;
    assert_eq!(log.published().unwrap().checkpoint().size, 6);
}

#[tokio::test]
async fn files_that_a_crash_left_unfinished_mean_nothing() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..3).await;
    let folder = bench.log_folder();
    std::fs::write(folder.join("tile/0/000.unfinished"), "half").unwrap();
    std::fs::write(folder.join("checkpoint.unfinished"), "half").unwrap();
    std::fs::write(bench.folder.path().join("w1").join("x.unfinished"), "half").unwrap();
    let log = bench.open().await.unwrap();
    bench.publish(&log, 3..260).await;
    assert!(!files(&folder).contains(&"tile/0/000.unfinished".to_owned()));
}
