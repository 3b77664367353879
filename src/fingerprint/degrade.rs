//! What a re-encode in poor quality leaves of a picture: about `ffmpeg -vf scale=320:-2 -c:v libx264 -crf 30`, with a
//! long side of 320.
//!
//! ```text
//! picture (360 px) → 320 px → blocks of 8 × 8: DCT, quantised, back → block edges smoothed → 360 px
//! ```
//!
//! Departures from H.264: no prediction, neither from neighbouring blocks nor from other frames, and one quantiser for
//! all blocks. Only what is gone afterwards matters: faint texture, fine edges, and shades within a block.
//!
//! Sums have a fixed order, so that a tombstone made twice on one machine promises the same.

use crate::fingerprint::thumbs::reduced;
use crate::model::Luma;

/// Long side of the re-encode, pixels.
const LONG: u32 = 320;
/// Side of a block, pixels.
const SIDE: usize = 8;
/// Quantiser step, grey levels in an orthonormal transform: that of H.264's QP 30 (ITU-T H.264, 8.5.9).
const STEP: f32 = 20.0;
/// Share of a step at which a coefficient is rounded up: x264's dead zone for intra blocks is a third.
const ROUND_UP: f32 = 1.0 / 3.0;
/// Differences of levels across and beside a block's edge below which the edge is smoothed: the filter's α and β at
/// QP 30 (ITU-T H.264, table 8-16).
const EDGE: i32 = 25;
const BESIDE: i32 = 8;
/// Most by which the filter changes a level.
const CLIP: i32 = 4;

type Block = [[f32; SIDE]; SIDE];

/// A degraded copy of a picture, of the same size.
pub fn degraded(picture: &Luma) -> Luma {
    let mut small = reduced(picture, LONG.min(picture.long_side()));
    quantise(&mut small);
    smooth_edges(&mut small);
    enlarged(&small, picture.width, picture.height)
}

/// Quantises every block. Those that reach beyond the picture repeat its last pixels.
fn quantise(picture: &mut Luma) {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let cosines = cosines();
    let across = transposed(&cosines);
    for y in (0..height).step_by(SIDE) {
        for x in (0..width).step_by(SIDE) {
            let mut block: Block = [[0.0; SIDE]; SIDE];
            for (j, to) in block.iter_mut().enumerate() {
                let row = &picture.pixels[(y + j).min(height - 1) * width..][..width];
                for (i, to) in to.iter_mut().enumerate() {
                    *to = f32::from(row[(x + i).min(width - 1)]);
                }
            }
            let mut coefficients = product(&product(&cosines, &block), &across);
            for c in coefficients.iter_mut().flatten() {
                let level = (c.abs() * (1.0 / STEP) + ROUND_UP) as i32;
                *c = (level as f32 * STEP).copysign(*c);
            }
            let block = product(&product(&across, &coefficients), &cosines);
            for (j, from) in block.iter().enumerate().take(height - y) {
                let row = &mut picture.pixels[(y + j) * width..][x..width.min(x + SIDE)];
                for (to, from) in row.iter_mut().zip(from) {
                    *to = (from + 0.5).clamp(0.0, 255.0) as u8;
                }
            }
        }
    }
}

