-- Orders answered to a worker, each to one binding; and the last run answered of each standing order.
CREATE TABLE bound (
    order_digest TEXT NOT NULL UNIQUE,
    binding TEXT NOT NULL,
    PRIMARY KEY (order_digest, binding)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    standing TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL CHECK (number > 0),
    run TEXT NOT NULL
) STRICT;

PRAGMA user_version = 5;
