//! Small pictures of the sampled frames, from which motion, the active picture, flatness and frame hashes are computed.

use crate::fingerprint::types::Rect;
use crate::model::{Frame, Luma};

/// Long side of a thumb, pixels: twice the frame hash's grid, so that a placement of half the size is still resolved.
pub const THUMB_LONG: u32 = 128;
/// Most thumbs of one video: 10 minutes at 4 a second, 22 MB. When there are more, every second one is dropped.
const THUMBS_MAX: usize = 2400;
/// Standard deviation along a row or column up to which it counts as border, grey levels. Tuned.
const FLAT: f32 = 6.0;
/// Frames examined for the active picture.
const ACTIVE_FRAMES: usize = 12;
/// Smallest share of a side that an active picture may have; a smaller one is taken for an error. Tuned.
const ACTIVE_MIN: f32 = 0.2;

/// One frame, reduced to a long side of [`THUMB_LONG`] pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Thumb {
    pub time_s: f32,
    pub luma: Luma,
}

/// The thumbs of a video in order of time; of a long video, every second, fourth and so on.
#[derive(Debug, Default)]
pub struct Thumbs {
    pub kept: Vec<Thumb>,
    /// Every `2^thinned`-th of the pushed thumbs is kept.
    thinned: u32,
    pushed: usize,
}

impl Thumbs {
    /// Takes the next thumb, in order of time.
    pub fn push(&mut self, thumb: Thumb) {
        if self.pushed.is_multiple_of(1 << self.thinned) {
            self.kept.push(thumb);
            if self.kept.len() > THUMBS_MAX {
                let mut index = 0;
                self.kept.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.thinned += 1;
            }
        }
        self.pushed += 1;
    }

    /// The kept thumb nearest to a time, seconds; `None` without thumbs.
    pub fn nearest(&self, time_s: f32) -> Option<&Thumb> {
        let at = self.kept.partition_point(|t| t.time_s < time_s);
        let near = [at.checked_sub(1), Some(at)].into_iter().flatten();
        near.filter_map(|i| self.kept.get(i))
            .min_by(|a, b| (a.time_s - time_s).abs().total_cmp(&(b.time_s - time_s).abs()))
    }

    /// The part of the picture that shows contrast at some time: without letterbox, pillarbox or flat border. Both the
    /// arguments, which are the size of the picture, and the result are in long sides.
    pub fn active(&self, width: f32, height: f32) -> Rect {
        let all = Rect { x0: 0.0, y0: 0.0, x1: width, y1: height };
        let Some(first) = self.kept.first() else { return all };
        let step = (self.kept.len() / ACTIVE_FRAMES).max(1);
        let (w, h) = (first.luma.width, first.luma.height);
        let frames: Vec<&Luma> = self
            .kept
            .iter()
            .step_by(step)
            .map(|t| &t.luma)
            .filter(|l| (l.width, l.height) == (w, h))
            .collect();
        let rows = busy(h, |y| frames.iter().any(|f| deviation(f.row(y).iter().copied()) > FLAT));
        let Some((y0, y1)) = rows.filter(|(a, b)| (b - a) as f32 >= h as f32 * ACTIVE_MIN) else {
            return all;
        };
        let columns = busy(w, |x| {
            frames.iter().any(|f| deviation((y0..y1).map(|y| f.row(y)[x as usize])) > FLAT)
        });
        let Some((x0, x1)) = columns.filter(|(a, b)| (b - a) as f32 >= w as f32 * ACTIVE_MIN)
        else {
            return all;
        };
        let (sx, sy) = (width / w as f32, height / h as f32);
        let side = |v: u32, most: u32, unit: f32, whole: f32| {
            if v == most { whole } else { v as f32 * unit }
        };
        Rect {
            x0: x0 as f32 * sx,
            y0: y0 as f32 * sy,
            x1: side(x1, w, sx, width),
            y1: side(y1, h, sy, height),
        }
    }
}

/// Side of the blocks that are examined for flatness, pixels of a thumb.
const BLOCK: usize = 8;
/// Largest range of the levels of a flat block; compression changes a level by one or two.
const BLOCK_LEVELS: u8 = 4;

