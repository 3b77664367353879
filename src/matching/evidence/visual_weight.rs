//! How much there is to see in each part of a video: the weights under which a share of it is measured.
//!
//! A share by seconds alone would count a black screen like a scene, and a logo in a corner like the whole picture. So
//! each half second is worth as much as it lasts, divided among the keypoints seen in it:
//!
//! ```text
//! for each keypoint, seen for `lasts` seconds:   keep ← min(1, STILL_S / lasts)
//!     for each half second in which it is seen:  weight of its cell += half a second · keep / keypoints seen then
//! for each half second without keypoints:        if a frame with contrast is seen, its weight is spread over the picture
//! if nothing at all was weighed:                 the duration, spread over all
//! ```
//!
//! - *What stands still counts at most [`STILL_S`]*, so a caption or a watermark that stays for the length of a video
//!   is a small part of it, and so is the ground of a slide.
//! - *A card counts by its keypoints*, and black and single colours count nothing, unless there is nothing else.

use crate::fingerprint::{CONTRAST_COMPARED_MIN, Fingerprint, Spot, UploadPrint};
use crate::model::extent::{BIN_S, BINS_A_SECOND, CELLS, Extent, WHOLE, bin, cell};

/// Seconds that anything which stands still counts at most.
const STILL_S: f64 = 3.0;
/// Longest time that a frame of a video stands for when no other follows, seconds: the interval at which a fingerprint
/// keeps a frame even if it repeats the last.
const FRAME_LASTS_S: f64 = 4.0;
/// Share of the picture that a crop must leave to stand for all of it. Tuned: half of either side is a quarter, and
/// pictures in pictures are mostly smaller.
const VISIBLE_MIN: f64 = 0.22;
/// Half seconds that a video must last beyond the last whole one for the rest to count.
const ENDS: f64 = 0.1;
/// Bins of a video that are weighed: ten hours. Bounds the memory.
const BINS_MAX: usize = 36_000 * BINS_A_SECOND as usize;

/// The weights of a video's parts, seconds.
#[derive(Debug, Clone, Default)]
pub struct VisualWeight {
    bins: Vec<[f32; CELLS]>,
    total_s: f64,
}

impl VisualWeight {
    /// Of a deleted video.
    pub fn of_deleted(video: &Fingerprint) -> VisualWeight {
        let keyframes: Vec<f64> = video.keyframes.iter().map(|k| f64::from(k.time_s)).collect();
        let frames = video.frames.iter().map(|f| (f.time_s, f.quality));
        let spots = video.keypoints.iter().map(|k| &k.spot);
        let size = (f64::from(video.width), f64::from(video.height));
        VisualWeight::new(spots, &keyframes, frames, size, f64::from(video.duration_s))
    }

    /// Of an upload.
    pub fn of_upload(video: &UploadPrint) -> VisualWeight {
        let keyframes: Vec<f64> = video.keyframes_s.iter().map(|at| f64::from(*at)).collect();
        let frames = video.frames.iter().map(|f| (f.time_s, f.quality));
        let spots = video.keypoints.iter().map(|k| &k.spot);
        let size = (f64::from(video.width), f64::from(video.height));
        VisualWeight::new(spots, &keyframes, frames, size, f64::from(video.duration_s))
    }

