//! Around a stable point: its dominant directions and its descriptor, a RootSIFT of 128 numbers
//! (Lowe 2004 §5–6; Arandjelović & Zisserman, CVPR 2012).
//!
//! Departure from the paper: instead of visiting the pixels around a point one by one, a square of samples is
//! drawn from the blurred image, turned and scaled with the point, so that every weight is a constant table and
//! every loop has a fixed length. 16 samples of 0.5625 σ for the direction, 20 of 0.75 σ for the descriptor: finer
//! than the image's own blur of 1 σ needs.

use crate::fingerprint::cpu::{Cpu, multiversion};
use crate::fingerprint::math::{self, PI, TAU};
use crate::fingerprint::pyramid::{Extremum, Plane};

/// Numbers of a descriptor: 4 × 4 cells of 8 directions; index `(row * 4 + column) * 8 + direction`, columns along
/// the point's direction, rows across it (to the right hand), directions relative to it.
pub const DIMENSIONS: usize = 128;

const TURN_SIDE: usize = 16;
const TURN_STEP: f32 = 0.5625;
const TURN_BINS: usize = 36;
/// A second direction counts when it is nearly as strong as the first (Lowe §5).
const SECOND_DIRECTION_MIN: f32 = 0.8;

const SIDE: usize = 20;
const STEP: f32 = 0.75;
const CELLS: usize = 4;
const DIRECTIONS: usize = 8;
/// No single number may carry more than this of the unit vector (Lowe §6.1).
const CLIP: f32 = 0.2;

/// The constant tables, made once.
#[derive(Debug)]
pub struct Patches {
    cpu: Cpu,
    /// Gaussian of 1.5 σ over the direction's samples.
    turn_weights: [f32; TURN_SIDE * TURN_SIDE],
    /// Gaussian of 6 σ over the descriptor's samples, one side; the square is its outer product.
    window: [f32; SIDE],
    /// `shares[cell][sample]`: linear share of each sample in each cell, one side, times `window`.
    shares: [[f32; SIDE]; CELLS],
}

impl Patches {
    pub fn new(cpu: Cpu) -> Self {
        let gauss = |d: f32, sigma: f32| math::exp(-0.5 * f64::from(d / sigma) * f64::from(d / sigma)) as f32;
        let turn = |i: usize| (i as f32 - (TURN_SIDE as f32 - 1.0) / 2.0) * TURN_STEP;
        let turn_weights = std::array::from_fn(|i| {
            gauss(turn(i % TURN_SIDE), 1.5) * gauss(turn(i / TURN_SIDE), 1.5)
        });
        let place = |i: usize| (i as f32 - (SIDE as f32 - 1.0) / 2.0) * STEP;
        let window: [f32; SIDE] = std::array::from_fn(|i| gauss(place(i), 6.0));
        let shares = std::array::from_fn(|cell| {
            // Cells are 3 σ wide with centres at −4.5, −1.5, 1.5, 4.5 σ.
            let centre = (cell as f32 - 1.5) * 3.0;
            std::array::from_fn(|i| window[i] * (1.0 - ((place(i) - centre) / 3.0).abs()).max(0.0))
        });
        Patches { cpu, turn_weights, window, shares }
    }