/// The share of flat blocks inside `active` (long sides), 0..=255.
pub fn flat_share(picture: &Luma, active: &Rect) -> u8 {
    let long = picture.long_side() as f32;
    let side = |low: f32, high: f32, most: u32| {
        ((low * long).ceil() as usize, ((high * long) as usize).min(most as usize))
    };
    let (x0, x1) = side(active.x0, active.x1, picture.width);
    let (y0, y1) = side(active.y0, active.y1, picture.height);
    let (mut flat, mut all) = (0u32, 0u32);
    for y in (y0..y1.saturating_sub(BLOCK - 1)).step_by(BLOCK) {
        for x in (x0..x1.saturating_sub(BLOCK - 1)).step_by(BLOCK) {
            let rows = (y..y + BLOCK).map(|y| &picture.row(y as u32)[x..x + BLOCK]);
            let (low, high) = rows
                .flatten()
                .fold((u8::MAX, u8::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
            flat += u32::from(high - low <= BLOCK_LEVELS);
            all += 1;
        }
    }
    (flat * 255).checked_div(all).unwrap_or(0) as u8
}

/// The first of `0..n` that is busy, and one past the last.
fn busy(n: u32, is_busy: impl Fn(u32) -> bool) -> Option<(u32, u32)> {
    let first = (0..n).find(|i| is_busy(*i))?;
    let last = (first..n).rev().find(|i| is_busy(*i))?;
    Some((first, last + 1))
}

/// The standard deviation of some levels.
fn deviation(values: impl Iterator<Item = u8>) -> f32 {
    let (mut n, mut sum, mut squares) = (0u32, 0u32, 0u64);
    for v in values {
        n += 1;
        sum += u32::from(v);
        squares += u64::from(v) * u64::from(v);
    }
    let mean = sum as f32 / n.max(1) as f32;
    (squares as f32 / n.max(1) as f32 - mean * mean).max(0.0).sqrt()
}

/// Reduces a frame to a long side of [`THUMB_LONG`] pixels by area means, in fixed point.
pub fn thumb_of(frame: &Frame) -> Thumb {
    Thumb { time_s: frame.time_s, luma: reduced(&frame.luma, THUMB_LONG) }
}

/// Reduces a picture to a long side of `long_to` pixels by area means, in fixed point.
pub fn reduced(from: &Luma, long_to: u32) -> Luma {
    let long = from.long_side().max(1);
    let scaled = |v: u32| ((v * long_to + long / 2) / long).max(1);
    let (width, height) = (scaled(from.width), scaled(from.height));
    let columns = shares(from.width, width);
    let rows = shares(from.height, height);
    let mut wide = vec![0u32; (width * from.height) as usize];
    for (to, y) in wide.chunks_exact_mut(width as usize).zip(0..) {
        let row = from.row(y);
        for (to, (first, weights)) in to.iter_mut().zip(&columns) {
            let part = &row[*first..*first + weights.len()];
            *to = part.iter().zip(weights).map(|(v, w)| u32::from(*v) * w).sum();
        }
    }
    let mut pixels = vec![0u8; (width * height) as usize];
    for (to, (first, weights)) in pixels.chunks_exact_mut(width as usize).zip(&rows) {
        for (x, to) in to.iter_mut().enumerate() {
            let column = weights.iter().enumerate();
            let at = |i: usize| u64::from(wide[(first + i) * width as usize + x]);
            let sum: u64 = column.map(|(i, w)| at(i) * u64::from(*w)).sum();
            *to = ((sum + (1 << 23)) >> 24) as u8;
        }
    }
    Luma::new(width, height, pixels)
}

/// For each of `to` output pixels: the first input pixel, and the weights of the input pixels that it covers, which sum
/// to 4096.
fn shares(from: u32, to: u32) -> Vec<(usize, Vec<u32>)> {
    (0..u64::from(to))
        .map(|i| {
            // In units of 1/to input pixels.
            let (a, b) = (i * u64::from(from), (i + 1) * u64::from(from));
            let first = a / u64::from(to);
            let last = (b - 1) / u64::from(to);
            let mut left = 4096u64;
            let mut weights: Vec<u32> = (first..=last)
                .map(|p| {
                    let covered = b.min((p + 1) * u64::from(to)) - a.max(p * u64::from(to));
                    let w = (covered * 4096 / u64::from(from)).min(left);
                    left -= w;
                    w as u32
                })
                .collect();
            // The middle pixel gets the rest that rounding left over.
            let middle = weights.len() / 2;
            weights[middle] += left as u32;
            (first as usize, weights)
        })
        .collect()
}

/// The mean absolute difference of two thumbs, grey levels; 255 when their sizes differ.
pub fn motion(a: &Luma, b: &Luma) -> f32 {
    if (a.width, a.height) != (b.width, b.height) {
        return 255.0;
    }
    let sum: u32 = a.pixels.iter().zip(&b.pixels).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    sum as f32 / a.pixels.len() as f32
}
