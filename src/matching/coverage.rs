//! Is what ought to be visible there? Tells a copy from a shared overlay.
//!
//! Under an alignment every keypoint of the deleted video has a predicted place, size, turn and time in the upload.
//! In a copy those that fall inside the picture are found again, some here, some there; under a shared watermark
//! those in one or two spots are all found and of the others none. The two explanations are compared by likelihood:
//! *copy*: every visible keypoint is found with one rate r; *overlay*: inside the few best cells of a 6 × 6 grid with
//! rate r₁, elsewhere only by chance. The overlay pays for choosing its cells.

use crate::fingerprint::{Fingerprint, UploadPrint, wrap};
use crate::matching::consensus::Alignment;
use crate::matching::hits::Prepared;

/// Grid over the deleted video's active picture.
const GRID: usize = 6;
/// An overlay covers at most this many of the 36 cells (two spots between which a watermark hops, name included).
const OVERLAY_CELLS: usize = 8;
/// A predicted keypoint counts as found within these, the hash being looked at where it is expected only.
const BITS: u32 = 18;
const PLACE: f64 = 0.035;
const SCALE: f64 = 0.55;
const TURN: f64 = 0.5;
/// Chance that a keypoint is found where none belongs (measured on unrelated pairs under random placements).
const CHANCE: f64 = 0.01;
/// The same for each upload keypoint that is met there, and at the least.
const CHANCE_EACH: f64 = 0.008;
const CHANCE_MIN: f64 = 0.02;
/// Smallest keypoint that an upload's picture can show, long sides (1.6 px of 360, a little slack).
const SCALE_VISIBLE: f64 = 0.0042;
const BUCKETS: usize = 24;

/// What was found of what ought to be visible.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Coverage {
    pub visible: u32,
    pub found: u32,
    /// The found ones, each counting by its weight.
    pub found_weight: f64,
    /// Chance that one of the visible keypoints is found though it does not belong there: the more keypoints the
    /// upload has at the place (a face that moves a little for half a minute), the higher.
    pub chance: f64,
    /// Cells of the grid with a visible keypoint, and with a found one.
    pub cells_visible: u32,
    pub cells_found: u32,
    /// ln likelihood(copy) − ln likelihood(overlay): negative speaks for an overlay.
    pub copy_nats: f64,
}

/// Upload keypoints by place.
struct Buckets<'u> {
    upload: &'u UploadPrint,
    lists: Vec<Vec<u32>>,
}

fn bucket(x: f32, y: f32) -> (usize, usize) {
    let at = |v: f32| ((v * BUCKETS as f32) as usize).min(BUCKETS - 1);
    (at(x), at(y))
}

impl<'u> Buckets<'u> {
    fn new(upload: &'u UploadPrint) -> Self {
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

/// Measures coverage of one alignment within the stretch `span` of upload time.
pub fn coverage(
    prepared: &Prepared<'_>,
    deleted: &Fingerprint,
    alignment: &Alignment,
    weights: &[f32],
    span: (f64, f64),
) -> Coverage {
    let buckets = Buckets::new(prepared.print);
    let mut cells = [(0u32, 0u32); GRID * GRID];
    let mut counted: Vec<(usize, Look)> = Vec::new();
    for (index, k) in deleted.keypoints.iter().enumerate() {
        let Some(found) = look(&buckets, deleted, alignment, weights, index, span) else {
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
            Some((_, before)) => {
                before.met += found.met;
                before.found = stronger(before.found, found.found);
            }
            None => counted.push((index, found)),
        }
    }
    let a = deleted.active;
    let (mut found_weight, mut chance) = (0.0, 0.0);
    for (index, found) in counted {
        let s = &deleted.keypoints[index].spot;
        let at = |v: f32, low: f32, high: f32| {
            (((v - low) / (high - low).max(1e-6) * GRID as f32) as usize).min(GRID - 1)
        };
        let cell = &mut cells[at(s.y, a.y0, a.y1) * GRID + at(s.x, a.x0, a.x1)];
        cell.0 += 1;
        cell.1 += u32::from(found.found.is_some());
        found_weight += f64::from(found.found.unwrap_or(0.0));
        chance += 1.0 - (1.0 - CHANCE_EACH).powf(f64::from(found.met));
    }
    let out = summary(&cells);
    let chance = (chance / f64::from(out.visible.max(1))).max(CHANCE_MIN);
    Coverage { found_weight, chance, ..out }
}

/// What was met where a keypoint is expected.
struct Look {
    /// Upload keypoints of fitting place, size, turn and time, whatever their hash.
    met: u32,
    /// The largest weight of those whose hash fits too.
    found: Option<f32>,
}

fn stronger(a: Option<f32>, b: Option<f32>) -> Option<f32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (one, other) => one.or(other),
    }
}

