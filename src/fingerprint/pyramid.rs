//! Builds the scale space of a picture and finds its stable points (Lowe, "Distinctive image features from
//! scale-invariant keypoints", IJCV 2004, §3–4). `patch` describes the neighbourhood of a point.
//!
//! ```text
//! for each octave, until a side is shorter than 16 pixels:
//!     images[0..6]:      the base, blurred by 1.6 · 2^(i/3) pixels
//!     differences[0..5]: images[i + 1] − images[i]
//!     a point: a value of differences[1..=3] that is the extremum of its 26 neighbours in position and scale,
//!              moved to the extremum of a fitted parabola, not weak and not on an edge
//!     the next base: every second pixel of images[3]
//! ```
//!
//! Departures from the paper:
//! - The base is not doubled. On video, points finer than 1.6 pixels of 360 are noise of compression: a long side of
//!   360 pixels without doubling detects as well as 480 with it, in a quarter of the time.
//! - Blur kernels are cut at 3 σ, and borders repeat the last pixel.

use crate::cpu::{Cpu, multiversion};
use crate::fingerprint::math;
use crate::model::Luma;

/// Scales searched in an octave (Lowe §3.2: repeatability peaks at 3).
const LAYERS: usize = 3;
/// Blur of the first image of an octave, pixels (Lowe §3.3).
pub const SIGMA: f32 = 1.6;
/// Blur that a camera picture is assumed to have, pixels (Lowe §3.3).
const SIGMA_INPUT: f32 = 0.5;
/// Weakest |D| kept, grey levels (0..=255). Lowe's contrast of 0.03 is 2.5 here. A low bar costs little, because only
/// the heaviest points are kept, and without it bland, darkened and compressed pictures would have no points.
const CONTRAST_MIN: f32 = 0.6;
/// Largest ratio of principal curvatures (Lowe §4.1).
const EDGE_RATIO: f32 = 10.0;
/// Points nearer to the border of an octave than this are dropped, pixels: their neighbourhood is incomplete.
const MARGIN: usize = 5;
/// Smallest side of an octave, pixels.
const SIDE_MIN: usize = 16;

/// A plane of `f32`, row by row.
#[derive(Debug, Clone, Default)]
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
}

impl Plane {
    fn resize(&mut self, width: usize, height: usize) {
        self.width = width;
        self.height = height;
        self.data.resize(width * height, 0.0);
    }

    fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width..(y + 1) * self.width]
    }
}

/// A point found in scale space.
#[derive(Debug, Clone, Copy)]
pub struct Extremum {
    /// Position, pixels of the input picture from its top left corner.
    pub x: f32,
    pub y: f32,
    /// Blur at which the point was found, pixels of the input picture.
    pub sigma: f32,
    /// |D| at the point, grey levels.
    pub response: f32,
    /// Its octave; 0 is the finest.
    pub octave: usize,
    /// Index of the Gaussian image of that octave nearest in scale.
    pub layer: usize,
    /// Position, pixels of the octave from the centre of its first pixel.
    pub octave_x: f32,
    pub octave_y: f32,
    /// Blur, pixels of the octave.
    pub octave_sigma: f32,
}

/// One octave: `LAYERS + 3` images of rising blur, and the differences of neighbours.
#[derive(Debug, Default)]
struct Octave {
    images: Vec<Plane>,
    differences: Vec<Plane>,
}

/// The scale space of one picture after another. Its buffers grow with the first pictures and are reused.
#[derive(Debug)]
pub struct Pyramid {
    cpu: Cpu,
    first_kernel: Vec<f32>,
    kernels: Vec<Vec<f32>>,
    octaves: Vec<Octave>,
    used: usize,
    scratch: Vec<f32>,
    base: Plane,
    mask: Vec<u8>,
}

impl Pyramid {
    pub fn new(cpu: Cpu) -> Self {
        let step = math::exp2(1.0 / LAYERS as f64);
        let kernels = (1..LAYERS + 3)
            .map(|i| {
                let before = f64::from(SIGMA) * math::exp2((i as f64 - 1.0) / LAYERS as f64);
                kernel(before * (step * step - 1.0).sqrt())
            })
            .collect();
        let first = f64::from(SIGMA * SIGMA - SIGMA_INPUT * SIGMA_INPUT).sqrt();
        Pyramid {
            cpu,
            first_kernel: kernel(first),
            kernels,
            octaves: Vec::new(),
            used: 0,
            scratch: Vec::new(),
            base: Plane::default(),
            mask: Vec::new(),
        }
    }

