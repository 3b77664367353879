//! From an upload's hashes to candidates.
//!
//! ```text
//! for each batch of the upload's keypoints, for each segment:
//!     ask for the offsets of all words            (three passes, so that the cache misses of
//!     read the offsets, ask for the postings       a batch overlap: one look-up at a time
//!     scan the postings; near ones are hits        would wait 80 ns twice)
//!     each hit's row; removed rows drop out
//!   count the distinct voices of each keypoint's hits
//!   each hit votes for its row: rarity of the keypoint × nearness of the hash,
//!     once a keypoint, capped for each second of the upload
//! the same for frames, capped in all
//! the rows with most votes are refined (see `refine`), the best become candidates
//! ```
//!
//! Nothing is allocated per look-up; `Scratch` is kept between searches.

use crate::fingerprint::{UploadFrame, UploadKeypoint, UploadPrint, Variant};
use crate::index::error::Error;
use crate::index::found::{Found, Work};
use crate::index::kernel::{Kernel, Near};
use crate::index::keys::{Key, complement, frame_key, frame_keys, keypoint_key};
use crate::index::layout::{KEYPOINT_TABLES, TABLES};
use crate::index::refine::{Refiner, candidates};
use crate::index::snapshot::{Part, Snapshot};
use crate::index::votes::Votes;

/// Items whose look-ups are in flight together: 16 keypoints × 4 variants × 2 words.
const BATCH: usize = 16;

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
#[derive(Debug, Clone, Copy)]
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
    lookups: Vec<Lookup>,
    near: Vec<Near>,
    work: Work,
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
    let kernel = Kernel::choose();
    keypoints(snapshot, upload, options, kernel, scratch, &mut found.keypoint_voices)?;
    if options.frames {
        frames(snapshot, upload, options, kernel, scratch, &mut found.frame_voices)?;
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
    kernel: Kernel,
    scratch: &mut Scratch,
    voices: &mut [u16],
) -> Result<(), Error> {
    let distance_max = snapshot.options.keypoint_check_max;
    for (batch, part_of_upload) in upload.keypoints.chunks(BATCH).enumerate() {
        let first = batch * BATCH;
        let from = scratch.keypoint_hits.len();
        for (number, part) in snapshot.parts.iter().enumerate() {
            scratch.lookups.clear();
            for (i, keypoint) in part_of_upload.iter().enumerate() {
                keypoint_lookups(keypoint, (first + i) as u32, options, part, &mut scratch.lookups);
            }
            let Scratch { lookups, near, work, keypoint_hits, .. } = scratch;
            run(
                part,
                number,
                lookups,
                kernel,
                (distance_max, snapshot),
                (near, work),
                keypoint_hits,
            )?;
        }
        let hits = &scratch.keypoint_hits[from..];
        let last = first + part_of_upload.len();
        scratch.votes.count_voices(snapshot, hits, first, &mut voices[first..last]);
        scratch.votes.keypoints(snapshot, upload, hits, voices);
    }
    Ok(())
}

fn keypoint_lookups(
    keypoint: &UploadKeypoint,
    item: u32,
    options: &SearchOptions,
    part: &Part,
    lookups: &mut Vec<Lookup>,
) {
    let mask = (1u32 << part.segment.word_bits()) - 1;
    for variant in Variant::ALL {
        if !options.variants[variant as usize] {
            continue;
        }
        for table in 0..KEYPOINT_TABLES {
            let Key { word, check } = keypoint_key(keypoint.hashes[variant as usize], table);
            let kind = variant as u8;
            lookups.push(Lookup { check, word: word & mask, item, table: table as u8, kind });
        }
    }
}

fn frames(
    snapshot: &Snapshot,
    upload: &UploadPrint,
    options: &SearchOptions,
    kernel: Kernel,
    scratch: &mut Scratch,
    voices: &mut [u16],
) -> Result<(), Error> {
    let distance_max = snapshot.options.frame_distance_max;
    for (batch, part_of_upload) in upload.frames.chunks(BATCH).enumerate() {
        let first = batch * BATCH;
        let from = scratch.frame_hits.len();
        for (number, part) in snapshot.parts.iter().enumerate() {
            scratch.lookups.clear();
            for (i, frame) in part_of_upload.iter().enumerate() {
                if frame.quality >= snapshot.options.frame_quality_min {
                    frame_lookups(frame, (first + i) as u32, options, part, &mut scratch.lookups);
                }
            }
            let Scratch { lookups, near, work, frame_hits, .. } = scratch;
            run(part, number, lookups, kernel, (distance_max, snapshot), (near, work), frame_hits)?;
        }
        let hits = &scratch.frame_hits[from..];
        let last = first + part_of_upload.len();
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

/// Looks up a batch in one segment and appends the hits whose rows are not removed.
fn run(
    part: &Part,
    number: usize,
    lookups: &[Lookup],
    kernel: Kernel,
    (distance_max, snapshot): (u32, &Snapshot),
    (near, work): (&mut Vec<Near>, &mut Work),
    hits: &mut Vec<Hit>,
) -> Result<(), Error> {
    const MANY: usize = BATCH * 8;
    work.lookups += lookups.len() as u64;
    let segment = &part.segment;
    let from = hits.len();
    let mut ranges = [(0, 0); MANY];
    for lookups in lookups.chunks(MANY) {
        for lookup in lookups {
            segment.prefetch_offsets(lookup.table.into(), lookup.word);
        }
        for (lookup, range) in lookups.iter().zip(&mut ranges) {
            let found = segment.postings_of(lookup.table.into(), lookup.word)?;
            *range = (found.start, found.end);
        }
        for (lookup, &(start, end)) in lookups.iter().zip(&ranges) {
            if start == end {
                continue;
            }
            near.clear();
            let sampled = sample(start..end, snapshot.options.postings_per_word_max);
            for range in sampled {
                let postings = segment.postings(lookup.table.into(), range)?;
                work.postings += postings.len() as u64;
                kernel.scan(postings, lookup.check, distance_max, near);
            }
            work.hits += near.len() as u64;
            let table = usize::from(lookup.table);
            for n in near.iter() {
                segment.prefetch_row(table, n.ordinal);
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
    let mut kept = from;
    for i in from..hits.len() {
        let mut hit = hits[i];
        let table = hit.row as usize;
        let starts = if table < KEYPOINT_TABLES { keypoint_starts } else { frame_starts };
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

/// The whole list, or cache lines of eight postings spread evenly over it, `most` in all.
fn sample(range: std::ops::Range<u32>, most: usize) -> impl Iterator<Item = std::ops::Range<u32>> {
    const LINE: u64 = 8;
    let length = u64::from(range.end - range.start);
    let most = (most as u64).max(LINE);
    let (pieces, size) = if length <= most { (1, length) } else { (most / LINE, LINE) };
    (0..pieces).map(move |i| {
        let start = range.start + (i * (length - size) / pieces.max(2).saturating_sub(1)) as u32;
        start..start + size as u32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_sampled_from_end_to_end() {
        let all: Vec<_> = sample(100..164, 512).collect();
        assert_eq!(all, [100..164]);
        let some: Vec<_> = sample(1000..1_001_000, 512).collect();
        assert_eq!(some.len(), 64);
        assert_eq!((some[0].start, some[63].end), (1000, 1_001_000));
        assert!(some.windows(2).all(|w| w[0].end <= w[1].start));
    }
}
