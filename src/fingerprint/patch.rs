//! Describes the neighbourhood of a stable point: its dominant directions and its descriptor, a RootSIFT of 128 numbers
//! (Lowe, IJCV 2004, §5–6; Arandjelović & Zisserman, "Three things everyone should know to improve object retrieval",
//! CVPR 2012).
//!
//! ```text
//! directions: 16 × 16 samples, 0.5625 σ apart → gradients → histogram of 36 bins, weighted by a Gaussian of 1.5 σ
//!             → smoothed → peaks of at least 0.8 of the highest, by a parabola through three bins
//! descriptor: 20 × 20 samples, 0.75 σ apart, rotated to the direction → gradients → 4 × 4 cells × 8 directions,
//!             linear shares → unit length → clipped at 0.2 → divided by its sum → square root of each number
//! ```
//!
//! Departure from the paper: instead of visiting the pixels around a point one by one, a square of samples is drawn
//! from the blurred image, rotated and scaled with the point. Every weight then comes from a constant table and every
//! loop has a fixed length, so that the compiler vectorises it. The samples are denser than the image's own blur of 1 σ
//! requires.

use crate::cpu::{Cpu, multiversion};
use crate::fingerprint::math::{self, PI, TAU};
use crate::fingerprint::pyramid::{Extremum, Plane};

/// Numbers of a descriptor: 4 × 4 cells of 8 directions, at index `(row * 4 + column) * 8 + direction`. Columns run
/// along the point's direction and rows across it, to its right. Directions are relative to the point's.
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

/// The constant tables of weights.
#[derive(Debug)]
pub struct Patches {
    cpu: Cpu,
    /// Gaussian of 1.5 σ over the direction's samples.
    turn_weights: [f32; TURN_SIDE * TURN_SIDE],
    /// `shares[cell][sample]` along one side: the linear share of each sample in each cell, times a Gaussian of 6 σ.
    /// The weights of the square are the outer product.
    shares: [[f32; SIDE]; CELLS],
}

impl Patches {
    pub fn new(cpu: Cpu) -> Self {
        let gauss = |d: f32, sigma: f32| {
            math::exp(-0.5 * f64::from(d / sigma) * f64::from(d / sigma)) as f32
        };
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
        Patches { cpu, turn_weights, shares }
    }