    fn new<'a>(
        spots: impl Iterator<Item = &'a Spot> + Clone,
        keyframes_s: &[f64],
        frames: impl Iterator<Item = (f32, u8)> + Clone,
        (width, height): (f64, f64),
        duration_s: f64,
    ) -> VisualWeight {
        let last_s = keyframes_s.last().copied().unwrap_or(0.0);
        let lasts = (duration_s.max(last_s) * BINS_A_SECOND - ENDS).ceil();
        let bins = (lasts.max(1.0) as usize).min(BINS_MAX);
        let mut out = VisualWeight { bins: vec![[0.0; CELLS]; bins], total_s: 0.0 };
        let seen = |spot: &Spot| {
            let (from_s, to_s) = stands_for(keyframes_s, spot, duration_s.max(last_s));
            (bin(from_s).min(bins - 1)..bin(to_s).min(bins - 1) + 1, to_s - from_s)
        };
        let mut keypoints = vec![0u32; bins];
        spots.clone().for_each(|spot| seen(spot).0.for_each(|bin| keypoints[bin] += 1));
        for spot in spots {
            let (bins, lasts_s) = seen(spot);
            let keep = (STILL_S / lasts_s.max(BIN_S)).min(1.0);
            let at = cell(f64::from(spot.x) / width, f64::from(spot.y) / height);
            for bin in bins {
                out.bins[bin][at] += (BIN_S * keep / f64::from(keypoints[bin])) as f32;
            }
        }
        let mut frames = frames.peekable();
        while let Some((at_s, quality)) = frames.next() {
            let next_s = frames.peek().map_or(duration_s, |next| f64::from(next.0));
            let until_s = next_s.min(f64::from(at_s) + FRAME_LASTS_S);
            if quality >= CONTRAST_COMPARED_MIN {
                let last = bin(until_s).min(bins);
                let shown = bin(f64::from(at_s)).min(last)..last;
                let counted = out.bins[shown.clone()].iter_mut().zip(&keypoints[shown]);
                for (weights, _) in counted.filter(|(_, keypoints)| **keypoints == 0) {
                    *weights = [(BIN_S / CELLS as f64) as f32; CELLS];
                }
            }
        }
        out.total_s = out.bins.iter().flatten().map(|w| f64::from(*w)).sum();
        if out.total_s <= 0.0 {
            out.bins.fill([(BIN_S / CELLS as f64) as f32; CELLS]);
            out.total_s = bins as f64 * BIN_S;
        }
        out
    }

    /// Number of half seconds.
    pub fn bins(&self) -> usize {
        self.bins.len()
    }

    /// Weight of the whole video, seconds; above 0.
    pub fn total_s(&self) -> f64 {
        self.total_s
    }

    /// Weight of a part, seconds.
    pub fn of(&self, extent: &Extent) -> f64 {
        let of_bin = |(bin, weights): (usize, &[f32; CELLS])| {
            let cells = extent.cells(bin);
            let within = weights.iter().enumerate().filter(|(cell, _)| cells >> cell & 1 != 0);
            within.map(|(_, weight)| f64::from(*weight)).sum::<f64>()
        };
        self.bins.iter().take(extent.len()).enumerate().map(of_bin).sum()
    }

    /// Weight of a part of which only `visible` can be seen, seconds: what a crop leaves stands for the whole of each
    /// half second, down to [`VISIBLE_MIN`] of it.
    pub fn of_visible(&self, extent: &Extent, visible: &Extent) -> f64 {
        let of_bin = |(bin, weights): (usize, &[f32; CELLS])| {
            let sum = |cells: u64| {
                let within = weights.iter().enumerate().filter(|(cell, _)| cells >> cell & 1 != 0);
                within.map(|(_, weight)| f64::from(*weight)).sum::<f64>()
            };
            let (whole, seen) = (sum(WHOLE), sum(visible.cells(bin) | extent.cells(bin)));
            let stands_for = whole / seen.max(VISIBLE_MIN * whole).max(f64::MIN_POSITIVE);
            sum(extent.cells(bin)) * stands_for
        };
        self.bins.iter().take(extent.len()).enumerate().map(of_bin).sum()
    }

    /// Weight of a part as a share of the whole, 0..1.
    pub fn share(&self, extent: &Extent) -> f64 {
        (self.of(extent) / self.total_s).clamp(0.0, 1.0)
    }
}

