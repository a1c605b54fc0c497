-- Masked views, sealed under the custodian's key and the client's sigma: without sigma none opens.

CREATE TABLE masked_view (
    handle BLOB NOT NULL PRIMARY KEY CHECK (length(handle) = 32),
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
