//! Who posted a stretch of video first, as far as records tell.

use serde::{Deserialize, Serialize};

/// What records say about who posted the part of a deleted video that an upload shows. *Earlier* means surely earlier.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Precedence {
    /// Share of what is shown that an earlier record of the uploader's shows as well, 0..1.
    pub own_share: f64,
    /// Identified posters before the tombstone's video, neither its owner nor permitted by the owner, of what is shown.
    pub earlier_posters: u32,
    /// The deletion asserted that its owner is the author.
    pub original: bool,
    /// Seconds by which the records that were searched when the tombstone was made reach back before its video was
    /// posted; negative if they do not reach back that far. `None` if either is unknown.
    pub horizon_s: Option<i64>,
}
