//! The place in an upload's picture where an alignment says that the deleted picture is, drawn out and hashed.

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

    /// Where in thumbs of this size the grid's values lie: the same for all frames of an upload.
    pub fn samples(&self, width: u32, height: u32) -> Samples {
        let long = width.max(height) as f32;
        let (right, bottom) = ((width - 1) as f32, (height - 1) as f32);
        let stride = width as usize;
        let mut of = Vec::with_capacity(GRID * GRID);
        for j in 0..GRID {
            for i in 0..GRID {
                let (x, y) = self.point(i, j);
                let x = (x * long - 0.5).clamp(0.0, right);
                let y = (y * long - 0.5).clamp(0.0, bottom);
                let (xi, yi) = (x as usize, y as usize);
                of.push(Sample {
                    first: (yi * stride + xi) as u32,
                    right: u32::from(xi + 1 < stride),
                    down: if yi + 1 < height as usize { width } else { 0 },
                    across: x - xi as f32,
                    along: y - yi as f32,
                });
            }
        }
        Samples { size: (width, height), of }
    }
}

/// A value of the grid: between which pixels of the thumb, and how far between.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Index of the upper left pixel, and steps to its neighbours: 0 at the edges.
    first: u32,
    right: u32,
    down: u32,
    across: f32,
    along: f32,
}

/// A place as samples of thumbs of one size.
pub struct Samples {
    pub size: (u32, u32),
    of: Vec<Sample>,
}

impl Samples {
    /// Draws the place out of a thumb and hashes it.
    pub fn bits(&self, hasher: &FrameHasher, thumb: &Luma, inverted: bool) -> FrameBits {
        let mut grid: Grid = [0.0; GRID * GRID];
        let pixels = &thumb.pixels[..];
        for (out, s) in grid.iter_mut().zip(&self.of) {
            let p = |n: u32| f32::from(pixels[n as usize]);
            let (upper, lower) = (s.first, s.first + s.down);
            let a = p(upper) + s.across * (p(upper + s.right) - p(upper));
            let b = p(lower) + s.across * (p(lower + s.right) - p(lower));
            *out = a + s.along * (b - a);
        }
        let bits = hasher.bits(&hasher.coefficients(&grid));
        if inverted { frame_hash::complement(&bits) } else { bits }
    }
}
