//! Which words an upload is looked up under.

use crate::fingerprint::{UploadFrame, UploadKeypoint, UploadPrint, Variant};
use crate::index::search::hit::HitKind;
use crate::index::search::query::SearchContext;
use crate::index::segment::{
    FRAME_TABLES, KEYPOINT_TABLES, Key, Segment, complement, frame_key, frame_keys, keypoint_key,
};

/// Views of a frame: whole picture, whole picture mirrored, active picture, active picture mirrored. The active picture
/// is the second pair.
const ACTIVE_VIEWS: usize = 2;

/// One word to look up in one table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookup {
    pub word: u32,
    pub check: u32,
    /// Index of the keypoint or frame in the upload.
    pub item: u32,
    pub table: u8,
    pub kind: HitKind,
}

/// A keypoint that is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Index in `UploadPrint::keypoints`.
    pub item: u32,
    /// Keypoints of the same keyframe that are stronger.
    pub rank: u32,
}

/// Chooses the strongest keypoints of each keyframe, ascending: as many of each as keep the total within `average` times
/// the number of keyframes. An upload lists the keypoints that begin in one keyframe strongest first.
///
/// The number per keyframe is found by bisection, so that keyframes with few keypoints leave their share to the others.
pub(super) fn choose(upload: &UploadPrint, average: usize, chosen: &mut Vec<Chosen>) {
    let keypoints = &upload.keypoints;
    let began = |a: &UploadKeypoint, b: &UploadKeypoint| a.spot.first_s == b.spot.first_s;
    let sizes: Vec<usize> = keypoints.chunk_by(began).map(<[_]>::len).collect();
    let budget = average.saturating_mul(upload.keyframes_s.len().max(1));
    let fits = |each: usize| sizes.iter().map(|n| n.min(&each)).sum::<usize>() <= budget;
    let most = sizes.iter().max().copied().unwrap_or(0);
    let (mut low, mut high) = (average.min(most), most);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    chosen.clear();
    let mut first = 0;
    for size in sizes {
        let of_keyframe = (0..size.min(low)).map(|rank| (first + rank, rank));
        chosen.extend(of_keyframe.map(|(i, rank)| Chosen { item: i as u32, rank: rank as u32 }));
        first += size;
    }
}

/// As what, and how thoroughly, one keypoint is looked up.
#[derive(Debug, PartialEq, Eq)]
struct Thoroughness {
    /// By `Variant as usize`.
    variants: [bool; 4],
    /// Additional words for either half of the plain hash, and of the mirrored one.
    probes: [usize; 2],
}

impl Thoroughness {
    /// Inverted re-uploads are whole pictures with many hits, so the strongest keypoints find them.
    fn of(rank: u32, query: &SearchContext<'_>) -> Thoroughness {
        let rank = rank as usize;
        let mut variants = query.search.variants;
        if rank >= query.index.inverted_per_keyframe {
            (variants[2], variants[3]) = (false, false);
        }
        let probed = rank < query.index.probed_per_keyframe;
        Thoroughness { variants, probes: if probed { query.index.probes } else { [0, 0] } }
    }
}

/// Appends the look-ups of one keypoint in one segment.
pub(super) fn of_keypoint(
    query: &SearchContext<'_>,
    chosen: Chosen,
    segment: &Segment,
    lookups: &mut Vec<Lookup>,
) {
    let Chosen { item, rank } = chosen;
    let keypoint = &query.upload.keypoints[item as usize];
    let thoroughness = Thoroughness::of(rank, query);
    let bits = segment.word_bits();
    let mask = (1u32 << bits) - 1;
    for variant in Variant::ALL.into_iter().filter(|v| thoroughness.variants[*v as usize]) {
        let kind = HitKind::keypoint(variant);
        for table in 0..KEYPOINT_TABLES {
            let Key { word, check } = keypoint_key(keypoint.hashes[variant as usize], table);
            let table_u8 = table as u8;
            let mut push = |word: u32| {
                lookups.push(Lookup { check, word: word & mask, item, table: table_u8, kind });
            };
            push(word);
            let probes = thoroughness.probes.get(variant as usize).copied().unwrap_or(0);
            let unsure = keypoint.unsure.get(variant as usize).map_or(&[][..], |u| &u[table]);
            for bit in unsure.iter().filter(|bit| u32::from(**bit) < bits).take(probes) {
                push(word ^ 1 << bit);
            }
        }
    }
}

