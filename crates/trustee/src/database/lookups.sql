-- Lookups of the blind index: which receipts are about one, and which records entered the index under which attribute.
ALTER TABLE receipts ADD COLUMN lookup INTEGER NOT NULL DEFAULT 0 CHECK (lookup IN (0, 1));

CREATE TABLE enrolled (
    record BLOB NOT NULL CHECK (length(record) = 32),
    attribute INTEGER NOT NULL,
    PRIMARY KEY (record, attribute)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 4;
