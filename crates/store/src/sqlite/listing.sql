-- Where cases stand, by deadline. A read model: every row can be computed again from `case_event`.
CREATE TABLE case_place (
    case_id   BLOB    NOT NULL PRIMARY KEY CHECK (length(case_id) = 16),
    last      INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    -- The event up to which the columns below were computed; -1 before that.
    through   INTEGER NOT NULL DEFAULT -1,
    stage     TEXT    NOT NULL DEFAULT '',
    open      INTEGER NOT NULL DEFAULT 1,
    holder    TEXT    NOT NULL DEFAULT '',
    due       INTEGER NOT NULL DEFAULT 0,
    clock     TEXT,
    paused    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX case_unplaced ON case_place (case_id) WHERE through < last;
CREATE INDEX case_due ON case_place (due, case_id) WHERE open = 1 AND through >= 0;
CREATE INDEX case_due_of ON case_place (holder, due, case_id) WHERE open = 1 AND through >= 0;

-- Files of earlier versions have cases already.
INSERT INTO case_place (case_id, last, opened_at, last_at)
    SELECT latest.case_id, latest.number, opening.at, latest.at FROM case_event AS latest
    JOIN case_event AS opening ON opening.case_id = latest.case_id AND opening.number = 0
    WHERE latest.number = (SELECT MAX(number) FROM case_event AS any_event WHERE any_event.case_id = latest.case_id);
