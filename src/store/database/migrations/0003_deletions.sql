-- Deletions and their copies: durable jobs, what they found, and what is kept of them.
--
-- What the platform calls its videos, owners and places is in columns named `sealed` only (see model::sealed), which
-- are emptied when they are no longer needed. Everything else names them by keyed hashes.

CREATE TABLE deletions (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    video           BLOB    NOT NULL CHECK (length(video) = 16),
    -- Which deletion of this video it is, from 1: an id may be used again after completion.
    turn            INTEGER NOT NULL CHECK (turn > 0),
    owner           BLOB    CHECK (owner IS NULL OR length(owner) = 16),
    request_digest  BLOB    NOT NULL CHECK (length(request_digest) = 32),
    reason          TEXT    NOT NULL,
    stage           TEXT    NOT NULL,
    -- Why it needs somebody's help; NULL when it does not.
    stuck_why       TEXT,
    last_error      TEXT,
    -- When the main copy goes without a fingerprint, at the latest.
    fingerprint_by  INTEGER NOT NULL,
    tombstone       TEXT,
    requested_at    INTEGER NOT NULL,
    hidden_at       INTEGER,
    fingerprinted_at INTEGER,
    purging_at      INTEGER,
    erased_at       INTEGER,
    complete_at     INTEGER,
    cancelled_at    INTEGER,
    -- The job: when there is something to do (NULL: never again), who may do it, whether somebody asked to hurry.
    attempts        INTEGER NOT NULL DEFAULT 0,
    failures        INTEGER NOT NULL DEFAULT 0,
    due_at          INTEGER,
    lease_until     INTEGER NOT NULL DEFAULT 0,
    nudged          INTEGER NOT NULL DEFAULT 0,
    -- When what is kept in plain goes; NULL before completion and after.
    retention_until INTEGER
) STRICT;

CREATE UNIQUE INDEX deletions_by_turn ON deletions (video, turn);
CREATE UNIQUE INDEX deletions_active ON deletions (video) WHERE stage NOT IN ('complete', 'cancelled');
CREATE INDEX deletions_by_owner ON deletions (owner, seq) WHERE owner IS NOT NULL;
CREATE INDEX deletions_due ON deletions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deletions_stuck ON deletions (seq) WHERE stuck_why IS NOT NULL;
CREATE INDEX deletions_retained ON deletions (retention_until) WHERE retention_until IS NOT NULL;

-- The ids of video and owner and the caller's metadata, as sealed JSON.
CREATE TABLE deletion_words (
    deletion INTEGER PRIMARY KEY REFERENCES deletions (seq) ON DELETE CASCADE,
    sealed   BLOB    NOT NULL
) STRICT;

CREATE TABLE copies (
    deletion     INTEGER NOT NULL REFERENCES deletions (seq) ON DELETE CASCADE,
    -- In the request's order, from 0.
    place        INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    is_prefix    INTEGER NOT NULL CHECK (is_prefix IN (0, 1)),
    sealed       BLOB,
    uri          BLOB    NOT NULL CHECK (length(uri) = 16),
    delete_after INTEGER,
    state        TEXT    NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    failures     INTEGER NOT NULL DEFAULT 0,
    due_at       INTEGER,
    last_error   TEXT,
    gone_at      INTEGER,
    -- What went, and how that was verified.
    objects      INTEGER,
    how          TEXT,
    PRIMARY KEY (deletion, place)
) STRICT, WITHOUT ROWID;

-- What happened, for whoever watches a deletion.
CREATE TABLE deletion_events (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    deletion INTEGER NOT NULL REFERENCES deletions (seq) ON DELETE CASCADE,
    at       INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    place    INTEGER,
    note     TEXT
) STRICT;

CREATE INDEX deletion_events_by_deletion ON deletion_events (deletion, seq);

-- `sealed` has plain words and goes after the retention; `kept` has keyed digests and stays.
CREATE TABLE receipts (
    deletion INTEGER PRIMARY KEY REFERENCES deletions (seq) ON DELETE CASCADE,
    sealed   BLOB,
    kept     TEXT    NOT NULL
) STRICT;

-- Public keys that receipts were signed with, the present one and former ones.
CREATE TABLE receipt_keys (
    id         TEXT    PRIMARY KEY,
    public     BLOB    NOT NULL CHECK (length(public) = 32),
    first_seen INTEGER NOT NULL
) STRICT;

-- One row a deletion, without any name: gone after the retention, folded into `retained_buckets` before.
CREATE TABLE retained_videos (
    deletion    INTEGER PRIMARY KEY REFERENCES deletions (seq) ON DELETE CASCADE,
    -- Days since 1970-01-01.
    uploaded_on INTEGER,
    erased_on   INTEGER,
    views       INTEGER NOT NULL,
    likes       INTEGER NOT NULL,
    comments    INTEGER NOT NULL,
    shares      INTEGER NOT NULL,
    folded      INTEGER NOT NULL DEFAULT 0 CHECK (folded IN (0, 1))
) STRICT;

CREATE INDEX retained_to_fold ON retained_videos (erased_on) WHERE folded = 0 AND erased_on IS NOT NULL;

-- Sums over videos that were uploaded within a period. `pool` is what was too little for any, and is not published.
CREATE TABLE retained_buckets (
    grain    TEXT    NOT NULL CHECK (grain IN ('day', 'month', 'year', 'all', 'pool')),
    -- The period's first day; 0 for all and pool.
    start_on INTEGER NOT NULL,
    videos   INTEGER NOT NULL,
    views    INTEGER NOT NULL,
    likes    INTEGER NOT NULL,
    comments INTEGER NOT NULL,
    shares   INTEGER NOT NULL,
    PRIMARY KEY (grain, start_on)
) STRICT, WITHOUT ROWID;
