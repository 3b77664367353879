//! Is what ought to be visible there? Tells a copy from chance, and from a shared overlay.
//!
//! Under an alignment every keypoint of the deleted video has a predicted place, size, turn and time in the upload.
//! What is met there has a likelihood ratio (`likelihood`): in a copy one of the keypoints met is the same one, by chance
//! none is. With the share q of the visible keypoints that is found again, unknown because of captions, blur and crops, the
//! evidence is
//!
//! ```text
//! nats = max over q of  Σ ln(1 − q + q · r)     r: mean ratio of what was met; 0 where nothing was
//! ```
//!
//! so that what is missing counts as well as what is there. What has its like at other places of the same picture (the
//! windows of a house, a pattern) says little by lying at the right one: its r is shared among them (bursts: Jégou, Douze,
//! Schmid, CVPR 2009). Measured on 35 000 unrelated pairs: a quarter of those that reached 8 nats still do, and what a copy
//! has is the less by two nats in a hundred. A shared watermark is told apart by place: *copy* has one q
//! all over, *overlay* one inside the few best cells of a 6 × 6 grid and none elsewhere, and pays for choosing its cells.

use crate::fingerprint::{Fingerprint, UploadKeypoint, UploadPrint, Variant, wrap};
use crate::matching::consensus::Alignment;
use crate::matching::geometry::Pair;
use crate::matching::hits::{Hit, Prepared};
use crate::matching::likelihood;
use crate::matching::weights::of_flatness;

/// Shares of the visible keypoints that are tried.
const SHARES: [f64; 6] = [0.02, 0.05, 0.12, 0.25, 0.45, 0.75];
/// Grid over the deleted video's active picture.
const GRID: usize = 6;
/// An overlay covers at most this many of the 36 cells (two spots between which a watermark hops, name included).
const OVERLAY_CELLS: usize = 8;
/// What is looked at around an expected keypoint: long sides, ln scale, radians.
const PLACE: f64 = 0.035;
/// In a picture that was made smaller, so much smaller, down to this.
const REACH_MIN: f64 = 0.4;
const REACH_MAX: f64 = 1.5;
const SCALE: f64 = 0.55;
const TURN: f64 = 0.5;
/// Seconds by which a keypoint's two times may miss each other.
const TIME_S: f64 = 1.2;
/// What a keyframe of a deleted video stands for, seconds, and a little.
const GLIMPSE_S: f64 = 2.2;
/// Seconds off the time map at which a pair says little of the placement.
const LATE_S: f64 = 0.4;
/// A keypoint with a better ratio counts as found, ln.
const FOUND_NATS: f64 = 2.0;
/// Smallest keypoint that an upload's picture can show, long sides (1.6 px of 360, a little slack).
const SCALE_VISIBLE: f64 = 0.0042;
/// Nearer to the upload's edge than this no keypoint is found, long sides.
const MARGIN: f64 = 0.012;
const BUCKETS: usize = 24;
/// Farther apart than this, long sides, two keypoints stand at different places.
const ELSEWHERE: f32 = 0.03;

/// What was found of what ought to be visible.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    pub visible: u32,
    /// Of those, how many are there beyond doubt.
    pub found: u32,
    /// Evidence of the keypoints for a copy, against chance.
    pub nats: f64,
    /// ln likelihood(copy) − ln likelihood(overlay): negative speaks for an overlay.
    pub copy_nats: f64,
    /// Of each keypoint found: its place in the deleted and in the upload's picture.
    pub pairs: Vec<Pair>,
}

/// An upload's keypoints by place.
pub struct Buckets<'u> {
    upload: &'u UploadPrint,
    lists: Vec<Vec<u32>>,
}

fn bucket(x: f32, y: f32) -> (usize, usize) {
    let at = |v: f32| ((v * BUCKETS as f32) as usize).min(BUCKETS - 1);
    (at(x), at(y))
}

impl<'u> Buckets<'u> {
    pub fn new(upload: &'u UploadPrint) -> Self {
        let mut lists = vec![Vec::new(); BUCKETS * BUCKETS];
        for (i, k) in upload.keypoints.iter().enumerate() {
            let (x, y) = bucket(k.spot.x, k.spot.y);
            lists[y * BUCKETS + x].push(i as u32);
        }
        Buckets { upload, lists }
    }

