//! Every statement of the stores on SQL, in one place: portable text, numbered parameters, no vendor's functions.
//!
//! The DDL is each database's own (`sqlite/*.sql`). A test prepares every statement.

macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$meta])* pub(crate) const $name: &str = $text;)*

        /// Every fixed statement with its name.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $text)),*];
    };
}

statements! {
    DOCUMENT_INSERT = "INSERT INTO document (digest, kind, bytes) VALUES ($1, $2, $3)";
    DOCUMENT_BY_DIGEST = "SELECT kind, bytes FROM document WHERE digest = $1";

    EVENT_LAST = "SELECT number, digest FROM case_event WHERE case_id = $1 ORDER BY number DESC LIMIT 1";
    EVENT_AT = "SELECT digest FROM case_event WHERE case_id = $1 AND number = $2";
    EVENT_INSERT = "INSERT INTO case_event (case_id, number, digest, at, bytes) VALUES ($1, $2, $3, $4, $5)";
    EVENTS_OF_CASE = "SELECT bytes FROM case_event WHERE case_id = $1 ORDER BY number";
    CASES = "SELECT case_id, last, opened_at, last_at FROM case_place ORDER BY last_at DESC, case_id";

    PLACE_MOVED = "INSERT INTO case_place (case_id, last, opened_at, last_at) VALUES ($1, $2, $3, $3) \
        ON CONFLICT (case_id) DO UPDATE SET last = excluded.last, last_at = excluded.last_at";
    PLACE_SET = "UPDATE case_place SET through = $2, stage = $3, open = $4, holder = $5, due = $6, clock = $7, paused = $8 \
        WHERE case_id = $1 AND last >= $2";
    PLACES_UNPLACED = "SELECT case_id, last, opened_at, last_at FROM case_place WHERE through < last ORDER BY case_id LIMIT $1";
    PLACES_FORGET = "UPDATE case_place SET through = -1";
    PLACES_BY_DEADLINE = "SELECT case_id, through, stage, holder, due, clock, paused FROM case_place \
        WHERE open = 1 AND through >= 0 AND (due, case_id) > ($1, $2) ORDER BY due, case_id LIMIT $3";
    PLACES_BY_DEADLINE_OF = "SELECT case_id, through, stage, holder, due, clock, paused FROM case_place \
        WHERE open = 1 AND through >= 0 AND (due, case_id) > ($1, $2) AND holder = $4 ORDER BY due, case_id LIMIT $3";

    QUERY_INSERT = "INSERT INTO query (document, matter, tracing, question, leaf_key) VALUES ($1, $2, $3, $4, $5) RETURNING number";
    QUERY_ROOT_INSERT = "INSERT INTO query_root (root, query) VALUES ($1, $2)";
    QUERY_ANSWERED = "SELECT document, tracing, leaf_key FROM query WHERE tracing = $1 AND question = $2";
    QUERIES_OF_MATTER = "SELECT document, tracing, leaf_key FROM query WHERE matter = $1 ORDER BY number";
    QUERIES_UNDER = "SELECT COUNT(*) FROM query WHERE tracing = $1";
    QUERIES_ABOUT = "SELECT document, tracing, leaf_key FROM query_root JOIN query ON query.number = query_root.query \
        WHERE query_root.root = $1 ORDER BY query.number";

    EXPOSURE_RUN_INSERT = "INSERT INTO exposure_run (standing, number, document, leaf_key, at) VALUES ($1, $2, $3, $4, $5)";
    EXPOSURE_DEPOSIT_INSERT = "INSERT INTO exposure_deposit (standing, deposit, number) VALUES ($1, $2, $3)";
    EXPOSURE_OF_DEPOSIT = "SELECT run.document, run.number, run.leaf_key FROM exposure_deposit AS one \
        JOIN exposure_run AS run ON run.standing = one.standing AND run.number = one.number \
        WHERE one.standing = $1 AND one.deposit = $2";
    EXPOSURE_LAST_RUN = "SELECT document, number, leaf_key FROM exposure_run WHERE standing = $1 ORDER BY number DESC LIMIT 1";
    EXPOSURE_DEPOSITS_SINCE = "SELECT COUNT(*) FROM exposure_run AS run \
        JOIN exposure_deposit AS one ON one.standing = run.standing AND one.number = run.number \
        WHERE run.standing = $1 AND run.at >= $2";
    EXPOSURES_ABOUT = "SELECT COUNT(*) FROM exposure_deposit WHERE deposit = $1";

    CASE_LEAF_INSERT = "INSERT INTO case_leaf (case_id, event, place, leaf_key, kind) VALUES ($1, $2, $3, $4, $5)";
    LEAVES_OF_CASE = "SELECT event, leaf_key, kind FROM case_leaf WHERE case_id = $1 ORDER BY event, place";
    DISCLOSURE_INSERT = "INSERT INTO disclosure (leaf_key, kind, list) VALUES ($1, $2, $3)";
    DISCLOSURE_BY_KEY = "SELECT kind, list FROM disclosure WHERE leaf_key = $1";
    DISCLOSURES_PAGE = "SELECT leaf_key, kind, list FROM disclosure WHERE leaf_key > $1 ORDER BY leaf_key LIMIT $2";

    CLOSED_LEAVES = "SELECT journal_outbox.idx, journal_outbox.leaf_key, disclosure.kind, case_leaf.case_id FROM journal_outbox \
        JOIN disclosure ON disclosure.leaf_key = journal_outbox.leaf_key \
        LEFT JOIN case_leaf ON case_leaf.leaf_key = journal_outbox.leaf_key \
        WHERE journal_outbox.idx >= $1 \
        AND NOT EXISTS (SELECT 1 FROM opened WHERE opened.leaf_key = journal_outbox.leaf_key) \
        ORDER BY journal_outbox.idx LIMIT $2";
    LEAF_BY_KEY = "SELECT idx, leaf FROM journal_outbox WHERE leaf_key = $1";
    OPENED_BY_KEY = "SELECT opening FROM opened WHERE leaf_key = $1";
    OPENED_INSERT = "INSERT INTO opened (leaf_key, opening) VALUES ($1, $2)";

    ORDER_INSERT = "INSERT INTO order_entry (digest, id, case_id, decision, authority, proposed) VALUES ($1, $2, $3, $4, $5, $6)";
    ORDER_BY_DIGEST = "SELECT digest, id, case_id, decision, authority, proposed FROM order_entry WHERE digest = $1";
    ORDER_BY_ID = "SELECT digest, id, case_id, decision, authority, proposed FROM order_entry WHERE id = $1";
    ORDERS_OF_CASE = "SELECT digest, id, case_id, decision, authority, proposed FROM order_entry WHERE case_id = $1 ORDER BY proposed";
    APPROVAL_INSERT = "INSERT INTO order_approval (order_digest, event, approval) VALUES ($1, $2, $3)";
    APPROVALS_OF_ORDER = "SELECT approval FROM order_approval WHERE order_digest = $1 ORDER BY event";

    ANSWERED_INSERT = "INSERT INTO answered (dimension, counter, order_digest, people, at) VALUES ($1, $2, $3, $4, $5)";
    ORDERS_ANSWERED = "SELECT DISTINCT order_digest FROM answered WHERE at >= $1 ORDER BY order_digest";
    ANSWERED_SINCE = "SELECT people FROM answered WHERE dimension = $1 AND counter = $2 AND at >= $3";

    EFFECT_BY_KEY = "SELECT intent, outcome FROM effect WHERE kind = $1 AND subject = $2";
    EFFECT_INSERT = "INSERT INTO effect (kind, subject, began_at, intent) VALUES ($1, $2, $3, $4)";
    EFFECT_FINISH = "UPDATE effect SET finished_at = $3, outcome = $4 WHERE kind = $1 AND subject = $2 AND outcome IS NULL";
    EFFECTS_OPEN = "SELECT kind, subject, began_at, intent FROM effect WHERE outcome IS NULL ORDER BY began_at, kind, subject";

    RECEIPT_INSERT = "INSERT INTO receipt (digest, order_digest, trustee, bytes, at) VALUES ($1, $2, $3, $4, $5)";
    RECEIPT_BY_DIGEST = "SELECT order_digest, trustee, digest, bytes, at FROM receipt WHERE digest = $1";
    RECEIPTS_OF_ORDER = "SELECT order_digest, trustee, digest, bytes, at FROM receipt WHERE order_digest = $1 ORDER BY at, trustee, digest";

    RESTRICTION_INSERT = "INSERT INTO restriction_event (account, rule, number, digest, act, pack, plan, leaf_key, bytes) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    RESTRICTION_HEAD = "SELECT bytes FROM restriction_head WHERE account = $1 AND rule = $2";
    RESTRICTION_HEAD_SET = "INSERT INTO restriction_head (account, rule, act, bytes) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (account, rule) DO UPDATE SET act = excluded.act, bytes = excluded.bytes";
    RESTRICTIONS_OF = "SELECT bytes FROM restriction_head WHERE account = $1 ORDER BY rule";
    RESTRICTION_HISTORY = "SELECT bytes FROM restriction_event WHERE account = $1 AND rule = $2 ORDER BY number";
    RESTRICTION_HEADS = "SELECT bytes FROM restriction_head WHERE (account, rule) > ($1, $2) ORDER BY account, rule LIMIT $3";
    RESTRICTIONS_APPEALED = "SELECT bytes FROM restriction_head WHERE act = 'appeal' ORDER BY account, rule";
    RESTRICTIONS_BY_PLAN = "SELECT COUNT(*) FROM restriction_event WHERE plan = $1 AND act = $2";
    RESTRICTION_COUNTS = "SELECT rule, pack, act, COUNT(*) FROM restriction_event GROUP BY rule, pack, act";
    RESTRICTION_LEAVES = "SELECT bytes, leaf_key FROM restriction_event WHERE sequence > $2 ORDER BY sequence LIMIT $1";
    RESTRICTION_LAST_LEAF = "SELECT leaf_key FROM restriction_event ORDER BY sequence DESC LIMIT 1";
    NOTICE_INSERT = "INSERT INTO restriction_notice (id, account, bytes, plan, due) VALUES ($1, $2, $3, $4, $5)";
    NOTICE_BY_ID = "SELECT bytes FROM restriction_notice WHERE id = $1";
    NOTICES_DUE = "SELECT bytes, attempts, said FROM restriction_notice AS one WHERE state = 0 AND due <= $1 AND NOT EXISTS \
        (SELECT 1 FROM restriction_notice AS earlier WHERE earlier.state = 0 AND earlier.account = one.account \
        AND earlier.number < one.number) ORDER BY due, number LIMIT $2";
    NOTICE_NEXT = "SELECT due FROM restriction_notice WHERE state = 0 ORDER BY due, number LIMIT 1";
    NOTICE_SENT = "UPDATE restriction_notice SET state = $2, due = $3, said = $4, attempts = attempts + 1 WHERE id = $1 AND state = 0";
    NOTICES_DEAD = "SELECT bytes, attempts, said FROM restriction_notice WHERE state = 2 ORDER BY number";
    NOTICE_REVIVE = "UPDATE restriction_notice SET state = 0, due = $2, attempts = 0 WHERE id = $1 AND state = 2";
    NOTICE_COUNTS = "SELECT state, COUNT(*) FROM restriction_notice GROUP BY state";
    NOTICE_COUNTS_OF_PLAN = "SELECT state, COUNT(*) FROM restriction_notice WHERE plan = $1 GROUP BY state";
    NOTICE_OPEN = "SELECT 1 FROM restriction_notice WHERE account = $1 AND state <> 1 LIMIT 1";

    SETTING_BY_NAME = "SELECT value FROM setting WHERE name = $1";
    SETTING_SET = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

    IMPORT_BY_DIGEST = "SELECT digest, kind, stored, skipped, at FROM import WHERE digest = $1";
    IMPORT_INSERT = "INSERT INTO import (digest, kind, stored, skipped, at) VALUES ($1, $2, $3, $4, $5)";
    IMPORTS = "SELECT digest, kind, stored, skipped, at FROM import ORDER BY at DESC, digest";

    RECORD_LAST_NUMBER = "SELECT COALESCE(MAX(number), 0) FROM sealed_record";
    RECORDS_OF_HANDLE = "SELECT number, record, handle, ring, period, revision, label, header FROM sealed_record \
        WHERE handle = $1 ORDER BY period, revision";
    RECORD_BY_ID = "SELECT number, record, handle, ring, period, revision, label, header FROM sealed_record WHERE record = $1";
    ENTRIES_OF_RECORD = "SELECT class, commitment, ciphertext FROM sealed_entry WHERE record_number = $1 ORDER BY class";
    REFERENCE_BY_TAG = "SELECT handle FROM reference WHERE tag = $1";
    COUNTS_BY_RING = "SELECT ring, COUNT(*) FROM sealed_record AS one WHERE NOT EXISTS \
        (SELECT 1 FROM sealed_record AS later WHERE later.handle = one.handle AND later.period = one.period \
        AND later.revision > one.revision) GROUP BY ring ORDER BY ring";
    CLIENTS_UNDER_RING = "SELECT DISTINCT handle FROM sealed_record AS one WHERE ring = $1 AND handle > $2 AND NOT EXISTS \
        (SELECT 1 FROM sealed_record AS later WHERE later.handle = one.handle AND later.period = one.period \
        AND later.revision > one.revision) ORDER BY handle LIMIT $3";
    VIEW_BY_HANDLE = "SELECT sealed FROM masked_view WHERE handle = $1";
    COUNT_CLIENTS = "SELECT COUNT(DISTINCT handle) FROM sealed_record";
    COUNT_RECORDS = "SELECT COUNT(*) FROM sealed_record";
    COUNT_ENTRIES = "SELECT COUNT(*) FROM sealed_entry";

    RECORDS_OF_ROWS = "SELECT record_origin.row, sealed_record.record, sealed_record.handle, sealed_record.label, sealed_record.header, \
        enrolment.lookup FROM record_origin \
        JOIN sealed_record ON sealed_record.record = record_origin.record \
        LEFT JOIN enrolled ON enrolled.attribute = $4 AND enrolled.record = record_origin.record \
        LEFT JOIN enrolment ON enrolment.number = enrolled.enrolment \
        WHERE record_origin.import = $1 AND record_origin.row >= $2 AND record_origin.row < $3 ORDER BY record_origin.row";
    ENROLMENT_INSERT = "INSERT INTO enrolment (lookup, attribute, import, bytes, leaf_key, began_at) VALUES ($1, $2, $3, $4, $5, $6)";
    ENROLMENT_BY_LOOKUP = "SELECT number, lookup, attribute, import, bytes, leaf_key FROM enrolment WHERE lookup = $1";
    ENROLMENT_STATE = "SELECT number, finished_at FROM enrolment WHERE lookup = $1";
    ENROLMENTS_OPEN = "SELECT number, lookup, attribute, import, bytes, leaf_key FROM enrolment WHERE finished_at IS NULL ORDER BY number";
    ENROLMENT_LAST_FINISHED = "SELECT lookup FROM enrolment WHERE finished_at IS NOT NULL ORDER BY number DESC LIMIT 1";
    ENROLMENT_FINISH = "UPDATE enrolment SET finished_at = $2 WHERE number = $1";
    ENROLMENT_DELETE = "DELETE FROM enrolment WHERE number = $1";
    ENROLLED_DELETE = "DELETE FROM enrolled WHERE enrolment = $1";
    RECORDS_OF_ENROLMENT = "SELECT record FROM enrolled WHERE enrolment = $1 ORDER BY place";
    INDEXED_INSERT = "INSERT INTO indexed_import (import, attribute, stored, left_out, at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (import, attribute) DO NOTHING";
    INDEXED = "SELECT import, attribute, stored, left_out, at FROM indexed_import ORDER BY import, attribute";
    LOOKUP_INSERT = "INSERT INTO case_lookup (lookup, case_id, bytes, approval, opening, leaf_key, at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LOOKUP_FINISH = "UPDATE case_lookup SET found = $2 WHERE lookup = $1";
    LOOKUP_BY_DIGEST = "SELECT lookup, case_id, bytes, approval, opening, leaf_key, at, found FROM case_lookup WHERE lookup = $1";
    LOOKUPS_OF_CASE = "SELECT lookup, case_id, bytes, approval, opening, leaf_key, at, found FROM case_lookup \
        WHERE case_id = $1 ORDER BY number";
    LOOKUP_RECEIPT_INSERT = "INSERT INTO lookup_receipt (digest, lookup, trustee, bytes, at) VALUES ($1, $2, $3, $4, $5)";
    LOOKUP_RECEIPT_BY_DIGEST = "SELECT digest, lookup, trustee, bytes, at FROM lookup_receipt WHERE digest = $1";
    LOOKUP_RECEIPTS = "SELECT digest, lookup, trustee, bytes, at FROM lookup_receipt WHERE lookup = $1 ORDER BY at, trustee";
    COUNT_LISTS = "SELECT COUNT(*) FROM posting";
    COUNT_ENROLLED = "SELECT COUNT(*) FROM enrolled JOIN enrolment ON enrolment.number = enrolled.enrolment \
        WHERE enrolment.finished_at IS NOT NULL";
    COUNT_OPEN_ENROLMENTS = "SELECT COUNT(*) FROM enrolment WHERE finished_at IS NULL";

    DISTINCT_PAYERS = "SELECT COUNT(DISTINCT payer) FROM payment WHERE address = $1";
    COUNT_PAYMENTS = "SELECT COUNT(*) FROM payment";

    SIGMA_DELETE = "DELETE FROM sigma WHERE handle = $1";

    SCHEMA_VERSION = "SELECT version FROM schema_version WHERE component = $1";
    SCHEMA_VERSION_SET = "INSERT INTO schema_version (component, version) VALUES ($1, $2)";
}

