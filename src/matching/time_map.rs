//! The time map of a match: deleted time = speed × upload time + offset.

/// Speeds tried, likeliest first. Between them a second's tolerance bridges a clip of some ten seconds; the fit
/// afterwards is continuous.
const SPEEDS: [f64; 17] =
    [1.0, 1.1, 0.9, 1.25, 0.8, 1.5, 0.67, 2.0, 0.5, 1.75, 0.57, 1.37, 0.73, -1.0, 2.2, 0.45, -1.5];
/// Seconds by which a keypoint's two times may miss the time_map: keyframes stand for 1 s and 2 s.
pub const SLACK_S: f64 = 1.1;

/// A time map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeMap {
    pub speed: f64,
    /// Deleted time at upload time 0, seconds.
    pub offset_s: f64,
}

impl TimeMap {
    pub fn deleted_s(&self, upload_s: f64) -> f64 {
        self.speed * upload_s + self.offset_s
    }

    pub fn upload_s(&self, deleted_s: f64) -> f64 {
        (deleted_s - self.offset_s) / self.speed
    }

    /// Seconds of deleted time by which two intervals miss each other under this time map; 0 when they meet.
    pub fn miss_s(&self, upload: (f64, f64), deleted: (f64, f64)) -> f64 {
        let (p, q) = (self.deleted_s(upload.0), self.deleted_s(upload.1));
        let (low, high) = (p.min(q), p.max(q));
        (low - deleted.1).max(deleted.0 - high).max(0.0)
    }
}

/// The times of one keypoint pair.
#[derive(Debug, Clone, Copy)]
pub struct HitTimes {
    pub upload: (f64, f64),
    pub deleted: (f64, f64),
    pub weight: f64,
}

/// The time map that most weight agrees with, and that weight. Each sight allows an interval of offsets; the best offset
/// is where most intervals overlap.
pub fn best_time_map(times: &[HitTimes]) -> Option<(TimeMap, f64)> {
    best_time_map_of(&SPEEDS, times)
}

/// The same at the speed of the deleted video.
pub fn best_time_map_unchanged(times: &[HitTimes]) -> Option<(TimeMap, f64)> {
    best_time_map_of(&SPEEDS[..1], times)
}

fn best_time_map_of(speeds: &[f64], times: &[HitTimes]) -> Option<(TimeMap, f64)> {
    let mut best: Option<(TimeMap, f64)> = None;
    // No time map can gather more than this; mostly the first one, unchanged speed, already has nearly all.
    let all: f64 = times.iter().map(|s| s.weight).sum();
    let mut offsets: Vec<Offsets> = Vec::with_capacity(times.len());
    let (mut seconds, mut edges) = (Vec::new(), Vec::new());
    for &speed in speeds {
        let worth = |sum| best.is_none_or(|(_, weight)| earns(sum, weight));
        if !worth(all) {
            break;
        }
        offsets.clear();
        offsets.extend(times.iter().map(|s| Offsets::of(s, speed)));
        if best.is_some() && !worth(most_in_a_second(&offsets, &mut seconds)) {
            continue;
        }
        let (weight, offset_s) = most_overlap(&offsets, &mut edges);
        if worth(weight) && weight > 0.0 {
            best = Some((TimeMap { speed, offset_s }, weight));
        }
    }
    best
}

/// The offsets that a sight allows at one speed, seconds.
struct Offsets {
    from: f64,
    to: f64,
    weight: f64,
}

impl Offsets {
    fn of(s: &HitTimes, speed: f64) -> Self {
        let (p, q) = (speed * s.upload.0, speed * s.upload.1);
        Offsets {
            from: s.deleted.0 - p.max(q) - SLACK_S,
            to: s.deleted.1 - p.min(q) + SLACK_S,
            weight: s.weight,
        }
    }
}

/// No offset gathers more weight than this, found without sorting: for whole seconds, what touches them anywhere.
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
    let (mut sum, mut top) = (0.0, (0.0, 0.0, 0.0));
    for (i, (at, weight)) in edges.iter().enumerate() {
        sum += weight;
        if sum > top.0 + 1e-9 {
            top = (sum, *at, edges.get(i + 1).map_or(*at, |e| e.0));
        }
    }
    (top.0, (top.1 + top.2) / 2.0)
}

/// Whether a time map at another speed is better than one that `weight` agrees with: it must earn its place, for with many
/// speeds to choose from one gains a stray hit.
fn earns(sum: f64, weight: f64) -> bool {
    sum > weight * 1.05 + 0.5
}

/// Refines a time map on times that agree with it: weighted least squares over interval centres, kept near `time_map`.
pub fn refine(time_map: TimeMap, times: &[HitTimes]) -> TimeMap {
    let centre = |v: (f64, f64)| (v.0 + v.1) / 2.0;
    let (mut w, mut x, mut y) = (0.0, 0.0, 0.0);
    let moving = |s: &&HitTimes| s.deleted.1 - s.deleted.0 < 2.5 && s.upload.1 - s.upload.0 < 2.5;
    for s in times.iter().filter(moving) {
        w += s.weight;
        x += s.weight * centre(s.upload);
        y += s.weight * centre(s.deleted);
    }
    if w < 4.0 {
        return time_map;
    }
    let (x, y) = (x / w, y / w);
    let (mut xx, mut xy) = (0.0, 0.0);
    for s in times.iter().filter(moving) {
        let (u, v) = (centre(s.upload) - x, centre(s.deleted) - y);
        xx += s.weight * u * u;
        xy += s.weight * u * v;
    }
    // Over less than some seconds the slope is noise.
    let fitted = if xx / w > 4.0 { xy / xx } else { time_map.speed };
    let speed = if (fitted / time_map.speed - 1.0).abs() < 0.15 { fitted } else { time_map.speed };
    TimeMap { speed, offset_s: y - speed * x }
}
