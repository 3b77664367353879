//! Slide shows and screen recordings: videos in which nothing passes.
//!
//! Where something happens, what passes tells one recording from another (`moving`). A slide show has nothing but
//! pictures that stay, and two people's slides may show the same pictures. What makes a slide show is which picture
//! follows which, and when. So for such a video the changes from one picture to the next are counted, and those that the
//! upload shows at the same moment:
//!
//! ```text
//! changes ← neighbouring frames of the deleted video that differ
//! shown   ← changes of which both frames agree with the upload's within 0.3 s of their place on one time map
//! ```
//!
//! Two changes shown hold a picture of the same length between two others.

use crate::fingerprint::Fingerprint;
use crate::matching::evidence::passing::passes_least;

/// Keypoints that pass in a video in which something happens. Measured: clips of cameras have 23 to 308, slides 0.
const PASSING_MIN: usize = 12;

/// The changes from one picture to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// In the deleted video.
    pub all: u32,
    /// Of those, how many the upload shows at the same moment.
    pub shown: u32,
}

/// Whether nothing passes in a deleted video.
pub fn nothing_passes(deleted: &Fingerprint) -> bool {
    !passes_least(deleted, PASSING_MIN)
}
