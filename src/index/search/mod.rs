//! From an upload's hashes to candidates.
//!
//! ```text
//! take the strongest keypoints of each keyframe
//! for each segment:                                 `words`, `lookup`
//!     sort all words that the upload asks for       a sweep through the file instead of jumps: page walks
//!     for each batch of words:                        cost more than the misses themselves
//!         prefetch the offsets                      three passes, so that the cache misses of a batch
//!         read the offsets, prefetch the postings     overlap: one look-up at a time would wait for memory twice
//!         scan the postings; near ones are hits
//!     find the row of each hit; drop hits of removed rows
//! sort the hits by keypoint
//! count the distinct groups of each keypoint's hits   `votes`
//! each hit votes for its row: rarity of the keypoint × nearness of the hash,
//!     once per keypoint, capped per second of the upload
//! the same for frames, capped in total
//! refine the rows with most votes, few of one group   `diversity`, `refine`
//! return the best, unless better ones explain their hits
//! ```
//!
//! Nothing is allocated per look-up: [`Scratch`](scratch::Scratch) is reused from search to search, and [`SearchContext`](query::SearchContext) is what every
//! step reads.

mod found;
mod parts;

mod query;

mod hit;
mod words;

mod lookup;
mod votes;

mod diversity;

mod refine;

mod scratch;

mod snapshot;

pub use found::{Candidate, Found, FrameHit, KeypointHit, Work};
pub(crate) use parts::{Removed, SnapshotPart, SnapshotParts};
pub use query::SearchOptions;
pub(crate) use scratch::ScratchPool;
pub use snapshot::Snapshot;
