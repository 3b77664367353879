//! Joins keypoints that stay in place over several keyframes to one, with its first and last time.

use crate::fingerprint::patch::wrap;
use crate::fingerprint::types::{Keypoint, Spot, UploadKeypoint};

/// Largest move along either axis from the first keyframe of a track, long sides: 3 pixels of 360. Tuned, as those
/// below.
const MOVE_MAX: f32 = 0.009;
/// Most bits in which a hash may differ from that in the first keyframe.
const DISTANCE_MAX: u32 = 12;
/// Largest ratio of two scales.
const SCALE_RATIO_MAX: f32 = 1.3;
/// Largest difference of two directions, radians.
const TURN_MAX: f32 = 0.3;

/// A point that can be joined with others.
pub trait Tracked {
    fn spot(&self) -> &Spot;
    fn spot_mut(&mut self) -> &mut Spot;
    /// The hash that is compared.
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

/// The joined keypoints of successive keyframes.
#[derive(Debug)]
pub struct Tracks<T> {
    /// Each as its first keyframe shows it, but for the last time.
    pub all: Vec<T>,
    /// Indices of the points that the last keyframe shows.
    last: Vec<usize>,
}

impl<T: Tracked> Tracks<T> {
    pub fn new() -> Self {
        Tracks { all: Vec::new(), last: Vec::new() }
    }

    /// Adds the points of the next keyframe, whose two times are the keyframe's. Each joins the first point of the
    /// keyframe before that is the same, unless another has joined it.
    pub fn push(&mut self, points: Vec<T>) {
        let mut shown = Vec::with_capacity(points.len());
        let mut free = std::mem::take(&mut self.last);
        for point in points {
            let same = free.iter().position(|i| is_same(&self.all[*i], &point));
            match same {
                Some(at) => {
                    let index = free.swap_remove(at);
                    self.all[index].spot_mut().last_s = point.spot().last_s;
                    shown.push(index);
                }
                None => {
                    shown.push(self.all.len());
                    self.all.push(point);
                }
            }
        }
        self.last = shown;
    }
}

fn is_same<T: Tracked>(a: &T, b: &T) -> bool {
    let (p, q) = (a.spot(), b.spot());
    (p.x - q.x).abs() <= MOVE_MAX
        && (p.y - q.y).abs() <= MOVE_MAX
        && p.scale.max(q.scale) <= SCALE_RATIO_MAX * p.scale.min(q.scale)
        && wrap(p.angle - q.angle).abs() <= TURN_MAX
        && (a.hash() ^ b.hash()).count_ones() <= DISTANCE_MAX
}
