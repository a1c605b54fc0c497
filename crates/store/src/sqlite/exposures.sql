-- Runs over own deposits: one answer for each deposit under a standing order, for good.
CREATE TABLE exposure_run (
    standing BLOB    NOT NULL CHECK (length(standing) = 32),
    number   INTEGER NOT NULL CHECK (number > 0),
    document BLOB    NOT NULL UNIQUE CHECK (length(document) = 32),
    leaf_key BLOB    NOT NULL CHECK (length(leaf_key) = 32),
    at       INTEGER NOT NULL,
    PRIMARY KEY (standing, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE exposure_deposit (
    standing BLOB    NOT NULL,
    deposit  BLOB    NOT NULL CHECK (length(deposit) = 32),
    number   INTEGER NOT NULL,
    PRIMARY KEY (standing, deposit),
    FOREIGN KEY (standing, number) REFERENCES exposure_run (standing, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX exposure_of_run ON exposure_deposit (standing, number);
CREATE INDEX exposure_of_deposit ON exposure_deposit (deposit);
