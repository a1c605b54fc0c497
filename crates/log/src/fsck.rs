//! Everything compared with everything: store, signed head, tiles, bundles, published checkpoint.

use crate::open::{CHECKPOINT_FILE, VKEY_FILE, blocking, check_head, check_published, none_ahead, tile_error};
use crate::replay::Replay;
use crate::{LogError, Result, TileStore};
use countersign_store::journal::Journal;
use countersign_tlog::merkle::HashReader as _;
use countersign_tlog::merkle::NodeId;
use countersign_tlog::note::VerifierKey;
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::tile::{TileKind, TilePath};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Tiles of earlier sizes that are read at a time.
const SOME_TILES: usize = 16;

/// What [`fsck`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// Leaves under the signed head.
    pub leaves: u64,
    /// Tiles and bundles compared.
    pub tiles: u64,
    /// Size of the published checkpoint; `None` if nothing is published.
    pub published: Option<u64>,
    /// Tiles that were not there and have been written again.
    pub rebuilt: Vec<TilePath>,
    /// What is wrong, one line each; nothing is repaired but missing tiles. Empty for a sound log.
    pub problems: Vec<String>,
}

/// Checks the whole log and rebuilds missing tiles. Run it while the log is stopped.
///
/// # Errors
/// [`LogError::Unavailable`] when store or tiles cannot be read; what is wrong with the log is in the report.
pub async fn fsck(
    journal: &dyn Journal,
    tiles: &Arc<dyn TileStore>,
    log: &VerifierKey,
    policy: &Policy,
) -> Result<FsckReport> {
    let mut report = FsckReport::default();
    match check(journal, tiles, log, policy, &mut report).await {
        Ok(()) => Ok(report),
        Err(LogError::Stopped(reason)) => {
            report.problems.push(reason);
            Ok(report)
        }
        Err(error) => Err(error),
    }
}

async fn check(
    journal: &dyn Journal,
    tiles: &Arc<dyn TileStore>,
    log: &VerifierKey,
    policy: &Policy,
    report: &mut FsckReport,
) -> Result<()> {
    let head = journal.head().await?.ok_or_else(|| LogError::stopped("the store has no lock row of a log"))?;
    let signed = check_head(&head, log)?;
    let size = head.size;
    report.leaves = size;

    let mut replay = Replay::new(journal, size);
    let mut seen = BTreeSet::new();
    while let Some(expected) = replay.step().await? {
        seen.extend(expected.iter().map(|(path, _)| *path));
        let (compared, rebuilt, problems) = blocking(tiles, move |tiles| {
            let (mut missing, mut problems) = (Vec::new(), Vec::new());
            let compared = expected.len() as u64;
            let paths: Vec<TilePath> = expected.iter().map(|(path, _)| *path).collect();
            let there = tiles.read_all(&paths).map_err(tile_error)?;
            for ((path, bytes), there) in expected.into_iter().zip(there) {
                match there {
                    Some(there) if there == bytes => {}
                    Some(_) => problems.push(format!("{path} differs from the store")),
                    None => missing.push((path, bytes)),
                }
            }
            tiles.write(&missing).map_err(tile_error)?;
            Ok((compared, missing.into_iter().map(|(path, _)| path), problems))
        })
        .await?;
        report.tiles += compared;
        report.rebuilt.extend(rebuilt);
        report.problems.extend(problems);
    }
    if replay.frontier.root() != signed.checkpoint().root {
        report.problems.push("the leaves in the store do not lead to the signed root".to_owned());
    }

    let listed = blocking(tiles, move |tiles| {
        none_ahead(tiles, size)?;
        tiles.list().map_err(tile_error)
    })
    .await?;
    // What is left are partial tiles of earlier sizes.
    let before: Vec<TilePath> = listed.into_iter().filter(|path| !seen.contains(path)).collect();
    for some in before.chunks(SOME_TILES) {
        let paths = some.to_vec();
        let there = blocking(tiles, move |tiles| tiles.read_all(&paths).map_err(tile_error)).await?;
        for (path, there) in some.iter().zip(there) {
            report.tiles += 1;
            if there.unwrap_or_default() != earlier(journal, path, &replay).await? {
                report.problems.push(format!("{path} differs from the store"));
            }
        }
    }

    let (published, vkey) = blocking(tiles, move |tiles| {
        Ok((tiles.read_file(CHECKPOINT_FILE).map_err(tile_error)?, tiles.read_file(VKEY_FILE).map_err(tile_error)?))
    })
    .await?;
    if vkey != Some(format!("{log}\n").into_bytes()) {
        report.problems.push("the vkey beside the tiles is missing or of another key".to_owned());
    }
    if let Some(bytes) = published {
        let published = check_published(&bytes, log, &replay.tree)?;
        report.published = Some(published.checkpoint().size);
        if let Err(error) = policy.check(&published, TimeWindow::ANY) {
            report.problems.push(format!("the published checkpoint: {error}"));
        }
    }
    Ok(())
}

/// What a tile of an earlier size must hold.
async fn earlier(journal: &dyn Journal, path: &TilePath, replay: &Replay<'_>) -> Result<Vec<u8>> {
    let first = path.index().saturating_mul(256);
    match path.kind() {
        TileKind::Entries => {
            let entries = journal.entries(first, u32::from(path.width())).await?;
            countersign_tlog::tile::encode_bundle(entries.into_iter().map(|entry| entry.leaf))
                .map_err(LogError::stopped)
        }
        TileKind::Hashes(level) => {
            let mut bytes = Vec::new();
            for index in first..first + u64::from(path.width()) {
                let node = NodeId { height: level.saturating_mul(8), index };
                bytes.extend((&replay.tree).read(node).map_err(LogError::stopped)?.0);
            }
            Ok(bytes)
        }
    }
}