    /// Calls `each` with every dominant direction of the point (one, seldom two or three), in −π..π.
    pub fn directions(&self, image: &Plane, point: &Extremum, mut each: impl FnMut(f32)) {
        const GRID: usize = TURN_SIDE + 2;
        let mut samples = [0f32; GRID * GRID];
        draw::<GRID>(image, point, 1.0, 0.0, TURN_STEP, &mut samples);
        let mut strength = [0f32; TURN_SIDE * TURN_SIDE];
        let mut direction = [0f32; TURN_SIDE * TURN_SIDE];
        turn_gradients(self.cpu, &samples, &mut strength, &mut direction);
        let mut raw = [0f32; TURN_BINS];
        for ((s, d), w) in strength.iter().zip(&direction).zip(&self.turn_weights) {
            let at = (d + PI) * (TURN_BINS as f32 / TAU);
            let bin = at as usize;
            let part = at - bin as f32;
            raw[bin % TURN_BINS] += s * w * (1.0 - part);
            raw[(bin + 1) % TURN_BINS] += s * w * part;
        }
        let ring = |i: usize, by: usize| raw[(i + by + TURN_BINS - 2) % TURN_BINS];
        let smooth: [f32; TURN_BINS] = std::array::from_fn(|i| {
            (ring(i, 0) + ring(i, 4)) * 0.0625 + (ring(i, 1) + ring(i, 3)) * 0.25 + ring(i, 2) * 0.375
        });
        let highest = smooth.iter().fold(0f32, |a, b| a.max(*b));
        if highest <= 0.0 {
            return;
        }
        for i in 0..TURN_BINS {
            let before = smooth[(i + TURN_BINS - 1) % TURN_BINS];
            let (here, after) = (smooth[i], smooth[(i + 1) % TURN_BINS]);
            if here > before && here >= after && here >= highest * SECOND_DIRECTION_MIN {
                let shift = 0.5 * (before - after) / (before - 2.0 * here + after);
                let angle = (i as f32 + shift) * (TAU / TURN_BINS as f32) - PI;
                each(wrap(angle));
            }
        }
    }

    /// The descriptor of the point turned by `angle`: non-negative, squares sum to 1 (or all zero).
    pub fn describe(&self, image: &Plane, point: &Extremum, angle: f32) -> [f32; DIMENSIONS] {
        const GRID: usize = SIDE + 2;
        let (sin, cos) = math::sin_cos(angle);
        let mut samples = [0f32; GRID * GRID];
        draw::<GRID>(image, point, cos, sin, STEP, &mut samples);
        let mut out = [0f32; DIMENSIONS];
        gather(self.cpu, &samples, &self.shares, &mut out);
        normalise(&mut out);
        out
    }

    /// Half of the side of the square that a descriptor covers, in σ.
    pub fn reach(&self) -> f32 {
        self.window.len() as f32 * STEP * 0.5
    }
}

/// Brings an angle that is at most a turn off into −π..=π.
pub fn wrap(angle: f32) -> f32 {
    if angle > PI {
        angle - TAU
    } else if angle < -PI {
        angle + TAU
    } else {
        angle
    }
}

/// The descriptor the patch would have in the picture mirrored left–right, its direction being π − angle.
pub fn mirrored(d: &[f32; DIMENSIONS]) -> [f32; DIMENSIONS] {
    permuted(d, |r, c, o| (3 - r, c, (8 - o) % 8))
}

/// The descriptor the patch would have in the negative picture: every gradient turns by π and so does the dominant
/// direction, so the square is drawn upside down while directions relative to it stay.
pub fn inverted(d: &[f32; DIMENSIONS]) -> [f32; DIMENSIONS] {
    permuted(d, |r, c, o| (3 - r, 3 - c, o))
}

fn permuted(
    d: &[f32; DIMENSIONS],
    from: impl Fn(usize, usize, usize) -> (usize, usize, usize),
) -> [f32; DIMENSIONS] {
    std::array::from_fn(|i| {
        let (r, c, o) = from(i / 32, i / 8 % 4, i % 8);
        d[(r * 4 + c) * 8 + o]
    })
}

