//! From an upload's hashes to candidates.
//!
//! ```text
//! take the strongest keypoints of each keyframe
//! for each segment:
//!     sort all words that the upload asks for     (a sweep through the file instead of jumps: page walks
//!     for each batch of words:                      cost more than the misses themselves)
//!         ask for the offsets                     (three passes, so that the cache misses of a batch
//!         read the offsets, ask for the postings    overlap: one look-up at a time would wait 80 ns twice)
//!         scan the postings; near ones are hits
//!     each hit's row; removed rows drop out
//! order the hits by keypoint
//! count the distinct voices of each keypoint's hits
//! each hit votes for its row: rarity of the keypoint × nearness of the hash,
//!     once a keypoint, capped for each second of the upload
//! the same for frames, capped in all
//! the rows with most votes are refined (see `refine`), the best become candidates
//! ```
//!
//! Nothing is allocated per look-up; `Scratch` is kept between searches.

use crate::cpu::Cpu;
use crate::fingerprint::{UploadFrame, UploadKeypoint, UploadPrint, Variant};
use crate::index::error::Error;
use crate::index::found::{Found, Work};
use crate::index::kernel::{Near, scan};
use crate::index::keys::{Key, complement, frame_key, frame_keys, keypoint_key};
use crate::index::layout::{KEYPOINT_TABLES, TABLES};
use crate::index::options::Options;
use crate::index::refine::{Refiner, candidates};
use crate::index::snapshot::{Part, Snapshot};
use crate::index::votes::Votes;

/// Items whose voices are counted together.
const BATCH: usize = 16;

/// Words of more bits are looked up in order: their tables do not fit the processor's caches.
const SORTED_BITS: u32 = 18;

/// What one search looks for.
#[derive(Debug, Clone)]
pub struct SearchOptions {
    /// Which variants of a keypoint are looked up, by `Variant as usize`; their frames likewise. Default all.
    pub variants: [bool; 4],
    /// Whether frames are looked up. Default true.
    pub frames: bool,
}

impl Default for SearchOptions {
    fn default() -> Self {
        SearchOptions { variants: [true; 4], frames: true }
    }
}

/// A near pair on its way to a candidate.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hit {
    /// Keypoint or frame of the upload.
    pub(crate) item: u32,
    /// Row in the snapshot.
    pub(crate) row: u32,
    /// Ordinal in the segment.
    pub(crate) ordinal: u32,
    pub(crate) part: u16,
    /// `Variant`, or view and, as bit 2, inverted.
    pub(crate) kind: u8,
    /// Differing check bits.
    pub(crate) distance: u8,
}

/// Working memory of a search.
#[derive(Default)]
pub(crate) struct Scratch {
    /// For the scan of postings.
    cpu: Cpu,
    /// Keypoints of the upload that are looked up, ascending, and how many of their keyframe are stronger.
    strongest: Vec<(u32, u32)>,
    lookups: Vec<Lookup>,
    near: Vec<Near>,
    work: Work,
    unordered: Vec<Hit>,
    pub(crate) keypoint_hits: Vec<Hit>,
    pub(crate) frame_hits: Vec<Hit>,
    pub(crate) votes: Votes,
    pub(crate) refiner: Refiner,
}

#[derive(Debug, Clone, Copy)]
struct Lookup {
    check: u32,
    word: u32,
    item: u32,
    table: u8,
    kind: u8,
}

pub(crate) fn search(
    snapshot: &Snapshot,
    upload: &UploadPrint,
    options: &SearchOptions,
    scratch: &mut Scratch,
) -> Result<Found, Error> {
    scratch.unordered.clear();
    scratch.keypoint_hits.clear();
    scratch.frame_hits.clear();
    scratch.votes.begin(snapshot.rows(), snapshot.tombstones());
    let mut found = Found {
        candidates: Vec::new(),
        keypoint_voices: vec![0; upload.keypoints.len()],
        frame_voices: vec![0; upload.frames.len()],
        work: Work::default(),
    };
    scratch.work = Work::default();
    if snapshot.tombstones() == 0 {
        return Ok(found);
    }
    let cpu = scratch.cpu;
    keypoints(snapshot, upload, options, cpu, scratch, &mut found.keypoint_voices)?;
    if options.frames {
        frames(snapshot, upload, options, cpu, scratch, &mut found.frame_voices)?;
    }
    found.candidates = candidates(snapshot, upload, scratch, &found.keypoint_voices)?;
    scratch.work.refined = scratch.refiner.hits() as u64;
    found.work = scratch.work;
    Ok(found)
}

