-- Who may call the service, what it was told and answered, and who is to be told.

-- Why the video was deleted: policy asks it of every match.
ALTER TABLE tombstones ADD COLUMN reason TEXT NOT NULL DEFAULT 'owner_request'
    CHECK (reason IN ('owner_request', 'legal', 'moderation'));

CREATE INDEX tombstones_by_age ON tombstones (created_at);

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

-- An owner's leave for a named uploader. Both are keyed; it goes with its tombstone.
CREATE TABLE grants (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    slot       INTEGER NOT NULL REFERENCES tombstones (slot) ON DELETE CASCADE,
    uploader   BLOB    NOT NULL CHECK (length(uploader) = 16),
    created_at INTEGER NOT NULL,
    UNIQUE (slot, uploader)
) STRICT;

CREATE INDEX grants_by_uploader ON grants (uploader);

-- Uploads that were accepted. `words` is what the platform said with it (uploader, reference, metadata, address of the
-- bytes), sealed; it goes before the row does. `digest` and `size` are those of the bytes, once they are here.
CREATE TABLE uploads (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    state         TEXT    NOT NULL CHECK (state IN ('fetching', 'waiting', 'decided')),
    created_at    INTEGER NOT NULL,
    words         BLOB,
    uploader      BLOB    CHECK (uploader IS NULL OR length(uploader) = 16),
    reference     BLOB    CHECK (reference IS NULL OR length(reference) = 16),
    digest        BLOB    CHECK (digest IS NULL OR length(digest) = 32),
    size          INTEGER,
    -- The work that is to be done: tries that failed, and when the next is due.
    attempts      INTEGER NOT NULL DEFAULT 0,
    due_at        INTEGER NOT NULL,
    -- What came of it. `answer` differs from `verdict` in shadow mode and after a reversal.
    decided_at    INTEGER,
    verdict       TEXT    CHECK (verdict IN ('allow', 'review', 'block')),
    reason        TEXT,
    answer        TEXT    CHECK (answer IN ('allow', 'review', 'block')),
    answer_reason TEXT,
    answered_at   INTEGER,
    seen          TEXT    CHECK (seen IN ('all', 'featureless', 'part')),
    duration_s    REAL,
    trouble       TEXT,
    damage        TEXT,
    -- Its bytes: until when they are kept, and when they were found gone.
    bytes_until   INTEGER,
    bytes_gone_at INTEGER,
    CHECK ((state = 'decided') = (verdict IS NOT NULL)),
    CHECK ((verdict IS NULL) = (answer IS NULL)),
    CHECK (state = 'fetching' OR digest IS NOT NULL OR state = 'decided')
) STRICT;

CREATE INDEX uploads_undecided ON uploads (due_at) WHERE state <> 'decided';
CREATE INDEX uploads_by_reference ON uploads (reference) WHERE reference IS NOT NULL;
CREATE INDEX uploads_with_bytes ON uploads (bytes_until) WHERE bytes_until IS NOT NULL AND bytes_gone_at IS NULL;
CREATE INDEX uploads_with_words ON uploads (decided_at) WHERE words IS NOT NULL AND state = 'decided';
CREATE INDEX uploads_by_decision ON uploads (decided_at) WHERE state = 'decided';

-- What an upload was found to show: as policy weighs it, and in full. The tombstone may be gone meanwhile.
CREATE TABLE upload_matches (
    upload    INTEGER NOT NULL REFERENCES uploads (seq) ON DELETE CASCADE,
    rank      INTEGER NOT NULL,
    tombstone TEXT    NOT NULL,
    verdict   TEXT    NOT NULL CHECK (verdict IN ('allow', 'review', 'block')),
    weighed   TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    retired   INTEGER NOT NULL DEFAULT 0 CHECK (retired IN (0, 1)),
    PRIMARY KEY (upload, rank)
) STRICT, WITHOUT ROWID;

CREATE INDEX upload_matches_by_tombstone ON upload_matches (tombstone, upload);

-- Which upload an `Idempotency-Key` of a caller stands for. Both are keyed.
CREATE TABLE idempotency (
    key        BLOB    PRIMARY KEY CHECK (length(key) = 32),
    request    BLOB    NOT NULL CHECK (length(request) = 32),
    upload     INTEGER NOT NULL REFERENCES uploads (seq) ON DELETE CASCADE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);
CREATE INDEX idempotency_by_upload ON idempotency (upload);

-- Who is told of what. The address is sealed: it may hold a secret.
CREATE TABLE subscriptions (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    url        BLOB    NOT NULL,
    events     TEXT    NOT NULL,
    scores     INTEGER NOT NULL CHECK (scores IN (0, 1)),
    -- Raised when the secret is replaced; the one before is good until `rotated_at` and the overlap.
    secret     INTEGER NOT NULL DEFAULT 1,
    rotated_at INTEGER,
    created_at INTEGER NOT NULL,
    -- Since when nothing is sent: the receiver asked for it (410), or an operator did.
    paused_at  INTEGER
) STRICT;

-- What happened. The body is sealed: it holds what the platform said with the upload.
CREATE TABLE events (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    id   BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    kind TEXT    NOT NULL,
    at   INTEGER NOT NULL,
    body BLOB    NOT NULL
) STRICT;

-- One event on its way to one subscriber.
CREATE TABLE deliveries (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    event        INTEGER NOT NULL REFERENCES events (seq) ON DELETE CASCADE,
    subscription BLOB    NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    state        TEXT    NOT NULL CHECK (state IN ('due', 'sent', 'dead')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    due_at       INTEGER NOT NULL,
    last_error   TEXT,
    ended_at     INTEGER,
    CHECK ((state = 'due') = (ended_at IS NULL))
) STRICT;

CREATE INDEX deliveries_due ON deliveries (subscription, due_at) WHERE state = 'due';
CREATE INDEX deliveries_by_state ON deliveries (state, seq);
CREATE INDEX deliveries_by_event ON deliveries (event);
CREATE INDEX deliveries_by_subscription ON deliveries (subscription, state);
