//! The evidence in a pair of whole frames, and in all pairs on a time map together.
//!
//! A frame's hash has nine regions: the whole, four halves, four quarters. Any of them may be covered, and a placement
//! may leave any of them outside the upload's picture, so a pair is compared region by region over the *visible* ones.
//!
//! Two measures, because two questions are asked:
//!
//! - *Where do frames agree?* [`pair_nats`] compares the hypothesis "same picture" with pictures that have nothing in
//!   common: `ln((1 − COVERED) · binomial ratio + COVERED)` with a bit error rate of [`ERROR_RATE`] against one half.
//!   It leads the search for a time map and the ends of a span.
//! - *Is it a re-upload?* [`evidence_nats`] compares with what chance reaches where a placement was chosen because
//!   something agreed there, by the measured tables of [`likelihood`]. It is the smaller of the two, and the score
//!   sums it.
//!
//! Neighbouring frames repeat each other, so deleted frames that show the same picture count once ([`distinct`]).

use std::sync::LazyLock;

use crate::fingerprint::frame_hash::{self, REGION_BITS, REGIONS, WHOLE_BITS};
use crate::fingerprint::{Fingerprint, FrameBits, FrameHash, distance};
use crate::matching::evidence::cards::weight_of_flatness;
use crate::matching::evidence::likelihood::{self, COVERED, Region};

/// Share of the bits of an uncovered region in which a re-upload differs. Estimated with this method's prototype.
const ERROR_RATE: f64 = 0.17;
/// Share of their sum that overlapping regions amount to, for [`pair_nats`]. Estimated with the prototype.
const OVERLAP: f64 = 0.5;
/// Seconds from a moment's place on the time map to the frames that are compared with it: more than half the 0.25 s and
/// 0.5 s between the samples of upload and deleted video. Tuned.
pub const NEAR_S: f64 = 0.3;
/// Bits of 256 in which two deleted frames may differ and count once. Tuned.
const DISTINCT_BITS: u32 = 44;
/// [`evidence_nats`] above which a frame is a picture that supports a match. Tuned.
pub const SUPPORT_NATS: f64 = 1.0;

/// Regions that are compared: bit 0 the whole, bits 1..=8 the halves and quarters.
pub type Visible = u16;
/// All nine.
pub const VISIBLE_ALL: Visible = 0x1ff;

/// ln likelihood ratio (same picture : unrelated) of two frame hashes over the visible regions.
pub fn pair_nats(a: &FrameBits, b: &FrameBits, visible: Visible) -> f64 {
    let nats = &*NATS;
    over_regions(a, b, visible, |region, distance| match region {
        Region::Whole => nats.whole[distance as usize],
        Region::Half | Region::Quarter => nats.region[distance as usize],
    })
}

/// ln likelihood ratio (re-upload : chance) of two frames that meet on the time map of a placement that was found.
pub fn evidence_nats(a: &FrameBits, b: &FrameBits, visible: Visible) -> f64 {
    over_regions(a, b, visible, likelihood::region)
}

/// A pair's evidence, less where it speaks for a re-upload and the deleted video shows a card.
pub fn on_ground(nats: f64, deleted: &Fingerprint, frame: &FrameHash) -> f64 {
    if nats > 0.0 { nats * weight_of_flatness(deleted.flat_near(frame.time_s)) } else { nats }
}

fn over_regions(
    a: &FrameBits,
    b: &FrameBits,
    visible: Visible,
    nats: impl Fn(Region, u32) -> f64,
) -> f64 {
    let mut sum = 0.0;
    if visible & 1 != 0 {
        sum += nats(Region::Whole, (a[0] ^ b[0]).count_ones());
    }
    let x = [0, a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]];
    for r in 0..REGIONS {
        if visible >> (r + 1) & 1 != 0 {
            let kind = if r < frame_hash::HALVES { Region::Half } else { Region::Quarter };
            sum += nats(kind, frame_hash::region(&x, r).count_ones());
        }
    }
    sum
}

