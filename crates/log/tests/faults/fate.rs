//! Which of the states that a loss of power can leave are looked at.

use countersign_core::digest;
use countersign_testkit::disk::{Disk, Everything, Exhaustive, Nothing, Random};
use countersign_testkit::random::named;
use std::collections::BTreeSet;

/// Disks that were looked at already, with what had been told by then.
#[derive(Default)]
pub(crate) struct Seen(BTreeSet<([u8; 32], usize)>);

impl Seen {
    /// Whether this disk was not looked at after so many facts.
    pub(crate) fn is_new(&mut self, disk: &Disk, facts: usize) -> bool {
        self.0.insert((content(disk), facts))
    }
}

/// At most `most` different fates of a disk: all of them when there are so few, otherwise nothing kept, everything kept, and others by
/// chance.
pub(crate) fn fates(disk: &Disk, most: usize, seed: &str) -> Vec<Disk> {
    let (mut choices, mut seen, mut fates) = (Exhaustive::new(), BTreeSet::new(), Vec::new());
    for _ in 0..most * 8 {
        let crashed = disk.crash(&mut choices);
        if seen.insert(content(&crashed)) {
            fates.push(crashed);
        }
        if !choices.advance() {
            if fates.len() <= most {
                return fates;
            }
            break;
        }
    }
    let mut fates = vec![disk.crash(&mut Nothing), disk.crash(&mut Everything)];
    fates.extend((2..most).map(|number| disk.crash(&mut Random::new(named(&format!("{seed} fate {number}"))))));
    fates.truncate(most);
    fates
}

fn content(disk: &Disk) -> [u8; 32] {
    let all = disk.all();
    let mut parts: Vec<&[u8]> = Vec::with_capacity(2 * all.len());
    for (path, bytes) in &all {
        parts.push(path.as_os_str().as_encoded_bytes());
        parts.push(bytes.unwrap_or(b"a folder"));
    }
    digest::parts("disk", &parts).0
}
