//! The common parts of a deleted video: what other people's deleted videos have as well.
//!
//! A channel's ident, a template, a studio set is deleted together with every video that shows it. It belongs to none of
//! them, so a match with nothing else is no re-upload. But re-uploads, cuts and compilations are deleted, too: what they
//! have in common with the first is the video itself. So three things bound what is common:
//!
//! ```text
//! relations ← those that show at most half of this video; more of it is the video itself
//! count     ← for each half second and cell, the owners of the tombstones that show it: other owners once each,
//!             the own owner once for each of his or her tombstones; without an owner a tombstone counts as nobody
//! levels    ← the parts that two other owners, or two more tombstones of the own owner, have
//! common    ← of these, at least a second long, at most COMMON_MAX of the video: most owners first, then longest,
//!             then first
//! ```

use std::collections::HashSet;

use crate::fingerprint::Fingerprint;
use crate::matching::VisualWeight;
use crate::model::extent::{BIN_S, BINS_A_SECOND, CELLS, Extent, WHOLE, bin};
use crate::model::{OwnerKey, Slot, TemplateStretch};
use crate::store::Relation;

/// Largest share of a video that can be common, 0..1. Bounds what a group of accounts can do to a video.
const COMMON_MAX: f64 = 0.3;
/// Share of a video from which what two have in common is the video itself, 0..1.
const ITSELF_FROM: f64 = 0.5;
/// Owners who must have a part.
const OWNERS_MIN: usize = 2;
/// Shortest common part, half seconds.
const BINS_MIN: usize = BINS_A_SECOND as usize;
/// Share of a deleted video that must lie in another for it to be a part of it, 0..1.
const MOST: f64 = 0.6;
/// Largest share of the other video for it to be a minor part, 0..1.
const MINOR: f64 = 0.5;

/// Who has a part: another owner, or another tombstone of the same owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Other(OwnerKey),
    Own(Slot),
}

fn holder(own: Option<OwnerKey>, one: &Relation) -> Option<Holder> {
    let owner = one.other_owner?;
    Some(if own == Some(owner) { Holder::Own(one.other) } else { Holder::Other(owner) })
}

/// The common parts of a tombstone's video, by its relations and by the stretches that moderators ruled to be; `None` if
/// nothing is common.
pub(in crate::engine) fn common_parts(
    video: &Fingerprint,
    owner: Option<OwnerKey>,
    relations: &[Relation],
    ruled: &[TemplateStretch],
) -> Option<Extent> {
    let mut common = by_relations(video, owner, relations).unwrap_or_default();
    for stretch in ruled {
        let (from, to) = (bin(stretch.span.start_s), bin(stretch.span.end_s + BIN_S / 2.0));
        (from..to.max(from + 1)).for_each(|bin| common.add(bin, WHOLE));
    }
    (!common.is_empty()).then_some(common)
}

fn by_relations(
    video: &Fingerprint,
    owner: Option<OwnerKey>,
    relations: &[Relation],
) -> Option<Extent> {
    let mut holders: Vec<(Holder, Extent)> = Vec::new();
    let bins = bin(f64::from(video.duration_s)) + 2;
    for one in relations.iter().filter(|one| one.share <= ITSELF_FROM) {
        let Some(holder) = holder(owner, one) else { continue };
        let Some(extent) = Extent::from_bytes(&one.extent, bins) else { continue };
        match holders.iter_mut().find(|(known, _)| *known == holder) {
            Some((_, known)) => known.add_all(&extent),
            None => holders.push((holder, extent)),
        }
    }
    if holders.len() < OWNERS_MIN {
        return None;
    }
    let weight = VisualWeight::of_deleted(video);
    let mut left = COMMON_MAX * weight.total_s();
    let mut common = Extent::default();
    for level in levels(&holders, bins) {
        let mut stretches = level.stretches();
        stretches.sort_by_key(|bins| (std::cmp::Reverse(bins.len()), bins.start));
        for stretch in stretches.into_iter().filter(|bins| bins.len() >= BINS_MIN) {
            for bin in stretch {
                let mut one = Extent::default();
                one.add(bin, level.cells(bin));
                let new = weight.of(&one.without(&common));
                if new <= left {
                    left -= new;
                    common.add_all(&one);
                }
            }
        }
    }
    (!common.is_empty()).then_some(common)
}

/// The parts that at least n holders have, for each n from all of them down to [`OWNERS_MIN`]. The own owner's other tombstones and other
/// owners are counted apart.
fn levels(holders: &[(Holder, Extent)], bins: usize) -> Vec<Extent> {
    let mut out = vec![Extent::default(); holders.len() + 1];
    for bin in 0..bins {
        for cell in 0..CELLS {
            let has = |(_, extent): &&(Holder, Extent)| extent.cells(bin) >> cell & 1 != 0;
            let (mut others, mut own) = (0, 0);
            for (holder, _) in holders.iter().filter(has) {
                match holder {
                    Holder::Other(_) => others += 1,
                    Holder::Own(_) => own += 1,
                }
            }
            let count: usize = others.max(own);
            out.iter_mut().take(count + 1).skip(OWNERS_MIN).for_each(|e| e.add(bin, 1 << cell));
        }
    }
    out.drain(..OWNERS_MIN);
    out.reverse();
    out
}

