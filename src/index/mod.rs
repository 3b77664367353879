//! An inverted index of hashes: which of millions of tombstones does an upload hit, in milliseconds?
//!
//! # Method
//!
//! A text index files documents under their words. This one files tombstones under the *words* of their hashes: a word
//! is a few bits of a hash, as many as make a list of about four. Two hashes that are near each other often agree in a
//! word, so looking up one finds the other. Each step narrows what the next one has to read:
//!
//! 1. **Words.** Every hash is filed under several words, each taken from other bits, so that a few flipped bits spoil
//!    one word but rarely all (locality-sensitive hashing by bit sampling: Indyk and Motwani, STOC 1998).
//!    Module `segment::keys` defines the words.
//! 2. **Postings.** A word leads to a list of *postings*: the ordinal of the keypoint or frame, and 32 *check bits* of
//!    the hash that are not in the word. An XOR and a population count decide whether a posting is near, without
//!    touching the hash itself (`kernel`). Long lists are sampled.
//! 3. **Probes.** For the strongest keypoints of an upload, words with one uncertain bit flipped are looked up, too
//!    (query-directed multi-probe LSH: Lv et al., VLDB 2007).
//! 4. **Votes.** Every near posting is a hit, and votes for its tombstone: rarity of the upload's keypoint × nearness of
//!    the hash. Rarity is an inverse document frequency in which near-duplicates of one video (a *content group*) count once.
//!    Votes are capped per second of the upload (`search::votes`).
//! 5. **Refinement.** Of the tombstones with most votes, only hits that agree in rotation, scale and time count
//!    (weak geometric consistency: Jégou, Douze and Schmid, ECCV 2008). The best become candidates
//!    (`search::refine`), which `matching` aligns.
//!
//! # Rooms, in order
//!
//! Each uses only those before it.
//!
//! | room | job |
//! |---|---|
//! | `error`, `options` | failures by what the caller does next; settings |
//! | `segment` | an immutable file of postings: format, building, reading |
//! | `kernel` | the scan of a list of postings, with and without processor features |
//! | `search` | the snapshot that a reader holds, and steps 2 to 5 on it |
//! | `writer` | how the index changes: [`Index::apply`], the manifest, merges, rebuilds |
//!
//! The index is derived: the store is the record of truth, and everything here may be deleted and rebuilt. The number
//! `applied` is the sequence number in the store's change log up to which the index reaches, so that `engine` can
//! catch up after a crash.
//!
//! # Format
//!
//! A folder with `manifest` (byte by byte in `writer::manifest`), `segment-<id>.seg` (in `segment::layout`), `lock`
//! (empty) and, while something is being written, files that end in `.tmp`. A segment never changes after it was
//! written: a removal is a bit in the manifest. All numbers are little-endian.
//!
//! # Locking
//!
//! One process at a time opens an index for writing; it holds an advisory lock on `lock` until it closes the index. Any
//! number of processes open it for reading, without a lock. Inside a process, threads share one [`Index`]: one apply at a
//! time, one merge at a time, and an apply does not wait for a merge. Searches take no lock: they hold a [`Snapshot`]. A
//! process that only reads calls [`Index::refresh`] to see later commits, which costs one `stat` when there is none.
//!
//! # Crashes
//!
//! The commit point is the rename of the manifest (`Manifest::commit`), after the new segment was synced. Whenever the
//! process is killed, the folder holds the old state or the new one, and every apply that returned is durable. The next
//! opening for writing removes files that no manifest names. Every block of 64 KiB has a checksum, which is verified on
//! first use, and for all blocks by [`Index::verify`]. A damaged block is an error, never a silently poorer answer. The
//! files of segments that were merged away are deleted when their last reader drops its snapshot.
//!
//! # Compatibility
//!
//! Segments and manifest carry a version. Every older version stays readable
//! (`tests/integration/index_format.rs` opens an index of each). A newer one is refused, with the advice to upgrade or
//! to rebuild.

mod error;
mod options;

mod segment;

mod kernel;

mod search;

mod writer;

pub use error::Error;
pub use options::{Faults, Options};
pub use search::{Candidate, Found, FrameHit, KeypointHit, SearchOptions, Snapshot, Work};
pub use writer::{
    Index, MergeReport, OwnedTombstoneEntry, Stats, TombstoneEntry, VerificationReport,
};
