-- Which opening leaf published a sealed leaf. A sealed leaf is opened once.
CREATE TABLE opened (
    leaf_key BLOB NOT NULL PRIMARY KEY REFERENCES disclosure (leaf_key),
    opening  BLOB NOT NULL CHECK (length(opening) = 32)
) STRICT, WITHOUT ROWID;