    fn around(&self, x: f64, y: f64) -> impl Iterator<Item = usize> + '_ {
        let (cx, cy) = bucket(x as f32, y as f32);
        let near = |c: usize| c.saturating_sub(1)..(c + 2).min(BUCKETS);
        near(cy)
            .flat_map(move |j| near(cx).map(move |i| j * BUCKETS + i))
            .flat_map(|b| self.lists[b].iter().map(|i| *i as usize))
    }
}

/// Where in the upload each keypoint of a deleted video finds its like.
pub struct Alike {
    /// By keypoint of the deleted video.
    hits: Vec<Vec<Hit>>,
}

impl Alike {
    /// From all pairs within some distance.
    pub fn new(deleted: &Fingerprint, hits: &[Hit]) -> Alike {
        let mut lists = vec![Vec::new(); deleted.keypoints.len()];
        hits.iter().for_each(|h| lists[h.deleted as usize].push(*h));
        Alike { hits: lists }
    }

    /// How often the picture in which `met` stands shows the like of a keypoint elsewhere.
    fn elsewhere(&self, index: usize, variant: Variant, met: usize, upload: &UploadPrint) -> u32 {
        let own = &upload.keypoints[met].spot;
        let mut places: Vec<(f32, f32)> = Vec::new();
        for h in self.hits[index].iter().filter(|h| h.variant == variant) {
            let spot = &upload.keypoints[h.upload as usize].spot;
            let (x, y) = (spot.x, spot.y);
            let apart = |(a, b): (f32, f32)| (a - x).hypot(b - y) > ELSEWHERE;
            let together = spot.first_s <= own.last_s && spot.last_s >= own.first_s;
            if together && apart((own.x, own.y)) && places.iter().all(|p| apart(*p)) {
                places.push((x, y));
            }
        }
        places.len() as u32
    }
}

/// Measures coverage of one alignment within the stretch `span` of upload time.
pub fn coverage(
    prepared: &Prepared<'_>,
    deleted: &Fingerprint,
    alike: &Alike,
    alignment: &Alignment,
    weights: &[f32],
    span: (f64, f64),
) -> Coverage {
    let mut counted: Vec<(usize, Met)> = Vec::new();
    for (index, k) in deleted.keypoints.iter().enumerate() {
        let Some(met) = meet(&prepared.buckets, deleted, alike, alignment, weights, index, span)
        else {
            continue;
        };
        // A point seen again at the same place says nothing new; having been found once is enough.
        let twin = counted.iter_mut().find(|(i, _)| {
            let (a, b) = (&deleted.keypoints[*i], k);
            (a.spot.x - b.spot.x).abs() < 0.01
                && (a.spot.y - b.spot.y).abs() < 0.01
                && (a.hash ^ b.hash).count_ones() <= 14
        });
        match twin {
            Some((_, before)) => before.join(&met),
            None => counted.push((index, met)),
        }
    }
    once(&prepared.print.keypoints, &mut counted);
    summary(deleted, &counted)
}

/// What stands still in the upload is the same one piece of evidence, however many keypoints of the deleted video lie
/// there: the likeliest keeps it, the others say nothing.
fn once(keypoints: &[UploadKeypoint], counted: &mut Vec<(usize, Met)>) {
    let mut order: Vec<usize> = (0..counted.len()).collect();
    order.sort_by(|a, b| counted[*b].1.best.total_cmp(&counted[*a].1.best).then(a.cmp(b)));
    let mut taken: Vec<u32> = Vec::new();
    let mut again = vec![false; counted.len()];
    for i in order {
        let met = &counted[i].1;
        if met.count == 0 {
            continue;
        }
        let own = &keypoints[met.upload as usize];
        let same = |t: &u32| {
            let k = &keypoints[*t as usize];
            *t == met.upload
                || ((k.spot.x - own.spot.x).abs() < 0.01
                    && (k.spot.y - own.spot.y).abs() < 0.01
                    && (k.hashes[0] ^ own.hashes[0]).count_ones() <= 14)
        };
        again[i] = met.best > 1.0 && taken.iter().any(same);
        if !again[i] {
            taken.push(met.upload);
        }
    }
    let mut again = again.into_iter();
    counted.retain(|_| !again.next().unwrap_or(false));
}