/// `None`: not visible in the upload. Else whether it is there, and with which weight.
fn look(
    buckets: &Buckets<'_>,
    deleted: &Fingerprint,
    alignment: &Alignment,
    weights: &[f32],
    index: usize,
    span: (f64, f64),
) -> Option<Look> {
    let upload = buckets.upload;
    let k = &deleted.keypoints[index];
    let sights = (f64::from(k.spot.first_s), f64::from(k.spot.last_s));
    let (p, q) = (alignment.line.upload_s(sights.0), alignment.line.upload_s(sights.1));
    let (from, to) = (p.min(q), p.max(q));
    if to < span.0 || from > span.1 {
        return None;
    }
    let (mut x, y) = alignment.map.apply(f64::from(k.spot.x), f64::from(k.spot.y));
    if alignment.variant.mirrored() {
        x = f64::from(upload.width) - x;
    }
    let margin = 0.012;
    let (w, h) = (f64::from(upload.width), f64::from(upload.height));
    if x < margin || y < margin || x > w - margin || y > h - margin {
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
    if alignment.variant.mirrored() {
        angle = std::f32::consts::PI - angle;
    }
    let angle = wrap(wrap(angle));
    let mut out = Look { met: 0, found: None };
    for i in buckets.around(x, y) {
        let u = &upload.keypoints[i];
        let (dx, dy) = (f64::from(u.spot.x) - x, f64::from(u.spot.y) - y);
        let meets = dx * dx + dy * dy <= PLACE * PLACE
            && (f64::from(u.spot.scale) / size).ln().abs() <= SCALE
            && f64::from(wrap(wrap(u.spot.angle - angle)).abs()) <= TURN
            && f64::from(u.spot.first_s) <= to + 1.2
            && f64::from(u.spot.last_s) >= from - 1.2;
        if meets {
            out.met += 1;
            if (u.hashes[alignment.variant as usize] ^ k.hash).count_ones() <= BITS {
                out.found = stronger(out.found, Some(weights[i]));
            }
        }
    }
    Some(out)
}

fn summary(cells: &[(u32, u32); GRID * GRID]) -> Coverage {
    let visible: u32 = cells.iter().map(|c| c.0).sum();
    let found: u32 = cells.iter().map(|c| c.1).sum();
    let copy = likelihood(found, visible);
    // The overlay takes the cells with most found; how many is its choice, paid by ln C(36, k).
    let mut order: Vec<&(u32, u32)> = cells.iter().filter(|c| c.0 > 0).collect();
    order.sort_by(|a, b| (b.1 * a.0).cmp(&(a.1 * b.0)).then(b.1.cmp(&a.1)));
    let (mut inside, mut inside_found, mut choice) = (0u32, 0u32, 0.0f64);
    let mut overlay = f64::NEG_INFINITY;
    for (k, cell) in order.iter().take(OVERLAY_CELLS).enumerate() {
        inside += cell.0;
        inside_found += cell.1;
        choice += ((GRID * GRID - k) as f64 / (k + 1) as f64).ln();
        let outside = visible - inside;
        let outside_found = found - inside_found;
        let chance = f64::from(outside_found) * CHANCE.ln()
            + f64::from(outside - outside_found) * (1.0 - CHANCE).ln();
        overlay = overlay.max(likelihood(inside_found, inside) + chance - choice);
    }
    Coverage {
        visible,
        found,
        found_weight: f64::from(found),
        chance: CHANCE_MIN,
        cells_visible: cells.iter().filter(|c| c.0 > 0).count() as u32,
        cells_found: cells.iter().filter(|c| c.1 > 0).count() as u32,
        copy_nats: if visible == 0 { 0.0 } else { copy - overlay },
    }
}

/// ln of the likelihood of `n` of `m` at the best rate, which is not allowed to be 0 or 1.
fn likelihood(n: u32, m: u32) -> f64 {
    let r = (f64::from(n) + 0.5) / (f64::from(m) + 1.0);
    f64::from(n) * r.ln() + f64::from(m - n) * (1.0 - r).ln()
}
