-- Who posted a video first: what deletions and uploads say, and what was found when a tombstone was made.

-- Whether the deletion named a time of posting that was that of the deletion itself, and so counts as unknown.
ALTER TABLE tombstones ADD COLUMN uploaded_doubtful INTEGER NOT NULL DEFAULT 0
    CHECK (uploaded_doubtful IN (0, 1));
-- Seconds by which the prints that were searched when the tombstone was made reach back before its video was posted.
ALTER TABLE tombstones ADD COLUMN horizon_s INTEGER;

-- As requested, until the tombstone has them.
ALTER TABLE deletions ADD COLUMN uploaded_from INTEGER;
ALTER TABLE deletions ADD COLUMN uploaded_to INTEGER;
ALTER TABLE deletions ADD COLUMN original INTEGER NOT NULL DEFAULT 0 CHECK (original IN (0, 1));

-- Who else posted a part of a deleted video, and when. Erased with the tombstone.
CREATE TABLE claims (
    slot        INTEGER NOT NULL REFERENCES tombstones (slot) ON DELETE CASCADE,
    -- Keyed id of the poster.
    poster      BLOB    NOT NULL CHECK (length(poster) = 16),
    -- Earliest and latest time, seconds; NULL: any time before.
    posted_from INTEGER,
    posted_to   INTEGER NOT NULL,
    -- The part of the deleted video (model: Extent).
    extent      BLOB    NOT NULL,
    -- The upload that would make the claim if it were accepted; NULL once the claim holds.
    pending     INTEGER REFERENCES uploads (seq) ON DELETE CASCADE
) STRICT;

CREATE INDEX claims_by_slot ON claims (slot);
CREATE INDEX claims_pending ON claims (pending) WHERE pending IS NOT NULL;

-- Fingerprints of uploads that were accepted, or that a moderator may still accept. The uploader is a keyed id.
CREATE TABLE upload_prints (
    slot        INTEGER PRIMARY KEY AUTOINCREMENT,
    upload      INTEGER NOT NULL UNIQUE REFERENCES uploads (seq) ON DELETE CASCADE,
    uploader    BLOB    NOT NULL CHECK (length(uploader) = 16),
    -- Earliest and latest time of posting, seconds.
    posted_from INTEGER NOT NULL,
    posted_to   INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    is_accepted INTEGER NOT NULL CHECK (is_accepted IN (0, 1)),
    bytes       BLOB    NOT NULL
) STRICT;

CREATE INDEX upload_prints_by_age ON upload_prints (created_at);

-- The log from which the index of prints catches up. Numbers only, like `changes`.
CREATE TABLE print_changes (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    slot INTEGER NOT NULL,
    kind TEXT    NOT NULL CHECK (kind IN ('added', 'removed'))
) STRICT;

CREATE TRIGGER print_is_added AFTER INSERT ON upload_prints WHEN NEW.is_accepted
BEGIN INSERT INTO print_changes (slot, kind) VALUES (NEW.slot, 'added'); END;

CREATE TRIGGER print_is_accepted AFTER UPDATE OF is_accepted ON upload_prints
    WHEN NEW.is_accepted AND NOT OLD.is_accepted
BEGIN INSERT INTO print_changes (slot, kind) VALUES (NEW.slot, 'added'); END;

CREATE TRIGGER print_is_removed AFTER DELETE ON upload_prints WHEN OLD.is_accepted
BEGIN INSERT INTO print_changes (slot, kind) VALUES (OLD.slot, 'removed'); END;
