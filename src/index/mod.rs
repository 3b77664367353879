//! The tombstones' hashes under words: which tombstones does an upload hit, out of millions, in milliseconds.
//!
//! Flow: `writer` takes fingerprints (`Index::apply`), `keys` says what is filed of them and under which
//! words, `build` makes a `segment` of it, `manifest` commits. A reader takes a `Snapshot` and asks `search`,
//! which lets hits vote (`votes`), checks that they agree (`refine`) and returns `Found`. `merge` folds small
//! segments into large ones, `rebuild` makes the whole index from the store.
//!
//! The index is derived: the store is the record of truth. Everything here may be deleted and rebuilt; the
//! number `applied` says up to where in the store's change log the index reaches, so that the engine can
//! catch up after a crash.
//!
//! # Format
//!
//! A folder with `manifest` (see `manifest`), `segment-<id>.seg` (see `layout`), `lock` (empty), and while
//! something is being written files that end in `.tmp`. Segments never change; a removal is a bit in the
//! manifest. All numbers are little-endian.
//!
//! # Locking
//!
//! One process opens an index for writing and holds an advisory lock on `lock` as long; any number open it
//! for reading without one. Inside a process `Index` is shared between threads: one apply at a time, one merge
//! at a time, and an apply need not wait for a merge. Searches take no lock: they hold a `Snapshot`. A process
//! that only reads calls `refresh` to see later commits; it costs one `stat` when there is none.
//!
//! # Crashes
//!
//! The commit point is the renaming of the manifest (`Manifest::commit`), after the new segment was synced.
//! Killed at any moment, the folder holds the old state or the new one; what `apply` has returned for is
//! there. Files that no manifest names are removed by the next opening for writing. Every 64 KiB block has a
//! checksum, checked on first use and, all of them, by `verify`; a damaged block is an error, never a
//! silently poorer answer. Files that replaced segments leave behind go when their last reader does.
//!
//! # Compatibility
//!
//! Segments and manifest carry a version. Older ones are read for ever (`tests/index_format.rs` keeps one of
//! each); newer ones are refused with the advice to upgrade or to rebuild.

mod build;
mod bytes;
mod error;
mod files;
mod found;
mod kernel;
mod keys;
mod layout;
mod manifest;
mod merge;
mod options;
mod rebuild;
mod refine;
mod search;
mod segment;
mod snapshot;
mod votes;
mod writer;

pub use error::Error;
pub use found::{Candidate, Found, FrameHit, KeypointHit, Work};
pub use merge::MergeReport;
pub use options::{Faults, Options};
pub use rebuild::OwnedEntry;
pub use search::SearchOptions;
pub use snapshot::Snapshot;
pub use writer::{Entry, Index, Report, Stats};