/// From when to when a keypoint is seen: half way to the keyframes before and after those that show it.
pub fn stands_for(keyframes_s: &[f64], spot: &Spot, duration_s: f64) -> (f64, f64) {
    /// Times of keyframes and keypoints are rounded apart by less than this, seconds.
    const ROUNDED_S: f64 = 0.02;
    let (first_s, last_s) = (f64::from(spot.first_s), f64::from(spot.last_s));
    let before = keyframes_s.partition_point(|at| *at < first_s - ROUNDED_S);
    let after = keyframes_s.partition_point(|at| *at <= last_s + ROUNDED_S);
    let from_s = before.checked_sub(1).map_or(0.0, |i| (keyframes_s[i] + first_s) / 2.0);
    let to_s = keyframes_s.get(after).map_or(duration_s, |next_s| (next_s + last_s) / 2.0);
    (from_s, to_s.max(last_s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{FrameHash, Keyframe, Keypoint};
    use crate::matching::tests::scene;

    /// A deleted video with keyframes every two seconds, the points given as (x, first keyframe, last keyframe).
    fn video(duration_s: f32, points: &[(f32, u16, u16)]) -> Fingerprint {
        let keypoint = |(x, first, last): &(f32, u16, u16)| {
            let spot = scene::spot(*x, 0.5, 1.0 + 2.0 * f32::from(*first));
            Keypoint { spot: Spot { last_s: 1.0 + 2.0 * f32::from(*last), ..spot }, hash: 0 }
        };
        let mut video = scene::fingerprint(duration_s, points.iter().map(keypoint).collect());
        let at = |n: u16| Keyframe { time_s: 1.0 + 2.0 * f32::from(n), flat: 0 };
        video.keyframes = (0..(duration_s / 2.0) as u16).map(at).collect();
        video.frames.clear();
        video
    }

    fn extent(bins: std::ops::Range<usize>, cells: u64) -> Extent {
        let mut out = Extent::default();
        bins.for_each(|bin| out.add(bin, cells));
        out
    }

    #[test]
    fn what_moves_counts_by_the_second_and_what_stands_still_three_seconds() {
        let moving: Vec<(f32, u16, u16)> = (0..10).map(|n| (0.2, n, n)).collect();
        let weight = VisualWeight::of_deleted(&video(20.0, &moving));
        assert!((weight.total_s() - 20.0).abs() < 1.0, "{}", weight.total_s());
        assert!((weight.share(&extent(0..20, WHOLE)) - 0.5).abs() < 0.05);
        let still = VisualWeight::of_deleted(&video(20.0, &[(0.2, 0, 9)]));
        assert!((still.total_s() - 3.0).abs() < 0.2, "{}", still.total_s());
        // A caption beside what moves: a third of the keypoints, and nevertheless a small part.
        let both: Vec<(f32, u16, u16)> =
            (0..10).flat_map(|n| [(0.2, n, n), (0.2, n, n)]).chain([(0.9, 0, 9)]).collect();
        let weight = VisualWeight::of_deleted(&video(20.0, &both));
        let caption = extent(0..41, 1 << cell(0.9, 0.5));
        assert!(weight.share(&caption) < 0.08, "{}", weight.share(&caption));
    }

    #[test]
    fn what_a_crop_leaves_stands_for_the_whole_and_a_corner_does_not() {
        let moving: Vec<(f32, u16, u16)> =
            (0..10).flat_map(|n| [0.08, 0.25, 0.42, 0.58, 0.75, 0.92].map(|x| (x, n, n))).collect();
        let weight = VisualWeight::of_deleted(&video(20.0, &moving));
        let columns =
            |n: usize| (0..CELLS).filter(|cell| cell % 6 < n).fold(0, |c, at| c | 1u64 << at);
        let half = extent(0..40, columns(3));
        assert!((weight.share(&half) - 0.5).abs() < 0.05);
        assert!((weight.of_visible(&half, &half) - weight.total_s()).abs() < 0.1);
        let corner = extent(0..40, columns(1));
        let sixth = weight.of_visible(&corner, &corner) / weight.total_s();
        assert!((sixth - (1.0 / 6.0) / VISIBLE_MIN).abs() < 0.02, "{sixth}");
    }

    #[test]
    fn black_counts_nothing_unless_there_is_nothing_else() {
        let points: Vec<(f32, u16, u16)> = (0..3).map(|n| (0.5, n, n)).collect();
        let mut shown = video(20.0, &points);
        // The last keyframe with points stands for the time up to the next; the rest is black.
        let weight = VisualWeight::of_deleted(&shown);
        assert!((weight.total_s() - 6.0).abs() < 0.8, "{}", weight.total_s());
        let frame = |time_s: f32, quality: u8| FrameHash { time_s, bits: [1; 4], quality };
        shown.frames = vec![frame(10.0, 40), frame(12.0, 0)];
        let with_frame = VisualWeight::of_deleted(&shown);
        assert!((with_frame.total_s() - weight.total_s() - 2.0).abs() < 0.6);
        let black = VisualWeight::of_deleted(&video(20.0, &[]));
        assert!((black.share(&extent(0..20, WHOLE)) - 0.5).abs() < 0.05);
    }
}
