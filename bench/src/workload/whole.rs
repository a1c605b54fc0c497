//! A whole log: starting it, and recomputing it from its tiles.

use crate::log::{Keys, leaf, local_witnesses, open_journal, open_log, policy};
use crate::meter::{Meter, forget_peak, peak_memory};
use countersign_log::{FolderTiles, Pace, TileStore};
use countersign_store::NewLeaf;
use countersign_store::journal::Journal as _;
use countersign_testkit::random;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::leaf::{LeafId, seal_dummy};
use countersign_tlog::tile::{TilePath, TileReader};
use countersign_verify::totals::{Held, recompute_totals};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Sealed leaves written within one five-minute tick.
const PER_TICK: u64 = 30_000;

#[derive(Deserialize)]
pub(super) struct Fill {
    folder: PathBuf,
    /// A file with the journal's first leaf.
    genesis: PathBuf,
    leaves: u64,
}

/// Makes a log of a genesis and sealed leaves, and publishes it.
pub(super) async fn fill(fill: Fill) -> Value {
    let journal = open_journal(&fill.folder).await;
    let pace = Pace { batch: 4_096, ..Pace::default() };
    let log = open_log(&journal, tiles(&fill.folder), local_witnesses(&fill.folder), pace).await;
    let mut rng = random::named("sealed leaves");
    for first in (0..fill.leaves).step_by(16_384) {
        let mut leaves: Vec<NewLeaf> = Vec::new();
        for number in first..(first + 16_384).min(fill.leaves) {
            let bytes = if number == 0 {
                fs::read(&fill.genesis).expect("a genesis leaf")
            } else {
                seal_dummy(LeafId::random(&mut rng), 6_000_000 + number / PER_TICK, &mut rng).expect("a leaf").0
            };
            leaves.push(NewLeaf { leaf: bytes, ..leaf(number, 0, Keys::Timed(1_000)) });
        }
        journal.enqueue(&leaves).await.expect("accepted");
        while log.sequence().await.expect("sequenced") > 0 {}
    }
    log.publish().await.expect("published");
    journal.close().await;
    json!(null)
}

#[derive(Deserialize)]
pub(super) struct There {
    folder: PathBuf,
}

/// Starts the log: everything is read again and compared.
pub(super) async fn open(there: There) -> Value {
    let journal = open_journal(&there.folder).await;
    forget_peak();
    let meter = Meter::start();
    let log = open_log(&journal, tiles(&there.folder), local_witnesses(&there.folder), Pace::default()).await;
    let usage = meter.stop();
    let leaves = log.progress().borrow().durable;
    json!({ "usage": usage.to_json(), "memory": peak_memory(), "leaves": leaves })
}

/// Recomputes the log from its folder as anybody can: every tile, every leaf, the totals.
pub(super) fn recompute(there: There) -> Value {
    let folder = there.folder.join("log");
    forget_peak();
    let meter = Meter::start();
    let signed =
        SignedCheckpoint::parse(&fs::read(folder.join("checkpoint")).expect("published")).expect("a checkpoint");
    let mut tiles = Tiles(FolderTiles::new(folder));
    let totals = recompute_totals(&signed, Some(&policy()), None, &mut tiles, &Held::new()).expect("a sound log");
    let usage = meter.stop();
    assert_eq!(totals.faults, []);
    json!({ "usage": usage.to_json(), "memory": peak_memory(), "leaves": totals.outside.size })
}

/// The raw limit of [`recompute`]: the same files read, their bytes hashed.
pub(super) fn read(there: There) -> Value {
    let folder = there.folder.join("log");
    let tiles = FolderTiles::new(&folder);
    let paths = tiles.list().expect("tiles");
    let measured = |hashed: bool| {
        let meter = Meter::start();
        let mut bytes = 0;
        for path in &paths {
            let tile = fs::read(folder.join(path.to_string())).expect("a tile");
            bytes += tile.len();
            if hashed {
                std::hint::black_box(Sha256::digest(&tile));
            }
        }
        json!({ "usage": meter.stop().to_json(), "bytes": bytes, "files": paths.len() })
    };
    json!({ "read": measured(false), "hashed": measured(true) })
}

fn tiles(folder: &Path) -> Arc<dyn TileStore> {
    Arc::new(FolderTiles::new(folder.join("log")))
}

struct Tiles(FolderTiles);

impl TileReader for Tiles {
    type Error = io::Error;

    fn read(&mut self, path: &TilePath) -> io::Result<Vec<u8>> {
        self.0.read(path)?.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{path} is missing")))
    }
}
