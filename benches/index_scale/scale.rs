//! The measurements.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cenotaph::fingerprint::{
    Fingerprint, FrameHash, Keypoint, Rect, Spot, UploadFrame, UploadKeypoint, UploadPrint, VERSION,
};
use cenotaph::index::{
    Index, Options, OwnedTombstoneEntry, SearchOptions, Snapshot, TombstoneEntry,
};
use cenotaph::model::{KeyId, Luma, Slot};

use crate::clips::{Pair, hasher, pairs, table, tombstone};
use crate::model::{Hashes, Random, Shape};
use crate::whole;

pub struct Plan {
    pub sizes: Vec<u32>,
    pub dir: PathBuf,
    pub keep: bool,
    /// Whether to measure the whole answer.
    pub whole: bool,
    pub uploads: u32,
    pub clips: Option<PathBuf>,
    pub truth: Option<PathBuf>,
    pub step: usize,
}

const KEYFRAMES: u64 = 15;
const PER_KEYFRAME: u64 = 24;
const FRAMES: u64 = 37;
const WHOLE: Rect = Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 0.5625 };

pub fn run(plan: &Plan) {
    let hashes = Hashes::new(&Shape::estimated(), 1);
    let (real, real_pairs) = real(plan);
    println!("machine: {}", processor());
    println!(
        "| tombstones | build s | open s | mapped GB | word bits | search ms: first | p50 | p90 | max | wall p50 | synthetic found | real found | apply ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for &size in &plan.sizes {
        measure(plan, size, &hashes, &real, &real_pairs);
    }
}

fn real(plan: &Plan) -> (Vec<Fingerprint>, Vec<Pair>) {
    let (Some(clips), Some(truth)) = (&plan.clips, &plan.truth) else {
        return (Vec::new(), Vec::new());
    };
    let hasher = hasher();
    let refs: Vec<_> = table(clips).into_iter().filter(|c| c.2).collect();
    let ids: Vec<String> = refs.iter().map(|c| c.0.clone()).collect();
    let prints = refs.iter().map(|c| tombstone(&hasher, &c.1)).collect();
    (prints, pairs(&hasher, truth, &ids, plan.step))
}

fn measure(plan: &Plan, size: u32, hashes: &Hashes, real: &[Fingerprint], pairs: &[Pair]) {
    let temporary = tempfile::tempdir_in(&plan.dir).unwrap();
    let kept = plan.dir.join(format!("index-{size}"));
    let dir = if plan.keep { kept.as_path() } else { temporary.path() };
    let options = Options::default();
    let build_s = if dir.join("manifest").exists() { 0.0 } else { build(dir, size, hashes, real) };
    let start = Instant::now();
    let index = Index::open(dir, options).unwrap();
    let open_s = start.elapsed().as_secs_f64();
    let snapshot = index.snapshot();
    let uploads: Vec<(u32, UploadPrint)> = (0..plan.uploads)
        .map(|i| (i, Random(i.into()).below(size.into()) as u32))
        .map(|(i, n)| (n, synthetic_upload(i, n, hashes)))
        .collect();
    let mut first_ms = 0.0;
    let mut found = 0;
    for (n, upload) in &uploads {
        let (_, ms, places) = search(&snapshot, upload, &[*n]);
        first_ms = if first_ms == 0.0 { ms } else { first_ms };
        found += usize::from(places[0].is_some());
    }
    let (mut cpu, mut wall): (Vec<f64>, Vec<f64>) = uploads
        .iter()
        .map(|(n, upload)| search(&snapshot, upload, &[*n]))
        .map(|(cpu, wall, _)| (cpu, wall))
        .unzip();
    cpu.sort_by(f64::total_cmp);
    wall.sort_by(f64::total_cmp);
    let at = |times: &[f64], p: usize| times[(times.len() * p / 100).min(times.len() - 1)];
    eprintln!("{:?}", snapshot.search(&uploads[0].1, &SearchOptions::default()).unwrap().work);
    let real_found = recall(&snapshot, size, pairs);
    let whole = plan.whole.then(|| {
        let made = |n: u32| synthetic_tombstone(n, hashes);
        let store = whole::store(&dir.join("store"), size, made, real);
        whole::measure(&store, &snapshot, size, &uploads, pairs)
    });
    let print = synthetic_tombstone(size + 1000, hashes);
    let start = Instant::now();
    let entry = TombstoneEntry { slot: Slot(size + 1000), group: 0, fingerprint: &print };
    index.apply(&[entry], &[], 2).unwrap();
    let apply_ms = start.elapsed().as_secs_f64() * 1000.0;
    let stats = index.stats();
    index.apply(&[], &[entry.slot], 3).unwrap();
    println!(
        "| {size} | {build_s:.1} | {open_s:.3} | {:.2} | {} | {first_ms:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {found}/{} | {real_found} | {apply_ms:.1} |",
        stats.mapped_bytes as f64 / 1e9,
        stats.word_bits,
        at(&cpu, 50),
        at(&cpu, 90),
        at(&cpu, 100),
        at(&wall, 50),
        uploads.len(),
    );
    whole.into_iter().flatten().for_each(|line| println!("{line}"));
}

