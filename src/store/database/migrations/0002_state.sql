-- Named values of other rooms that must survive with the tombstones (the commonness sketch, for one).
CREATE TABLE state (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
