//! Hashes a whole picture to 256 bits: signs of keyed rotations of low-frequency DCT coefficients, by region.
//!
//! ```text
//! view     = the picture, or a part of it, at 64 × 64 grey levels
//! tiles    = 32 × 32 means of the whole, its four halves and its four quarters
//! for each tile:
//!     c    = the lowest 64 (whole) or 24 (others) coefficients of its DCT-II, without the mean
//!     c    = c · frequency, which evens out the 1/f spectrum of natural pictures
//!     c    = sign(c) · √|c|, so that one large coefficient does not decide every bit
//!     bits = (ROTATION · c) > 0, where ROTATION is orthonormal and drawn from the key
//! ```
//!
//! A caption, a face in the corner or a cut spoils the bits of some regions and leaves those of the others. Mirroring
//! the picture negates the coefficients of odd horizontal frequency and exchanges left and right regions; inverting it
//! complements every bit. Both need no second transform.

use crate::cpu::{Cpu, multiversion};
use crate::fingerprint::key::Secret;
use crate::fingerprint::math;
use crate::fingerprint::types::{FrameBits, Rect};
use crate::model::Luma;

/// Side of a view, samples.
pub const GRID: usize = 64;
/// Side of a tile, samples.
const SIDE: usize = 32;
/// Frequencies are below this in both directions: the 64 lowest coefficients need no more.
const FREQUENCIES: usize = 12;
/// Regions beside the whole: top, bottom, left, right, top left, top right, bottom left, bottom right.
pub const REGIONS: usize = 8;
/// Number of halves, which come first among the regions.
pub const HALVES: usize = 4;
/// Bits of the whole picture.
pub const WHOLE_BITS: usize = 64;
/// Bits of each region.
pub const REGION_BITS: usize = 24;
/// The region of the original that each region of the mirrored picture shows.
const MIRRORED_REGION: [usize; REGIONS] = [0, 1, 3, 2, 5, 4, 7, 6];

/// A view of a frame: 64 × 64 grey levels of 0.0..=255.0, row by row.
pub type Grid = [f32; GRID * GRID];

/// Weighted coefficients of the whole and of all regions, before rotation.
#[derive(Debug, Clone)]
pub struct Coefficients {
    whole: [f32; WHOLE_BITS],
    regions: [[f32; REGION_BITS]; REGIONS],
    /// Standard deviation of the view, grey levels.
    pub contrast: f32,
}

/// Hashes frames with one key.
pub struct FrameHasher {
    cpu: Cpu,
    /// `cosines[frequency][sample]` of a 32-point orthonormal DCT-II.
    cosines: [[f32; SIDE]; FREQUENCIES],
    /// (row frequency, column frequency) of each coefficient, lowest first.
    order: [(usize, usize); WHOLE_BITS],
    /// Length of the frequency vector of each coefficient.
    weights: [f32; WHOLE_BITS],
    /// Columns of the rotation of the whole.
    whole: Vec<[f32; WHOLE_BITS]>,
    /// Columns of the rotation of every region.
    region: Vec<[f32; REGION_BITS]>,
}

impl FrameHasher {
    /// Draws the rotations from `secret`.
    pub fn new(cpu: Cpu, secret: &Secret) -> Self {
        let cosines = std::array::from_fn(|u| {
            let norm = if u == 0 { 1.0 } else { std::f64::consts::SQRT_2 } / (SIDE as f64).sqrt();
            std::array::from_fn(|i| {
                let angle = std::f64::consts::PI * (i as f64 + 0.5) * u as f64 / SIDE as f64;
                (norm * math::cosine(angle)) as f32
            })
        });
        let mut all: Vec<(usize, usize)> = (0..FREQUENCIES * FREQUENCIES)
            .skip(1)
            .map(|i| (i / FREQUENCIES, i % FREQUENCIES))
            .collect();
        all.sort_by_key(|(u, v)| u * u + v * v);
        let order: [(usize, usize); WHOLE_BITS] = std::array::from_fn(|i| all[i]);
        let weights = order.map(|(u, v)| ((u * u + v * v) as f32).sqrt());
        FrameHasher {
            cpu,
            cosines,
            order,
            weights,
            whole: transposed(&secret.rotation("frame whole", WHOLE_BITS)),
            region: transposed(&secret.rotation("frame region", REGION_BITS)),
        }
    }

    pub fn cpu(&self) -> Cpu {
        self.cpu
    }

