//! The time map of a match: `deleted time = speed · upload time + offset`.
//!
//! # Finding it
//!
//! Idea: vote for the offset, as a Hough transform does (Douze, Jégou, Schmid, *An image-based approach to video copy
//! detection with spatio-temporal post-filtering*, IEEE Transactions on Multimedia 2010), at a fixed list of speeds.
//! A keypoint is seen for an interval of time in each video, so a hit does not vote for one offset but for an interval
//! of them: all at which its two intervals meet. The best offset is the one that the most weight of intervals contains.
//!
//! ```text
//! best ← none
//! for speed in SPEEDS, likeliest first:
//!     for each hit: interval ← offsets at which its times in the two videos meet, give or take SLACK_S
//!     (weight, offset) ← the point inside the heaviest set of intervals          sort the ends, sweep, keep the sum
//!     if weight > 1.05 · weight of best + 0.5: best ← (speed, offset)
//! ```
//!
//! Departures from plain voting, and why:
//!
//! - *Intervals, swept, instead of bins.* A bin's border would split hits that agree.
//! - *Another speed must earn its place* ([`SPEED_GAIN`], [`SPEED_GAIN_WEIGHT`]). Among seventeen speeds one gains a
//!   stray hit by chance.
//! - *Two bounds skip work without changing the answer.* No map gathers more than the weight of all hits, and none at a
//!   given speed more than the fullest second of [`most_in_a_second`], which needs no sort.
//!
//! # Refining it
//!
//! [`refine`] is weighted least squares through the middles of the intervals, so that the speed need not be one of the
//! list. It leaves out keypoints that stand still: the middle of their interval dates nothing.

use crate::model::{DeletedSpan, UploadSpan};

/// Speeds at which a time map is sought, likeliest first. With a second's slack neighbouring speeds overlap over a clip
/// of some ten seconds; [`refine`] closes the gap. The reach, 0.45 to 2.2, is that
/// of the index; the steps are tuned.
pub const SPEEDS: [f64; 17] =
    [1.0, 1.1, 0.9, 1.25, 0.8, 1.5, 0.67, 2.0, 0.5, 1.75, 0.57, 1.37, 0.73, -1.0, 2.2, 0.45, -1.5];
/// Speeds at which whole frames are compared, likeliest first. Fewer than [`SPEEDS`], because each costs a pass over
/// the matrix for every cell that a line is drawn through (`evidence::frame_matrix`), and because frames lie within
/// 0.3 s of their line, so that a neighbouring speed holds for a stretch that is long enough to be seen. Tuned.
pub const FRAME_SPEEDS: [f64; 11] = [1.0, 1.1, 0.9, 1.25, 0.8, 1.5, 0.67, 2.0, 0.5, -1.0, 1.75];
/// Seconds by which a hit's times may miss a time map: a keyframe stands for 1 s of an upload and for 2 s of a deleted
/// video, and is taken from the calmest moment of either.
pub const SLACK_S: f64 = 1.1;
/// Factor, and weight beyond it, by which a later speed must surpass an earlier one. Tuned.
const SPEED_GAIN: f64 = 1.05;
const SPEED_GAIN_WEIGHT: f64 = 0.5;
/// Sums of weights that differ by less are equal; guards against rounding.
const WEIGHT_EPSILON: f64 = 1e-9;
/// Seconds for which a keypoint may be seen and still date a moment: one keyframe's worth of a deleted video (2 s), and
/// a little. Tuned.
const MOVING_S: f64 = 2.5;
/// Weight of hits below which a time map is left as it is. Tuned.
const REFINE_WEIGHT_MIN: f64 = 4.0;
/// Variance of upload times, s², below which the slope is noise: 2 s of standard deviation. Tuned.
const REFINE_VARIANCE_MIN: f64 = 4.0;
/// Share by which a refined speed may differ from the one found: farther off another speed of the list would have won.
/// Tuned.
const REFINE_SPEED_MAX: f64 = 0.15;

/// Which moment of the deleted video a moment of the upload shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeMap {
    /// Seconds of the deleted video shown in one second of the upload; negative when it plays backwards, never 0.
    pub speed: f64,
    /// Deleted time at upload time 0, seconds.
    pub offset_s: f64,
}

impl TimeMap {
    /// Deleted time at a moment of the upload, seconds.
    pub fn deleted_s(&self, upload_s: f64) -> f64 {
        self.speed * upload_s + self.offset_s
    }

    /// Upload time of a moment of the deleted video, seconds.
    pub fn upload_s(&self, deleted_s: f64) -> f64 {
        (deleted_s - self.offset_s) / self.speed
    }

    /// The interval that an interval of the upload shows; its ends in the order in which they are shown, so descending
    /// when it plays backwards.
    pub fn deleted_span(&self, upload: &UploadSpan) -> DeletedSpan {
        DeletedSpan::new(self.deleted_s(upload.start_s), self.deleted_s(upload.end_s))
    }

    /// Where in the upload an interval of the deleted video is shown, ascending.
    pub fn upload_span(&self, deleted: &DeletedSpan) -> UploadSpan {
        UploadSpan::new(self.upload_s(deleted.start_s), self.upload_s(deleted.end_s)).ascending()
    }

    /// Seconds of deleted time by which a hit's times miss each other under this map; 0 when they meet.
    pub fn miss_s(&self, times: &HitTimes) -> f64 {
        let shown = self.deleted_span(&times.upload).ascending();
        (shown.start_s - times.deleted.end_s).max(times.deleted.start_s - shown.end_s).max(0.0)
    }
}

