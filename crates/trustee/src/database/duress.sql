-- Letters of approvers, as they came: sealed to this trustee's transport key. And cases that are pending, whether somebody calls for
-- help (until is the last time there is) or not.
CREATE TABLE duress_letters (
    keys TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE pending_cases (
    case_commitment TEXT NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1))
) STRICT;

PRAGMA user_version = 6;
