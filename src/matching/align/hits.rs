//! Near pairs of patch hashes between an upload and one candidate.
//!
//! The index names a candidate by a few pairs; an alignment wants all of them. Every keypoint of the upload is
//! compared with every keypoint of the candidate, in all four variants: 64-bit XOR and popcount over contiguous arrays
//! run at the speed of memory (AVX-512 has the instruction, AVX2 emulates it), so for a single candidate the
//! exhaustive comparison is faster than any look-up.
//!
//! ```text
//! for variant in plain, mirrored, inverted, mirrored and inverted:
//!     for each keypoint of the deleted video:
//!         report every upload keypoint whose hash of this variant differs in at most WIDE_BITS bits
//!     keep the nearest hits_max of them
//! ```
//!
//! One pass serves two searches: the pairs within [`HIT_BITS`] are aligned first, and where no alignment of these is
//! sure, all pairs within [`WIDE_BITS`] are.

use crate::cpu::{Cpu, multiversion};
use crate::fingerprint::{Fingerprint, UploadPrint, Variant};
use crate::matching::align::keypoint_grid::KeypointGrid;

/// Bits of 64 in which the patch hashes of a hit may differ. One pair in 10^4 lies within by chance; of a re-upload's,
/// half lie within 5 bits and nine tenths within 14 (the measurement in `evidence::likelihood`).
pub const HIT_BITS: u32 = 10;
/// The same where no alignment of near hits is sure. One pair in a thousand lies within by chance (the same
/// measurement).
pub const WIDE_BITS: u32 = 14;
/// Hashes whose distances are computed before any of them is tested: eight AVX-512 registers. Tuned.
const CHUNK: usize = 64;

/// The near pairs that a search of the index found of one candidate.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndexHits {
    /// Index into the upload's keypoints, index into the candidate's, variant.
    pub keypoints: Vec<(u32, u32, Variant)>,
    /// Whether any frame was hit.
    pub frames: bool,
}

/// A keypoint of the upload that resembles one of the deleted video.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Index into the upload's keypoints.
    pub upload: u32,
    /// Index into the fingerprint's keypoints.
    pub deleted: u32,
    pub variant: Variant,
    /// Bits that differ.
    pub distance: u8,
}

/// An upload laid out for searching: its keypoints by place, and the hashes of each variant in an array of their own.
pub struct PreparedUpload<'u> {
    pub print: &'u UploadPrint,
    pub grid: KeypointGrid,
    cpu: Cpu,
    hashes: [Vec<u64>; 4],
}

impl<'u> PreparedUpload<'u> {
    pub fn new(print: &'u UploadPrint, cpu: Cpu) -> Self {
        let column = |v: usize| print.keypoints.iter().map(|k| k.hashes[v]).collect();
        PreparedUpload {
            print,
            grid: KeypointGrid::new(print),
            cpu,
            hashes: [column(0), column(1), column(2), column(3)],
        }
    }

    /// The index's pairs that are hits; those that name no keypoint of either video are left out.
    pub fn index_hits(&self, deleted: &Fingerprint, found: &IndexHits) -> Vec<Hit> {
        let hit = |(upload, at, variant): &(u32, u32, Variant)| {
            let own = self.print.keypoints.get(*upload as usize)?.hashes[*variant as usize];
            let distance = (own ^ deleted.keypoints.get(*at as usize)?.hash).count_ones();
            let near = distance <= HIT_BITS;
            near.then_some(Hit {
                upload: *upload,
                deleted: *at,
                variant: *variant,
                distance: distance as u8,
            })
        };
        found.keypoints.iter().filter_map(hit).collect()
    }

    /// All pairs with `deleted` within [`WIDE_BITS`], at most `hits_max` a variant, the nearest ones.
    pub fn hits(&self, deleted: &Fingerprint, hits_max: usize) -> Vec<Hit> {
        let mut out = Vec::new();
        let mut near = Vec::new();
        for variant in Variant::ALL {
            let first = out.len();
            for (index, keypoint) in deleted.keypoints.iter().enumerate() {
                near.clear();
                near_ones(self.cpu, keypoint.hash, &self.hashes[variant as usize], &mut near);
                out.extend(near.iter().map(|(upload, distance)| Hit {
                    upload: *upload,
                    deleted: index as u32,
                    variant,
                    distance: *distance,
                }));
            }
            if out.len() - first > hits_max {
                out[first..].sort_by_key(|h| (h.distance, h.deleted, h.upload));
                out.truncate(first + hits_max);
            }
        }
        out
    }
}

