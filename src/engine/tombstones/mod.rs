//! Tombstones: made of deleted videos, kept in store and index, granted to uploaders, retired or expired.

pub mod enrol;
pub mod grants;
pub mod group_commit;
pub mod retire;
