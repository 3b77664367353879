//! The deployment's secret fingerprint key, and the orthonormal matrix that each kind of hash draws from it.
//!
//! Orthonormal matrices preserve angles, so that Hamming distances have the same distribution under every key, while
//! hashes under different keys are unrelated.

use crate::fingerprint::math;
use crate::model::{FingerprintKey, KeyId};

/// 256 secret bits that determine all rotations. Its `Debug` output shows the id only.
#[derive(Clone)]
pub struct Secret(pub [u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.id())
    }
}

impl Secret {
    /// The public name of the key, from which the key cannot be derived.
    pub fn id(&self) -> KeyId {
        FingerprintKey::new(self.0).id()
    }

    /// An orthonormal `n × n` matrix, row by row, for the purpose `label`.
    ///
    /// Gaussian rows (Box–Muller over the output stream of BLAKE3, keyed with the secret, of `label`) are made
    /// orthonormal by Gram–Schmidt, which yields a uniformly distributed rotation.
    pub fn rotation(&self, label: &str, n: usize) -> Vec<f64> {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(label.as_bytes());
        let mut stream = hasher.finalize_xof();
        let mut uniform = || {
            let mut bytes = [0; 8];
            stream.fill(&mut bytes);
            // 53 bits, never 0.
            ((u64::from_le_bytes(bytes) >> 11) as f64 + 1.0) / 9_007_199_254_740_993.0
        };
        let mut m: Vec<f64> = (0..n * n)
            .map(|_| {
                let radius = (-2.0 * math::ln(uniform())).sqrt();
                radius * math::cosine(std::f64::consts::TAU * uniform())
            })
            .collect();
        for i in 0..n {
            for j in 0..i {
                let dot: f64 = (0..n).map(|k| m[i * n + k] * m[j * n + k]).sum();
                (0..n).for_each(|k| m[i * n + k] -= dot * m[j * n + k]);
            }
            let length = (0..n).map(|k| m[i * n + k] * m[i * n + k]).sum::<f64>().sqrt();
            (0..n).for_each(|k| m[i * n + k] /= length);
        }
        m
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_orthonormal_and_follow_the_key() {
        let m = Secret([7; 32]).rotation("test", 24);
        for i in 0..24 {
            for j in 0..24 {
                let dot: f64 = (0..24).map(|k| m[i * 24 + k] * m[j * 24 + k]).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-9);
            }
        }
        assert_ne!(m, Secret([8; 32]).rotation("test", 24));
        assert_ne!(m, Secret([7; 32]).rotation("other", 24));
    }
}
