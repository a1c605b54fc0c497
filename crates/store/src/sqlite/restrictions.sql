-- What became of restrictions, and what the exchange core is told of them. Accounts stand here as the exchange names them, because the
-- exchange core must be told which; the log has digests only.
CREATE TABLE restriction_event (
    -- Nothing is ever deleted here, so it counts from 1 without a gap.
    sequence INTEGER NOT NULL PRIMARY KEY,
    account  TEXT    NOT NULL,
    rule     TEXT    NOT NULL,
    number   INTEGER NOT NULL CHECK (number >= 0),
    digest   BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    act      TEXT    NOT NULL,
    pack     BLOB    NOT NULL CHECK (length(pack) = 32),
    plan     BLOB    CHECK (length(plan) = 32),
    leaf_key BLOB    NOT NULL UNIQUE CHECK (length(leaf_key) = 32),
    bytes    BLOB    NOT NULL,
    UNIQUE (account, rule, number)
) STRICT;
CREATE INDEX restriction_event_plan ON restriction_event (plan, act);

-- The last event of each account and rule: a read model.
CREATE TABLE restriction_head (
    account TEXT    NOT NULL,
    rule    TEXT    NOT NULL,
    act     TEXT    NOT NULL,
    bytes   BLOB    NOT NULL,
    PRIMARY KEY (account, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX restriction_appealed ON restriction_head (account, rule) WHERE act = 'appeal';

-- Exactly as it is sent, each time it is sent. State: 0 waits, 1 delivered, 2 given up (a dead letter).
CREATE TABLE restriction_notice (
    number   INTEGER NOT NULL PRIMARY KEY,
    id       BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    account  TEXT    NOT NULL,
    bytes    BLOB    NOT NULL,
    plan     BLOB    CHECK (length(plan) = 32),
    state    INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),
    attempts INTEGER NOT NULL DEFAULT 0,
    due      INTEGER NOT NULL,
    said     TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX restriction_notice_due ON restriction_notice (due, number) WHERE state = 0;
CREATE INDEX restriction_notice_of ON restriction_notice (account, number);
CREATE INDEX restriction_notice_dead ON restriction_notice (number) WHERE state = 2;
CREATE INDEX restriction_notice_plan ON restriction_notice (plan, state);
