use crate::kit::{Bench, NOW, Switched, flip, leaf, leaves, policy, signer, witness_key};
use async_trait::async_trait;
use countersign_log::witness::{LocalWitness, Witness, WitnessError};
use countersign_log::{Log, LogParts};
use countersign_tlog::checkpoint::Checkpoint;
use countersign_tlog::cosignature::cosign;
use countersign_tlog::note::{KeyKind, SigningKey};
use countersign_tlog::policy::TimeWindow;
use countersign_tlog::witness::{AddCheckpoint, Response, cosignature_body, monitoring_path};
use countersign_tlog::{Hash, leaf_hash, node_hash};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request from nothing to a tree of one leaf.
fn first(key: &SigningKey, root: Hash) -> String {
    let checkpoint = Checkpoint { origin: key.verifier().name().clone(), size: 1, root }.sign(key).unwrap();
    AddCheckpoint { old_size: 0, proof: vec![], checkpoint }.to_body()
}

fn root(number: u64) -> Hash {
    leaf_hash(&leaf(number).leaf)
}

/// A request from the tree of leaf 0 to that of leaves 0 and 1.
fn second() -> String {
    let both = node_hash(&root(0), &root(1));
    let checkpoint =
        Checkpoint { origin: signer().verifier().name().clone(), size: 2, root: both }.sign(&signer()).unwrap();
    AddCheckpoint { old_size: 1, proof: vec![root(1)], checkpoint }.to_body()
}

/// Two logs and one witness of both.
struct Pair {
    bench: Bench,
    other: SigningKey,
}

impl Pair {
    async fn new() -> Self {
        Self { bench: Bench::new().await, other: crate::kit::key("log.example/xb", KeyKind::Ed25519, 2) }
    }

    fn witness(&self) -> LocalWitness {
        let logs = vec![signer().verifier().clone(), self.other.verifier().clone()];
        let key = crate::kit::key("witness.example/both", KeyKind::CosignatureV1, 40);
        LocalWitness::new("both", key, logs, self.folder(), self.bench.clock.clone())
    }

    fn folder(&self) -> PathBuf {
        self.bench.folder.path().join("both")
    }

    fn file(&self, origin: &str, name: &str) -> PathBuf {
        self.folder().join(monitoring_path(origin)).with_file_name(name)
    }
}

fn is_broken(answer: &Response) -> bool {
    answer.status == 500 && !answer.body.contains('—')
}

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

/// Answers with one right line for each of a hundred times, all of them its own.
struct Talkative(LocalWitness);

