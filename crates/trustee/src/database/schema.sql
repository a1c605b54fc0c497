CREATE TABLE trustee (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    generation INTEGER NOT NULL,
    frontier BLOB NOT NULL,
    latest INTEGER
) STRICT;

CREATE TABLE control (
    leaf_index INTEGER NOT NULL PRIMARY KEY,
    leaf BLOB NOT NULL,
    witnessed INTEGER NOT NULL
) STRICT;

CREATE TABLE roots (
    size INTEGER NOT NULL PRIMARY KEY,
    root BLOB NOT NULL CHECK (length(root) = 32)
) STRICT;

CREATE TABLE replay (
    order_id TEXT NOT NULL PRIMARY KEY,
    order_digest TEXT NOT NULL,
    share_epoch INTEGER NOT NULL
) STRICT;

CREATE TABLE counted (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    day INTEGER NOT NULL,
    people INTEGER NOT NULL CHECK (people >= 0),
    PRIMARY KEY (kind, subject, day)
) STRICT;

CREATE TABLE receipts (
    number INTEGER NOT NULL PRIMARY KEY,
    order_digest TEXT NOT NULL,
    share_epoch INTEGER NOT NULL,
    answered INTEGER NOT NULL CHECK (answered IN (0, 1)),
    given INTEGER NOT NULL,
    disclosure TEXT NOT NULL UNIQUE,
    seen INTEGER,
    answer BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX receipts_answered ON receipts (order_digest, share_epoch) WHERE answered = 1;
CREATE INDEX receipts_awaited ON receipts (order_digest, number) WHERE seen IS NULL;

CREATE TABLE incidents (
    number INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (kind, subject, detail)
) STRICT;

INSERT INTO trustee (only, generation, frontier, latest) VALUES (1, 0, x'0000000000000000', NULL);
PRAGMA user_version = 1;