/// What was met where a keypoint is expected.
#[derive(Debug, Clone, Copy, Default)]
struct Met {
    /// Upload keypoints of fitting place, size, turn and time, whatever their hash.
    count: u32,
    /// Sum of their likelihood ratios.
    ratios: f64,
    /// The likeliest of them: ratio, weight, place in the upload (unmirrored).
    best: f64,
    weight: f64,
    at: (f64, f64),
    /// Seconds off the time map.
    late_s: f64,
    /// Keypoint of the upload.
    upload: u32,
}

impl Met {
    fn join(&mut self, other: &Met) {
        let best = if other.best > self.best { *other } else { *self };
        *self = Met { count: self.count + other.count, ratios: self.ratios + other.ratios, ..best };
    }

    /// What it tells when the share `q` of the keypoints is found again; what is common tells little.
    fn nats(&self, q: f64) -> f64 {
        let ratio = if self.count == 0 { 0.0 } else { self.ratios / f64::from(self.count) };
        let nats = (1.0 - q + q * ratio).ln();
        if nats > 0.0 { nats * self.weight } else { nats }
    }
}

/// `None`: not visible in the upload.
fn meet(
    buckets: &Buckets<'_>,
    deleted: &Fingerprint,
    alike: &Alike,
    alignment: &Alignment,
    weights: &[f32],
    index: usize,
    span: (f64, f64),
) -> Option<Met> {
    let upload = buckets.upload;
    let k = &deleted.keypoints[index];
    let times = (f64::from(k.spot.first_s), f64::from(k.spot.last_s));
    let (p, q) = (alignment.time_map.upload_s(times.0), alignment.time_map.upload_s(times.1));
    let (from, to) = (p.min(q), p.max(q));
    // A still image and a glimpse are shorter than what a keyframe stands for.
    let pad = ((GLIMPSE_S - (span.1 - span.0)) / 2.0).max(0.0);
    if to < span.0 - pad || from > span.1 + pad {
        return None;
    }
    let (straight_x, y) = alignment.map.apply(f64::from(k.spot.x), f64::from(k.spot.y));
    let (w, h) = (f64::from(upload.width), f64::from(upload.height));
    let mirrored = alignment.variant.mirrored();
    let x = if mirrored { w - straight_x } else { straight_x };
    if x < MARGIN || y < MARGIN || x > w - MARGIN || y > h - MARGIN {
        return None;
    }
    let (scale, turn) = alignment.map.scale_and_turn();
    let size = f64::from(k.spot.scale) * scale;
    if size < SCALE_VISIBLE {
        return None;
    }
    let mut angle = k.spot.angle + turn as f32;
    if alignment.variant.inverted() {
        angle += std::f32::consts::PI;
    }
    if mirrored {
        angle = std::f32::consts::PI - angle;
    }
    let angle = wrap(wrap(angle));
    let reach = PLACE * scale.clamp(REACH_MIN, REACH_MAX);
    let ground = of_flatness(deleted.flat_near(k.spot.first_s));
    let mut out = Met::default();
    for i in buckets.around(x, y) {
        let u = &upload.keypoints[i];
        let (dx, dy) = (f64::from(u.spot.x) - x, f64::from(u.spot.y) - y);
        let off = dx * dx + dy * dy;
        if off > reach * reach
            || f64::from(u.spot.first_s) > to + TIME_S
            || f64::from(u.spot.last_s) < from - TIME_S
        {
            continue;
        }
        let grown = (f64::from(u.spot.scale) / size).ln();
        let turned = f64::from(wrap(wrap(u.spot.angle - angle)));
        if grown.abs() > SCALE || turned.abs() > TURN {
            continue;
        }
        let distance = (u.hashes[alignment.variant as usize] ^ k.hash).count_ones();
        let ratio = likelihood::keypoint(distance, off.sqrt(), grown, turned);
        out.count += 1;
        out.ratios += ratio;
        if ratio > out.best {
            let x = f64::from(u.spot.x);
            out.best = ratio;
            out.upload = i as u32;
            out.weight = f64::from(weights[i]) * ground;
            out.at = (if mirrored { w - x } else { x }, f64::from(u.spot.y));
            let early = f64::from(u.spot.first_s) - to;
            out.late_s = early.max(from - f64::from(u.spot.last_s)).max(0.0);
        }
    }
    if out.best > 1.0 {
        let elsewhere = alike.elsewhere(index, alignment.variant, out.upload as usize, upload);
        let share = 1.0 / (1.0 + f64::from(elsewhere));
        out.best *= share;
        out.ratios *= share;
    }
    Some(out)
}

