//! Hashes a descriptor to 64 bits: centred, reduced to its 64 strongest directions of variation, rotated by the key,
//! signed.
//!
//! The method is random sign projection (Charikar, "Similarity estimation techniques from rounding algorithms", STOC
//! 2002) of a reduction by principal components (Gong & Lazebnik, "Iterative quantization", CVPR 2011). The rotation
//! preserves angles, so the Hamming distance of two hashes grows with the angle between the two descriptors, whatever
//! the key.
//!
//! Reduction and rotation are one matrix, computed once for each key, and the mean is subtracted after the projection:
//! `margins = MATRIX · descriptor − MATRIX · MEAN`, `bit i = margins[i] > 0`.

use crate::cpu::{Cpu, multiversion};
use crate::fingerprint::key::Secret;
use crate::fingerprint::patch::{self, DIMENSIONS};
use crate::fingerprint::patch_constants::{BASIS, MEAN};
use crate::fingerprint::types::{Unsure, WEAK_BITS, WEAK_WITHIN};

const BITS: usize = 64;

/// Hashes descriptors with one key.
pub struct PatchHasher {
    cpu: Cpu,
    /// `matrix[dimension][bit]`, so that one number of a descriptor adds to 64 sums at once.
    matrix: Vec<[f32; BITS]>,
    /// The projection of the mean descriptor.
    offset: [f32; BITS],
}

impl PatchHasher {
    /// Draws the rotation from `secret`.
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
        signs(&self.margins(descriptor))
    }

    /// The hashes of a descriptor in every [`Variant`](crate::fingerprint::Variant), and the unsure bits of the plain
    /// and of the mirrored hash.
    pub fn variants(&self, descriptor: &[f32; DIMENSIONS]) -> ([u64; 4], [Unsure; 2]) {
        let mirrored = patch::mirrored(descriptor);
        let margins = [self.margins(descriptor), self.margins(&mirrored)];
        let hashes = [
            signs(&margins[0]),
            signs(&margins[1]),
            self.hash(&patch::inverted(descriptor)),
            self.hash(&patch::inverted(&mirrored)),
        ];
        (hashes, [unsure(&margins[0]), unsure(&margins[1])])
    }

    /// The signed distance of each bit from its other value: positive for 1.
    fn margins(&self, descriptor: &[f32; DIMENSIONS]) -> [f32; BITS] {
        let mut sums = [0f32; BITS];
        project(self.cpu, descriptor, &self.matrix, &mut sums);
        sums.iter_mut().zip(&self.offset).for_each(|(sum, offset)| *sum -= offset);
        sums
    }
}

fn signs(margins: &[f32; BITS]) -> u64 {
    margins.iter().enumerate().fold(0, |hash, (i, m)| hash | (u64::from(*m > 0.0) << i))
}

fn unsure(margins: &[f32; BITS]) -> Unsure {
    let of_half = |half: &[f32]| {
        let mut weakest = [(f32::MAX, 0u8); WEAK_BITS];
        for (bit, margin) in half.iter().enumerate().take(WEAK_WITHIN) {
            let mut one = (margin.abs(), bit as u8);
            for place in &mut weakest {
                if one.0 < place.0 {
                    std::mem::swap(&mut one, place);
                }
            }
        }
        weakest.map(|(_, bit)| bit)
    };
    [of_half(&margins[..BITS / 2]), of_half(&margins[BITS / 2..])]
}

multiversion! {
    /// `sums = matrixᵀ · descriptor`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::testing::{bits, every_level_agrees};

    #[test]
    fn every_level_projects_to_the_same_sums() {
        every_level_agrees(|cpu, input| {
            let descriptor: [f32; DIMENSIONS] = std::array::from_fn(|_| input.share());
            let row = |_| std::array::from_fn(|_| input.share() - 0.5);
            let matrix: Vec<[f32; BITS]> = (0..DIMENSIONS).map(row).collect();
            let mut sums = [0.0; BITS];
            project(cpu, &descriptor, &matrix, &mut sums);
            bits(&sums)
        });
    }
}
