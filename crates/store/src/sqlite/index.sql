-- The blind index. Files of earlier versions hold keyed tags of names in `lookup`: they go with it.
DROP TABLE IF EXISTS lookup;

-- Which row of which imported file a record came of: an enrolment reads the file again, because nothing here can be read.
CREATE TABLE record_origin (
    import BLOB    NOT NULL CHECK (length(import) = 32),
    row    INTEGER NOT NULL CHECK (row >= 0),
    record BLOB    NOT NULL CHECK (length(record) = 32),
    PRIMARY KEY (import, row)
) STRICT, WITHOUT ROWID;

CREATE TABLE posting (
    name   BLOB NOT NULL PRIMARY KEY CHECK (length(name) = 16),
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment (
    number      INTEGER NOT NULL PRIMARY KEY,
    lookup      BLOB    NOT NULL UNIQUE CHECK (length(lookup) = 32),
    attribute   INTEGER NOT NULL,
    import      BLOB    NOT NULL CHECK (length(import) = 32),
    bytes       BLOB    NOT NULL,
    leaf_key    BLOB    NOT NULL CHECK (length(leaf_key) = 32),
    began_at    INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX enrolment_open ON enrolment (number) WHERE finished_at IS NULL;

CREATE TABLE enrolled (
    attribute INTEGER NOT NULL,
    record    BLOB    NOT NULL CHECK (length(record) = 32),
    enrolment INTEGER NOT NULL REFERENCES enrolment (number),
    place     INTEGER NOT NULL,
    PRIMARY KEY (attribute, record)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX enrolled_in ON enrolled (enrolment, place);

CREATE TABLE indexed_import (
    import    BLOB    NOT NULL CHECK (length(import) = 32),
    attribute INTEGER NOT NULL,
    stored    INTEGER NOT NULL,
    left_out  INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (import, attribute)
) STRICT, WITHOUT ROWID;

CREATE TABLE case_lookup (
    number   INTEGER NOT NULL PRIMARY KEY,
    lookup   BLOB    NOT NULL UNIQUE CHECK (length(lookup) = 32),
    case_id  BLOB    NOT NULL CHECK (length(case_id) = 16),
    bytes    BLOB    NOT NULL,
    approval BLOB    NOT NULL,
    opening  BLOB    NOT NULL,
    leaf_key BLOB    NOT NULL CHECK (length(leaf_key) = 32),
    at       INTEGER NOT NULL,
    -- The handles found, one after the other; NULL without an outcome.
    found    BLOB    CHECK (length(found) % 32 = 0)
) STRICT;
CREATE INDEX case_lookup_of ON case_lookup (case_id, number);

CREATE TABLE lookup_receipt (
    digest  BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    lookup  BLOB    NOT NULL CHECK (length(lookup) = 32),
    trustee INTEGER NOT NULL,
    bytes   BLOB    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX lookup_receipt_of ON lookup_receipt (lookup, at);