#[async_trait]
impl Witness for Talkative {
    fn name(&self) -> &str {
        self.0.name()
    }
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<(u16, Vec<u8>), WitnessError> {
        let request = AddCheckpoint::parse(&body).unwrap();
        let lines: Vec<_> =
            (NOW - 99..=NOW).map(|time| cosign(&request.checkpoint, &witness_key(3), time).unwrap()).collect();
        Ok((200, cosignature_body(&lines).into_bytes()))
    }
    async fn latest(&self, _: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_witness_that_says_too_much_fills_no_checkpoint() {
    let bench = Bench::new().await;
    let mut witnesses = bench.witnesses();
    witnesses[2] = Arc::new(Talkative(bench.witness(3)));
    let log = Log::open(LogParts { witnesses, ..bench.parts() }).await.unwrap();
    bench.publish(&log, 0..5).await;
    let published = log.published().unwrap();
    assert_eq!(published.note().signatures().len(), 4);
    let witnessed = policy().check(&published, TimeWindow::ANY).unwrap();
    assert_eq!(witnessed.cosigners.iter().map(|one| one.timestamp).collect::<Vec<_>>(), [NOW; 3]);
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

    assert_eq!(bench.witness(1).answer(first(&signer(), root(0)).as_bytes()).status, 409);
    flip(&state, 20);
    assert_eq!(bench.witness(1).answer(first(&signer(), root(0)).as_bytes()).status, 500);
    assert!(bench.witness(1).stored(crate::kit::ORIGIN).is_err(), "damage is not served");
    bench.journal.enqueue(&leaves(5..6)).await.unwrap();
    log.flush().await.unwrap();
    assert_eq!(log.published().unwrap().note().signatures().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_histories_a_witness_cosigns_one() {
    let bench = Bench::new().await;
    let witness = bench.witness(1);
    let requests: Vec<String> = (0..8).map(|number| first(&signer(), root(number))).collect();
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

#[tokio::test]
async fn a_witness_whose_clock_runs_backwards_does_not_sign() {
    let pair = Pair::new().await;
    let witness = pair.witness();
    assert_eq!(witness.answer(first(&signer(), root(0)).as_bytes()).status, 200);
    let kept = witness.stored(crate::kit::ORIGIN).unwrap();
    pair.bench.clock.advance(-1);
    let refused = witness.answer(second().as_bytes());
    assert!(is_broken(&refused) && refused.body.contains("clock"), "{refused:?}");
    let other = witness.answer(first(&pair.other, root(0)).as_bytes());
    assert!(is_broken(&other), "the time shown for one log counts for all: {other:?}");
    assert!(witness.check().unwrap_err().to_string().contains("backwards"));

    let started_again = pair.witness();
    assert!(started_again.check().unwrap_err().to_string().contains("set the clock right"));
    assert!(is_broken(&started_again.answer(second().as_bytes())), "the time in the record counts");
    assert_eq!(started_again.stored(crate::kit::ORIGIN).unwrap(), kept, "a refusal changes nothing");
    pair.bench.clock.advance(1);
    assert_eq!(started_again.answer(second().as_bytes()).status, 200, "the same second is no doubt");
    started_again.check().unwrap();
}

#[tokio::test]
async fn what_was_cosigned_is_never_forgotten() {
    let pair = Pair::new().await;
    let witness = pair.witness();
    witness.check().unwrap();
    assert_eq!(witness.answer(first(&signer(), root(0)).as_bytes()).status, 200);
    assert_eq!(witness.answer(first(&pair.other, root(7)).as_bytes()).status, 200);
    let (own, other) = (pair.file(crate::kit::ORIGIN, "checkpoint"), pair.file("log.example/xb", "checkpoint"));
    let whole = std::fs::read(&own).unwrap();

    // The other log's record is as well signed, and is not this log's.
    std::fs::copy(&other, &own).unwrap();
    assert!(is_broken(&witness.answer(second().as_bytes())));
    assert!(witness.stored(crate::kit::ORIGIN).is_err());

    std::fs::remove_file(&own).unwrap();
    for witness in [&witness, &pair.witness()] {
        assert!(
            is_broken(&witness.answer(first(&signer(), root(1)).as_bytes())),
            "a lost record let a log start again"
        );
        assert!(witness.check().unwrap_err().to_string().contains("is gone"));
        assert!(witness.stored(crate::kit::ORIGIN).is_err());
        assert_eq!(witness.answer(first(&pair.other, root(8)).as_bytes()).status, 409, "the other log goes on");
    }
    std::fs::write(&own, b"").unwrap();
    assert!(is_broken(&witness.answer(first(&signer(), root(1)).as_bytes())));
    std::fs::write(&own, &whole).unwrap();
    assert_eq!(witness.answer(second().as_bytes()).status, 200);

    // A crash after the first record and before the note that there is one.
    std::fs::remove_file(pair.file("log.example/xb", "cosigned")).unwrap();
    let again = std::fs::read(&other).unwrap();
    assert_eq!(witness.stored("log.example/xb").unwrap(), Some(again));
    let same = first(&pair.other, root(7)).replace("old 0", "old 1");
    assert_eq!(witness.answer(same.as_bytes()).status, 200);
    assert_eq!(std::fs::read_to_string(pair.file("log.example/xb", "cosigned")).unwrap(), "log.example/xb\n");
}

#[tokio::test]
async fn a_record_that_cannot_be_kept_is_not_signed() {
    let pair = Pair::new().await;
    let in_the_way = pair.file(crate::kit::ORIGIN, "checkpoint").parent().unwrap().to_owned();
    std::fs::create_dir_all(pair.folder()).unwrap();
    std::fs::write(&in_the_way, "a file where a folder must be").unwrap();
    assert!(is_broken(&pair.witness().answer(first(&signer(), root(0)).as_bytes())));
    std::fs::remove_file(&in_the_way).unwrap();
    assert_eq!(pair.witness().answer(first(&signer(), root(0)).as_bytes()).status, 200);
}

/// Each with a lock of its own in memory, as processes have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_histories_many_witnesses_on_one_folder_cosign_one() {
    let pair = Pair::new().await;
    for round in 0..8 {
        let _ = std::fs::remove_dir_all(pair.folder());
        let mut running = Vec::new();
        for number in 0..4 {
            let (witness, request) = (pair.witness(), first(&signer(), root(round * 4 + number)));
            running.push(tokio::task::spawn_blocking(move || witness.answer(request.as_bytes()).status));
        }
        let mut granted = 0;
        for answer in running {
            granted += usize::from(answer.await.unwrap() == 200);
        }
        assert_eq!(granted, 1);
    }
}
