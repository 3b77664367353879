//! Tombstones: made of deleted videos, kept in store and index, granted to uploaders, retired or expired.

mod enrol;
mod grants;
mod group_commit;
mod retire;

pub use enrol::{Enrolled, Enrolment};
pub(in crate::engine) use enrol::{Naming, Ready, first_voice};
pub(in crate::engine) use group_commit::TombstoneCommit;
pub(in crate::engine) use retire::check_note;
