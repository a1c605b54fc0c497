//! Random lives of a log: anything may fail, and end, at any time.

use super::journal::Care;
use super::machine::{Done, Fact, Fault, Machine};
use super::oracle::survives;
use super::world::World;
use crate::kit::leaf;
use countersign_log::LogError;
use countersign_store::NewLeaf;
use countersign_testkit::disk::Random;
use countersign_testkit::random::{below, named};
use rand_chacha::ChaCha20Rng;
use std::io::ErrorKind;

/// How many lives of a log are tried; `COUNTERSIGN_FAULTS_RUNS` asks for another number, `COUNTERSIGN_FAULTS_SEED` for other ones.
const RUNS: u64 = if cfg!(feature = "faults") { 500 } else { 30 };

#[tokio::test]
async fn whatever_fails_and_ends_the_log_survives() {
    let asked = |name: &str| std::env::var(name).ok();
    let runs = asked("COUNTERSIGN_FAULTS_RUNS").map_or(RUNS, |runs| runs.parse().expect("a number of runs"));
    let series = asked("COUNTERSIGN_FAULTS_SEED").unwrap_or_else(|| "1".to_owned());
    let mut total = Counts::default();
    for run in 0..runs {
        let seed = format!("{series}/{run}");
        let counts =
            life(&seed).await.unwrap_or_else(|reason| panic!("{reason}; COUNTERSIGN_FAULTS_SEED={series}, run {run}"));
        total.add(&counts);
    }
    println!("{runs} random runs of series {series}: {total:?}");
    assert!(total.power > 0 && total.kills > 0 && total.errors > 0 && total.lost_answers > 0);
}

#[derive(Debug, Default)]
struct Counts {
    power: u64,
    kills: u64,
    errors: u64,
    lost_answers: u64,
    leaves: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.power += other.power;
        self.kills += other.kills;
        self.errors += other.errors;
        self.lost_answers += other.lost_answers;
        self.leaves += other.leaves;
    }
}

/// One log from its making: some starts, each with steps, faults and an end.
async fn life(seed: &str) -> Result<Counts, String> {
    let mut rng = named(&format!("life {seed}"));
    let (mut disk, mut facts, mut counts) =
        (countersign_testkit::disk::Disk::new(), Vec::<Fact>::new(), Counts::default());
    let mut next = 0;
    for start in 0..1 + below(&mut rng, 4) {
        let machine = Machine::new(disk.clone(), 50_000 * start as i64);
        for _ in 0..below(&mut rng, 4) {
            let kind = [ErrorKind::StorageFull, ErrorKind::Other][below(&mut rng, 2) as usize];
            let done = [Done::Nothing, Done::Half, Done::All][below(&mut rng, 3) as usize];
            machine.plan(below(&mut rng, 150) as usize, Fault::Fails(kind, done));
            counts.errors += 1;
        }
        let killed = below(&mut rng, 3) > 0;
        if killed {
            machine.plan(below(&mut rng, 250) as usize, Fault::Off);
        }
        let ended = steps(&machine, &mut rng, &mut next, &mut counts).await;
        if let Err(reason) = ended {
            return Err(format!("start {start}: {reason}"));
        }
        facts.extend(machine.facts());
        disk = machine.disk();
        if below(&mut rng, 2) == 0 {
            counts.power += 1;
            disk = disk.crash(&mut Random::new(named(&format!("crash {seed} {start}"))));
        } else {
            counts.kills += u64::from(killed);
        }
        // The disk goes on in the next start as it is; what is looked at is a copy.
        survives(disk.clone(), &facts).await.map_err(|reason| format!("after start {start}: {reason}"))?;
    }
    counts.leaves = next;
    Ok(counts)
}

async fn steps(machine: &Machine, rng: &mut ChaCha20Rng, next: &mut u64, counts: &mut Counts) -> Result<(), String> {
    let mut waiting: Vec<NewLeaf> = Vec::new();
    let mut world: Option<World> = None;
    for _ in 0..4 + below(rng, 16) {
        let Some(running) = &world else {
            match World::start(machine, Care::ALL).await {
                Ok(started) => world = Some(started),
                Err(error) => may_pass(machine, error)?,
            }
            continue;
        };
        if below(rng, 12) == 0 {
            running.journal.lose_answer(below(rng, 3) as i64, below(rng, 2) == 0);
            counts.lost_answers += 1;
        }
        let done = match below(rng, 10) {
            0..=3 => {
                if waiting.is_empty() {
                    let many = [1, 1, 1, 2, 2, 3, 5, 9, 120, 256][below(rng, 10) as usize];
                    waiting = (*next..*next + many).map(leaf).collect();
                    *next += many;
                }
                // What was not acknowledged is accepted again under the same keys.
                let accepted = running.accept(&waiting).await;
                if accepted.is_ok() {
                    waiting.clear();
                }
                accepted
            }
            4 | 5 => running.log.sequence().await.map(|_| ()),
            6 => running.publish().await,
            7 | 8 => running.flush().await,
            _ if below(rng, 2) == 0 => running.recosign().await,
            _ => {
                world = None;
                Ok(())
            }
        };
        if let Err(error) = done {
            may_pass(machine, error)?;
        }
    }
    // What failed for a time is over: everything accepted becomes public without another start.
    machine.calm();
    if let Some(running) = world.filter(|_| !machine.is_off()) {
        running.journal.lose_answer(i64::MAX, false);
        running.accept(&waiting).await.map_err(|error| format!("it does not go on: {error}"))?;
        running.flush().await.map_err(|error| format!("it does not go on: {error}"))?;
    }
    Ok(())
}

/// No fault of a disk is a reason to stop for good.
fn may_pass(machine: &Machine, error: LogError) -> Result<(), String> {
    if error.is_final() && !machine.is_off() { Err(format!("it has stopped: {error}")) } else { Ok(()) }
}
