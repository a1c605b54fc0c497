//! Scripts, crashed at every call of the file system.

use super::fate::Seen;
use super::journal::Care;
use super::machine::{Fact, Fault, Machine};
use super::oracle::{all_fates, survives};
use super::world::World;
use crate::kit::leaves;
use countersign_testkit::disk::{Disk, Event};
use countersign_testkit::random::{below, named};

/// Every call, or one in a few.
const STRIDE: usize = if cfg!(feature = "faults") { 1 } else { 13 };

#[derive(Debug, Clone, Copy)]
enum Step {
    Accept(u64),
    Sequence,
    Publish,
    Flush,
    Recosign,
    /// The programs end and start again; the machine stays on.
    Restart,
}
use Step::{Accept, Flush, Publish, Recosign, Restart, Sequence};

/// Everything the log does, at small sizes.
const SMALL: &[Step] = &[
    Accept(1),
    Flush,
    Accept(2),
    Sequence,
    Accept(1),
    Sequence,
    Publish,
    Recosign,
    Restart,
    Accept(1),
    Accept(1),
    Flush,
];

/// Across the edges of tiles: 255, 256 and 257 leaves, and from one full tile over a second.
const EDGES: &[Step] =
    &[Accept(255), Flush, Accept(1), Flush, Accept(1), Flush, Restart, Accept(256), Sequence, Accept(3), Flush];

async fn play(machine: &Machine, script: &[Step]) -> Result<(), String> {
    let failed = |error: countersign_log::LogError| error.to_string();
    let mut world = World::start(machine, Care::ALL).await.map_err(failed)?;
    let mut next = 0;
    for step in script {
        match step {
            Accept(count) => {
                world.accept(&leaves(next..next + count)).await.map_err(failed)?;
                next += count;
            }
            Sequence => drop(world.log.sequence().await.map_err(failed)?),
            Publish => world.publish().await.map_err(failed)?,
            Flush => world.flush().await.map_err(failed)?,
            Recosign => world.recosign().await.map_err(failed)?,
            Restart => world = World::start(machine, Care::ALL).await.map_err(failed)?,
        }
    }
    Ok(())
}

/// Plays the script once, then goes through its calls: before each, and after the last, the power goes.
async fn every_call(name: &str, script: &[Step], fates: usize) {
    let machine = Machine::default();
    play(&machine, script).await.unwrap();
    let (mut disk, mut facts, mut seen) = (Disk::new(), Vec::<Fact>::new(), Seen::default());
    let (mut points, mut checked) = (0, 0);
    let events = machine.events();
    for (number, event) in events.iter().enumerate() {
        if number.is_multiple_of(STRIDE) {
            let seed = format!("{name} event {number}");
            checked +=
                all_fates(&disk, &facts, fates, &seed, &mut seen).await.unwrap_or_else(|reason| panic!("{reason}"));
            points += 1;
        }
        match event {
            Event::Call(call) => disk.apply(call).unwrap(),
            Event::Note(fact) => facts.push(fact.clone()),
        }
    }
    checked += all_fates(&disk, &facts, fates, name, &mut seen).await.unwrap_or_else(|reason| panic!("{reason}"));
    println!("{name}: {} calls and facts, {points} crash points, {checked} different disks", events.len());
    assert!(checked > points / 4);
}

#[tokio::test]
async fn power_goes_at_every_call_of_the_small_script() {
    every_call("small", SMALL, 40).await;
}

#[tokio::test]
async fn power_goes_at_every_call_across_the_edges_of_tiles() {
    every_call("edges", EDGES, 8).await;
}

/// The program is killed at every call, started again on the same machine, and only then, at some call, the power goes: what the killed
/// program left unsynced was shown to the next one.
#[tokio::test]
async fn killed_at_every_call_and_then_the_power_goes() {
    let machine = Machine::default();
    play(&machine, SMALL).await.unwrap();
    let (mut disk, mut facts) = (Disk::new(), Vec::<Fact>::new());
    let (mut points, mut checked) = (0, 0);
    for (number, event) in machine.events().iter().enumerate() {
        if number.is_multiple_of(STRIDE) && matches!(event, Event::Call(_)) {
            let mut rng = named(&format!("killed at {number}"));
            points += 1;
            // How far the second program comes, in calls.
            for far in [below(&mut rng, 12), 12 + below(&mut rng, 60), 1_000] {
                let second = Machine::new(disk.clone(), 10_000);
                second.plan(far as usize, Fault::Off);
                let ended = go_on(&second).await;
                assert!(ended.is_ok() || second.is_off(), "killed at {number}: {ended:?}");
                let told: Vec<Fact> = facts.iter().cloned().chain(second.facts()).collect();
                let seed = format!("killed at {number}, then {far} calls");
                let fates = all_fates(&second.disk(), &told, 4, &seed, &mut Seen::default()).await;
                checked += fates.unwrap_or_else(|reason| panic!("{reason}"));
            }
        }
        match event {
            Event::Call(call) => disk.apply(call).unwrap(),
            Event::Note(fact) => facts.push(fact.clone()),
        }
    }
    println!("killed at {points} calls, then the power went: {checked} different disks");
}

async fn go_on(machine: &Machine) -> Result<(), countersign_log::LogError> {
    let world = World::start(machine, Care::ALL).await?;
    world.publish().await?;
    world.accept(&leaves(500..502)).await?;
    world.flush().await
}

#[tokio::test]
async fn a_run_without_any_fault_survives() {
    for script in [SMALL, EDGES] {
        let machine = Machine::default();
        play(&machine, script).await.unwrap();
        survives(machine.disk(), &machine.facts()).await.unwrap();
    }
}
