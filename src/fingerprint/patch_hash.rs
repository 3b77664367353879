//! Descriptor → 64-bit `PatchHash`: centred, reduced to its 64 strongest directions of variation, rotated by the
//! key, signed.
//!
//! Random sign projections of an angle-preserving reduction (Charikar, STOC 2002; Gong & Lazebnik, CVPR 2011): the
//! Hamming distance of two hashes follows the angle between the two descriptors, whatever the key.

use crate::fingerprint::cpu::{Cpu, multiversion};
use crate::fingerprint::key::Secret;
use crate::fingerprint::patch::{self, DIMENSIONS};
use crate::fingerprint::patch_constants::{BASIS, MEAN};

const BITS: usize = 64;

/// Keyed projection of descriptors.
pub struct PatchHasher {
    cpu: Cpu,
    /// `matrix[dimension][bit]`, so that one descriptor number is spread over 64 sums at once.
    matrix: Vec<[f32; BITS]>,
    /// What the mean descriptor projects to.
    offset: [f32; BITS],
}

impl PatchHasher {
    pub fn new(cpu: Cpu, secret: &Secret) -> Self {
        let rotation = secret.rotation("patch", BITS);
        let matrix: Vec<[f32; BITS]> = (0..DIMENSIONS)
            .map(|d| {
                std::array::from_fn(|bit| {
                    let row = &rotation[bit * BITS..(bit + 1) * BITS];
                    row.iter().zip(&BASIS[d]).map(|(r, b)| r * f64::from(*b)).sum::<f64>() as f32
                })
            })
            .collect();
        let mut offset = [0f32; BITS];
        for (row, mean) in matrix.iter().zip(&MEAN) {
            offset.iter_mut().zip(row).for_each(|(o, m)| *o += m * mean);
        }
        PatchHasher { cpu, matrix, offset }
    }

    /// The hash of a descriptor.
    pub fn hash(&self, descriptor: &[f32; DIMENSIONS]) -> u64 {
        let mut sums = [0f32; BITS];
        project(self.cpu, descriptor, &self.matrix, &mut sums);
        let bits = sums.iter().zip(&self.offset).enumerate();
        bits.fold(0, |hash, (i, (s, o))| hash | (u64::from(s > o) << i))
    }

    /// The hashes of a descriptor in every `Variant`.
    pub fn variants(&self, descriptor: &[f32; DIMENSIONS]) -> [u64; 4] {
        let mirrored = patch::mirrored(descriptor);
        [
            self.hash(descriptor),
            self.hash(&mirrored),
            self.hash(&patch::inverted(descriptor)),
            self.hash(&patch::inverted(&mirrored)),
        ]
    }
}

multiversion! {
    fn project(descriptor: &[f32; DIMENSIONS], matrix: &[[f32; BITS]], sums: &mut [f32; BITS]) {
        let mut total = [0f32; BITS];
        for (v, row) in descriptor.iter().zip(matrix) {
            for i in 0..BITS {
                total[i] += v * row[i];
            }
        }
        *sums = total;
    }
}