/// The orthonormal DCT-II: `[frequency][sample]`.
fn cosines() -> Block {
    std::array::from_fn(|u| {
        let scale = if u == 0 { (1.0 / SIDE as f64).sqrt() } else { (2.0 / SIDE as f64).sqrt() };
        std::array::from_fn(|x| {
            let angle = (2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / (2 * SIDE) as f64;
            (scale * angle.cos()) as f32
        })
    })
}

fn transposed(a: &Block) -> Block {
    std::array::from_fn(|j| std::array::from_fn(|i| a[i][j]))
}

/// The matrix product. Its inner loop runs along rows, and vectorises.
#[inline(always)]
fn product(a: &Block, b: &Block) -> Block {
    let mut out: Block = [[0.0; SIDE]; SIDE];
    for (out, a) in out.iter_mut().zip(a) {
        for (a, b) in a.iter().zip(b) {
            for (out, b) in out.iter_mut().zip(b) {
                *out += a * b;
            }
        }
    }
    out
}

/// Smooths the edges of blocks where they are faint, as H.264's loop filter does at its middle strength.
fn smooth_edges(picture: &mut Luma) {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let pixels = &mut picture.pixels;
    for y in (SIDE..height.saturating_sub(1)).step_by(SIDE) {
        for x in 0..width {
            smooth(pixels, y * width + x, width);
        }
    }
    for y in 0..height {
        for x in (SIDE..width.saturating_sub(1)).step_by(SIDE) {
            smooth(pixels, y * width + x, 1);
        }
    }
}

/// Smooths across the edge before the pixel `at`; `step` leads to its neighbour beyond.
#[inline(always)]
fn smooth(pixels: &mut [u8], at: usize, step: usize) {
    let level = |at: usize| i32::from(pixels[at]);
    let (p1, p0) = (level(at - 2 * step), level(at - step));
    let (q0, q1) = (level(at), level(at + step));
    if (p0 - q0).abs() >= EDGE || (p1 - p0).abs() >= BESIDE || (q1 - q0).abs() >= BESIDE {
        return;
    }
    let by = ((4 * (q0 - p0) + (p1 - q1) + 4) >> 3).clamp(-CLIP, CLIP);
    pixels[at - step] = (p0 + by).clamp(0, 255) as u8;
    pixels[at] = (q0 - by).clamp(0, 255) as u8;
}

/// Enlarges a picture, bilinearly, in 8 bits of fraction.
fn enlarged(picture: &Luma, width: u32, height: u32) -> Luma {
    if (picture.width, picture.height) == (width, height) {
        return picture.clone();
    }
    let columns = taps(picture.width, width);
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    let mut mixed = vec![0u32; picture.width as usize];
    for (first, second, part) in taps(picture.height, height) {
        let (a, b) = (picture.row(first as u32), picture.row(second as u32));
        for ((to, a), b) in mixed.iter_mut().zip(a).zip(b) {
            *to = u32::from(*a) * (256 - part) + u32::from(*b) * part;
        }
        pixels.extend(columns.iter().map(|(first, second, part)| {
            ((mixed[*first] * (256 - part) + mixed[*second] * part + (1 << 15)) >> 16) as u8
        }));
    }
    Luma::new(width, height, pixels)
}

/// For each of `to` output positions: the input positions before and after it, and the weight of the second, 0..=256.
fn taps(from: u32, to: u32) -> Vec<(usize, usize, u32)> {
    let last = i64::from(from) - 1;
    (0..i64::from(to))
        .map(|i| {
            let at = ((2 * i + 1) * 128 * i64::from(from)) / i64::from(to) - 128;
            let at = at.clamp(0, last * 256);
            ((at / 256) as usize, (at / 256 + 1).min(last) as usize, (at % 256) as u32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(level: impl Fn(u32, u32) -> u8) -> Luma {
        let (width, height) = (360, 203);
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Luma::new(width, height, pixels.map(|(x, y)| level(x, y)).collect())
    }

    fn range(luma: &Luma) -> (u8, u8) {
        (*luma.pixels.iter().min().unwrap(), *luma.pixels.iter().max().unwrap())
    }

    #[test]
    fn a_flat_picture_stays_flat_and_faint_noise_goes() {
        for level in [0, 16, 127, 235, 255] {
            let (least, most) = range(&degraded(&picture(|_, _| level)));
            assert_eq!(least, most);
            assert!(least.abs_diff(level) <= 2, "{level}: {least}");
        }
        let noise = picture(|x, y| 120 + ((x * 7919 + y * 104_729) % 5) as u8);
        let steps = |luma: &Luma| {
            let steps = luma.pixels.windows(2).map(|w| u64::from(w[0].abs_diff(w[1])));
            steps.sum::<u64>()
        };
        assert!(steps(&degraded(&noise)) * 5 < steps(&noise), "{}", steps(&degraded(&noise)));
    }

    #[test]
    fn a_sharp_edge_loses_contrast_and_keeps_its_place() {
        let sharp = picture(|x, _| if x < 181 { 100 } else { 140 });
        let soft = degraded(&sharp);
        let slope = |luma: &Luma| {
            let row = luma.row(100);
            row.windows(2).map(|w| w[0].abs_diff(w[1])).max().unwrap()
        };
        assert!(slope(&soft) < slope(&sharp), "{}", slope(&soft));
        assert!(soft.row(100)[150].abs_diff(100) < 4 && soft.row(100)[210].abs_diff(140) < 4);
    }

    #[test]
    fn the_same_picture_gives_the_same_copy_and_keeps_its_size() {
        let noise = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(97)) as u8;
        assert_eq!(degraded(&picture(noise)), degraded(&picture(noise)));
        for (width, height) in [(1, 1), (360, 1), (1, 360), (7, 360), (360, 360), (64, 48)] {
            let small = Luma::new(width, height, vec![77; (width * height) as usize]);
            let copy = degraded(&small);
            assert_eq!((copy.width, copy.height), (width, height));
            assert!(range(&copy).0.abs_diff(77) <= 2, "{width} × {height}");
        }
    }
}
