use crate::kit::{Bench, Switched, flip, leaf, leaves, signer};
use async_trait::async_trait;
use countersign_log::witness::{LocalWitness, Witness, WitnessError};
use countersign_log::{Log, LogParts};
use countersign_tlog::checkpoint::Checkpoint;
use countersign_tlog::witness::{AddCheckpoint, monitoring_path};
use countersign_tlog::{Hash, leaf_hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Claims what it cannot show.
struct Liar(LocalWitness, u16, &'static str);

#[async_trait]
impl Witness for Liar {
    fn name(&self) -> &str {
        self.0.name()
    }
    async fn add_checkpoint(&self, _: Vec<u8>) -> Result<(u16, Vec<u8>), WitnessError> {
        Ok((self.1, self.2.as_bytes().to_vec()))
    }
    async fn latest(&self, _: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_lying_witness_stops_nothing() {
    let bench = Bench::new().await;
    let lies = [
        (409, "1000000\n"),
        (409, "1\n"),
        (409, "0\n"),
        (409, "x"),
        (422, "no\n"),
        (200, "no\n"),
        (200, "— w AAAAAAA=\n"),
        (200, ""),
        (500, ""),
        (403, ""),
    ];
    for (number, (status, body)) in (0..).zip(lies) {
        let witnesses: Vec<Arc<dyn Witness>> = vec![
            Arc::new(bench.witness(1)),
            Arc::new(bench.witness(2)),
            Arc::new(Liar(bench.witness(3), status, body)),
        ];
        let log = Log::open(LogParts { witnesses, ..bench.parts() }).await.unwrap();
        bench.publish(&log, number..number + 1).await;
        let signatures = log.published().unwrap().note().signatures().len();
        assert_eq!(signatures, 3, "{status} {body}");
    }
}

#[tokio::test]
async fn a_witness_that_was_away_or_lost_its_state_catches_up() {
    let bench = Bench::new().await;
    let up = Arc::new(AtomicBool::new(true));
    let mut witnesses = bench.witnesses();
    witnesses[2] = Arc::new(Switched(bench.witness(3), up.clone()));
    let log = Log::open(LogParts { witnesses, ..bench.parts() }).await.unwrap();
    bench.publish(&log, 0..5).await;
    up.store(false, Ordering::SeqCst);
    bench.publish(&log, 5..9).await;
    assert_eq!(log.published().unwrap().note().signatures().len(), 3);
    up.store(true, Ordering::SeqCst);
    bench.publish(&log, 9..11).await;
    assert_eq!(log.published().unwrap().note().signatures().len(), 4);
    std::fs::remove_dir_all(bench.folder.path().join("w2")).unwrap();
    bench.publish(&log, 11..20).await;
    assert_eq!(log.published().unwrap().note().signatures().len(), 4);
}

#[tokio::test]
async fn a_witness_persists_before_it_answers_and_refuses_on_damage() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..5).await;
    let state = bench.folder.path().join("w1").join(monitoring_path(crate::kit::ORIGIN));
    let kept = std::fs::read_to_string(&state).unwrap();
    assert!(kept.starts_with("log.example/xa\n5\n") && kept.contains("witness.example/w1"));
    assert_eq!(bench.witness(1).stored(crate::kit::ORIGIN).unwrap().unwrap(), kept.as_bytes());

    let first = |size: u64, root: Hash| {
        let checkpoint = Checkpoint { origin: signer().verifier().name().clone(), size, root }.sign(&signer()).unwrap();
        AddCheckpoint { old_size: 0, proof: vec![], checkpoint }.to_body()
    };
    let root = leaf_hash(&leaf(0).leaf);
    assert_eq!(bench.witness(1).answer(first(1, root).as_bytes()).status, 409);
    flip(&state, 20);
    assert_eq!(bench.witness(1).answer(first(1, root).as_bytes()).status, 500);
    bench.journal.enqueue(&leaves(5..6)).await.unwrap();
    log.flush().await.unwrap();
    assert_eq!(log.published().unwrap().note().signatures().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_histories_a_witness_cosigns_one() {
    let bench = Bench::new().await;
    let witness = bench.witness(1);
    let requests: Vec<String> = (0..8)
        .map(|number| {
            let root = leaf_hash(&leaf(number).leaf);
            let checkpoint =
                Checkpoint { origin: signer().verifier().name().clone(), size: 1, root }.sign(&signer()).unwrap();
            AddCheckpoint { old_size: 0, proof: vec![], checkpoint }.to_body()
        })
        .collect();
    let mut running = Vec::new();
    for request in requests {
        let witness = witness.clone();
        running.push(tokio::task::spawn_blocking(move || witness.answer(request.as_bytes()).status));
    }
    let mut granted = 0;
    for answer in running {
        granted += usize::from(answer.await.unwrap() == 200);
    }
    assert_eq!(granted, 1);
}
