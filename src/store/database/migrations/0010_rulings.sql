-- Rulings bind to what was ruled on: the spans, placement and evidence of the match, and dense samples within them.

-- Spans and evidence of the match that was ruled on, as in `upload_matches.detail`, plain: numbers only. NULL where the
-- ruling holds for the same bytes only.
ALTER TABLE ruled_out ADD COLUMN extent TEXT;
-- What `content` is (keyed frame hashes): 1: twelve frames of the whole upload; 2: samples within the spans.
ALTER TABLE ruled_out ADD COLUMN format INTEGER NOT NULL DEFAULT 1;

-- Rulings from before take the spans of their case where these are still recorded. The others hold for the same bytes,
-- and their frames go.
UPDATE ruled_out SET extent = (
    SELECT m.detail FROM tombstones t
    JOIN upload_matches m ON m.tombstone = t.id
    JOIN uploads u ON u.seq = m.upload
    WHERE t.slot = ruled_out.slot AND u.digest = ruled_out.digest AND m.verdict <> 'allow'
    ORDER BY u.seq LIMIT 1
) WHERE content IS NOT NULL;
UPDATE ruled_out SET content = NULL WHERE extent IS NULL;

-- Of uploads in cases, twelve frames were kept; a decision makes the samples from their bytes.
UPDATE case_members SET content = NULL WHERE content IS NOT NULL;

-- Stretches of a deleted video that a moderator ruled to be a template, or not its owner's: common for all uploads, and no
-- ground to block. Plain: seconds, who, when. A stretch that was undone stays as a record until the tombstone goes.
CREATE TABLE template_stretches (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    id        BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    slot      INTEGER NOT NULL REFERENCES tombstones (slot) ON DELETE CASCADE,
    start_s   REAL    NOT NULL CHECK (start_s >= 0),
    end_s     REAL    NOT NULL CHECK (end_s > start_s),
    -- `template`: many videos have it. `not_owners`: it belongs to another person.
    ground    TEXT    NOT NULL CHECK (ground IN ('template', 'not_owners')),
    by        TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    undone_by TEXT,
    undone_at INTEGER,
    CHECK ((undone_by IS NULL) = (undone_at IS NULL))
) STRICT;

CREATE INDEX template_stretches_by_slot ON template_stretches (slot, seq);