    /// The Gaussian image nearest to a point's scale.
    pub fn image(&self, point: &Extremum) -> &Plane {
        &self.octaves[point.octave].images[point.layer]
    }

    /// Builds the scale space of `picture` and appends its stable points to `found` in scan order.
    pub fn extrema(&mut self, picture: &Luma, found: &mut Vec<Extremum>) {
        self.build(picture);
        for octave in 0..self.used {
            for layer in 1..=LAYERS {
                self.scan(octave, layer, found);
            }
        }
    }

    fn build(&mut self, picture: &Luma) {
        let (mut width, mut height) = (picture.width as usize, picture.height as usize);
        self.base.resize(width, height);
        for (to, from) in self.base.data.iter_mut().zip(&picture.pixels) {
            *to = f32::from(*from);
        }
        self.used = 0;
        while self.used == 0 || width.min(height) >= SIDE_MIN {
            if self.octaves.len() == self.used {
                let mut octave = Octave::default();
                octave.images.resize_with(LAYERS + 3, Plane::default);
                octave.differences.resize_with(LAYERS + 2, Plane::default);
                self.octaves.push(octave);
            }
            let (done, rest) = self.octaves.split_at_mut(self.used);
            let octave = &mut rest[0];
            octave.images[0].resize(width, height);
            match done.last() {
                None => {
                    let (from, to) = (&self.base, &mut octave.images[0]);
                    blur(self.cpu, from, &self.first_kernel, &mut self.scratch, to);
                }
                Some(finer) => halve(&finer.images[LAYERS], &mut octave.images[0]),
            }
            for i in 1..LAYERS + 3 {
                let (left, right) = octave.images.split_at_mut(i);
                right[0].resize(width, height);
                blur(
                    self.cpu,
                    &left[i - 1],
                    &self.kernels[i - 1],
                    &mut self.scratch,
                    &mut right[0],
                );
                octave.differences[i - 1].resize(width, height);
                let difference = &mut octave.differences[i - 1].data;
                subtract(self.cpu, &right[0].data, &left[i - 1].data, difference);
            }
            self.used += 1;
            (width, height) = (width / 2, height / 2);
        }
    }

    fn scan(&mut self, octave: usize, layer: usize, found: &mut Vec<Extremum>) {
        let planes = &self.octaves[octave].differences[layer - 1..layer + 2];
        let (width, height) = (planes[0].width, planes[0].height);
        if width <= 2 * MARGIN || height <= 2 * MARGIN {
            return;
        }
        self.mask.resize(width, 0);
        for y in MARGIN..height - MARGIN {
            let rows: [&[f32]; 9] = std::array::from_fn(|i| planes[i / 3].row(y + i % 3 - 1));
            if !mark_extrema(self.cpu, &rows, &mut self.mask) {
                continue;
            }
            for x in MARGIN..width - MARGIN {
                if self.mask[x] != 0 {
                    let differences = &self.octaves[octave].differences;
                    found.extend(refine(differences, octave, layer, x, y));
                }
            }
        }
    }
}

/// One half of a symmetric Gaussian kernel of standard deviation `sigma` (pixels), centre first. The whole sums to 1.
fn kernel(sigma: f64) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil() as usize;
    let raw: Vec<f64> =
        (0..=radius).map(|i| math::exp(-((i * i) as f64) / (2.0 * sigma * sigma))).collect();
    let sum = raw[0] + 2.0 * raw[1..].iter().sum::<f64>();
    raw.iter().map(|v| (v / sum) as f32).collect()
}

/// Separable blur, a row at a time: first the columns into `scratch`, then along the row.
fn blur(cpu: Cpu, from: &Plane, kernel: &[f32], scratch: &mut Vec<f32>, to: &mut Plane) {
    let radius = kernel.len() - 1;
    // The row is extended by `radius` on both sides, and by a block so that the last block may overrun.
    let padded = from.width + 2 * radius + BLOCK;
    scratch.clear();
    scratch.resize(padded, 0.0);
    blur_plane(cpu, &from.data, from.width, from.height, kernel, scratch, &mut to.data);
}

/// Pixels summed side by side along a row.
const BLOCK: usize = 16;

