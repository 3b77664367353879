//! Scanning a list of postings: the XOR and popcount that decide which posting is a hit.
//!
//! `Scalar` is the definition. The others do the same with instructions that not every x86-64 has; they can
//! only be built where the processor has them, so that holding one is the proof.

#![expect(unsafe_code, reason = "calls of functions that need a processor feature")]

/// A posting whose check bits are near: ordinal and distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Near {
    pub(crate) ordinal: u32,
    pub(crate) distance: u8,
}

/// The fastest scan that this processor can do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kernel {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Popcnt(Popcnt),
    #[cfg(target_arch = "x86_64")]
    Vpopcnt(Vpopcnt),
}

impl Kernel {
    pub(crate) fn choose() -> Kernel {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(kernel) = Vpopcnt::new() {
                return Kernel::Vpopcnt(kernel);
            }
            if let Some(kernel) = Popcnt::new() {
                return Kernel::Popcnt(kernel);
            }
        }
        Kernel::Scalar
    }

    /// Appends the postings whose check bits differ from `check` in at most `distance_max` bits to `hits`, in order.
    #[inline]
    pub(crate) fn scan(
        self,
        postings: &[u64],
        check: u32,
        distance_max: u32,
        hits: &mut Vec<Near>,
    ) {
        match self {
            Kernel::Scalar => scan_scalar(postings, check, distance_max, hits),
            #[cfg(target_arch = "x86_64")]
            Kernel::Popcnt(kernel) => kernel.scan(postings, check, distance_max, hits),
            #[cfg(target_arch = "x86_64")]
            Kernel::Vpopcnt(kernel) => kernel.scan(postings, check, distance_max, hits),
        }
    }
}

#[inline(always)]
fn scan_scalar(postings: &[u64], check: u32, distance_max: u32, hits: &mut Vec<Near>) {
    for &posting in postings {
        let distance = ((posting >> 32) as u32 ^ check).count_ones();
        if distance <= distance_max {
            hits.push(Near { ordinal: posting as u32, distance: distance as u8 });
        }
    }
}

/// The scalar scan compiled with POPCNT.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Popcnt(());

#[cfg(target_arch = "x86_64")]
impl Popcnt {
    fn new() -> Option<Popcnt> {
        is_x86_feature_detected!("popcnt").then_some(Popcnt(()))
    }

    #[inline]
    fn scan(self, postings: &[u64], check: u32, distance_max: u32, hits: &mut Vec<Near>) {
        #[target_feature(enable = "popcnt")]
        fn inner(postings: &[u64], check: u32, distance_max: u32, hits: &mut Vec<Near>) {
            scan_scalar(postings, check, distance_max, hits);
        }
        // SAFETY: `new` has found POPCNT.
        unsafe { inner(postings, check, distance_max, hits) }
    }
}

/// Eight postings at a time with AVX-512 VPOPCNTDQ.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vpopcnt(());

#[cfg(target_arch = "x86_64")]
impl Vpopcnt {
    fn new() -> Option<Vpopcnt> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vpopcntdq")
            && is_x86_feature_detected!("popcnt");
        has.then_some(Vpopcnt(()))
    }

    #[inline]
    fn scan(self, postings: &[u64], check: u32, distance_max: u32, hits: &mut Vec<Near>) {
        #[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
        fn inner(postings: &[u64], check: u32, distance_max: u32, hits: &mut Vec<Near>) {
            use std::arch::x86_64::{
                _mm512_cmple_epu64_mask, _mm512_loadu_si512, _mm512_popcnt_epi64,
                _mm512_set1_epi64, _mm512_srli_epi64, _mm512_xor_si512,
            };
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
            scan_scalar(rest, check, distance_max, hits);
        }
        // SAFETY: `new` has found all three features.
        unsafe { inner(postings, check, distance_max, hits) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_finds_what_the_scalar_one_finds() {
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state ^ state >> 29
        };
        let mut kernels = vec![Kernel::choose()];
        #[cfg(target_arch = "x86_64")]
        kernels.extend(Popcnt::new().map(Kernel::Popcnt));
        let mut found = 0;
        for length in (0..70).chain([511, 1000]) {
            let check = random() as u32;
            let postings: Vec<u64> = (0..length)
                .map(|_| {
                    u64::from(check ^ random() as u32 & random() as u32) << 32 | random() >> 32
                })
                .collect();
            for unaligned in [0, 1, 3] {
                let list = postings.get(unaligned..).unwrap_or(&[]);
                for distance_max in [0, 6, 9, 32] {
                    let mut expected = Vec::new();
                    scan_scalar(list, check, distance_max, &mut expected);
                    found += expected.len();
                    for kernel in &kernels {
                        let mut hits = Vec::new();
                        kernel.scan(list, check, distance_max, &mut hits);
                        assert_eq!(hits, expected, "{kernel:?}, {length} postings");
                    }
                }
            }
        }
        assert!(found > 1000, "the inputs must contain hits");
    }
}
