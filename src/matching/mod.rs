//! Matching: does this upload show that deleted video? Where, when, and how surely? No I/O, no clock.
//!
//! # The question
//!
//! The input is the *print* of an upload and the *fingerprints* of the candidates that the index named. Both hold
//! *keypoints* and *frames*. A keypoint is a place in a keyframe, with a scale, an angle, the time for which it is
//! seen, and a 64-bit keyed hash of the patch around it. A frame is a 256-bit keyed hash of nine regions of the
//! picture. A fingerprint has 8 to 40 keypoints every two seconds and at most a frame every 0.8 s. A print is denser: up to 400
//! keypoints and four frames a second, and a small picture of every frame. Hashes of the same thing differ in a few
//! bits; hashes of different things in half.
//!
//! The output is one [`Judged`] for each candidate with any standing: a score, the spans of time in both videos, the
//! placement of the deleted picture in the upload's, and the evidence.
//!
//! # The method
//!
//! A re-upload may be cropped, scaled, turned, stretched, mirrored, a negative, faster, backwards, cut, captioned,
//! shown in a corner, or shown among other videos. One thing survives all of that: where it is shown, one *placement*
//! (an affine map) and one *time map* (a speed and an offset) hold for everything at once. So the method is hypothesis
//! and test:
//!
//! ```text
//! for each candidate:                                                          see
//!     hits        all pairs of keypoints with near hashes                      align::hits
//!     alignments  the placements and time maps that many hits agree on         align::consensus, align::time_map
//! for each candidate, each of its alignments:
//!     fit         place and time made exact                                    evidence::fitted, align::polish
//!     span        from when to when it holds                                   evidence::spans
//!     coverage    all keypoints that ought to be visible: found or missing     evidence::coverage
//!     frames      whole frames, drawn out of the place: same or different      evidence::placed_frames
//! for each candidate:
//!     unplaced    whole frames without a placement                             evidence::unplaced_frames
//!     evidence    the sum, less the cost of an odd placement                   evidence::score, evidence::prior
//!     score       the evidence against what unrelated videos reach             evidence::score, evidence::null
//!     share       how much of either video is shown, and how much of it is common   evidence::shown
//! ```
//!
//! Keypoints *propose*, coverage *decides*. A few hits that agree prove little: in a large index chance supplies some,
//! and so does a shared watermark. A re-upload differs from both in everything else that the hypothesis predicts.
//!
//! # The measure
//!
//! Every step states its evidence in *nats*: the natural logarithm of a likelihood ratio between a re-upload and
//! chance. So the steps can be added, and each can be measured by itself. The steps are not independent, so the sum is
//! not taken at its word: the score is read off the sums that unrelated videos were measured to reach
//! ([`evidence::score`]). It is −log10 of the number of equally good chance matches expected for one upload in an
//! index of the given size. 8 means one false match in 10^8 uploads.
//!
//! # The numbers
//!
//! Each threshold has a name at the top of its file, and its comment states the origin. *Measured* names the
//! measurement. *Tuned* means set by trying values on the benchmark's clips, and no more than that. The tables of
//! likelihoods are in [`evidence::likelihood`], the distribution of chance in [`evidence::null`].
//!
//! A change of any number changes the golden values of this room's tests. One command writes them anew; read the
//! difference before committing it:
//!
//! ```text
//! CENOTAPH_BLESS=1 cargo test --lib matching::tests::golden
//! ```
//!
//! # Limits
//!
//! - Several alignments of one candidate are not added up: they overlap too much. The evidence is that of the best one.
//! - A static background agrees in another take of the same place, too. Nothing here asks whether what moves agrees.
//! - Sound is not compared.
//!
//! # The rooms inside
//!
//! [`align`], [`evidence`] and [`judge`](mod@judge), in this order. Each uses only those before it, and each file in
//! them only the files listed before it (`tests/tidy.rs` checks both). Spans and points are typed by their video:
//! [`UploadSpan`](crate::model::UploadSpan) and [`DeletedSpan`](crate::model::DeletedSpan),
//! [`UploadPoint`](align::geometry::UploadPoint) and [`DeletedPoint`](align::geometry::DeletedPoint). Only a time map
//! or a placement leads from one to the other.
//!
//! # Sources
//!
//! Each file names the sources of its step. The main ones:
//!
//! - Philbin, Chum, Isard, Sivic, Zisserman, *Object retrieval with large vocabularies and fast spatial matching*, CVPR
//!   2007: one correspondence proposes a placement.
//! - Chum, Matas, Kittler, *Locally optimized RANSAC*, DAGM 2003: fit and gather in turn.
//! - Douze, Jégou, Schmid, *An image-based approach to video copy detection with spatio-temporal post-filtering*, IEEE
//!   Transactions on Multimedia 2010: votes for a time offset.
//! - Jégou, Douze, Schmid, *On the burstiness of visual elements*, CVPR 2009: patterns.
//! - Desolneux, Moisan, Morel, *Meaningful alignments*, IJCV 2000: the score.

mod align;

mod evidence;

mod judge;

#[cfg(test)]
mod tests;

pub use align::hits::IndexHits;
pub use evidence::moving::Moving;
pub use evidence::score::Measured;
pub use evidence::shown::Shown;
pub use evidence::visual_weight::VisualWeight;
pub use judge::candidate::{Background, Candidate, Options};
pub use judge::judged::{Judged, Thresholds};
pub use judge::judgement::judge;
pub use judge::strength::{match_self, strength};