/// A statement for many rows at once: one round trip per row is what makes large imports slow.
pub(crate) struct ManyRows {
    pub(crate) head: &'static str,
    pub(crate) columns: usize,
    pub(crate) tail: &'static str,
}

impl ManyRows {
    /// Most rows of one statement: 8 columns stay below SQLite's 32,766 parameters with room to spare.
    pub(crate) const MOST: usize = 500;

    /// The text for so many rows. Its parameters have no numbers: SQLite takes those for names, and looks for each name among all of
    /// them whenever the statement runs.
    pub(crate) fn text(&self, rows: usize) -> String {
        let mut text = String::with_capacity(self.head.len() + rows * self.columns * 6);
        text.push_str(self.head);
        for row in 0..rows {
            text.push_str(if row == 0 { " (" } else { ", (" });
            for column in 0..self.columns {
                if column > 0 {
                    text.push_str(", ");
                }
                text.push('?');
            }
            text.push(')');
        }
        text.push_str(self.tail);
        text
    }
}

pub(crate) const RECORDS_INSERT: ManyRows = ManyRows {
    head: "INSERT INTO sealed_record (number, record, handle, ring, period, revision, label, header) VALUES",
    columns: 8,
    tail: "",
};
pub(crate) const ENTRIES_INSERT: ManyRows = ManyRows {
    head: "INSERT INTO sealed_entry (record_number, class, commitment, ciphertext) VALUES",
    columns: 4,
    tail: "",
};
pub(crate) const HEADERS_BY_ID: ManyRows =
    ManyRows { head: "SELECT record, header FROM sealed_record WHERE record IN (VALUES", columns: 1, tail: ")" };