multiversion! {
    /// Blurs a plane. `line` has room for a row with `radius` pixels on both sides and one block more.
    fn blur_plane(
        from: &[f32],
        width: usize,
        height: usize,
        kernel: &[f32],
        line: &mut [f32],
        to: &mut [f32],
    ) {
        let radius = kernel.len() - 1;
        for y in 0..height {
            let column = &mut line[radius..radius + width];
            let centre = &from[y * width..(y + 1) * width];
            for (sum, v) in column.iter_mut().zip(centre) {
                *sum = kernel[0] * v;
            }
            for (i, k) in kernel.iter().enumerate().skip(1) {
                let above = y.saturating_sub(i);
                let below = (y + i).min(height - 1);
                let above = &from[above * width..(above + 1) * width];
                let below = &from[below * width..(below + 1) * width];
                for ((sum, a), b) in column.iter_mut().zip(above).zip(below) {
                    *sum += k * (a + b);
                }
            }
            let (first, last) = (line[radius], line[radius + width - 1]);
            line[..radius].fill(first);
            line[radius + width..].fill(last);
            let out = &mut to[y * width..(y + 1) * width];
            for (n, out) in out.chunks_mut(BLOCK).enumerate() {
                let at = n * BLOCK + radius;
                let mut sum = [0f32; BLOCK];
                for (s, v) in sum.iter_mut().zip(&line[at..at + BLOCK]) {
                    *s = kernel[0] * v;
                }
                for (i, k) in kernel.iter().enumerate().skip(1) {
                    let left = &line[at - i..at - i + BLOCK];
                    let right = &line[at + i..at + i + BLOCK];
                    for j in 0..BLOCK {
                        sum[j] += k * (left[j] + right[j]);
                    }
                }
                match out.first_chunk_mut() {
                    Some(out) => *out = sum,
                    None => out.copy_from_slice(&sum[..out.len()]),
                }
            }
        }
    }
}

multiversion! {
    fn subtract(more: &[f32], less: &[f32], to: &mut [f32]) {
        for ((to, a), b) in to.iter_mut().zip(more).zip(less) {
            *to = a - b;
        }
    }
}

multiversion! {
    /// Sets `mask` to 1 in the columns whose middle value (row 4 of nine: three scales × three rows) is strong enough
    /// and an extremum of its 26 neighbours, and to 0 in the other inner columns. Returns whether any is 1.
    fn mark_extrema(rows: &[&[f32]; 9], mask: &mut [u8]) -> bool {
        let width = mask.len();
        let rows: [&[f32]; 9] = std::array::from_fn(|i| &rows[i][..width]);
        // In blocks of columns that overlap by one on both sides: first the highest and lowest of nine rows, then of
        // three columns.
        const COLUMNS: usize = 64;
        let mut any = 0u8;
        let mut from = 1;
        while from < width - 1 {
            let count = (width - 1 - from).min(COLUMNS);
            let (mut high, mut low) = ([f32::MIN; COLUMNS + 2], [f32::MAX; COLUMNS + 2]);
            for row in &rows {
                let part = &row[from - 1..from + count + 1];
                for ((high, low), v) in high.iter_mut().zip(&mut low).zip(part) {
                    *high = high.max(*v);
                    *low = low.min(*v);
                }
            }
            let (values, marks) = (&rows[4][from..from + count], &mut mask[from..from + count]);
            for (k, (v, mark)) in values.iter().zip(marks).enumerate() {
                let highest = math::greater(math::greater(high[k], high[k + 1]), high[k + 2]);
                let lowest = math::lesser(math::lesser(low[k], low[k + 1]), low[k + 2]);
                let peak = (*v >= highest) & (*v > CONTRAST_MIN * 0.8);
                let pit = (*v <= lowest) & (*v < -CONTRAST_MIN * 0.8);
                *mark = u8::from(peak | pit);
                any |= *mark;
            }
            from += count;
        }
        any != 0
    }
}

/// Every second pixel of every second row.
fn halve(from: &Plane, to: &mut Plane) {
    let width = to.width;
    for (y, row) in to.data.chunks_exact_mut(width).enumerate() {
        for (to, from) in row.iter_mut().zip(from.row(2 * y).iter().step_by(2)) {
            *to = *from;
        }
    }
}

