-- The trustee's own log: every entry with its disclosures, and where it stands.
CREATE TABLE own_entries (
    entry_index INTEGER NOT NULL PRIMARY KEY,
    leaf BLOB NOT NULL,
    disclosures TEXT NOT NULL
) STRICT;

CREATE TABLE own_days (
    number INTEGER NOT NULL PRIMARY KEY,
    document TEXT NOT NULL
) STRICT;

-- frontier: the tree of all entries. tick, in_tick: tick of the last entries, and how many bear it. hour, day: those that are not over
-- yet by the clock. filled: the tree up to the end of the last hour that was filled up. checkpoint: the last one signed.
-- answers_before: number of the last receipt from before this log.
CREATE TABLE own_log (
    only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    frontier BLOB NOT NULL,
    tick INTEGER NOT NULL,
    in_tick INTEGER NOT NULL,
    hour INTEGER,
    day INTEGER,
    filled BLOB NOT NULL,
    checkpoint TEXT,
    answers_before INTEGER NOT NULL
) STRICT;

INSERT INTO own_log (only, frontier, tick, in_tick, filled, answers_before)
    SELECT 1, x'0000000000000000', 0, 0, x'0000000000000000', COALESCE(MAX(number), 0) FROM receipts;

-- What a person at the trustee did.
CREATE TABLE pauses (
    number INTEGER NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL,
    reason TEXT NOT NULL,
    resumed INTEGER,
    resume_reason TEXT
) STRICT;

CREATE UNIQUE INDEX pauses_one_at_a_time ON pauses (resumed IS NULL) WHERE resumed IS NULL;

CREATE TABLE lifts (
    number INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    people INTEGER NOT NULL CHECK (people > 0),
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;

PRAGMA user_version = 3;
