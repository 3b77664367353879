-- What two deleted videos have in common, written when the newer tombstone is made: the video is gone afterwards.
CREATE TABLE relations (
    newer        INTEGER NOT NULL REFERENCES tombstones (slot) ON DELETE CASCADE,
    older        INTEGER NOT NULL REFERENCES tombstones (slot) ON DELETE CASCADE,
    -- The version of the fingerprints that were compared.
    version      INTEGER NOT NULL,
    score        REAL    NOT NULL,
    -- Share of either video that both show, and which parts of it (model: Extent).
    newer_share  REAL    NOT NULL,
    older_share  REAL    NOT NULL,
    newer_extent BLOB    NOT NULL,
    older_extent BLOB    NOT NULL,
    PRIMARY KEY (newer, older)
) STRICT, WITHOUT ROWID;

CREATE INDEX relations_by_older ON relations (older);

-- Who posted it, and when, as far as the platform knows: the earliest and the latest time, seconds. A known time is both,
-- a known day its two ends; unknown is NULL.
ALTER TABLE tombstones ADD COLUMN uploaded_from INTEGER;
ALTER TABLE tombstones ADD COLUMN uploaded_to INTEGER;
-- Whether the deletion asserted that its owner is the author.
ALTER TABLE tombstones ADD COLUMN original INTEGER NOT NULL DEFAULT 0 CHECK (original IN (0, 1));

-- The tombstones of nearly one content.
ALTER TABLE tombstones RENAME COLUMN voice TO content_group;
CREATE INDEX tombstones_by_content_group ON tombstones (content_group);
