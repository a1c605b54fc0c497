-- Questions how many clients a request would expose: one answer for each question under an order, for good.
CREATE TABLE query (
    number   INTEGER PRIMARY KEY,
    document BLOB NOT NULL UNIQUE CHECK (length(document) = 32),
    matter   BLOB NOT NULL CHECK (length(matter) = 32),
    tracing  BLOB NOT NULL CHECK (length(tracing) = 32),
    question BLOB NOT NULL CHECK (length(question) = 32),
    leaf_key BLOB NOT NULL CHECK (length(leaf_key) = 32),
    UNIQUE (tracing, question)
) STRICT;
CREATE INDEX query_of_matter ON query (matter, number);

CREATE TABLE query_root (
    root  BLOB    NOT NULL CHECK (length(root) = 32),
    query INTEGER NOT NULL REFERENCES query (number),
    PRIMARY KEY (root, query)
) STRICT, WITHOUT ROWID;