fn summary(deleted: &Fingerprint, counted: &[(usize, Met)]) -> Coverage {
    let a = deleted.active;
    let mut cells: Vec<Vec<&Met>> = vec![Vec::new(); GRID * GRID];
    let mut out = Coverage { visible: counted.len() as u32, ..Coverage::default() };
    for (index, met) in counted {
        let s = &deleted.keypoints[*index].spot;
        let at = |v: f32, low: f32, high: f32| {
            (((v - low) / (high - low).max(1e-6) * GRID as f32) as usize).min(GRID - 1)
        };
        cells[at(s.y, a.y0, a.y1) * GRID + at(s.x, a.x0, a.x1)].push(met);
        if met.best > FOUND_NATS.exp() {
            out.found += 1;
            // What is seen at another time has moved.
            let weight = met.best.ln() / likelihood::KEYPOINT_NATS_MAX
                * (-(met.late_s / LATE_S).powi(2)).exp().max(0.05);
            out.pairs.push(Pair { from: (f64::from(s.x), f64::from(s.y)), to: met.at, weight });
        }
    }
    out.nats = best_share(&mut counted.iter().map(|(_, met)| met));
    out.copy_nats = out.nats - overlay(&cells);
    out
}

/// Evidence under the share that explains best.
fn best_share(met: &mut dyn Iterator<Item = &Met>) -> f64 {
    let mut sums = [0.0; SHARES.len()];
    for m in met {
        for (sum, q) in sums.iter_mut().zip(SHARES) {
            *sum += m.nats(q);
        }
    }
    sums.into_iter().fold(0.0, f64::max)
}

