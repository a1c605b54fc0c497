//! What must be true after every crash.

use super::journal::Care;
use super::machine::{Fact, Machine};
use super::world::World;
use crate::kit::{self, ORIGIN, policy};
use countersign_log::files::Files as _;
use countersign_log::{FolderTiles, LogReader, ReadError, TileStore, TilesSource};
use countersign_store::journal::{Journal as _, Place};
use countersign_testkit::disk::{Disk, Nothing};
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::follow::Follower;
use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::{Tree, root_at};
use countersign_tlog::policy::TimeWindow;
use countersign_tlog::witness::monitoring_path;
use std::path::Path;
use std::sync::Arc;

/// Number of the leaf that each restart adds; no script uses it.
const PROBE: u64 = 1 << 40;

/// Seconds between the last fact and the restart: no clock runs backwards.
const LATER: i64 = 1_000_000;

/// Starts everything on a disk that a crash has left, and compares with what was told before it.
///
/// # Errors
/// What was broken.
pub(super) async fn survives(disk: Disk, facts: &[Fact]) -> Result<(), String> {
    survives_with(disk, facts, Care::ALL).await
}

/// The same, with a store that may be careless when it is opened again.
///
/// # Errors
/// What was broken.
pub(super) async fn survives_with(disk: Disk, facts: &[Fact], care: Care) -> Result<(), String> {
    let machine = Machine::new(disk, LATER);
    let follower = served(&machine, facts).await?;
    let world = World::start(&machine, care).await.map_err(|error| format!("it does not start again: {error}"))?;
    kept(&world, facts).await?;

    // It goes on by itself, and whoever has read it before reads on.
    let probe = kit::leaf(PROBE + facts.len() as u64);
    let went_on = |error| format!("it does not go on: {error}");
    world.accept(std::slice::from_ref(&probe)).await.map_err(went_on)?;
    world.flush().await.map_err(went_on)?;
    let public = world.log.public(&probe.key).await.map_err(went_on)?;
    if public.leaf() != probe.leaf {
        return Err("the new leaf has other bytes".to_owned());
    }
    let step = reader(&machine).step(&follower, TimeWindow::ANY, u64::MAX).await;
    let step = step.map_err(|error| format!("a reader cannot read on: {error}"))?;
    if step.next.size() != public.included().size {
        return Err("a reader does not see the new leaf".to_owned());
    }

    // What was settled at the start is settled: power that goes at once takes nothing with it.
    let after = machine.disk().crash(&mut Nothing);
    let told: Vec<Fact> = facts.iter().cloned().chain(machine.facts()).collect();
    let machine = Machine::new(after, 2 * LATER);
    served(&machine, &told).await.map_err(|reason| format!("after a second loss of power: {reason}"))?;
    let again = World::start(&machine, care).await;
    let again = again.map_err(|error| format!("it does not start after a second loss of power: {error}"))?;
    kept(&again, &told).await.map_err(|reason| format!("after a second loss of power: {reason}"))
}

fn reader(machine: &Machine) -> LogReader<TilesSource> {
    let tiles: Arc<dyn TileStore> = Arc::new(FolderTiles::on(machine.clone(), "/log"));
    LogReader::new(TilesSource(tiles), policy())
}

/// What the folder serves before anything has started: a published checkpoint never lacks a tile, and never lies behind one that was
/// public.
async fn served(machine: &Machine, facts: &[Fact]) -> Result<Follower, String> {
    let public = facts.iter().filter_map(|fact| if let Fact::Public(size) = fact { Some(*size) } else { None }).max();
    match reader(machine).step(&Follower::new(), TimeWindow::ANY, u64::MAX).await {
        Err(ReadError::Empty) if public.is_none() => Ok(Follower::new()),
        Err(error) => Err(format!("the published log cannot be read: {error}")),
        Ok(step) if Some(step.next.size()) < public => {
            Err(format!("{} leaves are published, {public:?} were", step.next.size()))
        }
        Ok(step) => {
            for fact in facts {
                if let Fact::Accepted(index, leaf) = fact {
                    let there = usize::try_from(*index).ok().and_then(|index| step.leaves.get(index));
                    if there.is_some_and(|there| *there != leaf.leaf) {
                        return Err(format!("leaf {index} is published with other bytes"));
                    }
                }
            }
            Ok(step.next)
        }
    }
}

