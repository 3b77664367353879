//! Made videos: a deleted video, and an upload that shows it at a known place, time and speed among clutter.

use std::sync::LazyLock;

use proptest::test_runner::{Config, RngSeed};

use crate::cpu::Cpu;
use crate::fingerprint::frame_hash::grid_of;
use crate::fingerprint::{
    Fingerprint, FrameBits, FrameHash, Hasher, Keyframe, Keypoint, Rect, Secret, Spot, UploadFrame,
    UploadKeypoint, UploadPrint, VERSION, Variant, wrap,
};
use crate::matching::align::consensus::{Alignment, SEEDS, SearchLimits, alignments};
use crate::matching::align::geometry::{Affine, DeletedPoint, UploadPoint};
use crate::matching::align::hits::{HIT_BITS, Hit, PreparedUpload};
use crate::matching::align::placed_hit::PlacedHit;
use crate::matching::align::time_map::{HitTimes, TimeMap};
use crate::matching::evidence::coverage::{Coverage, CoverageSearch};
use crate::matching::evidence::fitted::{FittedAlignment, Fitter};
use crate::matching::evidence::lookalikes::Lookalikes;
use crate::model::{DeletedSpan, KeyId, Luma, UploadSpan};

/// Height of both pictures, long sides; they are 16:9.
const HEIGHT: f32 = 0.5625;
/// Size of the pictures from which frames are hashed.
const THUMB: (u32, u32) = (96, 54);
/// Length of the deleted video and of the upload, seconds.
const DELETED_S: f64 = 10.0;
const UPLOAD_S: f64 = 14.0;

/// A number of cases, the same ones in every run.
pub fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..Config::default() }
}

/// Bits that have nothing to do with those of another number (splitmix64).
pub fn noise(n: u64) -> u64 {
    let mut x = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A stream of random numbers.
pub struct Stream(u64);

impl Stream {
    pub fn new(seed: u64) -> Stream {
        Stream(noise(seed))
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        noise(self.0)
    }

    /// Between two numbers.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A spot seen at one moment.
pub fn spot(x: f32, y: f32, at_s: f32) -> Spot {
    Spot { x, y, scale: 0.01, angle: 0.3, first_s: at_s, last_s: at_s }
}

pub fn upload_keypoint(spot: Spot, hashes: [u64; 4]) -> UploadKeypoint {
    UploadKeypoint { spot, hashes, unsure: [[[0; 3]; 2]; 2] }
}

/// A square deleted video with these keypoints and no frames.
pub fn fingerprint(duration_s: f32, keypoints: Vec<Keypoint>) -> Fingerprint {
    Fingerprint {
        version: VERSION,
        key_id: KeyId([0; 8]),
        duration_s,
        width: 1.0,
        height: 1.0,
        active: Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 },
        keyframes: Vec::new(),
        keypoints,
        frames: Vec::new(),
    }
}

/// A square upload with these keypoints, a keyframe a second, and no frames.
pub fn upload_print(duration_s: f32, keypoints: Vec<UploadKeypoint>) -> UploadPrint {
    UploadPrint {
        version: VERSION,
        key_id: KeyId([0; 8]),
        duration_s,
        width: 1.0,
        height: 1.0,
        active: Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 },
        keyframes_s: (1..duration_s as u8).map(f32::from).collect(),
        keypoints,
        frames: Vec::new(),
    }
}

/// A hit of weight 1 at one moment of both videos.
pub fn placed_hit(n: u32, deleted: (f64, f64), upload: (f64, f64)) -> PlacedHit {
    PlacedHit {
        hit: Hit { upload: n, deleted: n, variant: Variant::Plain, distance: 0 },
        upload: UploadPoint::new(upload.0, upload.1),
        deleted: DeletedPoint::new(deleted.0, deleted.1),
        ln_scale: 0.0,
        turn: 0.0,
        times: HitTimes {
            upload: UploadSpan::new(1.0, 1.0),
            deleted: DeletedSpan::new(1.0, 1.0),
            weight: 1.0,
        },
    }
}

/// An alignment that no hit agrees with.
pub fn alignment(map: Affine, time_map: TimeMap) -> Alignment {
    Alignment {
        variant: Variant::Plain,
        map,
        time_map,
        agreeing: Vec::new(),
        distinct: 0.0,
        distinct_near: 0.0,
        distinct_plain: 0,
    }
}

static HASHER: LazyLock<Hasher> = LazyLock::new(|| Hasher::new(&Secret([7; 32])));