/// [`pair_nats`] of one region, by distance.
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

/// The pairs of frames on one time map: each distinct deleted frame that was compared, with its best partner.
#[derive(Debug, Clone, Default)]
pub struct FrameEvidence {
    /// Index of the upload's frame, and [`evidence_nats`] on its ground.
    pub pairs: Vec<(usize, f64)>,
}

impl FrameEvidence {
    /// Sum of the evidence.
    pub fn nats(&self) -> f64 {
        self.pairs.iter().map(|(_, nats)| nats).sum()
    }

    /// How many distinct deleted frames agree.
    pub fn agreeing(&self) -> u32 {
        self.pairs.iter().filter(|(_, nats)| *nats > SUPPORT_NATS).count() as u32
    }
}

/// Whether two frames of a deleted video show the same picture.
pub fn is_same_picture(a: &FrameHash, b: &FrameHash) -> bool {
    distance(&a.bits, &b.bits) < DISTINCT_BITS
}

/// Of deleted frames with their partners and nats: those that show the same count once, with the best partner.
pub fn distinct<'a>(
    frames: impl Iterator<Item = (&'a FrameHash, usize, f64)>,
) -> Vec<(usize, f64)> {
    let mut kept: Vec<(&FrameHash, usize, f64)> = Vec::new();
    for (f, i, nats) in frames {
        let same = kept.iter_mut().find(|(k, ..)| is_same_picture(k, f));
        match same {
            Some(before) if nats > before.2 => (before.1, before.2) = (i, nats),
            Some(_) => {}
            None => kept.push((f, i, nats)),
        }
    }
    kept.into_iter().map(|(_, i, nats)| (i, nats)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [`pair_nats`] above which two frames show the same picture, beyond chance.
    const SAME_PICTURE_NATS: f64 = 8.0;
    const PICTURE: FrameBits = [0x0123_4567_89ab_cdef, 0x1122_3344, 0x5566_7788, 0x99aa_bbcc];

    #[test]
    fn the_same_picture_agrees_whatever_its_visible_regions_and_its_negative_never() {
        let negative = frame_hash::complement(&PICTURE);
        for region in 0..9 {
            let visible = 1 << region;
            for nats in [pair_nats, evidence_nats] {
                assert!(nats(&PICTURE, &PICTURE, visible) > 0.0, "{region}");
                assert!(nats(&PICTURE, &negative, visible) < 0.0, "{region}");
            }
        }
        assert!(pair_nats(&PICTURE, &PICTURE, VISIBLE_ALL) > SAME_PICTURE_NATS);
        assert_eq!(evidence_nats(&PICTURE, &PICTURE, 0), 0.0);
    }

    #[test]
    fn a_covered_region_takes_away_no_more_than_being_covered() {
        let least = OVERLAP * COVERED.ln();
        let whole =
            |flips: u32| [PICTURE[0] ^ ((1u64 << flips) - 1), PICTURE[1], PICTURE[2], PICTURE[3]];
        for flips in 0..64 {
            let nats = pair_nats(&PICTURE, &whole(flips), 1);
            assert!(nats >= least - 1e-9, "{flips}: {nats}");
        }
    }

    #[test]
    fn deleted_frames_that_show_the_same_count_once_with_the_best_partner() {
        let frame = |time_s: f32, bits: FrameBits| FrameHash { time_s, bits, quality: 40 };
        let other = frame_hash::complement(&PICTURE);
        let frames = [frame(0.0, PICTURE), frame(0.5, PICTURE), frame(1.0, other)];
        let pairs = [(&frames[0], 3, 1.0), (&frames[1], 4, 5.0), (&frames[2], 5, -2.0)];
        let pairs = distinct(pairs.into_iter());
        assert_eq!(pairs, [(4, 5.0), (5, -2.0)]);
        let evidence = FrameEvidence { pairs };
        assert_eq!(evidence.agreeing(), 1);
        assert_eq!(evidence.nats(), 3.0);
    }
}
