//! Pictures of which each has a number and is like no other, and addresses of files.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::path::{Path, PathBuf};

pub fn file_uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

pub fn file_path(uri: &str) -> PathBuf {
    PathBuf::from(uri.strip_prefix("file://").unwrap())
}

/// A grey picture of 160 × 120 with blobs of this number's own, as BMP.
pub fn picture(number: u64) -> Vec<u8> {
    const WIDTH: usize = 160;
    const HEIGHT: usize = 120;
    let mut pixels = vec![128_i32; WIDTH * HEIGHT];
    for blob in 0..60_u64 {
        let random =
            |n: u64, below: usize| (mix(number * 1000 + blob * 8 + n) % below as u64) as usize;
        let (x, y, size) = (random(0, WIDTH), random(1, HEIGHT), 3 + random(2, 14));
        let light = random(3, 200) as i32 - 100;
        for row in y..(y + size).min(HEIGHT) {
            for column in x..(x + size).min(WIDTH) {
                pixels[row * WIDTH + column] += light;
            }
        }
    }
    let body: Vec<u8> = pixels.iter().flat_map(|p| [(*p).clamp(0, 255) as u8; 3]).collect();
    let mut bytes = b"BM".to_vec();
    for field in [54 + body.len() as u32, 0, 54, 40, WIDTH as u32, HEIGHT as u32] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend([1, 0, 24, 0]);
    bytes.extend([0; 24]);
    bytes.extend(body);
    bytes
}

/// SplitMix64.
pub fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
