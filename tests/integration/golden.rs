//! Fingerprints of a drawn sequence never change within a version, on any CPU.
//!
//! The pictures are drawn here in integer arithmetic, so that the bytes depend on `fingerprint` alone. When a digest
//! below has to change, `fingerprint::VERSION` has to rise with it: older tombstones would no longer be found.

use cenotaph::cpu::{Cpu, Level};
use cenotaph::fingerprint::{
    Fingerprint, Hasher, Secret, TombstoneBuilder, UploadBuilder, UploadPrint, VERSION,
};
use cenotaph::model::{Frame, Luma};

const LONG: u32 = 360;
const SECRET: [u8; 32] = *b"a fixed secret for golden tests!";

/// A pseudo-random number that depends on its arguments, 0..=255.
fn scramble(a: i64, b: i64, seed: i64) -> i64 {
    let mut v = (a as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (b as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    v ^= (seed as u64).wrapping_mul(0x1656_67b1_9e37_79f9);
    v = (v ^ (v >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((v >> 40) & 0xff) as i64
}

/// Bilinear noise with a knot every `cell` pixels, 0..=255.
fn noise(x: i64, y: i64, cell: i64, seed: i64) -> i64 {
    let (i, j) = (x.div_euclid(cell), y.div_euclid(cell));
    let (fx, fy) = (x.rem_euclid(cell), y.rem_euclid(cell));
    let knot = |di: i64, dj: i64| scramble(i + di, j + dj, seed);
    let top = knot(0, 0) * (cell - fx) + knot(1, 0) * fx;
    let low = knot(0, 1) * (cell - fx) + knot(1, 1) * fx;
    (top * (cell - fy) + low * fy) / (cell * cell)
}

/// Textured ground that pans, a lighter square that moves across it, a scene change after 4 s, borders of 20 px above
/// and below, and a black second at the end.
fn pixel(x: i64, y: i64, width: i64, height: i64, tick: i64) -> u8 {
    if y < 20 || y >= height - 20 || tick >= 28 {
        return 16;
    }
    let seed = if tick < 16 { 1 } else { 2 };
    let (gx, gy) = (x + tick * 2, y + tick);
    let ground = (noise(gx, gy, 37, seed) * 4
        + noise(gx, gy, 11, seed + 10) * 3
        + noise(gx, gy, 5, seed + 20))
        / 8;
    let (left, top) = ((tick * 9) % width, height / 3);
    let square = (left..left + 60).contains(&x) && (top..top + 50).contains(&y);
    let light = if square { 60 + scramble((x - left) / 8, (y - top) / 8, 77) / 4 } else { 0 };
    (ground * 3 / 4 + light).clamp(0, 255) as u8
}

fn frames(width: u32, height: u32) -> impl Iterator<Item = Frame> {
    (0..32i64).map(move |tick| {
        let at = |i: u32| {
            let (x, y) = (i64::from(i % width), i64::from(i / width));
            pixel(x, y, i64::from(width), i64::from(height), tick)
        };
        let pixels = (0..width * height).map(at).collect();
        Frame { time_s: tick as f32 * 0.25, luma: Luma::new(width, height, pixels) }
    })
}

fn prints(cpu: Cpu, width: u32, height: u32) -> (Fingerprint, UploadPrint) {
    let hasher = Hasher::with_cpu(&Secret(SECRET), cpu);
    let mut tombstone = TombstoneBuilder::new(&hasher);
    let mut upload = UploadBuilder::new(&hasher);
    for frame in frames(width, height) {
        tombstone.push(frame.clone());
        upload.push(frame);
    }
    (tombstone.finish(8.0), upload.finish(8.0))
}

/// Digests of the stored bytes of a fingerprint, and of everything in an upload's print.
fn digests(cpu: Cpu, width: u32, height: u32) -> (String, String) {
    let (fingerprint, print) = prints(cpu, width, height);
    assert!(fingerprint.keypoints.len() > 40, "{} keypoints", fingerprint.keypoints.len());
    assert!(print.keypoints.len() > 400, "{} keypoints", print.keypoints.len());
    assert!(fingerprint.frames.len() > 4, "{} frame hashes", fingerprint.frames.len());
    let mut all = blake3::Hasher::new();
    for point in &print.keypoints {
        let s = point.spot;
        for number in [s.x, s.y, s.scale, s.angle, s.first_s, s.last_s] {
            all.update(&number.to_bits().to_le_bytes());
        }
        point.hashes.iter().for_each(|h| _ = all.update(&h.to_le_bytes()));
    }
    for frame in &print.frames {
        all.update(&frame.time_s.to_bits().to_le_bytes());
        frame.views.iter().flatten().for_each(|w| _ = all.update(&w.to_le_bytes()));
        all.update(&[frame.quality]);
        all.update(&frame.thumb.pixels);
    }
    let kept = blake3::hash(&fingerprint.to_bytes());
    (kept.to_hex()[..32].to_owned(), all.finalize().to_hex()[..32].to_owned())
}

#[test]
fn fingerprints_of_drawn_pictures_are_those_of_version_1() {
    assert_eq!(VERSION, 1);
    let found = [(LONG, 202), (203, LONG), (LONG, 271)].map(|(w, h)| digests(Cpu::detect(), w, h));
    let golden = [
        ("6393e73b3fc8a8a03fef47fdab72f5f5", "f039c14024e2702a5782736ae6672d74"),
        ("fb5c32e1e2ae230aab22f92a274a6f2c", "e375829ad31b85dc3dc04519e5bb11db"),
        ("843f173ed0626ac8f2f3f613f1091122", "4e67fa09dbfaefe676acfabfa8b5fc61"),
    ];
    assert_eq!(found, golden.map(|(kept, looked_up)| (kept.to_owned(), looked_up.to_owned())));
}

#[test]
fn every_cpu_level_gives_the_same_bytes() {
    let plain = digests(Cpu::SCALAR, LONG, 202);
    for level in Level::ALL {
        assert_eq!(digests(Cpu::at_most(level), LONG, 202), plain, "{level:?}");
    }
}