/// Fits a parabola to the neighbourhood (Brown & Lowe, BMVC 2002) and moves to its extremum. `None` for a weak point, a
/// point on an edge, and one that leaves the octave or does not settle within five steps.
fn refine(d: &[Plane], octave: usize, layer: usize, x: usize, y: usize) -> Option<Extremum> {
    let (mut l, mut x, mut y) = (layer, x, y);
    let (width, height) = (d[0].width, d[0].height);
    for _ in 0..5 {
        let at = |dl: isize, dy: isize, dx: isize| {
            let plane = &d[l.wrapping_add_signed(dl)];
            plane.data[y.wrapping_add_signed(dy) * width + x.wrapping_add_signed(dx)]
        };
        let c = at(0, 0, 0);
        let g = [
            (at(0, 0, 1) - at(0, 0, -1)) * 0.5,
            (at(0, 1, 0) - at(0, -1, 0)) * 0.5,
            (at(1, 0, 0) - at(-1, 0, 0)) * 0.5,
        ];
        let xx = at(0, 0, 1) + at(0, 0, -1) - 2.0 * c;
        let yy = at(0, 1, 0) + at(0, -1, 0) - 2.0 * c;
        let ss = at(1, 0, 0) + at(-1, 0, 0) - 2.0 * c;
        let xy = (at(0, 1, 1) - at(0, 1, -1) - at(0, -1, 1) + at(0, -1, -1)) * 0.25;
        let xs = (at(1, 0, 1) - at(1, 0, -1) - at(-1, 0, 1) + at(-1, 0, -1)) * 0.25;
        let ys = (at(1, 1, 0) - at(1, -1, 0) - at(-1, 1, 0) + at(-1, -1, 0)) * 0.25;
        let o = solve([[xx, xy, xs], [xy, yy, ys], [xs, ys, ss]], g)?;
        if o.iter().any(|v| v.abs() > 0.5) {
            if o.iter().any(|v| v.abs() > 3.0) {
                return None;
            }
            x = x.checked_add_signed(o[0].round() as isize)?;
            y = y.checked_add_signed(o[1].round() as isize)?;
            l = l.checked_add_signed(o[2].round() as isize)?;
            let inside = (1..=LAYERS).contains(&l)
                && (MARGIN..width - MARGIN).contains(&x)
                && (MARGIN..height - MARGIN).contains(&y);
            if !inside {
                return None;
            }
            continue;
        }
        let response = (c + 0.5 * (g[0] * o[0] + g[1] * o[1] + g[2] * o[2])).abs();
        let (trace, det) = (xx + yy, xx * yy - xy * xy);
        let edge = trace * trace * EDGE_RATIO >= (EDGE_RATIO + 1.0) * (EDGE_RATIO + 1.0) * det;
        if response < CONTRAST_MIN || det <= 0.0 || edge {
            return None;
        }
        let exact = l as f32 + o[2];
        let octave_sigma = SIGMA * math::exp2(f64::from(exact) / LAYERS as f64) as f32;
        let (octave_x, octave_y) = (x as f32 + o[0], y as f32 + o[1]);
        let unit = (1u32 << octave) as f32;
        // Pixel i of an octave is pixel 2^octave · i of the picture. The centre of a pixel has coordinate +0.5.
        return Some(Extremum {
            x: octave_x * unit + 0.5,
            y: octave_y * unit + 0.5,
            sigma: octave_sigma * unit,
            response,
            octave,
            layer: (exact.round() as usize).min(LAYERS + 2),
            octave_x,
            octave_y,
            octave_sigma,
        });
    }
    None
}

/// Solves `h · o = −g` by Cramer's rule; `None` when `h` is singular.
fn solve(h: [[f32; 3]; 3], g: [f32; 3]) -> Option<[f32; 3]> {
    let minor = |a: usize, b: usize, c: usize, d: usize| h[a][b] * h[c][d] - h[a][d] * h[c][b];
    let (m0, m1, m2) = (minor(1, 1, 2, 2), minor(1, 0, 2, 2), minor(1, 0, 2, 1));
    let det = h[0][0] * m0 - h[0][1] * m1 + h[0][2] * m2;
    if det.abs() < 1e-12 {
        return None;
    }
    let column = |k: usize| {
        let mut m = h;
        for (row, g) in m.iter_mut().zip(g) {
            row[k] = -g;
        }
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
            - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    Some([column(0) / det, column(1) / det, column(2) / det])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::{bits, every_level_agrees};

    #[test]
    fn every_level_builds_the_same_scale_space() {
        let pyramid = Pyramid::new(Cpu::SCALAR);
        every_level_agrees(|cpu, input| {
            let (width, height) = (input.length + 1, 9);
            let from = Plane { width, height, data: input.floats(width * height) };
            let mut to = from.clone();
            let mut blurred = Vec::new();
            for kernel in &pyramid.kernels {
                blur(cpu, &from, kernel, &mut Vec::new(), &mut to);
                blurred.extend(bits(&to.data));
            }
            let mut difference = vec![0.0; width * height - input.offset];
            let (more, less) = (&to.data[input.offset..], &from.data[input.offset..]);
            subtract(cpu, more, less, &mut difference);
            let rows: [&[f32]; 9] = std::array::from_fn(|y| from.row(y));
            let mut mask = vec![0; width];
            let any = mark_extrema(cpu, &rows, &mut mask);
            assert_eq!(any, mask.contains(&1));
            (blurred, bits(&difference), mask)
        });
    }
}
