//! Keypoints that stand still are kept once, with the time from first to last sight.

use crate::fingerprint::types::{Keypoint, Spot, UploadKeypoint};

/// How far a point may wander between two keyframes and still count as standing, long sides (3 px of 360).
const WANDER_MAX: f32 = 0.009;
/// Bits in which the hash may differ from the one first seen.
const DISTANCE_MAX: u32 = 12;
const SCALE_RATIO_MAX: f32 = 1.3;
const TURN_MAX: f32 = 0.3;

/// A point with a hash, before and after linking.
pub trait Tracked {
    fn spot(&self) -> &Spot;
    fn spot_mut(&mut self) -> &mut Spot;
    /// The hash by which it is recognised.
    fn hash(&self) -> u64;
}

impl Tracked for Keypoint {
    fn spot(&self) -> &Spot {
        &self.spot
    }
    fn spot_mut(&mut self) -> &mut Spot {
        &mut self.spot
    }
    fn hash(&self) -> u64 {
        self.hash
    }
}

impl Tracked for UploadKeypoint {
    fn spot(&self) -> &Spot {
        &self.spot
    }
    fn spot_mut(&mut self) -> &mut Spot {
        &mut self.spot
    }
    fn hash(&self) -> u64 {
        self.hashes[0]
    }
}

/// Joins the keypoints of successive keyframes.
#[derive(Debug)]
pub struct Tracks<T> {
    pub all: Vec<T>,
    /// Indices of those seen in the last keyframe.
    last: Vec<usize>,
}

impl<T: Tracked> Tracks<T> {
    pub fn new() -> Self {
        Tracks { all: Vec::new(), last: Vec::new() }
    }

    /// Adds a keyframe's points (their times set to the keyframe's).
    pub fn push(&mut self, points: Vec<T>) {
        let mut seen = Vec::with_capacity(points.len());
        let mut free = std::mem::take(&mut self.last);
        for point in points {
            let standing = free.iter().position(|i| same(&self.all[*i], &point));
            match standing {
                Some(at) => {
                    let index = free.swap_remove(at);
                    self.all[index].spot_mut().last_s = point.spot().last_s;
                    seen.push(index);
                }
                None => {
                    seen.push(self.all.len());
                    self.all.push(point);
                }
            }
        }
        self.last = seen;
    }
}

fn same<T: Tracked>(a: &T, b: &T) -> bool {
    let (p, q) = (a.spot(), b.spot());
    (p.x - q.x).abs() <= WANDER_MAX
        && (p.y - q.y).abs() <= WANDER_MAX
        && p.scale.max(q.scale) <= SCALE_RATIO_MAX * p.scale.min(q.scale)
        && crate::fingerprint::patch::wrap(p.angle - q.angle).abs() <= TURN_MAX
        && (a.hash() ^ b.hash()).count_ones() <= DISTANCE_MAX
}
