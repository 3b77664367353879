//! What a pair of whole frames says, and what all pairs on a time map say together.
//!
//! Two measures, because two questions are asked. *Where* do frames agree? `pair_nats` compares with pictures that have
//! nothing in common, and leads the search for a time map and the ends of a span. *Is it a copy?* `evidence_nats` compares with
//! what chance reaches where a placement was chosen because something agreed there (`likelihood`).
//!
//! `placed` compares under a placement, `diagonal` without one.

use crate::fingerprint::frame_hash::{self, REGION_BITS, REGIONS, WHOLE_BITS};
use crate::fingerprint::{Fingerprint, FrameBits, FrameHash};
use crate::matching::likelihood::{self, Region};
use crate::matching::weights::of_flatness;
use std::sync::LazyLock;

/// Bit error rate of a copy's region, share of regions covered by something else, and how far regions overlap
/// (research notes P6).
const ERROR_RATE: f64 = 0.17;
const COVERED: f64 = 0.25;
const OVERLAP: f64 = 0.5;
/// Frames with less contrast than this say nothing, grey levels.
pub const QUALITY_MIN: u8 = 5;
/// A deleted frame is compared with upload frames at most this far off the time map, seconds.
pub const NEAR_S: f64 = 0.3;
/// Frames that differ in fewer bits show the same and count once.
const DISTINCT_BITS: u32 = 44;
/// By `pair_nats` two frames with more than this show the same, beyond chance.
pub const SURE_NATS: f64 = 8.0;
/// By `evidence_nats` a frame with more than this is a picture that supports a match.
const SUPPORTS_NATS: f64 = 1.0;

/// Which regions count: bit 0 the whole, bits 1..=8 the regions.
pub type Visible = u16;
pub const VISIBLE_ALL: Visible = 0x1ff;

/// ln likelihood ratio (same picture : unrelated) of two frame hashes over the visible regions.
pub fn pair_nats(a: &FrameBits, b: &FrameBits, visible: Visible) -> f64 {
    let nats = &*NATS;
    over_regions(a, b, visible, |region, distance| match region {
        Region::Whole => nats.whole[distance as usize],
        Region::Half | Region::Quarter => nats.region[distance as usize],
    })
}

/// ln likelihood ratio (copy : chance) of two frames that meet on the time map of a placement that was found.
pub fn evidence_nats(a: &FrameBits, b: &FrameBits, visible: Visible) -> f64 {
    over_regions(a, b, visible, likelihood::region)
}

/// What a pair says as far as it speaks for a copy: little when it shows a card.
pub fn on_ground(nats: f64, deleted: &Fingerprint, frame: &FrameHash) -> f64 {
    if nats > 0.0 { nats * of_flatness(deleted.flat_near(frame.time_s)) } else { nats }
}

fn over_regions(
    a: &FrameBits,
    b: &FrameBits,
    visible: Visible,
    says: impl Fn(Region, u32) -> f64,
) -> f64 {
    let mut sum = 0.0;
    if visible & 1 != 0 {
        sum += says(Region::Whole, (a[0] ^ b[0]).count_ones());
    }
    let x = [0, a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]];
    for r in 0..REGIONS {
        if visible >> (r + 1) & 1 != 0 {
            let kind = if r < frame_hash::HALVES { Region::Half } else { Region::Quarter };
            sum += says(kind, frame_hash::region(&x, r).count_ones());
        }
    }
    sum
}

/// What a region says, by distance.
struct Nats {
    whole: [f64; WHOLE_BITS + 1],
    region: [f64; REGION_BITS + 1],
}

static NATS: LazyLock<Nats> = LazyLock::new(|| Nats {
    whole: std::array::from_fn(|d| OVERLAP * region_nats(d, WHOLE_BITS)),
    region: std::array::from_fn(|d| OVERLAP * region_nats(d, REGION_BITS)),
});

fn region_nats(distance: usize, bits: usize) -> f64 {
    let (d, n) = (distance as f64, bits as f64);
    let same = d * (ERROR_RATE / 0.5).ln() + (n - d) * ((1.0 - ERROR_RATE) / 0.5).ln();
    ((1.0 - COVERED) * same.exp() + COVERED).ln()
}

/// What frames say: for each distinct deleted frame that was compared, its best partner in the upload.
#[derive(Debug, Clone, Default)]
pub struct FrameEvidence {
    /// (index of the upload's frame, `evidence_nats`).
    pub pairs: Vec<(usize, f64)>,
    /// Upload frames, around the partners that agree, which show the same.
    pub same: Vec<std::ops::RangeInclusive<usize>>,
}

impl FrameEvidence {
    /// Sum of nats; what agrees counts by its weight (per upload frame, 0..1).
    pub fn nats(&self, weights: &[f32]) -> f64 {
        let weigh = |(i, nats): &(usize, f64)| {
            if *nats > 0.0 { *nats * f64::from(weights[*i]) } else { *nats }
        };
        self.pairs.iter().map(weigh).sum()
    }

    /// How many distinct deleted frames agree.
    pub fn agreeing(&self) -> u32 {
        self.pairs.iter().filter(|(_, nats)| *nats > SUPPORTS_NATS).count() as u32
    }
}

/// Deleted frames that show the same count once, with their best partner.
pub fn distinct<'a>(
    frames: impl Iterator<Item = (&'a FrameHash, usize, f64)>,
) -> Vec<(usize, f64)> {
    let mut kept: Vec<(&FrameHash, usize, f64)> = Vec::new();
    for (f, i, nats) in frames {
        let same = kept
            .iter_mut()
            .find(|(k, ..)| crate::fingerprint::distance(&k.bits, &f.bits) < DISTINCT_BITS);
        match same {
            Some(before) if nats > before.2 => (before.1, before.2) = (i, nats),
            Some(_) => {}
            None => kept.push((f, i, nats)),
        }
    }
    kept.into_iter().map(|(_, i, nats)| (i, nats)).collect()
}
