//! Programs that forget one thing each: were the oracle blind, these would pass.

use super::fate::fates;
use super::journal::Care;
use super::machine::{Fault, Machine};
use super::oracle::survives_with;
use super::world::World;
use crate::kit::leaves;
use countersign_log::files::{Files, Listed};
use countersign_testkit::disk::Disk;
use std::io;
use std::path::Path;

/// What is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forgets {
    SyncOfFiles,
    SyncOfFolders,
    Rename,
}

/// Files of a program that forgets something.
#[derive(Clone)]
struct Careless(Machine, Option<Forgets>);

impl Files for Careless {
    type File = <Machine as Files>::File;
    type Lock = ();

    fn read(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        self.0.read(path, most)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        self.0.list(folder)
    }
    fn is_folder(&self, path: &Path) -> bool {
        self.0.is_folder(path)
    }
    fn create(&self, path: &Path) -> io::Result<Self::File> {
        // Without a rename, a file is written in its place.
        let place = path.with_extension("");
        self.0.create(if self.1 == Some(Forgets::Rename) { &place } else { path })
    }
    fn write(&self, file: &mut Self::File, bytes: &[u8]) -> io::Result<()> {
        self.0.write(file, bytes)
    }
    fn sync(&self, file: &mut Self::File) -> io::Result<()> {
        if self.1 == Some(Forgets::SyncOfFiles) { Ok(()) } else { self.0.sync(file) }
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.1 == Some(Forgets::Rename) { Ok(()) } else { self.0.rename(from, to) }
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.0.create_folder(path)
    }
    fn sync_path(&self, path: &Path) -> io::Result<()> {
        if self.1 == Some(Forgets::SyncOfFolders) { Ok(()) } else { self.0.sync_path(path) }
    }
    fn lock(&self, path: &Path) -> io::Result<()> {
        self.0.lock(path)
    }
}

/// Kills the program at each call in turn, starts it again and kills it at some later call, and lets the power go after each, until a
/// crash is not survived. Says what was broken then.
async fn broken(forgets: Option<Forgets>, care: Care, stride: usize, most: usize) -> Option<String> {
    for first in (0..CALLS).step_by(stride) {
        let (mut disk, mut facts) = (Disk::new(), Vec::new());
        for (life, last) in [(0, first), (1, first * 7 % 61)] {
            let machine = Machine::new(disk.clone(), life * 10_000);
            machine.plan(last, Fault::Off);
            let files = Careless(machine.clone(), forgets);
            if let Ok(world) = World::start_on(&machine, files, care).await {
                for from in [0, 10, 20] {
                    let _ = world.accept(&leaves(from..from + 3)).await;
                    let _ = world.flush().await;
                }
            }
            facts.extend(machine.facts());
            disk = machine.disk();
            for crashed in fates(&disk, most, &format!("careless {first} {life}")) {
                if let Err(reason) = survives_with(crashed, &facts, care).await {
                    return Some(reason);
                }
            }
        }
    }
    None
}

/// Calls of the first life: three growths take some more.
const CALLS: usize = 200;
const STRIDE: usize = if cfg!(feature = "faults") { 1 } else { 7 };

#[tokio::test]
async fn the_oracle_notices_what_a_program_forgets() {
    for forgets in [Forgets::SyncOfFiles, Forgets::SyncOfFolders, Forgets::Rename] {
        let reason = broken(Some(forgets), Care::ALL, 1, 4).await;
        println!("{forgets:?}: {reason:?}");
        assert!(reason.is_some(), "{forgets:?} was not noticed");
    }
}

#[tokio::test]
async fn the_oracle_notices_a_careless_store() {
    for care in [
        Care { syncs_commits: false, ..Care::ALL },
        Care { settles: false, ..Care::ALL },
        Care { checks_records: false, ..Care::ALL },
    ] {
        let reason = broken(None, care, 1, 20).await;
        println!("{care:?}: {reason:?}");
        assert!(reason.is_some(), "{care:?} was not noticed");
    }
}

#[tokio::test]
async fn nothing_is_noticed_where_nothing_is_forgotten() {
    assert_eq!(broken(None, Care::ALL, STRIDE, 4).await, None);
}
