//! Scales a picture's luma to working size in integer arithmetic: by area average when it shrinks, bilinearly when it
//! grows.
//!
//! Both axes are handled alike. An axis is a list of taps: for each output position, a first input position and weights
//! that sum to exactly 2^14. Area weights are the overlaps of the output's cell with the input's cells; a bilinear tap
//! has two weights. The picture is reduced along y first, a row at a time, so that the inner loop runs over
//! neighbouring bytes and the compiler vectorises it. The small result is then reduced along x.
//!
//! ```text
//! for each output row:   sum[x] = Σ weight · input[row][x]          (32 bits)
//!                        mid[x] = sum[x] rounded to 16 bits          (8.8 fixed point of an 8-bit picture)
//!                        wide[i] = Σ weight · mid[x]                 (8.22)
//!                        out[i] = (wide[i] − black) · 255 / (white − black), rounded once
//! ```
//!
//! No step overflows, and no step depends on the instruction set, so that every CPU level returns the same bytes.

use crate::cpu::{Cpu, Level, multiversion};
use crate::model::Luma;

const WEIGHT_BITS: u32 = 14;
/// Longest side of an input picture, pixels; codecs allow less.
const SIDE_MAX: u32 = 1 << 20;

/// How an input picture encodes brightness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Levels {
    /// Bits of a sample, 8..=16, with the padding.
    pub bits: u32,
    /// Zero bits below the value; P010 has 6.
    pub padding: u32,
    /// Black is 16 and white 235, in 8 bits, instead of 0 and 255.
    pub limited: bool,
}

/// A sample as stored in a plane.
pub(super) trait Sample: Copy + Into<u32> {}
impl Sample for u8 {}
impl Sample for u16 {}

/// The working size of a displayed picture, pixels: the long side is `long_side`; the short side is rounded, at least
/// 1.
pub(super) fn fit(width: u64, height: u64, long_side: u32) -> (u32, u32) {
    let longer = width.max(height).max(1);
    let scaled = |side: u64| {
        let rounded = (u128::from(side) * u128::from(long_side) + u128::from(longer / 2))
            / u128::from(longer);
        // Not above `long_side`, because `side` is not above `longer`.
        (rounded as u32).max(1)
    };
    (scaled(width), scaled(height))
}

/// Scales pictures of one size to another. Keeps its tables and buffers between pictures.
pub(super) struct Scaler {
    source: (u32, u32),
    target: (u32, u32),
    columns: Axis,
    rows: Axis,
    sum: Vec<u32>,
    mid: Vec<u16>,
    cpu: Cpu,
}

impl Scaler {
    /// `None` when a side is 0 or longer than `SIDE_MAX`.
    pub fn new(source: (u32, u32), target: (u32, u32), cpu: Cpu) -> Option<Self> {
        let sides = [source.0, source.1, target.0, target.1];
        if sides.iter().any(|side| !(1..=SIDE_MAX).contains(side)) {
            return None;
        }
        Some(Scaler {
            source,
            target,
            columns: Axis::new(source.0, target.0),
            rows: Axis::new(source.1, target.1),
            sum: vec![0; source.0 as usize],
            mid: vec![0; source.0 as usize],
            // The build for AVX-512 has not been measured.
            cpu: cpu.narrowed(Level::Avx2),
        })
    }

    /// Whether this scaler has these sizes.
    pub fn fits(&self, source: (u32, u32), target: (u32, u32)) -> bool {
        self.source == source && self.target == target
    }

    /// Scales one picture. `row(y)` returns at least the source's width of samples for each y below the source's
    /// height.
    pub fn run<'a, S: Sample + 'a>(
        &mut self,
        row: impl Fn(u32) -> &'a [S],
        levels: Levels,
    ) -> Luma {
        let mut pixels = vec![0; self.target.0 as usize * self.target.1 as usize];
        scale(self.cpu, self, &row, levels, &mut pixels);
        Luma::new(self.target.0, self.target.1, pixels)
    }
}

multiversion! {
    fn scale['a, S: Sample + 'a](
        scaler: &mut Scaler,
        row: &impl Fn(u32) -> &'a [S],
        levels: Levels,
        pixels: &mut [u8],
    ) {
        let Scaler { columns, rows, sum, mid, .. } = scaler;
        let width = scaler.source.0 as usize;
        let stretch = Stretch::new(levels);
        // (2^bits − 1) · 2^14 becomes at most 2^16 − 1.
        let shift = WEIGHT_BITS + levels.bits - 16;
        for (out, tap) in pixels.chunks_exact_mut(scaler.target.0 as usize).zip(&rows.taps) {
            let weights = rows.weights(tap);
            for (index, &weight) in weights.iter().enumerate() {
                let line = &row(tap.first + index as u32)[..width];
                if index == 0 {
                    set(sum, line, weight);
                } else {
                    add(sum, line, weight);
                }
            }
            narrow(mid, sum, shift);
            for (pixel, tap) in out.iter_mut().zip(&columns.taps) {
                let weights = columns.weights(tap);
                let mid = &mid[tap.first as usize..][..weights.len()];
                let wide =
                    weights.iter().zip(mid).map(|(&w, &m)| u32::from(w) * u32::from(m)).sum();
                *pixel = stretch.level(wide);
            }
        }
    }
}