/// Appends the look-ups of one frame in one segment.
pub(super) fn of_frame(
    query: &SearchContext<'_>,
    item: u32,
    frame: &UploadFrame,
    segment: &Segment,
    lookups: &mut Vec<Lookup>,
) {
    for (view, bits) in frame.views.iter().enumerate() {
        // An active picture that is the whole picture adds nothing.
        if view >= ACTIVE_VIEWS && *bits == frame.views[view - ACTIVE_VIEWS] {
            continue;
        }
        for inverted in [false, true] {
            if !query.search.variants[view % 2 + 2 * usize::from(inverted)] {
                continue;
            }
            let keys = frame_keys(bits);
            let keys = if inverted { complement(&keys) } else { keys };
            for (part, table) in FRAME_TABLES.enumerate() {
                let mask = (1u32 << segment.table(table).bits) - 1;
                let Key { word, check } = frame_key(&keys, part);
                let (kind, table) = (HitKind::frame(view, inverted), table as u8);
                lookups.push(Lookup { check, word: word & mask, item, table, kind });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{Rect, Spot};
    use crate::index::options::Options;
    use crate::index::search::parts::SnapshotParts;
    use crate::index::search::query::SearchOptions;
    use crate::model::KeyId;

    /// An upload with keyframes of this many keypoints each.
    fn upload(sizes: &[usize]) -> UploadPrint {
        let at = |first_s: f32| UploadKeypoint {
            spot: Spot { x: 0.5, y: 0.5, scale: 0.01, angle: 0.0, first_s, last_s: first_s },
            hashes: [0; 4],
            unsure: [[[0; 3]; 2]; 2],
        };
        let keypoints = sizes.iter().zip(0u8..).flat_map(|(n, s)| vec![at(s.into()); *n]).collect();
        UploadPrint {
            version: 1,
            key_id: KeyId([0; 8]),
            duration_s: 4.0,
            width: 1.0,
            height: 1.0,
            active: Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 },
            keyframes_s: (0u8..).take(sizes.len()).map(f32::from).collect(),
            keypoints,
            frames: Vec::new(),
        }
    }

    #[test]
    fn keyframes_with_few_keypoints_leave_their_share_to_the_others() {
        let upload = upload(&[5, 300, 10, 40]);
        let mut chosen = Vec::new();
        choose(&upload, 30, &mut chosen);
        let all: Vec<u32> = (0..5).chain(5..70).chain(305..315).chain(315..355).collect();
        assert_eq!(chosen.iter().map(|c| c.item).collect::<Vec<_>>(), all);
        let ranks = [4, 5, 69].map(|i: usize| (chosen[i].item, chosen[i].rank));
        assert_eq!(ranks, [(4, 4), (5, 0), (69, 64)]);
        choose(&upload, 1000, &mut chosen);
        assert_eq!(chosen.len(), 355);
    }

    #[test]
    fn the_strongest_keypoints_are_looked_up_more_thoroughly() {
        let (index, search) = (Options::default(), SearchOptions::default());
        let (parts, upload) = (SnapshotParts::new(Vec::new()), upload(&[]));
        let query =
            SearchContext { parts: &parts, index: &index, search: &search, upload: &upload };
        let weak = index.inverted_per_keyframe.max(index.probed_per_keyframe) as u32;
        let strongest = Thoroughness { variants: [true; 4], probes: index.probes };
        assert_eq!(Thoroughness::of(0, &query), strongest);
        let weakest = Thoroughness { variants: [true, true, false, false], probes: [0, 0] };
        assert_eq!(Thoroughness::of(weak, &query), weakest);
    }
}