fn keypoints(
    snapshot: &Snapshot,
    upload: &UploadPrint,
    options: &SearchOptions,
    cpu: Cpu,
    scratch: &mut Scratch,
    voices: &mut [u16],
) -> Result<(), Error> {
    let distance_max = snapshot.options.keypoint_check_max;
    strongest(upload, snapshot.options.lookups_per_keyframe, &mut scratch.strongest);
    for (number, part) in snapshot.parts.iter().enumerate() {
        scratch.lookups.clear();
        for &(item, rank) in &scratch.strongest {
            let asked = Asked::of(rank, options, &snapshot.options);
            keypoint_lookups(
                &upload.keypoints[item as usize],
                item,
                &asked,
                part,
                &mut scratch.lookups,
            );
        }
        let Scratch { lookups, near, work, unordered, .. } = scratch;
        run(part, number, lookups, cpu, (distance_max, snapshot), (near, work), unordered)?;
    }
    by_item(&mut scratch.unordered, &mut scratch.keypoint_hits, upload.keypoints.len());
    let mut rest = &scratch.keypoint_hits[..];
    for first in (0..upload.keypoints.len()).step_by(BATCH) {
        let last = (first + BATCH).min(upload.keypoints.len());
        let (hits, others) = rest.split_at(rest.partition_point(|h| (h.item as usize) < last));
        rest = others;
        scratch.votes.count_voices(snapshot, hits, first, &mut voices[first..last]);
        scratch.votes.keypoints(snapshot, upload, hits, voices);
    }
    Ok(())
}

/// The strongest keypoints of each keyframe, ascending: as many of each as keep them all within `average` times the
/// number of keyframes. An upload lists the keypoints that began in one keyframe strongest first.
fn strongest(upload: &UploadPrint, average: usize, chosen: &mut Vec<(u32, u32)>) {
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
        chosen.extend((0..size.min(low)).map(|rank| ((first + rank) as u32, rank as u32)));
        first += size;
    }
}

/// Moves `from` to `to`, ordered by item; hits of one item stay in order, and so grouped by part.
fn by_item(from: &mut Vec<Hit>, to: &mut Vec<Hit>, items: usize) {
    let mut next = vec![0u32; items + 1];
    from.iter().for_each(|h| next[h.item as usize + 1] += 1);
    (0..items).for_each(|i| next[i + 1] += next[i]);
    to.clear();
    to.resize(from.len(), Hit::default());
    for hit in from.drain(..) {
        let at = &mut next[hit.item as usize];
        to[*at as usize] = hit;
        *at += 1;
    }
}

/// What is asked for of one keypoint.
struct Asked {
    variants: [bool; 4],
    /// Further words of the plain hash, and of the mirrored one.
    probes: [usize; 2],
}

impl Asked {
    /// Inverted copies are whole pictures with many hits: the strongest keypoints find them.
    fn of(rank: u32, search: &SearchOptions, options: &Options) -> Asked {
        let rank = rank as usize;
        let mut variants = search.variants;
        if rank >= options.inverted_per_keyframe {
            (variants[2], variants[3]) = (false, false);
        }
        let probes = if rank < options.probed_per_keyframe { options.probes } else { [0, 0] };
        Asked { variants, probes }
    }
}

fn keypoint_lookups(
    keypoint: &UploadKeypoint,
    item: u32,
    asked: &Asked,
    part: &Part,
    lookups: &mut Vec<Lookup>,
) {
    let bits = part.segment.word_bits();
    let mask = (1u32 << bits) - 1;
    for variant in Variant::ALL {
        if !asked.variants[variant as usize] {
            continue;
        }
        let kind = variant as u8;
        for table in 0..KEYPOINT_TABLES {
            let Key { word, check } = keypoint_key(keypoint.hashes[variant as usize], table);
            let table_u8 = table as u8;
            let mut ask = |word: u32| {
                lookups.push(Lookup { check, word: word & mask, item, table: table_u8, kind });
            };
            ask(word);
            let probes = asked.probes.get(variant as usize).copied().unwrap_or(0);
            let unsure = keypoint.unsure.get(variant as usize).map_or(&[][..], |u| &u[table]);
            for bit in unsure.iter().filter(|bit| u32::from(**bit) < bits).take(probes) {
                ask(word ^ 1 << bit);
            }
        }
    }
}