multiversion! {
    /// Appends index and distance of every element of `hashes` within `WIDE_BITS` of `wanted`.
    fn near_ones(wanted: u64, hashes: &[u64], found: &mut Vec<(u32, u8)>) {
        for (n, chunk) in hashes.chunks(CHUNK).enumerate() {
            let mut far = [u64::MAX; CHUNK];
            let mut least = u64::MAX;
            for (d, h) in far.iter_mut().zip(chunk) {
                *d = u64::from((h ^ wanted).count_ones());
                least = least.min(*d);
            }
            if least <= u64::from(WIDE_BITS) {
                for (i, d) in far.iter().enumerate() {
                    if *d <= u64::from(WIDE_BITS) {
                        found.push(((n * CHUNK + i) as u32, *d as u8));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::every_level_agrees;
    use crate::matching::tests::scene::Scene;

    #[test]
    fn every_level_finds_the_same_pairs() {
        let count = std::cell::Cell::new(0);
        every_level_agrees(|cpu, input| {
            let (length, wanted) = (input.length, input.word());
            // A quarter of random bits differ: about as many hashes within `WIDE_BITS` as beyond.
            let mut near = || wanted ^ input.word() & input.word();
            let hashes: Vec<u64> = (0..length).map(|_| near()).collect();
            let mut found = Vec::new();
            near_ones(cpu, wanted, hashes.get(input.offset..).unwrap_or(&[]), &mut found);
            count.set(count.get() + found.len());
            found
        });
        assert!(count.get() > 1000, "the inputs must contain near pairs");
    }

    #[test]
    fn all_pairs_are_those_that_a_plain_loop_finds() {
        let scene = Scene::new(5);
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let hits = PreparedUpload::new(&upload, Cpu::detect()).hits(&deleted, usize::MAX);
        let mut plain = Vec::new();
        for variant in Variant::ALL {
            for (d, k) in deleted.keypoints.iter().enumerate() {
                for (u, q) in upload.keypoints.iter().enumerate() {
                    let distance = (q.hashes[variant as usize] ^ k.hash).count_ones();
                    if distance <= WIDE_BITS {
                        let (upload, deleted) = (u as u32, d as u32);
                        plain.push(Hit { upload, deleted, variant, distance: distance as u8 });
                    }
                }
            }
        }
        assert_eq!(hits, plain);
        assert!(hits.len() >= deleted.keypoints.len() / 2, "the scene has pairs to find");
    }

    #[test]
    fn the_limit_keeps_the_nearest_pairs_of_each_variant() {
        let scene = Scene::new(6);
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let prepared = PreparedUpload::new(&upload, Cpu::detect());
        let all = prepared.hits(&deleted, usize::MAX);
        let few = prepared.hits(&deleted, 7);
        for variant in Variant::ALL {
            let of = |hits: &[Hit]| -> Vec<u8> {
                hits.iter().filter(|h| h.variant == variant).map(|h| h.distance).collect()
            };
            let mut nearest = of(&all);
            nearest.sort_unstable();
            nearest.truncate(7);
            assert_eq!(of(&few), nearest);
        }
    }

    #[test]
    fn pairs_of_an_index_that_is_out_of_date_are_left_out() {
        let scene = Scene::new(7);
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let prepared = PreparedUpload::new(&upload, Cpu::detect());
        let near = prepared.hits(&deleted, usize::MAX);
        let near = near.iter().find(|h| u32::from(h.distance) <= HIT_BITS).unwrap();
        let beyond = (u32::MAX, 0, Variant::Plain);
        let pair = (near.upload, near.deleted, near.variant);
        let found = IndexHits {
            keypoints: vec![beyond, pair, (0, u32::MAX, Variant::Plain)],
            frames: false,
        };
        assert_eq!(prepared.index_hits(&deleted, &found), [*near]);
    }
}
