//! Where and when: from near pairs of keypoints to placements and time maps.
//!
//! ```text
//! hits        all near pairs of patch hashes
//! placed_hit  each with its place, scale, turn and times
//! consensus   the placement and time map that most of them agree on, repeatedly
//! polish      the placement fitted again, once the time map is known
//! ```
//!
//! Nothing here decides whether an alignment is a re-upload: chance aligns, too, and so does a shared watermark.
//! `evidence` decides that.

// In order of dependency: each file uses only those above it.
pub mod geometry;
pub mod time_map;

pub mod keypoint_grid;

pub mod hits;

pub mod placed_hit;

pub mod consensus;

pub mod polish;
