//! Everything compared with everything: store, signed head, tiles, bundles, published checkpoint.

use crate::open::{CHECKPOINT_FILE, VKEY_FILE, blocking, check_head, check_published, none_ahead, tile_error};
use crate::replay::{Replay, Tile};
use crate::{LogError, Result, TileStore};
use countersign_store::journal::{Journal, MOST_LEAVES};
use countersign_tlog::merkle::{HashReader as _, NodeId, Tree};
use countersign_tlog::note::VerifierKey;
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::tile::{TileKind, TilePath, encode_bundle};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::Arc;

/// Tiles of earlier sizes that are read at a time.
const SOME_TILES: usize = 16;

/// What [`fsck`] or [`rebuild`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// Leaves under the signed head.
    pub leaves: u64,
    /// Leaves that were accepted and wait for the sequencer.
    pub waiting: u64,
    /// Tiles and bundles compared.
    pub tiles: u64,
    /// Size of the published checkpoint; `None` if nothing is published.
    pub published: Option<u64>,
    /// Tiles that were not there, or damaged and set aside, and have been written again.
    pub rebuilt: Vec<TilePath>,
    /// Where the damaged tiles are kept that [`rebuild`] has written again.
    pub set_aside: Vec<String>,
    /// Files that crashes left unfinished and that were removed; they mean nothing.
    pub removed: Vec<String>,
    /// What is wrong and was left as it is, one line each. Empty for a sound log.
    pub problems: Vec<String>,
}

/// Checks the whole log and writes missing tiles again. Nothing that is there is changed. Run it while the log is stopped.
///
/// # Errors
/// [`LogError::Unavailable`] when store or tiles cannot be read; what is wrong with the log is in the report.
pub async fn fsck(
    journal: &dyn Journal,
    tiles: &Arc<dyn TileStore>,
    log: &VerifierKey,
    policy: &Policy,
) -> Result<FsckReport> {
    run(journal, tiles, log, policy, Damaged::Report).await
}

/// As [`fsck`], and writes damaged tiles again from a store that leads to the signed root. The damaged ones are kept beside `tile`;
/// they are evidence of a failing disk or of a hand.
///
/// # Errors
/// As [`fsck`].
pub async fn rebuild(
    journal: &dyn Journal,
    tiles: &Arc<dyn TileStore>,
    log: &VerifierKey,
    policy: &Policy,
) -> Result<FsckReport> {
    run(journal, tiles, log, policy, Damaged::Rebuild).await
}

/// What happens to a tile that is there with other bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Damaged {
    Report,
    Rebuild,
}

async fn run(
    journal: &dyn Journal,
    tiles: &Arc<dyn TileStore>,
    log: &VerifierKey,
    policy: &Policy,
    damaged: Damaged,
) -> Result<FsckReport> {
    let mut check = Check { journal, tiles, log, policy, report: FsckReport::default() };
    match check.everything(damaged).await {
        Err(LogError::Stopped(reason)) => check.report.problems.push(reason),
        other => other?,
    }
    Ok(check.report)
}

/// How a tile that is there, or is not, differs from what the store says.
enum Found {
    Same,
    Missing(Tile),
    Other(Tile),
}

struct Check<'a> {
    journal: &'a dyn Journal,
    tiles: &'a Arc<dyn TileStore>,
    log: &'a VerifierKey,
    policy: &'a Policy,
    report: FsckReport,
}

