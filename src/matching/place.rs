//! The place in an upload's picture where an alignment says that the deleted picture is, drawn out and hashed.

use crate::cpu::multiversion;
use crate::fingerprint::frame_hash::{self, FrameHasher, GRID, Grid};
use crate::fingerprint::{Fingerprint, FrameBits, UploadPrint};
use crate::matching::consensus::Alignment;
use crate::matching::frames::Visible;
use crate::model::Luma;

/// Share of a region that must lie inside the upload's picture to be compared.
const REGION_VISIBLE: f32 = 0.93;

/// The deleted video's active picture as sample points in the upload's thumb.
pub struct Place {
    /// Thumb coordinates of grid cell (0, 0), and steps along columns and rows; in long sides.
    origin: (f32, f32),
    column: (f32, f32),
    row: (f32, f32),
    pub visible: Visible,
}

impl Place {
    pub fn new(upload: &UploadPrint, deleted: &Fingerprint, alignment: &Alignment) -> Self {
        let map = if alignment.variant.mirrored() {
            alignment.map.mirrored(f64::from(upload.width))
        } else {
            alignment.map
        };
        let a = deleted.active;
        let (w, h) = (f64::from(a.x1 - a.x0) / GRID as f64, f64::from(a.y1 - a.y0) / GRID as f64);
        let at = |i: f64, j: f64| {
            let (x, y) = map.apply(f64::from(a.x0) + i * w, f64::from(a.y0) + j * h);
            (x as f32, y as f32)
        };
        let origin = at(0.5, 0.5);
        let (right, down) = (at(1.5, 0.5), at(0.5, 1.5));
        let mut place = Place {
            origin,
            column: (right.0 - origin.0, right.1 - origin.1),
            row: (down.0 - origin.0, down.1 - origin.1),
            visible: 0,
        };
        place.visible = place.regions_inside(upload.width, upload.height);
        place
    }

    fn point(&self, i: usize, j: usize) -> (f32, f32) {
        let (i, j) = (i as f32, j as f32);
        (
            self.origin.0 + i * self.column.0 + j * self.row.0,
            self.origin.1 + i * self.column.1 + j * self.row.1,
        )
    }

    fn regions_inside(&self, width: f32, height: f32) -> Visible {
        let mut inside = [[0u32; 8]; 8];
        for j in 0..GRID {
            for i in 0..GRID {
                let (x, y) = self.point(i, j);
                let ok = x > -0.004 && y > -0.004 && x < width + 0.004 && y < height + 0.004;
                inside[j / 8][i / 8] += u32::from(ok);
            }
        }
        let share = |xs: std::ops::Range<usize>, ys: std::ops::Range<usize>| {
            let n = (xs.len() * ys.len() * 64) as f32;
            let sum: u32 =
                ys.flat_map(|j| xs.clone().map(move |i| (i, j))).map(|(i, j)| inside[j][i]).sum();
            sum as f32 / n >= REGION_VISIBLE
        };
        let parts = [
            share(0..8, 0..8),
            share(0..8, 0..4),
            share(0..8, 4..8),
            share(0..4, 0..8),
            share(4..8, 0..8),
            share(0..4, 0..4),
            share(4..8, 0..4),
            share(0..4, 4..8),
            share(4..8, 4..8),
        ];
        parts.iter().enumerate().fold(0, |v, (r, yes)| v | (u16::from(*yes) << r))
    }

    /// Where in thumbs of this size the grid's values lie: the same for all frames of an upload. `None` where a thumb is
    /// but one pixel wide or high, which shows nothing.
    pub fn samples(&self, width: u32, height: u32) -> Option<Samples> {
        let long = width.max(height) as f32;
        let (right, bottom) = (width.checked_sub(2)?, height.checked_sub(2)?);
        let mut of = Samples {
            size: (width, height),
            first: Vec::with_capacity(GRID * GRID),
            across: Vec::with_capacity(GRID * GRID),
            along: Vec::with_capacity(GRID * GRID),
        };
        for j in 0..GRID {
            for i in 0..GRID {
                let (x, y) = self.point(i, j);
                let x = (x * long - 0.5).clamp(0.0, (right + 1) as f32);
                let y = (y * long - 0.5).clamp(0.0, (bottom + 1) as f32);
                // The last pixel is reached from the one before it, so that there always is a next one.
                let (xi, yi) = ((x as u32).min(right), (y as u32).min(bottom));
                of.first.push(yi * width + xi);
                of.across.push(x - xi as f32);
                of.along.push(y - yi as f32);
            }
        }
        Some(of)
    }
}

/// A place as samples of thumbs of one size: for each value of the grid the pixel at its upper left, and how far it
/// lies from there towards the next pixel of the row and the next row, 0..1.
pub struct Samples {
    pub size: (u32, u32),
    first: Vec<u32>,
    across: Vec<f32>,
    along: Vec<f32>,
}

impl Samples {
    /// Draws the place out of a thumb and hashes it.
    pub fn bits(&self, hasher: &FrameHasher, thumb: &Luma, inverted: bool) -> FrameBits {
        let mut grid: Grid = [0.0; GRID * GRID];
        draw(hasher.cpu(), self, &thumb.pixels, thumb.width as usize, &mut grid);
        let bits = hasher.bits(&hasher.coefficients(&grid));
        if inverted { frame_hash::complement(&bits) } else { bits }
    }
}

multiversion! {
    /// Interpolates between four pixels for each value of the grid. Pixels are collected row by row first: what is
    /// scattered cannot be vectorised, all else can (3 times as fast).
    fn draw(samples: &Samples, pixels: &[u8], stride: usize, grid: &mut Grid) {
        let rows = samples.first.chunks_exact(GRID).zip(samples.across.chunks_exact(GRID));
        let rows = rows.zip(samples.along.chunks_exact(GRID)).zip(grid.chunks_exact_mut(GRID));
        for (((first, across), along), out) in rows {
            let (mut upper, mut lower) = ([[0u8; 2]; GRID], [[0u8; 2]; GRID]);
            for ((u, l), n) in upper.iter_mut().zip(&mut lower).zip(first) {
                let n = *n as usize;
                u.copy_from_slice(&pixels[n..n + 2]);
                l.copy_from_slice(&pixels[n + stride..n + stride + 2]);
            }
            let between = |p: &[u8; 2], t: f32| {
                let (from, to) = (f32::from(p[0]), f32::from(p[1]));
                from + t * (to - from)
            };
            for k in 0..GRID {
                let a = between(&upper[k], across[k]);
                let b = between(&lower[k], across[k]);
                out[k] = a + along[k] * (b - a);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::{bits, every_level_agrees};

    #[test]
    fn every_level_draws_the_same_grid() {
        every_level_agrees(|cpu, input| {
            let (width, height) = (input.length as u32 + 2, 37);
            let pixels = input.bytes((width * height) as usize);
            let long = width.max(height) as f32;
            let place = Place {
                origin: (input.share() * width as f32 / long, input.share() * height as f32 / long),
                column: (input.share() / 64.0, input.share() / 64.0),
                row: (-input.share() / 64.0, input.share() / 64.0),
                visible: 0,
            };
            let samples = place.samples(width, height).expect("both sides have two pixels");
            let mut grid: Grid = [0.0; GRID * GRID];
            draw(cpu, &samples, &pixels, width as usize, &mut grid);
            bits(&grid)
        });
    }
}