/// Draws `GRID × GRID` bilinear samples around the point, `step` σ apart, turned; borders repeat.
#[inline(always)]
fn draw<const GRID: usize>(
    image: &Plane,
    point: &Extremum,
    cos: f32,
    sin: f32,
    step: f32,
    samples: &mut [f32],
) {
    let unit = step * point.octave_sigma;
    let half = (GRID as f32 - 1.0) / 2.0;
    let (right, bottom) = ((image.width - 1) as f32, (image.height - 1) as f32);
    let (dx, dy) = (cos * unit, sin * unit);
    // The square's corners lie within half·√2 of the centre: away from the border nothing need be clamped.
    let reach = half * unit * 1.4143 + 1.0;
    let inside = point.octave_x >= reach
        && point.octave_y >= reach
        && point.octave_x + reach < right
        && point.octave_y + reach < bottom;
    for (j, row) in samples.chunks_exact_mut(GRID).enumerate() {
        let v = j as f32 - half;
        let (x0, y0) = (point.octave_x - v * dy - half * dx, point.octave_y + v * dx - half * dy);
        for (i, out) in row.iter_mut().enumerate() {
            let (mut x, mut y) = (x0 + i as f32 * dx, y0 + i as f32 * dy);
            if !inside {
                x = x.clamp(0.0, right - 0.001);
                y = y.clamp(0.0, bottom - 0.001);
            }
            let (xi, yi) = (x as usize, y as usize);
            let (fx, fy) = (x - xi as f32, y - yi as f32);
            let at = yi * image.width + xi;
            let (top, low) = (&image.data[at..at + 2], &image.data[at + image.width..at + image.width + 2]);
            let a = top[0] + fx * (top[1] - top[0]);
            let b = low[0] + fx * (low[1] - low[0]);
            *out = a + fy * (b - a);
        }
    }
}

multiversion! {
    fn turn_gradients(samples: &[f32; 324], strength: &mut [f32; 256], direction: &mut [f32; 256]) {
        const GRID: usize = TURN_SIDE + 2;
        for j in 0..TURN_SIDE {
            for i in 0..TURN_SIDE {
                let at = (j + 1) * GRID + i + 1;
                let gx = samples[at + 1] - samples[at - 1];
                let gy = samples[at + GRID] - samples[at - GRID];
                strength[j * TURN_SIDE + i] = (gx * gx + gy * gy).sqrt();
                direction[j * TURN_SIDE + i] = math::atan2(gy, gx);
            }
        }
    }
}

multiversion! {
    /// Gradients of the drawn square, shared out to cells and directions: three small dense steps without scatter.
    fn gather(samples: &[f32; 484], shares: &[[f32; SIDE]; CELLS], out: &mut [f32; DIMENSIONS]) {
        const GRID: usize = SIDE + 2;
        let mut strength = [0f32; SIDE * SIDE];
        let mut direction = [0f32; SIDE * SIDE];
        for j in 0..SIDE {
            for i in 0..SIDE {
                let at = (j + 1) * GRID + i + 1;
                let gx = samples[at + 1] - samples[at - 1];
                let gy = samples[at + GRID] - samples[at - GRID];
                strength[j * SIDE + i] = (gx * gx + gy * gy).sqrt();
                direction[j * SIDE + i] = math::atan2(gy, gx) * (DIRECTIONS as f32 / TAU);
            }
        }
        for o in 0..DIRECTIONS {
            // Down the columns first: rows[cell][i] collects what row-cells get of column i.
            let mut rows = [[0f32; SIDE]; CELLS];
            let centre = o as f32;
            for j in 0..SIDE {
                let mut part = [0f32; SIDE];
                for i in 0..SIDE {
                    let d = (direction[j * SIDE + i] - centre).abs();
                    let near = d.min((d - DIRECTIONS as f32).abs());
                    part[i] = strength[j * SIDE + i] * (1.0 - near).max(0.0);
                }
                for (row, share) in rows.iter_mut().zip(shares) {
                    for i in 0..SIDE {
                        row[i] += part[i] * share[j];
                    }
                }
            }
            for (r, row) in rows.iter().enumerate() {
                for (c, share) in shares.iter().enumerate() {
                    let mut sum = 0f32;
                    for i in 0..SIDE {
                        sum += row[i] * share[i];
                    }
                    out[(r * CELLS + c) * DIRECTIONS + o] = sum;
                }
            }
        }
    }
}

/// Unit length, clipped, then each number's square root of its share (RootSIFT).
fn normalise(d: &mut [f32; DIMENSIONS]) {
    let length = d.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length <= 1e-6 {
        d.fill(0.0);
        return;
    }
    let most = length * CLIP;
    d.iter_mut().for_each(|v| *v = v.min(most));
    let sum = d.iter().sum::<f32>();
    d.iter_mut().for_each(|v| *v = (*v / sum).sqrt());
}
