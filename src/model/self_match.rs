//! What a poor re-encode of a deleted video amounts to against the video's own tombstone.

/// Measured when a tombstone is made, and recorded with it: what the tombstone can promise follows from it, under the
/// thresholds and the number of tombstones of the day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelfMatch {
    /// Evidence, nats; 0 if there is none.
    pub nats: f64,
    /// Distinct pictures that support it.
    pub supports: u32,
}
