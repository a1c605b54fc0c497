-- Daily totals: the tree of the leaves whose disclosures are held, what these say of orders, and what was signed.
ALTER TABLE trustee ADD COLUMN held BLOB NOT NULL DEFAULT x'0000000000000000';

-- Leaves of the journal that were folded when the receipt was given; 0 for receipts from before this column: their orders
-- must be among those counted whatever the size.
ALTER TABLE receipts ADD COLUMN journal_size INTEGER NOT NULL DEFAULT 0;

CREATE TABLE disclosed (
    leaf_index INTEGER NOT NULL PRIMARY KEY,
    list TEXT NOT NULL
) STRICT;

CREATE TABLE orders (
    leaf_index INTEGER NOT NULL PRIMARY KEY,
    order_digest TEXT NOT NULL UNIQUE,
    people INTEGER NOT NULL CHECK (people >= 0),
    cells INTEGER NOT NULL CHECK (cells >= 0),
    until INTEGER NOT NULL,
    opened INTEGER
) STRICT;

CREATE TABLE opened (
    leaf_index INTEGER NOT NULL,
    disclosure TEXT NOT NULL,
    PRIMARY KEY (leaf_index, disclosure)
) STRICT, WITHOUT ROWID;

CREATE TABLE totals (
    number INTEGER NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    answer BLOB NOT NULL
) STRICT;

PRAGMA user_version = 2;