    /// Calls `each` with every dominant direction of the point, radians in −π..=π: usually one, sometimes two or three,
    /// none in a flat neighbourhood.
    pub fn directions(&self, image: &Plane, point: &Extremum, mut each: impl FnMut(f32)) {
        let square = Square::new(point, (1.0, 0.0), TURN_STEP, TURN_SIDE + 2);
        let size = (image.width, image.height);
        let mut smooth = [0f32; TURN_BINS];
        turn_strengths(self.cpu, &image.data, size, &square, &self.turn_weights, &mut smooth);
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

    /// The descriptor of the point, relative to direction `angle` (radians). Its numbers are non-negative, and their
    /// squares sum to 1; it is all zero for a flat neighbourhood.
    pub fn describe(&self, image: &Plane, point: &Extremum, angle: f32) -> [f32; DIMENSIONS] {
        let (sin, cos) = math::sin_cos(angle);
        let square = Square::new(point, (cos, sin), STEP, SIDE + 2);
        let size = (image.width, image.height);
        let mut out = [0f32; DIMENSIONS];
        distribute(self.cpu, &image.data, size, &square, &self.shares, &mut out);
        out
    }
}

/// Wraps an angle in −3π..=3π, radians, to −π..=π.
pub fn wrap(angle: f32) -> f32 {
    if angle > PI {
        angle - TAU
    } else if angle < -PI {
        angle + TAU
    } else {
        angle
    }
}

/// The descriptor of the same patch in the picture mirrored left–right, where its direction is π − angle.
pub fn mirrored(d: &[f32; DIMENSIONS]) -> [f32; DIMENSIONS] {
    permuted(d, |r, c, o| (3 - r, c, (8 - o) % 8))
}

/// The descriptor of the same patch in the inverted (negative) picture. Every gradient turns by π, and so does the
/// dominant direction: the square is drawn upside down, while relative directions stay.
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

/// The place of a square of samples in an image.
struct Square {
    /// Its centre, pixels.
    x: f32,
    y: f32,
    /// The step from one sample to the next in a row, pixels.
    dx: f32,
    dy: f32,
    /// Half of its side, samples.
    half: f32,
}

impl Square {
    fn new(point: &Extremum, (cos, sin): (f32, f32), step: f32, grid: usize) -> Self {
        let unit = step * point.octave_sigma;
        let (dx, dy) = (cos * unit, sin * unit);
        Square { x: point.octave_x, y: point.octave_y, dx, dy, half: (grid as f32 - 1.0) / 2.0 }
    }
}

/// Draws `GRID × GRID` bilinear samples; beyond a border, the border's pixels repeat. Positions and means are dense
/// loops that vectorise; only the loads of four pixels between them go one by one.
#[inline(always)]
fn draw<const GRID: usize, const COUNT: usize>(
    data: &[f32],
    (width, height): (usize, usize),
    square: &Square,
    samples: &mut [f32; COUNT],
) {
    let Square { x, y, dx, dy, half } = *square;
    let (right, bottom) = ((width - 1) as f32 - 0.001, (height - 1) as f32 - 0.001);
    let mut share_x = [0f32; COUNT];
    let mut share_y = [0f32; COUNT];
    let mut at = [0i32; COUNT];
    for j in 0..GRID {
        let v = j as f32 - half;
        let (x0, y0) = (x - v * dy - half * dx, y + v * dx - half * dy);
        for i in 0..GRID {
            let x = math::lesser(math::greater(x0 + i as f32 * dx, 0.0), right);
            let y = math::lesser(math::greater(y0 + i as f32 * dy, 0.0), bottom);
            let (xi, yi) = (x as i32, y as i32);
            share_x[j * GRID + i] = x - xi as f32;
            share_y[j * GRID + i] = y - yi as f32;
            at[j * GRID + i] = yi * width as i32 + xi;
        }
    }
    let mut corners = [[0f32; COUNT]; 4];
    for (k, at) in at.iter().enumerate() {
        let near = &data[*at as usize..][..width + 2];
        corners[0][k] = near[0];
        corners[1][k] = near[1];
        corners[2][k] = near[width];
        corners[3][k] = near[width + 1];
    }
    for k in 0..COUNT {
        let a = corners[0][k] + share_x[k] * (corners[1][k] - corners[0][k]);
        let b = corners[2][k] + share_x[k] * (corners[3][k] - corners[2][k]);
        samples[k] = a + share_y[k] * (b - a);
    }
}

/// Lengths and directions (radians) of the gradients inside a drawn square, row by row.
#[inline(always)]
fn gradients<const GRID: usize, const COUNT: usize>(
    samples: &[f32],
    strength: &mut [f32; COUNT],
    direction: &mut [f32; COUNT],
) {
    let side = GRID - 2;
    let mut along = [0f32; COUNT];
    let mut across = [0f32; COUNT];
    for j in 0..side {
        for i in 0..side {
            let at = (j + 1) * GRID + i + 1;
            along[j * side + i] = samples[at + 1] - samples[at - 1];
            across[j * side + i] = samples[at + GRID] - samples[at - GRID];
        }
    }
    for k in 0..COUNT {
        let (gx, gy) = (along[k], across[k]);
        strength[k] = (gx * gx + gy * gy).sqrt();
        direction[k] = math::atan2(gy, gx);
    }
}

multiversion! {
    /// The smoothed histogram of gradient directions around a point.
    fn turn_strengths(
        data: &[f32],
        size: (usize, usize),
        square: &Square,
        weights: &[f32; TURN_SIDE * TURN_SIDE],
        smooth: &mut [f32; TURN_BINS],
    ) {
        const GRID: usize = TURN_SIDE + 2;
        let mut samples = [0f32; GRID * GRID];
        draw::<GRID, { GRID * GRID }>(data, size, square, &mut samples);
        let mut strength = [0f32; TURN_SIDE * TURN_SIDE];
        let mut direction = [0f32; TURN_SIDE * TURN_SIDE];
        gradients::<GRID, { TURN_SIDE * TURN_SIDE }>(&samples, &mut strength, &mut direction);
        let mut bins = [0i32; TURN_SIDE * TURN_SIDE];
        let mut parts = [[0f32; 2]; TURN_SIDE * TURN_SIDE];
        for k in 0..TURN_SIDE * TURN_SIDE {
            let at = (direction[k] + PI) * (TURN_BINS as f32 / TAU);
            bins[k] = at as i32;
            let part = at - bins[k] as f32;
            let strength = strength[k] * weights[k];
            parts[k] = [strength * (1.0 - part), strength * part];
        }
        // A direction of exactly π is bin 36, which is bin 0.
        let mut raw = [0f32; TURN_BINS];
        for (bin, [here, next]) in bins.iter().zip(&parts) {
            let bin = *bin as usize;
            let first = if bin >= TURN_BINS { bin - TURN_BINS } else { bin };
            let second = if first + 1 == TURN_BINS { 0 } else { first + 1 };
            raw[first] += here;
            raw[second] += next;
        }
        let ring = |i: usize, by: usize| raw[(i + by + TURN_BINS - 2) % TURN_BINS];
        *smooth = std::array::from_fn(|i| {
            (ring(i, 0) + ring(i, 4)) * 0.0625
                + (ring(i, 1) + ring(i, 3)) * 0.25
                + ring(i, 2) * 0.375
        });
    }
}

/// Two neighbouring rows of cells, eight directions each.
const BAND: usize = 2 * DIRECTIONS;

multiversion! {
    /// The descriptor: distributes the gradients of the drawn square over cells and directions, in small dense steps
    /// without scattered writes.
    ///
    /// A row of samples has a share in at most two neighbouring rows of cells, so that 16 lanes hold the contribution
    /// of one sample. Contributions of the samples along a row are summed afterwards, for all cells and directions side
    /// by side. Every number is a sum in the order of rows, then of columns.
    fn distribute(
        data: &[f32],
        size: (usize, usize),
        square: &Square,
        shares: &[[f32; SIDE]; CELLS],
        out: &mut [f32; DIMENSIONS],
    ) {
        const GRID: usize = SIDE + 2;
        let mut samples = [0f32; GRID * GRID];
        draw::<GRID, { GRID * GRID }>(data, size, square, &mut samples);
        let mut strength = [0f32; SIDE * SIDE];
        let mut direction = [0f32; SIDE * SIDE];
        gradients::<GRID, { SIDE * SIDE }>(&samples, &mut strength, &mut direction);
        direction.iter_mut().for_each(|d| *d *= DIRECTIONS as f32 / TAU);
        let centres: [f32; BAND] = std::array::from_fn(|k| (k % DIRECTIONS) as f32);
        // columns[i][cell row * 8 + direction]: the contribution of column i of the square to a row of cells.
        let mut columns = [[0f32; CELLS * DIRECTIONS]; SIDE];
        for j in 0..SIDE {
            let row = (0..CELLS - 2).take_while(|r| shares[*r][j] <= 0.0).count();
            let share: [f32; BAND] = std::array::from_fn(|k| shares[row + k / DIRECTIONS][j]);
            for (i, column) in columns.iter_mut().enumerate() {
                let (turn, weight) = (direction[j * SIDE + i], strength[j * SIDE + i]);
                let band = column[row * DIRECTIONS..]
                    .first_chunk_mut::<BAND>()
                    .expect("a band ends with the last row of cells");
                for k in 0..BAND {
                    let d = (turn - centres[k]).abs();
                    let near = math::lesser(d, (d - DIRECTIONS as f32).abs());
                    band[k] += weight * math::greater(1.0 - near, 0.0) * share[k];
                }
            }
        }
        let mut sums = [[0f32; CELLS * DIRECTIONS]; CELLS];
        for (i, column) in columns.iter().enumerate() {
            for (sum, share) in sums.iter_mut().zip(shares) {
                for k in 0..CELLS * DIRECTIONS {
                    sum[k] += column[k] * share[i];
                }
            }
        }
        for (n, cell) in out.as_chunks_mut::<DIRECTIONS>().0.iter_mut().enumerate() {
            let (row, column) = (n / CELLS, n % CELLS);
            cell.copy_from_slice(&sums[column][row * DIRECTIONS..][..DIRECTIONS]);
        }
        normalise(out);
    }
}

/// Scales to unit length, clips, divides by the sum and takes square roots (RootSIFT).
#[inline(always)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::{bits, every_level_agrees};

    #[test]
    fn every_level_describes_the_same() {
        every_level_agrees(|cpu, input| {
            let patches = Patches::new(cpu);
            let (width, height) = (input.length + 2, 23);
            let image = Plane { width, height, data: input.floats(width * height) };
            let octave_sigma = 1.0 + 2.0 * input.share();
            let point = Extremum {
                x: 0.0,
                y: 0.0,
                sigma: octave_sigma,
                response: 1.0,
                octave: 0,
                layer: 1,
                octave_x: input.share() * width as f32,
                octave_y: input.share() * height as f32,
                octave_sigma,
            };
            let mut numbers = Vec::new();
            patches.directions(&image, &point, |angle| numbers.push(angle));
            assert!(!numbers.is_empty());
            numbers.extend(patches.describe(&image, &point, input.share() * TAU - PI));
            bits(&numbers)
        });
    }
}
