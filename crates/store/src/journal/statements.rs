//! Every statement of the journal: portable text, numbered parameters.
//!
//! A database with several writers at once must also take a lock on the outbox before [`OUTBOX_INSERT`], so that indices follow
//! the order of commits; SQLite has one writer.

use crate::sql::ManyRows;
use std::sync::LazyLock;

pub(super) const HEAD: &str = "SELECT origin, size, frontier, checkpoint FROM journal_head WHERE id = 1";
pub(super) const HEAD_INSERT: &str = "INSERT INTO journal_head (id, origin, size, frontier, checkpoint) VALUES (1, $1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
pub(super) const HEAD_SWAP: &str = "UPDATE journal_head SET size = $1, frontier = $2, checkpoint = $3 \
    WHERE id = 1 AND size = $4 AND frontier = $5 AND checkpoint = $6 AND origin = $7";
pub(super) const OUTBOX_INSERT: &str = "INSERT INTO journal_outbox (idx, leaf_key, hash, leaf) \
    SELECT COALESCE(MAX(idx) + 1, 0), $1, $2, $3 FROM journal_outbox WHERE true ON CONFLICT (leaf_key) DO NOTHING";
pub(super) const OUTBOX_COUNT: &str = "SELECT COALESCE(MAX(idx) + 1, 0) FROM journal_outbox";
pub(super) const OUTBOX_BY_KEY: &str = "SELECT idx, leaf FROM journal_outbox WHERE leaf_key = $1";
pub(super) const OUTBOX_PLACE: &str = "SELECT journal_outbox.idx, journal_head.size FROM journal_outbox \
    JOIN journal_head ON journal_head.id = 1 WHERE journal_outbox.leaf_key = $1";
pub(super) const OUTBOX_FROM: &str =
    "SELECT idx, leaf_key, hash, leaf FROM journal_outbox WHERE idx >= $1 ORDER BY idx LIMIT $2";

/// Inserts of many rows, by their number, most first: few statements for any number of rows, and few texts to keep prepared.
pub(super) static OUTBOX_INSERT_MANY: LazyLock<[(usize, String); 5]> =
    LazyLock::new(|| [256, 64, 16, 4, 1].map(|rows| (rows, OUTBOX_INSERT_ROWS.text(rows))));
const OUTBOX_INSERT_ROWS: ManyRows =
    ManyRows { head: "INSERT INTO journal_outbox (idx, leaf_key, hash, leaf) VALUES", columns: 4, tail: "" };

/// SQLite's own.
pub(super) const COPY: &str = "PRAGMA wal_checkpoint(PASSIVE)";

#[cfg(test)]
pub(super) const ALL: &[&str] =
    &[HEAD, HEAD_INSERT, HEAD_SWAP, OUTBOX_INSERT, OUTBOX_COUNT, OUTBOX_BY_KEY, OUTBOX_PLACE, OUTBOX_FROM];
