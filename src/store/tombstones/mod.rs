//! Tombstones: each with its fingerprint, its relations to others, the log of additions and removals, grants to
//! uploaders, and rulings.
//!
//! Flow: adding a tombstone writes its row, its fingerprint, its relations and an entry of the change log in one
//! transaction; the index catches up from the log. Removing one erases the first three, with the grants and rulings that
//! belong to it, and leaves the log's entry, which holds numbers only.
//!
//! Invariants: a slot is never used twice; every tombstone has exactly one fingerprint and is in the log as added.

mod changes;
pub(super) mod claims;
mod fingerprints;
pub(super) mod grants;
mod relations;
pub(super) mod ruled_out;
mod template_stretches;
mod tombstone;

pub use changes::{Change, ChangeKind};
pub use claims::{Claim, NewClaim, NewPrecedence, PostingRecord, UploadClaim};
pub use fingerprints::StoredFingerprint;
pub use grants::Grant;
pub use relations::{NewRelation, Older, Relation};
pub use ruled_out::{NewRuledOut, RuledOut, RuledPictures, RulingFormat};
pub use tombstone::{NewTombstone, Stats, Tombstone, TombstoneEnd};
