//! Tombstones: create them from deleted videos, grant permission to re-upload, retire or expire them.
//!
//! ```text
//! file → decode → relations to older ones → earlier posters        enrol, relations, earlier
//! poor re-encode of it → judged → what the tombstone promises       strength
//! → store (one transaction per batch) → index                       group_commit
//! retired by a person, or expired by the settings → store → index          retire
//! ```
//!
//! - The store is written first and decides. If the index falls behind, it catches up from the store's change log.
//! - An erased tombstone never matches again, even while its rows are still in the index.
//! - Enrolling an id twice creates one tombstone.

mod earlier;
mod enrol;
mod grants;
mod group_commit;
mod relations;
mod retire;
mod strength;
mod stretches;

pub use earlier::EarlierPoster;
pub use enrol::{Enrolled, Enrolment};
pub(in crate::engine) use enrol::{Naming, Ready, invalid_time, own_group};
pub(in crate::engine) use group_commit::TombstoneCommit;
pub(in crate::engine) use retire::check_note;
pub use stretches::NewStretch;
