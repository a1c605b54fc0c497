//! Every statement.

pub(super) const SCHEMA: &str = include_str!("schema.sql");
pub(super) const TOTALS_SCHEMA: &str = include_str!("totals.sql");
pub(super) const OWN_LOG_SCHEMA: &str = include_str!("own_log.sql");
pub(super) const LOOKUPS_SCHEMA: &str = include_str!("lookups.sql");
pub(super) const WORKERS_SCHEMA: &str = include_str!("workers.sql");
pub(super) const DURESS_SCHEMA: &str = include_str!("duress.sql");
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
pub(super) const INCIDENT_COUNT: &str = "SELECT COUNT(*) FROM incidents";
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
/// An order may be answered again in a later share epoch, to the same binding and to no other.
pub(super) const ADD_BOUND: &str = "INSERT INTO bound (order_digest, binding) VALUES (?, ?) \
    ON CONFLICT (order_digest, binding) DO NOTHING";
pub(super) const BOUND: &str = "SELECT order_digest, binding FROM bound";
pub(super) const SET_RUN: &str = "INSERT INTO runs (standing, number, run) VALUES (?, ?, ?) \
    ON CONFLICT (standing) DO UPDATE SET number = excluded.number, run = excluded.run";
pub(super) const RUNS: &str = "SELECT standing, number, run FROM runs";
pub(super) const COUNT: &str = "INSERT INTO counted (kind, subject, day, people) VALUES (?, ?, ?, ?) \
    ON CONFLICT (kind, subject, day) DO UPDATE SET people = people + excluded.people";
pub(super) const ADD_RECEIPT: &str = "INSERT INTO receipts \
    (order_digest, share_epoch, answered, given, journal_size, disclosure, answer, lookup) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
/// Most rows of one statement: a statement for each is what makes an enrolment slow.
pub(super) const MANY: usize = 500;
pub(super) const ADD_ENROLLED: &str = "INSERT INTO enrolled (record, attribute) ";
pub(super) const ENROLLED: &str = "SELECT COUNT(*) FROM enrolled WHERE attribute = ";
pub(super) const ENROLLED_RECORDS: &str = " AND record IN (";
pub(super) const ADD_INCIDENT: &str = "INSERT INTO incidents (kind, subject, detail, at) VALUES (?, ?, ?, ?) \
    ON CONFLICT (kind, subject, detail) DO NOTHING";

pub(super) const HELD: &str = "SELECT held FROM trustee WHERE only = 1";
pub(super) const DISCLOSED: &str = "SELECT list FROM disclosed WHERE leaf_index = ?";
pub(super) const ORDERS: &str =
    "SELECT leaf_index, order_digest, people, cells, until, opened FROM orders ORDER BY leaf_index";
pub(super) const ORDER_AT: &str = "SELECT leaf_index FROM orders WHERE order_digest = ?";
pub(super) const ANSWERED_ORDERS: &str = "SELECT order_digest, MIN(journal_size) FROM receipts \
    WHERE answered = 1 AND lookup = 0 GROUP BY order_digest";
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

pub(super) const OWN_LOG: &str =
    "SELECT frontier, tick, in_tick, hour, day, filled, checkpoint FROM own_log WHERE only = 1";
pub(super) const SET_OWN_LOG: &str = "UPDATE own_log SET frontier = ?, tick = ?, in_tick = ?, hour = ?, day = ?, \
    filled = ?, checkpoint = ? WHERE only = 1";
pub(super) const ADD_OWN_ENTRY: &str = "INSERT INTO own_entries (entry_index, leaf, disclosures) VALUES (?, ?, ?)";
pub(super) const OWN_ENTRIES: &str =
    "SELECT entry_index, leaf, disclosures FROM own_entries WHERE entry_index >= ? ORDER BY entry_index LIMIT ?";
pub(super) const ADD_OWN_DAY: &str = "INSERT INTO own_days (document) VALUES (?)";
pub(super) const OWN_DAYS: &str = "SELECT document FROM own_days ORDER BY number";
pub(super) const DAY_COUNTERS: &str = "SELECT kind, subject, SUM(CASE WHEN day = ?1 THEN people ELSE 0 END), SUM(people) \
    FROM counted WHERE day <= ?1 GROUP BY kind, subject HAVING SUM(CASE WHEN day = ?1 THEN people ELSE 0 END) > 0 \
    ORDER BY kind, subject";
pub(super) const DAY_ANSWERS: &str = "SELECT \
    (SELECT COUNT(*) FROM receipts WHERE given >= ?1 AND given < ?2 AND answered = 1), \
    (SELECT COUNT(*) FROM receipts WHERE given >= ?1 AND given < ?2 AND answered = 0), \
    (SELECT COUNT(*) FROM incidents WHERE at >= ?1 AND at < ?2)";
pub(super) const ANSWERS_TO_AUDIT: &str = "SELECT disclosure, given, answer FROM receipts \
    WHERE number > (SELECT answers_before FROM own_log WHERE only = 1) ORDER BY number";

pub(super) const PAUSED: &str = "SELECT since FROM pauses WHERE resumed IS NULL";
pub(super) const PAUSE: &str = "INSERT INTO pauses (since, reason) VALUES (?, ?)";
pub(super) const RESUME: &str = "UPDATE pauses SET resumed = ?, resume_reason = ? WHERE resumed IS NULL";
pub(super) const LIFTS: &str = "SELECT kind, subject, people, since, until FROM lifts ORDER BY number";
pub(super) const ADD_LIFT: &str =
    "INSERT INTO lifts (kind, subject, people, since, until, reason) VALUES (?, ?, ?, ?, ?, ?)";
pub(super) const ACTED: &str = "UPDATE trustee SET generation = generation + 1 WHERE only = 1";

pub(super) const ADD_LETTER: &str =
    "INSERT INTO duress_letters (keys, sealed) VALUES (?, ?) ON CONFLICT (keys) DO NOTHING";
pub(super) const LETTERS: &str = "SELECT sealed FROM duress_letters ORDER BY keys";
pub(super) const SET_PENDING: &str = "INSERT INTO pending_cases (case_commitment, until) VALUES (?, ?) \
    ON CONFLICT (case_commitment) DO UPDATE SET until = MAX(until, excluded.until)";
pub(super) const PENDING: &str = "SELECT case_commitment, until FROM pending_cases";
pub(super) const CALLS: &str =
    "SELECT case_commitment, told FROM pending_cases WHERE until = ? ORDER BY case_commitment";
pub(super) const TOLD: &str = "UPDATE pending_cases SET told = 1 WHERE case_commitment = ?";
pub(super) const END_PENDING: &str = "DELETE FROM pending_cases WHERE case_commitment = ?";
