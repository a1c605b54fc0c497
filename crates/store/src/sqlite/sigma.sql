-- One secret per client, in a file of its own that can forget.
CREATE TABLE sigma (
    handle BLOB NOT NULL PRIMARY KEY CHECK (length(handle) = 32),
    sigma  BLOB NOT NULL CHECK (length(sigma) = 32)
) STRICT, WITHOUT ROWID;
