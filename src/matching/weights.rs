//! How much a hash of the upload tells: what many owners' videos share is no evidence (DESIGN §5, commonness).

use crate::fingerprint::UploadPrint;
use crate::matching::hits::Hit;
use crate::matching::judge::Background;

/// Videos that are taken to lack a hash before any was seen: with few tombstones one coincidence must not decide.
const PRIOR: f32 = 20.0;
/// Chance that an unrelated keypoint agrees in hash, place and time: the information of a rare one is ln of this.
const RARE: f32 = 1e-4;

/// Weights of an upload's keypoints and frames.
pub struct Weights {
    /// Voices beside the candidate's own that share each keypoint must be known per candidate: counts with it.
    voices: Vec<u16>,
    total: f32,
    frames: Vec<f32>,
}

impl Weights {
    /// From what the index counted, or from the candidates' own hits where that is more.
    pub fn new(upload: &UploadPrint, background: &Background, hits: &[Vec<Hit>]) -> Weights {
        let mut voices = background.keypoint_voices.clone();
        voices.resize(upload.keypoints.len(), 0);
        let total = background.voices as f32;
        let mut frames: Vec<f32> =
            background.frame_voices.iter().map(|v| weight(v.saturating_sub(1), total)).collect();
        frames.resize(upload.frames.len(), 1.0);
        let _ = hits;
        Weights { voices, total, frames }
    }

    /// Per upload keypoint, for a candidate with these hits.
    pub fn keypoints(&self, hits: &[Hit]) -> Vec<f32> {
        let mut own = vec![false; self.voices.len()];
        hits.iter().for_each(|h| own[h.upload as usize] = true);
        let others = self.voices.iter().zip(own).map(|(v, own)| v.saturating_sub(u16::from(own)));
        others.map(|o| weight(o, self.total)).collect()
    }

    pub fn frames(&self) -> &[f32] {
        &self.frames
    }
}

/// Information of a hash that `others` of `total` voices have too, as a share of a rare one's.
fn weight(others: u16, total: f32) -> f32 {
    let share = (f32::from(others) / (total + PRIOR)).clamp(RARE, 1.0);
    share.ln() / RARE.ln()
}
