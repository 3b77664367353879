//! Estimates the constants of `src/fingerprint/patch_constants.rs` from real clips and prints that file.
//!
//!     cargo bench --bench estimate_constants -- CLIPS > patch_constants.rs
//!
//! CLIPS is a folder of videos. The sample is the keypoints of one frame a second of every clip. Each descriptor counts
//! in its four variants (plain, mirrored, inverted, both), so that the constants prefer none of them. The basis is the
//! 64 leading eigenvectors of the covariance (by Jacobi rotations), scaled by λ^−1/8: full whitening amplifies noise,
//! and none wastes bits. Needs the `ffmpeg` command.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for developers"
)]

use cenotaph::cpu::Cpu;
use cenotaph::fingerprint::{Detector, Directions, Pick, inverted, mirrored};
use cenotaph::model::Luma;
use std::process::Command;

const N: usize = 128;
const KEPT: usize = 64;

fn main() {
    let folder =
        std::env::args().skip(1).find(|a| !a.starts_with("--")).expect("a folder of clips");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let (mut count, mut sum, mut products) = (0f64, vec![0f64; N], vec![0f64; N * N]);
    for file in files {
        for d in descriptors(&file) {
            let m = mirrored(&d);
            for v in [d, m, inverted(&d), inverted(&m)] {
                count += 1.0;
                for i in 0..N {
                    sum[i] += f64::from(v[i]);
                    for j in 0..=i {
                        products[i * N + j] += f64::from(v[i]) * f64::from(v[j]);
                    }
                }
            }
        }
    }
    let mean: Vec<f64> = sum.iter().map(|s| s / count).collect();
    let mut covariance = vec![0f64; N * N];
    for i in 0..N {
        for j in 0..=i {
            let c = products[i * N + j] / count - mean[i] * mean[j];
            covariance[i * N + j] = c;
            covariance[j * N + i] = c;
        }
    }
    let (values, vectors) = eigen(covariance);
    let mut order: Vec<usize> = (0..N).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    let total: f64 = values.iter().sum();
    let share: f64 = order[..KEPT].iter().map(|i| values[*i]).sum::<f64>() / total;
    eprintln!(
        "{count} descriptors; the first {KEPT} directions explain {share:.3} of the variance"
    );
    print_file(&mean, &values, &vectors, &order);
}

fn descriptors(file: &std::path::Path) -> Vec<[f32; N]> {
    let probe = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args([
            "-vf",
            "fps=1,scale='if(gt(iw,ih),360,-1)':'if(gt(iw,ih),-1,360)':flags=area,format=gray",
            "-f",
            "image2pipe",
            "-c:v",
            "pgm",
            "-",
        ])
        .output()
        .unwrap()
        .stdout;
    let mut detector = Detector::new(Cpu::detect());
    let mut out = Vec::new();
    let mut rest = &probe[..];
    while !rest.is_empty() {
        // P5\nW H\n255\n
        let mut lines = rest.splitn(4, |b| *b == b'\n');
        assert_eq!(lines.next().unwrap(), b"P5");
        let size = String::from_utf8(lines.next().unwrap().to_vec()).unwrap();
        let (w, h) = size.split_once(' ').unwrap();
        let (w, h): (u32, u32) = (w.parse().unwrap(), h.parse().unwrap());
        lines.next();
        let pixels = lines.next().unwrap();
        let n = (w * h) as usize;
        let pick = Pick { distance_min: 0.0, cell_max: usize::MAX, directions: Directions::All };
        out.extend(
            detector
                .detect(&Luma::new(w, h, pixels[..n].to_vec()), 400, pick)
                .iter()
                .map(|k| k.descriptor),
        );
        rest = &pixels[n..];
    }
    eprintln!("{} {}", out.len(), file.file_name().unwrap().to_string_lossy());
    out
}

/// The eigenvalues and column eigenvectors of a symmetric matrix, by cyclic Jacobi rotations.
fn eigen(mut a: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
    let mut v = vec![0f64; N * N];
    (0..N).for_each(|i| v[i * N + i] = 1.0);
    for _ in 0..30 {
        for p in 0..N {
            for q in p + 1..N {
                if a[p * N + q].abs() < 1e-15 {
                    continue;
                }
                let theta = (a[q * N + q] - a[p * N + p]) / (2.0 * a[p * N + q]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for k in 0..N {
                    let (x, y) = (a[k * N + p], a[k * N + q]);
                    (a[k * N + p], a[k * N + q]) = (c * x - s * y, s * x + c * y);
                }
                for k in 0..N {
                    let (x, y) = (a[p * N + k], a[q * N + k]);
                    (a[p * N + k], a[q * N + k]) = (c * x - s * y, s * x + c * y);
                    let (x, y) = (v[k * N + p], v[k * N + q]);
                    (v[k * N + p], v[k * N + q]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    ((0..N).map(|i| a[i * N + i]).collect(), v)
}

fn print_file(mean: &[f64], values: &[f64], vectors: &[f64], order: &[usize]) {
    println!(
        "//! The mean descriptor and the leading directions of variation, estimated from real clips by\n\
         //! `benches/estimate_constants.rs`. They determine every patch hash: a change raises `VERSION`.\n"
    );
    println!(
        "#![expect(clippy::approx_constant, reason = \"measured figures; any likeness to π/8 is chance\")]\n"
    );
    println!(
        "/// The mean of RootSIFT descriptors.\n#[rustfmt::skip]\npub static MEAN: [f32; {N}] = ["
    );
    for row in mean.chunks(8) {
        println!("    {}", row.iter().map(|v| format!("{v:.6},")).collect::<Vec<_>>().join(" "));
    }
    println!(
        "];\n\n/// `BASIS[dimension][component]`: components in order of falling variance, scaled by variance^(−1/8).\n#[rustfmt::skip]\npub static BASIS: [[f32; {KEPT}]; {N}] = ["
    );
    for d in 0..N {
        let row: Vec<String> = order[..KEPT]
            .iter()
            .map(|i| format!("{:.4},", vectors[d * N + i] * values[*i].max(1e-9).powf(-0.125)))
            .collect();
        println!("    [{}],", row.join(" "));
    }
    println!("];");
}
