-- What a poor re-encode of the deleted video amounts to against the tombstone, measured when it was made: evidence in
-- nats, and the pictures that support it. Plain. NULL for older tombstones and for those without a fingerprint, whose
-- strength is the recorded one.
ALTER TABLE tombstones ADD COLUMN strength_nats REAL;
ALTER TABLE tombstones ADD COLUMN strength_supports INTEGER;