/// Evidence for an overlay: in the cells with most of it, whose choice costs ln C(36, k).
fn overlay(cells: &[Vec<&Met>]) -> f64 {
    let mut each: Vec<f64> =
        cells.iter().map(|cell| best_share(&mut cell.iter().copied())).collect();
    each.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut choice, mut best) = (0.0, 0.0f64, 0.0f64);
    for (k, nats) in each.iter().take(OVERLAY_CELLS).enumerate() {
        sum += nats;
        choice += ((GRID * GRID - k) as f64 / (k + 1) as f64).ln();
        best = best.max(sum - choice);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Cpu;
    use crate::fingerprint::{Keypoint, Rect, Spot, VERSION};
    use crate::matching::time_map::TimeMap;
    use crate::model::KeyId;

    /// Keypoints on a grid of 8 × 8, each with bits of its own.
    fn deleted() -> Fingerprint {
        let keypoint = |n: u64| {
            let (x, y) = ((n % 8) as f32 / 8.0 + 0.06, (n / 8) as f32 / 8.0 + 0.06);
            let spot = Spot { x, y, scale: 0.01, angle: 0.3, first_s: 1.0, last_s: 1.0 };
            Keypoint { spot, hash: mixed(n) }
        };
        Fingerprint {
            version: VERSION,
            key_id: KeyId([0; 8]),
            duration_s: 2.0,
            width: 1.0,
            height: 1.0,
            active: Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 },
            keyframes: Vec::new(),
            keypoints: (0..64).map(keypoint).collect(),
            frames: Vec::new(),
        }
    }

    /// Bits that have nothing to do with those of another number (splitmix64).
    fn mixed(n: u64) -> u64 {
        let mut x = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// An upload that shows the keypoints for which `shows` holds, `flips` bits off; at the others something else.
    fn upload(deleted: &Fingerprint, flips: u32, shows: impl Fn(usize) -> bool) -> UploadPrint {
        let keypoint = |(n, k): (usize, &Keypoint)| {
            let other = mixed(n as u64 + 1000);
            let hash = if shows(n) { k.hash ^ ((1 << flips) - 1) } else { other };
            UploadKeypoint { spot: k.spot, hashes: [hash; 4], unsure: [[[0; 3]; 2]; 2] }
        };
        UploadPrint {
            version: VERSION,
            key_id: KeyId([0; 8]),
            duration_s: 2.0,
            width: 1.0,
            height: 1.0,
            active: deleted.active,
            keyframes_s: vec![1.0],
            keypoints: deleted.keypoints.iter().enumerate().map(keypoint).collect(),
            frames: Vec::new(),
        }
    }

    fn measure(deleted: &Fingerprint, upload: &UploadPrint, weight: f32) -> Coverage {
        let prepared = Prepared::new(upload, Cpu::detect());
        let alignment = Alignment {
            variant: Variant::Plain,
            map: crate::matching::geometry::Affine::similarity(1.0, 0.0, (0.0, 0.0), (0.0, 0.0)),
            time_map: TimeMap { speed: 1.0, offset_s: 0.0 },
            agreeing: Vec::new(),
            distinct: 0.0,
            distinct_near: 0.0,
            distinct_plain: 0,
        };
        let weights = vec![weight; upload.keypoints.len()];
        let alike = Alike::new(deleted, &prepared.hits(deleted, 3000));
        coverage(&prepared, deleted, &alike, &alignment, &weights, (0.0, 2.0))
    }

    #[test]
    fn a_copy_is_sure_and_chance_is_nothing() {
        let d = deleted();
        let copy = measure(&d, &upload(&d, 4, |_| true), 1.0);
        assert_eq!((copy.visible, copy.found), (64, 64));
        assert!(copy.nats > 300.0 && copy.copy_nats > 100.0, "{copy:?}");
        let chance = measure(&d, &upload(&d, 4, |_| false), 1.0);
        assert!(chance.found == 0 && chance.nats < 1.0, "{} {}", chance.found, chance.nats);
    }

    #[test]
    fn a_wall_of_text_leaves_a_copy_while_a_corner_alone_is_an_overlay() {
        let d = deleted();
        // Every eighth keypoint, all over; and as many in one corner.
        let covered = measure(&d, &upload(&d, 4, |n| n % 9 == 1), 1.0);
        let corner = measure(&d, &upload(&d, 4, |n| n % 8 < 2 && n / 8 < 4), 1.0);
        assert!(covered.found >= 7 && corner.found == 8, "{} {}", covered.found, corner.found);
        let (all_over, local) = (covered.copy_nats, corner.copy_nats);
        assert!(all_over > 3.0 && local < -1.0, "{all_over} {local}");
    }

    #[test]
    fn what_has_its_like_all_over_the_picture_says_little_by_lying_at_the_right_place() {
        let mut d = deleted();
        // A pattern: all bits alike but a few.
        for (n, k) in d.keypoints.iter_mut().enumerate() {
            k.hash = mixed(7) ^ (1 << (n % 8));
        }
        let pattern = measure(&d, &upload(&d, 1, |_| true), 1.0);
        let d = deleted();
        let distinct = measure(&d, &upload(&d, 1, |_| true), 1.0);
        assert!(pattern.nats < 0.6 * distinct.nats, "{} {}", pattern.nats, distinct.nats);
    }

    #[test]
    fn what_is_common_or_on_a_card_tells_little() {
        let mut d = deleted();
        let up = upload(&d, 4, |_| true);
        let own = measure(&d, &up, 1.0).nats;
        assert!(measure(&d, &up, 0.05).nats < own / 15.0);
        d.keyframes = vec![crate::fingerprint::Keyframe { time_s: 1.0, flat: 200 }];
        assert!(measure(&d, &up, 1.0).nats < own / 9.0);
    }

    #[test]
    fn what_stands_still_in_the_upload_counts_once() {
        let mut d = deleted();
        let up = upload(&d, 4, |n| n == 0);
        let once = measure(&d, &up, 1.0);
        // The same letter, found anew in each keyframe of the deleted video: different enough not to be twins of each other.
        let hash = d.keypoints[0].hash;
        for n in 1..8u64 {
            let mut again = d.keypoints[0];
            again.hash = hash ^ (0xff << (8 * n));
            again.spot.x += 0.002;
            d.keypoints.push(again);
        }
        let often = measure(&d, &up, 1.0);
        assert!(often.nats <= once.nats + 0.5, "{} {}", often.nats, once.nats);
    }
}
