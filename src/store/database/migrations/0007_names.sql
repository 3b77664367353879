-- Columns get the names of the code. No row is rewritten but for one word of a decision's grounds.

-- What the platform said with an upload or a deletion, sealed.
ALTER TABLE uploads RENAME COLUMN words TO client_data;
DROP INDEX uploads_with_words;
CREATE INDEX uploads_with_client_data ON uploads (decided_at) WHERE client_data IS NOT NULL AND state = 'decided';
ALTER TABLE deletion_words RENAME TO deletion_client_data;

-- Where the owner's permission is on record.
ALTER TABLE case_decisions RENAME COLUMN leave TO permission;
UPDATE case_decisions SET grounds = 'owner_permission' WHERE grounds = 'owners_leave';

-- Seconds on a time line that no clock setting moves (model: MonotonicSeconds).
ALTER TABLE cases RENAME COLUMN claim_steady TO claim_until_monotonic;
ALTER TABLE cases RENAME COLUMN settle_steady TO settle_at_monotonic;
ALTER TABLE case_decisions RENAME COLUMN undo_steady TO undo_until_monotonic;

-- The uploader's statement, sealed.
ALTER TABLE cases RENAME COLUMN appeal TO appeal_statement;

-- Whether an operator asked for an immediate attempt.
ALTER TABLE deletions RENAME COLUMN nudged TO retry_requested;

-- The receipt with keyed digests, which stays.
ALTER TABLE receipts RENAME COLUMN kept TO keyed;

-- Topics, as the API calls them.
ALTER TABLE subscriptions RENAME COLUMN events TO topics;
ALTER TABLE events RENAME COLUMN kind TO topic;