/// An upload that shows a deleted video. All of it follows from these numbers.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// Which deleted video, and which noise.
    pub seed: u64,
    /// The deleted picture's size and turn (radians) in the upload's, and how far its centre is shifted, long sides.
    pub scale: f64,
    pub turn: f64,
    pub shift: (f64, f64),
    pub variant: Variant,
    pub speed: f64,
    /// When the upload begins to show it, and from which moment of it, seconds.
    pub begins_s: f64,
    pub from_s: f64,
    /// Seconds of the upload for which it is shown at most.
    pub lasts_s: f64,
    /// Bits of 64 that differ between a keypoint and the same one in the upload.
    pub flips: u32,
    /// Long sides by which a keypoint lies off, at most.
    pub jitter: f64,
    /// Share of the visible keypoints that is missing.
    pub missing: f64,
    /// Keypoints of the upload that have nothing to do with the deleted video.
    pub clutter: usize,
    /// Whether frames are made too: that takes most of the time.
    pub framed: bool,
}

impl Scene {
    /// A re-upload as it was, of good quality, from the third second on, without frames.
    pub fn new(seed: u64) -> Scene {
        Scene {
            seed,
            scale: 1.0,
            turn: 0.0,
            shift: (0.0, 0.0),
            variant: Variant::Plain,
            speed: 1.0,
            begins_s: 3.0,
            from_s: 0.5,
            lasts_s: 8.0,
            flips: 3,
            jitter: 0.002,
            missing: 0.2,
            clutter: 150,
            framed: false,
        }
    }

    /// The same with frames.
    pub fn framed(seed: u64) -> Scene {
        Scene { framed: true, ..Scene::new(seed) }
    }