fn frames(
    snapshot: &Snapshot,
    upload: &UploadPrint,
    options: &SearchOptions,
    cpu: Cpu,
    scratch: &mut Scratch,
    voices: &mut [u16],
) -> Result<(), Error> {
    let distance_max = snapshot.options.frame_distance_max;
    for (number, part) in snapshot.parts.iter().enumerate() {
        scratch.lookups.clear();
        for (item, frame) in upload.frames.iter().enumerate() {
            if frame.quality >= snapshot.options.frame_quality_min {
                frame_lookups(frame, item as u32, options, part, &mut scratch.lookups);
            }
        }
        let Scratch { lookups, near, work, unordered, .. } = scratch;
        run(part, number, lookups, cpu, (distance_max, snapshot), (near, work), unordered)?;
    }
    by_item(&mut scratch.unordered, &mut scratch.frame_hits, upload.frames.len());
    let mut rest = &scratch.frame_hits[..];
    for first in (0..upload.frames.len()).step_by(BATCH) {
        let last = (first + BATCH).min(upload.frames.len());
        let (hits, others) = rest.split_at(rest.partition_point(|h| (h.item as usize) < last));
        rest = others;
        scratch.votes.count_voices(snapshot, hits, first, &mut voices[first..last]);
    }
    scratch.votes.frames(&scratch.frame_hits, voices);
    Ok(())
}

fn frame_lookups(
    frame: &UploadFrame,
    item: u32,
    options: &SearchOptions,
    part: &Part,
    lookups: &mut Vec<Lookup>,
) {
    for (view, bits) in frame.views.iter().enumerate() {
        // Views alternate between as shown and mirrored. An active picture that is the whole one adds nothing.
        if view >= 2 && *bits == frame.views[view - 2] {
            continue;
        }
        for inverted in [false, true] {
            if !options.variants[view % 2 + 2 * usize::from(inverted)] {
                continue;
            }
            let keys = frame_keys(bits);
            let keys = if inverted { complement(&keys) } else { keys };
            for table in KEYPOINT_TABLES..TABLES {
                let mask = (1u32 << part.segment.table(table).bits) - 1;
                let Key { word, check } = frame_key(&keys, table - KEYPOINT_TABLES);
                let kind = view as u8 | u8::from(inverted) << 2;
                lookups.push(Lookup { check, word: word & mask, item, table: table as u8, kind });
            }
        }
    }
}

/// Looks up words in one segment and appends the hits whose rows are not removed.
fn run(
    part: &Part,
    number: usize,
    lookups: &mut [Lookup],
    cpu: Cpu,
    (distance_max, snapshot): (u32, &Snapshot),
    (near, work): (&mut Vec<Near>, &mut Work),
    hits: &mut Vec<Hit>,
) -> Result<(), Error> {
    const MANY: usize = 32;
    let segment = &part.segment;
    // In the file's order the sweep meets each page once and page walks hit the cache; at random, most of the
    // time went to them.
    if segment.word_bits() > SORTED_BITS {
        lookups.sort_unstable_by_key(|l| u64::from(l.table) << 32 | u64::from(l.word));
    }
    work.lookups += lookups.len() as u64;
    let from = hits.len();
    let most = snapshot.options.postings_per_word_max;
    let mut ranges = [(0, 0); MANY];
    for lookups in lookups.chunks(MANY) {
        for lookup in lookups {
            segment.prefetch_offsets(lookup.table.into(), lookup.word);
        }
        for (lookup, range) in lookups.iter().zip(&mut ranges) {
            let found = segment.postings_of(lookup.table.into(), lookup.word)?;
            *range = (found.start, found.end);
            for piece in sample(found, most) {
                segment.prefetch_postings(lookup.table.into(), piece);
            }
        }
        for (lookup, &(start, end)) in lookups.iter().zip(&ranges) {
            if start == end {
                continue;
            }
            near.clear();
            for range in sample(start..end, most) {
                let postings = segment.postings(lookup.table.into(), range)?;
                work.postings += postings.len() as u64;
                scan(cpu, postings, lookup.check, distance_max, near);
            }
            work.hits += near.len() as u64;
            for n in near.iter() {
                hits.push(Hit {
                    item: lookup.item,
                    row: u32::from(lookup.table),
                    ordinal: n.ordinal,
                    part: number as u16,
                    kind: lookup.kind,
                    distance: n.distance,
                });
            }
        }
    }
    resolve(part, hits, from)
}

