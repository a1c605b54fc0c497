use crate::kit::{Bench, NOW, Switched, files, leaf, leaves, policy};
use countersign_log::witness::Witness;
use countersign_log::{FolderSource, Log, LogError, LogReader, fsck};
use countersign_store::journal::Place;
use countersign_tlog::follow::Follower;
use countersign_tlog::policy::TimeWindow;
use countersign_tlog::proof::verify_proof;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

#[tokio::test]
async fn a_leaf_becomes_durable_then_public_with_proofs() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.journal.enqueue(&leaves(0..5)).await.unwrap();
    assert_eq!(log.place(&leaf(3).key).await.unwrap(), Some(Place::Accepted(3)));
    assert_eq!(log.sequence().await.unwrap(), 5);
    let durable = log.durable(&leaf(3).key).await.unwrap();
    assert_eq!((durable.index, durable.checkpoint.note().signatures().len()), (3, 1));
    assert!(durable.verify(&leaf(3).leaf, &policy(), TimeWindow::ANY).is_err());
    assert!(log.published().is_none());

    let published = log.publish().await.unwrap().unwrap();
    assert_eq!(published.witnessed.cosigners.len(), 3);
    assert!(log.publish().await.unwrap().is_none());
    let public = log.public(&leaf(3).key).await.unwrap();
    let file = public.proof().to_string();
    // Nobody signs `extra`, and what a leaf is about must not stand beside it.
    assert_eq!((&durable.extra, &public.proof().extra), (&None, &None));
    let included = verify_proof(&leaf(3).leaf, file.as_bytes(), &policy(), TimeWindow::recent(NOW, 60)).unwrap();
    assert_eq!((included.index, included.size), (3, 5));
    assert!(matches!(log.public(&leaf(77).key).await, Err(LogError::UnknownLeaf(_))));
    assert_eq!(files(&bench.log_folder()), ["checkpoint", "tile/0/000.p/5", "tile/entries/000.p/5", "vkey"]);
    let served = std::fs::read_to_string(bench.log_folder().join("checkpoint")).unwrap();
    assert_eq!(served, published.checkpoint.to_string());
}

#[tokio::test]
async fn a_reader_follows_and_fsck_agrees() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    let reader = LogReader::new(FolderSource(bench.log_folder()), policy());
    let mut follower = Follower::new();
    let mut read = Vec::new();
    for (from, to) in [(0, 1), (1, 300), (300, 2_600), (2_600, 2_816)] {
        bench.publish(&log, from..to).await;
        while follower.size() < to {
            let step = reader.step(&follower, TimeWindow::recent(NOW, 60), 700).await.unwrap();
            read.extend(step.leaves);
            follower = step.next;
        }
    }
    assert_eq!(read, leaves(0..2_816).into_iter().map(|leaf| leaf.leaf).collect::<Vec<_>>());
    let report = fsck(&*bench.journal, &bench.tiles(), log.verifier(), &policy()).await.unwrap();
    assert_eq!(
        (report.leaves, report.published, report.problems, report.rebuilt),
        (2_816, Some(2_816), vec![], vec![])
    );
    let again = bench.open().await.unwrap();
    bench.publish(&again, 2_816..2_900).await;
}

#[tokio::test]
async fn cosignatures_are_renewed_when_they_age() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..2).await;
    bench.clock.advance(1_199);
    assert!(log.publish().await.unwrap().is_none());
    bench.clock.advance(1);
    let published = log.publish().await.unwrap().unwrap();
    assert!(published.witnessed.cosigners.iter().all(|one| one.timestamp == NOW + 1_200));
}

#[tokio::test]
async fn without_a_quorum_leaves_stay_durable_until_witnesses_return() {
    let bench = Bench::new().await;
    let up = Arc::new(AtomicBool::new(true));
    let mut parts = bench.parts();
    parts.witnesses = (1..=3)
        .map(|number| -> Arc<dyn Witness> {
            let witness = bench.witness(number);
            if number == 1 { Arc::new(witness) } else { Arc::new(Switched(witness, up.clone())) }
        })
        .collect();
    let log = Log::open(parts).await.unwrap();
    bench.publish(&log, 0..3).await;
    up.store(false, Ordering::SeqCst);
    bench.journal.enqueue(&leaves(3..9)).await.unwrap();
    let error = log.flush().await.unwrap_err();
    assert!(
        matches!(&error, LogError::NoQuorum { size: 9, reasons } if reasons.contains("w2") && reasons.contains("w3")),
        "{error}"
    );
    log.durable(&leaf(8).key).await.unwrap();
    assert_eq!(log.published().unwrap().checkpoint().size, 3);
    up.store(true, Ordering::SeqCst);
    log.flush().await.unwrap();
    log.public(&leaf(8).key).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_running_log_serves_many_waits_and_stops_when_told() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(&log).run(stopped));
    let mut waits = Vec::new();
    for number in 0..200 {
        bench.journal.enqueue(&[leaf(number)]).await.unwrap();
        log.wake();
        let log = Arc::clone(&log);
        waits.push(tokio::spawn(async move {
            log.durable(&leaf(number).key).await.unwrap();
            log.public(&leaf(number).key).await.unwrap()
        }));
    }
    for (number, wait) in (0..).zip(waits) {
        assert_eq!(wait.await.unwrap().included().index, number);
    }
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
}