/// Builds the index; returns how long generating and filing the tombstones took, seconds.
fn build(dir: &Path, size: u32, hashes: &Hashes, real: &[Fingerprint]) -> f64 {
    let synthetic = (0..size).map(|n| OwnedTombstoneEntry {
        slot: Slot(n),
        group: n,
        fingerprint: synthetic_tombstone(n, hashes),
    });
    let deleted = real.iter().zip(size..).map(|(print, n)| OwnedTombstoneEntry {
        slot: Slot(n),
        group: n,
        fingerprint: print.clone(),
    });
    let entries = synthetic.chain(deleted).map(Ok::<_, Infallible>);
    let start = Instant::now();
    drop(Index::rebuild(dir, Options::default(), entries, 1).unwrap());
    start.elapsed().as_secs_f64()
}

/// Real pairs whose tombstone is among the candidates, of all; prints the misses by edit to stderr.
fn recall(snapshot: &Snapshot, size: u32, pairs: &[Pair]) -> String {
    let (mut found, mut all, mut top) = (0, 0, 0);
    let mut missed: BTreeMap<&str, u32> = BTreeMap::new();
    for pair in pairs {
        let wanted: Vec<u32> = pair.shows.iter().map(|&i| size + i as u32).collect();
        let (_, _, places) = search(snapshot, &pair.upload, &wanted);
        for place in places {
            all += 1;
            found += u32::from(place.is_some());
            top += u32::from(place.is_some_and(|p| p < 20));
            if place.is_none() {
                *missed.entry(&pair.edit).or_default() += 1;
            }
        }
    }
    eprintln!("{size}: missed {missed:?}; among the first 20: {top} of {all}");
    format!("{found}/{all}")
}

/// CPU and wall time in ms, and the ranks of `wanted` among the candidates.
fn search(
    snapshot: &Snapshot,
    upload: &UploadPrint,
    wanted: &[u32],
) -> (f64, f64, Vec<Option<usize>>) {
    let (cpu, wall) = (cpu_s(), Instant::now());
    let found = snapshot.search(upload, &SearchOptions::default()).unwrap();
    let times = ((cpu_s() - cpu) * 1e3, wall.elapsed().as_secs_f64() * 1e3);
    let rank = |n: &u32| found.candidates.iter().position(|c| c.slot.0 == *n);
    (times.0, times.1, wanted.iter().map(rank).collect())
}