/// Replaces the table that `run` has left in `row` by the row, and drops hits of removed rows.
fn resolve(part: &Part, hits: &mut Vec<Hit>, from: usize) -> Result<(), Error> {
    let segment = &part.segment;
    let (keypoint_starts, frame_starts) = (segment.keypoint_starts(), segment.frame_starts());
    let starts_of = |table| if table < KEYPOINT_TABLES { keypoint_starts } else { frame_starts };
    let mut kept = from;
    for i in from..hits.len() {
        if let Some(later) = hits.get(i + 32) {
            segment.prefetch_row(later.row as usize, later.ordinal);
        }
        if let Some(later) = hits.get(i + 16) {
            let table = later.row as usize;
            segment.prefetch_start(starts_of(table), table, later.ordinal);
        }
        let mut hit = hits[i];
        let table = hit.row as usize;
        let starts = starts_of(table);
        let Some(row) = segment.row_of(starts, table, hit.ordinal) else {
            return Err(Error::damaged(segment.path(), "a posting names no keypoint or frame"));
        };
        if !part.is_removed(row) {
            hit.row = (part.base + row) as u32;
            hits[kept] = hit;
            kept += 1;
        }
    }
    hits.truncate(kept);
    Ok(())
}

/// The whole list, or runs of 64 postings spread evenly over it, `most` in all.
fn sample(range: std::ops::Range<u32>, most: usize) -> impl Iterator<Item = std::ops::Range<u32>> {
    const RUN: u64 = 64;
    let length = u64::from(range.end - range.start);
    let most = (most as u64).max(RUN);
    let (pieces, size) = if length <= most { (1, length) } else { (most / RUN, RUN) };
    (0..pieces).map(move |i| {
        let start = range.start + (i * (length - size) / pieces.max(2).saturating_sub(1)) as u32;
        start..start + size as u32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{Rect, Spot};
    use crate::model::KeyId;

    #[test]
    fn keyframes_with_few_keypoints_leave_their_share_to_the_others() {
        let at = |first_s: f32| UploadKeypoint {
            spot: Spot { x: 0.5, y: 0.5, scale: 0.01, angle: 0.0, first_s, last_s: first_s },
            hashes: [0; 4],
            unsure: [[[0; 3]; 2]; 2],
        };
        let sizes = [5, 300, 10, 40];
        let keypoints = sizes.iter().zip(0u8..).flat_map(|(n, s)| vec![at(s.into()); *n]).collect();
        let upload = UploadPrint {
            version: 1,
            key_id: KeyId([0; 8]),
            duration_s: 4.0,
            width: 1.0,
            height: 1.0,
            active: Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 },
            keyframes_s: vec![0.0, 1.0, 2.0, 3.0],
            keypoints,
            frames: Vec::new(),
        };
        let mut chosen = Vec::new();
        strongest(&upload, 30, &mut chosen);
        let all: Vec<u32> = (0..5).chain(5..70).chain(305..315).chain(315..355).collect();
        assert_eq!(chosen.iter().map(|c| c.0).collect::<Vec<_>>(), all);
        assert_eq!((chosen[4], chosen[5], chosen[69]), ((4, 4), (5, 0), (69, 64)));
        strongest(&upload, 1000, &mut chosen);
        assert_eq!(chosen.len(), 355);
    }

    #[test]
    fn the_strongest_are_asked_for_in_more_ways() {
        let options = Options::default();
        let (strong, weak) =
            (0, options.inverted_per_keyframe.max(options.probed_per_keyframe) as u32);
        let asked = |rank| Asked::of(rank, &SearchOptions::default(), &options);
        assert_eq!((asked(strong).variants, asked(strong).probes), ([true; 4], options.probes));
        assert_eq!(
            (asked(weak).variants, asked(weak).probes),
            ([true, true, false, false], [0, 0])
        );
    }

    #[test]
    fn a_long_list_is_sampled_from_end_to_end() {
        let all: Vec<_> = sample(100..164, 512).collect();
        assert_eq!((all.len(), all[0].clone()), (1, 100..164));
        let some: Vec<_> = sample(1000..1_001_000, 512).collect();
        assert_eq!(some.len(), 8);
        assert_eq!((some[0].start, some[7].end), (1000, 1_001_000));
        assert!(some.windows(2).all(|w| w[0].end <= w[1].start));
    }
}
