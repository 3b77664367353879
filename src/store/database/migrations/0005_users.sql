-- People who sign in, and their sessions.

-- `name` is what they type and what colleagues see. `password` is an Argon2 hash with its parameters (PHC text).
CREATE TABLE users (
    id          BLOB    PRIMARY KEY CHECK (length(id) = 16),
    name        TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    role        TEXT    NOT NULL CHECK (role IN ('moderator', 'lead', 'admin')),
    password    TEXT    NOT NULL,
    password_at INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    -- From then on they cannot sign in. Decisions and the audit log name them still, so the row stays.
    disabled_at INTEGER,
    seen_at     INTEGER
) STRICT;

-- The secret in the cookie is kept as its hash only.
CREATE TABLE sessions (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    user       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user);
CREATE INDEX sessions_by_age ON sessions (seen_at);

-- Seconds that somebody has viewed uploads that the platform flagged sensitive, by day (since 1970-01-01, UTC), and at
-- how many of them a break was last suggested.
CREATE TABLE viewing (
    user         BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day          INTEGER NOT NULL,
    seconds      INTEGER NOT NULL,
    suggested_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user, day)
) STRICT, WITHOUT ROWID;

-- For the audit log of one thing.
CREATE INDEX audit_by_subject ON audit (subject, seq);
