-- What stays of deleted videos, and the log from which the derived index catches up.

-- AUTOINCREMENT: a slot is never given twice, so that an index which has not yet heard of a removal
-- cannot take the next tombstone for the removed one.
CREATE TABLE tombstones (
    slot             INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT    NOT NULL UNIQUE,
    owner            BLOB    CHECK (owner IS NULL OR length(owner) = 16),
    voice            INTEGER NOT NULL CHECK (voice BETWEEN 0 AND 4294967295),
    created_at       INTEGER NOT NULL,
    bytes_digest     BLOB    CHECK (bytes_digest IS NULL OR length(bytes_digest) = 32),
    key_id           BLOB    NOT NULL CHECK (length(key_id) = 8),
    strength         TEXT    NOT NULL CHECK (strength IN ('block', 'review', 'unmatchable')),
    strength_why     TEXT    NOT NULL,
    duration_s       REAL    NOT NULL,
    fingerprint_size INTEGER NOT NULL
) STRICT;

CREATE INDEX tombstones_by_digest ON tombstones (bytes_digest) WHERE bytes_digest IS NOT NULL;

-- Apart from `tombstones`, so that listings and look-ups do not drag kilobytes a row through the cache.
CREATE TABLE fingerprints (
    slot  INTEGER PRIMARY KEY REFERENCES tombstones (slot) ON DELETE CASCADE,
    bytes BLOB NOT NULL
) STRICT;

-- Holds numbers only: what a removed tombstone was is gone with its row.
CREATE TABLE changes (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    slot INTEGER NOT NULL,
    kind TEXT    NOT NULL CHECK (kind IN ('added', 'removed'))
) STRICT;
