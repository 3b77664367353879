//! Counting: distinct voices per item of the upload, and votes per tombstone.

use crate::fingerprint::UploadPrint;
use crate::index::bytes::prefetch;
use crate::index::search::Hit;
use crate::index::snapshot::Snapshot;

/// Distinct voices are counted up to here; more is as common as can be.
pub(crate) const VOICES_MAX: u16 = 1000;
/// Slots of the table in which voices are told apart: room for a batch in which all items saturate.
const SEEN: usize = 1 << 15;
/// What frames may add to a tombstone's votes: they fill gaps, they never outweigh keypoints.
const FRAME_VOTES_MAX: f32 = 4.0;
/// A frame's vote before rarity; nearly free, as neighbouring frames repeat it.
const FRAME_VOTE: f32 = 0.5;

/// Votes per row and what is needed to cap them.
#[derive(Default)]
pub(crate) struct Votes {
    /// Per row.
    pub(crate) votes: Vec<f32>,
    marks: Vec<Mark>,
    seen: Vec<u64>,
    generation: u64,
    /// Weight of an item by the number of voices it was hit in.
    rarities: Vec<f32>,
}

/// The last vote of a row.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    /// Item of the last vote, plus one.
    item: u32,
    /// Second of the upload in which it fell.
    second: u16,
    /// Votes given in this second, 1/1024.
    given: u16,
}

impl Votes {
    /// Forgets the last search.
    pub(crate) fn begin(&mut self, rows: usize, tombstones: usize) {
        self.rarities.clear();
        self.rarities.extend((0..=VOICES_MAX).map(|voices| rarity(voices, tombstones)));
        self.votes.clear();
        self.votes.resize(rows, 0.0);
        self.marks.clear();
        self.marks.resize(rows, Mark::default());
        self.seen.resize(SEEN, 0);
    }

    /// 1 for an item that one voice among many has, next to 0 for one that all have.
    #[inline]
    pub(crate) fn rarity(&self, voices: u16) -> f32 {
        self.rarities[usize::from(voices.min(VOICES_MAX))]
    }

    /// Adds to `counts` the distinct voices among `hits`, whose items are numbered from `first`.
    pub(crate) fn count_voices(
        &mut self,
        snapshot: &Snapshot,
        hits: &[Hit],
        first: usize,
        counts: &mut [u16],
    ) {
        // A value of `seen` is generation (27 bits), item in the batch (5 bits), voice (32 bits).
        self.generation += 1;
        if self.generation >= 1 << 27 {
            self.generation = 1;
            self.seen.fill(0);
        }
        let mut part = usize::MAX;
        let mut voices: &[u32] = &[];
        for (i, hit) in hits.iter().enumerate() {
            if let Some(later) = hits.get(i + 16) {
                prefetch(&self.marks, later.row as usize);
                prefetch(&self.votes, later.row as usize);
                let base = snapshot.parts[usize::from(later.part)].base;
                prefetch(voices, later.row as usize - base.min(later.row as usize));
            }
            if part != usize::from(hit.part) {
                part = hit.part.into();
                voices = snapshot.parts[part].segment.voices();
            }
            let item = hit.item as usize - first;
            if counts[item] >= VOICES_MAX {
                continue;
            }
            let voice = voices[hit.row as usize - snapshot.parts[part].base];
            let key = self.generation << 37 | (item as u64) << 32 | u64::from(voice);
            let mut at = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 49) as usize;
            while self.seen[at] >> 37 == self.generation && self.seen[at] != key {
                at = (at + 1) % SEEN;
            }
            if self.seen[at] != key {
                self.seen[at] = key;
                counts[item] += 1;
            }
        }
    }

    /// Lets the hits of a batch of keypoints vote.
    pub(crate) fn keypoints(
        &mut self,
        snapshot: &Snapshot,
        upload: &UploadPrint,
        hits: &[Hit],
        voices: &[u16],
    ) {
        let cap = snapshot.options.votes_per_keyframe_max;
        for hit in hits {
            let row = hit.row as usize;
            let mark = &mut self.marks[row];
            if mark.item == hit.item + 1 {
                continue;
            }
            mark.item = hit.item + 1;
            let second =
                upload.keypoints[hit.item as usize].spot.first_s.clamp(0.0, 65535.0) as u16;
            if mark.second != second {
                mark.second = second;
                mark.given = 0;
            }
            let rarity = self.rarities[usize::from(voices[hit.item as usize])];
            let vote = rarity * nearness_of_check(hit.distance);
            let given = f32::from(mark.given) / 1024.0;
            let vote = vote.min(cap - given).max(0.0);
            mark.given = ((given + vote) * 1024.0).min(65535.0) as u16;
            self.votes[row] += vote;
        }
    }

    /// Lets the hits of all frames vote, once a frame and at most `FRAME_VOTES_MAX` a row.
    pub(crate) fn frames(&mut self, hits: &[Hit], voices: &[u16]) {
        for hit in hits {
            let mark = &mut self.marks[hit.row as usize];
            *mark = Mark::default();
        }
        for hit in hits {
            let mark = &mut self.marks[hit.row as usize];
            if mark.item == hit.item + 1 {
                continue;
            }
            mark.item = hit.item + 1;
            let given = f32::from(mark.given) / 1024.0;
            let vote = FRAME_VOTE * self.rarities[usize::from(voices[hit.item as usize])];
            let vote = vote.min(FRAME_VOTES_MAX - given).max(0.0);
            mark.given = ((given + vote) * 1024.0) as u16;
            self.votes[hit.row as usize] += vote;
        }
    }
}

fn rarity(voices: u16, tombstones: usize) -> f32 {
    let all = tombstones as f32 + 2.0;
    ((all / (f32::from(voices) + 0.5)).ln() / all.ln()).clamp(0.02, 1.0)
}

/// Weight of a hit whose word agrees and whose other half differs in `distance` bits: near ones are far
/// rarer by chance.
fn nearness_of_check(distance: u8) -> f32 {
    (11.0 - f32::from(distance.min(10))) / 11.0
}
