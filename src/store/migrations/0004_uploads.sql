-- Who may call the service, what it was told and answered, and who is to be told.

-- The secret of a key is kept as its hash only.
CREATE TABLE api_keys (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    name       TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    rate_per_s INTEGER CHECK (rate_per_s > 0),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- What was done by whom; never changed, never shortened. Names no uploader, owner or video but by our own ids.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    note    TEXT
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit log is not changed'); END;

CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit log is not shortened'); END;