    /// The coefficients of a view.
    pub fn coefficients(&self, grid: &Grid) -> Coefficients {
        let mut tiles = [[0f32; SIDE * SIDE]; 9];
        cut(self.cpu, grid, &mut tiles);
        let mean = tiles[0].iter().sum::<f32>() / (SIDE * SIDE) as f32;
        let variance = tiles[0].iter().map(|v| (v - mean) * (v - mean)).sum::<f32>();
        let mut out = Coefficients {
            whole: [0.0; WHOLE_BITS],
            regions: [[0.0; REGION_BITS]; REGIONS],
            contrast: (variance / (SIDE * SIDE) as f32).sqrt(),
        };
        self.transform(&tiles[0], &mut out.whole);
        for (tile, region) in tiles[1..].iter().zip(&mut out.regions) {
            self.transform(tile, region);
        }
        out
    }

    fn transform(&self, tile: &[f32; SIDE * SIDE], to: &mut [f32]) {
        let highest = self.order[..to.len()].iter().map(|(u, v)| *u.max(v)).max().unwrap_or(0) + 1;
        let mut half = [[0f32; SIDE]; FREQUENCIES];
        down(self.cpu, tile, &self.cosines[..highest], &mut half[..highest]);
        let mut full = [[0f32; FREQUENCIES]; FREQUENCIES];
        across(self.cpu, &half[..highest], &self.cosines[..highest], &mut full[..highest]);
        for (out, ((u, v), weight)) in to.iter_mut().zip(self.order.iter().zip(&self.weights)) {
            let c = full[*u][*v] * weight;
            // Large coefficients come from a vignette or a bright half.
            *out = if c < 0.0 { -(-c).sqrt() } else { c.sqrt() };
        }
    }

    /// The hash of a view, from its coefficients.
    pub fn bits(&self, c: &Coefficients) -> FrameBits {
        let mut out = [0u64; 4];
        out[0] = signs(&rotated(&self.whole, &c.whole));
        for (r, region) in c.regions.iter().enumerate() {
            put_region(&mut out, r, signs(&rotated(&self.region, region)) as u32);
        }
        out
    }

    /// The coefficients of the mirrored view.
    pub fn mirrored(&self, c: &Coefficients) -> Coefficients {
        let flip = |from: &[f32], to: &mut [f32]| {
            for ((to, from), (_, v)) in to.iter_mut().zip(from).zip(&self.order) {
                *to = if v % 2 == 1 { -from } else { *from };
            }
        };
        let mut out = c.clone();
        flip(&c.whole, &mut out.whole);
        for (to, from) in out.regions.iter_mut().zip(MIRRORED_REGION) {
            flip(&c.regions[from], to);
        }
        out
    }
}

fn transposed<const N: usize>(m: &[f64]) -> Vec<[f32; N]> {
    (0..N).map(|i| std::array::from_fn(|bit| m[bit * N + i] as f32)).collect()
}

fn rotated<const N: usize>(columns: &[[f32; N]], v: &[f32; N]) -> [f32; N] {
    let mut sums = [0f32; N];
    for (column, v) in columns.iter().zip(v) {
        for i in 0..N {
            sums[i] += column[i] * v;
        }
    }
    sums
}

fn signs(v: &[f32]) -> u64 {
    v.iter().enumerate().fold(0, |bits, (i, v)| bits | (u64::from(*v > 0.0) << i))
}

/// The 24 bits of region `r`, which is in `0..REGIONS`.
pub fn region(bits: &FrameBits, r: usize) -> u32 {
    let at = r * REGION_BITS;
    let (word, shift) = (1 + at / 64, at % 64);
    let mut v = bits[word] >> shift;
    if shift + REGION_BITS > 64 {
        v |= bits[word + 1] << (64 - shift);
    }
    (v & 0x00ff_ffff) as u32
}

fn put_region(bits: &mut FrameBits, r: usize, v: u32) {
    let at = r * REGION_BITS;
    let (word, shift) = (1 + at / 64, at % 64);
    bits[word] |= u64::from(v) << shift;
    if shift + REGION_BITS > 64 {
        bits[word + 1] |= u64::from(v) >> (64 - shift);
    }
}

/// The hash of the inverted (negative) picture.
pub fn complement(bits: &FrameBits) -> FrameBits {
    bits.map(|w| !w)
}

multiversion! {
    /// Reduces a view to nine tiles: the whole, top, bottom, left, right, and the four quarters.
    fn cut(grid: &Grid, tiles: &mut [[f32; SIDE * SIDE]; 9]) {
        for y in 0..SIDE {
            for x in 0..SIDE {
                let at = 2 * y * GRID + 2 * x;
                tiles[0][y * SIDE + x] =
                    (grid[at] + grid[at + 1] + grid[at + GRID] + grid[at + GRID + 1]) * 0.25;
                for half in 0..2 {
                    let at = (half * SIDE + y) * GRID + 2 * x;
                    tiles[1 + half][y * SIDE + x] = (grid[at] + grid[at + 1]) * 0.5;
                    let at = 2 * y * GRID + half * SIDE + x;
                    tiles[3 + half][y * SIDE + x] = (grid[at] + grid[at + GRID]) * 0.5;
                    for right in 0..2 {
                        tiles[5 + 2 * half + right][y * SIDE + x] =
                            grid[(half * SIDE + y) * GRID + right * SIDE + x];
                    }
                }
            }
        }
    }
}

