//! How much of two videos a match covers.

use serde::{Deserialize, Serialize};

/// How much of the deleted video, and of the upload, a match covers: weighted by what there is to see, so that black
/// counts nothing, what stands still little, and a corner of the picture as much as it shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Share of the deleted video that is shown, 0..1.
    pub deleted: f64,
    /// The same in seconds.
    pub deleted_s: f64,
    /// Of these seconds, those outside what other deleted videos have in common with it: all, if nothing is common.
    pub outside_common_s: f64,
    /// Share of the upload that shows it, 0..1.
    pub upload: f64,
}

impl Share {
    /// Of a file that is the deleted one.
    pub fn whole(duration_s: f64) -> Share {
        Share { deleted: 1.0, deleted_s: duration_s, outside_common_s: duration_s, upload: 1.0 }
    }
}