impl Check<'_> {
    async fn everything(&mut self, damaged: Damaged) -> Result<()> {
        // Apart from the rest: what reads well may still stand in a damaged index.
        self.report.problems.extend(self.journal.check_storage().await?);
        let tree = self.store().await?;
        self.waiting(tree.size()).await?;
        // From here on the store is known to lead to the signed root: what differs from it is wrong, and may be written again.
        self.folder(&tree, damaged).await?;
        self.published(&tree).await
    }

    /// The tree of the store's leaves, which leads to the signed root.
    async fn store(&mut self) -> Result<Tree> {
        let head = self.journal.head().await?.ok_or_else(|| LogError::stopped("the store has no lock row of a log"))?;
        let signed = check_head(&head, self.log)?;
        let mut replay = Replay::new(self.journal, head.size);
        while replay.step().await?.is_some() {}
        if replay.frontier.root() != signed.checkpoint().root {
            return Err(LogError::stopped("the leaves in the store do not lead to the signed root"));
        }
        self.report.leaves = head.size;
        Ok(replay.tree)
    }

    /// The leaves above the head: the next signature builds on them.
    async fn waiting(&mut self, mut from: u64) -> Result<()> {
        loop {
            let read = self.journal.entries(from, MOST_LEAVES).await?.len() as u64;
            if read == 0 {
                return Ok(());
            }
            from += read;
            self.report.waiting += read;
        }
    }

    /// Every tile that is there or ought to be.
    async fn folder(&mut self, tree: &Tree, damaged: Damaged) -> Result<()> {
        let size = tree.size();
        let (removed, listed) = blocking(self.tiles, move |tiles| {
            let removed = tiles.remove_unfinished().map_err(tile_error)?;
            none_ahead(tiles, size)?;
            Ok((removed, tiles.list().map_err(tile_error)?))
        })
        .await?;
        self.report.removed = removed;
        let mut replay = Replay::new(self.journal, size);
        let mut seen = BTreeSet::new();
        while let Some(expected) = replay.step().await? {
            seen.extend(expected.iter().map(|(path, _)| *path));
            self.compare(expected, damaged).await?;
        }
        // What is left are partial tiles of earlier sizes.
        let before: Vec<TilePath> = listed.into_iter().filter(|path| !seen.contains(path)).collect();
        for some in before.chunks(SOME_TILES) {
            let mut expected = Vec::with_capacity(some.len());
            for path in some {
                expected.push((*path, self.earlier(path, tree).await?));
            }
            self.compare(expected, damaged).await?;
        }
        Ok(())
    }

    async fn compare(&mut self, expected: Vec<Tile>, damaged: Damaged) -> Result<()> {
        self.report.tiles += expected.len() as u64;
        let (mut missing, mut other) = (Vec::new(), Vec::new());
        for found in blocking(self.tiles, move |tiles| look(tiles, expected)).await? {
            match found {
                Found::Same => {}
                Found::Missing(tile) => missing.push(tile),
                Found::Other(tile) => other.push(tile),
            }
        }
        match damaged {
            Damaged::Report => {
                self.report.problems.extend(other.iter().map(|(path, _)| format!("{path} differs from the store")));
            }
            Damaged::Rebuild => {
                let paths: Vec<TilePath> = other.iter().map(|(path, _)| *path).collect();
                let aside = blocking(self.tiles, move |tiles| {
                    paths.iter().map(|path| tiles.set_aside(path).map_err(tile_error)).collect::<Result<Vec<_>>>()
                });
                self.report.set_aside.extend(aside.await?);
                missing.append(&mut other);
            }
        }
        self.report.rebuilt.extend(missing.iter().map(|(path, _)| *path));
        blocking(self.tiles, move |tiles| tiles.write(&missing).map_err(tile_error)).await
    }

    /// What a tile of an earlier size must hold.
    async fn earlier(&self, path: &TilePath, mut tree: &Tree) -> Result<Vec<u8>> {
        let first = path.index().saturating_mul(256);
        match path.kind() {
            TileKind::Entries => {
                let entries = self.journal.entries(first, u32::from(path.width())).await?;
                encode_bundle(entries.into_iter().map(|entry| entry.leaf)).map_err(LogError::stopped)
            }
            TileKind::Hashes(level) => {
                let mut bytes = Vec::new();
                for index in first..first.saturating_add(u64::from(path.width())) {
                    let node = NodeId { height: level.saturating_mul(8), index };
                    bytes.extend(tree.read(node).map_err(LogError::stopped)?.0);
                }
                Ok(bytes)
            }
        }
    }

    async fn published(&mut self, tree: &Tree) -> Result<()> {
        let (published, vkey) = blocking(self.tiles, move |tiles| {
            Ok((tiles.read_file(CHECKPOINT_FILE).map_err(tile_error)?, tiles.read_file(VKEY_FILE).map_err(tile_error)?))
        })
        .await?;
        if vkey != Some(format!("{}\n", self.log).into_bytes()) {
            self.report.problems.push("the vkey beside the tiles is missing or of another key".to_owned());
        }
        let Some(bytes) = published else { return Ok(()) };
        let published = check_published(&bytes, self.log, tree)?;
        self.report.published = Some(published.checkpoint().size);
        if let Err(error) = self.policy.check(&published, TimeWindow::ANY) {
            self.report.problems.push(format!("the published checkpoint: {error}"));
        }
        // Readers ignore lines of keys they do not know; the log has written none.
        let known = |key: &VerifierKey| published.note().signatures().iter().filter(|line| line.is_by(key)).count();
        let ours = known(self.log) + self.policy.witnesses().iter().map(|witness| known(&witness.key)).sum::<usize>();
        let strangers = published.note().signatures().len().saturating_sub(ours);
        if strangers > 0 {
            let text = format!("the published checkpoint has {strangers} signature lines of unknown keys");
            self.report.problems.push(text);
        }
        // The log writes it in one form only.
        if published.to_string().into_bytes() != bytes {
            self.report.problems.push("the published checkpoint is not in the form the log writes".to_owned());
        }
        Ok(())
    }
}

fn look(tiles: &dyn TileStore, expected: Vec<Tile>) -> Result<Vec<Found>> {
    let paths: Vec<TilePath> = expected.iter().map(|(path, _)| *path).collect();
    let there = match tiles.read_all(&paths) {
        // One of them is longer than any tile: which one is known when they are read alone.
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            paths.iter().map(|path| read_other(tiles, path)).collect()
        }
        there => there,
    };
    let found = expected.into_iter().zip(there.map_err(tile_error)?).map(|(tile, there)| match there {
        Some(there) if there == tile.1 => Found::Same,
        Some(_) => Found::Other(tile),
        None => Found::Missing(tile),
    });
    Ok(found.collect())
}

/// As [`TileStore::read`], with no bytes for a tile that is too long.
fn read_other(tiles: &dyn TileStore, path: &TilePath) -> std::io::Result<Option<Vec<u8>>> {
    match tiles.read(path) {
        Err(error) if error.kind() == ErrorKind::InvalidData => Ok(Some(Vec::new())),
        there => there,
    }
}
