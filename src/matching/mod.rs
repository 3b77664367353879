//! Matching: does this upload show that deleted video, and where, when and how surely? No I/O, no clock.
//!
//! # The question
//!
//! Given are the *print* of an upload and the *fingerprints* of some candidates that the index found. Both hold
//! *keypoints* (places in a keyframe, with scale, angle, the time for which they are seen, and a 64-bit keyed hash of the
//! patch around them) and *frames* (256-bit keyed hashes of nine regions of the picture). A fingerprint has 24 keypoints
//! every 2 s and two frames a second, a print up to 400 keypoints a second and four frames, with a small picture of
//! each. Hashes of the same thing differ in a few bits; hashes of different things in about half.
//!
//! Asked for is, of each candidate that has any standing, a [`Judged`]: a score, the spans of time in both videos,
//! the placement of the deleted picture in the upload's, and what speaks for it.
//!
//! # The method
//!
//! A re-upload may be cropped, scaled, turned, stretched, mirrored, a negative, faster, backwards, cut, captioned, shown
//! in a corner, or among other videos. All of these keep one thing: where it is shown, one *placement* (an affine map)
//! and one *time map* (a speed and an offset) hold for everything at once. So the method is hypothesis and test:
//!
//! ```text
//! for each candidate:                                                          see
//!     hits        all pairs of keypoints with near hashes                      align::hits
//!     alignments  the placements and time maps that many hits agree on         align::consensus, align::time_map
//! note which owners' tombstones align where: what many have is common          evidence::commonness
//! for each candidate, each alignment:
//!     fit         place and time made exact                                    evidence::fitted, align::polish
//!     span        from when to when it holds                                   evidence::spans
//!     coverage    all keypoints that ought to be visible: found or not?        evidence::coverage
//!     frames      whole frames, drawn out of the place: same or not?           evidence::placed_frames
//! frames without a placement, where keypoints found nothing                    evidence::unplaced_frames
//! evidence    the sum, less the cost of an odd placement                       evidence::score, evidence::prior
//! score       the evidence against what unrelated videos reach                 evidence::score, evidence::null
//! ```
//!
//! Keypoints *propose* and coverage *decides*. A few hits that agree prove little: chance supplies some in every large index,
//! and so does a shared watermark. What tells them from a re-upload is everything else that the hypothesis predicts.
//!
//! # The measure
//!
//! Every step says what it has to say in *nats*, ln of a likelihood ratio between a re-upload and chance, so that the steps
//! can be added and each can be measured by itself. Their independence is a fiction, so the sum is not taken at
//! its word: the score is read off the sums that unrelated videos were measured to reach ([a contrario](evidence::score)).
//! It is −log10 of the number of equally good chance matches expected for one upload in an index of the given size: 8
//! means one false match in 10^8 uploads.
//!
//! # Where the numbers come from
//!
//! Each threshold has a name at the top of its file, and its comment says *measured*, with how, or *tuned*: set by trying
//! values on the benchmark's clips, with no more meaning than that the neighbouring values did no better. The tables of
//! likelihoods are in [`evidence::likelihood`], the distribution of chance in [`evidence::null`]. A change of any number
//! changes the golden values of this room's tests, which are written anew by
//! `CENOTAPH_BLESS=1 cargo test --lib matching::tests::golden`.
//!
//! # The rooms inside
//!
//! [`align`], [`evidence`] and [`judge`](mod@judge), in this order: each uses only those before it, and the files of each
//! are listed in their order, too. Spans and points are typed by their video ([`UploadSpan`](crate::model::UploadSpan),
//! [`DeletedSpan`](crate::model::DeletedSpan), [`UploadPoint`](align::geometry::UploadPoint),
//! [`DeletedPoint`](align::geometry::DeletedPoint)); only a time map or a placement leads from one to the other.

mod align;

mod evidence;

mod judge;

#[cfg(test)]
mod tests;

pub use align::hits::IndexHits;
pub use evidence::score::Measured;
pub use judge::candidate::{Background, Candidate, Options};
pub use judge::judged::{Judged, Thresholds};
pub use judge::judgement::judge;
pub use judge::strength::strength;