#[inline(always)]
fn set<S: Sample>(sum: &mut [u32], line: &[S], weight: u16) {
    for (sum, &sample) in sum.iter_mut().zip(line) {
        *sum = sample.into() * u32::from(weight);
    }
}

#[inline(always)]
fn add<S: Sample>(sum: &mut [u32], line: &[S], weight: u16) {
    for (sum, &sample) in sum.iter_mut().zip(line) {
        *sum += sample.into() * u32::from(weight);
    }
}

#[inline(always)]
fn narrow(mid: &mut [u16], sum: &[u32], shift: u32) {
    let half = (1 << shift) >> 1;
    for (mid, &sum) in mid.iter_mut().zip(sum) {
        *mid = ((sum + half) >> shift) as u16;
    }
}

/// Maps 8.22 sums between black and white to 0..=255, with a single rounding.
struct Stretch {
    black: i64,
    factor: i64,
}

/// `factor` is 255 / (white − black) in units of 2^−50. White − black is near 2^30, so that products stay below 2^60.
const FACTOR_BITS: u32 = 50;

impl Stretch {
    fn new(levels: Levels) -> Self {
        let (black, white) = if levels.limited {
            (16 << 22, 235 << 22)
        } else {
            let value_bits = levels.bits - levels.padding;
            let top = ((1_i64 << value_bits) - 1) << (16 - value_bits);
            (0, top << WEIGHT_BITS)
        };
        Stretch { black, factor: (255_i64 << FACTOR_BITS) / (white - black) }
    }

    #[inline(always)]
    fn level(&self, wide: u32) -> u8 {
        let above = (i64::from(wide) - self.black).max(0);
        let level = (above * self.factor + (1 << (FACTOR_BITS - 1))) >> FACTOR_BITS;
        level.min(255) as u8
    }
}

struct Axis {
    taps: Vec<Tap>,
    weights: Vec<u16>,
}

/// The inputs of one output position.
struct Tap {
    first: u32,
    /// The range of the weights in `Axis::weights`.
    from: u32,
    to: u32,
}

impl Axis {
    fn new(source: u32, target: u32) -> Self {
        let mut axis = Axis { taps: Vec::with_capacity(target as usize), weights: Vec::new() };
        for position in 0..target {
            let from = axis.weights.len() as u32;
            let first = if source > target {
                axis.push_area(source, target, position)
            } else {
                axis.push_linear(source, target, position)
            };
            axis.taps.push(Tap { first, from, to: axis.weights.len() as u32 });
        }
        axis
    }

    #[inline(always)]
    fn weights(&self, tap: &Tap) -> &[u16] {
        &self.weights[tap.from as usize..tap.to as usize]
    }

    /// In units in which an input's cell is `target` long, the output's cell is from `position · source` up to
    /// `(position + 1) · source`. The running total is rounded, not each weight, so that the weights sum to exactly
    /// 2^14.
    fn push_area(&mut self, source: u32, target: u32, position: u32) -> u32 {
        let (source, target) = (u64::from(source), u64::from(target));
        let begin = u64::from(position) * source;
        let end = begin + source;
        let (first, last) = (begin / target, (end - 1) / target);
        let total_at = |edge: u64| (((edge - begin) << WEIGHT_BITS) + source / 2) / source;
        for input in first..=last {
            let low = total_at((input * target).max(begin));
            let high = total_at(((input + 1) * target).min(end));
            self.weights.push((high - low) as u16);
        }
        first as u32
    }

