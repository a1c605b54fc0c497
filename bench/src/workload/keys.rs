//! What exactly-once keys cost: the same sequencer on a table that has many rows already, with and without the index of keys.

use super::durable::sequence_beside;
use crate::log::{Keys, NoTiles, batches, database, local_witnesses, open_journal, open_log};
use crate::meter::Meter;
use countersign_log::Pace;
use countersign_store::journal::Journal as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The tables of the journal as the store makes them.
const TABLES: &str = include_str!("../../../crates/store/src/sqlite/journal.sql");

/// Whether keys are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Index {
    /// The table as the store makes it.
    Unique,
    /// The same table with the same columns, whose keys are in no index: nothing is exactly once there.
    None,
}

#[derive(Deserialize)]
pub(super) struct Fill {
    folder: PathBuf,
    leaves: u64,
    bytes: usize,
    leaves_per_tick: u64,
}

/// Makes a journal without an index of keys and accepts leaves, which is quick, and signs them.
pub(super) async fn fill(fill: Fill) -> Value {
    let journal = open_journal(&fill.folder).await;
    let plain = TABLES.replace(" UNIQUE", "");
    assert_ne!(plain, TABLES, "the index of keys is made where this bench does not find it");
    execute(&fill.folder, &format!("DROP TABLE journal_outbox; DROP TABLE journal_head; {plain}")).await;
    let pace = Pace { batch: 4_096, ..Pace::default() };
    let log = open_log(&journal, Arc::new(NoTiles), local_witnesses(&fill.folder), pace).await;
    let keys = Keys::of(fill.leaves_per_tick);
    for first in (0..fill.leaves).step_by(16_384) {
        let count = (fill.leaves - first).min(16_384);
        for batch in batches(first, count, count, fill.bytes, keys) {
            journal.enqueue(&batch).await.expect("accepted");
        }
        while log.sequence().await.expect("sequenced") > 0 {}
    }
    journal.close().await;
    json!(null)
}

#[derive(Deserialize)]
pub(super) struct MakeIndex {
    folder: PathBuf,
}

/// Makes the index that the store's own table has from the beginning.
pub(super) async fn index(make: MakeIndex) -> Value {
    execute(&make.folder, "CREATE UNIQUE INDEX journal_outbox_key ON journal_outbox (leaf_key)").await;
    json!(null)
}

#[derive(Deserialize)]
pub(super) struct Measure {
    folder: PathBuf,
    leaves: u64,
    batch: u64,
    bytes: usize,
    leaves_per_tick: u64,
}

/// Accepts and signs leaves that follow those that are there.
pub(super) async fn measure(measure: Measure) -> Value {
    let journal = open_journal(&measure.folder).await;
    let pace = Pace { batch: measure.batch as u32, ..Pace::default() };
    let log = open_log(&journal, Arc::new(NoTiles), local_witnesses(&measure.folder), pace).await;
    let before = journal.head().await.expect("a head").expect("a log").size;
    let keys = Keys::of(measure.leaves_per_tick);
    let batches = batches(before, measure.leaves, measure.batch, measure.bytes, keys);
    let meter = Meter::start();
    sequence_beside(&journal, &log, batches).await;
    let usage = meter.stop();
    journal.close().await;
    json!({ "usage": usage.to_json(), "rows": before })
}

async fn execute(folder: &Path, text: &str) {
    let options = SqliteConnectOptions::new().filename(database(folder));
    let mut connection = options.connect().await.expect("the file");
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.expect("executed");
    connection.close().await.expect("closed");
}
