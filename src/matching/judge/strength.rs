//! The strength of a tombstone, by the keypoints and frames of its fingerprint.

use crate::fingerprint::{CONTRAST_COMPARED_MIN, Fingerprint};
use crate::model::Strength;

/// Distinct keypoints from which a tombstone can block by them, and below which, without a frame that shows something,
/// it can match nothing. Tuned.
const KEYPOINTS_TO_BLOCK: usize = 16;
const KEYPOINTS_TO_MATCH: usize = 6;
/// Distinct pictures that a tombstone must show to block: keyframes with keypoints, or frames. Tuned.
const PICTURES_TO_BLOCK: usize = 2;

/// The strength of a tombstone, and the reason in plain words.
pub fn strength(fingerprint: &Fingerprint) -> (Strength, String) {
    let contrasty = |quality: u8| quality >= CONTRAST_COMPARED_MIN;
    let telling = fingerprint.frames.iter().filter(|f| contrasty(f.quality)).count();
    let points = fingerprint.keypoints.len();
    if points < KEYPOINTS_TO_MATCH && telling == 0 {
        let why = "no frame of it shows anything: only the same bytes are recognised".to_owned();
        return (Strength::Unmatchable, why);
    }
    let mut starts_ms: Vec<u64> =
        fingerprint.keypoints.iter().map(|k| (k.spot.first_s * 1000.0) as u64).collect();
    starts_ms.dedup();
    if points < KEYPOINTS_TO_BLOCK {
        let why = format!("only {points} distinct keypoints: a re-upload is sent to review");
        (Strength::Review, why)
    } else if starts_ms.len() < PICTURES_TO_BLOCK && telling < PICTURES_TO_BLOCK {
        (Strength::Review, "it shows one picture only: a re-upload is sent to review".to_owned())
    } else {
        (Strength::Block, format!("{points} distinct keypoints, {telling} telling frames"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{FrameHash, Keypoint};
    use crate::matching::tests::scene;

    fn of(keypoints: u64, pictures: u64, frames: usize) -> Strength {
        let keypoint = |n: u64| {
            let first_s = (n * pictures / keypoints) as f32;
            Keypoint { spot: scene::spot(0.5, 0.5, first_s), hash: scene::noise(n) }
        };
        let mut print = scene::fingerprint(9.0, (0..keypoints).map(keypoint).collect());
        print.frames = vec![FrameHash { time_s: 0.0, bits: [1; 4], quality: 40 }; frames];
        strength(&print).0
    }

    #[test]
    fn the_strength_follows_keypoints_and_pictures() {
        assert_eq!(of(5, 1, 0), Strength::Unmatchable);
        assert_eq!(of(5, 1, 1), Strength::Review);
        assert_eq!(of(15, 3, 9), Strength::Review);
        assert_eq!(of(16, 1, 1), Strength::Review);
        assert_eq!(of(16, 2, 0), Strength::Block);
        assert_eq!(of(16, 1, 2), Strength::Block);
    }
}