/// Every acknowledged leaf is at its index; every checkpoint that was ever signed or cosigned is a beginning of the log; no witness
/// has forgotten what it showed.
async fn kept(world: &World, facts: &[Fact]) -> Result<(), String> {
    let head = world.journal.head().await.unwrap().expect("the log has started").size;
    let entries = world.journal.entries(0, u32::MAX).await.map_err(|error| error.to_string())?;
    let mut tree = Tree::new();
    entries.iter().for_each(|entry| tree.push(leaf_hash(&entry.leaf)));
    for fact in facts {
        match fact {
            Fact::Accepted(index, leaf) => {
                let there = entries.get(*index as usize).map(|entry| (entry.key, &entry.leaf));
                if there != Some((leaf.key, &leaf.leaf)) {
                    return Err(format!("accepted leaf {index} is lost"));
                }
                let place = world.journal.place(&leaf.key).await.map_err(|error| error.to_string())?;
                let (Some(Place::Accepted(at)) | Some(Place::Durable(at))) = place else {
                    return Err(format!("accepted leaf {index} is not found by its key"));
                };
                if at != *index {
                    return Err(format!("leaf {index} has moved to {at}"));
                }
            }
            Fact::Durable(size) if *size > head => return Err(format!("{size} leaves were durable, {head} are")),
            Fact::Public(size) if world.log.progress().borrow().public < *size => {
                return Err(format!("{size} leaves were public, and are not"));
            }
            Fact::Durable(_) | Fact::Public(_) => {}
            Fact::Signed(checkpoint) | Fact::Cosigned(_, checkpoint) => {
                let root = (checkpoint.size <= tree.size()).then(|| root_at(checkpoint.size, &mut &tree).unwrap());
                if root != Some(checkpoint.root) {
                    let size = checkpoint.size;
                    return Err(format!("a checkpoint of size {size} was signed that contradicts the log: {fact:?}"));
                }
            }
        }
    }
    for number in 1..=3 {
        let shown = facts.iter().filter_map(|fact| match fact {
            Fact::Cosigned(witness, checkpoint) if *witness == number => Some(checkpoint.size),
            _ => None,
        });
        let path = format!("/witnesses/{number}/{}", monitoring_path(ORIGIN));
        let stored = world.machine.read(Path::new(&path), usize::MAX).ok();
        let stored = stored.map(|bytes| SignedCheckpoint::parse(&bytes).map(|signed| signed.checkpoint().size));
        let stored = stored.transpose().map_err(|error| format!("witness {number}: {error}"))?;
        if stored < shown.max() {
            return Err(format!("witness {number} has forgotten: it shows {stored:?}"));
        }
    }
    Ok(())
}

/// Every disk that a loss of power can leave is checked with `facts`; at most `most`, chosen by `seed` when there are more. Returns
/// how many were.
///
/// # Errors
/// The first broken one.
pub(super) async fn all_fates(
    disk: &Disk,
    facts: &[Fact],
    most: usize,
    seed: &str,
    seen: &mut super::fate::Seen,
) -> Result<usize, String> {
    let mut checked = 0;
    for (number, crashed) in super::fate::fates(disk, most, seed).into_iter().enumerate() {
        if seen.is_new(&crashed, facts.len()) {
            survives(crashed, facts).await.map_err(|reason| format!("{reason} (fate {number} of {seed})"))?;
            checked += 1;
        }
    }
    Ok(checked)
}
