-- The journal: leaves in their order, and the signed head of the tree over a prefix of them.

-- The lock of the log: one row, made by `init` and never by a start. Without it the log stops.
CREATE TABLE journal_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    origin TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    frontier BLOB NOT NULL,
    checkpoint BLOB NOT NULL
) STRICT;

-- The outbox. A row at or above the head's size is accepted and waits for the sequencer; one below it is in the tree.
-- Rows never move or change: `idx` is given in the transaction that brings the leaf, without gaps.
CREATE TABLE journal_outbox (
    idx INTEGER NOT NULL PRIMARY KEY CHECK (idx >= 0),
    leaf_key BLOB NOT NULL UNIQUE CHECK (length(leaf_key) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    leaf BLOB NOT NULL
) STRICT;

CREATE TRIGGER journal_outbox_unchanged BEFORE UPDATE ON journal_outbox
BEGIN SELECT RAISE(ABORT, 'a leaf of the journal never changes'); END;

CREATE TRIGGER journal_outbox_undeleted BEFORE DELETE ON journal_outbox
BEGIN SELECT RAISE(ABORT, 'a leaf of the journal is never deleted'); END;

CREATE TRIGGER journal_head_undeleted BEFORE DELETE ON journal_head
BEGIN SELECT RAISE(ABORT, 'the head of the journal is never deleted'); END;
