//! The deleted picture drawn out of an upload's small pictures, at the place where an alignment puts it, and hashed.
//!
//! A frame's hash is taken over a 64 × 64 grid on the active picture. Under an alignment that grid lies somewhere in
//! the upload's picture, turned, scaled and stretched. [`SampleGrid`] knows where; [`Samples`] turns it to pixels of
//! thumbs of one size, once for all frames; [`Samples::bits`] interpolates (bilinear) and hashes.
//!
//! A region counts as visible when nearly all of its grid lies inside the upload's picture; the others are not
//! compared.

use crate::cpu::multiversion;
use crate::fingerprint::frame_hash::{self, FrameHasher, GRID, Grid};
use crate::fingerprint::{Fingerprint, FrameBits, UploadPrint};
use crate::matching::align::consensus::Alignment;
use crate::matching::align::geometry::DeletedPoint;
use crate::matching::evidence::frames::Visible;
use crate::model::Luma;

/// Share of a region's grid that must lie inside the upload's picture. Tuned.
const REGION_VISIBLE: f32 = 0.93;
/// Long sides by which a grid point may lie outside and still count as inside: a pixel and a half of 360. Tuned.
const EDGE_SLACK: f32 = 0.004;

/// The grid on the deleted video's active picture, in the upload's picture.
pub struct SampleGrid {
    /// Place of grid cell (0, 0), and steps along columns and rows; in long sides of the upload's picture.
    origin: (f32, f32),
    column: (f32, f32),
    row: (f32, f32),
    pub visible: Visible,
}

impl SampleGrid {
    pub fn new(upload: &UploadPrint, deleted: &Fingerprint, alignment: &Alignment) -> Self {
        let map = if alignment.variant.mirrored() {
            alignment.map.mirrored(f64::from(upload.width))
        } else {
            alignment.map
        };
        let a = deleted.active;
        let (w, h) = (f64::from(a.x1 - a.x0) / GRID as f64, f64::from(a.y1 - a.y0) / GRID as f64);
        let at = |i: f64, j: f64| {
            let cell = DeletedPoint::new(f64::from(a.x0) + i * w, f64::from(a.y0) + j * h);
            let place = map.apply(cell);
            (place.x as f32, place.y as f32)
        };
        let origin = at(0.5, 0.5);
        let (right, down) = (at(1.5, 0.5), at(0.5, 1.5));
        let mut grid = SampleGrid {
            origin,
            column: (right.0 - origin.0, right.1 - origin.1),
            row: (down.0 - origin.0, down.1 - origin.1),
            visible: 0,
        };
        grid.visible = grid.regions_inside(upload.width, upload.height);
        grid
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
                let (right, bottom) = (width + EDGE_SLACK, height + EDGE_SLACK);
                let ok = x > -EDGE_SLACK && y > -EDGE_SLACK && x < right && y < bottom;
                inside[j / 8][i / 8] += u32::from(ok);
            }
        }
        // Whole, top, bottom, left, right, then the quarters, as `frame_hash` orders them.
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

    /// The grid as samples of thumbs of this size. `None` where a thumb is a single pixel wide or high: it shows
    /// nothing.
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

/// A grid as samples of thumbs of one size: for each value the pixel at its upper left, and how far it lies from there
/// towards the next pixel of the row and the next row, 0..1.
pub struct Samples {
    pub size: (u32, u32),
    first: Vec<u32>,
    across: Vec<f32>,
    along: Vec<f32>,
}

impl Samples {
    /// Draws the grid out of a thumb and hashes it; the negative's hash when `inverted`.
    pub fn bits(&self, hasher: &FrameHasher, thumb: &Luma, inverted: bool) -> FrameBits {
        let mut grid: Grid = [0.0; GRID * GRID];
        draw(hasher.cpu(), self, &thumb.pixels, thumb.width as usize, &mut grid);
        let bits = hasher.bits(&hasher.coefficients(&grid));
        if inverted { frame_hash::complement(&bits) } else { bits }
    }
}

multiversion! {
    /// Interpolates between four pixels for each value of the grid. Pixels are gathered a row at a time first: the
    /// gathering cannot be vectorised, the rest can (3 times as fast).
    fn draw(samples: &Samples, pixels: &[u8], stride: usize, grid: &mut Grid) {
        let (first, _) = samples.first.as_chunks::<GRID>();
        let (across, _) = samples.across.as_chunks::<GRID>();
        let (along, _) = samples.along.as_chunks::<GRID>();
        let (out, _) = grid.as_chunks_mut::<GRID>();
        let rows = first.iter().zip(across).zip(along).zip(out);
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
    use crate::cpu::Cpu;
    use crate::cpu::testing::{bits, every_level_agrees};
    use crate::matching::align::geometry::Affine;
    use crate::matching::align::time_map::TimeMap;
    use crate::matching::evidence::frames::VISIBLE_ALL;
    use crate::matching::tests::scene::{Scene, alignment};

    fn grid(map: Affine) -> SampleGrid {
        let scene = Scene::new(31);
        let time_map = TimeMap { speed: 1.0, offset_s: 0.0 };
        SampleGrid::new(&scene.upload(), &scene.deleted(), &alignment(map, time_map))
    }

    const WHOLE: Affine = Affine { a: 1.0, b: 0.0, c: 0.0, d: 0.0, e: 1.0, f: 0.0 };

    #[test]
    fn regions_outside_the_picture_are_not_visible() {
        assert_eq!(grid(WHOLE).visible, VISIBLE_ALL);
        // Half a picture to the right: the left half and its quarters remain, bits 3, 5 and 7.
        assert_eq!(grid(Affine { c: 0.5, ..WHOLE }).visible, 1 << 3 | 1 << 5 | 1 << 7);
        assert_eq!(grid(Affine { c: 2.0, ..WHOLE }).visible, 0);
    }

    #[test]
    fn every_level_draws_the_same_grid() {
        every_level_agrees(|cpu, input| {
            let (width, height) = (input.length as u32 + 2, 37);
            let pixels = input.bytes((width * height) as usize);
            let long = width.max(height) as f32;
            let grid = SampleGrid {
                origin: (input.share() * width as f32 / long, input.share() * height as f32 / long),
                column: (input.share() / 64.0, input.share() / 64.0),
                row: (-input.share() / 64.0, input.share() / 64.0),
                visible: 0,
            };
            let samples = grid.samples(width, height).expect("both sides have two pixels");
            let mut grid: Grid = [0.0; GRID * GRID];
            draw(cpu, &samples, &pixels, width as usize, &mut grid);
            bits(&grid)
        });
    }

    #[test]
    fn a_ramp_stays_a_ramp() {
        let (width, height) = (96u32, 54u32);
        let pixels = (0..width * height).map(|i| (i % width) as u8).collect::<Vec<u8>>();
        let map = Affine { a: 0.5, c: 0.2, e: 0.5, f: 0.1, ..WHOLE };
        let samples = grid(map).samples(width, height).unwrap();
        let mut drawn: Grid = [0.0; GRID * GRID];
        draw(Cpu::detect(), &samples, &pixels, width as usize, &mut drawn);
        for row in drawn.as_chunks::<GRID>().0 {
            for pair in row.windows(2) {
                let step = 0.5 / GRID as f32 * width as f32;
                assert!((pair[1] - pair[0] - step).abs() < 1e-3, "{pair:?}");
            }
        }
    }

    #[test]
    fn a_thumb_of_one_pixel_has_no_samples() {
        assert!(grid(WHOLE).samples(1, 40).is_none() && grid(WHOLE).samples(40, 1).is_none());
        assert!(grid(WHOLE).samples(2, 2).is_some());
    }
}
