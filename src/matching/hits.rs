//! Near pairs of hashes between an upload and one tombstone, exhaustively: every keypoint with every other.
//!
//! The index has found the candidate by a few pairs; alignment wants all of them. 64-bit XOR and popcount over
//! arrays runs at memory speed (AVX-512 has the instruction, AVX2 emulates it), so exhaustive is the fast way for
//! one candidate.

use crate::cpu::{Cpu, multiversion};
use crate::fingerprint::{Fingerprint, UploadPrint, Variant};
use crate::matching::coverage::Buckets;
use crate::matching::judge::IndexHits;

/// Bits of 64 in which two patch hashes of a hit may differ (DESIGN §3).
pub const HIT_BITS: u32 = 10;
/// The same where few hits are all there is: nine tenths of a copy's pairs lie within, and one in a thousand of chance's.
pub const WIDE_BITS: u32 = 14;

/// A keypoint of the upload that looks like one of the deleted video.
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

/// An upload laid out for searching: the hashes of each variant in an array of their own.
pub struct Prepared<'u> {
    pub print: &'u UploadPrint,
    pub cpu: Cpu,
    pub buckets: Buckets<'u>,
    hashes: [Vec<u64>; 4],
}

impl<'u> Prepared<'u> {
    pub fn new(print: &'u UploadPrint, cpu: Cpu) -> Self {
        let column = |v: usize| print.keypoints.iter().map(|k| k.hashes[v]).collect();
        Prepared {
            print,
            cpu,
            buckets: Buckets::new(print),
            hashes: [column(0), column(1), column(2), column(3)],
        }
    }

    /// What the index found, as hits.
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

    /// All pairs with `deleted` within `WIDE_BITS`, at most `most` a variant (the nearest ones when there are more).
    pub fn hits(&self, deleted: &Fingerprint, most: usize) -> Vec<Hit> {
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
            if out.len() - first > most {
                out[first..].sort_by_key(|h| (h.distance, h.deleted, h.upload));
                out.truncate(first + most);
            }
        }
        out
    }
}

const CHUNK: usize = 64;

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
}
