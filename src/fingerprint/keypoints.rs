//! Finds the keypoints of one keyframe, heaviest first.

use crate::cpu::{Cpu, Level};
use crate::fingerprint::patch::{DIMENSIONS, Patches};
use crate::fingerprint::pyramid::{Extremum, Pyramid};
use crate::fingerprint::types::Spot;
use crate::model::Luma;

/// A keypoint before hashing. The times of its `spot` are 0.
#[derive(Debug, Clone)]
pub struct Described {
    pub spot: Spot,
    /// Response (grey levels) × scale (pixels): strong and large points survive compression and shrinking.
    pub weight: f32,
    /// RootSIFT: non-negative, with squares that sum to 1, or all zero.
    pub descriptor: [f32; DIMENSIONS],
}

/// Finds keypoints in one picture after another, and keeps its buffers.
#[derive(Debug)]
pub struct Detector {
    pyramid: Pyramid,
    patches: Patches,
    extrema: Vec<Extremum>,
}

impl Detector {
    /// A detector that uses AVX2 at most, even where `cpu` is higher.
    pub fn new(cpu: Cpu) -> Self {
        // Measured on an AMD EPYC (Zen 4): 3.1 ms a frame with AVX2, 4.1 with AVX-512, whose blocks do not fit rows of
        // 18, 20 and 22 samples.
        let cpu = cpu.narrowed(Level::Avx2);
        Detector { pyramid: Pyramid::new(cpu), patches: Patches::new(cpu), extrema: Vec::new() }
    }

    /// Up to `most` keypoints of `picture` that `pick` admits, heaviest first.
    pub fn detect(&mut self, picture: &Luma, most: usize, pick: Pick) -> Vec<Described> {
        self.extrema.clear();
        self.pyramid.extrema(picture, &mut self.extrema);
        let unit = 1.0 / picture.long_side() as f32;
        let weight = |e: &Extremum| e.response * e.sigma;
        // Ties are broken by position, so that the order does not depend on the sort.
        self.extrema.sort_by(|a, b| {
            weight(b).total_cmp(&weight(a)).then(a.y.total_cmp(&b.y)).then(a.x.total_cmp(&b.x))
        });
        let mut out = Vec::with_capacity(most.min(self.extrema.len() * 2));
        let mut taken: Vec<(f32, f32)> = Vec::new();
        let mut cells = [0usize; (CELLS * CELLS) as usize];
        let cell_of = |v: f32, size: u32| {
            ((v / (size as f32 * unit) * CELLS) as usize).min(CELLS as usize - 1)
        };
        for e in &self.extrema {
            if out.len() >= most {
                break;
            }
            let (x, y) = (e.x * unit, e.y * unit);
            if !pick.admits(x, y, &taken) {
                continue;
            }
            let column = cell_of(x, picture.width);
            let cell = &mut cells[cell_of(y, picture.height) * CELLS as usize + column];
            if *cell >= pick.cell_max {
                continue;
            }
            *cell += 1;
            taken.push((x, y));
            let image = self.pyramid.image(e);
            let (patches, first) = (&self.patches, out.len());
            patches.directions(image, e, |angle| {
                if out.len() < most && (out.len() == first || pick.directions == Directions::All) {
                    let spot =
                        Spot { x, y, scale: e.sigma * unit, angle, first_s: 0.0, last_s: 0.0 };
                    let descriptor = patches.describe(image, e, angle);
                    out.push(Described { spot, weight: weight(e), descriptor });
                }
            });
        }
        out
    }
}

/// Which points to take.
#[derive(Debug, Clone, Copy)]
pub struct Pick {
    /// Smallest distance between two points, long sides; 0 takes all.
    pub distance_min: f32,
    /// Most points from one cell of an 8 × 8 grid, so that a wall of text does not use up the number.
    pub cell_max: usize,
    pub directions: Directions,
}

/// How often to take a point that has several dominant directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directions {
    /// Once, with the first direction in the order of the histogram.
    First,
    /// Once for each direction.
    All,
}

/// Cells along each side of the grid over which points are spread.
const CELLS: f32 = 8.0;

impl Pick {
    fn admits(&self, x: f32, y: f32, taken: &[(f32, f32)]) -> bool {
        let apart = self.distance_min * self.distance_min;
        apart == 0.0 || taken.iter().all(|(a, b)| (a - x) * (a - x) + (b - y) * (b - y) > apart)
    }
}