multiversion! {
    /// DCT-II down the columns of a tile: one row of `half` for each frequency.
    fn down(tile: &[f32; SIDE * SIDE], cosines: &[[f32; SIDE]], half: &mut [[f32; SIDE]]) {
        for (out, cosine) in half.iter_mut().zip(cosines) {
            let mut sum = [0f32; SIDE];
            for (row, c) in tile.as_chunks::<SIDE>().0.iter().zip(cosine) {
                for x in 0..SIDE {
                    sum[x] += row[x] * c;
                }
            }
            *out = sum;
        }
    }
}

multiversion! {
    /// DCT-II along the rows of `half`: `full[row frequency][column frequency]`.
    fn across(half: &[[f32; SIDE]], cosines: &[[f32; SIDE]], full: &mut [[f32; FREQUENCIES]]) {
        for (out, row) in full.iter_mut().zip(half) {
            for (out, cosine) in out.iter_mut().zip(cosines) {
                // Four running sums in a fixed order, so that it vectorises and returns the same everywhere.
                let mut sum = [0f32; 4];
                for (r, c) in row.as_chunks::<4>().0.iter().zip(cosine.as_chunks::<4>().0) {
                    for i in 0..4 {
                        sum[i] += r[i] * c[i];
                    }
                }
                *out = (sum[0] + sum[2]) + (sum[1] + sum[3]);
            }
        }
    }
}

/// The view of the part `rect` (long sides) of a picture. Each sample is the mean of the pixels that it covers,
/// weighted by overlap.
pub fn grid_of(picture: &Luma, rect: &Rect) -> Grid {
    let long = picture.long_side() as f32;
    let columns = spread(rect.x0 * long, rect.x1 * long, picture.width as usize);
    let rows = spread(rect.y0 * long, rect.y1 * long, picture.height as usize);
    let mut out = [0f32; GRID * GRID];
    let mut wide = vec![[0f32; GRID]; picture.height as usize];
    let (first, last) = (rows[0].first, rows[GRID - 1].last);
    for (y, to) in wide.iter_mut().enumerate().take(last).skip(first) {
        let row = picture.row(y as u32);
        for (to, part) in to.iter_mut().zip(&columns) {
            *to = part.mean(|x| f32::from(row[x]));
        }
    }
    for (to, part) in out.as_chunks_mut::<GRID>().0.iter_mut().zip(&rows) {
        for (x, to) in to.iter_mut().enumerate() {
            *to = part.mean(|y| wide[y][x]);
        }
    }
    out
}

/// One of the 64 equal parts of a side: pixels `first..last`, of which the outer two count by their share.
struct Part {
    first: usize,
    last: usize,
    first_share: f32,
    last_share: f32,
}

impl Part {
    #[inline(always)]
    fn mean(&self, at: impl Fn(usize) -> f32) -> f32 {
        if self.last - self.first == 1 {
            return at(self.first);
        }
        let mut sum = at(self.first) * self.first_share + at(self.last - 1) * self.last_share;
        for i in self.first + 1..self.last - 1 {
            sum += at(i);
        }
        sum / (self.first_share + self.last_share + (self.last - self.first - 2) as f32)
    }
}

fn spread(from: f32, to: f32, size: usize) -> Vec<Part> {
    let step = (to - from) / GRID as f32;
    (0..GRID)
        .map(|i| {
            let a = (from + i as f32 * step).clamp(0.0, size as f32 - 0.01);
            let b = (from + (i + 1) as f32 * step).clamp(a + 0.005, size as f32);
            let (first, last) = (a as usize, (b.ceil() as usize).clamp(a as usize + 1, size));
            Part {
                first,
                last,
                first_share: (first + 1) as f32 - a,
                last_share: b - (last - 1) as f32,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::{bits, every_level_agrees};

    #[test]
    fn every_level_transforms_to_the_same_coefficients() {
        let hasher = FrameHasher::new(Cpu::SCALAR, &Secret([7; 32]));
        every_level_agrees(|cpu, input| {
            let grid: Grid = std::array::from_fn(|_| input.share() * 255.0);
            let mut tiles = [[0f32; SIDE * SIDE]; 9];
            cut(cpu, &grid, &mut tiles);
            let mut half = [[0f32; SIDE]; FREQUENCIES];
            down(cpu, &tiles[0], &hasher.cosines, &mut half);
            let mut full = [[0f32; FREQUENCIES]; FREQUENCIES];
            across(cpu, &half, &hasher.cosines, &mut full);
            [bits(tiles.as_flattened()), bits(half.as_flattened()), bits(full.as_flattened())]
        });
    }
}
