//! Settings of the index, with their defaults and what they trade.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Settings of an index. Those that shape files apply to segments written from now on.
#[derive(Debug, Clone)]
pub struct Options {
    /// Candidates that a search returns at most. Default 100.
    pub candidates_max: usize,
    /// Votes that one second of an upload may give to one tombstone, in full-weight hits. Default 6: a
    /// wall full of look-alikes in one frame does not outweigh agreement over several seconds.
    pub votes_per_keyframe_max: f32,
    /// Keypoints looked up for each keyframe of an upload on average, the strongest of each; where some keyframes
    /// have few of their own (what stands still is counted where it began), the others may use more. Default 150
    /// of up to 400: 100, 150 and all find the same of 237 real pairs.
    pub lookups_per_keyframe: usize,
    /// Of these, how many of each keyframe are looked up as inverted, too: inverted copies are whole pictures with many
    /// hits. Default 40: a quarter of the search is saved, and of 948 real pairs the same are found.
    pub inverted_per_keyframe: usize,
    /// Of these, for how many of each keyframe words with an unsure bit turned are looked up, too. Default 150.
    pub probed_per_keyframe: usize,
    /// Such words for either half of the plain and of the mirrored hash, at most 3 (query-directed probes: Lv et al., VLDB
    /// 2007). Default 3 and 1: of 948 real pairs among 100 000 tombstones 943 are found, not 937, in 12 ms, not 7.
    pub probes: [usize; 2],
    /// Postings looked at under one word; longer lists are sampled evenly. Default 128: the words of long lists tell
    /// little, and with 256 a search of 100 000 tombstones takes 18 ms, not 11, and finds the same real pairs.
    pub postings_per_word_max: usize,
    /// Largest distance of two patch hashes that is a hit, bits of 64. Default 10.
    pub keypoint_distance_max: u32,
    /// Largest distance of a posting's 32 check bits that is looked at further. A pair whose word agrees
    /// rarely differs in as many bits elsewhere: beyond 4 nearly all is chance. With 5 there are 1.7 times the hits
    /// that find the same real pairs; with 3 one of 237 was lost. Default 4.
    pub keypoint_check_max: u32,
    /// Largest distance of a frame's 32 check bits that is a hit. Default 5.
    pub frame_distance_max: u32,
    /// Frames with less contrast are neither filed nor looked up. Default 8 of 255.
    pub frame_quality_min: u8,
    /// Fewest bits of a word. Default 10.
    pub word_bits_min: u32,
    /// Most bits of a word, at most 28. Default 26: 0.5 GB of offsets for both tables of keypoints.
    pub word_bits_max: u32,
    /// Postings under one word on average, from which the number of bits follows. Default 4; small
    /// segments take twice as many.
    pub postings_per_word: u32,
    /// Hits that are checked for agreement of angle, scale and time, about. Default 12 000: 24 000 find the
    /// same real pairs.
    pub refined_hits_max: usize,
    /// Segments of about one size that are merged into one. Default 8.
    pub merge_factor: usize,
    /// Segments at which `apply` merges by itself. Default 48.
    pub segments_max: usize,
    /// Keypoints of one segment at most. Default 2^31.
    pub segment_keypoints_max: u64,
    /// Memory for sorting postings while a segment is built, bytes. Default 1.5 GiB.
    pub build_bytes_max: usize,
    /// Threads that sort postings of large segments. Default 2.
    pub build_threads: usize,
    /// Makes writes fail, for tests. Default: never.
    pub faults: Faults,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            candidates_max: 100,
            votes_per_keyframe_max: 6.0,
            lookups_per_keyframe: 150,
            inverted_per_keyframe: 40,
            probed_per_keyframe: 150,
            probes: [3, 1],
            postings_per_word_max: 128,
            keypoint_distance_max: 10,
            keypoint_check_max: 4,
            frame_distance_max: 5,
            frame_quality_min: 8,
            word_bits_min: 10,
            word_bits_max: 26,
            postings_per_word: 4,
            refined_hits_max: 12_000,
            merge_factor: 8,
            segments_max: 48,
            segment_keypoints_max: 1 << 31,
            build_bytes_max: 3 << 29,
            build_threads: 2,
            faults: Faults::default(),
        }
    }
}

impl Options {
    /// Bits of a keypoint's word in a segment of `keypoints`.
    ///
    /// A word must agree in every bit, so fewer bits find more true pairs and scan more postings. What a
    /// search may scan is bounded, so that small segments afford lists twice as long.
    pub(crate) fn keypoint_word_bits(&self, keypoints: u64) -> u32 {
        let full = (keypoints / u64::from(self.postings_per_word.max(1))).max(1).ilog2();
        let fewer = u32::from(full <= 20);
        full.saturating_sub(fewer).clamp(self.word_bits_min, self.word_bits_max.min(28))
    }

    /// Bits of a frame's word in a segment of `frames`; a region has 24.
    pub(crate) fn frame_word_bits(&self, frames: u64) -> u32 {
        (frames / 4).max(1).ilog2().clamp(self.word_bits_min.min(24), 24)
    }
}

/// A plan of failure: after a number of file operations every further one fails.
#[derive(Debug, Clone, Default)]
pub struct Faults(Option<Arc<AtomicI64>>);

impl Faults {
    /// Lets `operations` writes, syncs and renames pass and fails all that follow.
    pub fn after(operations: i64) -> Faults {
        Faults(Some(Arc::new(AtomicI64::new(operations))))
    }

    /// Lets `operations` more pass; for a plan made by `after`.
    pub fn set(&self, operations: i64) {
        if let Some(n) = &self.0 {
            n.store(operations, Ordering::SeqCst);
        }
    }

    pub(crate) fn check(&self) -> std::io::Result<()> {
        match &self.0 {
            Some(n) if n.fetch_sub(1, Ordering::SeqCst) <= 0 => {
                Err(std::io::Error::other("injected write failure"))
            }
            _ => Ok(()),
        }
    }
}
