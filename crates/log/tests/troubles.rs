//! Clocks that are wrong and witnesses that go round in circles: the log waits, loses nothing, and goes on by itself.

use crate::kit::{Bench, NOW, leaf, leaves, policy, signer, witness_key};
use async_trait::async_trait;
use countersign_core::time::Timestamp;
use countersign_log::witness::{LocalWitness, Witness, WitnessError};
use countersign_log::{Log, LogError, LogParts, fsck};
use countersign_testkit::clock::StepClock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

fn clock() -> Arc<StepClock> {
    Arc::new(StepClock::new(Timestamp::from_unix(NOW as i64).unwrap(), 0))
}

/// A log whose witnesses have a clock of their own.
async fn apart(bench: &Bench, theirs: &Arc<StepClock>) -> Arc<Log> {
    let witnesses = (1..=3_u8).map(|number| {
        let (name, folder) = (format!("w{number}"), bench.folder.path().join(format!("w{number}")));
        let logs = vec![signer().verifier().clone()];
        Arc::new(LocalWitness::new(name, witness_key(number), logs, folder, theirs.clone())) as Arc<dyn Witness>
    });
    Log::open(LogParts { witnesses: witnesses.collect(), ..bench.parts() }).await.unwrap()
}

#[tokio::test]
async fn while_the_logs_clock_is_wrong_nothing_is_published_and_nothing_lost() {
    for wrong in [-86_400, -3_600, 3_600, 86_400 * 365] {
        let (bench, theirs) = (Bench::new().await, clock());
        let log = apart(&bench, &theirs).await;
        bench.publish(&log, 0..3).await;
        bench.clock.advance(wrong);
        bench.journal.enqueue(&leaves(3..5)).await.unwrap();
        let error = log.flush().await.unwrap_err();
        assert!(matches!(error, LogError::NoQuorum { size: 5, .. }), "{wrong}: {error}");
        log.durable(&leaf(4).key).await.unwrap();
        assert_eq!(log.published().unwrap().checkpoint().size, 3);
        // Started again with the wrong clock it waits as well.
        let log = apart(&bench, &theirs).await;
        assert!(!log.flush().await.unwrap_err().is_final());
        bench.clock.advance(-wrong);
        log.flush().await.unwrap();
        log.public(&leaf(4).key).await.unwrap();
    }
}

#[tokio::test]
async fn witnesses_whose_clocks_were_ahead_cosign_again_when_time_has_caught_up() {
    let (bench, theirs) = (Bench::new().await, clock());
    let log = apart(&bench, &theirs).await;
    bench.publish(&log, 0..3).await;
    theirs.advance(3_600);
    bench.journal.enqueue(&leaves(3..5)).await.unwrap();
    assert!(matches!(log.flush().await.unwrap_err(), LogError::NoQuorum { .. }), "cosignatures of the future counted");
    // Set right, they lie behind what they have signed, and wait.
    theirs.advance(-3_600);
    let error = log.flush().await.unwrap_err();
    assert!(matches!(&error, LogError::NoQuorum { reasons, .. } if reasons.contains("status 500")), "{error}");
    theirs.advance(3_601);
    bench.clock.advance(3_601);
    log.flush().await.unwrap();
    log.public(&leaf(4).key).await.unwrap();
}

#[tokio::test]
async fn a_clock_before_1970_or_far_away_breaks_nothing() {
    for wrong in [-(NOW as i64) - 5, 200_000_000_000] {
        let bench = Bench::new().await;
        let log = bench.open().await.unwrap();
        bench.publish(&log, 0..2).await;
        bench.clock.advance(wrong);
        bench.journal.enqueue(&leaves(2..3)).await.unwrap();
        let done = log.flush().await;
        assert!(done.as_ref().err().is_none_or(|error| !error.is_final()), "{wrong}: {done:?}");
        bench.clock.advance(-wrong);
        bench.journal.enqueue(&leaves(3..4)).await.unwrap();
        let done = log.flush().await;
        // Witnesses do not sign before a time they have signed: those who signed in the far future need a new key.
        assert_eq!(done.is_ok(), wrong < 0, "{wrong}: {done:?}");
        assert_eq!(log.progress().borrow().stopped, None);
        let report = fsck(&*bench.journal, &bench.tiles(), log.verifier(), &policy()).await.unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
    }
}

/// Answers 409 with another size every time, while it is in its circle.
struct Circling(LocalWitness, Arc<AtomicBool>, Arc<AtomicU64>);

#[async_trait]
impl Witness for Circling {
    fn name(&self) -> &str {
        self.0.name()
    }
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<(u16, Vec<u8>), WitnessError> {
        if !self.1.load(Ordering::SeqCst) {
            return self.0.add_checkpoint(body).await;
        }
        let asked = self.2.fetch_add(1, Ordering::SeqCst);
        Ok((409, format!("{}\n", asked % 3).into_bytes()))
    }
    async fn latest(&self, origin: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        self.0.latest(origin).await
    }
}

#[tokio::test]
async fn witnesses_that_answer_409_in_circles_are_asked_a_few_times_only() {
    let bench = Bench::new().await;
    let (circle, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let witnesses = |circling: u8| -> Vec<Arc<dyn Witness>> {
        (1..=3)
            .map(|number| -> Arc<dyn Witness> {
                let witness = bench.witness(number);
                match number <= circling {
                    true => Arc::new(Circling(witness, circle.clone(), asked.clone())),
                    false => Arc::new(witness),
                }
            })
            .collect()
    };
    // One of three: the log goes on without it.
    let log = Log::open(LogParts { witnesses: witnesses(1), ..bench.parts() }).await.unwrap();
    bench.publish(&log, 0..3).await;
    assert_eq!((asked.load(Ordering::SeqCst), log.published().unwrap().note().signatures().len()), (3, 3));
    // Two of three: it waits, and does not hammer on their doors.
    let log = Log::open(LogParts { witnesses: witnesses(2), ..bench.parts() }).await.unwrap();
    for round in 1..=5_u64 {
        bench.journal.enqueue(&leaves(2 + round..3 + round)).await.unwrap();
        asked.store(0, Ordering::SeqCst);
        let error = log.flush().await.unwrap_err();
        assert!(
            matches!(&error, LogError::NoQuorum { reasons, .. } if reasons.contains("keeps changing its size")),
            "{error}"
        );
        assert_eq!(asked.load(Ordering::SeqCst), 6);
    }
    circle.store(false, Ordering::SeqCst);
    log.flush().await.unwrap();
    assert_eq!(log.published().unwrap().note().signatures().len(), 4);
    log.public(&leaf(7).key).await.unwrap();
}
