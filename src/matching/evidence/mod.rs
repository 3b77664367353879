//! Whether it is a re-upload: the evidence of every step, in nats, and the score of their sum.
//!
//! A *nat* is a natural logarithm of a likelihood ratio: 1 nat makes a re-upload e times likelier, 0 is no evidence,
//! and what is negative speaks for chance. Nats of independent observations add up.
//!
//! ```text
//! likelihood       one near pair of hashes
//! cards            less on a flat ground
//! prior            the cost of an odd placement or speed
//! frames           one pair of frames, and all pairs on a time map
//! stretch, frame_matrix             the best line through all pairs of frames
//! passing          which keypoints of a deleted video are not its ground
//! slides           videos in which nothing passes
//! sample_grid, placed_frames        frames under a placement
//! unplaced_frames  frames without one
//! spans            from when to when an alignment holds
//! lookalikes, coverage              all keypoints that ought to be visible
//! null, score      the sum, against what chance reaches
//! fitted           an alignment put where the evidence is greatest
//! moving           whether anything agrees that is not the ground
//! visual_weight    how much there is to see in each part of a video
//! shown            which parts of both videos show the same
//! ```

// In order of dependency: each file uses only those above it, and `align`.
pub mod likelihood;

pub mod cards;

pub mod prior;

pub mod frames;

pub mod stretch;

pub mod frame_matrix;

pub mod sample_grid;

pub mod passing;

pub mod slides;

pub mod placed_frames;

pub mod unplaced_frames;

pub mod spans;

pub mod lookalikes;

pub mod coverage;

pub mod null;

pub mod score;

pub mod fitted;

pub mod moving;

pub mod visual_weight;

pub mod shown;