pub(crate) const REFERENCES_BY_TAG: ManyRows =
    ManyRows { head: "SELECT tag, handle FROM reference WHERE tag IN (VALUES", columns: 1, tail: ")" };
pub(crate) const ADDRESSES_PAID: ManyRows = ManyRows {
    head: "SELECT payment.address, COUNT(DISTINCT reference.handle) FROM reference JOIN payment ON payment.payer = reference.tag \
        WHERE reference.handle IN (VALUES",
    columns: 1,
    tail: ") GROUP BY payment.address",
};
pub(crate) const SIGMAS_BY_HANDLE: ManyRows =
    ManyRows { head: "SELECT handle, sigma FROM sigma WHERE handle IN (VALUES", columns: 1, tail: ")" };
pub(crate) const CLIENTS_WITH_SIGMA: ManyRows =
    ManyRows { head: "SELECT handle FROM sigma WHERE handle IN (VALUES", columns: 1, tail: ")" };
pub(crate) const SIGMAS_INSERT: ManyRows =
    ManyRows { head: "INSERT INTO sigma (handle, sigma) VALUES", columns: 2, tail: "" };
pub(crate) const REFERENCES_INSERT: ManyRows =
    ManyRows { head: "INSERT INTO reference (tag, handle) VALUES", columns: 2, tail: "" };
