//! Scanning a list of postings: XOR and popcount decide which posting is a hit.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    _mm512_cmple_epu64_mask, _mm512_loadu_si512, _mm512_popcnt_epi64, _mm512_set1_epi64,
    _mm512_srli_epi64, _mm512_xor_si512,
};

use crate::cpu::multiversion;

/// A posting whose check bits are near: ordinal and distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Near {
    pub(crate) ordinal: u32,
    pub(crate) distance: u8,
}

multiversion! {
    /// Appends to `hits` each posting whose check bits differ from `check` in at most `distance_max` bits, in order.
    ///
    /// AVX-512 takes eight postings at a time: with VPOPCNTDQ it counts the bits of eight words in one instruction.
    #[inline]
    pub(crate) fn scan(postings: &[u64], check: u32, distance_max: u32, hits: &mut Vec<Near>) {
        each(postings, check, distance_max, hits);
    }
    avx512 {
        let wanted = _mm512_set1_epi64(i64::from(check));
        let limit = _mm512_set1_epi64(i64::from(distance_max));
        let (eights, rest) = postings.as_chunks::<8>();
        for eight in eights {
            // SAFETY: `eight` is 64 readable bytes; the load needs no alignment.
            let values = unsafe { _mm512_loadu_si512(eight.as_ptr().cast()) };
            let differing = _mm512_xor_si512(_mm512_srli_epi64::<32>(values), wanted);
            let mut near = _mm512_cmple_epu64_mask(_mm512_popcnt_epi64(differing), limit);
            while near != 0 {
                let posting = eight[near.trailing_zeros() as usize];
                let distance = ((posting >> 32) as u32 ^ check).count_ones() as u8;
                hits.push(Near { ordinal: posting as u32, distance });
                near &= near - 1;
            }
        }
        each(rest, check, distance_max, hits);
    }
}

#[inline(always)]
fn each(postings: &[u64], check: u32, distance_max: u32, hits: &mut Vec<Near>) {
    for &posting in postings {
        let distance = ((posting >> 32) as u32 ^ check).count_ones();
        if distance <= distance_max {
            hits.push(Near { ordinal: posting as u32, distance: distance as u8 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::every_level_agrees;

    #[test]
    fn every_level_finds_the_same_postings() {
        let found = std::cell::Cell::new(0);
        every_level_agrees(|cpu, input| {
            let (length, check) = (input.length, input.word() as u32);
            // The AND of two random words leaves check bits that are near about as often as not.
            let mut posting = || {
                let near = check ^ input.word() as u32 & input.word() as u32;
                u64::from(near) << 32 | input.word() >> 32
            };
            let postings: Vec<u64> = (0..length).map(|_| posting()).collect();
            let list = postings.get(input.offset..).unwrap_or(&[]);
            let mut hits = Vec::new();
            for distance_max in [0, 6, 9, 32] {
                scan(cpu, list, check, distance_max, &mut hits);
            }
            found.set(found.get() + hits.len());
            hits
        });
        assert!(found.get() > 1000, "the inputs must contain hits");
    }
}