    /// The centre of the output's cell lies between the centres of two inputs, or beyond the outermost centre.
    fn push_linear(&mut self, source: u32, target: u32, position: u32) -> u32 {
        let (source, target) = (i64::from(source), i64::from(target));
        let units = 2 * target;
        let centre =
            ((2 * i64::from(position) + 1) * source - target).clamp(0, (source - 1) * units);
        let first = centre / units;
        let second_weight = (((centre % units) << WEIGHT_BITS) + target) / units;
        self.weights.push(((1 << WEIGHT_BITS) - second_weight) as u16);
        if second_weight > 0 {
            self.weights.push(second_weight as u16);
        }
        first as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::every_level_agrees;

    const FULL: Levels = Levels { bits: 8, padding: 0, limited: false };
    const LIMITED: Levels = Levels { bits: 8, padding: 0, limited: true };

    /// A fixed pseudo-random sequence.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_u32;
        let step = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length).map(step).collect()
    }

    fn scaled(pixels: &[u8], source: (u32, u32), target: (u32, u32), levels: Levels) -> Luma {
        let width = source.0 as usize;
        let mut scaler = Scaler::new(source, target, Cpu::detect()).unwrap();
        scaler.run(|y| &pixels[y as usize * width..][..width], levels)
    }

    /// The definition, in floating point.
    fn expected(pixels: &[u8], source: (u32, u32), target: (u32, u32)) -> Vec<f64> {
        let axis = |source: u32, target: u32, position: u32| -> Vec<(usize, f64)> {
            let ratio = f64::from(source) / f64::from(target);
            if source > target {
                let (begin, end) = (f64::from(position) * ratio, f64::from(position + 1) * ratio);
                let overlap =
                    |j: u32| (end.min(f64::from(j + 1)) - begin.max(f64::from(j))).max(0.0);
                (0..source).map(|j| (j as usize, overlap(j) / ratio)).collect()
            } else {
                let centre =
                    ((f64::from(position) + 0.5) * ratio - 0.5).clamp(0.0, f64::from(source - 1));
                let first = centre.floor();
                let second = (first + 1.0).min(f64::from(source - 1));
                vec![(first as usize, 1.0 - (centre - first)), (second as usize, centre - first)]
            }
        };
        let mut out = Vec::new();
        for y in 0..target.1 {
            let rows = axis(source.1, target.1, y);
            for x in 0..target.0 {
                let columns = axis(source.0, target.0, x);
                let at = |j: usize, i: usize| f64::from(pixels[j * source.0 as usize + i]);
                let sum = rows
                    .iter()
                    .flat_map(|(j, w)| columns.iter().map(move |(i, v)| w * v * at(*j, *i)));
                out.push(sum.sum());
            }
        }
        out
    }

    #[test]
    fn the_result_is_the_definition_rounded() {
        let sizes = [
            ((97, 61), (36, 23)),
            ((33, 65), (32, 64)),
            ((36, 20), (36, 20)),
            ((7, 3), (36, 15)),
            ((1, 100), (1, 36)),
            ((1, 1), (36, 36)),
            ((100, 9), (36, 18)),
        ];
        for (source, target) in sizes {
            let pixels = noise((source.0 * source.1) as usize);
            let luma = scaled(&pixels, source, target, FULL);
            for (got, want) in luma.pixels.iter().zip(expected(&pixels, source, target)) {
                assert!((f64::from(*got) - want).abs() < 0.56, "{got} for {want}: {source:?}");
            }
        }
    }

    #[test]
    fn every_level_scales_to_the_same_bytes() {
        every_level_agrees(|cpu, input| {
            let (width, height) = (input.length.max(1), input.word() as usize % 40 + 1);
            let bytes = input.bytes(width * height + input.offset);
            let wide: Vec<u16> = input.words(bytes.len()).iter().map(|w| *w as u16).collect();
            let (source, target) =
                ((width as u32, height as u32), (36, input.word() as u32 % 64 + 1));
            let levels = Levels { bits: 16, padding: 6, limited: true };
            let mut scaler = Scaler::new(source, target, cpu).unwrap();
            let at = |y: u32| y as usize * width + input.offset;
            let eight = scaler.run(|y| &bytes[at(y)..][..width], FULL);
            (eight, scaler.run(|y| &wide[at(y)..][..width], levels))
        });
    }

    #[test]
    fn limited_range_is_stretched_and_clamped() {
        let pixels = [0, 16, 126, 235, 255];
        let luma = scaled(&pixels, (5, 1), (5, 1), LIMITED);
        assert_eq!(luma.pixels, [0, 0, 128, 255, 255]);
    }

    #[test]
    fn the_same_grey_comes_out_of_any_depth() {
        for (bits, padding, limited) in
            [(10, 0, true), (12, 0, true), (16, 6, true), (10, 0, false)]
        {
            let levels = Levels { bits, padding, limited };
            let value_bits = bits - padding;
            let white = if limited { 235 << (value_bits - 8) } else { (1 << value_bits) - 1 };
            let black = if limited { 16 << (value_bits - 8) } else { 0 };
            let line: [u16; 2] = [white << padding, black << padding];
            let mut scaler = Scaler::new((2, 1), (2, 1), Cpu::detect()).unwrap();
            assert_eq!(scaler.run(|_| &line, levels).pixels, [255, 0], "{levels:?}");
        }
    }

    #[test]
    fn sixteen_bits_of_white_do_not_overflow() {
        let line = vec![u16::MAX; 4096];
        let levels = Levels { bits: 16, padding: 0, limited: false };
        let mut scaler = Scaler::new((4096, 300), (360, 26), Cpu::detect()).unwrap();
        assert!(scaler.run(|_| &line, levels).pixels.iter().all(|&pixel| pixel == 255));
    }

    #[test]
    fn the_working_size_keeps_shape() {
        assert_eq!(fit(1920, 1080, 360), (360, 203));
        assert_eq!(fit(1, 4000, 360), (1, 360));
        assert_eq!(fit(64, 64, 360), (360, 360));
        assert_eq!(fit(u64::from(u32::MAX), 1, 360), (360, 1));
    }
}