pub(crate) const ORIGINS_INSERT: ManyRows =
    ManyRows { head: "INSERT INTO record_origin (import, row, record) VALUES", columns: 3, tail: "" };
pub(crate) const VIEWS_SET: ManyRows = ManyRows {
    head: "INSERT INTO masked_view (handle, sealed) VALUES",
    columns: 2,
    tail: " ON CONFLICT (handle) DO UPDATE SET sealed = excluded.sealed",
};
pub(crate) const ENROLLED_INSERT: ManyRows =
    ManyRows { head: "INSERT INTO enrolled (attribute, record, enrolment, place) VALUES", columns: 4, tail: "" };
pub(crate) const POSTINGS_BY_NAME: ManyRows =
    ManyRows { head: "SELECT name, sealed FROM posting WHERE name IN (VALUES", columns: 1, tail: ")" };
pub(crate) const POSTINGS_SET: ManyRows = ManyRows {
    head: "INSERT INTO posting (name, sealed) VALUES",
    columns: 2,
    tail: " ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
};
pub(crate) const PAYMENTS_INSERT: ManyRows =
    ManyRows { head: "INSERT INTO payment (address, payer, amount, at) VALUES", columns: 4, tail: "" };

#[cfg(test)]
pub(crate) const ALL_MANY: &[&ManyRows] = &[
    &RECORDS_INSERT,
    &ENTRIES_INSERT,
    &HEADERS_BY_ID,
    &REFERENCES_BY_TAG,
    &ADDRESSES_PAID,
    &REFERENCES_INSERT,
    &SIGMAS_BY_HANDLE,
    &CLIENTS_WITH_SIGMA,
    &SIGMAS_INSERT,
    &ORIGINS_INSERT,
    &VIEWS_SET,
    &ENROLLED_INSERT,
    &PAYMENTS_INSERT,
    &POSTINGS_BY_NAME,
    &POSTINGS_SET,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_parameter_for_every_column() {
        assert_eq!(REFERENCES_INSERT.text(2), "INSERT INTO reference (tag, handle) VALUES (?, ?), (?, ?)");
        for many in ALL_MANY {
            assert!(many.columns * ManyRows::MOST < 32_766);
        }
    }
}