/// When the two keypoints of a hit are seen, and what the hit counts.
#[derive(Debug, Clone, Copy)]
pub struct HitTimes {
    /// Ascending.
    pub upload: UploadSpan,
    /// Ascending.
    pub deleted: DeletedSpan,
    pub weight: f64,
}

impl HitTimes {
    /// Whether both keypoints are seen for so short a time that the hit dates a moment.
    pub fn is_moving(&self) -> bool {
        self.deleted.duration_s() < MOVING_S && self.upload.duration_s() < MOVING_S
    }
}

/// The time map that the most weight of hits agrees with, at any of [`SPEEDS`]. `None` without hits.
pub fn best_time_map(times: &[HitTimes]) -> Option<TimeMap> {
    best_of(&SPEEDS, times)
}

/// The best time map at the deleted video's own speed. `None` without hits.
pub fn best_time_map_unchanged(times: &[HitTimes]) -> Option<TimeMap> {
    best_of(&SPEEDS[..1], times)
}

fn best_of(speeds: &[f64], times: &[HitTimes]) -> Option<TimeMap> {
    let mut best: Option<(TimeMap, f64)> = None;
    // Mostly the first speed, unchanged, gathers nearly all there is.
    let all: f64 = times.iter().map(|s| s.weight).sum();
    let mut offsets: Vec<Offsets> = Vec::with_capacity(times.len());
    let (mut seconds, mut edges) = (Vec::new(), Vec::new());
    for &speed in speeds {
        let gains = |sum| best.is_none_or(|(_, weight)| surpasses(sum, weight));
        if !gains(all) {
            break;
        }
        offsets.clear();
        offsets.extend(times.iter().map(|s| Offsets::of(s, speed)));
        if best.is_some() && !gains(most_in_a_second(&offsets, &mut seconds)) {
            continue;
        }
        let (weight, offset_s) = most_overlap(&offsets, &mut edges);
        if gains(weight) && weight > 0.0 {
            best = Some((TimeMap { speed, offset_s }, weight));
        }
    }
    best.map(|(time_map, _)| time_map)
}

/// The offsets that a hit allows at one speed, seconds.
struct Offsets {
    from: f64,
    to: f64,
    weight: f64,
}

impl Offsets {
    fn of(hit: &HitTimes, speed: f64) -> Self {
        let (p, q) = (speed * hit.upload.start_s, speed * hit.upload.end_s);
        Offsets {
            from: hit.deleted.start_s - p.max(q) - SLACK_S,
            to: hit.deleted.end_s - p.min(q) + SLACK_S,
            weight: hit.weight,
        }
    }
}

/// An upper bound on the weight that any offset gathers, found without sorting: the most that touches one whole second.
fn most_in_a_second(offsets: &[Offsets], changes: &mut Vec<f64>) -> f64 {
    let first = offsets.iter().fold(f64::MAX, |first, o| first.min(o.from));
    let last = offsets.iter().fold(f64::MIN, |last, o| last.max(o.to));
    let second = |at: f64| (at - first) as usize;
    changes.clear();
    changes.resize(second(last) + 2, 0.0);
    for o in offsets {
        changes[second(o.from)] += o.weight;
        changes[second(o.to) + 1] -= o.weight;
    }
    let sums = changes.iter().scan(0.0, |sum, change| {
        *sum += change;
        Some(*sum)
    });
    sums.fold(0.0, f64::max)
}

/// The most weight that any offset gathers, and the middle of where it does.
fn most_overlap(offsets: &[Offsets], edges: &mut Vec<(f64, f64)>) -> (f64, f64) {
    edges.clear();
    edges.extend(offsets.iter().flat_map(|o| [(o.from, o.weight), (o.to, -o.weight)]));
    // An interval that ends where another begins overlaps it: openings first.
    edges.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let (mut sum, mut top, mut from, mut to) = (0.0, 0.0, 0.0, 0.0);
    for (i, (at, weight)) in edges.iter().enumerate() {
        sum += weight;
        if sum > top + WEIGHT_EPSILON {
            (top, from, to) = (sum, *at, edges.get(i + 1).map_or(*at, |e| e.0));
        }
    }
    (top, (from + to) / 2.0)
}

/// Whether a map at another speed is better than one that `weight` agrees with.
fn surpasses(sum: f64, weight: f64) -> bool {
    sum > weight * SPEED_GAIN + SPEED_GAIN_WEIGHT
}

/// Fits a time map to the hits that agree with it. Returns `time_map` where these weigh too little, and keeps its speed
/// where they are too close in time to determine another, or contradict it.
pub fn refine(time_map: TimeMap, times: &[HitTimes]) -> TimeMap {
    let (mut w, mut x, mut y) = (0.0, 0.0, 0.0);
    for s in times.iter().filter(|s| s.is_moving()) {
        w += s.weight;
        x += s.weight * s.upload.middle_s();
        y += s.weight * s.deleted.middle_s();
    }
    if w < REFINE_WEIGHT_MIN {
        return time_map;
    }
    let (x, y) = (x / w, y / w);
    let (mut xx, mut xy) = (0.0, 0.0);
    for s in times.iter().filter(|s| s.is_moving()) {
        let (u, v) = (s.upload.middle_s() - x, s.deleted.middle_s() - y);
        xx += s.weight * u * u;
        xy += s.weight * u * v;
    }
    let fitted = if xx / w > REFINE_VARIANCE_MIN { xy / xx } else { time_map.speed };
    let near = (fitted / time_map.speed - 1.0).abs() < REFINE_SPEED_MAX;
    let speed = if near { fitted } else { time_map.speed };
    TimeMap { speed, offset_s: y - speed * x }
}
