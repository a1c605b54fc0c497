-- What the desk keeps, on SQLite. Times are seconds since 1970. Nothing here names a client in clear: handles are random,
-- references, payers and addresses are keyed tags.

CREATE TABLE document (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    kind   TEXT NOT NULL,
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE case_event (
    case_id BLOB    NOT NULL CHECK (length(case_id) = 16),
    number  INTEGER NOT NULL CHECK (number >= 0),
    digest  BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    at      INTEGER NOT NULL,
    bytes   BLOB    NOT NULL,
    PRIMARY KEY (case_id, number)
) STRICT;

CREATE TABLE case_leaf (
    case_id  BLOB    NOT NULL,
    event    INTEGER NOT NULL,
    place    INTEGER NOT NULL,
    leaf_key BLOB    NOT NULL UNIQUE CHECK (length(leaf_key) = 32),
    kind     TEXT    NOT NULL,
    PRIMARY KEY (case_id, event, place),
    FOREIGN KEY (case_id, event) REFERENCES case_event (case_id, number)
) STRICT;

-- Disclosures of sealed leaves, one per line; secret until the leaf's opening.
CREATE TABLE disclosure (
    leaf_key BLOB NOT NULL PRIMARY KEY CHECK (length(leaf_key) = 32),
    kind     TEXT NOT NULL,
    list     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE order_entry (
    digest    BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    id        BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    case_id   BLOB    NOT NULL,
    decision  BLOB    NOT NULL CHECK (length(decision) = 32),
    authority TEXT    NOT NULL,
    proposed  INTEGER NOT NULL,
    UNIQUE (case_id, decision),
    FOREIGN KEY (case_id, proposed) REFERENCES case_event (case_id, number)
) STRICT;

CREATE TABLE order_approval (
    order_digest BLOB    NOT NULL REFERENCES order_entry (digest),
    event        INTEGER NOT NULL,
    approval     BLOB    NOT NULL CHECK (length(approval) = 32),
    PRIMARY KEY (order_digest, approval)
) STRICT;

CREATE TABLE answered (
    dimension    TEXT    NOT NULL,
    counter      BLOB    NOT NULL,
    order_digest BLOB    NOT NULL REFERENCES order_entry (digest),
    people       INTEGER NOT NULL CHECK (people >= 0),
    at           INTEGER NOT NULL,
    PRIMARY KEY (dimension, counter, order_digest)
) STRICT;
CREATE INDEX answered_since ON answered (dimension, counter, at);

CREATE TABLE effect (
    kind        TEXT    NOT NULL,
    subject     BLOB    NOT NULL CHECK (length(subject) = 32),
    began_at    INTEGER NOT NULL,
    intent      BLOB    NOT NULL CHECK (length(intent) = 32),
    finished_at INTEGER,
    outcome     BLOB    CHECK (length(outcome) = 32),
    PRIMARY KEY (kind, subject),
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX effect_open ON effect (began_at) WHERE outcome IS NULL;

CREATE TABLE receipt (
    digest       BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    order_digest BLOB    NOT NULL REFERENCES order_entry (digest),
    trustee      TEXT    NOT NULL,
    bytes        BLOB    NOT NULL,
    at           INTEGER NOT NULL
) STRICT;
CREATE INDEX receipt_of_order ON receipt (order_digest, at);

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE import (
    digest  BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    kind    TEXT    NOT NULL,
    stored  INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

-- `number` only orders the file: entries follow their records, so a large import writes at one end.
CREATE TABLE sealed_record (
    number   INTEGER NOT NULL PRIMARY KEY,
    record   BLOB    NOT NULL UNIQUE CHECK (length(record) = 32),
    handle   BLOB    NOT NULL CHECK (length(handle) = 32),
    ring     BLOB    NOT NULL CHECK (length(ring) = 32),
    period   INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    label    BLOB    NOT NULL,
    header   BLOB    NOT NULL CHECK (length(header) = 160),
    UNIQUE (handle, period, revision)
) STRICT;

CREATE TABLE sealed_entry (
    record_number INTEGER NOT NULL REFERENCES sealed_record (number),
    class         INTEGER NOT NULL,
    commitment    BLOB    NOT NULL CHECK (length(commitment) = 32),
    ciphertext    BLOB    NOT NULL,
    PRIMARY KEY (record_number, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE reference (
    tag    BLOB NOT NULL PRIMARY KEY CHECK (length(tag) = 32),
    handle BLOB NOT NULL CHECK (length(handle) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE payment (
    address BLOB    NOT NULL CHECK (length(address) = 32),
    payer   BLOB    NOT NULL CHECK (length(payer) = 32),
    amount  INTEGER NOT NULL CHECK (amount >= 0),
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX payment_of_address ON payment (address, payer);
