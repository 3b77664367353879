//! `--estimate CLIPS.tsv`: the numbers behind `model` from the hashes of real clips.

use std::path::Path;

use crate::clips::{hasher, table, tombstone};
use crate::model::{Hashes, Random, Shape};

/// What real and synthetic hashes are compared by.
#[derive(Debug, Clone, Copy)]
struct Figures {
    /// Effective number of independent bits, from the variance of distances.
    bits: f64,
    /// Share of pairs at most 10 and at most 16 bits apart.
    near: f64,
    middle: f64,
    /// Share of pairs whose low 16 bits, and whose low 24 bits, agree.
    word16: f64,
    word24: f64,
}

pub fn estimate(clips: &Path) {
    let hasher = hasher();
    let mut hashes: Vec<(usize, u64)> = Vec::new();
    for (clip, (_, file, _)) in table(clips).into_iter().enumerate() {
        hashes.extend(tombstone(&hasher, &file).keypoints.iter().map(|k| (clip, k.hash)));
    }
    let real = figures(&hashes);
    let mut shape =
        Shape { eigenvalues: eigenvalues(&hashes), crowd: 0.0, crowd_scale: 1.0, crowd_from: 64 };
    let mut best = f64::INFINITY;
    for crowd_from in [4, 6, 8, 12, 16, 24] {
        for crowd in [0.0, 0.05, 0.1, 0.2, 0.3, 0.5] {
            for crowd_scale in [0.2, 0.35, 0.5, 0.7] {
                let tried = Shape { crowd, crowd_scale, crowd_from, ..shape.clone() };
                let drawn = figures(&draw(&tried, 8000));
                let apart = |a: f64, b: f64| (a.max(1e-8) / b.max(1e-8)).ln().powi(2);
                let error = apart(drawn.near, real.near)
                    + apart(drawn.middle, real.middle)
                    + apart(drawn.word16, real.word16)
                    + apart(drawn.word24, real.word24);
                if error < best {
                    best = error;
                    (shape.crowd, shape.crowd_scale) = (crowd, crowd_scale);
                    shape.crowd_from = crowd_from;
                }
            }
        }
    }
    println!(
        "# Made by `cargo bench --bench index_scale -- --estimate CLIPS.tsv` from {} keypoints.",
        hashes.len()
    );
    println!("# real      {:.1} independent bits, {real:?}", real.bits);
    println!("# synthetic {:?}", figures(&draw(&shape, 20_000)));
    println!("# crowd's share, scale, first direction; then the eigenvalues");
    println!("{} {} {}", shape.crowd, shape.crowd_scale, shape.crowd_from);
    for row in shape.eigenvalues.chunks(8) {
        println!("{}", row.iter().map(|v| format!("{v:.4}")).collect::<Vec<_>>().join(" "));
    }
}

fn draw(shape: &Shape, count: usize) -> Vec<(usize, u64)> {
    let hashes = Hashes::new(shape, 5);
    let mut random = Random(6);
    (0..count).map(|i| (i, hashes.draw(&mut random))).collect()
}

fn figures(hashes: &[(usize, u64)]) -> Figures {
    let (mut pairs, mut sum, mut squares) = (0.0f64, 0.0f64, 0.0f64);
    let mut counts = [0u64; 4];
    for (i, a) in hashes.iter().enumerate() {
        for b in &hashes[..i] {
            if a.0 == b.0 {
                continue;
            }
            let differing = a.1 ^ b.1;
            let d = differing.count_ones();
            pairs += 1.0;
            sum += f64::from(d);
            squares += f64::from(d * d);
            counts[0] += u64::from(d <= 10);
            counts[1] += u64::from(d <= 16);
            counts[2] += u64::from(differing & 0xffff == 0) + u64::from(differing >> 48 == 0);
            counts[3] += u64::from(differing & 0xff_ffff == 0) + u64::from(differing >> 40 == 0);
        }
    }
    let mean = sum / pairs;
    let share = |n: u64| n as f64 / pairs;
    Figures {
        bits: mean * (64.0 - mean) / (squares / pairs - mean * mean),
        near: share(counts[0]),
        middle: share(counts[1]),
        word16: share(counts[2]) / 2.0,
        word24: share(counts[3]) / 2.0,
    }
}

/// Eigenvalues of the Gaussian correlations behind the bits, by Jacobi rotations, largest first.
fn eigenvalues(hashes: &[(usize, u64)]) -> Vec<f64> {
    let n = hashes.len() as f64;
    let bit = |h: u64, i: usize| if h >> i & 1 == 1 { 1.0 } else { -1.0 };
    let mean: Vec<f64> =
        (0..64).map(|i| hashes.iter().map(|h| bit(h.1, i)).sum::<f64>() / n).collect();
    let mut m = vec![vec![0.0f64; 64]; 64];
    for i in 0..64 {
        for j in 0..=i {
            let product: f64 = hashes.iter().map(|h| bit(h.1, i) * bit(h.1, j)).sum::<f64>() / n;
            let spread = ((1.0 - mean[i].powi(2)) * (1.0 - mean[j].powi(2))).sqrt();
            let rho = (product - mean[i] * mean[j]) / spread;
            let gaussian = (std::f64::consts::FRAC_PI_2 * rho).sin();
            (m[i][j], m[j][i]) = (gaussian, gaussian);
        }
    }
    for _ in 0..12 {
        for p in 0..64 {
            for q in p + 1..64 {
                rotate(&mut m, p, q);
            }
        }
    }
    let mut values: Vec<f64> = (0..64).map(|i| m[i][i].max(1e-3)).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

fn rotate(m: &mut [Vec<f64>], p: usize, q: usize) {
    if m[p][q].abs() < 1e-12 {
        return;
    }
    let theta = (m[q][q] - m[p][p]) / (2.0 * m[p][q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for row in m.iter_mut() {
        let (a, b) = (row[p], row[q]);
        (row[p], row[q]) = (c * a - s * b, s * a + c * b);
    }
    let (upper, lower) = m.split_at_mut(q);
    for (a, b) in upper[p].iter_mut().zip(lower[0].iter_mut()) {
        (*a, *b) = (c * *a - s * *b, s * *a + c * *b);
    }
}
