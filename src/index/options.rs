//! Settings of the index, with their defaults and trade-offs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::fingerprint::CONTRAST_INDEXED_MIN;

/// Settings of an index. Those that shape files apply to segments that are written from now on.
///
/// Defaults with figures were measured with `benches/index_scale`: 100 000 synthetic tombstones, and edited re-uploads of
/// real clips (237 or 948 pairs). The others were *tuned* there.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most candidates that a search returns. Default 100, *tuned*: every real pair that was found was among the first
    /// 20.
    pub candidates_max: usize,
    /// Most votes that one second of an upload may give to one tombstone, in hits of full weight. Default 6, *tuned*: a
    /// wall of look-alikes in one frame must not outweigh agreement over several seconds.
    pub votes_per_keyframe_max: f32,
    /// Keypoints that are looked up per keyframe of an upload on average, the strongest first. Keyframes with few
    /// keypoints leave their share to the others. Default 150 of up to 400: 100, 150 and all find the same of 237 pairs.
    pub lookups_per_keyframe: usize,
    /// Strongest keypoints per keyframe that are also looked up as inverted: an inverted re-upload is a whole picture with
    /// many hits. Default 40: saves a quarter of the search, and finds the same of 948 pairs.
    pub inverted_per_keyframe: usize,
    /// Strongest keypoints per keyframe for which words with a flipped uncertain bit are looked up, too. Default 150,
    /// *tuned*.
    pub probed_per_keyframe: usize,
    /// Such words for either half of the plain and of the mirrored hash, at most 3 (query-directed probing: Lv et al.,
    /// VLDB 2007). Default 3 and 1: finds 943 of 948 pairs instead of 937, in 12 ms instead of 7.
    pub probes: [usize; 2],
    /// Postings that are read under one word; longer lists are sampled evenly. Default 128: the words of long lists say
    /// little. With 256 a search takes 18 ms instead of 11, and finds the same pairs.
    pub postings_per_word_max: usize,
    /// Largest distance of two patch hashes that is a hit, bits of 64. Default 10, *tuned*.
    pub keypoint_distance_max: u32,
    /// Largest distance of a posting's 32 check bits at which the posting is considered. A pair whose word agrees rarely
    /// differs in as many bits elsewhere, so that more is nearly all chance. Default 4: with 5 there are 1.7 times the
    /// hits, which find the same pairs; with 3, one of 237 is lost.
    pub keypoint_check_max: u32,
    /// Largest distance of a frame's 32 check bits that is a hit. Default 5, *tuned*.
    pub frame_distance_max: u32,
    /// Frames with less contrast (0 to 255) are neither filed nor looked up. Default 8, *tuned*.
    pub frame_quality_min: u8,
    /// Fewest bits of a word. Default 10, *tuned*.
    pub word_bits_min: u32,
    /// Most bits of a word, at most 28. Default 26: 0.5 GB of offsets for both tables of keypoints.
    pub word_bits_max: u32,
    /// Postings under one word on average, which determines the number of bits. Default 4, *tuned*; small segments have
    /// twice as many.
    pub postings_per_word: u32,
    /// About how many hits are tested for agreement of rotation, scale and time. Default 12 000: 24 000 find the same
    /// pairs.
    pub refined_hits_max: usize,
    /// Segments of similar size that are merged into one. Default 8, *tuned*: more merge less often and search slower.
    pub merge_factor: usize,
    /// Segments at which [`Index::apply`](crate::index::Index::apply) merges by itself. Default 48.
    pub segments_max: usize,
    /// Most keypoints of one segment. Default 2^31: ordinals have 32 bits.
    pub segment_keypoints_max: u64,
    /// Memory for sorting postings while a segment is built, bytes. Default 1.5 GiB.
    pub build_bytes_max: usize,
    /// Threads that sort the postings of a large segment. Default 2.
    pub build_threads: usize,
    /// Makes writes fail, for tests. Default: never.
    pub faults: Faults,
}

/// Segments whose words would have at most this number of bits are small. *Tuned.*
const SMALL_WORD_BITS: u32 = 20;
/// Frames under one word on average. *Tuned.*
const FRAMES_PER_WORD: u64 = 4;
/// Bits of a region of a frame hash, and so the most bits of a frame's word.
const REGION_BITS: u32 = 24;
/// Most bits of a word, in settings and in the format: 1 GiB of offsets.
pub(crate) const WORD_BITS_MAX: u32 = 28;

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
            frame_quality_min: CONTRAST_INDEXED_MIN,
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
    /// Bits of a keypoint's word in a segment with this many keypoints.
    ///
    /// A word must agree in every bit, so fewer bits find more true pairs but scan more postings. A small segment can afford
    /// lists twice as long.
    pub(crate) fn keypoint_word_bits(&self, keypoints: u64) -> u32 {
        let full = (keypoints / u64::from(self.postings_per_word.max(1))).max(1).ilog2();
        let fewer = u32::from(full <= SMALL_WORD_BITS);
        full.saturating_sub(fewer).clamp(self.word_bits_min, self.word_bits_max.min(WORD_BITS_MAX))
    }

    /// Bits of a frame's word in a segment with this many frames.
    pub(crate) fn frame_word_bits(&self, frames: u64) -> u32 {
        let full = (frames / FRAMES_PER_WORD).max(1).ilog2();
        full.clamp(self.word_bits_min.min(REGION_BITS), REGION_BITS)
    }
}

/// Injected failures: after a number of file operations, every further one fails.
#[derive(Debug, Clone, Default)]
pub struct Faults(Option<Arc<AtomicI64>>);

impl Faults {
    /// Lets `operations` writes, syncs and renames succeed, and fails all that follow.
    pub fn after(operations: i64) -> Faults {
        Faults(Some(Arc::new(AtomicI64::new(operations))))
    }

    /// Lets `operations` more succeed. Does nothing for [`Faults::default`].
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
