-- Cases: uploads put before moderators, near-identical ones together, and what was decided.
--
-- Times named `…_steady` are on a time line that nobody can set (engine: cases); all others are the clock's.

CREATE TABLE cases (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    state         TEXT    NOT NULL CHECK (state IN ('open', 'escalated', 'decided', 'closed')),
    -- Rises with whatever a decision must not overlook.
    version       INTEGER NOT NULL DEFAULT 1,
    -- Of the first upload: verdict and reason, its best match, and what kind of match that is.
    upload        INTEGER NOT NULL,
    verdict       TEXT    NOT NULL CHECK (verdict IN ('allow', 'review', 'block')),
    reason        TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    tombstone     TEXT    NOT NULL DEFAULT '',
    score         REAL    NOT NULL,
    members       INTEGER NOT NULL,
    opened_at     INTEGER NOT NULL,
    due_at        INTEGER,
    assigned_to   TEXT,
    claimed_by    TEXT,
    claim_steady  INTEGER,
    -- Whether two moderators decide it, blind, and who was the first.
    twice         INTEGER NOT NULL CHECK (twice IN (0, 1)),
    first_by      TEXT,
    -- When the decision takes effect.
    settle_steady INTEGER,
    closed_at     INTEGER,
    -- The uploader's appeal, and what they said, sealed.
    appealed_at   INTEGER,
    appeal        BLOB,
    -- The case that this upload was taken out of when its uploader appealed.
    parted_from   BLOB    CHECK (parted_from IS NULL OR length(parted_from) = 16),
    CHECK ((claimed_by IS NULL) = (claim_steady IS NULL)),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
) STRICT;

-- Queues: a state at a time, in the order of a page. What is filtered by stands in the index too, so that a filter that
-- finds little reads the index and few rows.
CREATE INDEX cases_by_score ON cases (state, score DESC, seq, kind, verdict, members, opened_at, tombstone);
CREATE INDEX cases_by_age ON cases (state, opened_at, seq, kind, verdict, members, tombstone);
CREATE INDEX cases_by_due ON cases (state, due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX cases_assigned ON cases (assigned_to) WHERE assigned_to IS NOT NULL;
CREATE INDEX cases_claimed ON cases (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX cases_to_settle ON cases (settle_steady) WHERE settle_steady IS NOT NULL;
CREATE INDEX cases_appealed ON cases (state) WHERE appealed_at IS NOT NULL;
CREATE INDEX cases_closed ON cases (closed_at) WHERE closed_at IS NOT NULL;

-- Which uploads a case is about. `content` is what its content is known by (engine: ruled_out); it goes with the
-- upload's bytes.
CREATE TABLE case_members (
    upload     INTEGER PRIMARY KEY REFERENCES uploads (seq) ON DELETE CASCADE,
    case_seq   INTEGER NOT NULL REFERENCES cases (seq) ON DELETE CASCADE,
    joined_at  INTEGER NOT NULL,
    uploader   BLOB    CHECK (uploader IS NULL OR length(uploader) = 16),
    content    BLOB
) STRICT;

CREATE INDEX case_members_by_case ON case_members (case_seq, upload);
CREATE INDEX case_members_by_uploader ON case_members (uploader, upload) WHERE uploader IS NOT NULL;

-- What the first upload of a case looks like, while others can join: the only place where perceptual hashes of uploads
-- are, and not for longer.
CREATE TABLE case_likenesses (
    case_seq     INTEGER PRIMARY KEY REFERENCES cases (seq) ON DELETE CASCADE,
    tombstone    TEXT    NOT NULL,
    join_until   INTEGER NOT NULL,
    digest       BLOB    CHECK (digest IS NULL OR length(digest) = 32),
    likeness     BLOB
) STRICT;

CREATE INDEX case_likenesses_by_tombstone ON case_likenesses (tombstone, case_seq);
CREATE INDEX case_likenesses_by_age ON case_likenesses (join_until);

-- Where upload and deleted video agree in time, to be drawn; goes with the upload's bytes.
CREATE TABLE case_plots (
    upload INTEGER NOT NULL REFERENCES uploads (seq) ON DELETE CASCADE,
    rank   INTEGER NOT NULL,
    plot   BLOB    NOT NULL,
    PRIMARY KEY (upload, rank)
) STRICT, WITHOUT ROWID;

CREATE TABLE case_decisions (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    case_seq    INTEGER NOT NULL REFERENCES cases (seq) ON DELETE CASCADE,
    turn        TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    grounds     TEXT    NOT NULL,
    note        TEXT,
    -- Where the owner's leave is on record, when a standing grant is to come of it.
    leave       TEXT,
    at          INTEGER NOT NULL,
    undo_steady INTEGER NOT NULL,
    undone_at   INTEGER
) STRICT;

CREATE INDEX case_decisions_by_case ON case_decisions (case_seq, seq);
CREATE INDEX case_decisions_by_age ON case_decisions (at);

-- What happened to a case, for people.
CREATE TABLE case_events (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    case_seq INTEGER NOT NULL REFERENCES cases (seq) ON DELETE CASCADE,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    note     TEXT
) STRICT;

CREATE INDEX case_events_by_case ON case_events (case_seq, seq);

-- Content that a moderator ruled is not a tombstone's video: by its bytes' digest, and by keyed frame hashes.
CREATE TABLE ruled_out (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    slot    INTEGER NOT NULL REFERENCES tombstones (slot) ON DELETE CASCADE,
    digest  BLOB    NOT NULL CHECK (length(digest) = 32),
    content BLOB,
    at      INTEGER NOT NULL,
    UNIQUE (slot, digest)
) STRICT;

CREATE INDEX ruled_out_by_slot ON ruled_out (slot, seq);
