//! Moments of an upload and a deleted video that agree, for people to look at.

/// A moment of the upload that agrees with one of the deleted video.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    pub upload_s: f32,
    pub deleted_s: f32,
    /// Its evidence, 0..1.
    pub weight: f32,
}

/// All moments that agree.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Agreement {
    /// By keypoints.
    pub keypoints: Vec<Moment>,
    /// By whole frames.
    pub frames: Vec<Moment>,
}
