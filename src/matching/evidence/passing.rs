//! Which keypoints of a deleted video pass, and which are its ground.
//!
//! Two recordings before one studio set, two games on one table: the ground agrees in every keypoint, and what happens
//! before it does not. The *ground* is what stays or comes back: a keypoint that is seen for long, or whose like is seen
//! at another time of the same video. The rest are *passing*: what happens.

use crate::fingerprint::{Fingerprint, Keypoint};

/// Longest time for which a passing keypoint is seen, from its first keyframe to its last, seconds: less than the
/// interval of keyframes. Tuned.
const PASSING_S: f32 = 1.0;
/// Bits of 64 by which two keypoints may differ and show the same thing. Tuned.
const LIKE_BITS: u32 = 14;
/// Seconds from which another time is another moment. Tuned.
const ANOTHER_TIME_S: f32 = 1.5;
/// Pairs of keypoints that are compared; bounds the work for long videos: beyond, keypoints count as ground.
const PAIRS_MAX: usize = 20_000_000;

/// Of these keypoints of a deleted video, by index, those that pass.
pub fn passing(deleted: &Fingerprint, keypoints: impl Iterator<Item = u32>) -> Vec<u32> {
    let all = &deleted.keypoints;
    let few = keypoints.take(PAIRS_MAX / all.len().max(1));
    few.filter(|index| is_passing(&all[*index as usize], all)).collect()
}

/// Whether at least so many keypoints of a deleted video pass.
pub fn passes_least(deleted: &Fingerprint, least: usize) -> bool {
    let all = &deleted.keypoints;
    let few = all.iter().take(PAIRS_MAX / all.len().max(1));
    few.filter(|own| is_passing(own, all)).take(least).count() == least
}

fn is_passing(own: &Keypoint, all: &[Keypoint]) -> bool {
    let spot = &own.spot;
    let comes_back = |other: &Keypoint| {
        let apart_s = (other.spot.first_s - spot.last_s).max(spot.first_s - other.spot.last_s);
        apart_s >= ANOTHER_TIME_S && (other.hash ^ own.hash).count_ones() <= LIKE_BITS
    };
    spot.last_s - spot.first_s <= PASSING_S && !all.iter().any(comes_back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Spot;
    use crate::matching::tests::scene::{self, noise};

    #[test]
    fn what_stays_or_comes_back_is_ground() {
        let at = |n: u64, first_s: f32, last_s: f32| {
            let spot = Spot { last_s, ..scene::spot(0.5, 0.5, first_s) };
            Keypoint { spot, hash: noise(n) }
        };
        // One that stays, one that comes back, one that is seen again at once, one that passes.
        let keypoints = vec![
            at(1, 0.0, 9.0),
            at(2, 1.0, 1.0),
            at(3, 2.0, 2.0),
            at(3, 3.0, 3.0),
            at(4, 4.0, 4.0),
            at(2, 6.0, 6.0),
        ];
        let deleted = scene::fingerprint(9.0, keypoints);
        assert_eq!(passing(&deleted, 0..6), [2, 3, 4]);
    }
}
