//! Every statement.

pub(super) const SCHEMA: &str = include_str!("schema.sql");
pub(super) const TOTALS_SCHEMA: &str = include_str!("totals.sql");
pub(super) const VERSION: &str = "PRAGMA user_version";

pub(super) const GENERATION: &str = "SELECT generation FROM trustee WHERE only = 1";
pub(super) const STATE: &str = "SELECT generation, frontier, latest FROM trustee WHERE only = 1";
pub(super) const CONTROL: &str = "SELECT leaf_index, leaf, witnessed FROM control ORDER BY leaf_index";
pub(super) const ROOTS: &str = "SELECT size, root FROM roots ORDER BY size";
pub(super) const REPLAY: &str = "SELECT order_id, order_digest, share_epoch FROM replay";
pub(super) const COUNTED: &str = "SELECT kind, subject, day, people FROM counted";
pub(super) const AWAITED: &str = "SELECT disclosure, given FROM receipts WHERE seen IS NULL";
pub(super) const ANSWER: &str =
    "SELECT answer FROM receipts WHERE order_digest = ? AND share_epoch = ? AND answered = 1";
pub(super) const UNSEEN: &str =
    "SELECT answer FROM receipts WHERE order_digest = ? AND seen IS NULL ORDER BY number LIMIT 1";
pub(super) const RECEIPTS: &str = "SELECT answer, seen FROM receipts ORDER BY number";
pub(super) const INCIDENTS: &str = "SELECT kind, subject, detail, at FROM incidents ORDER BY number";

/// Fails when another program has written since the memory was read.
pub(super) const FOLLOWED: &str =
    "UPDATE trustee SET generation = generation + 1, frontier = ? WHERE only = 1 AND generation = ?";
/// As [`FOLLOWED`].
pub(super) const ANSWERED: &str =
    "UPDATE trustee SET generation = generation + 1, latest = ? WHERE only = 1 AND generation = ?";
pub(super) const ADD_CONTROL: &str = "INSERT INTO control (leaf_index, leaf, witnessed) VALUES (?, ?, ?)";
pub(super) const ADD_ROOT: &str = "INSERT INTO roots (size, root) VALUES (?, ?)";
pub(super) const FORGET_ROOTS: &str = "DELETE FROM roots WHERE size < ?";
pub(super) const SEEN: &str = "UPDATE receipts SET seen = ? WHERE disclosure = ? AND seen IS NULL";
pub(super) const ADD_REPLAY: &str = "INSERT INTO replay (order_id, order_digest, share_epoch) VALUES (?, ?, ?) \
    ON CONFLICT (order_id) DO UPDATE SET share_epoch = excluded.share_epoch";
pub(super) const COUNT: &str = "INSERT INTO counted (kind, subject, day, people) VALUES (?, ?, ?, ?) \
    ON CONFLICT (kind, subject, day) DO UPDATE SET people = people + excluded.people";
pub(super) const ADD_RECEIPT: &str = "INSERT INTO receipts \
    (order_digest, share_epoch, answered, given, journal_size, disclosure, answer) VALUES (?, ?, ?, ?, ?, ?, ?)";
pub(super) const ADD_INCIDENT: &str = "INSERT INTO incidents (kind, subject, detail, at) VALUES (?, ?, ?, ?) \
    ON CONFLICT (kind, subject, detail) DO NOTHING";

pub(super) const HELD: &str = "SELECT held FROM trustee WHERE only = 1";
pub(super) const DISCLOSED: &str = "SELECT list FROM disclosed WHERE leaf_index = ?";
pub(super) const ORDERS: &str =
    "SELECT leaf_index, order_digest, people, cells, until, opened FROM orders ORDER BY leaf_index";
pub(super) const ORDER_AT: &str = "SELECT leaf_index FROM orders WHERE order_digest = ?";
pub(super) const ANSWERED_ORDERS: &str = "SELECT order_digest, MIN(journal_size) FROM receipts WHERE answered = 1 \
    GROUP BY order_digest";
pub(super) const FIELDS_OPENED: &str = "SELECT COUNT(*) FROM opened WHERE leaf_index = ?";
pub(super) const TOTALS: &str = "SELECT document, answer FROM totals WHERE number = ?";
pub(super) const TOTALS_SIGNED: &str = "SELECT document FROM totals ORDER BY number";
pub(super) const TOTALS_LAST: &str = "SELECT document FROM totals ORDER BY number DESC LIMIT 1";

/// As [`FOLLOWED`].
pub(super) const HOLD: &str =
    "UPDATE trustee SET generation = generation + 1, held = ? WHERE only = 1 AND generation = ?";
pub(super) const ADD_DISCLOSED: &str = "INSERT INTO disclosed (leaf_index, list) VALUES (?, ?)";
pub(super) const ADD_ORDER: &str =
    "INSERT INTO orders (leaf_index, order_digest, people, cells, until) VALUES (?, ?, ?, ?, ?)";
pub(super) const ADD_OPENED: &str =
    "INSERT INTO opened (leaf_index, disclosure) VALUES (?, ?) ON CONFLICT (leaf_index, disclosure) DO NOTHING";
pub(super) const ORDER_OPENED: &str = "UPDATE orders SET opened = ? WHERE leaf_index = ? AND opened IS NULL";
pub(super) const ADD_TOTALS: &str = "INSERT INTO totals (number, document, answer) VALUES (?, ?, ?)";
