//! How an index changes: one writer, one commit point.
//!
//! | file | job |
//! |---|---|
//! | `manifest` | which segments make up the index; the commit point |
//! | `folder` | the files around it: lock, strays, and how a reader notices a commit |
//! | `index` | the handle: open, apply, refresh, verify |
//! | `merge` | folds small segments into large ones |
//! | `rebuild` | the whole index from scratch |

mod manifest;

mod folder;

mod index;

mod merge;
mod rebuild;

pub use index::{Index, Stats, TombstoneEntry, VerificationReport};
pub use merge::MergeReport;
pub use rebuild::OwnedTombstoneEntry;