/// Number of other owners in whose videos most of this tombstone's video is a minor part.
pub(in crate::engine) fn minor_for_owners(owner: Option<OwnerKey>, relations: &[Relation]) -> u32 {
    let minor = relations.iter().filter(|one| one.share >= MOST && one.other_share <= MINOR);
    let others = minor.filter_map(|one| one.other_owner).filter(|other| owner != Some(*other));
    others.collect::<HashSet<OwnerKey>>().len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{Keyframe, Keypoint, Spot};
    use crate::model::KeyId;
    use crate::model::extent::WHOLE;

    /// A deleted video with a keypoint of its own in each keyframe, one every two seconds.
    fn video(duration_s: f32) -> Fingerprint {
        let times = || (0..(duration_s / 2.0) as u16).map(|n| 1.0 + 2.0 * f32::from(n));
        let spot =
            |at: f32| Spot { x: 0.5, y: 0.5, scale: 0.05, angle: 0.0, first_s: at, last_s: at };
        Fingerprint {
            duration_s,
            keyframes: times().map(|time_s| Keyframe { time_s, flat: 0 }).collect(),
            keypoints: times().map(|at| Keypoint { spot: spot(at), hash: 1 }).collect(),
            ..Fingerprint::empty(KeyId([0; 8]))
        }
    }

    fn owner(n: u8) -> OwnerKey {
        OwnerKey([n; 16])
    }

    /// Another tombstone that shows these seconds of the video.
    fn shows(slot: u32, owner: Option<OwnerKey>, seconds: std::ops::Range<usize>) -> Relation {
        let mut extent = Extent::default();
        let share = seconds.len() as f64 / 60.0;
        (2 * seconds.start..2 * seconds.end).for_each(|bin| extent.add(bin, WHOLE));
        Relation {
            other: Slot(slot),
            other_owner: owner,
            version: 1,
            score: 50.0,
            share,
            extent: extent.to_bytes(),
            other_share: 0.2,
        }
    }

    fn common_seconds(relations: &[Relation]) -> Option<std::ops::Range<usize>> {
        let common = common_parts(&video(60.0), Some(owner(0)), relations, &[])?;
        let stretches = common.stretches();
        Some(stretches.first()?.start / 2..stretches.last()?.end / 2)
    }

    #[test]
    fn a_part_is_common_when_two_other_owners_have_it_or_two_more_of_the_own() {
        let (a, b) = (Some(owner(1)), Some(owner(2)));
        assert_eq!(common_seconds(&[shows(1, a, 0..3)]), None);
        assert_eq!(common_seconds(&[shows(1, a, 0..3), shows(2, a, 0..3)]), None, "one account");
        assert_eq!(common_seconds(&[shows(1, a, 0..3), shows(2, b, 1..4)]), Some(1..3));
        let own = Some(owner(0));
        assert_eq!(common_seconds(&[shows(1, own, 0..3), shows(2, own, 0..3)]), Some(0..3));
        assert_eq!(common_seconds(&[shows(1, own, 0..3), shows(2, a, 0..3)]), None);
        assert_eq!(common_seconds(&[shows(1, None, 0..3), shows(2, None, 0..3)]), None, "nobody's");
    }

    #[test]
    fn whole_copies_make_nothing_common_and_nothing_makes_more_than_a_third_common() {
        let copies: Vec<Relation> =
            (1..=10).map(|n| shows(n.into(), Some(owner(n)), 0..60)).collect();
        assert_eq!(common_seconds(&copies), None);
        let cuts: Vec<Relation> =
            (1..=10).map(|n| shows(n.into(), Some(owner(n)), 10..40)).collect();
        let common = common_parts(&video(60.0), Some(owner(0)), &cuts, &[]).unwrap();
        let share = VisualWeight::of_deleted(&video(60.0)).share(&common);
        assert!((0.25..=0.31).contains(&share), "{share}");
    }

    #[test]
    fn what_most_owners_have_is_common_first() {
        let mut relations: Vec<Relation> =
            (1..=2).map(|n| shows(n.into(), Some(owner(n)), 0..18)).collect();
        relations.extend((3..=6).map(|n| shows(n.into(), Some(owner(n)), 40..43)));
        let common = common_parts(&video(60.0), Some(owner(0)), &relations, &[]).unwrap();
        assert_eq!(common.cells(82).count_ones(), 36, "four owners have it");
        assert_eq!(common.cells(0).count_ones(), 36, "and there is room for some of the other");
    }

    #[test]
    fn a_video_that_is_a_minor_part_of_many_is_a_template_itself() {
        let inside = |n: u8, other_share: f64| Relation {
            share: 0.9,
            other_share,
            ..shows(n.into(), Some(owner(n)), 0..3)
        };
        let many = [inside(1, 0.1), inside(2, 0.2), inside(2, 0.3), inside(3, 0.9)];
        assert_eq!(minor_for_owners(Some(owner(0)), &many), 2);
        assert_eq!(minor_for_owners(Some(owner(1)), &many), 1);
    }
}