/// CPU seconds of this thread.
#[expect(unsafe_code, reason = "the standard library has no clock of a thread's CPU time")]
pub fn cpu_s() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock writes to a value that we own.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(done, 0, "the thread has a clock");
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Tombstone number `n`, always the same. A fifth of its keypoints resemble an earlier one, as the same object appears in
/// successive keyframes.
fn synthetic_tombstone(n: u32, hashes: &Hashes) -> Fingerprint {
    let mut random = Random(u64::from(n) << 20);
    let mut keypoints: Vec<Keypoint> = Vec::with_capacity((KEYFRAMES * PER_KEYFRAME) as usize);
    for i in 0..KEYFRAMES * PER_KEYFRAME {
        let again = i > 0 && random.below(5) == 0;
        let hash = if again {
            let earlier = keypoints[random.below(i) as usize].hash;
            earlier ^ random.flips(8.0 / 64.0)
        } else {
            hashes.draw(&mut random)
        };
        let spot = spot(&mut random, (i / PER_KEYFRAME) as f32 * 2.0);
        keypoints.push(Keypoint { spot, hash });
    }
    let mut shot = [0; 4];
    let frames = (0..FRAMES).map(|i| {
        if i % 10 == 0 {
            shot = [(); 4].map(|()| hashes.draw(&mut random));
        }
        let bits = shot.map(|w| w ^ random.flips(2.0 / 64.0));
        FrameHash { time_s: i as f32 * 0.8, bits, quality: 60 }
    });
    let frames = frames.collect();
    Fingerprint {
        version: VERSION,
        key_id: KeyId([0; 8]),
        duration_s: 30.0,
        width: 1.0,
        height: 0.5625,
        active: WHOLE,
        keyframes: Vec::new(),
        keypoints,
        frames,
    }
}

fn synthetic_upload(number: u32, n: u32, hashes: &Hashes) -> UploadPrint {
    let print = synthetic_tombstone(n, hashes);
    let mut random = Random(0xabcd_0000 + u64::from(number));
    let mut keypoints = Vec::new();
    for second in 0..30u64 {
        for i in 0..250 {
            let own = (second / 2 * PER_KEYFRAME + i % PER_KEYFRAME) as usize;
            let copied = i < PER_KEYFRAME && random.below(4) == 0;
            let mut spot = spot(&mut random, second as f32);
            let mut hashes = [(); 4].map(|()| hashes.draw(&mut random));
            if copied {
                spot.angle = print.keypoints[own].spot.angle;
                spot.scale = print.keypoints[own].spot.scale;
                hashes[0] = print.keypoints[own].hash ^ random.flips(6.0 / 64.0);
            }
            let unsure = std::array::from_fn(|_| {
                std::array::from_fn(|_| std::array::from_fn(|_| random.below(26) as u8))
            });
            keypoints.push(UploadKeypoint { spot, hashes, unsure });
        }
    }
    let frames = (0..120).map(|i| {
        let like = print.frames[(i * 37 / 120) as usize].bits;
        UploadFrame {
            time_s: i as f32 / 4.0,
            views: [0, 1, 0, 1].map(|v| like.map(|w| w.rotate_left(v) ^ random.flips(8.0 / 64.0))),
            quality: 60,
            thumb: Luma::new(1, 1, vec![0]),
        }
    });
    let frames = frames.collect();
    UploadPrint {
        version: VERSION,
        key_id: KeyId([0; 8]),
        duration_s: 30.0,
        width: 1.0,
        height: 0.5625,
        active: WHOLE,
        keyframes_s: (0..30).map(|s| s as f32).collect(),
        keypoints,
        frames,
    }
}

/// A random place and direction, and a scale distributed as SIFT's: each octave has a quarter of the one below.
fn spot(random: &mut Random, first_s: f32) -> Spot {
    let scale = 0.004 * (random.uniform().max(1e-4) as f32).powf(-0.5);
    Spot {
        x: random.uniform() as f32,
        y: random.uniform() as f32,
        scale,
        angle: (random.uniform() as f32 - 0.5) * std::f32::consts::TAU,
        first_s,
        last_s: first_s,
    }
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find(|l| l.starts_with("model name"));
    name.and_then(|l| l.split(": ").nth(1)).unwrap_or("unknown").to_string()
}