    pub fn hasher(&self) -> &'static Hasher {
        &HASHER
    }

    /// The planted placement: deleted picture → upload's picture (mirrored back where the variant is mirrored).
    pub fn map(&self) -> Affine {
        let centre = (0.5, f64::from(HEIGHT) / 2.0);
        let to = UploadPoint::new(centre.0 + self.shift.0, centre.1 + self.shift.1);
        Affine::similarity(self.scale, self.turn, DeletedPoint::new(centre.0, centre.1), to)
    }

    /// The planted time map.
    pub fn time_map(&self) -> TimeMap {
        let from_s = if self.speed < 0.0 { DELETED_S - self.from_s } else { self.from_s };
        TimeMap { speed: self.speed, offset_s: from_s - self.speed * self.begins_s }
    }

    /// When the upload shows it.
    pub fn shown(&self) -> UploadSpan {
        let whole = self.time_map().upload_span(&DeletedSpan::new(0.0, DELETED_S));
        let end_s = whole.end_s.min(self.begins_s + self.lasts_s).min(UPLOAD_S);
        UploadSpan::new(self.begins_s, end_s)
    }

    /// The deleted video: 24 keypoints every 2 s, a frame every 0.5 s.
    pub fn deleted(&self) -> Fingerprint {
        let mut stream = Stream::new(self.seed);
        let mut keypoints = Vec::new();
        for keyframe in 0..5 {
            let at_s = 1.0 + 2.0 * keyframe as f32;
            for n in 0..24 {
                let x = (f64::from(n % 6) + stream.between(0.15, 0.85)) / 6.0;
                let y = (f64::from(n / 6) + stream.between(0.15, 0.85)) / 4.0 * f64::from(HEIGHT);
                let spot = Spot {
                    scale: stream.between(0.008, 0.03) as f32,
                    angle: stream.between(-3.1, 3.1) as f32,
                    ..spot(x as f32, y as f32, at_s)
                };
                keypoints.push(Keypoint { spot, hash: stream.bits() });
            }
        }
        let active = Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: HEIGHT };
        let moments = if self.framed { 0..20 } else { 0..0 };
        let frames = moments.map(|n| {
            let time_s = n as f32 * 0.5;
            let picture = self.picture(|x, y| Some((x, y)), f64::from(time_s), false);
            FrameHash { time_s, bits: bits(&picture, &active), quality: 60 }
        });
        Fingerprint {
            height: HEIGHT,
            active,
            keyframes: (0..5)
                .map(|n| Keyframe { time_s: 1.0 + 2.0 * n as f32, flat: 20 })
                .collect(),
            frames: frames.collect(),
            ..fingerprint(DELETED_S as f32, keypoints)
        }
    }

    /// The upload: a keyframe every second, a frame every 0.25 s.
    pub fn upload(&self) -> UploadPrint {
        let mut keypoints = self.shown_keypoints();
        let mut stream = Stream::new(self.seed ^ 0xc1);
        for _ in 0..self.clutter {
            let at_s = stream.between(1.0, UPLOAD_S).floor() as f32;
            let (x, y) = (stream.between(0.02, 0.98), stream.between(0.02, 0.54));
            let spot = Spot {
                scale: stream.between(0.005, 0.03) as f32,
                angle: stream.between(-3.1, 3.1) as f32,
                ..spot(x as f32, y as f32, at_s)
            };
            let hashes = std::array::from_fn(|_| stream.bits());
            keypoints.push(upload_keypoint(spot, hashes));
        }
        keypoints.sort_by(|a, b| a.spot.first_s.total_cmp(&b.spot.first_s));
        let active = Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: HEIGHT };
        let moments = if self.framed { 0..56 } else { 0..0 };
        UploadPrint {
            height: HEIGHT,
            active,
            frames: moments.map(|n| self.upload_frame(n as f32 * 0.25)).collect(),
            ..upload_print(UPLOAD_S as f32, keypoints)
        }
    }

    /// Of each deleted keypoint that is shown: the one in the upload's keyframe next to its moment.
    fn shown_keypoints(&self) -> Vec<UploadKeypoint> {
        let (map, time_map, shown) = (self.map(), self.time_map(), self.shown());
        let mut stream = Stream::new(self.seed ^ 0xa7);
        let mut out = Vec::new();
        for k in self.deleted_keypoints() {
            let gone = stream.between(0.0, 1.0) < self.missing;
            let jitter = self.jitter;
            let off = (stream.between(-jitter, jitter), stream.between(-jitter, jitter));
            let (grown, turned) = (stream.between(0.96, 1.04), stream.between(-0.04, 0.04));
            let flips = (0..self.flips).fold(0u64, |bits, _| bits | 1 << (stream.bits() % 64));
            let mut hashes: [u64; 4] = std::array::from_fn(|_| stream.bits());
            hashes[self.variant as usize] = k.hash ^ flips;
            let moment = time_map.upload_s(f64::from(k.spot.first_s)).round();
            let at = map.apply(DeletedPoint::new(f64::from(k.spot.x), f64::from(k.spot.y)));
            let (x, y) = (at.x + off.0, at.y + off.1);
            let inside = (0.02..0.98).contains(&x) && (0.02..0.54).contains(&y);
            if gone || !inside || !shown.contains_s(moment) {
                continue;
            }
            let mut angle = k.spot.angle + (self.turn + turned) as f32;
            if self.variant.inverted() {
                angle -= std::f32::consts::PI;
            }
            let mirrored = self.variant.mirrored();
            if mirrored {
                angle = std::f32::consts::PI - angle;
            }
            let spot = Spot {
                scale: (f64::from(k.spot.scale) * self.scale * grown) as f32,
                angle: wrap(wrap(angle)),
                ..spot(if mirrored { 1.0 - x } else { x } as f32, y as f32, moment as f32)
            };
            out.push(upload_keypoint(spot, hashes));
        }
        out
    }

    fn deleted_keypoints(&self) -> Vec<Keypoint> {
        Scene { framed: false, ..*self }.deleted().keypoints
    }

    fn upload_frame(&self, time_s: f32) -> UploadFrame {
        let (map, at_s) = (self.map(), f64::from(time_s));
        let det = map.a * map.e - map.b * map.d;
        let mirrored = self.variant.mirrored();
        let from_upload = |x: f64, y: f64| {
            let (u, v) = (if mirrored { 1.0 - x } else { x } - map.c, y - map.f);
            let (x, y) = ((map.e * u - map.b * v) / det, (map.a * v - map.d * u) / det);
            let inside = (0.0..1.0).contains(&x) && (0.0..f64::from(HEIGHT)).contains(&y);
            inside.then_some((x, y))
        };
        let shown = self.shown().contains_s(at_s);
        let thumb = if shown {
            let moment = self.time_map().deleted_s(at_s);
            self.picture(from_upload, moment, self.variant.inverted())
        } else {
            Scene { seed: !self.seed, ..*self }.picture(|x, y| Some((x, y)), at_s, false)
        };
        let whole = Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: HEIGHT };
        let hasher = &HASHER.frame;
        let coefficients = hasher.coefficients(&grid_of(&thumb, &whole));
        let (plain, mirror) =
            (hasher.bits(&coefficients), hasher.bits(&hasher.mirrored(&coefficients)));
        UploadFrame { time_s, views: [plain, mirror, plain, mirror], quality: 60, thumb }
    }

    /// The picture at a moment: shots of a second, each a sum of waves that moves slowly. `place` leads from the
    /// picture that is drawn to the deleted one; where it leads nowhere there are waves of another video.
    fn picture(
        &self,
        place: impl Fn(f64, f64) -> Option<(f64, f64)>,
        moment_s: f64,
        inverted: bool,
    ) -> Luma {
        let waves = |seed: u64| -> Vec<[f64; 4]> {
            let mut stream = Stream::new(seed);
            let wave = |_| {
                let (u, v) = (stream.between(-5.0, 5.0), stream.between(-5.0, 5.0));
                let phase = stream.between(0.0, 6.3) + 0.3 * moment_s.fract();
                [u, v, phase, 60.0 / (1.0 + u.hypot(v))]
            };
            (0..12).map(wave).collect()
        };
        let shot = moment_s.floor() as u64;
        let (own, ground) =
            (waves(self.seed.wrapping_mul(1000).wrapping_add(shot)), waves(self.seed ^ 0xf00d));
        let value = |waves: &[[f64; 4]], x: f64, y: f64| {
            let wave = |[u, v, phase, height]: &[f64; 4]| {
                height * (std::f64::consts::TAU * (u * x + v * y) + phase).cos()
            };
            128.0 + waves.iter().map(wave).sum::<f64>()
        };
        let (width, height) = THUMB;
        let pixels = (0..width * height).map(|n| {
            let at = |v: u32| (f64::from(v) + 0.5) / f64::from(width);
            let (x, y) = (at(n % width), at(n / width));
            match place(x, y) {
                Some((x, y)) if inverted => (255.0 - value(&own, x, y)) as u8,
                Some((x, y)) => value(&own, x, y) as u8,
                None => value(&ground, x, y) as u8,
            }
        });
        Luma::new(width, height, pixels.collect())
    }

    /// Hash bits of a frame that shows something else.
    pub fn noise_bits(&self, n: u64) -> FrameBits {
        std::array::from_fn(|word| noise(self.seed ^ (n << 8 | word as u64)))
    }

    /// All near pairs of both, wide ones too.
    pub fn hits(&self, deleted: &Fingerprint, upload: &UploadPrint) -> Vec<Hit> {
        PreparedUpload::new(upload, Cpu::detect()).hits(deleted, 3000)
    }

    /// The alignments of near pairs, the strongest first.
    pub fn alignments(&self, deleted: &Fingerprint, upload: &UploadPrint) -> Vec<Alignment> {
        let mut hits = self.hits(deleted, upload);
        hits.retain(|h| u32::from(h.distance) <= HIT_BITS);
        alignments(upload, deleted, &hits, SearchLimits { alignments_max: 3, seeds: SEEDS })
    }

    /// An alignment, fitted.
    pub fn fit(
        &self,
        deleted: &Fingerprint,
        upload: &UploadPrint,
        alignment: &Alignment,
    ) -> FittedAlignment {
        self.search(deleted, upload, |search| Fitter { hasher: &HASHER, search }.fit(alignment))
    }

    /// The coverage of an alignment.
    pub fn coverage(
        &self,
        deleted: &Fingerprint,
        upload: &UploadPrint,
        alignment: &Alignment,
        span: &UploadSpan,
    ) -> Coverage {
        self.search(deleted, upload, |search| search.coverage(alignment, span))
    }

    fn search<T>(
        &self,
        deleted: &Fingerprint,
        upload: &UploadPrint,
        with: impl FnOnce(CoverageSearch<'_>) -> T,
    ) -> T {
        let prepared = PreparedUpload::new(upload, Cpu::detect());
        let lookalikes = Lookalikes::new(deleted, &prepared.hits(deleted, 3000));
        with(CoverageSearch { prepared: &prepared, deleted, lookalikes: &lookalikes })
    }
}

fn bits(picture: &Luma, active: &Rect) -> FrameBits {
    HASHER.frame.bits(&HASHER.frame.coefficients(&grid_of(picture, active)))
}

/// An upload that shows first what the one shows, then what the other does.
pub fn spliced(first: &UploadPrint, then: &UploadPrint, cut_s: f32) -> UploadPrint {
    let mut keypoints: Vec<UploadKeypoint> = Vec::new();
    keypoints.extend(first.keypoints.iter().filter(|k| k.spot.first_s < cut_s));
    keypoints.extend(then.keypoints.iter().filter(|k| k.spot.first_s >= cut_s));
    let frames = first.frames.iter().zip(&then.frames);
    let frames = frames.map(|(a, b)| if a.time_s < cut_s { a } else { b }).cloned();
    UploadPrint { keypoints, frames: frames.collect(), ..first.clone() }
}
