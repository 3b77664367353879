//! A data folder full of synthetic tombstones.

use std::path::Path;

use cenotaph::config::Keys;
use cenotaph::fingerprint::{
    Fingerprint, FrameHash, Hasher, Keypoint, Rect, Secret, Spot, VERSION,
};
use cenotaph::model::{FixedClock, KeyId};
use cenotaph::store::{Folder, NewTombstone, Options, Store};

use crate::model::{Hashes, Random, Shape};
use crate::row::row;

/// Tombstones per transaction.
const BATCH: u32 = 5000;
/// Keyframes of 30 s of video.
const KEYFRAMES: u64 = 15;
const PER_KEYFRAME: u64 = 24;
const FRAMES: u64 = 37;

/// Creates keys in `dir/keys` and `count` tombstones in `dir/data`.
pub fn fill(dir: &Path, count: u32) {
    let mut entropy = |buffer: &mut [u8]| {
        buffer.fill(7);
        Ok(())
    };
    let (keys, _) = Keys::open_or_make(&dir.join("keys"), &mut entropy).unwrap();
    let key_id = Hasher::new(&Secret(*keys.fingerprint.secret())).key_id();
    let folder = Folder::open_writing(&dir.join("data"), "bench", &FixedClock(0)).unwrap();
    let store = Store::open(folder, Options::default()).unwrap();
    let hashes = Hashes::new(&Shape::estimated(), 1);
    for first in (0..count).step_by(BATCH as usize) {
        let batch = first..count.min(first + BATCH);
        let batch: Vec<NewTombstone> =
            batch.map(|n| row(n, &synthetic(n, key_id, &hashes))).collect();
        store.add_tombstones(&batch).unwrap();
    }
}

/// The tombstone number `n`, always the same.
fn synthetic(n: u32, key_id: KeyId, hashes: &Hashes) -> Fingerprint {
    let mut random = Random(u64::from(n) << 20);
    let keypoints = (0..KEYFRAMES * PER_KEYFRAME).map(|i| {
        let time_s = (i / PER_KEYFRAME) as f32 * 2.0;
        let (x, y) = (random.uniform() as f32, random.uniform() as f32 * 0.5625);
        let spot = Spot { x, y, scale: 0.02, angle: 0.0, first_s: time_s, last_s: time_s };
        Keypoint { spot, hash: hashes.draw(&mut random) }
    });
    let keypoints = keypoints.collect();
    let frames = (0..FRAMES).map(|i| {
        let bits = [(); 4].map(|()| hashes.draw(&mut random));
        FrameHash { time_s: i as f32 * 0.8, bits, quality: 60 }
    });
    let frames = frames.collect();
    Fingerprint {
        version: VERSION,
        key_id,
        duration_s: 30.0,
        width: 1.0,
        height: 0.5625,
        active: Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 0.5625 },
        keyframes: Vec::new(),
        keypoints,
        frames,
    }
}
